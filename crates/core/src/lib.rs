//! The vocabulary of hardtack and its judge.
//!
//! Trees come in, with rules; findings go out. This crate does no input or output, starts no thread and knows
//! nothing of where an object came from: a file, a chart and an admission review are judged by the same function.

pub mod algebra;
pub mod image;
pub mod json;
pub mod path;
pub mod quantity;
mod version;

pub use version::KubernetesVersion;
