//! What is wrong with a text, where, and what to do about it.

use std::fmt;

/// A text, or one document of it, that could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyntaxError {
    /// Byte offset in the file where reading stopped.
    pub at: u32,
    /// What was found and what was expected.
    pub message: String,
    /// What to do about it, where that is known.
    pub help: Option<String>,
}

impl SyntaxError {
    /// An error at byte `at` of the file.
    pub fn new(at: u32, message: impl Into<String>) -> Self {
        Self {
            at,
            message: message.into(),
            help: None,
        }
    }

    /// The same error with a remedy.
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

impl fmt::Display for SyntaxError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.message)?;
        match &self.help {
            Some(help) => write!(out, " ({help})"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for SyntaxError {}
