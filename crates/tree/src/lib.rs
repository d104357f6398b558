//! Text in, trees out.
//!
//! What comes in is the text of one file: YAML, JSON or a Dockerfile. What goes out is one [`Tree`] a document,
//! in which every node (scalar, map, list) knows the bytes it was written with. The tree is the only object
//! model of hardtack: whatever is judged, is judged on it.
//!
//! This crate knows nothing of Kubernetes, of rules or of files, and never panics on input: bad text is a
//! [`SyntaxError`] with its place and a remedy, and the documents around it are still read.

mod builder;
pub mod dockerfile;
mod error;
pub mod json;
mod merge;
mod node;
mod span;
pub mod text;
pub mod yaml;

pub use builder::{Builder, Limits, Stored};
pub use error::SyntaxError;
pub use node::{Entries, Items, Kind, Node, NodeId, Step, Style, Tree, key_hash};
pub use span::{Lines, Position, Span};
