//! The judge: one walk over an object serves all rules.

use crate::algebra::{self, Asked, Edit, Failure, PatchOp, Scope, Texts, Truth};
use crate::checks::Builtin;
use crate::exception::Acceptance;
use crate::pods::{self, ContainerType, PodPaths};
use crate::pss::{Level, PodSecurity};
use crate::reads;
use crate::rule::{Applicability, Body, Check, Each, KindPattern, Rule, RuleSet, Selection, SelectionError};
use crate::world::{Wanted, World, WorldFailure};
use crate::{KubernetesVersion, Object};
use hardtack_tree::{Kind, Node, NodeId};
use rustc_hash::FxHashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

/// Rules, compiled for one selection and one version of Kubernetes. Shared by all threads.
#[derive(Debug)]
pub struct Judge {
    rules: RuleSet,
    pods: PodPaths,
    active: Vec<Active>,
    objects: Vec<u32>,
    objects_by_kind: FxHashMap<Box<str>, Vec<OfKind>>,
    by_each: [Vec<u32>; Each::NAMED.len()],
    instructions: FxHashMap<Box<str>, Vec<u32>>,
    commands: FxHashMap<Box<str>, Vec<u32>>,
    /// The fields that the rules of each kind of item read.
    fields: [reads::Fields; Each::NAMED.len()],
    global: Vec<u32>,
    wanted: Wanted,
    acceptance: Acceptance,
}

/// A rule that is judged, with the body for the version of Kubernetes.
#[derive(Debug)]
struct Active {
    rule: Arc<Rule>,
    body: usize,
    /// Whether it was asked for. The Pod Security rules are judged all the same, and so are those that find what must not be shown.
    reported: bool,
    level: Option<Level>,
    skip: reads::Skip,
}

/// A rule about objects of one kind, in the kind's group.
#[derive(Debug)]
struct OfKind {
    rule: u32,
    kind: KindPattern,
}

/// A rule broken at a node.
#[derive(Clone, Debug)]
pub struct Verdict<'a> {
    /// The rule.
    pub rule: Arc<Rule>,
    /// Whether it was asked for; if not, it only tells what must not be shown.
    pub reported: bool,
    /// [`Truth::No`] or [`Truth::Unknown`].
    pub truth: Truth,
    /// The nearest node that exists.
    pub node: Node<'a>,
    /// The keys that are missing below it.
    pub missing: Vec<String>,
    /// What is there, and what must be.
    pub message: String,
    /// What would repair it, as a JSON Patch of the object.
    pub fix: Option<(Applicability, Vec<PatchOp>)>,
}

/// Judges all objects together by one rule, known by its number.
pub type WorldJudge<'w> = dyn Fn(&u32) -> Vec<WorldFailure> + Sync + 'w;

