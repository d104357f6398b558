//! Every built-in rule keeps what its examples promise.

// A panic is how a test says what went wrong.
#![allow(clippy::unwrap_used, clippy::panic)]

use hardtack_core::RuleSet;
use hardtack_core::rule::Settings;

#[test]
fn the_examples_of_every_rule_hold() {
    let rules = RuleSet::built_in(&Settings::new()).unwrap_or_else(|errors| {
        panic!(
            "{}",
            errors
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
                .join("\n\n")
        )
    });
    let mut wrong = Vec::new();
    for rule in rules.rules() {
        if let Err(errors) = rule.test(&format!("rules/{}/{}.yaml", rule.area, rule.id)) {
            wrong.extend(errors.iter().map(ToString::to_string));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}
