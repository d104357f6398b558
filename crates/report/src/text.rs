//! Text, for people at a terminal.
//!
//! Findings at one place share its line: a container without a security context breaks eight rules at once, and
//! nobody wants to see its name eight times.

mod summary;

use crate::advice::advice;
use crate::excerpt::{Excerpt, push_shown};
use crate::tally::Tally;
use crate::{Context, Report, Summary};
use hardtack_core::pss::Workload;
use hardtack_core::{Excepted, ExceptedBy, Finding, FindingResult, Location, ObjectRef, Severity};
use rayon::prelude::*;
use std::collections::HashSet;
use std::fmt::Write as _;
use std::io::{self, Write};
use std::sync::Arc;
use unicode_width::UnicodeWidthStr;

/// A report in text.
pub struct Text {
    out: Box<dyn Write>,
    context: Context,
    tally: Tally,
    begun: bool,
    /// Findings of one file that came one by one.
    waiting: Vec<Finding>,
}

/// The order of findings at one place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    Excepted,
    Unknown,
    Broken(Severity),
}

/// Columns that a severity takes, with the space around it.
const MARGIN: usize = 12;
/// So many files are put into words at once, to be written in their order.
const FILES: usize = 64;

impl Text {
    /// Begins a report.
    pub fn new(out: Box<dyn Write>, context: &Context) -> Self {
        Self {
            out,
            context: context.clone(),
            tally: Tally::default(),
            begun: false,
            waiting: Vec::new(),
        }
    }

    /// Writes findings of whole files, in their order.
    fn write(&mut self, findings: &[Finding]) -> io::Result<()> {
        for finding in findings {
            self.tally.add(finding);
        }
        if self.context.quiet {
            return Ok(());
        }
        let context = &self.context;
        let files: Vec<_> = findings.chunk_by(is_same_file).collect();
        for some in files.chunks(FILES) {
            let texts: Vec<String> = some.par_iter().map(|file| File::of(file, context)).collect();
            for text in texts.iter().filter(|text| !text.is_empty()) {
                // Places are a line apart.
                let text = if self.begun {
                    text
                } else {
                    text.trim_start_matches('\n')
                };
                self.begun = true;
                self.out.write_all(text.as_bytes())?;
            }
        }
        Ok(())
    }
}

fn is_same_file(a: &Finding, b: &Finding) -> bool {
    let (a, b) = (&a.location.file, &b.location.file);
    Arc::ptr_eq(a, b) || a == b
}

impl Report for Text {
    fn finding(&mut self, finding: &Finding) -> io::Result<()> {
        if self
            .waiting
            .last()
            .is_some_and(|last| !is_same_file(last, finding))
        {
            let waiting = std::mem::take(&mut self.waiting);
            self.write(&waiting)?;
        }
        self.waiting.push(finding.clone());
        Ok(())
    }

    fn findings(&mut self, findings: &[Finding]) -> io::Result<()> {
        let waiting = std::mem::take(&mut self.waiting);
        self.write(&waiting)?;
        self.write(findings)
    }

    fn workload(&mut self, workload: &Workload) -> io::Result<()> {
        self.tally.add_workload(workload);
        Ok(())
    }

    fn finish(&mut self, summary: &Summary) -> io::Result<()> {
        self.findings(&[])?;
        let mut out = String::new();
        if self.begun {
            out.push('\n');
        }
        summary::write(&mut out, summary, &mut self.tally, &self.context);
        self.out.write_all(out.as_bytes())?;
        self.out.flush()
    }
}

/// One file's findings, on their way into text.
struct File<'f> {
    context: &'f Context,
    out: String,
    /// Rules whose remedy was told already.
    told: HashSet<&'f str>,
}

/// One place of a file, and the findings there.
struct Place<'f> {
    location: &'f Location,
    object: Option<&'f Arc<ObjectRef>>,
    /// What the messages begin with, all of them: ``container `web` ``.
    subject: &'f str,
}

impl<'f> File<'f> {
    fn of(findings: &'f [Finding], context: &'f Context) -> String {
        let mut file = Self {
            context,
            out: String::with_capacity(findings.len() * 320),
            told: HashSet::new(),
        };
        let shown: Vec<_> = findings
            .iter()
            .filter(|finding| finding.excepted.is_none() || context.show_excepted)
            .map(|finding| (finding, Place::of(finding)))
            .collect();
        for place in shown.chunk_by(|(_, a), (_, b)| a.is_same(b)) {
            file.place(place);
        }
        file.out
    }

    fn paint(&self) -> Paint {
        Paint(self.context.color)
    }

