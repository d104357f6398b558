//! The account of everything that was given to be read, and what came of it.

use crate::{Finding, FindingResult, Severity};
use serde::Serialize;
use std::sync::Arc;

/// What became of the inputs: every one is read, skipped or failed.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Inputs {
    /// How many documents were judged: Kubernetes objects and Dockerfiles.
    pub read: usize,
    /// What was left out on purpose.
    pub skipped: Vec<Skipped>,
    /// What could not be read.
    pub failed: Vec<Failed>,
}

/// An input that was left out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Skipped {
    /// The file, as reports name it.
    pub path: Arc<str>,
    /// The 1-based line of the document, where only a part of the file was left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// Why.
    pub reason: String,
}

/// An input that could not be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Failed {
    /// The file, as reports name it.
    pub path: Arc<str>,
    /// 1-based line, where the place is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// 1-based column in characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<u32>,
    /// What was found and what was expected.
    pub reason: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
}

impl Inputs {
    /// Adds another account to this one.
    pub fn absorb(&mut self, other: Inputs) {
        self.read += other.read;
        self.skipped.extend(other.skipped);
        self.failed.extend(other.failed);
    }
}

/// Findings, counted. Those that are accepted or unknown are counted apart and not by severity.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Broken rules of severity critical.
    pub critical: usize,
    /// Of severity high.
    pub high: usize,
    /// Of severity medium.
    pub medium: usize,
    /// Of severity low.
    pub low: usize,
    /// Of those above, how many have a fix.
    pub fixable: usize,
    /// Accepted by an exception or the baseline.
    pub excepted: usize,
    /// Those whose answer lies outside of the input.
    pub unknown: usize,
}

impl Counts {
    /// Counts one more finding.
    pub fn add(&mut self, finding: &Finding) {
        if finding.excepted.is_some() {
            self.excepted += 1;
            return;
        }
        if finding.result == FindingResult::Unknown {
            self.unknown += 1;
            return;
        }
        *self.slot(finding.rule.severity) += 1;
        self.fixable += usize::from(!finding.fixes.is_empty());
    }

    /// Broken rules of that severity.
    pub fn of(&self, severity: Severity) -> usize {
        match severity {
            Severity::Critical => self.critical,
            Severity::High => self.high,
            Severity::Medium => self.medium,
            Severity::Low => self.low,
        }
    }

    /// Broken rules of all severities.
    pub fn total(&self) -> usize {
        self.critical + self.high + self.medium + self.low
    }

    /// Broken rules of that severity and worse ones.
    pub fn at_least(&self, severity: Severity) -> usize {
        let all = Severity::NAMED.iter().map(|(_, one)| *one);
        all.filter(|one| *one >= severity).map(|one| self.of(one)).sum()
    }

    fn slot(&mut self, severity: Severity) -> &mut usize {
        match severity {
            Severity::Critical => &mut self.critical,
            Severity::High => &mut self.high,
            Severity::Medium => &mut self.medium,
            Severity::Low => &mut self.low,
        }
    }
}
