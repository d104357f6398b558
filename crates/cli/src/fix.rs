//! `hardtack fix`: from targets to files with fewer findings.

use crate::args::{FailOn, Fix};
use crate::{CLEAN, FINDINGS, Failure, UNREADABLE, baseline, choose, output, scan};
use hardtack_core::exception::Exception;
use hardtack_core::world::World;
use hardtack_core::{Counts, Document, Failed, Finding, Judge, Judged};
use hardtack_fix::{Fixed, Left, Proven, Syntax, Unproven, Wanted, Why};
use hardtack_source::{Body, Input, Language, Parsed, Plan, Text};
use hardtack_tree::{Limits, Span};
use rayon::prelude::*;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt::Write;
use std::path::PathBuf;
use std::sync::Arc;

/// Runs the command.
pub fn run(fix: &Fix) -> Result<u8, Failure> {
    let config = choose::config_near(&fix.choice, &fix.place)?;
    let fail_on = choose::fail_on(fix.fail_on, &config);
    let known = match fix.baseline.as_ref().or(config.baseline.as_ref()) {
        Some(path) => baseline::read(path)?,
        None => Default::default(),
    };
    let judge = choose::accepting_judge(&fix.choice, &config, known)?;
    let wanted = wanted(fix, &judge)?;
    let Plan { inputs, account } = scan::plan_of(&fix.place, &config);
    let mut files: Vec<FileFix> = inputs
        .par_iter()
        .map(|input| FileFix::of(&judge, input, &wanted))
        .collect();
    let mut several = together(&judge, &mut files);
    if !fix.diff && !fix.check {
        files.par_iter_mut().for_each(FileFix::write);
    }
    relocate(&mut several, &files);
    // Made while the documents, which know what may be a credential, are still there.
    let diffs: String = files.iter().filter(|_| fix.diff).map(FileFix::diff).collect();
    let mut failed = account.failed;
    for file in &mut files {
        failed.append(&mut file.failed);
        file.settle();
    }
    let summary = Summary::of(&files, several, failed);
    if fix.diff {
        output::print(&diffs)?;
    } else if let Some(file) = files.iter().find(|file| matches!(file.to, To::Stdout)) {
        output::print(file.new_text())?;
    }
    let on_stdout = fix.diff || files.iter().any(|file| matches!(file.to, To::Stdout));
    let told = summary.text(fix, &files);
    if on_stdout {
        output::say(told.trim_end());
    } else {
        output::print(&told)?;
    }
    Ok(summary.exit_code(fix, fail_on))
}

fn wanted(fix: &Fix, judge: &Judge) -> Result<Wanted, Failure> {
    let mut values = Vec::new();
    for assignment in &fix.values {
        let rules = judge.rules().named(&assignment.rule);
        if rules.is_empty() {
            let hint = judge.rules().nearest(&assignment.rule);
            let hint = hint.map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
            return Err(Failure(format!(
                "--set names `{}`, but there is no such rule{hint}",
                assignment.rule
            )));
        }
        let text = &assignment.value;
        let whole = Span::new(0, text.len() as u32);
        let value = hardtack_tree::yaml::parse(text, whole, &Limits::default())
            .map_err(|error| Failure(format!("--set {}: {error}", assignment.rule)))?
            .map_or(serde_json::Value::Null, |tree| {
                hardtack_core::json::to_json(tree.root())
            });
        values.extend(rules.iter().map(|rule| (Box::from(&*rule.id), value.clone())));
    }
    Ok(Wanted {
        may_break: fix.may_break,
        values,
    })
}

/// Where a fixed text goes.
#[derive(Clone, Debug)]
enum To {
    File(PathBuf),
    Stdout,
    /// It was rendered: there is no text to write.
    Nowhere,
}

/// One document of a file after its fixes. It was judged as a text of its own.
struct Part {
    span: Span,
    /// The name of its file, in memory of its own: by it, what was found about several objects leads back to here.
    name: Arc<str>,
    fixed: Fixed,
}

/// One input after its fixes.
struct FileFix {
    name: Arc<str>,
    to: To,
    text: Option<Text>,
    documents: Vec<Part>,
    proven: Option<Proven>,
    /// Whether the file on disk, or standard output, has the new text.
    written: bool,
    fixed: Vec<Finding>,
    left: Vec<Left>,
    failed: Vec<Failed>,
    /// What was found where nothing can be fixed.
    unfixable: Option<Judged>,
}

