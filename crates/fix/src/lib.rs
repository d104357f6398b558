//! Edits on nodes become edits of text, with the proof that nothing else changed.
//!
//! What comes in is a text and the patches of its objects. What goes out is a new text that differs from the old one
//! only where the patches say so: comments, order, quotes, indentation and line ends stay. This crate judges with the
//! judge it is given, and it writes no file but with a text that is [`Proven`].

mod document;
mod draft;
mod edit;
mod file;
mod proof;
mod refusal;
mod scalar;

pub use document::{Fixed, Left, Wanted, Why, fix};
pub use edit::{Change, Syntax, apply};
pub use file::Proven;
pub use proof::Unproven;
pub use refusal::Refusal;
