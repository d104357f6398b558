//! From an input's bytes to the trees of its documents.

use crate::walk::unreadable;
use crate::{Body, Input, Language, language_of_text};
use hardtack_core::{Failed, Skipped};
use hardtack_tree::{Limits, Lines, Span, SyntaxError, Tree, dockerfile, json, text, yaml};
use std::borrow::Cow;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;

/// Larger files are not read: no manifest is that large, and most that are, are data.
pub const LARGEST_FILE: u64 = 64 << 20;

/// The text of an input, in memory.
#[derive(Debug)]
pub struct Text {
    /// How reports name it.
    pub name: Arc<str>,
    /// What it is written in.
    pub language: Language,
    /// Whether someone asked for this very file.
    pub explicit: bool,
    rendered: bool,
    text: String,
}

/// What stands at one place of a text.
#[derive(Debug)]
pub enum Parsed<'t> {
    /// Kubernetes objects, as far as one can tell: YAML or JSON.
    Manifest {
        /// Its tree.
        tree: Tree<'t>,
        /// The document's bytes in the file.
        span: Span,
        /// The template it was rendered from, as Helm writes it: `# Source: chart/templates/deployment.yaml`.
        template: Option<Cow<'t, str>>,
    },
    /// A Dockerfile.
    Dockerfile(Tree<'t>),
    /// Left out.
    Skipped(Skipped),
    /// Broken.
    Failed(Failed),
}

impl Input {
    /// Reads the text. What can't be read is an error that says why and what to do.
    pub fn read(&self) -> Result<Text, Failed> {
        let failed = |reason: String, help: &str| Failed {
            path: self.name.clone(),
            line: None,
            column: None,
            reason,
            help: (!help.is_empty()).then(|| help.to_owned()),
        };
        let text = match &self.body {
            Body::Rendered(text) => text.to_string(),
            body => {
                let bytes = match body {
                    Body::File(path) => File::open(path).and_then(|file| limited(file, self.size)),
                    _ => limited(io::stdin().lock(), 0),
                };
                let bytes = bytes.map_err(|error| unreadable(Path::new(&*self.name), &error))?;
                if bytes.len() as u64 > LARGEST_FILE {
                    return Err(failed(
                        format!("larger than {} MB", LARGEST_FILE >> 20),
                        "split it, or leave it out",
                    ));
                }
                text::decode(bytes).map_err(|error| failed(error.to_string(), error.help()))?
            }
        };
        Ok(Text {
            name: self.name.clone(),
            language: self.language.unwrap_or_else(|| language_of_text(&text)),
            explicit: self.explicit,
            rendered: matches!(self.body, Body::Rendered(_)),
            text,
        })
    }
}

/// Reads at most one byte more than is allowed.
fn limited(from: impl Read, expected: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(expected.min(LARGEST_FILE) as usize + 1);
    from.take(LARGEST_FILE + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

impl Text {
    /// The text itself.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Where its documents stand. They can be parsed one by one, in any order.
    pub fn documents(&self) -> Vec<Span> {
        match self.language {
            Language::Yaml => yaml::split(&self.text).collect(),
            Language::Json => json::split(&self.text).collect(),
            Language::Dockerfile => vec![Span::new(0, self.text.len() as u32)],
        }
    }

    /// Parses one of the [`Text::documents`]. `None` where there is nothing but comments.
    pub fn parse(&self, document: Span, limits: &Limits) -> Option<Parsed<'_>> {
        let parsed = match self.language {
            // Before parsing: `{{ .Values.x }}` is by accident a map in a map.
            Language::Yaml if yaml::looks_like_template(document.of(&self.text)) => {
                return Some(Parsed::Skipped(Skipped {
                    path: self.name.clone(),
                    line: None,
                    reason: "a Helm template; scan its chart, so that it is rendered first".into(),
                }));
            }
            Language::Yaml => yaml::parse(&self.text, document, limits),
            Language::Json => json::parse_at(&self.text, document, limits),
            Language::Dockerfile => {
                return Some(match dockerfile::parse(&self.text, limits) {
                    Ok(tree) => Parsed::Dockerfile(tree),
                    Err(error) => Parsed::Failed(self.failed(&error)),
                });
            }
        };
        match parsed {
            Ok(None) => None,
            Ok(Some(tree)) => Some(Parsed::Manifest {
                tree,
                span: document,
                template: template(document.of(&self.text)).map(|name| self.in_chart(name)),
            }),
            Err(error) => Some(Parsed::Failed(self.failed(&error))),
        }
    }

    /// The path of a template, given as helm names it: with the chart's name before it, instead of the chart's folder.
    fn in_chart<'n>(&self, template: &'n str) -> Cow<'n, str> {
        match template.split_once('/') {
            Some((_, inside)) if self.rendered => Cow::Owned(format!("{}/{inside}", self.name)),
            _ => Cow::Borrowed(template),
        }
    }

    fn failed(&self, error: &SyntaxError) -> Failed {
        let at = Lines::new(&self.text).position(error.at);
        Failed {
            path: self.name.clone(),
            line: Some(at.line),
            column: Some(at.column),
            reason: error.message.clone(),
            help: error.help.clone(),
        }
    }
}

/// The template that `helm template` names above a document.
fn template(document: &str) -> Option<&str> {
    for line in document.lines().take(4) {
        match line.strip_prefix("# Source: ") {
            Some(name) => return Some(name.trim()),
            None if line.starts_with("---") || line.starts_with('#') || line.trim().is_empty() => {}
            None => return None,
        }
    }
    None
}