impl FileFix {
    fn of(judge: &Judge, input: &Input, wanted: &Wanted) -> Self {
        let mut file = Self {
            name: input.name.clone(),
            to: match &input.body {
                Body::File(path) => To::File(path.clone()),
                Body::Stdin => To::Stdout,
                Body::Rendered(_) => To::Nowhere,
            },
            text: None,
            documents: Vec::new(),
            proven: None,
            written: false,
            fixed: Vec::new(),
            left: Vec::new(),
            failed: Vec::new(),
            unfixable: None,
        };
        let text = match input.read() {
            Ok(text) => text,
            Err(failed) => {
                file.failed.push(failed);
                return file;
            }
        };
        let syntax = match text.language {
            Language::Yaml => Some(Syntax::Yaml),
            Language::Json => Some(Syntax::Json),
            Language::Dockerfile => None,
        };
        let spans = text.documents();
        match syntax.filter(|_| !matches!(file.to, To::Nowhere)) {
            None => file.leave_all(judge, &text, &spans),
            Some(syntax) => {
                for span in spans {
                    file.document(judge, &text, span, syntax, wanted);
                }
                file.prove(&text, syntax);
            }
        }
        file.text = Some(text);
        file
    }

    /// What is judged, but can't be fixed.
    fn leave_all(&mut self, judge: &Judge, text: &Text, spans: &[Span]) {
        let why = if text.language == Language::Dockerfile {
            Why::Dockerfile
        } else {
            Why::Rendered
        };
        let document = Document::new(text.name.clone(), text.as_str());
        let part = scan::Part::of(judge, text, document, spans);
        let findings = &part.judged.findings;
        let open = findings.iter().filter(|finding| finding.excepted.is_none());
        self.left.extend(open.map(|finding| Left {
            finding: finding.clone(),
            why: why.clone(),
        }));
        self.unfixable = Some(part.judged);
        self.failed.extend(part.failed);
    }

    fn document(&mut self, judge: &Judge, text: &Text, span: Span, syntax: Syntax, wanted: &Wanted) {
        match text.parse(span, &Limits::default()) {
            Some(Parsed::Failed(failed)) => self.failed.push(failed),
            Some(Parsed::Manifest { .. }) => {
                let name = Arc::from(&*text.name);
                if let Some(fixed) = hardtack_fix::fix(judge, &name, span.of(text.as_str()), syntax, wanted) {
                    self.documents.push(Part { span, name, fixed });
                }
            }
            _ => {}
        }
    }

    fn prove(&mut self, text: &Text, syntax: Syntax) {
        let changed: Vec<_> = self
            .documents
            .iter()
            .filter(|part| !part.fixed.fixed.is_empty())
            .map(|part| (part.span, &part.fixed))
            .collect();
        if changed.is_empty() {
            return;
        }
        match Proven::of(text.as_str(), syntax, &changed) {
            Ok(proven) if proven.text() == text.as_str() => {}
            Ok(proven) => self.proven = Some(proven),
            Err(unproven) => self.give_up(&Why::Unproven(unproven)),
        }
    }

    /// Leaves everything as it was.
    fn give_up(&mut self, why: &Why) {
        self.proven = None;
        for Part { fixed: document, .. } in &mut self.documents {
            for finding in document.fixed.drain(..) {
                document.left.push(Left {
                    finding,
                    why: why.clone(),
                });
            }
            document.after = None;
        }
    }

    fn write(&mut self) {
        let (Some(proven), Some(text)) = (&self.proven, &self.text) else {
            return;
        };
        match &self.to {
            To::File(path) => match proven.write(path, text.as_str()) {
                Ok(()) => self.written = true,
                Err(reason) => {
                    self.failed.push(Failed {
                        path: self.name.clone(),
                        line: None,
                        column: None,
                        reason: format!("not written: {reason}"),
                        help: None,
                    });
                    self.give_up(&Why::NotWritten(reason.into()));
                }
            },
            To::Stdout => self.written = true,
            To::Nowhere => {}
        }
    }

    /// On which line each document begins, counted from 0, in the file as it is now.
    fn first_lines(&self) -> Vec<u32> {
        let old = self.text.as_ref().map_or("", Text::as_str);
        let (mut at, mut line, mut more) = (0, 0, 0);
        let mut first = Vec::new();
        for part in &self.documents {
            line += lines(old.get(at..part.span.start as usize).unwrap_or_default());
            at = part.span.start as usize;
            first.push((line + more) as u32);
            if self.written && part.fixed.after.is_some() {
                more += lines(part.fixed.text()) - lines(part.span.of(old));
            }
        }
        first
    }

