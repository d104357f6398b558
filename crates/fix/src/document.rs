//! One document: from its findings to a text without them.

use crate::proof::{is_better, is_patched, parse};
use crate::{Change, Refusal, Syntax, Unproven, apply};
use hardtack_core::algebra::{PatchKind, PatchOp};
use hardtack_core::{Applicability, Document, Finding, FindingResult, Judge, Judged, objects};
use hardtack_tree::{NodeId, Span, Tree};
use serde_json::{Map, Value};
use std::cmp::Ordering;
use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

/// A fix may make room for another; more rounds than this are never needed.
const ROUNDS: usize = 8;
/// So often a fix may uncover what another must fix before it counts as done.
const CHAIN: usize = 3;

/// Which fixes are wanted.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// Also those that a program may not bear.
    pub may_break: bool,
    /// Values for rules that need one, by the rules' ids.
    pub values: Vec<(Box<str>, Value)>,
}

/// A finding that stays, and why.
#[derive(Clone, Debug)]
pub struct Left {
    /// The finding.
    pub finding: Finding,
    /// Why it stays.
    pub why: Why,
}

/// Why a finding was not fixed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Why {
    /// Its fix may break a program, and such fixes were not asked for.
    MayBreak,
    /// Its fix needs a value that only the user knows.
    NeedsValue,
    /// There is no fix for it.
    NoFix,
    /// Whether it is broken depends on something outside of the input.
    Unknown,
    /// It was rendered: its source is what must change.
    Rendered,
    /// It stands in a Dockerfile.
    Dockerfile,
    /// The text can't be edited there.
    Refused(Refusal),
    /// The fix could not be proven.
    Unproven(Unproven),
    /// The file could not be written.
    NotWritten(Arc<str>),
}

impl Why {
    /// The reason in a word or two, by which a summary groups.
    pub fn heading(&self) -> &'static str {
        match self {
            Why::MayBreak => "may-break",
            Why::NeedsValue => "needs-value",
            Why::NoFix => "no fix",
            Why::Unknown => "unknown",
            Why::Rendered => "rendered",
            Why::Dockerfile => "Dockerfile: not yet",
            Why::Refused(_) => "not editable",
            Why::Unproven(_) => "proof failed",
            Why::NotWritten(_) => "not written",
        }
    }
}

impl fmt::Display for Why {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Why::Refused(refusal) => write!(out, "{}: {refusal}", self.heading()),
            Why::Unproven(unproven) => write!(out, "{}: {unproven}", self.heading()),
            Why::NotWritten(reason) => write!(out, "{}: {reason}", self.heading()),
            _ => out.write_str(self.heading()),
        }
    }
}

/// A document after its fixes. Every change in it is proven.
#[derive(Debug)]
pub struct Fixed {
    text: String,
    /// What was fixed, in the order of the document.
    pub fixed: Vec<Finding>,
    /// What stays.
    pub left: Vec<Left>,
    /// What the judge said before.
    pub before: Judged,
    /// What the judge says of the new text, if there is one.
    pub after: Option<Judged>,
}

impl Fixed {
    /// The text of the document as it shall be.
    pub fn text(&self) -> &str {
        &self.text
    }
}

/// Fixes what can be fixed in one document, given as a text of its own. `None` where there is nothing to judge.
pub fn fix(judge: &Judge, file: &Arc<str>, text: &str, syntax: Syntax, wanted: &Wanted) -> Option<Fixed> {
    let before = judged(judge, file, text, &parse(text, syntax).ok()??);
    let mut state = State {
        text: text.to_owned(),
        judged: None,
    };
    let mut fixed = Vec::new();
    let mut left = Vec::new();
    for _ in 0..ROUNDS {
        let findings = &state.judged.as_ref().unwrap_or(&before).findings;
        left.clear();
        let Ok(Some(tree)) = parse(&state.text, syntax) else {
            break;
        };
        let mut round = Round {
            judge,
            file,
            syntax,
            tree: &tree,
            findings,
            wanted,
            accepted: Vec::new(),
            left: Vec::new(),
            new: None,
        };
        let candidates = round.candidates();
        round.settle(&candidates);
        let (accepted, new) = (round.accepted, round.new.take());
        left = round.left;
        let Some(new) = new else { break };
        fixed.extend(accepted.iter().map(|candidate| candidate.finding.clone()));
        drop(candidates);
        state = new;
    }
    fixed.sort_by_key(|finding: &Finding| finding.location.span);
    left.sort_by_key(|left: &Left| left.finding.location.span);
    Some(Fixed {
        text: state.text,
        fixed,
        left,
        before,
        after: state.judged,
    })
}

