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
    place: Option<Place>,
    begun: bool,
    /// Rules whose remedy was told already, of this file.
    told: HashSet<Box<str>>,
    file: Option<Arc<str>>,
}

/// One place of a file, and the findings there that are not written yet.
struct Place {
    location: Location,
    object: Option<Arc<ObjectRef>>,
    /// What the messages begin with, all of them: ``container `web` ``.
    subject: Box<str>,
    findings: Vec<(Rank, String)>,
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

impl Text {
    /// Begins a report.
    pub fn new(out: Box<dyn Write>, context: &Context) -> Self {
        Self {
            out,
            context: context.clone(),
            tally: Tally::default(),
            place: None,
            begun: false,
            told: HashSet::new(),
            file: None,
        }
    }

    fn paint(&self) -> Paint {
        Paint(self.context.color)
    }

    /// Writes the findings of the last place.
    fn flush(&mut self) -> io::Result<()> {
        let Some(mut place) = self.place.take() else {
            return Ok(());
        };
        let paint = self.paint();
        place.findings.sort_by_key(|(rank, _)| std::cmp::Reverse(*rank));
        let worst = place.findings.first().map_or(Rank::Unknown, |(rank, _)| *rank);
        let mut out = String::with_capacity(256);
        if self.begun {
            out.push('\n');
        }
        self.begun = true;
        heading(&mut out, &place, paint);
        excerpt(&mut out, &place.location, self.context.width, worst, paint);
        for (_, text) in &place.findings {
            out.push_str(text);
        }
        self.out.write_all(out.as_bytes())
    }

    /// Whether there is something to tell that was not told yet. A remedy is told once a file, a fix always.
    fn is_new(&mut self, finding: &Finding) -> bool {
        if self.file.as_ref() != Some(&finding.location.file) {
            self.file = Some(finding.location.file.clone());
            self.told.clear();
        }
        !finding.fixes.is_empty() || self.told.insert(finding.rule.id.clone())
    }

    /// A finding in two or three lines: what is wrong, and what to do.
    fn lines(&mut self, finding: &Finding, rank: Rank) -> String {
        let paint = self.paint();
        let mut out = String::with_capacity(200);
        let word = rank.word();
        let _ = write!(
            out,
            "  {}{}{}{:pad$}",
            rank.color(paint),
            word,
            paint.end(),
            "",
            pad = MARGIN - 2 - word.len()
        );
        let mut said = String::with_capacity(finding.message.len() + 40);
        said.push_str(&finding.rule.id);
        let name = said.len();
        if rank == Rank::Unknown {
            let _ = write!(said, " ({})", finding.rule.severity);
        }
        said.push_str(": ");
        push_shown(&mut said, subject(&finding.message).1);
        let from = out.len();
        wrap(&mut out, &said, self.context.width);
        if paint.0 && out[from..].starts_with(&*finding.rule.id) {
            out.insert_str(from + name, paint.end());
            out.insert_str(from, paint.bold());
        }
        if let Some(excepted) = &finding.excepted {
            note(
                &mut out,
                "accepted",
                &accepted(excepted),
                self.context.width,
                paint,
            );
        } else if let Some((label, text)) = advice(finding)
            && self.is_new(finding)
        {
            note(&mut out, label, &text, self.context.width, paint);
        }
        out
    }
}

impl Report for Text {
    fn finding(&mut self, finding: &Finding) -> io::Result<()> {
        self.tally.add(finding);
        if self.context.quiet || finding.excepted.is_some() && !self.context.show_excepted {
            return Ok(());
        }
        let same = self.place.as_ref().is_some_and(|place| place.is_of(finding));
        if !same {
            self.flush()?;
        }
        let rank = Rank::of(finding);
        let text = self.lines(finding, rank);
        let place = self.place.get_or_insert_with(|| Place {
            location: finding.location.clone(),
            object: finding.object.clone(),
            subject: subject(&finding.message).0.into(),
            findings: Vec::new(),
        });
        place.findings.push((rank, text));
        Ok(())
    }

    fn workload(&mut self, workload: &Workload) -> io::Result<()> {
        self.tally.add_workload(workload);
        Ok(())
    }

    fn finish(&mut self, summary: &Summary) -> io::Result<()> {
        self.flush()?;
        let mut out = String::new();
        if self.begun {
            out.push('\n');
        }
        summary::write(&mut out, summary, &mut self.tally, &self.context);
        self.out.write_all(out.as_bytes())?;
        self.out.flush()
    }
}

impl Place {
    fn is_of(&self, finding: &Finding) -> bool {
        let (mine, other) = (&self.location, &finding.location);
        mine.span == other.span
            && mine.start == other.start
            && mine.file == other.file
            && *self.subject == *subject(&finding.message).0
            && match (&self.object, &finding.object) {
                (Some(mine), Some(other)) => Arc::ptr_eq(mine, other) || mine == other,
                (None, None) => true,
                _ => false,
            }
    }
}

/// `deploy.yaml:24:9  Deployment shop/web`
fn heading(out: &mut String, place: &Place, paint: Paint) {
    let location = &place.location;
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
        push_shown(out, &place.subject);
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

/// What a message begins with, ``init container `web` ``, and the rest of it.
fn subject(message: &str) -> (&str, &str) {
    const NOUNS: [&str; 5] = [
        "container `",
        "init container `",
        "sidecar container `",
        "ephemeral container `",
        "volume `",
    ];
    let has_one = NOUNS.iter().any(|noun| message.starts_with(noun));
    match message.find("`: ").filter(|_| has_one) {
        Some(end) => (&message[..end + 1], &message[end + 3..]),
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
        let wide = word.width();
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
