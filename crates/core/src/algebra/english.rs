//! How formulas read.

use super::eval::Place;
use super::{Field, Formula, Scope, Shape, Test};
use crate::path::{Dotted, Root};
use hardtack_tree::{Kind, Node, Step};
use serde_json::Value;
use std::fmt::Write as _;

/// The formula as a clause: ``securityContext.privileged must not be `true` ``.
pub fn describe(formula: &Formula) -> String {
    match formula {
        Formula::All(parts) => join(parts, Reach::And),
        Formula::Any(parts) => match &parts[..] {
            [Formula::Test(Test::Absent), rest] => format!("{} or be absent", beside(Reach::Or, rest)),
            _ => join(parts, Reach::Or),
        },
        Formula::Not(part) => format!("not ({})", describe(part)),
        Formula::Field(field) => format!("{} {}", path(field), describe(&field.then)),
        Formula::Test(test) => verb(test),
    }
}

/// How far the words of a clause reach when another clause follows.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reach {
    /// Not beyond their own end.
    Closed,
    /// It is joined by `and`.
    And,
    /// It is joined by `or`.
    Or,
    /// It speaks of elements: what follows could be about them too.
    Elements,
}

fn reach(formula: &Formula) -> Reach {
    match formula {
        Formula::All(parts) | Formula::Any(parts) if parts.len() == 1 => reach(&parts[0]),
        Formula::All(_) => Reach::And,
        Formula::Any(_) => Reach::Or,
        Formula::Not(_) => Reach::Closed,
        Formula::Field(field) => reach(&field.then),
        Formula::Test(Test::Each(_) | Test::Some(_) | Test::Keys(_) | Test::Entries(..)) => Reach::Elements,
        Formula::Test(_) => Reach::Closed,
    }
}

fn join(parts: &[Formula], with: Reach) -> String {
    if let [only] = parts {
        return describe(only);
    }
    let word = if with == Reach::And { " and " } else { " or " };
    parts
        .iter()
        .map(|part| beside(with, part))
        .collect::<Vec<_>>()
        .join(word)
}

/// The formula as one of several clauses, in parentheses where it could be read with its neighbours.
fn beside(with: Reach, part: &Formula) -> String {
    let reach = reach(part);
    if reach == Reach::Closed || reach == with {
        describe(part)
    } else {
        format!("({})", describe(part))
    }
}

fn path(field: &Field) -> String {
    let prefix = match field.root {
        Root::Item => "",
        Root::Object => "the object's ",
        Root::Pod => "the pod's ",
        Root::Container => "the container's ",
        Root::Stage => "the stage's ",
        Root::Instruction => "the instruction's ",
    };
    if field.keys.is_empty() {
        return prefix.trim_end().to_owned();
    }
    format!("{prefix}`{}`", Dotted(&field.keys))
}

/// What must hold of a place, with `must`: ``must be `false` ``.
pub(super) fn must(formula: &Formula) -> String {
    match formula {
        Formula::Test(test) => verb(test),
        other => describe(other),
    }
}

/// What is at a place: ``is `true` ``, `is not set`.
pub(super) fn state(place: Place<'_, '_>, scope: &Scope<'_>) -> String {
    match place {
        Place::Missing(_, []) => "nothing is there".into(),
        Place::Missing(node, keys) => {
            let mut path = way(node, scope);
            if !path.is_empty() {
                path.push('.');
            }
            format!("`{path}{}` is not set", Dotted(keys))
        }
        Place::Wrong(node) => format!(
            "{} is {}, where a map was expected",
            name(node, scope),
            value(node)
        ),
        Place::Part(_, text, name) => format!("the {name} is `{text}`"),
        Place::Node(node) => format!("{} is {}", name(node, scope), value(node)),
    }
}

/// What is at a place where nothing may be: of a map or list it matters only that it is there.
pub(super) fn presence(place: Place<'_, '_>, scope: &Scope<'_>) -> String {
    match place {
        Place::Node(node) if matches!(node.kind(), Kind::Map | Kind::Seq) => {
            format!("{} is set", name(node, scope))
        }
        other => state(other, scope),
    }
}

/// A node by its way from what was judged, or `the item` in a list.
fn name(node: Node<'_>, scope: &Scope<'_>) -> String {
    match (way(node, scope), node.key()) {
        (way, Some(key)) if way.is_empty() => format!("`{}`", key.scalar()),
        (way, None) if way.is_empty() || way.starts_with('[') => "the item".into(),
        (way, _) => format!("`{way}`"),
    }
}

/// The way to a node as people write it: `securityContext.capabilities`, `spec.containers[0]`. Empty for what was judged itself.
fn way(node: Node<'_>, scope: &Scope<'_>) -> String {
    let from = [Some(scope.item), scope.container, scope.pod];
    let Some(from) = from.into_iter().flatten().find(|from| node.is_within(*from)) else {
        return String::new();
    };
    let mut way = String::with_capacity(64);
    node.tree().steps(from.id(), node.id(), |step| match step {
        Step::Item(index) => {
            let _ = write!(way, "[{index}]");
        }
        Step::Key(key) => {
            let key = key.scalar();
            if key.bytes().all(|byte| byte.is_ascii_digit()) {
                let _ = write!(way, "[{key}]");
            } else if key.contains(['.', '/', ' ']) {
                let _ = write!(way, "[\"{key}\"]");
            } else {
                if !way.is_empty() {
                    way.push('.');
                }
                way.push_str(&key);
            }
        }
    });
    way
}

