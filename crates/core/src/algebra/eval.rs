//! Judging a formula: first whether it holds, and only when it does not, where and why.

use super::{Edit, Field, Formula, Pattern, Shape, Test, Texts, edits, english};
use crate::image::ImageRef;
use crate::path::{Root, Segment};
use crate::{json, quantity};
use hardtack_tree::{Kind, Node};
use serde_json::Value;

/// Whether a formula holds. Ordered: a conjunction is as true as its least true part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Truth {
    /// It does not hold.
    No,
    /// The answer depends on something outside of the input.
    Unknown,
    /// It holds.
    Yes,
}

impl From<bool> for Truth {
    fn from(holds: bool) -> Self {
        if holds { Truth::Yes } else { Truth::No }
    }
}

impl std::ops::Not for Truth {
    type Output = Self;

    fn not(self) -> Self {
        match self {
            Truth::No => Truth::Yes,
            Truth::Unknown => Truth::Unknown,
            Truth::Yes => Truth::No,
        }
    }
}

/// What paths can start from while one item is judged.
#[derive(Clone, Copy, Debug)]
pub struct Scope<'a> {
    /// What is judged.
    pub item: Node<'a>,
    /// The whole object, or the whole Dockerfile.
    pub object: Node<'a>,
    /// The pod or pod template around the item.
    pub pod: Option<Node<'a>>,
    /// The container around the item.
    pub container: Option<Node<'a>>,
    /// The build stage around the item.
    pub stage: Option<Node<'a>>,
    /// The instruction around the item.
    pub instruction: Option<Node<'a>>,
    /// What is known of the texts in the tree, where many patterns are asked of them.
    pub texts: Option<&'a Texts>,
}

impl<'a> Scope<'a> {
    /// The scope of an object judged as a whole.
    pub fn of_object(object: Node<'a>) -> Self {
        Self {
            item: object,
            object,
            pod: None,
            container: None,
            stage: None,
            instruction: None,
            texts: None,
        }
    }

    /// The same surroundings with another item.
    pub fn with_item(self, item: Node<'a>) -> Self {
        Self { item, ..self }
    }

    /// Whether a pattern occurs in the text of a node of the tree.
    fn occurs(&self, pattern: &Pattern, node: Node<'_>, text: &str) -> bool {
        match self.texts {
            Some(texts) => pattern.is_in(node.id(), text, texts),
            None => pattern.is_match(text),
        }
    }

    pub(crate) fn root(&self, root: Root) -> Option<Node<'a>> {
        match root {
            Root::Item => Some(self.item),
            Root::Object => Some(self.object),
            Root::Pod => self.pod,
            Root::Container => self.container,
            Root::Stage => self.stage,
            Root::Instruction => self.instruction,
        }
    }
}

/// A place that a path leads to, whether or not something is there.
#[derive(Clone, Copy, Debug)]
pub(super) enum Place<'a, 'r> {
    /// A node that is there and not `null`.
    Node(Node<'a>),
    /// A part of a string that is an image reference.
    Part(Node<'a>, &'a str, &'r str),
    /// Nothing: the nearest node that exists, and the keys that are missing below it.
    Missing(Node<'a>, &'r [Segment]),
    /// Something that can have no fields, where the path goes on: no test holds of it.
    Wrong(Node<'a>),
}

impl<'a> Place<'a, '_> {
    pub(super) fn node(&self) -> Node<'a> {
        match self {
            Place::Node(node) | Place::Part(node, ..) | Place::Missing(node, _) | Place::Wrong(node) => *node,
        }
    }

    fn text(&self) -> Option<&'a str> {
        match self {
            Place::Node(node) => node.as_str(),
            Place::Part(_, text, _) => Some(text),
            Place::Missing(..) | Place::Wrong(_) => None,
        }
    }

    /// Whether a pattern occurs in the text that is there; `None` where there is none.
    fn occurs(&self, pattern: &Pattern, scope: &Scope<'_>) -> Option<bool> {
        match self {
            Place::Node(node) => node.as_str().map(|text| scope.occurs(pattern, *node, text)),
            other => other.text().map(|text| pattern.is_match(text)),
        }
    }