    /// The line, and below it what is wrong there, the worst first.
    fn place(&mut self, findings: &[(&'f Finding, Place<'f>)]) {
        let Some((_, place)) = findings.first() else {
            return;
        };
        let paint = self.paint();
        let worst = findings.iter().map(|(finding, _)| Rank::of(finding)).max();
        self.out.push('\n');
        heading(&mut self.out, place, paint);
        excerpt(
            &mut self.out,
            place.location,
            self.context.width,
            worst.unwrap_or(Rank::Unknown),
            paint,
        );
        if let [(finding, place)] = findings {
            return self.lines(finding, place);
        }
        // What is told once a file is told where it is first found, so the words are put in order last.
        let from = self.out.len();
        let mut texts: Vec<_> = findings
            .iter()
            .map(|(finding, place)| {
                let start = self.out.len();
                self.lines(finding, place);
                (Rank::of(finding), start..self.out.len())
            })
            .collect();
        texts.sort_by_key(|(rank, _)| std::cmp::Reverse(*rank));
        let unsorted = self.out.split_off(from);
        for (_, text) in texts {
            let text = unsorted.get(text.start - from..text.end - from);
            self.out.push_str(text.unwrap_or_default());
        }
    }

    /// Whether there is something to tell that was not told yet. A remedy is told once a file, a fix always.
    fn is_new(&mut self, finding: &'f Finding) -> bool {
        !finding.fixes.is_empty() || self.told.insert(&finding.rule.id)
    }

    /// A finding in two or three lines: what is wrong, and what to do.
    fn lines(&mut self, finding: &'f Finding, place: &Place<'_>) {
        let paint = self.paint();
        let rank = Rank::of(finding);
        let word = rank.word();
        let _ = write!(
            self.out,
            "  {}{}{}{:pad$}",
            rank.color(paint),
            word,
            paint.end(),
            "",
            pad = MARGIN - 2 - word.len()
        );
        let mut said = String::with_capacity(finding.message.len() + 60);
        said.push_str(&finding.rule.id);
        let name = said.len();
        if rank == Rank::Unknown {
            let _ = write!(said, " ({})", finding.rule.severity);
        }
        said.push_str(": ");
        push_shown(&mut said, place.predicate(finding));
        let width = self.context.width;
        let from = self.out.len();
        wrap(&mut self.out, &said, width);
        if paint.0 && self.out[from..].starts_with(&*finding.rule.id) {
            self.out.insert_str(from + name, paint.end());
            self.out.insert_str(from, paint.bold());
        }
        if let Some(excepted) = &finding.excepted {
            note(&mut self.out, "accepted", &accepted(excepted), width, paint);
        } else if let Some((label, text)) = advice(finding)
            && self.is_new(finding)
        {
            note(&mut self.out, label, &text, width, paint);
        }
    }
}

impl<'f> Place<'f> {
    fn of(finding: &'f Finding) -> Self {
        Self {
            location: &finding.location,
            object: finding.object.as_ref(),
            subject: subject(&finding.message).0,
        }
    }

    /// What a finding here says besides what all of them begin with.
    fn predicate<'m>(&self, finding: &'m Finding) -> &'m str {
        let from = if self.subject.is_empty() {
            0
        } else {
            self.subject.len() + SEPARATOR.len()
        };
        finding.message.get(from..).unwrap_or_default()
    }

    fn is_same(&self, other: &Self) -> bool {
        let (mine, theirs) = (self.location, other.location);
        mine.span == theirs.span
            && mine.start == theirs.start
            && self.subject == other.subject
            && match (self.object, other.object) {
                (Some(mine), Some(theirs)) => Arc::ptr_eq(mine, theirs) || mine == theirs,
                (None, None) => true,
                _ => false,
            }
    }
}

/// `deploy.yaml:24:9  Deployment shop/web`
fn heading(out: &mut String, place: &Place<'_>, paint: Paint) {
    let location = place.location;
    out.push_str(paint.bold());
    push_shown(out, &location.file);
    let _ = write!(
        out,
        ":{}:{}{}",
        location.start.line,
        location.start.column,
        paint.end()
    );
    if let Some(object) = &place.object {
        out.push_str("  ");
        push_shown(out, &object.to_string());
    }
    if !place.subject.is_empty() {
        out.push_str(if place.object.is_some() { ", " } else { "  " });
        push_shown(out, place.subject);
    }
    if let Some(template) = &location.template {
        out.push_str(paint.dim());
        out.push_str(" (from ");
        push_shown(out, template);
        out.push(')');
        out.push_str(paint.end());
    }
    out.push('\n');
}

/// What stands between the subject of a message and the rest.
const SEPARATOR: &str = ": ";

