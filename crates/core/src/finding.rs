//! Findings: one rule, broken at one node.

use crate::algebra::PatchOp;
use crate::document::Location;
use crate::rule::{Applicability, Rule};
use crate::{Object, ObjectRef};
use hardtack_tree::{Kind, Node};
use serde::Serialize;
use std::fmt;
use std::sync::Arc;

/// One rule, broken at one place.
#[derive(Clone, Debug)]
pub struct Finding {
    /// The rule.
    pub rule: Arc<Rule>,
    /// Whether it is broken for certain.
    pub result: FindingResult,
    /// What is there, and what must be.
    pub message: Box<str>,
    /// Where, and the line of the file.
    pub location: Location,
    /// The object; none in a Dockerfile.
    pub object: Option<Arc<ObjectRef>>,
    /// RFC 6901 pointer from the object's (or the Dockerfile's) root to the nearest node that exists.
    pub path: Box<str>,
    /// Pointer to the field that is wanted, where it is missing.
    pub field: Option<Box<str>>,
    /// The same for the same weakness, wherever it moves in its file.
    pub fingerprint: Fingerprint,
    /// Why someone accepted it, if someone did.
    pub excepted: Option<Box<Excepted>>,
    /// What would repair it.
    pub fixes: Vec<FindingFix>,
}

/// What a finding says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum FindingResult {
    /// The rule is broken.
    Fail,
    /// Whether it is broken depends on something outside of the input.
    Unknown,
}

/// A change that would repair a finding.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FindingFix {
    /// What applying it may cost.
    pub applicability: Applicability,
    /// The change as a JSON Patch (RFC 6902) of the object.
    pub patch: Vec<PatchOp>,
}

/// Why a finding is accepted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Excepted {
    /// Where the exception was written: `comment`, `annotation`, `configuration` or `baseline`.
    pub by: ExceptedBy,
    /// The reason given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<Box<str>>,
    /// Who answers for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<Box<str>>,
    /// The last day it holds, `2026-12-31`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires: Option<Box<str>>,
}

/// Where an exception was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ExceptedBy {
    /// A comment in the file.
    Comment,
    /// An annotation of the object.
    Annotation,
    /// The configuration file.
    Configuration,
    /// The baseline: it was there before.
    Baseline,
}

/// Identifies a finding across changes of its file: made of rule, object and path by names, not of lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Fingerprint(pub u64);

impl fmt::Display for Fingerprint {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{:016x}", self.0)
    }
}

impl std::str::FromStr for Fingerprint {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        u64::from_str_radix(text, 16).map(Self)
    }
}

impl Fingerprint {
    /// The fingerprint of a rule broken at `node` of an object. `missing` are the keys wanted below it.
    pub fn of_object(rule: &Rule, object: &Object<'_>, node: Node<'_>, missing: &[String]) -> Self {
        let mut hash = Hasher::new(&rule.id);
        for part in [object.group(), object.kind, object.namespace, object.name] {
            hash.part(part);
        }
        hash.steps(object.node, node);
        for key in missing {
            hash.part(key);
        }
        hash.finish()
    }

    /// The fingerprint of a rule broken in a file without objects: the file's name stands for the object.
    pub fn of_file(rule: &Rule, file: &str, root: Node<'_>, node: Node<'_>) -> Self {
        let mut hash = Hasher::new(&rule.id);
        hash.part(file);
        hash.steps(root, node);
        hash.finish()
    }

    /// The fingerprint of a rule broken at a node whose tree is gone; `way` is its [`Fingerprint::way`].
    pub(crate) fn of_way(rule: &Rule, object: &ObjectRef, way: u64) -> Self {
        let mut hash = Hasher::new(&rule.id);
        let group = object.api_version.split_once('/').map_or("", |(group, _)| group);
        let namespace = object.namespace.as_deref().unwrap_or_default();
        for part in [group, &object.kind, namespace, &object.name] {
            hash.part(part);
        }
        hash.part(&format!("{way:016x}"));
        hash.finish()
    }

    /// The way from an object to a node in it, items of lists by their names.
    pub(crate) fn way(object: Node<'_>, node: Node<'_>) -> u64 {
        let mut hash = Hasher::new("");
        hash.steps(object, node);
        hash.finish().0
    }
}

/// FNV-1a of 64 bits: fingerprints are kept in files, so the function must never change.
struct Hasher(u64);

impl Hasher {
    fn new(rule: &str) -> Self {
        let mut hash = Self(0xcbf2_9ce4_8422_2325);
        hash.part(rule);
        hash
    }

    fn part(&mut self, text: &str) {
        for byte in text.bytes().chain([0xFF]) {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }

    /// The way from `from` to `to`; items of lists by their `name`, where they have one.
    fn steps(&mut self, from: Node<'_>, to: Node<'_>) {
        let mut at = from;
        'descend: while at != to {
            for (index, item) in at.items().enumerate() {
                if to.is_within(item) {
                    match item.get("name").and_then(Node::as_str) {
                        Some(name) => self.part(name),
                        None if item.kind() == Kind::Map || item.kind() == Kind::Seq => {
                            self.part(&index.to_string());
                        }
                        None => self.part(&item.scalar()),
                    }
                    at = item;
                    continue 'descend;
                }
            }
            for (key, value) in at.entries() {
                if key == to {
                    self.part(&key.scalar());
                    return;
                }
                if to.is_within(value) {
                    self.part(&key.scalar());
                    at = value;
                    continue 'descend;
                }
            }
            return;
        }
    }

    fn finish(self) -> Fingerprint {
        Fingerprint(self.0)
    }
}
