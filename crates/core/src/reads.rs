//! Which fields a rule reads, so that one walk can pass by all rules that none of an item's fields concern.
//!
//! Most rules say nothing of an item that lacks the fields they read. For these it is enough to know which fields an
//! item has: a set of bits, made once an item, and compared with the rule's.

use crate::algebra::{Field, Formula, Scope, Test, Truth};
use crate::path::{Root, Segment};
use hardtack_tree::{Kind, Limits, Node, json};
use rustc_hash::FxHashMap;

const WORDS: usize = 6;

/// A set of fields.
pub(crate) type Set = [u64; WORDS];

/// The fields that the rules of one kind of item read, each with its bit.
#[derive(Debug, Default)]
pub(crate) struct Fields {
    bits: FxHashMap<u64, usize>,
}

/// When a rule need not be judged: when an item has none of the fields in one of the sets.
#[derive(Debug, Default)]
pub(crate) struct Skip {
    sets: Vec<Set>,
}

impl Skip {
    /// Whether the rule says nothing of an item with these fields.
    pub(crate) fn applies(&self, present: &Set) -> bool {
        self.sets
            .iter()
            .any(|set| set.iter().zip(present).all(|(wanted, there)| wanted & there == 0))
    }
}

/// A field two levels deep is known by both of its keys, one at the top by its own.
fn token(first: u32, second: u32) -> u64 {
    u64::from(first) << 32 | u64::from(second)
}

/// What stands for a field at the top that is there, whatever it is.
const ANY: u32 = 0;
/// What stands for a field at the top that is no map.
const NO_MAP: u32 = 2;

impl Fields {
    /// The fields that an item has, as far as rules read them.
    pub(crate) fn present(&self, item: Node<'_>) -> Set {
        let mut set = [0; WORDS];
        let mut mark = |token: u64| {
            if let Some(bit) = self.bits.get(&token) {
                set[bit / 64] |= 1 << (bit % 64);
            }
        };
        for (key, value) in item.entries() {
            if value.is_null() {
                continue;
            }
            let first = key.hash();
            mark(token(first, ANY));
            if value.kind() == Kind::Map {
                for (key, value) in value.entries() {
                    if !value.is_null() {
                        mark(token(first, key.hash()));
                    }
                }
            } else {
                mark(token(first, NO_MAP));
            }
        }
        set
    }

    /// When a rule with these formulas need not be judged. `own` is the root that is the item itself.
    pub(crate) fn skip(
        &mut self,
        own: Root,
        wanted: Option<&Formula>,
        unless: Option<&Formula>,
        require: Option<&Formula>,
    ) -> Skip {
        let mut skip = Skip::default();
        let Ok(Some(empty)) = json::parse("{}", &Limits::default()) else {
            return skip;
        };
        let nothing = Scope::of_object(empty.root());
        // A conjunction fails with any of its parts; it holds only with all of them.
        let mut add = |formula: &Formula, truth: Truth| {
            let mut tokens = Vec::new();
            if reads(formula, own, &mut tokens) && formula.holds(&nothing) == truth {
                skip.sets.extend(self.set(&tokens));
            }
        };
        for part in wanted.into_iter().flat_map(parts) {
            add(part, Truth::No);
        }
        if let Some(formula) = unless {
            add(formula, Truth::Yes);
        }
        if let Some(formula) = require {
            add(formula, Truth::Yes);
        }
        skip
    }

    fn set(&mut self, tokens: &[u64]) -> Option<Set> {
        let mut set = [0; WORDS];
        for token in tokens {
            let next = self.bits.len();
            let bit = *self.bits.entry(*token).or_insert(next);
            *set.get_mut(bit / 64)? |= 1 << (bit % 64);
        }
        Some(set)
    }
}

fn parts(formula: &Formula) -> Vec<&Formula> {
    match formula {
        Formula::All(all) => all.iter().flat_map(parts).collect(),
        other => vec![other],
    }
}

/// Adds what a formula about the item reads. False where it reads something else than the item's fields.
fn reads(formula: &Formula, own: Root, out: &mut Vec<u64>) -> bool {
    match formula {
        Formula::All(all) | Formula::Any(all) => all.iter().all(|part| reads(part, own, out)),
        Formula::Not(part) => reads(part, own, out),
        Formula::Field(Field {
            root,
            keys,
            inherit_pod: false,
            then,
        }) if *root == own || *root == Root::Item => add(keys, out) && stays_below(then),
        Formula::Field(_) | Formula::Test(_) => false,
    }
}

fn add(keys: &[Segment], out: &mut Vec<u64>) -> bool {
    match keys {
        [] => return false,
        [only] => out.push(token(only.hash, ANY)),
        [first, second, ..] => out.extend([token(first.hash, second.hash), token(first.hash, NO_MAP)]),
    }
    true
}

/// Whether a formula about a field looks at nothing but what stands below that field.
fn stays_below(formula: &Formula) -> bool {
    match formula {
        Formula::All(all) | Formula::Any(all) => all.iter().all(stays_below),
        Formula::Not(part) => stays_below(part),
        Formula::Field(field) => field.root == Root::Item && !field.inherit_pod && stays_below(&field.then),
        Formula::Test(test) => match test {
            Test::AtMost(..) => false,
            Test::Each(inner) | Test::Some(inner) | Test::Keys(inner) | Test::Entries(_, inner) => {
                stays_below(inner)
            }
            _ => true,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::algebra::{Parameters, Patterns, parse};
    use hardtack_tree::{Span, key_hash, yaml};

    fn formula(text: &str) -> Formula {
        let tree = yaml::parse(text, Span::new(0, text.len() as u32), &Limits::default())
            .unwrap()
            .unwrap();
        parse(tree.root(), &Parameters::new(), &Patterns::default()).unwrap()
    }

    fn skips(require: &str, item: &str) -> bool {
        let mut fields = Fields::default();
        let skip = fields.skip(Root::Container, None, None, Some(&formula(require)));
        let tree = yaml::parse(item, Span::new(0, item.len() as u32), &Limits::default())
            .unwrap()
            .unwrap();
        skip.applies(&fields.present(tree.root()))
    }

    #[test]
    fn a_rule_is_passed_by_where_its_field_is_missing_and_only_then() {
        let rule = "securityContext.privileged: { is: false, orAbsent: true }";
        assert!(skips(rule, "name: web"));
        assert!(skips(rule, "securityContext: { runAsUser: 1 }"));
        assert!(skips(rule, "securityContext:\n"));
        assert!(!skips(rule, "securityContext: { privileged: true }"));
        assert!(!skips(rule, "securityContext: wrong"));
    }

    #[test]
    fn a_rule_that_wants_a_field_or_looks_elsewhere_is_never_passed_by() {
        assert!(!skips("securityContext.privileged: { is: false }", "name: web"));
        assert!(!skips(
            "pod.spec.hostNetwork: { is: false, orAbsent: true }",
            "name: web"
        ));
        assert!(!skips("image.tag: { notIn: [latest] }", "image: nginx"));
        assert!(!skips(". : { keys: { only: [a] } }", "b: 1"));
    }

    #[test]
    fn the_hashes_of_keys_are_none_of_the_marks() {
        // `key_hash` sets the lowest bit.
        assert!(
            ["", "a", "spec", "metadata"]
                .iter()
                .all(|key| key_hash(key) & 1 == 1)
        );
    }
}
