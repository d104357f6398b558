//! From a rule file's nodes to formulas.

use super::{Bound, Field, Formula, Pattern, Shape, Test};
use crate::fields::{Read, fail};
use crate::path::{self, Root, Segment, Step};
use crate::{json, quantity};
use hardtack_tree::{Kind, Node};
use serde_json::Value;
use std::cell::RefCell;
use std::collections::BTreeMap;

/// What a user's configuration gives for a rule's `$name` values.
pub type Parameters = BTreeMap<String, Value>;

/// The words of the algebra, for schemas, documentation and error messages.
pub const WORDS: [&str; 25] = [
    "is",
    "in",
    "notIn",
    "present",
    "absent",
    "orAbsent",
    "has",
    "hasNot",
    "only",
    "matches",
    "notMatches",
    "min",
    "max",
    "atMost",
    "each",
    "some",
    "keys",
    "entries",
    "length",
    "unique",
    "isA",
    "inherit",
    "any",
    "all",
    "not",
];

const COMBINATORS: [&str; 3] = ["any", "all", "not"];

/// The patterns of one rule: anchors and parameters bring the same one many times, and it is compiled once.
#[derive(Debug, Default)]
pub struct Patterns {
    known: RefCell<Vec<Pattern>>,
    check: bool,
}

impl Patterns {
    /// With `check`, a pattern is compiled at once, to see whether it is right.
    pub fn new(check: bool) -> Self {
        Self {
            check,
            ..Self::default()
        }
    }

    fn get(&self, source: &str) -> Result<Pattern, String> {
        let mut known = self.known.borrow_mut();
        if let Some(pattern) = known.iter().find(|pattern| pattern.source() == source) {
            return Ok(pattern.clone());
        }
        let pattern = Pattern::new(source);
        if self.check {
            pattern.check()?;
        }
        known.push(pattern.clone());
        Ok(pattern)
    }
}

/// Reads a formula. `parameters` replace strings of the form `$name`.
pub fn parse(node: Node<'_>, parameters: &Parameters, patterns: &Patterns) -> Read<Formula> {
    Parser { parameters, patterns }.formula(node)
}

struct Parser<'p> {
    parameters: &'p Parameters,
    patterns: &'p Patterns,
}

fn flatten(mut formulas: Vec<Formula>) -> Formula {
    match formulas.len() {
        1 => formulas.remove(0),
        _ => Formula::All(formulas),
    }
}

