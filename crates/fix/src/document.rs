//! One document: from its findings to a text without them.

use crate::edit::refused;
use crate::proof::{differing, is_patched, parse, unwanted};
use crate::{Change, Refusal, Syntax, Unproven, apply};
use hardtack_core::algebra::{PatchKind, PatchOp};
use hardtack_core::{Applicability, Document, Finding, FindingResult, Judge, Judged, ObjectRef, objects};
use hardtack_tree::{Node, NodeId, Span, Tree};
use serde_json::{Map, Value};
use std::cmp::Ordering;
use std::collections::{HashMap, HashSet};
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
        round.settle(candidates);
        let (accepted, new) = (round.accepted, round.new.take());
        left = round.left;
        let Some(new) = new else { break };
        fixed.extend(accepted.iter().map(|candidate| candidate.finding.clone()));
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
        let known = Known::of(self.tree);
        let mut candidates = Vec::new();
        for finding in self.findings.iter().filter(|finding| finding.excepted.is_none()) {
            let object = known.of_finding(finding);
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
    ///
    /// What is wrong with one object says nothing of the others, so that each object has its own halves and every attempt
    /// serves all objects: there are as many attempts as the worst object needs.
    fn settle(&mut self, candidates: Vec<Candidate<'r>>) {
        let mut places: HashMap<NodeId, usize> = HashMap::new();
        let mut waiting: Vec<Vec<Vec<Candidate<'r>>>> = Vec::new();
        for candidate in candidates {
            let place = *places.entry(candidate.object).or_insert(waiting.len());
            match waiting.get_mut(place).and_then(|batches| batches.last_mut()) {
                Some(batch) => batch.push(candidate),
                None => waiting.push(vec![vec![candidate]]),
            }
        }
        let mut proven = true;
        let mut sent_back = HashSet::new();
        loop {
            let batches: Vec<_> = waiting.iter_mut().map(Vec::pop).collect();
            let now: Vec<_> = batches.iter().flatten().flatten().cloned().collect();
            if now.is_empty() && proven {
                return;
            }
            let all: Vec<_> = self.accepted.iter().chain(&now).cloned().collect();
            let trouble = match self.attempt(&all) {
                Ok(state) => {
                    self.accepted = all;
                    self.new = Some(state);
                    proven = true;
                    continue;
                }
                Err(trouble) => trouble,
            };
            proven = false;
            // Where it can't be told whose fault it is, it may be anyone's.
            let known = all.iter().any(|candidate| trouble.has(candidate));
            let blamed = |candidate: &Candidate<'_>| !known || trouble.has(candidate);
            let tried: HashSet<NodeId> = now.iter().map(|candidate| candidate.object).collect();
            if known || tried.is_empty() {
                // What was accepted beside the failure of others may turn out not to hold.
                let accepted = std::mem::take(&mut self.accepted);
                let (back, kept): (Vec<_>, Vec<_>) = accepted
                    .into_iter()
                    .partition(|candidate| blamed(candidate) && !tried.contains(&candidate.object));
                self.accepted = kept;
                let again: HashSet<NodeId> = back
                    .iter()
                    .map(|candidate| candidate.object)
                    .filter(|object| !sent_back.insert(*object))
                    .collect();
                for candidate in back {
                    match places
                        .get(&candidate.object)
                        .and_then(|place| waiting.get_mut(*place))
                    {
                        Some(batches) if !again.contains(&candidate.object) => batches.push(vec![candidate]),
                        _ => self.leave(candidate.finding, trouble.why(&candidate).clone()),
                    }
                }
            }
            for (batches, batch) in waiting.iter_mut().zip(batches) {
                let Some(mut batch) = batch else { continue };
                match batch.len() {
                    _ if !batch.iter().any(blamed) && trouble.is_complete => self.accepted.append(&mut batch),
                    _ if !batch.iter().any(blamed) => batches.push(batch),
                    1 => batch
                        .iter()
                        .for_each(|only| self.leave(only.finding, trouble.why(only).clone())),
                    several => {
                        batches.push(batch.split_off(several / 2));
                        batches.push(batch);
                    }
                }
            }
            if self.accepted.is_empty() && waiting.iter().all(Vec::is_empty) {
                self.new = None;
                return;
            }
        }
    }

    fn attempt(&self, candidates: &[Candidate<'r>]) -> Result<State, Trouble> {
        let mut state = self.step(self.tree, candidates)?;
        for round in 0..=CHAIN {
            let next = {
                let judged = state.judged.as_ref().map_or(&[][..], |judged| &judged.findings);
                let fixed = candidates.iter().map(|candidate| candidate.finding);
                let unwanted = unwanted(self.findings, fixed, judged);
                if unwanted.is_empty() {
                    return Ok(state);
                }
                let tree = parse(&state.text, self.syntax).ok().flatten();
                let tree = tree.ok_or(Trouble::of_all(Why::Unproven(Unproven::Differs)))?;
                let known = Known::of(&tree);
                let mut more = Vec::new();
                let mut stuck = Vec::new();
                for (finding, unproven) in unwanted {
                    // What a fix uncovers may have a fix itself: the network of the host hid that a pod has users of
                    // the host.
                    let fix = known.of_finding(finding).zip(ops(finding, self.wanted).ok());
                    match fix.filter(|_| round < CHAIN && matches!(unproven, Unproven::New(..))) {
                        Some((object, ops)) => more.push(Candidate { finding, object, ops }),
                        None => stuck.push((finding, Why::Unproven(unproven))),
                    }
                }
                if !stuck.is_empty() {
                    return Err(Trouble::of(stuck));
                }
                self.step(&tree, &more)?
            };
            state = next;
        }
        Err(Trouble::of_all(Why::Unproven(Unproven::Differs)))
    }

    /// The text with the fixes of the candidates, proven to differ in nothing else, and judged.
    fn step(&self, tree: &Tree<'_>, candidates: &[Candidate<'_>]) -> Result<State, Trouble> {
        let changes = together(candidates);
        let whole = Span::new(0, tree.text().len() as u32);
        let of_objects = |reasons: HashMap<NodeId, Why>, otherwise: Why| {
            let of = |candidate: &Candidate<'_>| {
                let why = reasons.get(&candidate.object)?;
                Some((candidate.finding.object.as_deref()?.clone(), why.clone()))
            };
            Trouble {
                objects: candidates.iter().filter_map(of).collect(),
                is_complete: false,
                otherwise,
            }
        };
        let text = apply(tree, whole, self.syntax, &changes).map_err(|refusal| {
            let refused = refused(tree, whole, self.syntax, &changes).into_iter();
            let refused = refused.map(|(object, refusal)| (object, Why::Refused(refusal)));
            of_objects(refused.collect(), Why::Refused(refusal))
        })?;
        let judged = {
            let broken = |error| Trouble::of_all(Why::Unproven(Unproven::Broken(error)));
            let differs = || Why::Unproven(Unproven::Differs);
            let new = parse(&text, self.syntax).map_err(broken)?;
            let new = new.ok_or_else(|| Trouble::of_all(differs()))?;
            if let Err(unproven) = is_patched(tree, &changes, &new) {
                let differing = differing(tree, &changes, &new).into_iter();
                let differing = differing.map(|object| (object, differs()));
                return Err(of_objects(differing.collect(), Why::Unproven(unproven)));
            }
            judged(self.judge, self.file, &text, &new)
        };
        Ok(State {
            text,
            judged: Some(judged),
        })
    }
}