fn value(node: Node<'_>) -> String {
    match node.kind() {
        Kind::Map | Kind::Seq if node.is_empty() => "empty".into(),
        Kind::Map | Kind::Seq | Kind::Null => node.kind().noun().into(),
        Kind::Str => format!("`{}`", shorten(node.raw())),
        _ => format!("`{}`", node.scalar()),
    }
}

/// The first line of a text, cut where it is long.
pub(crate) fn shorten(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    match line.char_indices().nth(60) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None if line.len() < text.trim_end().len() => format!("{line}…"),
        None => line.to_owned(),
    }
}

fn verb(test: &Test) -> String {
    match test {
        Test::Is(value) => format!("must be {}", written(value)),
        Test::In(values) => format!("must be {}", one_of(values, "or")),
        Test::NotIn(values) => format!("must not be {}", one_of(values, "or")),
        Test::Present => "must be set".into(),
        Test::Absent => "must not be set".into(),
        Test::Has(values) => format!("must have {}", one_of(values, "and")),
        Test::HasNot(values) => format!("must not have {}", one_of(values, "or")),
        Test::Only(values) if values.is_empty() => "must be empty".into(),
        Test::Only(values) => format!("may have only {}", one_of(values, "and")),
        Test::Matches(pattern) => format!("must match `{}`", pattern.source()),
        Test::NotMatches(pattern) => format!("must not match `{}`", pattern.source()),
        Test::Min(bound) => format!("must be at least {}", written(&bound.written)),
        Test::Max(bound) => format!("must be at most {}", written(&bound.written)),
        Test::AtMost(_, keys) => format!("must be at most `{}`", Dotted(keys)),
        Test::Each(inner) => format!("must in each element hold: {}", describe(inner)),
        Test::Some(inner) => format!("must in some element hold: {}", describe(inner)),
        Test::Keys(inner) => format!("has keys that {}", describe(inner)),
        Test::Entries(pattern, inner) => format!("at keys like `{}` {}", pattern.source(), describe(inner)),
        Test::Length(Some(min), Some(max)) if min == max => format!("must have the length {min}"),
        Test::Length(min, max) => match (min, max) {
            (Some(min), Some(max)) => format!("must have a length from {min} to {max}"),
            (Some(1), None) => "must not be empty".into(),
            (Some(min), None) => format!("must have a length of at least {min}"),
            (None, Some(max)) => format!("must have a length of at most {max}"),
            (None, None) => "may have any length".into(),
        },
        Test::Unique(keys) if keys.is_empty() => "must have no element twice".into(),
        Test::Unique(keys) => format!("must not have the same `{}` twice", Dotted(keys)),
        Test::IsA(shape) => format!("must be {}", noun(*shape)),
    }
}

fn noun(shape: Shape) -> &'static str {
    match shape {
        Shape::String => "a string",
        Shape::Boolean => "a boolean",
        Shape::Integer => "an integer",
        Shape::Number => "a number",
        Shape::List => "a list",
        Shape::Map => "a map",
    }
}

fn written(value: &Value) -> String {
    match value {
        Value::String(text) if text.is_empty() => "empty".into(),
        Value::String(text) => format!("`{text}`"),
        other => format!("`{other}`"),
    }
}

/// Long lists are cut: a message is read, not parsed.
fn one_of(values: &[Value], word: &str) -> String {
    const SHOWN: usize = 8;
    let shown: Vec<_> = values.iter().take(SHOWN).map(written).collect();
    match (&shown[..], values.len() > SHOWN) {
        ([only], _) => only.clone(),
        (several, true) => format!("{} {word} {} more", several.join(", "), values.len() - SHOWN),
        ([several @ .., last], false) => format!("{} {word} {last}", several.join(", ")),
        ([], false) => "nothing".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::algebra::{Parameters, Patterns, parse};
    use hardtack_tree::{Limits, Span, yaml};

    fn read(text: &str) -> String {
        let tree = yaml::parse(text, Span::new(0, text.len() as u32), &Limits::default())
            .unwrap()
            .unwrap();
        describe(&parse(tree.root(), &Parameters::new(), &Patterns::default()).unwrap())
    }

    #[test]
    fn what_is_nested_can_be_read_in_one_way_only() {
        assert_eq!(
            read("any: [{ a: { present: true } }, { b: { is: 1 }, c: { is: 2 } }]"),
            "`a` must be set or (`b` must be `1` and `c` must be `2`)"
        );
        assert_eq!(
            read("{ a: { is: 1, orAbsent: true }, b: { present: true } }"),
            "(`a` must be `1` or be absent) and `b` must be set"
        );
        assert_eq!(
            read("{ 'a[*].b': { is: 1 }, not: { c: { is: 2 }, d: { is: 3 } } }"),
            "(`a` must in each element hold: `b` must be `1`) and not (`c` must be `2` and `d` must be `3`)"
        );
        assert_eq!(
            read("all: [{ a: { is: 1 } }, { all: [{ b: { is: 2 } }, { c: { is: 3 } }] }]"),
            "`a` must be `1` and `b` must be `2` and `c` must be `3`"
        );
        assert_eq!(
            read("a: { min: 1, max: 5, orAbsent: true }"),
            "`a` (must be at least `1` and must be at most `5`) or be absent"
        );
    }
}
