//! `hardtack explain`: what a rule is about, for people.

use crate::args::{Choice, Explain};
use crate::{CLEAN, Failure, scan};
use hardtack_core::Rule;
use std::path::Path;

/// Runs the command.
pub fn run(args: &Explain) -> Result<u8, Failure> {
    let all = Choice {
        profile: Some("all".into()),
        ..args.choice.clone()
    };
    let judge = scan::judge(&all, &scan::config(&all, Path::new("."))?)?;
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
    for (index, rule) in found.iter().enumerate() {
        if index > 0 {
            println!();
        }
        print(rule);
    }
    Ok(CLEAN)
}

fn print(rule: &Rule) {
    println!(
        "{} ({}, {})\n{}\n",
        rule.id, rule.severity, rule.category, rule.title
    );
    println!("{}", rule.why);
    if let Some(requirement) = rule.requirement() {
        println!("\nWhat must hold: {requirement}");
    }
    if let Some(remedy) = &rule.remedy {
        println!("\nWhat to do: {remedy}");
    }
    if !rule.standards.is_empty() {
        let all: Vec<_> = rule
            .standards
            .iter()
            .map(|standard| format!("{} {}", standard.name, standard.control))
            .collect();
        println!("\nStandards: {}", all.join(", "));
    }
    if !rule.aliases.is_empty() {
        println!("Other tools call it: {}", rule.aliases.join(", "));
    }
    if !rule.profiles.is_empty() {
        println!("Profiles: {}", rule.profiles.join(", "));
    }
    for link in &rule.links {
        println!("See {link}");
    }
}
