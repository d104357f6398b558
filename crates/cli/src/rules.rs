//! `hardtack rules`: lists rules, and tries the examples of rules.

use crate::args::{Choice, Rules, RulesAction};
use crate::{CLEAN, FINDINGS, Failure, choose, output};
use hardtack_core::algebra::Parameters;
use hardtack_core::rule::load;
use hardtack_core::{Rule, RuleSet, Settings};
use serde::Serialize;
use std::borrow::Cow;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// Runs the command.
pub fn run(args: &Rules) -> Result<u8, Failure> {
    match &args.action {
        Some(RulesAction::Test { paths }) => test(paths),
        None => list(&args.choice, args.json),
    }
}

/// A rule, as `hardtack rules --json` lists it.
#[derive(Serialize)]
struct Listed<'a> {
    id: &'a str,
    title: &'a str,
    severity: &'a str,
    category: &'a str,
    area: &'a str,
    each: &'a str,
    profiles: &'a [Box<str>],
    aliases: &'a [Box<str>],
}

fn list(choice: &Choice, json: bool) -> Result<u8, Failure> {
    let all = Choice {
        profile: choice.profile.clone().or_else(|| Some("all".into())),
        ..choice.clone()
    };
    let judge = choose::judge(&all, &choose::config(&all, Path::new("."))?)?;
    let rules = judge.reported_rules();
    if json {
        let listed: Vec<_> = rules.iter().map(|rule| listed(rule)).collect();
        output::print(&(serde_json::to_string_pretty(&listed)? + "\n"))?;
        return Ok(CLEAN);
    }
    let width = rules.iter().map(|rule| rule.id.len()).max().unwrap_or_default();
    let mut table = String::new();
    for rule in &rules {
        let _ = writeln!(
            table,
            "{:<width$}  {:<8}  {:<10}  {}",
            rule.id, rule.severity, rule.area, rule.title
        );
    }
    output::print(&format!("{table}{} rules\n", rules.len()))?;
    Ok(CLEAN)
}

fn listed(rule: &Rule) -> Listed<'_> {
    Listed {
        id: &rule.id,
        title: &rule.title,
        severity: rule.severity.name(),
        category: rule.category.name(),
        area: &rule.area,
        each: rule.each.name(),
        profiles: &rule.profiles,
        aliases: &rule.aliases,
    }
}

fn test(paths: &[PathBuf]) -> Result<u8, Failure> {
    let mut files = Vec::new();
    for path in paths {
        choose::collect(path, &mut files)?;
    }
    let mut errors = Vec::new();
    let (mut rules, mut examples) = (0, 0);
    let mut try_one = |path: &str, rule: &Rule| {
        rules += 1;
        match rule.test(path) {
            Ok(count) => examples += count,
            Err(wrong) => errors.extend(wrong),
        }
    };
    let mut broken = Vec::new();
    if paths.is_empty() {
        let set = RuleSet::built_in(&Settings::new()).map_err(|errors| choose::report(&errors))?;
        for rule in set.rules() {
            try_one(&format!("{}/{}.yaml", rule.area, rule.id), rule);
        }
    }
    for (path, text) in files {
        match load(&path, Cow::Owned(text), &Parameters::new()) {
            Ok(rule) => try_one(&path, &rule),
            Err(error) => broken.push(error),
        }
    }
    errors.extend(broken);
    for error in &errors {
        output::say(&format!("{error}\n"));
    }
    output::print(&format!(
        "{rules} rules, {examples} examples, {} wrong\n",
        errors.len()
    ))?;
    Ok(if errors.is_empty() { CLEAN } else { FINDINGS })
}
