//! Markdown, for a comment on a pull request or a job's summary.
//!
//! A comment holds 65,536 characters, so this is a digest: counts, then the rules that are broken, the worst first,
//! each with its first places. What does not fit is counted.

use crate::advice::advice;
use crate::markup::{push_code, push_markdown, push_xml};
use crate::tally::Tally;
use crate::{Context, Report, Summary, text};
use hardtack_core::pss::{Level, Workload};
use hardtack_core::{Finding, FindingResult, Rule, Severity};
use std::collections::HashMap;
use std::fmt::Write as _;
use std::io::{self, Write};
use std::sync::Arc;

/// So many places of a rule are shown.
const PLACES: usize = 10;
/// So many bytes the details may take.
const ROOM: usize = 56_000;
/// So many inputs, exceptions and notes are listed.
const LISTED: usize = 10;

/// A report in Markdown.
pub struct Markdown {
    out: Box<dyn Write>,
    context: Context,
    tally: Tally,
    broken: HashMap<Box<str>, Group>,
    unknown: HashMap<Box<str>, Group>,
    excepted: HashMap<Box<str>, Group>,
}

/// The findings of one rule.
struct Group {
    rule: Arc<Rule>,
    count: usize,
    rows: String,
}

impl Markdown {
    /// Begins a report.
    pub fn new(out: Box<dyn Write>, context: &Context) -> Self {
        Self {
            out,
            context: context.clone(),
            tally: Tally::default(),
            broken: HashMap::new(),
            unknown: HashMap::new(),
            excepted: HashMap::new(),
        }
    }
}

impl Report for Markdown {
    fn finding(&mut self, finding: &Finding) -> io::Result<()> {
        self.tally.add(finding);
        let groups = match (&finding.excepted, finding.result) {
            (Some(_), _) if !self.context.show_excepted => return Ok(()),
            (Some(_), _) => &mut self.excepted,
            (None, FindingResult::Unknown) => &mut self.unknown,
            (None, FindingResult::Fail) => &mut self.broken,
        };
        if !groups.contains_key(&finding.rule.id) {
            let group = Group {
                rule: finding.rule.clone(),
                count: 0,
                rows: String::new(),
            };
            groups.insert(finding.rule.id.clone(), group);
        }
        if let Some(group) = groups.get_mut(&finding.rule.id) {
            group.count += 1;
            if group.count <= PLACES {
                row(&mut group.rows, finding);
            }
        }
        Ok(())
    }

    fn workload(&mut self, workload: &Workload) -> io::Result<()> {
        self.tally.add_workload(workload);
        Ok(())
    }

    fn finish(&mut self, summary: &Summary) -> io::Result<()> {
        let mut out = String::new();
        heading(&mut out, summary, &self.context);
        pod_security(&mut out, &self.tally);
        objects(&mut out, &mut self.tally);
        inputs(&mut out, summary);
        let mut left = 0;
        for (title, groups) in [
            ("", &self.broken),
            ("Unknown: ", &self.unknown),
            ("Accepted: ", &self.excepted),
        ] {
            let mut groups: Vec<_> = groups.values().collect();
            groups.sort_by(|a, b| {
                (b.rule.severity, b.count, &a.rule.id).cmp(&(a.rule.severity, a.count, &b.rule.id))
            });
            for group in groups {
                let before = out.len();
                details(&mut out, title, group);
                if out.len() > ROOM {
                    out.truncate(before);
                    left += 1;
                }
            }
        }
        if left > 0 {
            let _ = writeln!(
                out,
                "There is no room for {left} more rules: see the report in another format.\n"
            );
        }
        let _ = writeln!(
            out,
            "<sub>{} objects judged by {} rules (profile {}, Kubernetes {}) by hardtack {}</sub>",
            summary.inputs.read,
            summary.rules,
            escaped(&self.context.profile),
            self.context.kubernetes_version,
            crate::VERSION
        );
        self.out.write_all(out.as_bytes())?;
        self.out.flush()
    }
}

fn escaped(text: &str) -> String {
    let mut out = String::new();
    push_markdown(&mut out, text);
    out
}

fn heading(out: &mut String, summary: &Summary, context: &Context) {
    let counts = &summary.counts;
    let failing = counts.at_least(context.fail_on);
    out.push_str("## hardtack\n\n");
    let _ = match (counts.total(), failing) {
        (0, _) => writeln!(out, "No findings.\n"),
        (total, 0) => writeln!(
            out,
            "{total} finding{}, none of severity {} or worse.\n",
            plural(total),
            context.fail_on
        ),
        (total, failing) => {
            let verb = if failing == 1 { "is" } else { "are" };
            writeln!(
                out,
                "{total} finding{}, of which **{failing}** {verb} of severity {} or worse.\n",
                plural(total),
                context.fail_on
            )
        }
    };
    if counts.total() + counts.unknown + counts.excepted == 0 {
        return;
    }
    out.push_str("| critical | high | medium | low | with a fix | unknown | accepted |\n|--:|--:|--:|--:|--:|--:|--:|\n");
    let _ = writeln!(
        out,
        "| {} | {} | {} | {} | {} | {} | {} |\n",
        counts.critical,
        counts.high,
        counts.medium,
        counts.low,
        counts.fixable,
        counts.unknown,
        counts.excepted
    );
}