    fn equals(&self, value: &Value) -> bool {
        match self {
            Place::Node(node) => json::equals(*node, value),
            Place::Part(_, text, _) => value.as_str() == Some(text),
            Place::Missing(..) => value.is_null(),
            Place::Wrong(_) => false,
        }
    }

    fn equals_any(&self, values: &[Value]) -> bool {
        match self {
            Place::Node(node) => json::equals_any(*node, values),
            other => values.iter().any(|value| other.equals(value)),
        }
    }

    fn amount(&self) -> Option<f64> {
        match self {
            Place::Node(node) => node.as_f64().or_else(|| quantity::parse(node.as_str()?)),
            Place::Part(_, text, _) => quantity::parse(text),
            Place::Missing(..) | Place::Wrong(_) => None,
        }
    }

    fn is_unresolved(&self) -> bool {
        matches!(self, Place::Node(node) | Place::Part(node, ..) if node.is_unresolved())
    }
}

/// One place at which a formula does not hold.
#[derive(Clone, Debug)]
pub struct Failure<'a> {
    /// [`Truth::No`] or [`Truth::Unknown`].
    pub truth: Truth,
    /// The nearest node that exists.
    pub node: Node<'a>,
    /// The keys that are missing below it; empty where the node itself is what is wrong.
    pub missing: Vec<String>,
    /// What is there and what must be, without the name of what was judged.
    pub message: String,
    /// Whether the node is of a kind that has no fields, where one is wanted: what a rule says of the field does not fit.
    pub misshapen: bool,
    /// What would make the formula hold here, if that follows from it.
    pub edits: Option<Vec<Edit<'a>>>,
}

/// What a failure must tell besides its place: words are dear, and most rules have their own.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asked {
    /// The message; where the node is misshapen it is told all the same.
    pub(crate) message: bool,
    /// The edits that follow from the formula.
    pub(crate) edits: bool,
}

impl Asked {
    const ALL: Self = Self {
        message: true,
        edits: true,
    };
    const PLACE: Self = Self {
        message: false,
        edits: false,
    };

    fn message(self, message: impl FnOnce() -> String) -> String {
        if self.message { message() } else { String::new() }
    }

    fn edits<'a>(self, edits: impl FnOnce() -> Option<Vec<Edit<'a>>>) -> Option<Vec<Edit<'a>>> {
        self.edits.then(edits).flatten()
    }
}

/// The place that `keys` lead to from `node`.
pub(super) fn follow<'a, 'r>(mut node: Node<'a>, keys: &'r [Segment]) -> Place<'a, 'r> {
    for (index, segment) in keys.iter().enumerate() {
        match node.get_hashed(&segment.key, segment.hash) {
            Some(next) if !next.is_null() => node = next,
            _ => {
                if let Some(part) = part_of(node, &keys[index..]) {
                    return part;
                }
                if !matches!(node.kind(), Kind::Map | Kind::Null) {
                    return Place::Wrong(node);
                }
                return Place::Missing(node, &keys[index..]);
            }
        }
    }
    Place::Node(node)
}

/// A string followed by the name of a part of an image reference is that part.
fn part_of<'a, 'r>(node: Node<'a>, rest: &'r [Segment]) -> Option<Place<'a, 'r>> {
    let ([only], Some(text)) = (rest, node.as_str()) else {
        return None;
    };
    if !ImageRef::PARTS.contains(&&*only.key) {
        return None;
    }
    Some(match ImageRef::parse(text)?.part(&only.key) {
        Some(part) => Place::Part(node, part, &only.key),
        None => Place::Missing(node, rest),
    })
}

impl Formula {
    /// Whether the formula holds of the scope's item.
    pub fn holds(&self, scope: &Scope<'_>) -> Truth {
        self.check(scope, Place::Node(scope.item))
    }

