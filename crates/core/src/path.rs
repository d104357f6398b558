//! Where a field is, as rules write it: `securityContext.capabilities.add`, `metadata.labels["team/name"]`.

use hardtack_tree::key_hash;
use std::fmt;

/// What a path starts from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Root {
    /// What the rule judges, or the element inside of `each` and `some`.
    Item,
    /// The whole object, or the whole Dockerfile.
    Object,
    /// The pod (or pod template) around the item: the node with `metadata` and `spec`.
    Pod,
    /// The container around the item.
    Container,
    /// The build stage around the item.
    Stage,
    /// The instruction around the item.
    Instruction,
}

impl Root {
    /// The words that begin a path from elsewhere than the item.
    pub const NAMED: [(&'static str, Root); 5] = [
        ("object", Root::Object),
        ("pod", Root::Pod),
        ("container", Root::Container),
        ("stage", Root::Stage),
        ("instruction", Root::Instruction),
    ];
}

/// One key of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segment {
    /// The key.
    pub key: Box<str>,
    /// Its [`key_hash`].
    pub hash: u32,
}

impl Segment {
    /// The segment of that key.
    pub fn new(key: &str) -> Self {
        Self {
            key: key.into(),
            hash: key_hash(key),
        }
    }
}

/// One step of a path as it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// A run of keys.
    Keys(Vec<Segment>),
    /// `[*]`: every element of a list, every value of a map.
    Every,
}

/// Reads a path. `.` alone is the item itself.
pub fn parse(text: &str) -> Result<(Root, Vec<Step>), String> {
    let mut keys = Vec::new();
    let mut steps = Vec::new();
    let mut rest = text;
    if text == "." {
        return Ok((Root::Item, steps));
    }
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix("[*]") {
            if !keys.is_empty() {
                steps.push(Step::Keys(std::mem::take(&mut keys)));
            }
            steps.push(Step::Every);
            rest = after;
        } else if rest.starts_with("[\"") || rest.starts_with("['") {
            let quote = &rest[1..2];
            let Some((key, after)) = rest[2..].split_once(&format!("{quote}]")) else {
                return Err(format!(
                    "the path `{text}` opens a quoted key that it does not close"
                ));
            };
            keys.push(Segment::new(key));
            rest = after;
        } else {
            let end = rest.find(['.', '[']).unwrap_or(rest.len());
            if end == 0 {
                return Err(format!("the path `{text}` has an empty key"));
            }
            keys.push(Segment::new(&rest[..end]));
            rest = &rest[end..];
        }
        match rest.strip_prefix('.') {
            Some("") => return Err(format!("the path `{text}` ends in a dot")),
            Some(after) => rest = after,
            None if rest.is_empty() || rest.starts_with('[') => {}
            None => return Err(format!("the path `{text}` needs a dot before `{rest}`")),
        }
    }
    if !keys.is_empty() {
        steps.push(Step::Keys(keys));
    }
    let mut root = Root::Item;
    if let Some(Step::Keys(first)) = steps.first_mut()
        && let Some((_, named)) = Root::NAMED.iter().find(|(word, _)| **word == *first[0].key)
    {
        root = *named;
        first.remove(0);
        if first.is_empty() {
            steps.remove(0);
        }
    }
    Ok((root, steps))
}

/// A run of keys as a person writes it, with dots.
pub struct Dotted<'a>(pub &'a [Segment]);

impl fmt::Display for Dotted<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, segment) in self.0.iter().enumerate() {
            if segment.key.contains(['.', '/', ' ']) {
                write!(out, "[\"{}\"]", segment.key)?;
            } else {
                if index > 0 {
                    out.write_str(".")?;
                }
                out.write_str(&segment.key)?;
            }
        }
        Ok(())
    }
}

/// Appends `key` to an RFC 6901 pointer.
pub fn push_pointer(pointer: &mut String, key: &str) {
    pointer.push('/');
    if key.contains(['~', '/']) {
        pointer.push_str(&key.replace('~', "~0").replace('/', "~1"));
    } else {
        pointer.push_str(key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_may_quote_keys_and_name_their_root() {
        let (root, steps) = parse("pod.metadata.annotations[\"a.b/c\"]").unwrap();
        assert_eq!(root, Root::Pod);
        let [Step::Keys(keys)] = &steps[..] else {
            panic!("{steps:?}")
        };
        assert_eq!(Dotted(keys).to_string(), "metadata.annotations[\"a.b/c\"]");
        assert_eq!(parse("ports[*].hostPort").unwrap().1.len(), 3);
        assert_eq!(parse("pod").unwrap(), (Root::Pod, vec![]));
        for wrong in ["a..b", "a.", "a[\"b", "[x]"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}
