//! Exceptions: findings that someone accepted, with a reason, an owner and a last day.
//!
//! There is one model, whichever way an exception is written: in a comment
//! (`# hardtack: ignore[rule] reason owner=team expires=2027-01-31`), in the annotation `hardtack.dev/ignore`
//! (`rule, rule: reason owner=team; rule: ...`), or in the configuration. One that matches nothing is reported as
//! unused, and one whose last day is over no longer holds.

use crate::finding::{Excepted, ExceptedBy};
use crate::pods::PodPaths;
use crate::{Document, Finding, Object, RuleSet, glob};
use hardtack_tree::{Kind, Node, Span};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// The annotation that holds exceptions of an object, or of a pod in its template.
pub const ANNOTATION: &str = "hardtack.dev/ignore";

const COMMENT: &str = "hardtack:";

/// One exception.
#[derive(Debug)]
pub struct Exception {
    /// Where it was written.
    pub by: ExceptedBy,
    /// The file it was written in, as reports name it.
    pub file: Arc<str>,
    /// The 1-based line there.
    pub line: u32,
    /// The selectors of rules, as written.
    pub written: Box<str>,
    reason: Option<Box<str>>,
    owner: Option<Box<str>>,
    /// ISO 8601 dates compare as texts.
    expires: Option<Box<str>>,
    /// Ids of the rules it accepts; `None` for all.
    rules: Option<Vec<Arc<str>>>,
    unknown: Vec<Box<str>>,
    covers: Covers,
    used: AtomicBool,
}

#[derive(Debug)]
enum Covers {
    /// What begins in these bytes of the file the exception stands in.
    Span(Span),
    /// What fits the configuration's `where`.
    Where(Where),
}

/// What an exception of the configuration is about; a field that is `None` fits everything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Where {
    /// Pattern of the file's path, as reports name it.
    pub file: Option<Box<str>>,
    /// Kind of the object.
    pub kind: Option<Box<str>>,
    /// Pattern of the object's namespace.
    pub namespace: Option<Box<str>>,
    /// Pattern of the object's name.
    pub name: Option<Box<str>>,
    /// The finding's fingerprint.
    pub fingerprint: Option<Box<str>>,
    /// Pattern of the finding's RFC 6901 pointer: `/spec/template/spec/containers/0/**`.
    pub path: Option<Box<str>>,
}

/// What a person wrote of an exception besides where it is.
#[derive(Clone, Debug, Default)]
pub struct Terms {
    /// Selectors of rules: ids, other tools' ids, categories, areas, standards; `*` for all.
    pub rules: Vec<Box<str>>,
    /// Why it is accepted.
    pub reason: Option<Box<str>>,
    /// Who answers for it.
    pub owner: Option<Box<str>>,
    /// The last day it holds.
    pub expires: Option<Box<str>>,
}

/// Something to tell about an exception after a scan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Complaint {
    /// It matched nothing, though at least one of its rules was judged.
    Unused,
    /// Its last day is over.
    Expired(Box<str>),
    /// It names no rule.
    UnknownRule(Box<str>),
    /// Its last day is no date.
    WrongDate(Box<str>),
}

impl Exception {
    /// An exception of the configuration, which stands in `file` at `line`.
    pub fn configured(terms: Terms, place: Where, file: Arc<str>, line: u32, rules: &RuleSet) -> Self {
        Self::new(
            terms,
            ExceptedBy::Configuration,
            Covers::Where(place),
            file,
            line,
            rules,
        )
    }

    fn new(terms: Terms, by: ExceptedBy, covers: Covers, file: Arc<str>, line: u32, known: &RuleSet) -> Self {
        let mut unknown = Vec::new();
        let mut ids = Vec::new();
        for selector in terms.rules.iter().filter(|selector| ***selector != *"*") {
            match known.select(selector) {
                Ok(found) => ids.extend(found.iter().map(|rule| Arc::from(&*rule.id))),
                Err(_) => unknown.push(selector.clone()),
            }
        }
        let all = terms.rules.iter().any(|selector| **selector == *"*");
        Self {
            by,
            file,
            line,
            written: terms.rules.join(", ").into(),
            reason: terms.reason,
            owner: terms.owner,
            expires: terms.expires,
            rules: (!all).then_some(ids),
            unknown,
            covers,
            used: AtomicBool::new(false),
        }
    }