    /// Where it does not hold. Empty if and only if it holds.
    pub fn failures<'a>(&self, scope: &Scope<'a>) -> Vec<Failure<'a>> {
        self.failures_with(scope, Asked::ALL)
    }

    /// The same, with no more than is asked for.
    pub(crate) fn failures_with<'a>(&self, scope: &Scope<'a>, asked: Asked) -> Vec<Failure<'a>> {
        let mut failures = Vec::new();
        self.fail(scope, Place::Node(scope.item), asked, &mut failures);
        failures
    }

    pub(super) fn check(&self, scope: &Scope<'_>, place: Place<'_, '_>) -> Truth {
        match self {
            Formula::All(parts) => {
                let mut truth = Truth::Yes;
                for part in parts {
                    truth = truth.min(part.check(scope, place));
                    if truth == Truth::No {
                        break;
                    }
                }
                truth
            }
            Formula::Any(parts) => {
                let mut truth = Truth::No;
                for part in parts {
                    truth = truth.max(part.check(scope, place));
                    if truth == Truth::Yes {
                        break;
                    }
                }
                truth
            }
            Formula::Not(part) => !part.check(scope, place),
            Formula::Field(field) => field.then.check(scope, field.place(scope, place)),
            Formula::Test(test) => test.check(scope, place),
        }
    }

    fn fail<'a>(&self, scope: &Scope<'a>, place: Place<'a, '_>, asked: Asked, out: &mut Vec<Failure<'a>>) {
        let truth = self.check(scope, place);
        if truth == Truth::Yes {
            return;
        }
        match self {
            Formula::All(parts) => {
                for part in parts {
                    part.fail(scope, place, asked, out);
                }
            }
            Formula::Any(parts) => {
                // `orAbsent` and its like: the last alternative tells best what is wanted.
                if let [Formula::Test(Test::Absent), last] = &parts[..] {
                    return last.fail(scope, place, asked, out);
                }
                let mut inner = Vec::new();
                if let Some(last) = parts.last() {
                    last.fail(scope, place, Asked::PLACE, &mut inner);
                }
                if inner.first().is_some_and(|failure| failure.misshapen) {
                    let edits = asked.edits(|| edits::satisfy(self, scope, place));
                    let first = inner.swap_remove(0);
                    out.push(Failure {
                        truth,
                        edits,
                        ..first
                    });
                    return;
                }
                let at = inner
                    .first()
                    .map(|failure| (failure.node, failure.missing.clone()));
                let (node, missing) = at.unwrap_or_else(|| (place.node(), Vec::new()));
                out.push(Failure {
                    truth,
                    node,
                    missing,
                    message: asked.message(|| format!("must hold: {}", english::describe(self))),
                    misshapen: false,
                    edits: asked.edits(|| edits::satisfy(self, scope, place)),
                });
            }
            Formula::Not(part) => {
                let at = part.deepest(scope, place);
                out.push(Failure {
                    truth,
                    node: at.node(),
                    missing: Vec::new(),
                    message: asked.message(|| format!("must not hold: {}", english::describe(part))),
                    misshapen: false,
                    edits: asked.edits(|| edits::satisfy(self, scope, place)),
                });
            }
            Formula::Field(field) => {
                let at = field.place(scope, place);
                field.then.fail(scope, at, asked, out);
                if field.inherit_pod
                    && asked.edits
                    && let Some(failure) = out.last_mut()
                    && let Some(edits) = edits::for_pod_or_container(field, scope)
                {
                    failure.edits = Some(edits);
                }
            }
            Formula::Test(Test::Each(inner)) => match place {
                Place::Node(list) if matches!(list.kind(), Kind::Seq | Kind::Map) => {
                    for element in elements(list) {
                        inner.fail(&scope.with_item(element), Place::Node(element), asked, out);
                    }
                }
                _ => out.push(wrong(self, scope, place, truth, asked)),
            },
            Formula::Test(Test::Entries(pattern, inner)) if matches!(place, Place::Node(map) if map.kind() == Kind::Map) => {
                for (_, value) in place
                    .node()
                    .entries()
                    .filter(|(key, _)| scope.occurs(pattern, *key, &key.scalar()))
                {
                    inner.fail(&scope.with_item(value), Place::Node(value), asked, out);
                }
            }
            Formula::Test(Test::Keys(inner)) if matches!(place, Place::Node(map) if map.kind() == Kind::Map) =>
            {
                for key in keys(place.node()) {
                    if key_truth(inner, scope, key) != Truth::Yes {
                        out.push(Failure {
                            truth,
                            node: key,
                            missing: Vec::new(),
                            message: asked
                                .message(|| format!("`{}` is set; {}", key.scalar(), english::must(self))),
                            misshapen: false,
                            edits: edits::without_key(inner, key),
                        });
                    }
                }
                if out.is_empty() {
                    out.push(wrong(self, scope, place, truth, asked));
                }
            }
            Formula::Test(Test::Only(allowed)) if matches!(place, Place::Node(list) if list.kind() == Kind::Seq) =>
            {
                let others = place
                    .node()
                    .items()
                    .filter(|item| !json::equals_any(*item, allowed));
                out.extend(others.map(|item| listed(self, item, truth, asked)));
            }
            Formula::Test(Test::HasNot(banned)) if matches!(place, Place::Node(list) if list.kind() == Kind::Seq) =>
            {
                let found = place
                    .node()
                    .items()
                    .filter(|item| json::equals_any(*item, banned));
                out.extend(found.map(|item| listed(self, item, truth, asked)));
            }
            Formula::Test(_) => out.push(wrong(self, scope, place, truth, asked)),
        }
    }

    /// The last place that a formula looks at: where a negation points.
    fn deepest<'a, 'r>(&'r self, scope: &Scope<'a>, place: Place<'a, 'r>) -> Place<'a, 'r> {
        match self {
            Formula::All(parts) | Formula::Any(parts) => {
                let mut holding = parts.iter().filter(|part| part.check(scope, place) == Truth::Yes);
                holding
                    .next_back()
                    .or(parts.last())
                    .map_or(place, |part| part.deepest(scope, place))
            }
            Formula::Not(part) => part.deepest(scope, place),
            Formula::Field(field) => field.then.deepest(scope, field.place(scope, place)),
            Formula::Test(Test::Some(inner)) => match place {
                Place::Node(list) => elements(list)
                    .find(|element| {
                        inner.check(&scope.with_item(*element), Place::Node(*element)) == Truth::Yes
                    })
                    .map_or(place, |element| {
                        inner.deepest(&scope.with_item(element), Place::Node(element))
                    }),
                _ => place,
            },
            Formula::Test(Test::Has(values)) => match place {
                Place::Node(list) => list
                    .items()
                    .find(|item| json::equals_any(*item, values))
                    .map_or(place, Place::Node),
                _ => place,
            },
            Formula::Test(_) => place,
        }
    }
}

