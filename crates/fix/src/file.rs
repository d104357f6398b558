//! Files: documents come together, and are written whole or not at all.

use crate::{Fixed, Syntax, Unproven};
use hardtack_tree::{Span, json, yaml};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// The text of a file in which every change was proven: the only thing that is ever written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proven(String);

impl Proven {
    /// The text with the documents at these places replaced by what they were fixed to.
    ///
    /// The places must be those that [`yaml::split`] or [`json::split`] give, in order; documents without a fix may be
    /// left out.
    pub fn of(text: &str, syntax: Syntax, fixed: &[(Span, &Fixed)]) -> Result<Self, Unproven> {
        let split = |text: &str| -> Vec<Span> {
            match syntax {
                Syntax::Yaml => yaml::split(text).collect(),
                Syntax::Json => json::split(text).collect(),
            }
        };
        let old = split(text);
        let mut out = String::with_capacity(text.len() + text.len() / 8);
        let mut documents = Vec::with_capacity(old.len());
        let mut at = 0;
        let mut fixed = fixed.iter().peekable();
        for span in old {
            out.push_str(text.get(at..span.start as usize).unwrap_or_default());
            let document = match fixed.next_if(|(place, _)| *place == span) {
                Some((_, fixed)) => fixed.text(),
                None => span.of(text),
            };
            out.push_str(document);
            documents.push(document);
            at = span.end as usize;
        }
        out.push_str(text.get(at..).unwrap_or_default());
        let new = split(&out);
        let same = new.len() == documents.len()
            && new
                .iter()
                .zip(&documents)
                .all(|(span, document)| span.of(&out) == *document);
        if fixed.next().is_some() || !same {
            return Err(Unproven::Documents);
        }
        Ok(Self(out))
    }

    /// The text.
    pub fn text(&self) -> &str {
        &self.0
    }

    /// Puts the text in the place of the file at `path`, which must still hold `old`.
    ///
    /// It is written beside the file and then renamed, so that nobody ever sees half of it, and a full disk loses
    /// nothing. The mode stays. The error says why the file is as it was.
    pub fn write(&self, path: &Path, old: &str) -> Result<(), String> {
        // A link stays a link: what it leads to is replaced.
        let path = path.canonicalize().map_err(|error| error.to_string())?;
        let about = fs::metadata(&path).map_err(|error| error.to_string())?;
        if about.permissions().readonly() {
            return Err("the file is read-only".into());
        }
        still_holds(&path, old)?;
        let beside = beside(&path);
        let written = fill(&beside, &self.0, about.permissions())
            .map_err(|error| error.to_string())
            .and_then(|()| still_holds(&path, old))
            .and_then(|()| fs::rename(&beside, &path).map_err(|error| error.to_string()));
        if written.is_err() {
            // It may never have been made.
            let _ = fs::remove_file(&beside);
        }
        written
    }
}

fn beside(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.hardtack-{}", std::process::id()))
}

fn fill(path: &Path, text: &str, permissions: fs::Permissions) -> io::Result<()> {
    let mut file: File = OpenOptions::new().write(true).create_new(true).open(path)?;
    file.write_all(text.as_bytes())?;
    file.set_permissions(permissions)?;
    file.sync_all()
}

fn still_holds(path: &Path, old: &str) -> Result<(), String> {
    let now = fs::read(path).map_err(|error| error.to_string())?;
    if now == old.as_bytes() {
        return Ok(());
    }
    Err(match hardtack_tree::text::decode(now) {
        Ok(text) if text == old => "the file is not UTF-8: save it as UTF-8 first",
        _ => "the file was changed meanwhile: run it again",
    }
    .into())
}