/// Why an attempt failed.
struct Trouble {
    /// The objects that it is known of.
    objects: HashMap<ObjectRef, Why>,
    /// Whether all others have stood the whole proof.
    is_complete: bool,
    /// What is said where it is not known of an object.
    otherwise: Why,
}

impl Trouble {
    fn of_all(why: Why) -> Self {
        Self {
            objects: HashMap::new(),
            is_complete: false,
            otherwise: why,
        }
    }

    fn of(findings: Vec<(&Finding, Why)>) -> Self {
        let first = findings.first().map(|(_, why)| why.clone());
        let mut objects = HashMap::new();
        for (finding, why) in findings {
            if let Some(object) = finding.object.as_deref() {
                objects.entry(object.clone()).or_insert(why);
            }
        }
        Self {
            objects,
            is_complete: true,
            otherwise: first.unwrap_or(Why::Unproven(Unproven::Differs)),
        }
    }

    fn has(&self, candidate: &Candidate<'_>) -> bool {
        let object = candidate.finding.object.as_deref();
        object.is_some_and(|object| self.objects.contains_key(object))
    }

    fn why(&self, candidate: &Candidate<'_>) -> &Why {
        let object = candidate.finding.object.as_deref();
        let known = object.and_then(|object| self.objects.get(object));
        known.unwrap_or(&self.otherwise)
    }
}

/// The objects of a document, by their names.
struct Known<'t>(HashMap<ObjectRef, Vec<Node<'t>>>);

impl<'t> Known<'t> {
    fn of(tree: &'t Tree<'_>) -> Self {
        let mut known: HashMap<_, Vec<_>> = HashMap::new();
        for object in objects(tree.root()).into_iter().flatten() {
            known.entry(object.identity()).or_default().push(object.node);
        }
        Self(known)
    }

    /// The object that a finding is about.
    fn of_finding(&self, finding: &Finding) -> Option<NodeId> {
        let named = self.0.get(finding.object.as_deref()?)?;
        let found = match named.as_slice() {
            [only] => Some(only),
            several => several.iter().find(|object| {
                let (whole, place) = (object.span(), finding.location.span);
                whole.start <= place.start && place.end <= whole.end
            }),
        };
        found.map(|object| object.id())
    }
}

/// The patches of the candidates, object by object: what is set first, what is removed last, from the end on, so that
/// no index of a list moves before it is used.
fn together(candidates: &[Candidate<'_>]) -> Vec<Change> {
    let mut changes: Vec<Change> = Vec::new();
    let mut places: HashMap<NodeId, usize> = HashMap::new();
    for candidate in candidates {
        let at = *places.entry(candidate.object).or_insert_with(|| {
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
