//! Texts in many styles: whatever an edit does, the tree is what the patches say, and every comment stays.

// A panic is how a test says what went wrong.
#![allow(clippy::unwrap_used, clippy::panic)]

use hardtack_core::algebra::{PatchKind, PatchOp};
use hardtack_core::pods::PodPaths;
use hardtack_core::rule::Settings;
use hardtack_core::{Judge, KubernetesVersion, RuleSet, Selection, json};
use hardtack_fix::{Change, Refusal, Syntax, Wanted, apply, fix};
use hardtack_tree::{Limits, NodeId, Span, yaml};
use proptest::prelude::*;
use serde_json::{Map, Value, json};
use std::sync::OnceLock;

/// Decisions, from bytes that proptest makes and shrinks.
struct Choices<'c> {
    bytes: &'c [u8],
    at: usize,
}

impl Choices<'_> {
    fn below(&mut self, count: usize) -> usize {
        let byte = self
            .bytes
            .get(self.at % self.bytes.len().max(1))
            .copied()
            .unwrap_or_default();
        // The same bytes again must not be the same decisions again.
        let turn = self.at / self.bytes.len().max(1);
        self.at += 1;
        (byte as usize + turn * 7) % count
    }

    fn often(&mut self) -> bool {
        self.below(4) != 0
    }

    fn seldom(&mut self) -> bool {
        self.below(5) == 4
    }
}

/// Writes a value as YAML, each part in a style of its own. Comments are numbered.
struct Writer<'c> {
    choices: Choices<'c>,
    out: String,
    comments: usize,
    newline: &'static str,
}

impl Writer<'_> {
    fn end_line(&mut self) {
        if self.choices.seldom() {
            self.out.push_str(&format!(" # c{}.", self.comments));
            self.comments += 1;
        }
        self.out.push_str(self.newline);
    }

    fn own_line(&mut self, indent: usize) {
        if self.choices.seldom() {
            self.out
                .push_str(&format!("{:indent$}# c{}.{}", "", self.comments, self.newline));
            self.comments += 1;
        }
        if self.choices.seldom() {
            self.out.push_str(self.newline);
        }
    }

    fn scalar(&mut self, value: &Value) -> String {
        match value {
            Value::Null => ["null", "~"][self.choices.below(2)].to_owned(),
            Value::String(text) => match self.choices.below(3) {
                0 if text.bytes().all(|byte| byte.is_ascii_alphabetic()) && text.len() > 5 => text.clone(),
                1 if !text.contains('\n') => format!("'{}'", text.replace('\'', "''")),
                _ => Value::from(text.as_str()).to_string(),
            },
            other => other.to_string(),
        }
    }

    fn flow(&mut self, value: &Value) -> String {
        let space = if self.choices.often() { "" } else { " " };
        match value {
            Value::Object(entries) => {
                let parts: Vec<_> = entries
                    .iter()
                    .map(|(key, value)| format!("{key}: {}", self.flow(value)))
                    .collect();
                format!("{{{space}{}{space}}}", parts.join(", "))
            }
            Value::Array(items) => {
                let parts: Vec<_> = items.iter().map(|item| self.flow(item)).collect();
                format!("[{space}{}{space}]", parts.join(", "))
            }
            other => self.scalar(other),
        }
    }

    /// What stands after a key's colon, and the line end after it.
    fn value(&mut self, value: &Value, indent: usize) {
        match value {
            Value::Object(entries) if !entries.is_empty() && self.choices.often() => {
                self.end_line();
                let deeper = indent + [2, 4, 1][self.choices.below(3)];
                self.map(entries, deeper);
            }
            Value::Array(items) if !items.is_empty() && self.choices.often() => {
                self.end_line();
                let deeper = indent + [0, 2, 4][self.choices.below(3)];
                for item in items {
                    self.own_line(deeper);
                    self.item(item, deeper);
                }
            }
            Value::Null if self.choices.often() => self.end_line(),
            Value::String(text) if text.ends_with('\n') && self.choices.often() => {
                let header = ["|", "|+"][self.choices.below(2)];
                let inner = indent + 2;
                self.out.push_str(&format!(" {header}{}", self.newline));
                for line in text.lines() {
                    self.out.push_str(&format!("{:inner$}{line}{}", "", self.newline));
                }
            }
            other => {
                let text = self.flow(other);
                self.out.push(' ');
                self.out.push_str(&text);
                self.end_line();
            }
        }
    }

    fn map(&mut self, entries: &Map<String, Value>, indent: usize) {
        for (index, (key, value)) in entries.iter().enumerate() {
            if index > 0 {
                self.own_line(indent);
            }
            self.out.push_str(&format!("{:indent$}{key}:", ""));
            self.value(value, indent);
        }
    }

    fn item(&mut self, item: &Value, indent: usize) {
        match item {
            Value::Object(entries) if !entries.is_empty() && self.choices.often() => {
                let gap = [1, 1, 3][self.choices.below(3)];
                let from = self.out.len();
                self.map(entries, indent + 1 + gap);
                self.out.replace_range(from + indent..=from + indent, "-");
            }
            other => {
                let text = self.flow(other);
                self.out.push_str(&format!("{:indent$}- {text}", ""));
                self.end_line();
            }
        }
    }
}

