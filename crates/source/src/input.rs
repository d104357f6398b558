//! One thing to read.

use std::path::PathBuf;
use std::sync::Arc;

/// One text that will be read and judged.
#[derive(Clone, Debug)]
pub struct Input {
    /// How reports name it: the path as given, with `/` between its parts.
    pub name: Arc<str>,
    /// What it is written in; `None` where only its text can tell.
    pub language: Option<Language>,
    /// Where its bytes are.
    pub body: Body,
    /// Whether someone asked for this very file: then it is told why it holds nothing to judge.
    pub explicit: bool,
    /// Size in bytes, as far as it is known before reading.
    pub size: u64,
}

/// Where the bytes of an input are.
#[derive(Clone, Debug)]
pub enum Body {
    /// In a file.
    File(PathBuf),
    /// On standard input.
    Stdin,
    /// Here: what a chart or a kustomization was rendered to.
    Rendered(Arc<str>),
}

/// What a text is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Language {
    /// YAML, one document or more.
    Yaml,
    /// JSON, one value.
    Json,
    /// A Dockerfile or Containerfile.
    Dockerfile,
}