fn judged(judge: &Judge, file: &Arc<str>, text: &str, tree: &Tree<'_>) -> Judged {
    let document = Document::new(file.clone(), text);
    judge.manifest(tree.root(), Span::new(0, text.len() as u32), &document)
}

struct State {
    text: String,
    judged: Option<Judged>,
}

/// A finding with the fix that is to be made.
#[derive(Clone)]
struct Candidate<'f> {
    finding: &'f Finding,
    object: NodeId,
    ops: Vec<PatchOp>,
}

struct Round<'r> {
    judge: &'r Judge,
    file: &'r Arc<str>,
    syntax: Syntax,
    tree: &'r Tree<'r>,
    findings: &'r [Finding],
    wanted: &'r Wanted,
    accepted: Vec<Candidate<'r>>,
    left: Vec<Left>,
    new: Option<State>,
}

impl<'r> Round<'r> {
    fn candidates(&mut self) -> Vec<Candidate<'r>> {
        let mut candidates = Vec::new();
        for finding in self.findings.iter().filter(|finding| finding.excepted.is_none()) {
            let object = object_of(self.tree, finding);
            let ops = ops(finding, self.wanted);
            match (object, ops) {
                (Some(object), Ok(ops)) => candidates.push(Candidate { finding, object, ops }),
                (_, Err(why)) => self.leave(finding, why),
                (None, _) => self.leave(finding, Why::NoFix),
            }
        }
        candidates
    }

    fn leave(&mut self, finding: &Finding, why: Why) {
        self.left.push(Left {
            finding: finding.clone(),
            why,
        });
    }

    /// Accepts as many of the candidates as can be proven together: all at once, else half by half.
    fn settle(&mut self, candidates: &[Candidate<'r>]) {
        if candidates.is_empty() {
            return;
        }
        let all: Vec<_> = self.accepted.iter().chain(candidates).cloned().collect();
        match self.attempt(&all) {
            Ok(state) => {
                self.accepted = all;
                self.new = Some(state);
            }
            Err(why) => match candidates {
                [only] => self.leave(only.finding, why),
                several => {
                    let (first, second) = several.split_at(several.len() / 2);
                    self.settle(first);
                    self.settle(second);
                }
            },
        }
    }

    fn attempt(&self, candidates: &[Candidate<'r>]) -> Result<State, Why> {
        let mut state = self.step(self.tree, candidates)?;
        let fixed = || candidates.iter().map(|candidate| candidate.finding);
        for _ in 0..CHAIN {
            let Some(judged) = &state.judged else { break };
            let Err(unproven) = is_better(self.findings, fixed(), &judged.findings) else {
                return Ok(state);
            };
            let next = {
                // What a fix uncovers may have a fix itself: the network of the host hid that a pod has users of the host.
                let uncovered = uncovered(self.findings, &judged.findings);
                let tree = parse(&state.text, self.syntax).ok().flatten();
                let tree = tree.ok_or(Why::Unproven(Unproven::Differs))?;
                let mut more = Vec::new();
                for finding in uncovered {
                    let Some((object, ops)) = object_of(&tree, finding).zip(ops(finding, self.wanted).ok())
                    else {
                        return Err(Why::Unproven(unproven));
                    };
                    more.push(Candidate { finding, object, ops });
                }
                if more.is_empty() {
                    return Err(Why::Unproven(unproven));
                }
                self.step(&tree, &more)?
            };
            state = next;
        }
        let judged = state.judged.as_ref().map_or(&[][..], |judged| &judged.findings);
        is_better(self.findings, fixed(), judged).map_err(Why::Unproven)?;
        Ok(state)
    }

    /// The text with the fixes of the candidates, proven to differ in nothing else, and judged.
    fn step(&self, tree: &Tree<'_>, candidates: &[Candidate<'_>]) -> Result<State, Why> {
        let changes = together(candidates);
        let whole = Span::new(0, tree.text().len() as u32);
        let text = apply(tree, whole, self.syntax, &changes).map_err(Why::Refused)?;
        let judged = {
            let new = parse(&text, self.syntax).map_err(|error| Why::Unproven(Unproven::Broken(error)))?;
            let new = new.ok_or(Why::Unproven(Unproven::Differs))?;
            is_patched(tree, &changes, &new).map_err(Why::Unproven)?;
            judged(self.judge, self.file, &text, &new)
        };
        Ok(State {
            text,
            judged: Some(judged),
        })
    }
}