/// The value as text, and how many comments are in it.
fn written(value: &Value, bytes: &[u8]) -> (String, usize) {
    let mut writer = Writer {
        choices: Choices { bytes, at: 0 },
        out: String::new(),
        comments: 0,
        newline: "\n",
    };
    if writer.choices.seldom() {
        writer.newline = "\r\n";
    }
    if writer.choices.seldom() {
        writer.out.push('\u{FEFF}');
    }
    let at = writer.out.len();
    if let Value::Object(entries) = value {
        writer.map(entries, 0);
    }
    let newline = writer.newline;
    if writer.choices.seldom() {
        let cut = writer.out.trim_end_matches(['\r', '\n']).len();
        // A block scalar would lose its last line end.
        if read(&writer.out[at..cut]) == *value {
            writer.out.truncate(cut);
        }
    } else if writer.choices.seldom() {
        writer.out.push_str(newline);
    }
    (writer.out, writer.comments)
}

fn read(text: &str) -> Value {
    let text = text.trim_start_matches('\u{FEFF}');
    let whole = Span::new(0, text.len() as u32);
    match yaml::parse(text, whole, &Limits::default()) {
        Ok(Some(tree)) => json::to_json(tree.root()),
        Ok(None) => Value::Null,
        Err(error) => panic!("{error}\n{text}"),
    }
}

fn scalars() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (0..999_i64).prop_map(Value::from),
        prop::sample::select(vec![
            "webapp",
            "true",
            "a b",
            "x: y",
            "it's",
            "",
            "64Mi",
            "#no",
            "line\n",
            "one\ntwo\n"
        ])
        .prop_map(Value::from),
    ]
}

fn values() -> impl Strategy<Value = Value> {
    let inner = scalars().prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec(inner, 0..4).prop_map(map_of),
        ]
    });
    prop::collection::vec(inner, 1..5).prop_map(map_of)
}

fn map_of(values: Vec<Value>) -> Value {
    let entries = values.into_iter().enumerate();
    Value::Object(
        entries
            .map(|(index, value)| (format!("key{index}"), value))
            .collect(),
    )
}

/// A patch somewhere in the value, which is patched, too. `None` where there is nothing to patch.
fn patch(value: &mut Value, choices: &mut Choices<'_>, number: usize, removes: bool) -> Option<PatchOp> {
    let mut pointer = String::new();
    loop {
        let next = match value.pointer(&pointer)? {
            Value::Object(entries) if !entries.is_empty() && choices.often() => {
                entries.keys().nth(choices.below(entries.len()))?.clone()
            }
            Value::Array(items) if !items.is_empty() && choices.often() => {
                choices.below(items.len()).to_string()
            }
            _ => break,
        };
        pointer = format!("{pointer}/{next}");
    }
    let new = [
        json!(true),
        json!("RuntimeDefault"),
        json!({"type": "x y"}),
        json!({"drop": ["ALL"], "e": {}}),
        json!([]),
    ];
    let new = new[choices.below(5)].clone();
    let op = match value.pointer(&pointer)? {
        _ if removes && !pointer.is_empty() && choices.seldom() => PatchOp {
            op: PatchKind::Remove,
            path: pointer,
            value: None,
        },
        Value::Object(_) | Value::Null if !pointer.is_empty() => PatchOp {
            op: PatchKind::Add,
            path: format!("{pointer}/new{number}"),
            value: Some(new),
        },
        Value::Array(_) => PatchOp {
            op: PatchKind::Add,
            path: format!("{pointer}/-"),
            value: Some(new),
        },
        _ if !pointer.is_empty() => PatchOp {
            op: PatchKind::Replace,
            path: pointer,
            value: Some(new),
        },
        _ => return None,
    };
    op.apply(value).ok()?;
    Some(op)
}

