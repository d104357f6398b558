//! A rule's examples are its tests: of the check, of the place it points at, and of the fix.

use super::{Rule, RuleSet, Selection, load};
use crate::algebra::{Parameters, PatchOp};
use crate::fields::FileError;
use crate::json::to_json;
use crate::path::{self, Step, push_pointer};
use crate::pods::PodPaths;
use crate::world::World;
use crate::{Document, Finding, FindingResult, Judge, KubernetesVersion};
use hardtack_tree::{Kind, Limits, Node, dockerfile, yaml};
use serde_json::Value;

/// The examples in a rule's file, whose root is `root`.
pub(super) fn examples_of(root: Node<'_>) -> Vec<Node<'_>> {
    root.get("examples")
        .map(Node::items)
        .into_iter()
        .flatten()
        .collect()
}

impl Rule {
    /// Tries the rule's examples. Gives how many there are, or everything that is wrong with them.
    ///
    /// `path` is the rule file's, for messages.
    pub fn test(&self, path: &str) -> Result<usize, Vec<FileError>> {
        let error = |at: u32, message: String| FileError::new(path, &self.source, at, message);
        let whole = hardtack_tree::Span::new(0, self.source.len() as u32);
        let tree = match yaml::parse(&self.source, whole, &Limits::default()) {
            Ok(Some(tree)) => tree,
            Ok(None) => return Err(vec![error(0, "the file holds no rule".into())]),
            Err(wrong) => return Err(vec![error(wrong.at, wrong.to_string())]),
        };
        let examples = examples_of(tree.root());
        let mut errors = Vec::new();
        let has = |key: &str| examples.iter().any(|example| example.get(key).is_some());
        if !has("bad") || !has("good") {
            errors.push(error(
                0,
                "a rule needs at least one `bad` and one `good` example".into(),
            ));
        }
        for example in &examples {
            if let Err(message) = self.try_example(*example) {
                errors.push(error(example.span().start, message));
            }
        }
        if errors.is_empty() {
            Ok(examples.len())
        } else {
            Err(errors)
        }
    }

    fn try_example(&self, example: Node<'_>) -> Result<(), String> {
        let known = [
            "bad", "good", "unknown", "at", "fixed", "version", "params", "about",
        ];
        if let Some((key, _)) = example
            .entries()
            .find(|(key, _)| !known.contains(&&*key.scalar()))
        {
            return Err(format!(
                "`{}` is no field of an example; the fields are {}",
                key.scalar(),
                known.join(", ")
            ));
        }
        let (kind, input) = ["bad", "good", "unknown"]
            .into_iter()
            .find_map(|kind| Some((kind, example.get(kind)?)))
            .ok_or("an example is `bad`, `good` or `unknown`")?;
        let judge = self.judge_for(example)?;
        let findings = self.findings(&judge, input)?;
        let wanted = match kind {
            "good" => {
                return if findings.is_empty() {
                    Ok(())
                } else {
                    Err(unexpected(&findings))
                };
            }
            "unknown" => FindingResult::Unknown,
            _ => FindingResult::Fail,
        };
        if findings.is_empty() {
            return Err(format!(
                "the example is said to be {kind}, but the rule finds nothing in it"
            ));
        }
        if let Some(other) = findings.iter().find(|finding| finding.result != wanted) {
            return Err(format!(
                "expected the result {wanted:?}, found {:?}: {}",
                other.result, other.message
            ));
        }
        if let Some(at) = example.get("at") {
            check_places(at, input, &findings)?;
        }
        match example.get("fixed") {
            Some(fixed) => check_fix(input, &findings, fixed),
            None => Ok(()),
        }
    }

    /// A judge of this rule alone, for the example's version and parameters.
    fn judge_for(&self, example: Node<'_>) -> Result<Judge, String> {
        let version = match example.get("version") {
            Some(version) => version.scalar().parse()?,
            None => KubernetesVersion::LATEST,
        };
        let mut parameters = Parameters::new();
        for (name, value) in example.get("params").map(Node::entries).into_iter().flatten() {
            parameters.insert(name.scalar().into_owned(), to_json(value));
        }
        let path = format!("{}/{}.yaml", self.area, self.id);
        let own = load(&path, self.source.clone(), &parameters).map_err(|error| error.message)?;
        let mut rules = if self.bodies.iter().any(|body| body.check.is_global()) {
            RuleSet::pod_security()
                .map_err(|errors| errors.iter().map(ToString::to_string).collect::<String>())?
        } else {
            RuleSet::default()
        };
        rules.insert(own);
        let selection = Selection {
            only: vec![self.id.to_string()],
            ..Selection::default()
        };
        Judge::new(rules, &selection, version, PodPaths::default()).map_err(|error| error.to_string())
    }

    fn findings(&self, judge: &Judge, input: Node<'_>) -> Result<Vec<Finding>, String> {
        if self.each.is_dockerfile() {
            let Some(text) = input.as_str() else {
                return Err("the example of a rule for Dockerfiles is a text: write `bad: |`".into());
            };
            let tree = dockerfile::parse(text, &Limits::default()).map_err(|error| error.to_string())?;
            let document = Document::new("Dockerfile".into(), text);
            return Ok(judge.dockerfile_findings(tree.root(), &document).findings);
        }
        let document = Document::new("example.yaml".into(), input.tree().text());
        let mut world = World::default();
        let mut findings = Vec::new();
        let objects: Vec<_> = if input.kind() == Kind::Seq {
            input.items().collect()
        } else {
            vec![input]
        };
        for object in objects {
            let judged = judge.manifest(object, object.span(), &document);
            if let Some((_, reason)) = judged.not_objects.first() {
                return Err(format!("the example holds no object: {reason}"));
            }
            findings.extend(judged.findings);
            judged.facts.into_iter().for_each(|fact| world.add(fact));
        }
        let together = judge.world(&world).into_iter();
        findings.extend(together.map(|(rule, failure)| Finding::of_world(&rule, failure)));
        Ok(findings)
    }
}

fn unexpected(findings: &[Finding]) -> String {
    let all: Vec<_> = findings.iter().map(|finding| &*finding.message).collect();
    format!("the example is said to be good, but: {}", all.join("; "))
}

/// `at` is a path as rules write them, or a list of paths; for a Dockerfile, a line number or a list of them. Where the
/// example is a list of objects, a path may begin with the object's place in it: `[1].spec.selector`.
fn check_places(at: Node<'_>, input: Node<'_>, findings: &[Finding]) -> Result<(), String> {
    let mut wanted: Vec<String> = match at.kind() {
        Kind::Seq => at.items().map(place).collect::<Result<_, _>>()?,
        _ => vec![place(at)?],
    };
    let lines = at.kind() == Kind::Int || at.items().any(|item| item.kind() == Kind::Int);
    let indexed = std::iter::once(at)
        .chain(at.items())
        .any(|item| item.raw().starts_with('['));
    let object = |finding: &Finding| {
        let start = finding.location.span.start;
        let of = |item: Node<'_>| (item.span().start..item.span().end).contains(&start);
        input
            .items()
            .position(of)
            .filter(|_| indexed)
            .map(|index| format!("/{index}"))
            .unwrap_or_default()
    };
    let mut found: Vec<String> = findings
        .iter()
        .map(|finding| {
            if lines {
                finding.location.start.line.to_string()
            } else {
                object(finding) + finding.field.as_ref().unwrap_or(&finding.path)
            }
        })
        .collect();
    wanted.sort();
    found.sort();
    if wanted == found {
        return Ok(());
    }
    Err(format!(
        "expected findings at {}, found them at {}",
        wanted.join(", "),
        found.join(", ")
    ))
}

fn place(node: Node<'_>) -> Result<String, String> {
    if node.kind() == Kind::Int {
        return Ok(node.scalar().into_owned());
    }
    let mut pointer = String::new();
    // `containers[0].image`: indexes are not part of the language of rules, so they are turned into keys.
    let text = node.raw();
    let mut plain = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('[') {
        plain.push_str(before);
        match after.split_once(']') {
            Some((index, tail)) if index.bytes().all(|byte| byte.is_ascii_digit()) => {
                if !plain.is_empty() {
                    plain.push('.');
                }
                plain.push_str(index);
                rest = tail;
            }
            _ => {
                plain.push('[');
                rest = after;
            }
        }
    }
    plain.push_str(rest);
    let (_, steps) = path::parse(&format!(".{plain}")[1..])?;
    for step in steps {
        match step {
            Step::Keys(keys) => keys
                .iter()
                .for_each(|segment| push_pointer(&mut pointer, &segment.key)),
            Step::Every => return Err("`at` names one place: write `[0]`".into()),
        }
    }
    Ok(pointer)
}

fn check_fix(input: Node<'_>, findings: &[Finding], fixed: Node<'_>) -> Result<(), String> {
    let mut value = to_json(input);
    let mut done: Vec<&[PatchOp]> = Vec::new();
    for fix in findings.iter().flat_map(|finding| finding.fixes.first()) {
        // Several findings may have the same fix, such as a field that all containers inherit.
        if done.contains(&&fix.patch[..]) {
            continue;
        }
        done.push(&fix.patch);
        for op in &fix.patch {
            op.apply(&mut value)?;
        }
    }
    if done.is_empty() {
        return Err("the example says what the fix makes of it, but there is no fix".into());
    }
    let wanted: Value = to_json(fixed);
    if value == wanted {
        return Ok(());
    }
    Err(format!("the fix makes `{value}` of it"))
}
