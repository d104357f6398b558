//! From a document's tree to its findings.

use crate::algebra::{Texts, Truth};
use crate::document::Document;
use crate::exception::{self, Exception};
use crate::finding::{Finding, FindingFix, FindingResult, Fingerprint};
use crate::judge::{Judge, Verdict};
use crate::pss::Workload;
use crate::world::{Fact, Place, Places, Subject, WorldFailure};
use crate::{Rule, objects};
use hardtack_tree::{Kind, Node, Span};
use std::sync::Arc;

/// What came of one document.
#[derive(Debug, Default)]
pub struct Judged {
    /// Findings in the order of the document.
    pub findings: Vec<Finding>,
    /// The objects that hold pods.
    pub workloads: Vec<Workload>,
    /// What the objects are to others, for rules about several objects.
    pub facts: Vec<Fact>,
    /// Exceptions that stand in the document.
    pub exceptions: Vec<Arc<Exception>>,
    /// How many objects were judged.
    pub objects: usize,
    /// Where an object was expected and something else was found, with what to say about it.
    pub not_objects: Vec<(Span, String)>,
    /// Bytes of the file that may be credentials: nothing that is printed may show them.
    pub hidden: Vec<Span>,
}

impl Judge {
    /// Judges the objects of a document that stands at `span` in its file.
    pub fn manifest(&self, root: Node<'_>, span: Span, document: &Document<'_>) -> Judged {
        let mut judged = Judged::default();
        let texts = Texts::default();
        let mut verdicts = Vec::new();
        let found = objects(root);
        let whole: Vec<_> = found.iter().flatten().copied().collect();
        judged.exceptions =
            exception::in_manifest(root, &whole, self.pod_paths(), span, document, self.rules());
        for found in found {
            let object = match found {
                Ok(object) => object,
                Err(wrong) => {
                    judged.not_objects.push((wrong.node.span(), wrong.reason));
                    continue;
                }
            };
            judged.objects += 1;
            verdicts.clear();
            let pod_security = self.object_with(&object, Some(&texts), &mut verdicts);
            let is_workload = self.pod_paths().is_workload(&object);
            let wanted = Fact::is_wanted(&object, is_workload, self.wanted());
            if pod_security.is_none() && verdicts.is_empty() && !wanted {
                continue;
            }
            let identity = Arc::new(object.identity());
            let hidden = hidden(&verdicts);
            judged.hidden.extend(&hidden);
            let findings = verdicts
                .drain(..)
                .filter(|verdict| verdict.reported)
                .map(|verdict| {
                    let fingerprint =
                        Fingerprint::of_object(&verdict.rule, &object, verdict.node, &verdict.missing);
                    finding(verdict, object.node, document, &hidden, |finding| Finding {
                        object: Some(identity.clone()),
                        fingerprint,
                        ..finding
                    })
                });
            judged.findings.extend(findings);
            if wanted {
                let subject = Subject {
                    places: Places::new(object, document, &hidden),
                    pods: &self.pod_paths().pods(&object),
                    is_workload,
                    level: pod_security.as_ref().map(|pss| pss.level),
                    identity: &identity,
                };
                judged.facts.extend(Fact::of(&subject, self.wanted()));
            }
            if let Some(pss) = pod_security {
                judged.workloads.push(Workload {
                    object: identity,
                    file: document.file.clone(),
                    pss,
                });
            }
        }
        self.accept(&mut judged);
        judged.findings.sort_by_key(|finding| finding.location.span);
        judged
    }