fn listed<'a>(formula: &Formula, item: Node<'a>, truth: Truth, asked: Asked) -> Failure<'a> {
    Failure {
        truth,
        node: item,
        missing: Vec::new(),
        message: asked.message(|| {
            format!(
                "`{}` is listed; the list {}",
                item.scalar(),
                english::must(formula)
            )
        }),
        misshapen: false,
        edits: asked.edits(|| Some(vec![Edit::Remove { node: item }])),
    }
}

fn wrong<'a>(
    formula: &Formula,
    scope: &Scope<'a>,
    place: Place<'a, '_>,
    truth: Truth,
    asked: Asked,
) -> Failure<'a> {
    let missing = match place {
        Place::Missing(_, keys) => keys.iter().map(|segment| segment.key.to_string()).collect(),
        _ => Vec::new(),
    };
    let misshapen = matches!(place, Place::Wrong(_));
    let told = Asked {
        message: asked.message || misshapen,
        ..asked
    };
    Failure {
        truth,
        node: place.node(),
        missing,
        message: told.message(|| {
            let state = match formula {
                Formula::Test(Test::Absent) => english::presence(place, scope),
                _ => english::state(place, scope),
            };
            format!("{state}; it {}", english::must(formula))
        }),
        misshapen,
        edits: told.edits(|| edits::satisfy(formula, scope, place)),
    }
}

