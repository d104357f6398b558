//! Values outside of a tree: what a rule asks for, and what a patch writes.

use hardtack_tree::{Kind, Node};
use serde_json::{Map, Number, Value};

/// The node's value as JSON. Numbers that JSON can't hold become strings.
pub fn to_json(node: Node<'_>) -> Value {
    match node.kind() {
        Kind::Null => Value::Null,
        Kind::Bool => Value::Bool(node.as_bool() == Some(true)),
        Kind::Int => match node.as_i64() {
            Some(whole) => Value::from(whole),
            None => float(node),
        },
        Kind::Float => float(node),
        Kind::Str => Value::from(node.raw()),
        Kind::Seq => node.items().map(to_json).collect(),
        Kind::Map => {
            let mut map = Map::new();
            for (key, value) in node.entries() {
                map.insert(key.scalar().into_owned(), to_json(value));
            }
            Value::Object(map)
        }
    }
}

fn float(node: Node<'_>) -> Value {
    node.as_f64()
        .and_then(Number::from_f64)
        .map_or_else(|| Value::from(node.raw()), Value::Number)
}

/// Whether the node has exactly one of those values.
pub fn equals_any(node: Node<'_>, values: &[Value]) -> bool {
    match node.as_str() {
        Some(text) => values
            .iter()
            .any(|value| matches!(value, Value::String(wanted) if wanted == text)),
        None => values.iter().any(|value| equals(node, value)),
    }
}

/// Whether the node has exactly that value. `1` and `1.0` are the same number; `"1"` is another value.
pub fn equals(node: Node<'_>, value: &Value) -> bool {
    match value {
        Value::Null => node.is_null(),
        Value::Bool(wanted) => node.as_bool() == Some(*wanted),
        Value::Number(wanted) => match (node.as_i64(), wanted.as_i64()) {
            (Some(found), Some(wanted)) => found == wanted,
            _ => node.as_f64().is_some() && node.as_f64() == wanted.as_f64(),
        },
        Value::String(wanted) => node.as_str() == Some(wanted),
        Value::Array(wanted) => {
            node.kind() == Kind::Seq
                && node.len() == wanted.len()
                && node
                    .items()
                    .zip(wanted)
                    .all(|(item, wanted)| equals(item, wanted))
        }
        Value::Object(wanted) => {
            node.kind() == Kind::Map
                && node.len() == wanted.len()
                && wanted
                    .iter()
                    .all(|(key, wanted)| node.get(key).is_some_and(|found| equals(found, wanted)))
        }
    }
}