    /// Brings the documents together; lines of what is left are those of the file as it is now.
    fn settle(&mut self) {
        let first_lines = self.first_lines();
        for (part, first) in std::mem::take(&mut self.documents).into_iter().zip(first_lines) {
            let Fixed {
                fixed,
                left,
                before,
                after,
                ..
            } = part.fixed;
            self.fixed.extend(fixed.into_iter().map(|mut finding| {
                finding.location.start.line += first;
                finding
            }));
            let mut original = HashMap::new();
            for finding in &before.findings {
                original.entry(finding.fingerprint).or_insert(&finding.location);
            }
            for mut left in left {
                if !self.written && after.is_some() {
                    // The line it has in the file, which stays as it is.
                    if let Some(original) = original.get(&left.finding.fingerprint) {
                        left.finding.location = (*original).clone();
                    }
                }
                left.finding.location.start.line += first;
                self.left.push(left);
            }
        }
    }

    fn new_text(&self) -> &str {
        match (&self.proven, &self.text) {
            (Some(proven), _) => proven.text(),
            (None, Some(text)) => text.as_str(),
            (None, None) => "",
        }
    }

    /// What is to change, with a mask over all that may be a credential.
    fn diff(&self) -> String {
        let (Some(proven), Some(text)) = (&self.proven, &self.text) else {
            return String::new();
        };
        let mut diff = similar::TextDiff::from_lines(text.as_str(), proven.text())
            .unified_diff()
            .header(&self.name, &self.name)
            .to_string();
        for part in &self.documents {
            let document = part.span.of(text.as_str());
            let secrets = part
                .fixed
                .before
                .hidden
                .iter()
                .flat_map(|span| span.of(document).lines());
            for secret in secrets.map(|line| line.trim().trim_matches(['"', '\''])) {
                if secret.chars().count() >= SHORTEST_SECRET {
                    diff = diff.replace(secret, &"*".repeat(secret.chars().count()));
                }
            }
        }
        diff
    }
}

/// Shorter texts are no secrets, and stand in many other places.
const SHORTEST_SECRET: usize = 4;

fn lines(text: &str) -> i64 {
    text.bytes().filter(|&byte| byte == b'\n').count() as i64
}

/// Gives what was found about several objects the lines it has in its file, not in its document.
fn relocate(several: &mut [Left], files: &[FileFix]) {
    let mut first: HashMap<*const u8, u32> = HashMap::new();
    for file in files {
        let names = file.documents.iter().map(|part| part.name.as_ptr());
        first.extend(names.zip(file.first_lines()));
    }
    for left in several {
        let location = &mut left.finding.location;
        location.start.line += first.get(&location.file.as_ptr()).copied().unwrap_or_default();
    }
}

/// What rules about several objects say of the files as they are to be: nothing of it can be fixed. A file whose fixes
/// would break one of these rules is left as it was.
fn together(judge: &Judge, files: &mut [FileFix]) -> Vec<Left> {
    let changed = files.iter().any(|file| file.proven.is_some());
    let known: HashSet<_> = if changed && judge.needs_world() {
        let before = of_world(judge, files, |document| &document.before);
        before.iter().map(|finding| finding.fingerprint).collect()
    } else {
        HashSet::new()
    };
    loop {
        let findings = of_world(judge, files, |document| {
            document.after.as_ref().unwrap_or(&document.before)
        });
        let new = findings
            .iter()
            .find(|finding| !known.contains(&finding.fingerprint));
        let Some(new) = new.filter(|_| files.iter().any(|file| file.proven.is_some())) else {
            let left = |finding| Left {
                finding,
                why: Why::NoFix,
            };
            return findings.into_iter().map(left).collect();
        };
        let why = Why::Unproven(Unproven::New(new.rule.id.clone(), new.message.clone()));
        let there = |file: &FileFix| file.proven.is_some() && file.name == new.location.file;
        let known_file = files.iter().any(there);
        for file in files.iter_mut() {
            if file.proven.is_some() && (!known_file || there(file)) {
                file.give_up(&why);
            }
        }
    }
}

/// What rules about several objects find in documents, each as `judged` gives it.
fn of_world(judge: &Judge, files: &[FileFix], judged: impl Fn(&Fixed) -> &Judged) -> Vec<Finding> {
    let mut world = World::default();
    let mut exceptions = Vec::new();
    for file in files {
        let documents = file.documents.iter().map(|part| judged(&part.fixed));
        for judged in file.unfixable.iter().chain(documents) {
            judged.facts.iter().for_each(|fact| world.add(fact.clone()));
            exceptions.extend(judged.exceptions.iter().cloned());
        }
    }
    let together = judge.world(&world).into_iter();
    let mut findings: Vec<_> = together
        .map(|(rule, failure)| Finding::of_world(&rule, failure))
        .collect();
    for finding in &mut findings {
        // Only those of its own document: places are counted from where that begins.
        let own = |exception: &&Arc<Exception>| Arc::ptr_eq(&exception.file, &finding.location.file);
        let own: Vec<_> = exceptions.iter().filter(own).cloned().collect();
        judge.acceptance().apply(finding, &own);
    }
    findings.retain(|finding| finding.excepted.is_none());
    findings
}