/// The findings that were not there before.
fn uncovered<'f>(before: &[Finding], after: &'f [Finding]) -> Vec<&'f Finding> {
    let known: HashSet<_> = before.iter().map(|finding| finding.fingerprint).collect();
    let new = |finding: &&Finding| finding.excepted.is_none() && !known.contains(&finding.fingerprint);
    after.iter().filter(new).collect()
}

/// The node of the object that a finding is about.
fn object_of(tree: &Tree<'_>, finding: &Finding) -> Option<NodeId> {
    let all = objects(tree.root());
    let named: Vec<_> = all
        .iter()
        .flatten()
        .filter(|object| finding.object.as_deref() == Some(&object.identity()))
        .collect();
    let found = match *named {
        [only] => Some(only),
        _ => named.into_iter().find(|object| {
            let (whole, place) = (object.node.span(), finding.location.span);
            whole.start <= place.start && place.end <= whole.end
        }),
    };
    found.map(|object| object.node.id())
}

/// The patches of the candidates, object by object: what is set first, what is removed last, from the end on, so that
/// no index of a list moves before it is used.
fn together(candidates: &[Candidate<'_>]) -> Vec<Change> {
    let mut changes: Vec<Change> = Vec::new();
    for candidate in candidates {
        let at = changes
            .iter()
            .position(|change| change.object == candidate.object);
        let at = at.unwrap_or_else(|| {
            changes.push(Change {
                object: candidate.object,
                ops: Vec::new(),
            });
            changes.len() - 1
        });
        for op in &candidate.ops {
            if !changes[at].ops.contains(op) {
                changes[at].ops.push(op.clone());
            }
        }
    }
    for change in &mut changes {
        change.ops.sort_by(|a, b| match (a.op, b.op) {
            (PatchKind::Remove, PatchKind::Remove) => compare(&b.path, &a.path),
            (a, b) => (a == PatchKind::Remove).cmp(&(b == PatchKind::Remove)),
        });
    }
    changes
}

fn compare(a: &str, b: &str) -> Ordering {
    let mut pairs = a.split('/').zip(b.split('/'));
    let differ = pairs.find_map(|(a, b)| {
        let order = match (a.parse::<usize>(), b.parse::<usize>()) {
            (Ok(a), Ok(b)) => a.cmp(&b),
            _ => a.cmp(b),
        };
        (order != Ordering::Equal).then_some(order)
    });
    differ.unwrap_or_else(|| a.len().cmp(&b.len()))
}

/// What is to be done about a finding.
fn ops(finding: &Finding, wanted: &Wanted) -> Result<Vec<PatchOp>, Why> {
    let value = wanted
        .values
        .iter()
        .rev()
        .find(|(rule, _)| *rule == finding.rule.id);
    if let Some((_, value)) = value {
        return Ok(vec![set(finding, value)]);
    }
    let needs_value = finding.rule.fix.applicability == Some(Applicability::NeedsValue);
    let Some(fix) = finding.fixes.first() else {
        return Err(match finding.result {
            _ if needs_value => Why::NeedsValue,
            FindingResult::Unknown => Why::Unknown,
            FindingResult::Fail => Why::NoFix,
        });
    };
    match fix.applicability {
        _ if finding.result == FindingResult::Unknown => Err(Why::Unknown),
        Applicability::MayBreak if !wanted.may_break => Err(Why::MayBreak),
        Applicability::NeedsValue => Err(Why::NeedsValue),
        Applicability::Safe | Applicability::MayBreak => Ok(fix.patch.clone()),
    }
}

/// Gives the field that a finding is about a value.
fn set(finding: &Finding, value: &Value) -> PatchOp {
    let missing = finding
        .field
        .as_deref()
        .and_then(|field| field.strip_prefix(&*finding.path));
    let mut keys = missing.unwrap_or_default().split('/').skip(1);
    let Some(first) = keys.next() else {
        return PatchOp {
            op: PatchKind::Replace,
            path: finding.path.to_string(),
            value: Some(value.clone()),
        };
    };
    let rest: Vec<_> = keys.collect();
    let nested = rest.into_iter().rev().fold(value.clone(), |inner, key| {
        let key = key.replace("~1", "/").replace("~0", "~");
        Value::Object(Map::from_iter([(key, inner)]))
    });
    PatchOp {
        op: PatchKind::Add,
        path: format!("{}/{first}", finding.path),
        value: Some(nested),
    }
}
