//! The evidence that an edit did what it should, and nothing else.

use crate::{Change, Syntax};
use hardtack_core::{Finding, Fingerprint, json};
use hardtack_tree::{Limits, NodeId, Span, SyntaxError, Tree, yaml};
use serde_json::Value;
use std::collections::{HashMap, HashSet};
use std::fmt;

/// What a proof could not show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unproven {
    /// The new text can't be read.
    Broken(SyntaxError),
    /// The new tree is not the old one with the patches.
    Differs,
    /// A finding that was to be fixed is still there: the rule.
    StillThere(Box<str>),
    /// A finding came that was not there: the rule and what it says.
    New(Box<str>, Box<str>),
    /// The documents of the file are not those that were proven.
    Documents,
}

impl fmt::Display for Unproven {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Unproven::Broken(error) => write!(out, "the fixed text can't be read: {error}"),
            Unproven::Differs => out.write_str("the fixed text would change something else, too"),
            Unproven::StillThere(rule) => write!(out, "`{rule}` would still be broken"),
            Unproven::New(rule, message) => write!(out, "`{rule}` would be broken: {message}"),
            Unproven::Documents => out.write_str("the fixed file would have other documents"),
        }
    }
}

impl std::error::Error for Unproven {}

/// Reads one document that is a text of its own.
pub(crate) fn parse(text: &str, syntax: Syntax) -> Result<Option<Tree<'_>>, SyntaxError> {
    let whole = Span::new(0, text.len() as u32);
    match syntax {
        Syntax::Yaml => yaml::parse(text, whole, &Limits::default()),
        Syntax::Json => hardtack_tree::json::parse_at(text, whole, &Limits::default()),
    }
}

/// Whether the tree `new` is `old` with exactly the `changes`.
pub(crate) fn is_patched(old: &Tree<'_>, changes: &[Change], new: &Tree<'_>) -> Result<(), Unproven> {
    let mut wanted = json::to_json(old.root());
    for change in changes {
        let pointer = old.pointer(change.object);
        let object = wanted.pointer_mut(&pointer).ok_or(Unproven::Differs)?;
        for op in &change.ops {
            op.apply(object).map_err(|_| Unproven::Differs)?;
        }
    }
    if is_same(&wanted, &json::to_json(new.root())) {
        Ok(())
    } else {
        Err(Unproven::Differs)
    }
}

/// Equality with the order of keys: an edit moves nothing.
fn is_same(wanted: &Value, found: &Value) -> bool {
    match (wanted, found) {
        (Value::Object(wanted), Value::Object(found)) => {
            wanted.len() == found.len()
                && wanted
                    .iter()
                    .zip(found)
                    .all(|((key, value), (other, theirs))| key == other && is_same(value, theirs))
        }
        (Value::Array(wanted), Value::Array(found)) => {
            wanted.len() == found.len() && wanted.iter().zip(found).all(|(a, b)| is_same(a, b))
        }
        _ => wanted == found,
    }
}

/// The objects of `changes` that are not in `new` what they should be.
pub(crate) fn differing(old: &Tree<'_>, changes: &[Change], new: &Tree<'_>) -> Vec<NodeId> {
    let mut wanted = json::to_json(old.root());
    let found = json::to_json(new.root());
    let mut differ = Vec::new();
    for change in changes {
        let pointer = old.pointer(change.object);
        let Some(object) = wanted.pointer_mut(&pointer) else {
            continue;
        };
        let applied = change.ops.iter().all(|op| op.apply(object).is_ok());
        if !applied
            || found
                .pointer(&pointer)
                .is_none_or(|found| !is_same(object, found))
        {
            differ.push(change.object);
        }
    }
    differ
}

/// The findings of `after` that should not be there: those of `fixed`, and those that are new. Accepted findings count
/// like none.
pub(crate) fn unwanted<'f, 'a>(
    before: &[Finding],
    fixed: impl Iterator<Item = &'f Finding>,
    after: &'a [Finding],
) -> Vec<(&'a Finding, Unproven)> {
    let mut allowed: HashMap<Fingerprint, isize> = HashMap::new();
    for finding in before.iter().filter(|finding| finding.excepted.is_none()) {
        *allowed.entry(finding.fingerprint).or_default() += 1;
    }
    let known: HashSet<_> = allowed.keys().copied().collect();
    for finding in fixed {
        *allowed.entry(finding.fingerprint).or_default() -= 1;
    }
    let mut unwanted = Vec::new();
    for finding in after.iter().filter(|finding| finding.excepted.is_none()) {
        let left = allowed.entry(finding.fingerprint).or_default();
        *left -= 1;
        if *left < 0 {
            let rule = finding.rule.id.clone();
            let unproven = if known.contains(&finding.fingerprint) {
                Unproven::StillThere(rule)
            } else {
                Unproven::New(rule, finding.message.clone())
            };
            unwanted.push((finding, unproven));
        }
    }
    unwanted
}
