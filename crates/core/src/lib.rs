//! The vocabulary of hardtack and its judge.
//!
//! Trees come in, with rules; findings go out. This crate does no input or output, starts no thread and knows
//! nothing of where an object came from: a file, a chart and an admission review are judged by the same function.

pub mod algebra;
mod checks;
mod document;
pub mod exception;
pub mod fields;
mod finding;
pub mod glob;
pub mod image;
mod inputs;
pub mod json;
mod judge;
mod object;
pub mod path;
pub mod pods;
pub mod pss;
pub mod quantity;
mod reads;
pub mod rule;
mod scan;
mod version;
pub mod world;

pub use document::{Document, Location};
pub use fields::FileError;
pub use finding::{Excepted, ExceptedBy, Finding, FindingFix, FindingResult, Fingerprint};
pub use inputs::{Counts, Failed, Inputs, Skipped};
pub use judge::{Judge, Verdict};
pub use object::{NotAnObject, Object, ObjectRef, objects};
pub use rule::{
    Applicability, Category, Each, Rule, RuleSet, RuleSettings, Selection, SelectionError, Settings, Severity,
};
pub use scan::Judged;
pub use version::KubernetesVersion;