impl Field {
    pub(super) fn place<'a, 'r>(&'r self, scope: &Scope<'a>, here: Place<'a, 'r>) -> Place<'a, 'r> {
        let from = match self.root {
            Root::Item => match here {
                Place::Node(node) => node,
                other => return other,
            },
            root => match scope.root(root) {
                Some(node) => node,
                None => return Place::Missing(scope.item, &self.keys),
            },
        };
        let found = follow(from, &self.keys);
        if self.inherit_pod
            && matches!(found, Place::Missing(..))
            && let Some(spec) = scope.pod.and_then(|pod| pod.get("spec"))
            && let inherited @ Place::Node(_) = follow(spec, &self.keys)
        {
            return inherited;
        }
        found
    }
}

/// The items of a list, or the values of a map.
fn elements<'a>(node: Node<'a>) -> impl Iterator<Item = Node<'a>> {
    node.items().chain(node.entries().map(|(_, value)| value))
}

/// The keys of a map that have a value.
fn keys<'a>(map: Node<'a>) -> impl Iterator<Item = Node<'a>> {
    map.entries()
        .filter(|(_, value)| !value.is_null())
        .map(|(key, _)| key)
}

/// Whether one key satisfies a formula about keys: list words are read for the single key.
fn key_truth(formula: &Formula, scope: &Scope<'_>, key: Node<'_>) -> Truth {
    let listed = |values: &[Value]| values.iter().any(|value| value.as_str() == Some(&key.scalar()));
    match formula {
        Formula::All(parts) => parts
            .iter()
            .map(|part| key_truth(part, scope, key))
            .min()
            .unwrap_or(Truth::Yes),
        Formula::Test(Test::Only(values)) => listed(values).into(),
        Formula::Test(Test::HasNot(values)) => (!listed(values)).into(),
        // What must be there is a question to all keys together.
        Formula::Test(Test::Has(_)) => Truth::Yes,
        Formula::Test(Test::Matches(pattern)) => scope.occurs(pattern, key, &key.scalar()).into(),
        Formula::Test(Test::NotMatches(pattern)) => (!scope.occurs(pattern, key, &key.scalar())).into(),
        other => other.check(scope, Place::Node(key)),
    }
}

fn keys_truth(formula: &Formula, scope: &Scope<'_>, map: Node<'_>) -> Truth {
    let all_there = match formula {
        Formula::Test(Test::Has(values)) => values
            .iter()
            .all(|value| keys(map).any(|key| value.as_str() == Some(&key.scalar()))),
        _ => true,
    };
    keys(map)
        .map(|key| key_truth(formula, scope, key))
        .min()
        .unwrap_or(Truth::Yes)
        .min(all_there.into())
}