/// What a message calls the thing that was judged.
#[derive(Clone, Copy)]
enum Subject<'a> {
    Whole,
    Container(Node<'a>, ContainerType),
    Part(&'static str, Node<'a>, Node<'a>),
    Volume(Node<'a>),
}

impl Judge {
    /// A judge of the rules in `selection`, as they are for `version`.
    pub fn new(
        rules: RuleSet,
        selection: &Selection,
        version: KubernetesVersion,
        pods: PodPaths,
    ) -> Result<Self, SelectionError> {
        let chosen = rules.chosen(selection)?;
        let mut judge = Self {
            active: Vec::new(),
            pods,
            objects: Vec::new(),
            objects_by_kind: FxHashMap::default(),
            by_each: Default::default(),
            instructions: FxHashMap::default(),
            commands: FxHashMap::default(),
            fields: Default::default(),
            global: Vec::new(),
            wanted: Wanted::NOTHING,
            acceptance: Acceptance::default(),
            rules: RuleSet::default(),
        };
        for (rule, reported) in rules.rules().iter().zip(chosen) {
            let level = rule.pod_security();
            if reported || level.is_some() || rule.sensitive {
                judge.activate(rule, reported, level, version);
            }
        }
        judge.rules = rules;
        Ok(judge)
    }

    fn activate(
        &mut self,
        rule: &Arc<Rule>,
        reported: bool,
        level: Option<Level>,
        version: KubernetesVersion,
    ) {
        let fits = |body: &Body| {
            body.from.is_none_or(|from| version >= from) && body.until.is_none_or(|until| version < until)
        };
        let Some(body) = rule.bodies.iter().rposition(fits) else {
            return;
        };
        let index = self.active.len() as u32;
        match &rule.bodies[body].check {
            Check::Inactive => return,
            check if check.is_global() => {
                self.wanted = self.wanted.and(check.wanted());
                self.global.push(index);
            }
            _ => match rule.each {
                Each::Object if rule.kinds.is_empty() || rule.kinds.iter().any(|kind| &*kind.kind == "*") => {
                    self.objects.push(index);
                }
                Each::Object => {
                    for kind in &rule.kinds {
                        let rules = self.objects_by_kind.entry(kind.kind.clone()).or_default();
                        rules.push(OfKind {
                            rule: index,
                            kind: kind.clone(),
                        });
                    }
                }
                Each::Instruction if !rule.instructions.is_empty() => {
                    for name in &rule.instructions {
                        self.instructions.entry(name.clone()).or_default().push(index);
                    }
                }
                Each::Command if !rule.commands.is_empty() => {
                    for name in &rule.commands {
                        self.commands.entry(name.clone()).or_default().push(index);
                    }
                }
                each => self.by_each[each as usize].push(index),
            },
        }
        let chosen = &rule.bodies[body];
        let skip = self.fields[rule.each as usize].skip(
            rule.each.root(),
            chosen.wanted.as_ref(),
            chosen.unless.as_ref(),
            match &chosen.check {
                Check::Require(formula) => Some(formula),
                _ => None,
            },
        );
        self.active.push(Active {
            rule: rule.clone(),
            body,
            reported,
            level,
            skip,
        });
    }

    /// The same judge, which accepts findings as `acceptance` says.
    pub fn accepting(self, acceptance: Acceptance) -> Self {
        Self { acceptance, ..self }
    }

    /// The same judge, which passes by no rule for the fields that an item lacks: slower, and never of another opinion.
    #[doc(hidden)]
    pub fn passing_by_none(mut self) -> Self {
        for active in &mut self.active {
            active.skip = reads::Skip::default();
        }
        self
    }

    /// Which findings are accepted.
    pub fn acceptance(&self) -> &Acceptance {
        &self.acceptance
    }

    /// All rules that are known, judged or not.
    pub fn rules(&self) -> &RuleSet {
        &self.rules
    }

    /// The rules that are reported.
    pub fn reported_rules(&self) -> Vec<Arc<Rule>> {
        let reported = self.active.iter().filter(|active| active.reported);
        reported.map(|active| active.rule.clone()).collect()
    }

    /// How many rules are reported.
    pub fn reported(&self) -> usize {
        self.active.iter().filter(|active| active.reported).count()
    }

    /// Where pods are in objects.
    pub fn pod_paths(&self) -> &PodPaths {
        &self.pods
    }

    /// Whether rules that look at all objects together are among those reported.
    pub fn needs_world(&self) -> bool {
        !self.global.is_empty()
    }

    /// Which facts these rules ask for.
    pub fn wanted(&self) -> Wanted {
        self.wanted
    }

    /// Judges one object. Says what the Pod Security Standards make of its pods, if it holds any.
    pub fn object<'a>(&self, object: &Object<'a>, out: &mut Vec<Verdict<'a>>) -> Option<PodSecurity> {
        self.object_with(object, None, out)
    }

    /// The same, with what is known of the texts in the object's tree.
    pub(crate) fn object_with<'a>(
        &self,
        object: &Object<'a>,
        texts: Option<&'a Texts>,
        out: &mut Vec<Verdict<'a>>,
    ) -> Option<PodSecurity> {
        let mut walk = Walk {
            judge: self,
            object: Some(*object),
            group: object.group(),
            root: object.node,
            broken: Vec::new(),
            said: FxHashMap::default(),
            out,
        };
        let scope = Scope {
            texts,
            ..Scope::of_object(object.node)
        };
        walk.all(Each::Object, &self.objects, &scope, Subject::Whole);
        if let Some(rules) = self.objects_by_kind.get(object.kind) {
            walk.of_kind(rules, &scope);
        }
        if !self.pods.is_workload(object) {
            return None;
        }
        let pods = self.pods.pods(object);
        for pod in &pods {
            walk.pod(*pod, &scope);
        }
        // Of a workload whose template is missing or no map, nothing can be said.
        (!pods.is_empty()).then(|| walk.pod_security())
    }

    /// Judges a Dockerfile's tree.
    pub fn dockerfile<'a>(&self, root: Node<'a>, out: &mut Vec<Verdict<'a>>) {
        self.dockerfile_with(root, None, out);
    }

    pub(crate) fn dockerfile_with<'a>(
        &self,
        root: Node<'a>,
        texts: Option<&'a Texts>,
        out: &mut Vec<Verdict<'a>>,
    ) {
        let mut walk = Walk {
            judge: self,
            object: None,
            group: "",
            root,
            broken: Vec::new(),
            said: FxHashMap::default(),
            out,
        };
        let scope = Scope {
            texts,
            ..Scope::of_object(root)
        };
        walk.each(Each::Dockerfile, &scope, Subject::Whole);
        for stage in root.get("stages").map(Node::items).into_iter().flatten() {
            let scope = Scope {
                stage: Some(stage),
                ..scope.with_item(stage)
            };
            walk.each(Each::Stage, &scope, Subject::Whole);
            for instruction in stage.get("instructions").map(Node::items).into_iter().flatten() {
                walk.instruction(instruction, &scope);
                // What `ONBUILD` holds runs in another build, and is as soft there.
                if let Some(inner) = instruction.get("inner") {
                    walk.instruction(inner, &scope);
                }
            }
        }
    }

    /// Judges all objects together, after the last was read. Says nothing where some had to be left out.
    pub fn world(&self, world: &World) -> Vec<(Arc<Rule>, WorldFailure)> {
        self.world_by(world, |rules, judge| rules.iter().map(judge).collect())
    }

    /// The same for a caller who may have threads for it: `each` calls the judge for every rule.
    pub fn world_by(
        &self,
        world: &World,
        each: impl FnOnce(&[u32], &WorldJudge<'_>) -> Vec<Vec<WorldFailure>>,
    ) -> Vec<(Arc<Rule>, WorldFailure)> {
        if world.left_out() > 0 {
            return Vec::new();
        }
        let active = |index: &u32| self.active.get(*index as usize).filter(|active| active.reported);
        let found = each(&self.global, &|index| {
            let body = active(index).and_then(Active::body);
            let mut failures = body.map(|body| body.check.together(world)).unwrap_or_default();
            // Several pods of one object may fail at one place.
            failures.dedup_by(|a, b| a.place.is_same(&b.place));
            failures
        });
        let rules = self.global.iter().map(active).zip(found);
        rules
            .filter_map(|(active, failures)| Some((&active?.rule, failures)))
            .flat_map(|(rule, failures)| failures.into_iter().map(|failure| (rule.clone(), failure)))
            .collect()
    }
}

