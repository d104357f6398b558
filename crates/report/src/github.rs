//! Workflow commands of GitHub Actions: `::error file=deploy.yaml,line=3::message` becomes an annotation.
//!
//! GitHub shows ten errors, ten warnings and ten notices of a step, the first ones. So what is critical is written
//! before what is high; medium and low findings become warnings and notices and don't compete with these.

use crate::advice::advice;
use crate::{Context, Notice, Report, Summary};
use hardtack_core::pss::Workload;
use hardtack_core::{Finding, FindingResult, Severity};
use std::fmt::Write as _;
use std::io::{self, Write};

/// So many bytes of errors are held to be written after the worse ones.
const HELD: usize = 8 << 20;

/// A report in workflow commands.
pub struct Github {
    out: Box<dyn Write>,
    line: String,
    held: String,
}

impl Github {
    /// Begins a report.
    pub fn new(out: Box<dyn Write>, _: &Context) -> Self {
        Self {
            out,
            line: String::with_capacity(512),
            held: String::new(),
        }
    }

    /// Writes one command about the scan itself.
    fn say(
        &mut self,
        level: &str,
        title: &str,
        file: Option<&str>,
        at: [Option<u32>; 2],
        text: &str,
    ) -> io::Result<()> {
        let mut line = format!("::{level} ");
        if let Some(file) = file {
            line.push_str("file=");
            push_property(&mut line, file);
            for (key, number) in ["line", "col"].into_iter().zip(at) {
                if let Some(number) = number {
                    let _ = write!(line, ",{key}={number}");
                }
            }
            line.push(',');
        }
        line.push_str("title=");
        push_property(&mut line, title);
        line.push_str("::");
        push_data(&mut line, text);
        line.push('\n');
        self.out.write_all(line.as_bytes())
    }
}

impl Report for Github {
    fn finding(&mut self, finding: &Finding) -> io::Result<()> {
        if finding.excepted.is_some() {
            return Ok(());
        }
        self.line.clear();
        command(&mut self.line, finding);
        let waits = finding.result == FindingResult::Fail && finding.rule.severity == Severity::High;
        if waits && self.held.len() < HELD {
            self.held.push_str(&self.line);
            return Ok(());
        }
        self.out.write_all(self.line.as_bytes())
    }

    fn workload(&mut self, _: &Workload) -> io::Result<()> {
        Ok(())
    }

    fn finish(&mut self, summary: &Summary) -> io::Result<()> {
        for failed in &summary.inputs.failed {
            let help = failed
                .help
                .as_deref()
                .map(|help| format!("\nhelp: {help}"))
                .unwrap_or_default();
            let text = format!("{}{help}", failed.reason);
            self.say(
                "error",
                "could not be read",
                Some(&failed.path),
                [failed.line, failed.column],
                &text,
            )?;
        }
        self.out.write_all(self.held.as_bytes())?;
        for Notice { message, file, line } in summary.unused_exceptions.iter().chain(&summary.notices) {
            self.say("warning", "hardtack", file.as_deref(), [*line, None], message)?;
        }
        let counts = &summary.counts;
        let mut text = format!(
            "{} objects judged by {} rules: ",
            summary.inputs.read, summary.rules
        );
        for severity in [
            Severity::Critical,
            Severity::High,
            Severity::Medium,
            Severity::Low,
        ] {
            let _ = write!(text, "{} {severity}, ", counts.of(severity));
        }
        let _ = write!(text, "{} unknown, {} excepted", counts.unknown, counts.excepted);
        if summary.inputs.failed.is_empty() {
            text.push('\n');
        } else {
            let _ = writeln!(text, "; {} inputs could not be read", summary.inputs.failed.len());
        }
        self.out.write_all(text.as_bytes())?;
        self.out.flush()
    }
}

fn command(out: &mut String, finding: &Finding) {
    let place = &finding.location;
    let unknown = finding.result == FindingResult::Unknown;
    let level = match finding.rule.severity {
        _ if unknown => "notice",
        Severity::Critical | Severity::High => "error",
        Severity::Medium => "warning",
        Severity::Low => "notice",
    };
    let _ = write!(out, "::{level} file=");
    push_property(out, place.file.strip_prefix("./").unwrap_or(&place.file));
    let (start, end) = (place.start, place.end);
    let _ = write!(
        out,
        ",line={},endLine={},col={}",
        start.line, end.line, start.column
    );
    // GitHub's last column is inside of what is marked; ours comes after it.
    if end.column > start.column {
        let _ = write!(out, ",endColumn={}", end.column - 1);
    }
    out.push_str(",title=");
    let word = if unknown {
        "unknown"
    } else {
        finding.rule.severity.name()
    };
    push_property(out, word);
    out.push_str("%3A ");
    push_property(out, &finding.rule.title);
    out.push_str("::");
    push_data(out, &finding.message);
    if let Some(object) = &finding.object {
        out.push_str("%0A");
        push_data(out, &object.to_string());
    }
    if let Some((label, text)) = advice(finding) {
        let _ = write!(out, "%0A{label}: ");
        push_data(out, &text);
    }
    let _ = writeln!(out, "%0Ahardtack explain {}", finding.rule.id);
}

/// Appends the text of a command.
fn push_data(out: &mut String, text: &str) {
    push_escaped(out, text, false);
}

/// Appends a property of a command.
fn push_property(out: &mut String, text: &str) {
    push_escaped(out, text, true);
}

/// Escapes as the runner's `ActionCommand` reads it.
fn push_escaped(out: &mut String, text: &str, property: bool) {
    for character in text.chars() {
        match character {
            '%' => out.push_str("%25"),
            '\r' => out.push_str("%0D"),
            '\n' => out.push_str("%0A"),
            ':' if property => out.push_str("%3A"),
            ',' if property => out.push_str("%2C"),
            other => out.push(crate::excerpt::shown(other)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_ends_a_command_or_a_property() {
        let mut out = String::new();
        push_property(&mut out, "a,b:c%\r\n::error::x");
        assert_eq!(out, "a%2Cb%3Ac%25%0D%0A%3A%3Aerror%3A%3Ax");
        out.clear();
        push_data(&mut out, "a,b: 100 %\n::error::x");
        assert_eq!(out, "a,b: 100 %25%0A::error::x");
    }
}