fn is_comment_kept(text: &str, comments: usize) -> bool {
    (0..comments).all(|number| text.contains(&format!("# c{number}.")))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    #[test]
    fn an_edited_text_reads_as_the_patches_say(
        value in values(),
        style in prop::collection::vec(any::<u8>(), 1..60),
        edits in prop::collection::vec(any::<u8>(), 1..40),
        removes in any::<bool>(),
    ) {
        let (text, comments) = written(&value, &style);
        // Blank lines after `|+` belong to the value.
        let value = read(&text);
        let mut choices = Choices { bytes: &edits, at: 0 };
        let mut wanted = value;
        let count = 1 + choices.below(5);
        let ops: Vec<_> = (0..count).filter_map(|number| patch(&mut wanted, &mut choices, number, removes)).collect();
        let start = if text.starts_with('\u{FEFF}') { 3 } else { 0 };
        let document = Span::new(start, text.len() as u32);
        let tree = yaml::parse(&text, document, &Limits::default()).unwrap().unwrap();
        let replaces = ops.iter().any(|op| op.op != PatchKind::Add);
        let change = Change { object: NodeId(0), ops: ops.clone() };
        // Blank lines that come to stand after `|+` are for the proof to find.
        prop_assume!(!removes || !text.contains("|+"));
        match apply(&tree, document, Syntax::Yaml, &[change]) {
            Ok(new) => {
                prop_assert_eq!(read(&new), wanted, "{:?}\n{}\n{}", ops, text, new);
                prop_assert!(replaces || is_comment_kept(&new, comments), "{:?}\n{}\n{}", ops, text, new);
            }
            Err(Refusal::Unusual(_)) => {}
            Err(other) => prop_assert!(false, "{other}: {ops:?}\n{text}"),
        }
    }
}

fn judge() -> &'static Judge {
    static JUDGE: OnceLock<Judge> = OnceLock::new();
    JUDGE.get_or_init(|| {
        let rules = RuleSet::built_in(&Settings::default()).unwrap();
        let selection = Selection {
            profile: "restricted".into(),
            ..Selection::default()
        };
        Judge::new(rules, &selection, KubernetesVersion::LATEST, PodPaths::default()).unwrap()
    })
}

/// A pod, soft in some ways.
fn pods() -> impl Strategy<Value = Value> {
    let context = || {
        prop_oneof![
            Just(None),
            Just(Some(Value::Null)),
            Just(Some(json!({}))),
            Just(Some(json!({"privileged": true, "runAsUser": 0}))),
            Just(Some(
                json!({"allowPrivilegeEscalation": true, "capabilities": {"add": ["SYS_ADMIN", "NET_RAW"]}})
            )),
            Just(Some(
                json!({"capabilities": {"drop": ["NET_RAW"]}, "seccompProfile": {"type": "Unconfined"}})
            )),
        ]
    };
    let container = (context(), any::<bool>()).prop_map(|(context, port)| {
        let mut container = json!({"name": "webapp", "image": "example.com/web:1.2.3"});
        if port {
            container["ports"] = json!([{"containerPort": 80, "hostPort": 80}]);
        }
        if let Some(context) = context {
            container["securityContext"] = context;
        }
        container
    });
    (prop::collection::vec(container, 1..3), any::<bool>(), any::<bool>()).prop_map(|(mut containers, host, deployment)| {
        for (index, container) in containers.iter_mut().enumerate() {
            container["name"] = format!("webapp{}", ["a", "b"][index]).into();
        }
        let mut spec = json!({"containers": containers});
        if host {
            spec["hostNetwork"] = true.into();
            spec["securityContext"] = json!({"runAsNonRoot": false});
        }
        let metadata = json!({"name": "webapp", "namespace": "shopping"});
        if deployment {
            let template = json!({"metadata": {"labels": {"app": "webapp"}}, "spec": spec});
            json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": {"template": template}})
        } else {
            json!({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec})
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn a_soft_pod_of_any_style_is_hardened_once_and_for_all(
        pod in pods(),
        style in prop::collection::vec(any::<u8>(), 1..60),
    ) {
        let (text, comments) = written(&pod, &style);
        let text = text.trim_start_matches('\u{FEFF}');
        let wanted = Wanted { may_break: true, values: Vec::new() };
        let name = "pod.yaml".into();
        let once = fix(judge(), &name, text, Syntax::Yaml, &wanted).unwrap();
        prop_assert!(once.left.is_empty(), "{:?}\n{}", once.left.iter().map(|left| left.why.to_string()).collect::<Vec<_>>(), text);
        let removes = read(text)["spec"].to_string().contains("hostPort") || text.contains("NET_RAW") || text.contains("runAsUser");
        prop_assert!(removes || is_comment_kept(once.text(), comments), "{}\n{}", text, once.text());
        let twice = fix(judge(), &name, once.text(), Syntax::Yaml, &wanted).unwrap();
        prop_assert!(twice.fixed.is_empty());
        prop_assert_eq!(twice.text(), once.text());
    }
}
