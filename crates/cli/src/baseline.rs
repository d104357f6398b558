//! The baseline: fingerprints of what was there before.

use crate::Failure;
use hardtack_core::{Finding, Fingerprint};
use serde::{Deserialize, Serialize};
use std::collections::HashSet;
use std::fs;
use std::hash::BuildHasher;
use std::path::Path;

/// A baseline file, and also what a JSON report has in common with one.
#[derive(Deserialize)]
struct Known {
    schema: u32,
    findings: Vec<KnownFinding>,
}

#[derive(Deserialize)]
struct KnownFinding {
    fingerprint: String,
}

/// Reads a baseline file, or a JSON report.
pub fn read<S: BuildHasher + Default>(path: &Path) -> Result<HashSet<Fingerprint, S>, Failure> {
    let wrong = |error: String| Failure(format!("can't use the baseline {}: {error}", path.display()));
    let text = fs::read_to_string(path).map_err(|error| wrong(error.to_string()))?;
    let known: Known = serde_json::from_str(&text)
        .map_err(|error| wrong(format!("{error}; write one with --write-baseline")))?;
    if known.schema != 1 {
        return Err(wrong(format!("its schema is {}, expected 1", known.schema)));
    }
    known
        .findings
        .iter()
        .map(|finding| {
            finding
                .fingerprint
                .parse()
                .map_err(|_| wrong(format!("`{}` is no fingerprint", finding.fingerprint)))
        })
        .collect()
}

/// One entry of a baseline: the fingerprint counts, the rest is for people.
#[derive(Serialize)]
struct Entry {
    fingerprint: String,
    rule: String,
    file: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    object: Option<String>,
}

/// Collects findings for a new baseline.
#[derive(Default)]
pub struct Writer {
    entries: Vec<Entry>,
}

impl Writer {
    /// Takes a finding, unless an exception accepts it already.
    pub fn add(&mut self, finding: &Finding) {
        let accepted = finding.excepted.as_ref();
        if accepted.is_some_and(|excepted| excepted.by != hardtack_core::ExceptedBy::Baseline) {
            return;
        }
        self.entries.push(Entry {
            fingerprint: finding.fingerprint.to_string(),
            rule: finding.rule.id.to_string(),
            file: finding.location.file.to_string(),
            object: finding.object.as_ref().map(ToString::to_string),
        });
    }

    /// Writes the file; an old one is replaced whole.
    pub fn write(mut self, path: &Path) -> Result<usize, Failure> {
        self.entries
            .sort_by(|a, b| (&a.file, &a.rule, &a.fingerprint).cmp(&(&b.file, &b.rule, &b.fingerprint)));
        self.entries.dedup_by(|a, b| a.fingerprint == b.fingerprint);
        let count = self.entries.len();
        let text =
            serde_json::to_string_pretty(&serde_json::json!({ "schema": 1, "findings": self.entries }))?;
        let cannot = |error: std::io::Error| Failure(format!("can't write {}: {error}", path.display()));
        let mut beside = path.as_os_str().to_owned();
        beside.push(".new");
        fs::write(&beside, text + "\n").map_err(cannot)?;
        fs::rename(&beside, path).map_err(cannot)?;
        Ok(count)
    }
}