    /// Judges a Dockerfile.
    pub fn dockerfile_findings(&self, root: Node<'_>, document: &Document<'_>) -> Judged {
        let texts = Texts::default();
        let mut verdicts = Vec::new();
        self.dockerfile_with(root, Some(&texts), &mut verdicts);
        let hidden = hidden(&verdicts);
        let reported = verdicts.into_iter().filter(|verdict| verdict.reported);
        let mut findings: Vec<_> = reported
            .map(|verdict| {
                let fingerprint = Fingerprint::of_file(&verdict.rule, &document.file, root, verdict.node);
                finding(verdict, root, document, &hidden, |finding| Finding {
                    fingerprint,
                    ..finding
                })
            })
            .collect();
        findings.sort_by_key(|finding| finding.location.span);
        let mut judged = Judged {
            findings,
            objects: 1,
            exceptions: exception::in_dockerfile(root, document, self.rules()),
            hidden,
            ..Judged::default()
        };
        self.accept(&mut judged);
        judged
    }

    fn accept(&self, judged: &mut Judged) {
        for finding in &mut judged.findings {
            self.acceptance().apply(finding, &judged.exceptions);
        }
    }
}

impl Finding {
    /// The finding that a rule about several objects makes.
    pub fn of_world(rule: &Arc<Rule>, failure: WorldFailure) -> Self {
        let Place {
            location,
            object,
            path,
            way,
        } = failure.place;
        Self {
            fingerprint: Fingerprint::of_way(rule, &object, way),
            rule: rule.clone(),
            result: result(failure.truth),
            message: failure.message.into(),
            location,
            object: Some(object),
            path,
            field: None,
            excepted: None,
            fixes: Vec::new(),
        }
    }
}

fn result(truth: Truth) -> FindingResult {
    match truth {
        Truth::Unknown => FindingResult::Unknown,
        Truth::No | Truth::Yes => FindingResult::Fail,
    }
}

/// What may be a credential: it must not be shown in any excerpt.
fn hidden(verdicts: &[Verdict<'_>]) -> Vec<Span> {
    let sensitive = verdicts.iter().filter(|verdict| verdict.rule.sensitive);
    sensitive.map(|verdict| verdict.node.span()).collect()
}

/// The bytes a finding points at: a value, or the key of a map or list, or of a field that lacks another.
pub(crate) fn pointed(node: Node<'_>, missing: &[String]) -> Span {
    let collection = matches!(node.kind(), Kind::Map | Kind::Seq);
    match node.key() {
        Some(key) if collection || !missing.is_empty() => key.span(),
        None if collection => first_key(node).unwrap_or(node.span()),
        _ => node.span(),
    }
}

/// An item of a list is known by its name, an object by its kind: no one wants to see all of it underlined.
fn first_key(node: Node<'_>) -> Option<Span> {
    let known = ["name", "kind"].iter().find_map(|key| node.get(key));
    let known = known.filter(|value| matches!(value.kind(), Kind::Str));
    known
        .map(Node::span)
        .or_else(|| node.entries().next().map(|(key, _)| key.span()))
}

fn finding(
    verdict: Verdict<'_>,
    root: Node<'_>,
    document: &Document<'_>,
    hidden: &[Span],
    complete: impl FnOnce(Finding) -> Finding,
) -> Finding {
    let span = pointed(verdict.node, &verdict.missing);
    let path = root.tree().pointer_from(root.id(), verdict.node.id());
    let field = (!verdict.missing.is_empty()).then(|| {
        let mut field = path.clone();
        for key in &verdict.missing {
            crate::path::push_pointer(&mut field, key);
        }
        field.into()
    });
    // A message quotes what it found; where another rule says that this may be a credential, the title must do.
    let secret = hidden.iter().any(|secret| {
        let span = verdict.node.span();
        span.start < secret.end && secret.start < span.end
    });
    let shows_value = secret && !verdict.rule.sensitive && verdict.node.is_empty();
    let message = if shows_value {
        verdict.rule.title.to_string()
    } else {
        verdict.message
    };
    let fix = verdict
        .fix
        .map(|(applicability, patch)| FindingFix { applicability, patch });
    complete(Finding {
        rule: verdict.rule,
        result: result(verdict.truth),
        message: message.into(),
        location: document.locate(span, hidden),
        object: None,
        path: path.into(),
        field,
        fingerprint: Fingerprint(0),
        excepted: None,
        fixes: fix.into_iter().collect(),
    })
}