impl Test {
    fn check(&self, scope: &Scope<'_>, place: Place<'_, '_>) -> Truth {
        if matches!(place, Place::Wrong(_)) {
            return Truth::No;
        }
        match self {
            Test::Present => return (!matches!(place, Place::Missing(..))).into(),
            Test::Absent => return matches!(place, Place::Missing(..)).into(),
            _ if place.is_unresolved() => return Truth::Unknown,
            _ => {}
        }
        if matches!(place, Place::Missing(..)) {
            return match self {
                Test::NotIn(_)
                | Test::HasNot(_)
                | Test::Only(_)
                | Test::NotMatches(_)
                | Test::Each(_)
                | Test::Keys(_)
                | Test::Entries(..)
                | Test::Unique(_) => Truth::Yes,
                Test::Length(min, _) => (min.unwrap_or(0) == 0).into(),
                Test::Is(value) => value.is_null().into(),
                _ => Truth::No,
            };
        }
        let list = match place {
            Place::Node(node) if node.kind() == Kind::Seq => Some(node),
            _ => None,
        };
        let map = match place {
            Place::Node(node) if node.kind() == Kind::Map => Some(node),
            _ => None,
        };
        let has = |value: &Value| list.is_some_and(|list| list.items().any(|item| json::equals(item, value)));
        match self {
            Test::Present | Test::Absent => Truth::Yes,
            Test::Is(value) => place.equals(value).into(),
            Test::In(values) => place.equals_any(values).into(),
            Test::NotIn(values) => (!place.equals_any(values)).into(),
            Test::Has(values) => values.iter().all(has).into(),
            Test::HasNot(values) => (list.is_some() && !values.iter().any(has)).into(),
            Test::Only(values) => list
                .is_some_and(|list| list.items().all(|item| json::equals_any(item, values)))
                .into(),
            Test::Matches(pattern) => (place.occurs(pattern, scope) == Some(true)).into(),
            Test::NotMatches(pattern) => (place.occurs(pattern, scope) == Some(false)).into(),
            Test::Min(bound) => place.amount().is_some_and(|amount| amount >= bound.amount).into(),
            Test::Max(bound) => place.amount().is_some_and(|amount| amount <= bound.amount).into(),
            Test::AtMost(root, keys) => match scope.root(*root).map(|node| follow(node, keys)) {
                Some(other @ (Place::Node(_) | Place::Part(..))) => match (place.amount(), other.amount()) {
                    (Some(mine), Some(most)) => (mine <= most).into(),
                    _ => Truth::No,
                },
                _ => Truth::Yes,
            },
            Test::Each(inner) => match place {
                Place::Node(node) if list.is_some() || map.is_some() => elements(node)
                    .map(|element| inner.check(&scope.with_item(element), Place::Node(element)))
                    .min()
                    .unwrap_or(Truth::Yes),
                _ => Truth::No,
            },
            Test::Some(inner) => match place {
                Place::Node(node) if list.is_some() || map.is_some() => elements(node)
                    .map(|element| inner.check(&scope.with_item(element), Place::Node(element)))
                    .max()
                    .unwrap_or(Truth::No),
                _ => Truth::No,
            },
            Test::Keys(inner) => map.map_or(Truth::No, |map| keys_truth(inner, scope, map)),
            Test::Entries(pattern, inner) => map.map_or(Truth::No, |map| {
                let wanted = map
                    .entries()
                    .filter(|(key, _)| scope.occurs(pattern, *key, &key.scalar()));
                wanted
                    .map(|(_, value)| inner.check(&scope.with_item(value), Place::Node(value)))
                    .min()
                    .unwrap_or(Truth::Yes)
            }),
            Test::Length(min, max) => {
                let length = match place.text() {
                    Some(text) => text.chars().count() as u64,
                    None => place.node().len() as u64,
                };
                (min.is_none_or(|min| length >= min) && max.is_none_or(|max| length <= max)).into()
            }
            Test::Unique(keys) => list.is_some_and(|list| all_different(list, keys)).into(),
            Test::IsA(shape) => match (shape, place) {
                (Shape::String, _) => place.text().is_some().into(),
                (_, Place::Node(node)) => shape.fits(node.kind()).into(),
                _ => Truth::No,
            },
        }
    }
}

impl Shape {
    fn fits(self, kind: Kind) -> bool {
        match self {
            Shape::String => kind == Kind::Str,
            Shape::Boolean => kind == Kind::Bool,
            Shape::Integer => kind == Kind::Int,
            Shape::Number => matches!(kind, Kind::Int | Kind::Float),
            Shape::List => kind == Kind::Seq,
            Shape::Map => kind == Kind::Map,
        }
    }
}

fn all_different(list: Node<'_>, keys: &[Segment]) -> bool {
    let mut seen = rustc_hash::FxHashSet::default();
    list.items().all(|item| match follow(item, keys) {
        Place::Node(node) => seen.insert(node.scalar()),
        Place::Part(_, text, _) => seen.insert(text.into()),
        Place::Missing(..) | Place::Wrong(_) => true,
    })
}
