//! Findings, written for one reader each: a person at a terminal, a pull request, a dashboard, another program.
//!
//! Findings, workloads and a summary come in, one after the other as the scan goes on; bytes in one format go out.
//! A report never reads a file, never judges and never changes what was found. What a manifest says is data here:
//! it is escaped for the format, so that no text in it can become markup, a terminal's command or a script.
//!
//! Reports are written as findings come, so that memory does not grow with the input. What can only be said at the
//! end (totals, the worst workloads) is kept as counts.

mod advice;
mod excerpt;
mod github;
mod gitlab;
mod html;
mod json;
mod junit;
mod markdown;
mod markup;
mod sarif;
mod tally;
mod text;

use hardtack_core::pss::Workload;
use hardtack_core::{Counts, Finding, Inputs, Rule, Severity};
use serde::Serialize;
use std::fmt;
use std::io::{self, Write};
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

/// The name and the version that reports give for the tool that wrote them.
const TOOL: &str = "hardtack";
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// How a report is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// For people at a terminal.
    Text,
    /// For other programs; its schema is `docs/schema/report.schema.json`.
    Json,
    /// SARIF 2.1.0, for code scanning and editors.
    Sarif,
    /// JUnit's XML, for test reports.
    Junit,
    /// Workflow commands of GitHub Actions: annotations in a pull request.
    Github,
    /// GitLab's code quality report.
    Gitlab,
    /// Markdown, for a comment on a pull request.
    Markdown,
    /// One page with everything in it.
    Html,
}

impl Format {
    /// All formats, by the names they have on the command line.
    pub const NAMED: [(&'static str, Format); 8] = [
        ("text", Format::Text),
        ("json", Format::Json),
        ("sarif", Format::Sarif),
        ("junit", Format::Junit),
        ("github", Format::Github),
        ("gitlab", Format::Gitlab),
        ("markdown", Format::Markdown),
        ("html", Format::Html),
    ];

    /// The name on the command line.
    pub fn name(self) -> &'static str {
        let named = Self::NAMED.iter().find(|(_, format)| *format == self);
        named.map_or("", |(name, _)| name)
    }
}

impl FromStr for Format {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match Self::NAMED.iter().find(|(name, _)| *name == text) {
            Some((_, format)) => Ok(*format),
            None => {
                let names: Vec<_> = Self::NAMED.iter().map(|(name, _)| *name).collect();
                Err(format!(
                    "`{text}` is no format; expected one of {}",
                    names.join(", ")
                ))
            }
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(self.name())
    }
}

/// What a report must know before the first finding.
#[derive(Clone, Debug)]
pub struct Context {
    /// The rules that were asked for.
    pub rules: Arc<Vec<Arc<Rule>>>,
    /// From which severity on a finding makes the scan fail.
    pub fail_on: Severity,
    /// Whether text may be coloured.
    pub color: bool,
    /// How many columns a line of text may take.
    pub width: usize,
    /// The name of the profile that chose the rules.
    pub profile: String,
    /// The version of Kubernetes that was judged for, `1.37`.
    pub kubernetes_version: String,
    /// Whether people want to see what exceptions and the baseline hide.
    /// JSON, SARIF, JUnit and HTML hold it anyway, marked as accepted.
    pub show_excepted: bool,
    /// Whether text is only the summary.
    pub quiet: bool,
}

/// What is known after the last finding.
#[derive(Clone, Debug, Default)]
pub struct Summary {
    /// How many rules were asked for.
    pub rules: usize,
    /// How many of the objects hold pods.
    pub workloads: usize,
    /// Findings, counted.
    pub counts: Counts,
    /// What became of the inputs.
    pub inputs: Inputs,
    /// Exceptions that match nothing, and those that have expired.
    pub unused_exceptions: Vec<Notice>,
    /// What else a user should know.
    pub notices: Vec<Notice>,
    /// How long the scan took.
    pub elapsed: Duration,
}

/// Something to say about the scan itself, and where it comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Notice {
    /// What it is and what to do about it.
    pub message: String,
    /// The file it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<Arc<str>>,
    /// The 1-based line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
}

impl fmt::Display for Notice {
    /// `hardtack.yaml:12: message`
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(file) = &self.file {
            out.write_str(file)?;
            if let Some(line) = self.line {
                write!(out, ":{line}")?;
            }
            out.write_str(": ")?;
        }
        out.write_str(&self.message)
    }
}

/// A report that is being written. Findings of one file come together, in the order of the file.
pub trait Report {
    /// Takes one finding.
    fn finding(&mut self, finding: &Finding) -> io::Result<()>;

    /// Takes all findings of some files.
    fn findings(&mut self, findings: &[Finding]) -> io::Result<()> {
        findings.iter().try_for_each(|finding| self.finding(finding))
    }

    /// Takes one object that holds pods, with what the Pod Security Standards make of it.
    fn workload(&mut self, workload: &Workload) -> io::Result<()>;

    /// Writes what is left. Nothing may come after it.
    fn finish(&mut self, summary: &Summary) -> io::Result<()>;
}

/// Begins a report in `format` on `out`, which is best buffered.
pub fn report(format: Format, out: Box<dyn Write>, context: &Context) -> Box<dyn Report> {
    match format {
        Format::Text => Box::new(text::Text::new(out, context)),
        Format::Json => Box::new(json::Json::new(out, context)),
        Format::Sarif => Box::new(sarif::Sarif::new(out, context)),
        Format::Junit => Box::new(junit::Junit::new(out, context)),
        Format::Github => Box::new(github::Github::new(out, context)),
        Format::Gitlab => Box::new(gitlab::Gitlab::new(out, context)),
        Format::Markdown => Box::new(markdown::Markdown::new(out, context)),
        Format::Html => Box::new(html::Html::new(out, context)),
    }
}
