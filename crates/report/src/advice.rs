//! What to do about a finding, in English.

use hardtack_core::algebra::{PatchKind, PatchOp};
use hardtack_core::{Applicability, Finding, FindingFix};
use serde_json::Value;
use std::fmt::Write;

/// What repairs `finding`: its fix in words, else the rule's remedy.
pub fn advice(finding: &Finding) -> Option<(&'static str, String)> {
    match finding.fixes.first() {
        Some(fix) => Some((label(fix.applicability), steps(finding, fix))),
        None => finding
            .rule
            .remedy
            .as_deref()
            .map(|remedy| ("help", remedy.to_owned())),
    }
}

/// What comes before the words of a fix.
pub fn label(applicability: Applicability) -> &'static str {
    match applicability {
        Applicability::Safe => "fix",
        Applicability::NeedsValue => "fix, with your value",
        Applicability::MayBreak => "fix, may break",
    }
}

/// A fix in words: ``set `securityContext.allowPrivilegeEscalation: false` ``.
pub fn steps(finding: &Finding, fix: &FindingFix) -> String {
    let mut out = String::new();
    for (index, op) in fix.patch.iter().enumerate() {
        if index > 0 {
            out.push_str(", ");
        }
        step(finding, op, &mut out);
    }
    out
}

fn step(finding: &Finding, op: &PatchOp, out: &mut String) {
    let (base, place) = base(&finding.path, &op.path);
    let keys = op.path.get(base..).unwrap_or_default();
    // Writing to a String does not fail.
    let _ = match (op.op, &op.value) {
        (PatchKind::Remove, _) => match keys.rsplit_once('/') {
            Some((list, index)) if is_index(index) => match value_at(finding, op) {
                Some(text) => write!(out, "remove `{text}` from `{}`", dotted(list)),
                None => write!(out, "remove `{}`", dotted(keys)),
            },
            _ => write!(out, "remove `{}`", dotted(keys)),
        },
        (_, Some(value)) => match keys.strip_suffix("/-") {
            Some(list) => write!(out, "add `{}` to `{}`", flow(value), dotted(list)),
            None => {
                let mut path = dotted(keys);
                let value = descend(value, &mut path);
                if path.is_empty() {
                    write!(out, "set it to `{}`", flow(value))
                } else {
                    write!(out, "set `{path}: {}`", flow(value))
                }
            }
        },
        (_, None) => write!(out, "set `{}`", dotted(keys)),
    };
    out.push_str(place);
}

/// How much of the pointer `path` need not be said: a finding in a container speaks of the container's fields.
/// With it, the words that say where else the field is.
fn base(at: &str, path: &str) -> (usize, &'static str) {
    let mut end = 0;
    let mut container = None;
    let mut key = "";
    let mut offset = 0;
    for segment in at.split('/').skip(1) {
        let begin = offset;
        offset += 1 + segment.len();
        if is_index(segment) {
            if matches!(key, "containers" | "initContainers" | "ephemeralContainers") {
                container = Some(begin - key.len() - 1);
            }
            let inside =
                path.len() > offset && path.starts_with(&at[..offset]) && path[offset..].starts_with('/');
            if inside {
                end = offset;
            }
        }
        key = segment;
    }
    match container {
        Some(spec) if end == 0 && path.starts_with(&at[..spec]) && path[spec..].starts_with('/') => {
            (spec, " in the pod's spec")
        }
        _ => (end, ""),
    }
}

fn is_index(segment: &str) -> bool {
    !segment.is_empty() && segment.bytes().all(|byte| byte.is_ascii_digit())
}

/// The text that the finding points at, where this is what `op` changes.
fn value_at<'f>(finding: &'f Finding, op: &PatchOp) -> Option<&'f str> {
    let place = &finding.location;
    if *op.path != *finding.path || place.start.line != place.end.line {
        return None;
    }
    let at = |column: u32| {
        let index = column as usize - 1;
        let line = &place.line;
        line.char_indices()
            .map(|(at, _)| at)
            .chain([line.len()])
            .nth(index)
    };
    let text = place.line.get(at(place.start.column)?..at(place.end.column)?)?;
    let bare = text.trim_matches(['"', '\'']);
    (!bare.is_empty() && !bare.contains('`')).then_some(bare)
}

