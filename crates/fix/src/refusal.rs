//! Why an edit is not made.

use std::fmt;

/// Why a text can't be edited as a patch asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The place is reached through an alias or a merge key.
    Alias,
    /// The place lies in an anchored value that is used elsewhere, too.
    Anchor,
    /// It is written in a way that the editor does not know.
    Unusual(&'static str),
    /// The patch does not fit the object.
    Patch(String),
}

impl fmt::Display for Refusal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refusal::Alias => out.write_str("the value comes from an alias or a merge key"),
            Refusal::Anchor => out.write_str("the value has an anchor and is used elsewhere, too"),
            Refusal::Unusual(what) => write!(out, "it is written in a way that can't be edited: {what}"),
            Refusal::Patch(why) => write!(out, "the fixes don't fit together: {why}"),
        }
    }
}

impl std::error::Error for Refusal {}
