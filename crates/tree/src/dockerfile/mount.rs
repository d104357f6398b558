//! `--mount=type=secret,id=token`: a list of fields.
//! Source: the documentation of `RUN --mount`.

use super::value::Value;
use crate::Span;

/// The fields of one mount, with the names that Docker's documentation prefers. No name stands twice.
pub(super) type Mount = Vec<(&'static str, MountValue)>;

#[derive(Clone, Debug)]
pub(super) enum MountValue {
    Switch(bool, Span),
    Text(Value),
}

/// Every name of a field, and the one it is told by.
const FIELDS: [(&str, &str); 19] = [
    ("type", "type"),
    ("target", "target"),
    ("dst", "target"),
    ("destination", "target"),
    ("source", "source"),
    ("src", "source"),
    ("from", "from"),
    ("id", "id"),
    ("env", "env"),
    ("mode", "mode"),
    ("uid", "uid"),
    ("gid", "gid"),
    ("size", "size"),
    ("sharing", "sharing"),
    ("required", "required"),
    ("readonly", "readonly"),
    ("ro", "readonly"),
    ("readwrite", "rw"),
    ("rw", "rw"),
];
const SWITCHES: [&str; 3] = ["required", "readonly", "rw"];

/// Reads a mount. Fields that Docker does not know are left out; `type` is always there.
pub(super) fn read(value: &Value, file: &str) -> Mount {
    let mut mount = Mount::new();
    let exact = value.span.of(file) == value.text;
    let mut at = value.span.start;
    for field in value.text.split(',') {
        let span = if exact {
            Span::new(at, at + field.len() as u32)
        } else {
            value.span
        };
        at += field.len() as u32 + 1;
        let (name, text) = match field.split_once('=') {
            Some((name, text)) => (name, Some(text)),
            None => (field, None),
        };
        let name = name.trim().to_ascii_lowercase();
        let Some((_, name)) = FIELDS.iter().find(|(known, _)| *known == name) else {
            continue;
        };
        let read = match text {
            text if SWITCHES.contains(name) => {
                let truth = !matches!(text.map(str::to_ascii_lowercase).as_deref(), Some("false" | "0"));
                MountValue::Switch(truth, span)
            }
            Some(text) => {
                let span = if exact {
                    Span::new(span.end - text.len() as u32, span.end)
                } else {
                    span
                };
                let text = text.trim_matches('"');
                MountValue::Text(Value {
                    text: text.into(),
                    span,
                    unresolved: value.unresolved && text.contains('$'),
                })
            }
            None => continue,
        };
        mount.retain(|(known, _)| known != name);
        mount.push((name, read));
    }
    if !mount.iter().any(|(name, _)| *name == "type") {
        mount.insert(0, ("type", MountValue::Text(Value::new("bind", value.span))));
    }
    mount
}