/// What was done, in numbers.
struct Summary {
    fixed: usize,
    changed: usize,
    left: BTreeMap<&'static str, usize>,
    counts: Counts,
    several: Vec<Left>,
    failed: Vec<Failed>,
}

impl Summary {
    fn of(files: &[FileFix], several: Vec<Left>, failed: Vec<Failed>) -> Self {
        let mut left = BTreeMap::new();
        let mut counts = Counts::default();
        for one in files.iter().flat_map(|file| &file.left).chain(&several) {
            *left.entry(one.why.heading()).or_default() += 1;
            counts.add(&one.finding);
        }
        Self {
            fixed: files.iter().map(|file| file.fixed.len()).sum(),
            changed: files.iter().filter(|file| file.proven.is_some()).count(),
            left,
            counts,
            several,
            failed,
        }
    }

    fn text(&self, fix: &Fix, files: &[FileFix]) -> String {
        let mut out = String::new();
        if !fix.quiet && !fix.diff {
            let mut several: HashMap<&str, Vec<&Left>> = HashMap::new();
            for left in &self.several {
                several.entry(&left.finding.location.file).or_default().push(left);
            }
            for file in files {
                let fixed = file.fixed.iter().map(|finding| (finding, None));
                let more = several.remove(&*file.name).unwrap_or_default();
                let left = file.left.iter().chain(more);
                let left = left.map(|left| (&left.finding, Some(&left.why)));
                tell(&mut out, &file.name, fixed.chain(left));
            }
        }
        for failed in &self.failed {
            let place = failed.line.map_or_else(String::new, |line| format!(":{line}"));
            let _ = writeln!(out, "{}{place}: {}", failed.path, failed.reason);
        }
        let dry = fix.diff || fix.check;
        let _ = write!(
            out,
            "{} {} in {}",
            counted(self.fixed, "finding"),
            if dry { "can be fixed" } else { "fixed" },
            counted(self.changed, "file")
        );
        let all: usize = self.left.values().sum();
        if all > 0 {
            let parts: Vec<_> = self
                .left
                .iter()
                .map(|(why, count)| format!("{count} {why}"))
                .collect();
            let _ = write!(out, "; {all} left: {}", parts.join(", "));
        }
        out.push('\n');
        for (why, hint) in [
            ("may-break", "--may-break fixes those that may break a program"),
            ("needs-value", "--set RULE=VALUE gives the value that a fix needs"),
            (
                "rendered",
                "what was rendered is fixed in its source; --no-render fixes a kustomization's files as they are",
            ),
        ] {
            if self.left.contains_key(why) && !fix.quiet {
                let _ = writeln!(out, "{hint}");
            }
        }
        out
    }

    fn exit_code(&self, fix: &Fix, fail_on: FailOn) -> u8 {
        let soft = match fail_on {
            _ if fix.check => self.changed > 0,
            FailOn::At(severity) => self.counts.at_least(severity) > 0,
            FailOn::Never => false,
        };
        if !self.failed.is_empty() {
            UNREADABLE
        } else if soft {
            FINDINGS
        } else {
            CLEAN
        }
    }
}

/// Says of one file which rules were fixed and which are left, and on which lines.
fn tell<'f>(out: &mut String, name: &str, findings: impl Iterator<Item = (&'f Finding, Option<&'f Why>)>) {
    let mut lines: Vec<(String, Vec<u32>)> = Vec::new();
    for (finding, why) in findings {
        let said = match why {
            None => format!("  fixed  {}", finding.rule.id),
            Some(why) => format!("  left   {} ({why})", finding.rule.id),
        };
        let line = finding.location.start.line;
        match lines.iter_mut().find(|(known, _)| *known == said) {
            Some((_, all)) => all.push(line),
            None => lines.push((said, vec![line])),
        }
    }
    if lines.is_empty() {
        return;
    }
    let _ = writeln!(out, "{name}");
    for (said, mut all) in lines {
        all.sort_unstable();
        all.dedup();
        let all: Vec<_> = all.iter().map(u32::to_string).collect();
        let noun = if all.len() == 1 { "line" } else { "lines" };
        let _ = writeln!(out, "{said}: {noun} {}", all.join(", "));
    }
}

fn counted(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}