impl Parser<'_> {
    /// A map of words is a test of the place itself; any other map leads from paths to what holds there.
    fn formula(&self, node: Node<'_>) -> Read<Formula> {
        if node.kind() != Kind::Map || node.is_empty() {
            return fail(
                node,
                format!("expected a map of paths or words, found {}", node.kind().noun()),
            );
        }
        let is_word = |(key, _): (Node<'_>, Node<'_>)| WORDS.contains(&&*key.scalar());
        if node.entries().all(is_word) {
            return self.tests(node);
        }
        let mut all = Vec::new();
        for (key, value) in node.entries() {
            let name = key.scalar();
            all.push(match &*name {
                "any" | "all" | "not" => self.combinator(&name, value)?,
                path => self.field(key, path, value)?,
            });
        }
        Ok(flatten(all))
    }

    fn combinator(&self, word: &str, value: Node<'_>) -> Read<Formula> {
        if word == "not" {
            return Ok(Formula::Not(Box::new(self.formula(value)?)));
        }
        if value.kind() != Kind::Seq || value.is_empty() {
            return fail(
                value,
                format!("`{word}` takes a list of formulas, found {}", value.kind().noun()),
            );
        }
        let formulas = value
            .items()
            .map(|item| self.formula(item))
            .collect::<Read<Vec<_>>>()?;
        Ok(if word == "any" {
            Formula::Any(formulas)
        } else {
            Formula::All(formulas)
        })
    }

    fn field(&self, key: Node<'_>, written: &str, value: Node<'_>) -> Read<Formula> {
        let (root, steps) = path::parse(written).or_else(|message| fail(key, message))?;
        if value.kind() != Kind::Map {
            return fail(
                value,
                format!(
                    "expected a map of words after `{written}`, found {}; write `is: ...`",
                    value.kind().noun()
                ),
            );
        }
        let inherit_pod = match value.get("inherit") {
            None => false,
            Some(from) if from.as_str() == Some("pod") => true,
            Some(from) => return fail(from, "`inherit` takes only `pod`"),
        };
        let mut then = self.formula(value)?;
        for step in steps.iter().rev() {
            then = match step {
                Step::Keys(keys) => Formula::Field(Field {
                    root: Root::Item,
                    keys: keys.clone(),
                    inherit_pod: false,
                    then: Box::new(then),
                }),
                Step::Every => Formula::Test(Test::Each(Box::new(then))),
            };
        }
        match &mut then {
            Formula::Field(field) if matches!(steps.first(), Some(Step::Keys(_))) => {
                field.root = root;
                field.inherit_pod = inherit_pod;
                Ok(then)
            }
            _ if inherit_pod => fail(value, "`inherit` needs a path of keys"),
            _ if root == Root::Item => Ok(then),
            _ => Ok(Formula::Field(Field {
                root,
                keys: Vec::new(),
                inherit_pod: false,
                then: Box::new(then),
            })),
        }
    }

    fn tests(&self, node: Node<'_>) -> Read<Formula> {
        let mut tests = Vec::new();
        let mut or_absent = false;
        for (key, value) in node.entries() {
            let word = key.scalar();
            if COMBINATORS.contains(&&*word) {
                tests.push(self.combinator(&word, value)?);
                continue;
            }
            match &*word {
                "inherit" => continue,
                "orAbsent" => or_absent = self.flag(value, &word)?,
                _ => tests.push(Formula::Test(self.test(&word, value)?)),
            }
        }
        if tests.is_empty() {
            return fail(
                node,
                "expected a word that tests something, such as `is` or `present`",
            );
        }
        let tests = flatten(tests);
        Ok(if or_absent {
            Formula::Any(vec![Formula::Test(Test::Absent), tests])
        } else {
            tests
        })
    }

    fn test(&self, word: &str, value: Node<'_>) -> Read<Test> {
        Ok(match word {
            "is" => Test::Is(self.value(value)?),
            "in" => Test::In(self.values(value, word)?),
            "notIn" => Test::NotIn(self.values(value, word)?),
            "present" => {
                if self.flag(value, word)? {
                    Test::Present
                } else {
                    Test::Absent
                }
            }
            "absent" => {
                if self.flag(value, word)? {
                    Test::Absent
                } else {
                    Test::Present
                }
            }
            "has" => Test::Has(self.one_or_more(value)?),
            "hasNot" => Test::HasNot(self.one_or_more(value)?),
            "only" => Test::Only(self.values(value, word)?),
            "matches" => Test::Matches(self.pattern(value, word)?),
            "notMatches" => Test::NotMatches(self.pattern(value, word)?),
            "min" => Test::Min(self.bound(value, word)?),
            "max" => Test::Max(self.bound(value, word)?),
            "atMost" => {
                let (root, keys) = self.keys(value, word)?;
                Test::AtMost(root, keys)
            }
            "each" => Test::Each(Box::new(self.formula(value)?)),
            "some" => Test::Some(Box::new(self.formula(value)?)),
            "keys" => Test::Keys(Box::new(self.formula(value)?)),
            "entries" => self.entries(value)?,
            "length" => self.length(value)?,
            "unique" => Test::Unique(self.keys(value, word)?.1),
            "isA" => Test::IsA(self.shape(value)?),
            other => {
                return fail(
                    value,
                    format!(
                        "`{other}` is no word of the algebra; the words are {}",
                        WORDS.join(", ")
                    ),
                );
            }
        })
    }

    fn flag(&self, value: Node<'_>, word: &str) -> Read<bool> {
        value
            .as_bool()
            .map_or_else(|| fail(value, format!("`{word}` takes `true` or `false`")), Ok)
    }

    fn value(&self, node: Node<'_>) -> Read<Value> {
        match node.as_str().and_then(|text| text.strip_prefix('$')) {
            Some(name) if !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric()) => {
                match self.parameters.get(name) {
                    Some(value) => Ok(value.clone()),
                    None => fail(node, format!("the parameter `{name}` has no value")),
                }
            }
            _ => Ok(json::to_json(node)),
        }
    }

    /// A list, or a parameter that stands for one; parameters inside of a list are spliced in.
    fn values(&self, node: Node<'_>, word: &str) -> Read<Vec<Value>> {
        if node.kind() == Kind::Seq {
            let mut values = Vec::new();
            for item in node.items() {
                match self.value(item)? {
                    Value::Array(more) if item.kind() != Kind::Seq => values.extend(more),
                    value => values.push(value),
                }
            }
            return Ok(values);
        }
        match self.value(node)? {
            Value::Array(values) => Ok(values),
            _ => fail(node, format!("`{word}` takes a list")),
        }
    }

    fn one_or_more(&self, node: Node<'_>) -> Read<Vec<Value>> {
        match self.value(node)? {
            Value::Array(_) => self.values(node, "has"),
            single => Ok(vec![single]),
        }
    }

    fn pattern(&self, node: Node<'_>, word: &str) -> Read<Pattern> {
        let source = match self.value(node)? {
            Value::String(source) => source,
            Value::Array(alternatives) => {
                let each = alternatives
                    .iter()
                    .map(|one| format!("(?:{})", one.as_str().unwrap_or_default()));
                each.collect::<Vec<_>>().join("|")
            }
            _ => {
                return fail(
                    node,
                    format!("`{word}` takes a regular expression, or a list of them"),
                );
            }
        };
        self.patterns.get(&source).or_else(|message| fail(node, message))
    }

    fn bound(&self, node: Node<'_>, word: &str) -> Read<Bound> {
        let written = self.value(node)?;
        let amount = match &written {
            Value::Number(number) => number.as_f64(),
            Value::String(text) => quantity::parse(text),
            _ => None,
        };
        match amount {
            Some(amount) => Ok(Bound { amount, written }),
            None => fail(
                node,
                format!("`{word}` takes a number or a quantity such as `500m` or `1Gi`"),
            ),
        }
    }

    fn keys(&self, node: Node<'_>, word: &str) -> Read<(Root, Vec<Segment>)> {
        let Some(text) = node.as_str() else {
            return fail(node, format!("`{word}` takes a path"));
        };
        let (root, mut steps) = path::parse(text).or_else(|message| fail(node, message))?;
        match (steps.pop(), steps.is_empty()) {
            (Some(Step::Keys(keys)), true) => Ok((root, keys)),
            (None, _) => Ok((root, Vec::new())),
            _ => fail(node, format!("`{word}` takes a path without `[*]`")),
        }
    }

    fn entries(&self, node: Node<'_>) -> Read<Test> {
        let mut entries = node.entries();
        match (entries.next(), entries.next()) {
            (Some((key, value)), None) => Ok(Test::Entries(
                self.pattern(key, "entries")?,
                Box::new(self.formula(value)?),
            )),
            _ => fail(
                node,
                "`entries` takes one pattern for keys, with what must hold of their values",
            ),
        }
    }

    fn length(&self, node: Node<'_>) -> Read<Test> {
        let bound = |name: &str| match node.get(name) {
            None => Ok(None),
            Some(found) => match self.value(found)?.as_u64() {
                Some(number) => Ok(Some(number)),
                None => fail(found, "a length is a whole number"),
            },
        };
        let (min, max) = (bound("min")?, bound("max")?);
        if min.is_none() && max.is_none() {
            return fail(node, "`length` takes `min`, `max` or both");
        }
        Ok(Test::Length(min, max))
    }

    fn shape(&self, node: Node<'_>) -> Read<Shape> {
        Ok(match node.as_str() {
            Some("string") => Shape::String,
            Some("boolean") => Shape::Boolean,
            Some("integer") => Shape::Integer,
            Some("number") => Shape::Number,
            Some("list") => Shape::List,
            Some("map") => Shape::Map,
            _ => return fail(node, "`isA` takes string, boolean, integer, number, list or map"),
        })
    }
}
