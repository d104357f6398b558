//! A small scan with everything that has ever broken a report: quotes, markup, tabs, wide characters, terminal
//! commands, several findings at one place, an unknown, exceptions, fixes of all kinds and none, inputs that failed.

use hardtack_core::algebra::{Parameters, PatchKind, PatchOp};
use hardtack_core::pss::{Level, PodSecurity, Workload};
use hardtack_core::{
    Applicability, Counts, Document, Excepted, ExceptedBy, Failed, Finding, FindingFix, FindingResult,
    Fingerprint, Inputs, ObjectRef, Rule, Severity, Skipped, rule,
};
use hardtack_report::{Context, Format, Notice, Summary, report};
use hardtack_tree::Span;
use serde_json::{Value, json};
use std::borrow::Cow;
use std::cell::RefCell;
use std::io::{self, Write};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

const RULES: [(&str, &str); 6] = [
    (
        "container/privileged-container.yaml",
        "id: privileged-container
title: A container runs privileged
severity: critical
why: A privileged container is root on its node. It sees all devices and may load kernel modules.
each: container
require: { securityContext.privileged: { is: false } }
fix: safe
standards: { pss: baseline, cis: 5.2.2, mitre: T1611 }
aliases: [KSV-0017, C-0057]
",
    ),
    (
        "container/capabilities-restricted.yaml",
        "id: capabilities-restricted
title: A container keeps capabilities it does not need
severity: medium
why: What a program does not have, an attacker in it does not have either.
each: container
require: { securityContext.capabilities.drop: { has: [ALL] } }
fix: may-break
remedy: Drop ALL, and add back only NET_BIND_SERVICE where the program must listen below port 1024.
standards: { pss: restricted, cis: [5.2.8, 5.2.10] }
links: [\"https://kubernetes.io/docs/concepts/security/pod-security-standards/\"]
",
    ),
    (
        "secrets/password-in-variable.yaml",
        "id: password-in-variable
title: A password stands in the manifest
severity: high
category: secret
why: Whoever reads the repository, or the object, reads the password.
each: env
require: { value: { absent: true } }
message: the variable holds what looks like a password
sensitive: true
remedy: Put it into a Secret, refer to it with `valueFrom`, and change it.
",
    ),
    (
        "network/network-isolation.yaml",
        "id: network-isolation
title: Nothing limits whom a pod may talk to
severity: medium
why: A pod that is taken over reaches every service of the cluster.
each: pod
require: { spec.none: { absent: true } }
",
    ),
    (
        "image/image-tag.yaml",
        "id: image-tag
title: An image has a tag that moves | \"latest\" & <others>
severity: low
why: What runs tomorrow is not what was tested today.
each: container
require: { image: { matches: \"@sha256:\" } }
",
    ),
    (
        "dockerfile/root-user.yaml",
        "id: root-user
title: The image runs as root
severity: high
why: A process that breaks out of its container is root on the node.
each: dockerfile
require: { user: { present: true } }
remedy: Add a `USER` instruction with a numeric id.
",
    ),
];

const MANIFEST: &str = "apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  namespace: shop
spec:
  template:
    spec:
      containers:
      - name: \"w</script>|`eb`\"
        image: nginx:latest\t# 名前 | <b>bold</b> \u{1b}[31m \u{202e}
        env: [{ name: 名前, value: \"***\" }, { name: A&B, value: hunter2 }]
        securityContext: { privileged: true, capabilities: { drop: [] } }
";

const DOCKERFILE: &str = "FROM alpine:3.20\nCMD [\"/bin/app\"]\n";

/// All that a scan gives to a report.
pub struct Sample {
    pub context: Context,
    pub findings: Vec<Finding>,
    pub workloads: Vec<Workload>,
    pub summary: Summary,
}

fn load(path: &str, text: &'static str) -> Arc<Rule> {
    Arc::new(rule::load(path, Cow::Borrowed(text), &Parameters::new()).unwrap())
}

fn patch(op: PatchKind, path: &str, value: Option<Value>) -> PatchOp {
    PatchOp {
        op,
        path: path.into(),
        value,
    }
}

fn fix(applicability: Applicability, op: PatchOp) -> Vec<FindingFix> {
    vec![FindingFix {
        applicability,
        patch: vec![op],
    }]
}

/// The span of `marked`, the first time it stands in `text` after `after`.
fn span(text: &str, after: &str, marked: &str) -> Span {
    let from = text.find(after).unwrap();
    let at = from + text[from..].find(marked).unwrap();
    Span::new(at as u32, (at + marked.len()) as u32)
}

impl Sample {
    pub fn new() -> Self {
        let rules: Vec<_> = RULES.iter().map(|(path, text)| load(path, text)).collect();
        let findings = findings(&rules);
        let mut counts = Counts::default();
        findings.iter().for_each(|finding| counts.add(finding));
        Self {
            context: Context {
                rules: Arc::new(rules),
                fail_on: Severity::High,
                color: false,
                width: 100,
                profile: "recommended".into(),
                kubernetes_version: "1.37".into(),
                show_excepted: true,
                quiet: false,
            },
            workloads: vec![
                workload(&web(), Level::Privileged, &["privileged-container"]),
                workload(&worker(), Level::Restricted, &[]),
            ],
            findings,
            summary: Summary {
                rules: 6,
                workloads: 2,
                counts,
                inputs: inputs(),
                unused_exceptions: vec![Notice {
                    message: "the exception for `host-port` matches nothing; remove it".into(),
                    file: Some("hardtack.yaml".into()),
                    line: Some(12),
                }],
                notices: vec![Notice {
                    message: "helm is not on PATH: the templates of `charts/a&b` were not rendered".into(),
                    file: None,
                    line: None,
                }],
                elapsed: Duration::from_millis(1230),
            },
        }
    }

    /// The same without any finding.
    #[allow(dead_code)]
    pub fn clean() -> Self {
        let sample = Self::new();
        Self {
            findings: Vec::new(),
            workloads: Vec::new(),
            summary: Summary {
                rules: 6,
                inputs: Inputs {
                    read: 3,
                    ..Inputs::default()
                },
                ..Summary::default()
            },
            ..sample
        }
    }

    /// The report in `format`.
    pub fn write(&self, format: Format) -> String {
        let bytes = Shared::default();
        let mut report = report(format, Box::new(bytes.clone()), &self.context);
        for finding in &self.findings {
            report.finding(finding).unwrap();
        }
        for workload in &self.workloads {
            report.workload(workload).unwrap();
        }
        report.finish(&self.summary).unwrap();
        let text = bytes.0.borrow().clone();
        String::from_utf8(text).unwrap()
    }
}

fn web() -> Arc<ObjectRef> {
    object("Deployment", "web")
}

fn worker() -> Arc<ObjectRef> {
    object("DaemonSet", "w|orker")
}

fn object(kind: &str, name: &str) -> Arc<ObjectRef> {
    Arc::new(ObjectRef {
        api_version: "apps/v1".into(),
        kind: kind.into(),
        namespace: Some("shop".into()),
        name: name.into(),
    })
}

fn workload(object: &Arc<ObjectRef>, level: Level, blockers: &[&str]) -> Workload {
    Workload {
        object: object.clone(),
        file: "k8s/deploy, web.yaml".into(),
        pss: PodSecurity {
            level,
            blockers: blockers.iter().map(|id| Arc::from(*id)).collect(),
        },
    }
}

fn findings(rules: &[Arc<Rule>]) -> Vec<Finding> {
    let manifest = Document::new("k8s/deploy, web.yaml".into(), MANIFEST);
    let mut chart = Document::new("charts/web".into(), MANIFEST);
    chart.template = Some("templates/deployment.yaml".into());
    let dockerfile = Document::new("Dockerfile".into(), DOCKERFILE);
    let container = "/spec/template/spec/containers/0";
    let at = |document: &Document<'_>, rule: &Arc<Rule>, path: &str, span: Span, message: &str| Finding {
        rule: rule.clone(),
        result: FindingResult::Fail,
        message: message.into(),
        location: document.locate(span, &[self::span(MANIFEST, "A&B", "hunter2")]),
        object: Some(web()),
        path: path.into(),
        field: None,
        fingerprint: Fingerprint(0x0123_4567_89ab_cdef ^ u64::from(span.start)),
        excepted: None,
        fixes: Vec::new(),
    };
    let [privileged, capabilities, password, network, tag, root] = rules else {
        panic!("six rules")
    };
    let name = span(MANIFEST, "- name", "\"w</script>|`eb`\"");
    let unset =
        "container `w</script>|`eb``: `securityContext.capabilities.drop` is not set; it must have `ALL`";
    vec![
        Finding {
            object: None,
            location: dockerfile.locate(span(DOCKERFILE, "FROM", "FROM"), &[]),
            ..at(
                &manifest,
                root,
                "",
                Span::new(0, 4),
                "the last stage has no `USER`, so the image runs as root",
            )
        },
        Finding {
            result: FindingResult::Unknown,
            ..at(
                &manifest,
                network,
                "",
                span(MANIFEST, "kind", "Deployment"),
                "whether a NetworkPolicy selects the pod is not in the input",
            )
        },
        Finding {
            field: Some(format!("{container}/securityContext/capabilities/drop").into()),
            fixes: fix(
                Applicability::MayBreak,
                patch(
                    PatchKind::Add,
                    &format!("{container}/securityContext"),
                    Some(json!({"capabilities": {"drop": ["ALL"]}})),
                ),
            ),
            ..at(&manifest, capabilities, container, name, unset)
        },
        Finding {
            field: Some(format!("{container}/securityContext/privileged").into()),
            ..at(
                &manifest,
                privileged,
                container,
                name,
                "container `w</script>|`eb``: a second finding at the same place, with a \"quoted\" word,\na new line, 100 % and a::b",
            )
        },
        Finding {
            excepted: Some(Box::new(Excepted {
                by: ExceptedBy::Configuration,
                reason: Some("we <pin> it | soon".into()),
                owner: Some("team-web".into()),
                expires: Some("2027-01-31".into()),
            })),
            ..at(
                &manifest,
                tag,
                &format!("{container}/image"),
                span(MANIFEST, "image", "nginx:latest"),
                "`image` is `nginx:latest`; it must match `@sha256:`",
            )
        },
        at(
            &manifest,
            password,
            &format!("{container}/env/1/value"),
            span(MANIFEST, "A&B", "hunter2"),
            "the variable `A&B` holds what looks like a password",
        ),
        Finding {
            fixes: fix(
                Applicability::Safe,
                patch(
                    PatchKind::Replace,
                    &format!("{container}/securityContext/privileged"),
                    Some(json!(false)),
                ),
            ),
            ..at(
                &manifest,
                privileged,
                &format!("{container}/securityContext/privileged"),
                span(MANIFEST, "privileged", "true"),
                "`securityContext.privileged` is `true`; it must be `false`",
            )
        },
        Finding {
            fixes: fix(
                Applicability::NeedsValue,
                patch(
                    PatchKind::Replace,
                    &format!("{container}/image"),
                    Some(json!("nginx:1.27@sha256:…")),
                ),
            ),
            ..at(
                &chart,
                tag,
                &format!("{container}/image"),
                span(MANIFEST, "image", "nginx:latest"),
                "`image` is `nginx:latest`; it must match `@sha256:`",
            )
        },
    ]
}

fn inputs() -> Inputs {
    let skipped = |path: &str, line, reason: &str| Skipped {
        path: path.into(),
        line,
        reason: reason.into(),
    };
    Inputs {
        read: 3,
        skipped: vec![
            skipped("values.yaml", None, "not a Kubernetes object: `kind` is missing"),
            skipped(
                "k8s/list.yaml",
                Some(7),
                "not a Kubernetes object: `kind` is missing",
            ),
            skipped("logo.png", None, "binary"),
        ],
        failed: vec![
            Failed {
                path: "k8s/br\u{1b}oken.yaml".into(),
                line: Some(4),
                column: Some(2),
                reason: "a tab indents the line; expected spaces".into(),
                help: Some("replace the tab by spaces".into()),
            },
            Failed {
                path: "/etc/secret.yaml".into(),
                line: None,
                column: None,
                reason: "permission denied".into(),
                help: None,
            },
        ],
    }
}

/// Bytes that are still there when the report is gone.
#[derive(Clone, Default)]
struct Shared(Rc<RefCell<Vec<u8>>>);

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