    fn is_about(&self, rule: &str) -> bool {
        self.rules
            .as_ref()
            .is_none_or(|ids| ids.iter().any(|id| **id == *rule))
    }

    fn holds_on(&self, today: &str) -> bool {
        self.expires
            .as_deref()
            .is_none_or(|last| is_date(last) && today <= last)
    }

    /// Accepts the finding if the exception is about it. Says whether it did.
    pub fn accept(&self, finding: &mut Finding, today: &str) -> bool {
        let covered = match &self.covers {
            Covers::Span(span) => {
                finding.location.file == self.file
                    && (span.start..span.end.max(span.start + 1)).contains(&finding.location.span.start)
            }
            Covers::Where(place) => place.fits(finding),
        };
        if !covered || !self.is_about(&finding.rule.id) {
            return false;
        }
        // An expired exception matches, so that it is not called unused, but it no longer holds.
        self.used.store(true, Ordering::Relaxed);
        if finding.excepted.is_some() || !self.holds_on(today) {
            return false;
        }
        finding.excepted = Some(Box::new(Excepted {
            by: self.by,
            reason: self.reason.clone(),
            owner: self.owner.clone(),
            expires: self.expires.clone(),
        }));
        true
    }

    /// What is to be told about it once everything was judged. `judged` says whether a rule was judged at all.
    pub fn complaints(&self, today: &str, judged: impl Fn(&str) -> bool) -> Vec<Complaint> {
        let mut complaints: Vec<_> = self.unknown.iter().cloned().map(Complaint::UnknownRule).collect();
        match self.expires.as_deref() {
            Some(last) if !is_date(last) => complaints.push(Complaint::WrongDate(last.into())),
            Some(last) if today > last => complaints.push(Complaint::Expired(last.into())),
            _ => {
                let asked = self
                    .rules
                    .as_ref()
                    .is_none_or(|ids| ids.iter().any(|id| judged(id)));
                if asked && !self.used.load(Ordering::Relaxed) {
                    complaints.push(Complaint::Unused);
                }
            }
        }
        complaints
    }
}

impl std::fmt::Display for Complaint {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Complaint::Unused => out.write_str("matches no finding; remove it"),
            Complaint::Expired(last) => write!(out, "held until {last}; fix the finding or renew it"),
            Complaint::UnknownRule(name) => write!(out, "names no rule: `{name}`"),
            Complaint::WrongDate(text) => {
                write!(out, "does not hold: `{text}` is no date such as 2027-01-31")
            }
        }
    }
}

/// Whether the text is a date as ISO 8601 writes it: `2027-01-31`.
pub fn is_date(text: &str) -> bool {
    let parts: Vec<_> = text.split('-').collect();
    let number = |part: &str, digits: usize| {
        (part.len() == digits && part.bytes().all(|byte| byte.is_ascii_digit()))
            .then(|| part.parse::<u32>().ok())
            .flatten()
    };
    match &parts[..] {
        [year, month, day] => {
            number(year, 4).is_some()
                && number(month, 2).is_some_and(|month| (1..=12).contains(&month))
                && number(day, 2).is_some_and(|day| (1..=31).contains(&day))
        }
        _ => false,
    }
}

impl Where {
    fn fits(&self, finding: &Finding) -> bool {
        let fits = |pattern: &Option<Box<str>>, text: &str| {
            pattern.as_deref().is_none_or(|pattern| glob::fits(pattern, text))
        };
        let object = finding.object.as_deref();
        let of_object = |pattern: &Option<Box<str>>, text: Option<&str>| match (pattern, object) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(_), Some(_)) => fits(pattern, text.unwrap_or_default()),
        };
        let template = finding.location.template.as_deref();
        (fits(&self.file, &finding.location.file)
            || template.is_some_and(|template| fits(&self.file, template)))
            && of_object(&self.kind, object.map(|object| &*object.kind))
            && of_object(&self.name, object.map(|object| &*object.name))
            && of_object(
                &self.namespace,
                object.and_then(|object| object.namespace.as_deref()),
            )
            && self
                .fingerprint
                .as_deref()
                .is_none_or(|wanted| finding.fingerprint.to_string() == *wanted)
            && (fits(&self.path, &finding.path)
                || finding
                    .field
                    .as_deref()
                    .is_some_and(|field| fits(&self.path, field)))
    }
}

