//! Where bytes come from.
//!
//! Targets come in: files, directories, charts, kustomizations, standard input. What goes out is a list of
//! [`Input`]s, each of which becomes documents with trees when it is read, and an account of everything that was
//! skipped or could not be read. This crate knows no rule and judges nothing.

mod input;
mod kustomization;
mod look;
mod read;
mod render;
mod walk;

pub use input::{Body, Input, Language};
pub use look::{language_of_name, language_of_text};
pub use read::{Parsed, Text};
pub use walk::{Options, Plan, plan};
