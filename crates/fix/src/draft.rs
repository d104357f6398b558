//! What a tree shall become: its nodes, with changes where patches ask for them.

use crate::Refusal;
use hardtack_core::algebra::{PatchKind, PatchOp};
use hardtack_core::json;
use hardtack_tree::{Kind, Node};
use serde_json::{Map, Value};

/// A node as it shall be. What is not touched stays [`Draft::Kept`], however large it is.
#[derive(Debug)]
pub(crate) enum Draft<'a> {
    /// As it is.
    Kept(Node<'a>),
    /// A map whose entries may differ: new ones come last.
    Map {
        /// The map as it is.
        origin: Node<'a>,
        /// Its entries as they shall be.
        entries: Vec<(String, Draft<'a>)>,
    },
    /// A list whose items may differ.
    Seq {
        /// The list as it is.
        origin: Node<'a>,
        /// Its items as they shall be.
        items: Vec<Draft<'a>>,
    },
    /// Another value, in the place of a node or where there was none.
    Value {
        /// The node that it replaces.
        origin: Option<Node<'a>>,
        /// What is to be written.
        value: Value,
    },
}

impl<'a> Draft<'a> {
    /// The node that stands there now.
    pub(crate) fn origin(&self) -> Option<Node<'a>> {
        match self {
            Draft::Kept(node) => Some(*node),
            Draft::Map { origin, .. } | Draft::Seq { origin, .. } => Some(*origin),
            Draft::Value { origin, .. } => *origin,
        }
    }

    /// The draft after `op`: what [`PatchOp::apply`] does to a value, done to a tree.
    pub(crate) fn apply(&mut self, op: &PatchOp) -> Result<(), Refusal> {
        let Some(pointer) = op.path.strip_prefix('/') else {
            return Err(Refusal::Patch("it replaces the whole object".into()));
        };
        let mut draft = self;
        let mut rest = pointer;
        while let Some((token, deeper)) = rest.split_once('/') {
            if let Draft::Value { value, .. } = draft {
                return within(value, op, rest);
            }
            draft = draft.child(token).ok_or_else(|| nowhere(op))?;
            rest = deeper;
        }
        if let Draft::Value { value, .. } = draft {
            return within(value, op, rest);
        }
        draft.change(op, rest)
    }

    /// Makes the entries of a kept map or list changeable.
    fn open(&mut self) {
        if let Draft::Kept(node) = *self {
            match node.kind() {
                Kind::Map => {
                    let entries = node.entries();
                    let entries = entries.map(|(key, value)| (key.scalar().into_owned(), Draft::Kept(value)));
                    *self = Draft::Map {
                        origin: node,
                        entries: entries.collect(),
                    };
                }
                Kind::Seq => {
                    *self = Draft::Seq {
                        origin: node,
                        items: node.items().map(Draft::Kept).collect(),
                    };
                }
                _ => {}
            }
        }
    }

    fn child(&mut self, token: &str) -> Option<&mut Draft<'a>> {
        self.open();
        match self {
            Draft::Map { entries, .. } => {
                let key = unescaped(token);
                let found = entries.iter_mut().find(|(known, _)| *known == key);
                found.map(|(_, value)| value)
            }
            Draft::Seq { items, .. } => items.get_mut(token.parse::<usize>().ok()?),
            _ => None,
        }
    }

    fn change(&mut self, op: &PatchOp, token: &str) -> Result<(), Refusal> {
        self.open();
        let value = op.value.clone().unwrap_or(Value::Null);
        match self {
            Draft::Map { entries, .. } => {
                let key = unescaped(token);
                let place = entries.iter().position(|(known, _)| *known == key);
                match (op.op, place.and_then(|place| entries.get_mut(place))) {
                    (PatchKind::Remove, Some(_)) => {
                        entries.retain(|(known, _)| *known != key);
                    }
                    (PatchKind::Replace, Some((_, slot))) => slot.replace(value),
                    (PatchKind::Add, Some((_, slot))) => slot.merge(value),
                    (PatchKind::Add, None) => entries.push((key, Draft::new(value))),
                    _ => return Err(nowhere(op)),
                }
            }
            Draft::Seq { items, .. } if op.op == PatchKind::Add && token == "-" => {
                items.push(Draft::new(value));
            }
            Draft::Seq { items, .. } => {
                let index: usize = token.parse().map_err(|_| nowhere(op))?;
                match op.op {
                    PatchKind::Add if index == items.len() => items.push(Draft::new(value)),
                    PatchKind::Replace if index < items.len() => items[index].replace(value),
                    PatchKind::Remove if index < items.len() => drop(items.remove(index)),
                    _ => return Err(nowhere(op)),
                }
            }
            Draft::Kept(node) if node.is_null() && op.op == PatchKind::Add => {
                let map: Map<_, _> = [(unescaped(token), value)].into_iter().collect();
                *self = Draft::Value {
                    origin: Some(*node),
                    value: Value::Object(map),
                };
            }
            _ => return Err(nowhere(op)),
        }
        Ok(())
    }

    fn new(value: Value) -> Self {
        Draft::Value { origin: None, value }
    }

    fn replace(&mut self, value: Value) {
        match self {
            Draft::Kept(node) if json::equals(*node, &value) => {}
            _ => {
                *self = Draft::Value {
                    origin: self.origin(),
                    value,
                }
            }
        }
    }

    fn merge(&mut self, new: Value) {
        self.open();
        match (&mut *self, new) {
            (Draft::Map { entries, .. }, Value::Object(new)) => {
                for (key, value) in new {
                    match entries.iter_mut().find(|(known, _)| *known == key) {
                        Some((_, slot)) => slot.merge(value),
                        None => entries.push((key, Draft::new(value))),
                    }
                }
            }
            (Draft::Value { value, .. }, new) => merge(value, new),
            (_, new) => self.replace(new),
        }
    }
}

fn merge(into: &mut Value, new: Value) {
    match (into, new) {
        (Value::Object(old), Value::Object(new)) => {
            for (key, value) in new {
                merge(old.entry(key).or_insert(Value::Null), value);
            }
        }
        (slot, new) => *slot = new,
    }
}

/// `op` on a value that is new itself; `rest` is the way in it.
fn within(value: &mut Value, op: &PatchOp, rest: &str) -> Result<(), Refusal> {
    let op = PatchOp {
        path: format!("/{rest}"),
        ..op.clone()
    };
    op.apply(value).map_err(Refusal::Patch)
}

fn unescaped(token: &str) -> String {
    token.replace("~1", "/").replace("~0", "~")
}

fn nowhere(op: &PatchOp) -> Refusal {
    Refusal::Patch(format!("`{}` leads nowhere", op.path))
}
