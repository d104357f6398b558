//! Labels, and what selects by them.
//! Source: k8s.io/apimachinery, `LabelSelectorAsSelector`.

use hardtack_tree::Node;
use rustc_hash::FxHasher;
use std::fmt;
use std::hash::{Hash, Hasher};

/// Labels in one text: `key\0value\0key\0value\0`. A fact is kept for every object of a scan, so it is kept small.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Labels(Box<str>);

impl Labels {
    /// The labels that a map holds.
    pub fn of(map: Option<Node<'_>>) -> Self {
        let mut packed = String::new();
        for (key, value) in map.map(Node::entries).into_iter().flatten() {
            let (key, value) = (key.scalar(), value.scalar());
            if key.contains('\0') || value.contains('\0') {
                continue;
            }
            for part in [&*key, &*value] {
                packed.push_str(part);
                packed.push('\0');
            }
        }
        Self(packed.into())
    }

    /// Keys and values, as written.
    pub fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        let mut parts = self.0.split_terminator('\0');
        std::iter::from_fn(move || Some((parts.next()?, parts.next()?)))
    }

    /// The value of a label.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.pairs().find(|(own, _)| *own == key).map(|(_, value)| value)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether all of the others are among these.
    pub fn include(&self, others: &Self) -> bool {
        others.pairs().all(|(key, value)| self.get(key) == Some(value))
    }
}

/// What labels are looked up by in an index.
pub(super) fn pair_hash(key: &str, value: &str) -> u64 {
    let mut hasher = FxHasher::default();
    key.hash(&mut hasher);
    value.hash(&mut hasher);
    hasher.finish()
}

/// What selects objects by their labels.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selector {
    /// Labels that must be there with that value.
    pub equal: Labels,
    expressions: Box<[Expression]>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Expression {
    key: Box<str>,
    operator: Operator,
    values: Box<[Box<str>]>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operator {
    In,
    NotIn,
    Exists,
    DoesNotExist,
    /// The API server refuses it; nothing is said against what it may select.
    Wrong,
}

impl Selector {
    /// A `LabelSelector`: `matchLabels` and `matchExpressions`, all of which must fit. Empty, it selects everything;
    /// what an absent one selects depends on the field it stands in.
    pub fn of(node: Node<'_>) -> Self {
        let expressions = node.get("matchExpressions").map(Node::items).into_iter().flatten();
        Self {
            equal: Labels::of(node.get("matchLabels")),
            expressions: expressions.map(Expression::of).collect(),
        }
    }

    /// The plain map of a Service or a ReplicationController.
    pub fn of_map(node: Node<'_>) -> Self {
        Self {
            equal: Labels::of(Some(node)),
            expressions: Box::default(),
        }
    }

    /// Whether it selects what has these labels.
    pub fn matches(&self, labels: &Labels) -> bool {
        labels.include(&self.equal) && self.expressions.iter().all(|expression| expression.matches(labels))
    }

    /// Whether it selects everything.
    pub fn is_everything(&self) -> bool {
        self.equal.is_empty() && self.expressions.is_empty()
    }
}

impl Expression {
    fn of(node: Node<'_>) -> Self {
        let values = node.get("values").map(Node::items).into_iter().flatten();
        Self {
            key: node.str_at(&["key"]).unwrap_or_default().into(),
            operator: match node.str_at(&["operator"]) {
                Some("In") => Operator::In,
                Some("NotIn") => Operator::NotIn,
                Some("Exists") => Operator::Exists,
                Some("DoesNotExist") => Operator::DoesNotExist,
                _ => Operator::Wrong,
            },
            values: values.map(|value| value.scalar().into()).collect(),
        }
    }

    fn matches(&self, labels: &Labels) -> bool {
        let found = labels.get(&self.key);
        let listed = || found.is_some_and(|found| self.values.iter().any(|value| **value == *found));
        match self.operator {
            Operator::In => listed(),
            // A label that is absent has none of the values.
            Operator::NotIn => !listed(),
            Operator::Exists => found.is_some(),
            Operator::DoesNotExist => found.is_none(),
            Operator::Wrong => true,
        }
    }
}

impl fmt::Display for Selector {
    /// `app=web, tier in (front, back)`.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut comma = "";
        for (key, value) in self.equal.pairs() {
            write!(out, "{comma}{key}={value}")?;
            comma = ", ";
        }
        for Expression { key, operator, values } in &self.expressions {
            out.write_str(comma)?;
            comma = ", ";
            match operator {
                Operator::In => write!(out, "{key} in ({})", values.join(", "))?,
                Operator::NotIn => write!(out, "{key} not in ({})", values.join(", "))?,
                Operator::Exists => out.write_str(key)?,
                Operator::DoesNotExist | Operator::Wrong => write!(out, "!{key}")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hardtack_tree::{Limits, Span, yaml};

    fn with<T>(text: &str, read: impl Fn(Node<'_>) -> T) -> T {
        let span = Span::new(0, text.len() as u32);
        let tree = yaml::parse(text, span, &Limits::default()).unwrap().unwrap();
        read(tree.root())
    }

    fn labels(text: &str) -> Labels {
        with(text, |node| Labels::of(Some(node)))
    }

    #[test]
    fn every_part_of_a_selector_must_fit() {
        let selector = with(
            "matchLabels: {app: web}\nmatchExpressions: [{key: tier, operator: In, values: [a, b]}, {key: old, operator: DoesNotExist}]",
            Selector::of,
        );
        assert!(selector.matches(&labels("{app: web, tier: a}")));
        assert!(selector.matches(&labels("{tier: b, app: web, more: x}")));
        for other in [
            "{app: web}",
            "{app: web, tier: c}",
            "{tier: a}",
            "{app: web, tier: a, old: ''}",
        ] {
            assert!(!selector.matches(&labels(other)), "{other}");
        }
        assert_eq!(selector.to_string(), "app=web, tier in (a, b), !old");
    }

    #[test]
    fn an_absent_label_is_in_none_of_the_values() {
        let selector = with("matchExpressions: [{key: tier, operator: NotIn, values: [a]}]", Selector::of);
        assert!(selector.matches(&labels("{app: web}")));
        assert!(!selector.matches(&labels("{tier: a}")));
        let selector = with("matchExpressions: [{key: tier, operator: Exists}]", Selector::of);
        assert!(!selector.matches(&labels("{app: web}")));
    }

    #[test]
    fn an_empty_selector_selects_everything() {
        let selector = with("{}", Selector::of);
        assert!(selector.is_everything() && selector.matches(&Labels::default()));
    }

    #[test]
    fn label_values_are_texts_however_they_are_written() {
        assert!(with("{version: 1}", Selector::of_map).matches(&labels("{version: '1'}")));
    }
}
