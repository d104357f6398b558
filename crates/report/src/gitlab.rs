//! GitLab's code quality report: an array of what Code Climate's format has, as far as GitLab reads it.

use crate::{Context, Report, Summary};
use hardtack_core::pss::Workload;
use hardtack_core::{Finding, FindingResult, Severity};
use serde::Serialize;
use std::collections::HashMap;
use std::io::{self, Write};

/// A report for GitLab.
pub struct Gitlab {
    out: Box<dyn Write>,
    line: Vec<u8>,
    seen: HashMap<u64, u32>,
    begun: bool,
}

#[derive(Serialize)]
struct Entry<'a> {
    description: &'a str,
    check_name: &'a str,
    fingerprint: String,
    severity: &'static str,
    location: Place<'a>,
}

#[derive(Serialize)]
struct Place<'a> {
    path: &'a str,
    lines: Lines,
}

#[derive(Serialize)]
struct Lines {
    begin: u32,
}

impl Gitlab {
    /// Begins a report.
    pub fn new(out: Box<dyn Write>, _: &Context) -> Self {
        Self {
            out,
            line: Vec::with_capacity(512),
            seen: HashMap::new(),
            begun: false,
        }
    }

    /// GitLab drops what has a fingerprint that it has seen: the same object in two files has the same.
    fn fingerprint(&mut self, finding: &Finding) -> String {
        let times = self.seen.entry(finding.fingerprint.0).or_default();
        *times += 1;
        match *times {
            1 => finding.fingerprint.to_string(),
            more => format!("{}-{more}", finding.fingerprint),
        }
    }
}

impl Report for Gitlab {
    fn finding(&mut self, finding: &Finding) -> io::Result<()> {
        if finding.excepted.is_some() {
            return Ok(());
        }
        self.line.clear();
        self.line
            .extend_from_slice(if self.begun { b",\n" } else { b"[\n" });
        self.begun = true;
        let place = &finding.location;
        let entry = Entry {
            description: &finding.message,
            check_name: &finding.rule.id,
            fingerprint: self.fingerprint(finding),
            severity: severity(finding),
            location: Place {
                path: place.file.strip_prefix("./").unwrap_or(&place.file),
                lines: Lines {
                    begin: place.start.line,
                },
            },
        };
        serde_json::to_writer(&mut self.line, &entry)?;
        self.out.write_all(&self.line)
    }

    fn workload(&mut self, _: &Workload) -> io::Result<()> {
        Ok(())
    }

    fn finish(&mut self, _: &Summary) -> io::Result<()> {
        self.out.write_all(if self.begun { b"\n]\n" } else { b"[]\n" })?;
        self.out.flush()
    }
}

fn severity(finding: &Finding) -> &'static str {
    match (finding.result, finding.rule.severity) {
        (FindingResult::Unknown, _) => "info",
        (_, Severity::Critical) => "blocker",
        (_, Severity::High) => "critical",
        (_, Severity::Medium) => "major",
        (_, Severity::Low) => "minor",
    }
}
