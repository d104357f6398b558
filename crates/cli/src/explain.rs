//! `hardtack explain`: what a rule is about, for people.

use crate::args::{Choice, Explain};
use crate::{CLEAN, Failure, choose, output};
use hardtack_core::Rule;
use std::path::Path;
use std::sync::Arc;

/// Runs the command.
pub fn run(args: &Explain) -> Result<u8, Failure> {
    let all = Choice {
        profile: Some("all".into()),
        ..args.choice.clone()
    };
    let judge = choose::judge(&all, &choose::config(&all, Path::new("."))?)?;
    let found = judge.rules().named(&args.rule);
    if found.is_empty() {
        return Err(match judge.rules().nearest(&args.rule) {
            Some(near) => Failure(format!(
                "no rule is called `{}`; did you mean `{near}`?",
                args.rule
            )),
            None => Failure(format!(
                "no rule is called `{}`; `hardtack rules` lists all",
                args.rule
            )),
        });
    }
    let page = |rule: &&Arc<Rule>| format!("# {}\n\n{}", rule.id, rule.page(2));
    output::print(&found.iter().map(page).collect::<Vec<_>>().join("\n"))?;
    Ok(CLEAN)
}
