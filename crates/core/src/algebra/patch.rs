//! JSON Patch (RFC 6902), as far as fixes need it.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One operation of a JSON Patch (RFC 6902).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PatchOp {
    /// What is done.
    pub op: PatchKind,
    /// RFC 6901 pointer from the object's root.
    pub path: String,
    /// What is written; none for `remove`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub value: Option<Value>,
}

/// What a [`PatchOp`] does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PatchKind {
    /// Adds a key or an item.
    Add,
    /// Replaces a value.
    Replace,
    /// Removes a key or an item.
    Remove,
}

impl PatchOp {
    /// Does it to `target`. An `add` below a map that another fix has made meanwhile is merged into it.
    pub fn apply(&self, target: &mut Value) -> Result<(), String> {
        let nowhere = || format!("`{}` leads nowhere", self.path);
        let value = || self.value.clone().unwrap_or(Value::Null);
        if self.path.is_empty() {
            *target = value();
            return Ok(());
        }
        let (parent, last) = self.path.rsplit_once('/').ok_or_else(nowhere)?;
        let key = last.replace("~1", "/").replace("~0", "~");
        match (target.pointer_mut(parent).ok_or_else(nowhere)?, self.op) {
            (Value::Object(map), PatchKind::Remove) => map.shift_remove(&key).map(drop).ok_or_else(nowhere),
            (Value::Object(map), PatchKind::Replace) => match map.get_mut(&key) {
                Some(slot) => {
                    *slot = value();
                    Ok(())
                }
                None => Err(nowhere()),
            },
            (Value::Object(map), PatchKind::Add) => {
                merge(map.entry(key).or_insert(Value::Null), value());
                Ok(())
            }
            (Value::Array(list), PatchKind::Add) if key == "-" => {
                list.push(value());
                Ok(())
            }
            (Value::Array(list), op) => {
                let index: usize = key.parse().map_err(|_| nowhere())?;
                match op {
                    PatchKind::Add if index <= list.len() => list.insert(index, value()),
                    PatchKind::Replace if index < list.len() => list[index] = value(),
                    PatchKind::Remove if index < list.len() => drop(list.remove(index)),
                    _ => return Err(nowhere()),
                }
                Ok(())
            }
            (null @ Value::Null, PatchKind::Add) => {
                *null = Value::Object([(key, value())].into_iter().collect());
                Ok(())
            }
            _ => Err(nowhere()),
        }
    }
}

fn merge(into: &mut Value, value: Value) {
    match (into, value) {
        (Value::Object(old), Value::Object(new)) => {
            for (key, value) in new {
                merge(old.entry(key).or_insert(Value::Null), value);
            }
        }
        (slot, value) => *slot = value,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn two_fixes_of_one_missing_map_come_together() {
        let mut target = json!({"name": "web"});
        for (key, flag) in [("privileged", false), ("readOnlyRootFilesystem", true)] {
            let op = PatchOp {
                op: PatchKind::Add,
                path: "/securityContext".into(),
                value: Some(json!({ key: flag })),
            };
            op.apply(&mut target).unwrap();
        }
        let wanted = json!({"privileged": false, "readOnlyRootFilesystem": true});
        assert_eq!(target["securityContext"], wanted);
    }
}