/// The exceptions that one document's comments and annotations make.
pub fn in_manifest(
    root: Node<'_>,
    objects: &[Object<'_>],
    pods: &PodPaths,
    span: Span,
    document: &Document<'_>,
    rules: &RuleSet,
) -> Vec<Arc<Exception>> {
    let mut found = Vec::new();
    let text = span.of(document.text());
    let finder = memchr::memmem::Finder::new(COMMENT);
    if finder.find(text.as_bytes()).is_some() {
        for comment in hardtack_tree::yaml::comments(document.text(), span) {
            found.extend(of_comment(comment, document, rules, |comment| {
                covered_by_comment(root, comment, document)
            }));
        }
    }
    if memchr::memmem::find(text.as_bytes(), ANNOTATION.as_bytes()).is_some() {
        for object in objects {
            of_annotation(object.node, document, rules, &mut found);
            for pod in pods.pods(object).into_iter().filter(|pod| *pod != object.node) {
                of_annotation(pod, document, rules, &mut found);
            }
        }
    }
    found
}

/// The exceptions that the comments of a Dockerfile make: each covers the instruction below it.
pub fn in_dockerfile(root: Node<'_>, document: &Document<'_>, rules: &RuleSet) -> Vec<Arc<Exception>> {
    let text = document.text();
    if memchr::memmem::find(text.as_bytes(), COMMENT.as_bytes()).is_none() {
        return Vec::new();
    }
    let mut found = Vec::new();
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let indent = line.len() - line.trim_start().len();
        if line.trim_start().starts_with('#') {
            let comment = Span::new((at + indent) as u32, (at + line.trim_end().len()) as u32);
            found.extend(of_comment(comment, document, rules, |comment| {
                covered_instruction(root, comment)
            }));
        }
        at += line.len();
    }
    found
}

fn covered_instruction(root: Node<'_>, comment: Span) -> Span {
    let stages = root.get("stages").map(Node::items).into_iter().flatten();
    let in_stages = stages.flat_map(|stage| stage.get("instructions").map(Node::items).into_iter().flatten());
    let global = root.get("args").map(Node::items).into_iter().flatten();
    let below = global
        .chain(in_stages)
        .map(Node::span)
        .filter(|span| span.end > comment.start)
        .min_by_key(|span| span.start);
    below.unwrap_or(comment)
}

/// From `# hardtack: ignore[rule] reason` (or `ignore-file[...]`) to an exception.
fn of_comment(
    comment: Span,
    document: &Document<'_>,
    rules: &RuleSet,
    covered: impl Fn(Span) -> Span,
) -> Option<Arc<Exception>> {
    let text = comment.of(document.text());
    let (_, said) = text.split_once(COMMENT)?;
    let said = said.trim_start();
    let (whole_file, rest) = match said.strip_prefix("ignore-file") {
        Some(rest) => (true, rest),
        None => (false, said.strip_prefix("ignore")?),
    };
    let (list, reason) = rest.trim_start().strip_prefix('[')?.split_once(']')?;
    let terms = Terms {
        rules: selectors(list),
        ..terms(reason)
    };
    let span = if whole_file {
        Span::new(0, document.text().len() as u32)
    } else {
        covered(comment)
    };
    let line = document.lines().position(comment.start).line;
    let file = document.file.clone();
    Some(Arc::new(Exception::new(
        terms,
        ExceptedBy::Comment,
        Covers::Span(span),
        file,
        line,
        rules,
    )))
}