fn plural(count: usize) -> &'static str {
    if count == 1 { "" } else { "s" }
}

fn pod_security(out: &mut String, tally: &Tally) {
    let levels = [Level::Privileged, Level::Baseline, Level::Restricted];
    let all: usize = levels.iter().map(|level| tally.level(*level)).sum();
    if all == 0 {
        return;
    }
    let _ = write!(out, "Pod Security level of {all} workload{}: ", plural(all));
    for (index, level) in levels.into_iter().enumerate() {
        let comma = if index > 0 { ", " } else { "" };
        let _ = write!(out, "{comma}{} {level}", tally.level(level));
    }
    out.push_str(".\n\n");
}

fn objects(out: &mut String, tally: &mut Tally) {
    let (top, all) = tally.objects.ranked();
    if all < 2 {
        return;
    }
    out.push_str("| worst objects | critical | high | medium | low |\n|--|--:|--:|--:|--:|\n");
    for ((object, file), counts) in top.iter().take(5) {
        out.push_str("| ");
        push_markdown(out, &object.to_string());
        out.push_str("<br>");
        push_code(out, file);
        let _ = writeln!(
            out,
            " | {} | {} | {} | {} |",
            counts.critical, counts.high, counts.medium, counts.low
        );
    }
    out.push('\n');
}

fn inputs(out: &mut String, summary: &Summary) {
    let inputs = &summary.inputs;
    let failed = inputs.failed.iter().map(|failed| {
        let help = failed
            .help
            .as_deref()
            .map(|help| format!(" ({help})"))
            .unwrap_or_default();
        (
            Some(&*failed.path),
            failed.line,
            format!("{}{help}", failed.reason),
        )
    });
    list(out, "Could not be read", inputs.failed.len(), failed);
    let notices = summary.unused_exceptions.iter().chain(&summary.notices);
    let notices = notices.map(|notice| (notice.file.as_deref(), notice.line, notice.message.clone()));
    list(
        out,
        "Notes",
        summary.unused_exceptions.len() + summary.notices.len(),
        notices,
    );
    let skipped = inputs.skipped.iter();
    let skipped = skipped.map(|skipped| (Some(&*skipped.path), skipped.line, skipped.reason.clone()));
    list(out, "Skipped", inputs.skipped.len(), skipped);
}

fn list<'a>(
    out: &mut String,
    title: &str,
    count: usize,
    items: impl Iterator<Item = (Option<&'a str>, Option<u32>, String)>,
) {
    if count == 0 {
        return;
    }
    let open = if title == "Could not be read" { " open" } else { "" };
    let _ = write!(out, "<details{open}>\n<summary>{title}: {count}</summary>\n\n");
    for (file, line, text) in items.take(LISTED) {
        out.push_str("- ");
        if let Some(file) = file {
            place(out, file, line);
            out.push_str(": ");
        }
        push_markdown(out, &text);
        out.push('\n');
    }
    if count > LISTED {
        let _ = writeln!(out, "- and {} more", count - LISTED);
    }
    out.push_str("\n</details>\n\n");
}

fn place(out: &mut String, file: &str, line: Option<u32>) {
    match line {
        Some(line) => push_code(out, &format!("{file}:{line}")),
        None => push_code(out, file),
    }
}

fn details(out: &mut String, title: &str, group: &Group) {
    let rule = &group.rule;
    let open = if rule.severity == Severity::Critical && title.is_empty() {
        " open"
    } else {
        ""
    };
    let _ = write!(out, "<details{open}>\n<summary>{title}<b>{}</b>: ", rule.severity);
    push_xml(out, &rule.title);
    let _ = write!(out, " ({})</summary>\n\n", group.count);
    push_markdown(out, &rule.why);
    let _ = write!(
        out,
        "\n\n| where | what | what to do |\n|--|--|--|\n{}",
        group.rows
    );
    if group.count > PLACES {
        let _ = writeln!(out, "| and {} more | | |", group.count - PLACES);
    }
    let _ = write!(out, "\n`hardtack explain {}`\n\n</details>\n\n", rule.id);
}

fn row(out: &mut String, finding: &Finding) {
    out.push_str("| ");
    place(out, &finding.location.file, Some(finding.location.start.line));
    if let Some(object) = &finding.object {
        out.push_str("<br>");
        push_markdown(out, &object.to_string());
    }
    out.push_str(" | ");
    push_markdown(out, &finding.message);
    out.push_str(" | ");
    if let Some(excepted) = &finding.excepted {
        push_markdown(out, "accepted ");
        push_markdown(out, &text::accepted(excepted));
    } else if let Some((label, text)) = advice(finding) {
        let _ = write!(out, "{label}: ");
        push_markdown(out, &text);
    }
    out.push_str(" |\n");
}