impl Active {
    /// What a failure must tell so that a finding can be made of it. One that is not reported only hides its node.
    fn asked(&self) -> Asked {
        let fix = &self.rule.fix;
        Asked {
            message: self.reported && self.rule.message.is_none(),
            edits: self.reported
                && fix.applicability.is_some()
                && fix.set.is_empty()
                && fix.remove.is_empty(),
        }
    }

    fn body(&self) -> Option<&Body> {
        self.rule.bodies.get(self.body)
    }
}

/// One walk over one object or Dockerfile.
struct Walk<'j, 'a, 'o> {
    judge: &'j Judge,
    object: Option<Object<'a>>,
    /// The object's API group.
    group: &'a str,
    root: Node<'a>,
    /// Pod Security rules that are broken.
    broken: Vec<u32>,
    /// What was found already: rule, node and missing keys, and which verdict it is.
    said: FxHashMap<(u32, NodeId, Vec<String>), usize>,
    out: &'o mut Vec<Verdict<'a>>,
}

impl<'a> Walk<'_, 'a, '_> {
    fn instruction(&mut self, instruction: Node<'a>, stage: &Scope<'a>) {
        let judge = self.judge;
        let scope = Scope {
            instruction: Some(instruction),
            ..stage.with_item(instruction)
        };
        self.each(Each::Instruction, &scope, Subject::Whole);
        let name = instruction.str_at(&["instruction"]).unwrap_or_default();
        if let Some(rules) = judge.instructions.get(name) {
            self.all(Each::Instruction, rules, &scope, Subject::Whole);
        }
        for command in instruction.get("commands").map(Node::items).into_iter().flatten() {
            let scope = scope.with_item(command);
            self.each(Each::Command, &scope, Subject::Whole);
            let name = command.str_at(&["name"]).unwrap_or_default();
            if let Some(rules) = judge.commands.get(name) {
                self.all(Each::Command, rules, &scope, Subject::Whole);
            }
        }
    }