/// A comment behind something covers what begins on its line, a comment alone on its line what begins on the next
/// line that is neither blank nor a comment; with all that stands below it.
fn covered_by_comment(root: Node<'_>, comment: Span, document: &Document<'_>) -> Span {
    let lines = document.lines();
    let mut line = lines.position(comment.start).line;
    let before = Span::new(lines.start_of(line), comment.start).of(document.text());
    if before.trim().is_empty() {
        let is_code = |line: u32| {
            let text = lines.line(line).trim();
            !text.is_empty() && !text.starts_with('#') && text != "---"
        };
        line += 1;
        while line < lines.count() && !is_code(line) {
            line += 1;
        }
    }
    let (start, end) = (lines.start_of(line), lines.start_of(line + 1));
    let end = if line >= lines.count() {
        document.text().len() as u32
    } else {
        end
    };
    let mut covered = Span::new(start, end);
    widen(root, start..end, &mut covered);
    covered
}

/// Widens `covered` by every node that begins in `line`.
fn widen(node: Node<'_>, line: std::ops::Range<u32>, covered: &mut Span) {
    let span = node.span();
    if span.start >= line.end || span.end < line.start {
        return;
    }
    if line.contains(&span.start) {
        covered.end = covered.end.max(span.end);
    }
    for item in node.items() {
        widen(item, line.clone(), covered);
    }
    for (key, value) in node.entries() {
        if line.contains(&key.span().start) {
            covered.end = covered.end.max(value.span().end);
        }
        widen(value, line.clone(), covered);
    }
}

fn of_annotation(node: Node<'_>, document: &Document<'_>, rules: &RuleSet, out: &mut Vec<Arc<Exception>>) {
    let Some(value) = node
        .at(&["metadata", "annotations"])
        .and_then(|map| map.get(ANNOTATION))
    else {
        return;
    };
    let Some(text) = value.as_str() else { return };
    let line = document.lines().position(value.span().start).line;
    for entry in text
        .split([';', '\n'])
        .map(str::trim)
        .filter(|entry| !entry.is_empty())
    {
        let (list, reason) = entry.split_once(':').unwrap_or((entry, ""));
        let terms = Terms {
            rules: selectors(list),
            ..terms(reason)
        };
        let covers = Covers::Span(match node.kind() {
            Kind::Map => node.span(),
            _ => value.span(),
        });
        let file = document.file.clone();
        out.push(Arc::new(Exception::new(
            terms,
            ExceptedBy::Annotation,
            covers,
            file,
            line,
            rules,
        )));
    }
}

fn selectors(list: &str) -> Vec<Box<str>> {
    let names = list
        .split([',', ' '])
        .map(str::trim)
        .filter(|name| !name.is_empty());
    names.map(Box::from).collect()
}

/// A reason, with `owner=NAME` and `expires=DATE` anywhere in it.
fn terms(text: &str) -> Terms {
    let mut terms = Terms::default();
    let mut reason = Vec::new();
    for word in text.split_whitespace() {
        match word.split_once('=') {
            Some(("owner", name)) => terms.owner = Some(name.trim_end_matches(',').into()),
            Some(("expires", date)) => terms.expires = Some(date.trim_end_matches(',').into()),
            _ => reason.push(word),
        }
    }
    let reason = reason.join(" ");
    let reason = reason.trim_start_matches([':', '-', '–', ' ']);
    terms.reason = (!reason.is_empty()).then(|| reason.into());
    terms
}

/// What decides which findings are accepted, besides what stands in the files themselves.
#[derive(Debug, Default)]
pub struct Acceptance {
    /// Exceptions of the configuration.
    pub configured: Vec<Exception>,
    /// Fingerprints of what was there before.
    pub baseline: rustc_hash::FxHashSet<crate::Fingerprint>,
    /// The day on which is judged, as ISO 8601 writes it; nothing expires where it is empty.
    pub today: String,
}

impl Acceptance {
    /// Accepts the finding if an exception in its file, one of the configuration or the baseline does.
    pub fn apply(&self, finding: &mut Finding, in_files: &[Arc<Exception>]) {
        for exception in in_files
            .iter()
            .map(|exception| &**exception)
            .chain(&self.configured)
        {
            exception.accept(finding, &self.today);
        }
        if finding.excepted.is_none() && self.baseline.contains(&finding.fingerprint) {
            finding.excepted = Some(Box::new(Excepted {
                by: ExceptedBy::Baseline,
                reason: None,
                owner: None,
                expires: None,
            }));
        }
    }
}