/// What a message begins with, ``init container `web` ``, and the rest of it.
fn subject(message: &str) -> (&str, &str) {
    const NOUNS: [&str; 5] = [
        "container `",
        "volume `",
        "init container `",
        "sidecar container `",
        "ephemeral container `",
    ];
    let has_one = NOUNS.iter().any(|noun| message.starts_with(noun));
    match message.find("`: ").filter(|_| has_one) {
        Some(end) => (&message[..end + 1], &message[end + 1 + SEPARATOR.len()..]),
        None => ("", message),
    }
}

/// The line, with what is meant underlined.
fn excerpt(out: &mut String, location: &Location, width: usize, worst: Rank, paint: Paint) {
    let excerpt = Excerpt::of(location, width.saturating_sub(MARGIN - 1));
    let (line, bar) = (
        location.start.line,
        format_args!("{}|{}", paint.dim(), paint.end()),
    );
    let _ = writeln!(
        out,
        "{}{line:>8}{} {bar} {}",
        paint.dim(),
        paint.end(),
        excerpt.text
    );
    let _ = writeln!(
        out,
        "{:>8} {bar} {:before$}{}{:^<marked$}{}",
        "",
        "",
        worst.color(paint),
        "",
        paint.end(),
        before = excerpt.before,
        marked = excerpt.marked,
    );
}

fn note(out: &mut String, label: &str, text: &str, width: usize, paint: Paint) {
    let _ = write!(out, "{:MARGIN$}", "");
    let from = out.len();
    let mut said = format!("{label}: ");
    push_shown(&mut said, text);
    wrap(out, &said, width);
    if paint.0 && out[from..].starts_with(label) {
        out.insert_str(from + label.len(), paint.end());
        out.insert_str(from, paint.note());
    }
}

/// Why a finding is accepted, in a line.
pub(crate) fn accepted(excepted: &Excepted) -> String {
    let mut out = match excepted.by {
        ExceptedBy::Comment => "by a comment",
        ExceptedBy::Annotation => "by an annotation",
        ExceptedBy::Configuration => "by the configuration",
        ExceptedBy::Baseline => "by the baseline",
    }
    .to_owned();
    if let Some(reason) = &excepted.reason {
        let _ = write!(out, ": {reason}");
    }
    match (&excepted.owner, &excepted.expires) {
        (Some(owner), Some(day)) => out.extend([" (", owner, ", until ", day, ")"]),
        (Some(owner), None) => out.extend([" (", owner, ")"]),
        (None, Some(day)) => out.extend([" (until ", day, ")"]),
        (None, None) => {}
    }
    out
}

/// Appends `text` and a line end; what does not fit goes to the next lines, below the first word.
fn wrap(out: &mut String, text: &str, width: usize) {
    let room = width.saturating_sub(MARGIN).max(20);
    let mut column = 0;
    for (index, word) in text.split(' ').enumerate() {
        let wide = if word.is_ascii() { word.len() } else { word.width() };
        if index > 0 {
            if column + 1 + wide > room {
                let _ = write!(out, "\n{:MARGIN$}", "");
                column = 0;
            } else {
                out.push(' ');
                column += 1;
            }
        }
        out.push_str(word);
        column += wide;
    }
    out.push('\n');
}

impl Rank {
    fn of(finding: &Finding) -> Self {
        match (&finding.excepted, finding.result) {
            (Some(_), _) => Rank::Excepted,
            (None, FindingResult::Unknown) => Rank::Unknown,
            (None, FindingResult::Fail) => Rank::Broken(finding.rule.severity),
        }
    }

    fn word(self) -> &'static str {
        match self {
            Rank::Excepted => "excepted",
            Rank::Unknown => "unknown",
            Rank::Broken(severity) => severity.name(),
        }
    }

    fn color(self, paint: Paint) -> &'static str {
        match self {
            Rank::Excepted => paint.dim(),
            Rank::Unknown => paint.code("\x1b[36m"),
            Rank::Broken(severity) => paint.severity(severity),
        }
    }
}

/// Colours, or nothing.
#[derive(Clone, Copy)]
struct Paint(bool);

impl Paint {
    fn code(self, code: &'static str) -> &'static str {
        if self.0 { code } else { "" }
    }

    fn bold(self) -> &'static str {
        self.code("\x1b[1m")
    }

    fn dim(self) -> &'static str {
        self.code("\x1b[2m")
    }

    fn note(self) -> &'static str {
        self.code("\x1b[32m")
    }

    fn end(self) -> &'static str {
        self.code("\x1b[0m")
    }

    fn severity(self, severity: Severity) -> &'static str {
        self.code(match severity {
            Severity::Critical => "\x1b[1;35m",
            Severity::High => "\x1b[1;31m",
            Severity::Medium => "\x1b[33m",
            Severity::Low => "\x1b[34m",
        })
    }
}
