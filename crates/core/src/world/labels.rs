//! Labels, and what selects by them.
//! Source: k8s.io/apimachinery, `LabelSelectorAsSelector`.

use hardtack_tree::Node;
use rustc_hash::FxHasher;
use std::fmt;
use std::hash::{Hash, Hasher};

/// Labels of an object. A fact is kept for every object of a scan and labels are compared all the time, so they are
/// kept in one text, each with a hash.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Labels {
    text: Box<str>,
    pairs: Box<[Pair]>,
}

/// A label: where its key and its value end in the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Pair {
    hash: u64,
    start: u32,
    middle: u32,
    end: u32,
}

impl Labels {
    /// The labels that a map holds.
    pub fn of(map: Option<Node<'_>>) -> Self {
        let Some(map) = map.filter(|map| !map.is_empty()) else {
            return Self::default();
        };
        let mut text = String::with_capacity(map.len() * 40);
        let mut pairs = Vec::with_capacity(map.len());
        for (key, value) in map.entries() {
            let start = text.len() as u32;
            text.push_str(&key.scalar());
            let middle = text.len() as u32;
            text.push_str(&value.scalar());
            let end = text.len() as u32;
            let pair = Pair {
                hash: 0,
                start,
                middle,
                end,
            };
            let (key, value) = parts(&text, pair);
            let hash = pair_hash(key, value);
            pairs.push(Pair { hash, ..pair });
        }
        Self {
            text: text.into(),
            pairs: pairs.into(),
        }
    }

    /// Keys and values, as written.
    pub fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.pairs.iter().map(|pair| parts(&self.text, *pair))
    }

    /// What the labels are looked up by in an index, those left out that a controller adds.
    pub(super) fn hashes(&self) -> impl Iterator<Item = u64> {
        let written = self
            .pairs
            .iter()
            .filter(|pair| !is_set_later(parts(&self.text, **pair).0));
        written.map(|pair| pair.hash)
    }

    /// The value of a label.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.pairs().find(|(own, _)| *own == key).map(|(_, value)| value)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.pairs.is_empty()
    }

    /// Whether these are labels of a template whose pods have all of the others.
    pub fn include(&self, others: &Self) -> bool {
        others.pairs.iter().all(|wanted| {
            let pair = parts(&others.text, *wanted);
            let is_it = |own: &Pair| own.hash == wanted.hash && parts(&self.text, *own) == pair;
            self.pairs.iter().any(is_it) || is_set_later(pair.0)
        })
    }
}

fn parts(text: &str, pair: Pair) -> (&str, &str) {
    let part = |start: u32, end: u32| text.get(start as usize..end as usize).unwrap_or_default();
    (part(pair.start, pair.middle), part(pair.middle, pair.end))
}

/// Labels that controllers add to pods; a template does not have them.
/// Source: k8s.io/api, `apps/v1` and `batch/v1`.
const SET_LATER: [&str; 9] = [
    "apps.kubernetes.io/pod-index",
    "batch.kubernetes.io/controller-uid",
    "batch.kubernetes.io/job-completion-index",
    "batch.kubernetes.io/job-name",
    "controller-revision-hash",
    "controller-uid",
    "job-name",
    "pod-template-hash",
    "statefulset.kubernetes.io/pod-name",
];

/// Whether a controller adds that label to pods.
fn is_set_later(key: &str) -> bool {
    SET_LATER.contains(&key)
}

fn pair_hash(key: &str, value: &str) -> u64 {
    let mut hasher = FxHasher::default();
    key.hash(&mut hasher);
    value.hash(&mut hasher);
    hasher.finish()
}

/// What selects objects by their labels.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Selector {
    /// Labels that must be there with that value.
    pub equal: Labels,
    expressions: Box<[Expression]>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Expression {
    key: Box<str>,
    operator: Operator,
    values: Box<[Box<str>]>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
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
        let expressions = node
            .get("matchExpressions")
            .map(Node::items)
            .into_iter()
            .flatten();
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
        labels.include(&self.equal)
            && self
                .expressions
                .iter()
                .all(|expression| expression.matches(labels))
    }

    /// Whether all but one of its labels are there, and that one not with another value: a program may set it, as one
    /// does that leads others.
    pub fn nearly_matches(&self, labels: &Labels) -> bool {
        let (mut there, mut lacking) = (0, 0);
        for (key, value) in self.equal.pairs() {
            match labels.get(key) {
                Some(found) if found == value => there += 1,
                Some(_) => return false,
                None => lacking += 1,
            }
        }
        lacking == 1 && there >= 2 && self.expressions.is_empty()
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
        for Expression {
            key,
            operator,
            values,
        } in &self.expressions
        {
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
        let selector = with(
            "matchExpressions: [{key: tier, operator: NotIn, values: [a]}]",
            Selector::of,
        );
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
    fn labels_that_controllers_set_are_not_in_a_template() {
        let selector = with(
            "{app: db, statefulset.kubernetes.io/pod-name: db-0}",
            Selector::of_map,
        );
        assert!(selector.matches(&labels("{app: db}")));
        assert!(!selector.matches(&labels("{app: web}")));
    }

    #[test]
    fn a_label_that_a_program_may_set_nearly_matches() {
        let selector = with("{app: db, tier: back, leader: 'true'}", Selector::of_map);
        assert!(selector.nearly_matches(&labels("{app: db, tier: back}")));
        assert!(!selector.nearly_matches(&labels("{app: db, tier: front}")));
        assert!(!selector.nearly_matches(&labels("{app: db}")));
    }

    #[test]
    fn label_values_are_texts_however_they_are_written() {
        assert!(with("{version: 1}", Selector::of_map).matches(&labels("{version: '1'}")));
    }
}