    fn pod(&mut self, pod: Node<'a>, of_object: &Scope<'a>) {
        let scope = Scope {
            pod: Some(pod),
            ..of_object.with_item(pod)
        };
        self.each(Each::Pod, &scope, Subject::Whole);
        let spec = pod.get("spec");
        if self.judges(Each::Volume) {
            let volumes = spec.and_then(|spec| spec.get("volumes"));
            for volume in maps(volumes) {
                self.each(Each::Volume, &scope.with_item(volume), Subject::Volume(volume));
            }
        }
        for (container, kind) in pods::containers(pod) {
            let scope = Scope {
                container: Some(container),
                ..scope.with_item(container)
            };
            self.each(Each::Container, &scope, Subject::Container(container, kind));
            for (each, key, noun) in [
                (Each::Env, "env", "variable"),
                (Each::Port, "ports", "port"),
                (Each::Mount, "volumeMounts", "mount"),
            ] {
                if !self.judges(each) {
                    continue;
                }
                for item in maps(container.get(key)) {
                    self.each(each, &scope.with_item(item), Subject::Part(noun, item, container));
                }
            }
        }
    }

    fn judges(&self, each: Each) -> bool {
        !self.judge.by_each[each as usize].is_empty()
    }

    fn each(&mut self, each: Each, scope: &Scope<'a>, subject: Subject<'a>) {
        let judge = self.judge;
        self.all(each, &judge.by_each[each as usize], scope, subject);
    }

    /// Judges an object by the rules that name its kind.
    fn of_kind(&mut self, rules: &[OfKind], scope: &Scope<'a>) {
        let present = self.judge.fields[Each::Object as usize].present(scope.item);
        let mut last = None;
        for of_kind in rules {
            // A rule may name the kind in several groups.
            if last != Some(of_kind.rule)
                && let Some(active) = self.judge.active.get(of_kind.rule as usize)
                && !active.skip.applies(&present)
                && of_kind.kind.fits_group(self.group)
            {
                last = Some(of_kind.rule);
                self.one(of_kind.rule, active, scope, Subject::Whole);
            }
        }
    }

    fn all(&mut self, each: Each, rules: &[u32], scope: &Scope<'a>, subject: Subject<'a>) {
        if rules.is_empty() {
            return;
        }
        let present = self.judge.fields[each as usize].present(scope.item);
        for &index in rules {
            if let Some(active) = self.judge.active.get(index as usize)
                && !active.skip.applies(&present)
                && self.fits(active)
            {
                self.one(index, active, scope, subject);
            }
        }
    }

    /// Whether the rule is about objects of this kind.
    fn fits(&self, active: &Active) -> bool {
        active.rule.kinds.is_empty()
            || self
                .object
                .is_none_or(|object| active.rule.fits_kind(self.group, object.kind))
    }

    fn one(&mut self, index: u32, active: &Active, scope: &Scope<'a>, subject: Subject<'a>) {
        let Some(body) = active.body() else { return };
        if matches!(subject, Subject::Container(_, kind) if !active.rule.judges(kind)) {
            return;
        }
        let asked = |formula: &Option<algebra::Formula>| formula.as_ref().map(|formula| formula.holds(scope));
        if asked(&body.wanted) == Some(Truth::No) {
            return;
        }
        // Most rules hold, so it comes before `unless`, although a rule is read the other way round.
        if let Check::Require(formula) = &body.check
            && formula.holds(scope) == Truth::Yes
        {
            return;
        }
        if asked(&body.unless) == Some(Truth::Yes) {
            return;
        }
        let failures = match &body.check {
            Check::Require(formula) => {
                if active.level.is_some() && !self.broken.contains(&index) {
                    self.broken.push(index);
                }
                if !active.reported && !active.rule.sensitive {
                    return;
                }
                formula.failures_with(scope, active.asked())
            }
            Check::Builtin(Builtin::Local(check), _) => check(scope),
            Check::Builtin(Builtin::Global(..), _) | Check::Grants(_) | Check::Inactive => return,
        };
        for failure in failures {
            // What is wrong with a pod is wrong once, however many containers inherit it; its fix must do for all of them.
            match self
                .said
                .entry((index, failure.node.id(), failure.missing.clone()))
            {
                Entry::Vacant(entry) => {
                    entry.insert(self.out.len());
                    self.out.push(verdict(active, failure, scope, self.root, subject));
                }
                Entry::Occupied(entry) => {
                    if let Some(known) = self.out.get_mut(*entry.get()) {
                        let more = fix(active, &failure, scope, self.root);
                        known.fix = known.fix.take().zip(more).map(|(known, more)| both(known, more));
                    }
                }
            }
        }
    }