/// A pointer as a person writes it: `spec.containers[0].name`.
pub fn dotted(pointer: &str) -> String {
    let mut out = String::with_capacity(pointer.len());
    for segment in pointer.split('/').skip(1) {
        push_key(&mut out, segment);
    }
    out
}

fn push_key(out: &mut String, segment: &str) {
    let key = if segment.contains('~') {
        segment.replace("~1", "/").replace("~0", "~")
    } else {
        segment.to_owned()
    };
    let _ = if is_index(&key) {
        write!(out, "[{key}]")
    } else if key.contains(['.', '/', ' ', '[', '"']) {
        write!(out, "[{key:?}]")
    } else {
        let dot = if out.is_empty() { "" } else { "." };
        write!(out, "{dot}{key}")
    };
}

/// Goes down maps of one key, and adds the keys to `path`.
fn descend<'v>(mut value: &'v Value, path: &mut String) -> &'v Value {
    while let Value::Object(map) = value
        && map.len() == 1
        && let Some((key, inner)) = map.iter().next()
    {
        push_key(path, &key.replace('~', "~0").replace('/', "~1"));
        value = inner;
    }
    value
}

/// A value as YAML's flow style has it.
pub fn flow(value: &Value) -> String {
    let mut out = String::new();
    push_flow(value, &mut out);
    out
}

fn push_flow(value: &Value, out: &mut String) {
    match value {
        Value::String(text) if is_plain(text) => out.push_str(text),
        Value::Array(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                out.push_str(if index > 0 { ", " } else { "" });
                push_flow(item, out);
            }
            out.push(']');
        }
        Value::Object(map) => {
            out.push('{');
            for (index, (key, value)) in map.iter().enumerate() {
                out.push_str(if index > 0 { ", " } else { "" });
                push_flow(&Value::String(key.clone()), out);
                out.push_str(": ");
                push_flow(value, out);
            }
            out.push('}');
        }
        scalar => {
            let _ = write!(out, "{scalar}");
        }
    }
}

/// Whether YAML reads `text` as this string without quotes.
pub fn is_plain(text: &str) -> bool {
    const WORDS: [&str; 9] = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"];
    let mut bytes = text.bytes();
    bytes.next().is_some_and(|first| first.is_ascii_alphabetic())
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || b"_-./".contains(&byte))
        && !WORDS.contains(&text.to_ascii_lowercase().as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_finding_in_a_container_speaks_of_the_containers_fields() {
        let at = "/spec/template/spec/containers/0/securityContext";
        let own = "/spec/template/spec/containers/0/securityContext/privileged";
        let (end, place) = base(at, own);
        assert_eq!(
            (dotted(&own[end..]).as_str(), place),
            ("securityContext.privileged", "")
        );
        let pods = "/spec/template/spec/securityContext";
        let (end, place) = base(at, pods);
        assert_eq!(
            (dotted(&pods[end..]).as_str(), place),
            ("securityContext", " in the pod's spec")
        );
        let other = "/metadata/annotations/a.b~1c";
        let (end, place) = base(at, other);
        assert_eq!(
            (dotted(&other[end..]).as_str(), place),
            ("metadata.annotations[\"a.b/c\"]", "")
        );
    }

    #[test]
    fn nested_maps_read_as_one_path_and_strings_are_quoted_where_yaml_needs_it() {
        let value = json!({"capabilities": {"drop": ["ALL", "no", "a b", 5]}});
        let mut path = "securityContext".to_owned();
        let inner = descend(&value, &mut path);
        assert_eq!(path, "securityContext.capabilities.drop");
        assert_eq!(flow(inner), "[ALL, \"no\", \"a b\", 5]");
    }
}
