//! What would make a formula hold.

use super::eval::{Place, follow};
use super::{Field, Formula, Scope, Test};
use super::{PatchKind, PatchOp};
use crate::json;
use crate::path::{Segment, push_pointer};
use hardtack_tree::{Kind, Node};
use serde_json::{Map, Value};

/// A change to a tree.
#[derive(Clone, Debug)]
pub enum Edit<'a> {
    /// Gives the field `keys` below `node` a value; without keys, gives `node` another one.
    Set {
        /// The nearest node that exists.
        node: Node<'a>,
        /// The keys that are missing below it.
        keys: Vec<String>,
        /// The value to write at their end.
        value: Value,
    },
    /// Takes a node away: a list's item, or a key with its value.
    Remove {
        /// What goes.
        node: Node<'a>,
    },
    /// Adds a value to the end of a list.
    Append {
        /// The list.
        list: Node<'a>,
        /// What is added.
        value: Value,
    },
}

impl Edit<'_> {
    /// The edit as a JSON Patch of the object at `object`, in the same tree.
    pub fn patch(&self, object: Node<'_>) -> PatchOp {
        let tree = object.tree();
        let below = |node: Node<'_>| tree.pointer_from(object.id(), node.id());
        match self {
            Edit::Remove { node } => PatchOp {
                op: PatchKind::Remove,
                path: below(*node),
                value: None,
            },
            Edit::Append { list, value } => PatchOp {
                op: PatchKind::Add,
                path: below(*list) + "/-",
                value: Some(value.clone()),
            },
            Edit::Set { node, keys, value } => {
                let mut path = below(*node);
                let Some((first, rest)) = keys.split_first() else {
                    return PatchOp {
                        op: PatchKind::Replace,
                        path,
                        value: Some(value.clone()),
                    };
                };
                push_pointer(&mut path, first);
                let nested = rest.iter().rev().fold(value.clone(), |inner, key| {
                    let mut map = Map::new();
                    map.insert(key.clone(), inner);
                    Value::Object(map)
                });
                PatchOp {
                    op: PatchKind::Add,
                    path,
                    value: Some(nested),
                }
            }
        }
    }
}

fn set<'a>(place: Place<'a, '_>, value: Value) -> Option<Vec<Edit<'a>>> {
    let edit = match place {
        Place::Node(node) => Edit::Set {
            node,
            keys: Vec::new(),
            value,
        },
        Place::Missing(node, keys) if !keys.is_empty() && matches!(node.kind(), Kind::Map | Kind::Null) => {
            Edit::Set {
                node,
                keys: names(keys),
                value,
            }
        }
        _ => return None,
    };
    Some(vec![edit])
}

/// The edits of a fix that a rule writes out: fields to set and to remove, each where it is not so already.
pub(crate) fn written<'a>(fix: &crate::rule::Fix, scope: &Scope<'a>) -> Vec<Edit<'a>> {
    let place = |root, keys| scope.root(root).map(|node| follow(node, keys));
    let mut edits = Vec::new();
    for (root, keys, value) in &fix.set {
        match place(*root, keys) {
            Some(Place::Node(node)) if json::equals(node, value) => {}
            Some(place) => edits.extend(set(place, value.clone()).into_iter().flatten()),
            None => {}
        }
    }
    for (root, keys) in &fix.remove {
        if let Some(Place::Node(node)) = place(*root, keys) {
            edits.push(Edit::Remove { node });
        }
    }
    edits
}

fn names(keys: &[Segment]) -> Vec<String> {
    keys.iter().map(|segment| segment.key.to_string()).collect()
}

/// The edits that make `formula` hold at `place`, if they follow from it without a choice that only the user can make.
pub(super) fn satisfy<'a>(
    formula: &Formula,
    scope: &Scope<'a>,
    place: Place<'a, '_>,
) -> Option<Vec<Edit<'a>>> {
    match formula {
        Formula::All(parts) => {
            let mut edits = Vec::new();
            for part in parts
                .iter()
                .filter(|part| part.check(scope, place) != super::Truth::Yes)
            {
                edits.extend(satisfy(part, scope, place)?);
            }
            Some(edits)
        }
        Formula::Any(parts) => parts.iter().rev().find_map(|part| satisfy(part, scope, place)),
        Formula::Not(part) => match &**part {
            Formula::Field(field) => falsify(&field.then, field.place(scope, place)),
            other => falsify(other, place),
        },
        Formula::Field(field) => satisfy(&field.then, scope, field.place(scope, place)),
        Formula::Test(test) => satisfy_test(test, place),
    }
}

fn falsify<'a>(formula: &Formula, place: Place<'a, '_>) -> Option<Vec<Edit<'a>>> {
    match (formula, place) {
        (Formula::Test(Test::Is(Value::Bool(value))), _) => set(place, Value::Bool(!value)),
        (Formula::Test(Test::Present), Place::Node(node)) => Some(vec![Edit::Remove { node }]),
        _ => None,
    }
}

fn satisfy_test<'a>(test: &Test, place: Place<'a, '_>) -> Option<Vec<Edit<'a>>> {
    match test {
        Test::Is(value) => set(place, value.clone()),
        // The first value is the one the rule prefers.
        Test::In(values) => set(place, values.first()?.clone()),
        Test::Min(bound) | Test::Max(bound) => set(place, bound.written.clone()),
        Test::Absent | Test::NotIn(_) => match place {
            Place::Node(node) => Some(vec![Edit::Remove { node }]),
            _ => None,
        },
        Test::Has(values) => match place {
            Place::Node(list) if list.kind() == Kind::Seq => {
                let lacking = values
                    .iter()
                    .filter(|value| !list.items().any(|item| json::equals(item, value)));
                Some(
                    lacking
                        .map(|value| Edit::Append {
                            list,
                            value: value.clone(),
                        })
                        .collect(),
                )
            }
            Place::Missing(..) => set(place, Value::Array(values.clone())),
            _ => None,
        },
        _ => None,
    }
}

/// What takes a forbidden key away, where the formula forbids keys.
pub(super) fn without_key<'a>(formula: &Formula, key: Node<'a>) -> Option<Vec<Edit<'a>>> {
    matches!(formula, Formula::Test(Test::Only(_) | Test::HasNot(_)))
        .then(|| vec![Edit::Remove { node: key }])
}

/// A field that containers inherit is set on the pod when no container says otherwise, else on the container.
pub(super) fn for_pod_or_container<'a>(field: &Field, scope: &Scope<'a>) -> Option<Vec<Edit<'a>>> {
    let wanted = satisfy_value(&field.then)?;
    let spec = scope.pod?.get("spec")?;
    let own = follow(scope.item, &field.keys);
    if !matches!(own, Place::Missing(..)) {
        return set(own, wanted);
    }
    let differs = ["containers", "initContainers", "ephemeralContainers"]
        .iter()
        .filter_map(|list| spec.get(list))
        .flat_map(Node::items)
        .any(|container| match follow(container, &field.keys) {
            Place::Node(node) => !json::equals(node, &wanted),
            _ => false,
        });
    if !differs {
        return set(follow(spec, &field.keys), wanted);
    }
    set(own, wanted)
}

fn satisfy_value(formula: &Formula) -> Option<Value> {
    match formula {
        Formula::Test(Test::Is(value)) => Some(value.clone()),
        Formula::Test(Test::In(values)) => values.first().cloned(),
        Formula::Any(parts) => parts.iter().rev().find_map(satisfy_value),
        _ => None,
    }
}
