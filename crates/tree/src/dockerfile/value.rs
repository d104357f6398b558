//! A word with its place.

use super::mapped::Mapped;
use crate::Span;
use std::ops::Range;

/// A word of the file: what it means, and where it is written.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Value {
    pub(super) text: String,
    pub(super) span: Span,
    /// Whether the meaning depends on something outside of the file.
    pub(super) unresolved: bool,
}

impl Value {
    pub(super) fn new(text: impl Into<String>, span: Span) -> Self {
        Self {
            text: text.into(),
            span,
            unresolved: false,
        }
    }

    /// A part of `text` as it is written.
    pub(super) fn written(text: &Mapped<'_>, range: Range<usize>) -> Self {
        let span = text.span(range.start, range.end);
        Self::new(text.as_str().get(range).unwrap_or_default(), span)
    }
}