    fn pod_security(&self) -> PodSecurity {
        let level_of = |index: &u32| {
            self.judge
                .active
                .get(*index as usize)
                .and_then(|active| active.level)
        };
        let level = match self.broken.iter().filter_map(level_of).min() {
            Some(Level::Baseline | Level::Privileged) => Level::Privileged,
            Some(Level::Restricted) => Level::Baseline,
            None => Level::Restricted,
        };
        let next = match level {
            Level::Privileged => Level::Baseline,
            _ => Level::Restricted,
        };
        let blockers = self.broken.iter().filter(|index| level_of(index) == Some(next));
        PodSecurity {
            level,
            blockers: blockers
                .filter_map(|index| self.judge.active.get(*index as usize))
                .map(|active| Arc::from(&*active.rule.id))
                .collect(),
        }
    }
}

/// The maps in a list: nothing else is an item that a rule can judge.
fn maps<'a>(list: Option<Node<'a>>) -> impl Iterator<Item = Node<'a>> {
    let items = list.map(Node::items).into_iter().flatten();
    items.filter(|item| item.kind() == Kind::Map)
}

fn verdict<'a>(
    active: &Active,
    failure: Failure<'a>,
    scope: &Scope<'a>,
    root: Node<'a>,
    subject: Subject<'a>,
) -> Verdict<'a> {
    let rule = &active.rule;
    let message = match &rule.message {
        // The generated message quotes what it found.
        Some(message) if !failure.misshapen || rule.sensitive => {
            filled(message, rule.sensitive, &failure, scope, subject)
        }
        _ => format!("{}{}", subject.prefix(failure.node), failure.message),
    };
    Verdict {
        fix: fix(active, &failure, scope, root),
        rule: rule.clone(),
        reported: active.reported,
        truth: failure.truth,
        node: failure.node,
        missing: failure.missing,
        message,
    }
}

fn fix(
    active: &Active,
    failure: &Failure<'_>,
    scope: &Scope<'_>,
    root: Node<'_>,
) -> Option<(Applicability, Vec<PatchOp>)> {
    let fix = &active.rule.fix;
    let applicability = fix.applicability?;
    let patch = |edits: &[Edit<'_>]| edits.iter().map(|edit| edit.patch(root)).collect::<Vec<_>>();
    let patch = if fix.set.is_empty() && fix.remove.is_empty() {
        patch(failure.edits.as_ref()?)
    } else {
        patch(&algebra::written(fix, scope))
    };
    (!patch.is_empty()).then_some((applicability, patch))
}

/// One fix that does what both do.
fn both<T>(mut known: (T, Vec<PatchOp>), more: (T, Vec<PatchOp>)) -> (T, Vec<PatchOp>) {
    for op in more.1 {
        if !known.1.contains(&op) {
            known.1.push(op);
        }
    }
    known
}

fn filled(text: &str, hide: bool, failure: &Failure<'_>, scope: &Scope<'_>, subject: Subject<'_>) -> String {
    let mut out = subject.prefix(failure.node);
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        let Some((name, tail)) = after.split_once('}') else {
            out.push('{');
            rest = after;
            continue;
        };
        match name {
            "value" if hide => out.push('…'),
            "value" if failure.node.kind() == Kind::Map || failure.node.kind() == Kind::Seq => {
                out.push_str(failure.node.kind().noun());
            }
            "value" => out.push_str(&algebra::shortened(failure.node.raw())),
            "name" => out.push_str(scope.item.str_at(&["name"]).unwrap_or("(unnamed)")),
            "key" => out.push_str(failure.node.key().map_or("", Node::raw)),
            other => {
                out.push('{');
                out.push_str(other);
                out.push('}');
            }
        }
        rest = tail;
    }
    out.push_str(rest);
    out
}

impl Subject<'_> {
    /// Empty where the node lies outside of what was judged, such as a pod's field that a container inherits.
    fn prefix(self, at: Node<'_>) -> String {
        let name = |node: Node<'_>| {
            let name = node.get("name").or_else(|| node.get("mountPath"));
            let name = name.or_else(|| node.get("containerPort"));
            name.map_or_else(|| "(unnamed)".into(), |name| name.scalar().into_owned())
        };
        match self {
            Subject::Whole => String::new(),
            Subject::Container(node, _) if !at.is_within(node) => String::new(),
            Subject::Container(node, kind) => format!("{} `{}`: ", kind.noun(), name(node)),
            Subject::Part(noun, node, container) => {
                format!("container `{}`, {noun} `{}`: ", name(container), name(node))
            }
            Subject::Volume(node) => format!("volume `{}`: ", name(node)),
        }
    }
}
