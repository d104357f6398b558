//! What holds of all rules and all objects, whatever is in them; `HARDTACK_FUZZ=5000` tries more, and others.

#![allow(clippy::unwrap_used, clippy::panic)] // A test may fail where it stands.

use hardtack_core::json::to_json;
use hardtack_core::rule::Settings;
use hardtack_core::world::World;
use hardtack_core::{
    Applicability, Document, Finding, FindingFix, Fingerprint, Judge, Judged, KubernetesVersion, RuleSet,
    RuleSettings, Selection, objects,
};
use hardtack_tree::{Kind, Limits, Node, Span, Tree, dockerfile, json, text, yaml};
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::test_runner::RngSeed;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering};

fn judge_of(rules: RuleSet, version: KubernetesVersion) -> Judge {
    let all = Selection {
        profile: "all".into(),
        ..Selection::default()
    };
    Judge::new(rules, &all, version, Default::default()).unwrap()
}

fn built_in() -> RuleSet {
    RuleSet::built_in(&Settings::new()).unwrap()
}

static JUDGE: LazyLock<Judge> = LazyLock::new(|| judge_of(built_in(), KubernetesVersion::LATEST));
static JUDGE_OF_ALL_FIELDS: LazyLock<Judge> =
    LazyLock::new(|| judge_of(built_in(), KubernetesVersion::LATEST).passing_by_none());
/// The objects in all rules' examples: what mutations begin with.
static EXAMPLES: LazyLock<Vec<Value>> = LazyLock::new(|| {
    let mut found = Vec::new();
    for rule in JUDGE
        .rules()
        .rules()
        .iter()
        .filter(|rule| !rule.each.is_dockerfile())
    {
        let tree = read(&rule.source);
        for example in tree.root().get("examples").map(Node::items).into_iter().flatten() {
            let inputs = ["bad", "good", "unknown"]
                .iter()
                .find_map(|kind| example.get(kind));
            match inputs.map(to_json) {
                Some(Value::Array(several)) => found.extend(several),
                one => found.extend(one),
            }
        }
    }
    assert!(found.len() > 500, "{} objects in examples", found.len());
    found
});

fn read(text: &str) -> Tree<'_> {
    try_read(text).unwrap_or_else(|| panic!("no document: {text}"))
}

fn try_read(text: &str) -> Option<Tree<'_>> {
    yaml::parse(text, Span::new(0, text.len() as u32), &Limits::default())
        .ok()
        .flatten()
}

/// What the judge says of a document, with what it says of its objects together.
fn judged(judge: &Judge, root: Node<'_>, text: &str) -> Judged {
    let document = Document::new("a.yaml".into(), text);
    let mut judged = judge.manifest(root, Span::new(0, text.len() as u32), &document);
    let mut world = World::default();
    judged.facts.drain(..).for_each(|fact| world.add(fact));
    let together = judge.world(&world).into_iter();
    judged
        .findings
        .extend(together.map(|(rule, failure)| Finding::of_world(&rule, failure)));
    judged
}

fn judged_text(judge: &Judge, text: &str) -> Judged {
    judged(judge, read(text).root(), text)
}

/// All that a finding says, to compare what two judges find.
fn said(judged: &Judged) -> Vec<String> {
    let mut said: Vec<_> = judged
        .findings
        .iter()
        .map(|finding| {
            let (span, line) = (finding.location.span, &finding.location.line);
            let place = format!("{} {:?} {span:?} {line}", finding.path, finding.field);
            format!(
                "{} {:?} {place} {} {} {:?}",
                finding.rule.id, finding.result, finding.message, finding.fingerprint, finding.fixes
            )
        })
        .collect();
    said.extend(
        judged
            .workloads
            .iter()
            .map(|workload| format!("{:?} {:?}", workload.object, workload.pss)),
    );
    said.sort();
    said
}

fn fingerprints(judged: &Judged) -> Vec<Fingerprint> {
    let mut all: Vec<_> = judged
        .findings
        .iter()
        .map(|finding| finding.fingerprint)
        .collect();
    all.sort();
    all
}

/// A finding lies in the text, and its path leads somewhere.
fn check_places(root: Node<'_>, text: &str, judged: &Judged) {
    let objects: Vec<_> = objects(root)
        .into_iter()
        .flatten()
        .map(|object| to_json(object.node))
        .collect();
    for finding in &judged.findings {
        let (location, id) = (&finding.location, &finding.rule.id);
        assert!(
            text.get(location.span.range()).is_some(),
            "{id}: {:?} in {text}",
            location.span
        );
        assert!(location.start <= location.end, "{id}: {location:?}");
        assert!(
            objects
                .iter()
                .any(|object| object.pointer(&finding.path).is_some()),
            "{id}: nothing at `{}` in {text}",
            finding.path
        );
        assert!(!finding.message.is_empty(), "{id} says nothing");
    }
}

/// A mechanical fix applies to the object, and what it repairs is then gone. Gives how many were tried.
fn check_fixes(judge: &Judge, object: &Value, judged: &Judged) -> Result<usize, String> {
    let mut tried = 0;
    for finding in &judged.findings {
        for fix in finding.fixes.iter().filter(|fix| is_mechanical(fix)) {
            tried += 1;
            let wrong = |what: &str| {
                format!(
                    "{} at {}: {what}; {:?} of {object}",
                    finding.rule.id, finding.path, fix.patch
                )
            };
            let mut fixed = object.clone();
            for op in &fix.patch {
                op.apply(&mut fixed).map_err(|error| wrong(&error))?;
            }
            let text = fixed.to_string();
            let tree = json::parse(&text, &Limits::default()).map_err(|error| wrong(&error.to_string()))?;
            let document = Document::new("a.yaml".into(), &text);
            let span = Span::new(0, text.len() as u32);
            let after = judge.manifest(tree.as_ref().unwrap().root(), span, &document);
            // Two containers may have the same name, and so their findings the same fingerprint.
            let same = |judged: &Judged| {
                let found = judged.findings.iter();
                let found = found.filter(|other| other.rule.id == finding.rule.id);
                let same = found
                    .clone()
                    .filter(|other| other.fingerprint == finding.fingerprint);
                (same.count(), found.count())
            };
            let (before, after) = (same(judged), same(&after));
            if after.0 > 0 && after.0 >= before.0 && after.1 >= before.1 {
                return Err(wrong("is found after its fix as before"));
            }
        }
    }
    Ok(tried)
}

fn is_mechanical(fix: &FindingFix) -> bool {
    matches!(fix.applicability, Applicability::Safe | Applicability::MayBreak)
}

// What is generated.

const ODD_TEXTS: [&str; 24] = [
    "",
    " ",
    "é",
    "😀\u{200D}💥",
    "\u{202E}cba",
    "a\nb",
    "\r\n",
    "\t",
    "null",
    "true",
    "~",
    "-1",
    "1e999",
    "0x1F",
    "$(VAR)",
    "{{ .Values.x }}",
    "${x:?}",
    "500m",
    "1Gi",
    "a/b:c@d",
    "*",
    "/",
    "..",
    "\u{0}",
];

fn odd() -> impl Strategy<Value = Value> {
    let number = prop_oneof![
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        (-1i64..70_000).prop_map(Value::from),
    ];
    let leaf = prop_oneof![
        2 => Just(Value::Null),
        2 => any::<bool>().prop_map(Value::from),
        2 => number,
        3 => select(&ODD_TEXTS[..]).prop_map(Value::from),
        1 => "(?s).{0,12}".prop_map(Value::from),
        1 => Just(json!([])),
        1 => Just(json!({})),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::vec((key(), inner), 0..4)
                .prop_map(|entries| Value::Object(entries.into_iter().collect())),
        ]
    })
}

/// Keys that rules know, and some that nobody does.
fn key() -> impl Strategy<Value = String> {
    let known = LazyLock::new(|| {
        let mut keys = std::collections::BTreeSet::new();
        EXAMPLES.iter().for_each(|example| keys_into(example, &mut keys));
        keys.into_iter().collect::<Vec<_>>()
    });
    let known: Vec<String> = known.clone();
    prop_oneof![
        6 => select(known),
        1 => select(&ODD_TEXTS[..]).prop_map(str::to_owned),
    ]
}

fn keys_into(value: &Value, out: &mut std::collections::BTreeSet<String>) {
    match value {
        Value::Object(map) => map.iter().for_each(|(key, value)| {
            out.insert(key.clone());
            keys_into(value, out);
        }),
        Value::Array(items) => items.iter().for_each(|item| keys_into(item, out)),
        _ => {}
    }
}

/// One change somewhere in an object.
#[derive(Clone, Debug)]
enum Change {
    Replace(Value),
    Wrap(bool),
    Insert(String, Value),
    Remove,
    Repeat,
    Graft(Index, Index),
    Bury(usize),
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        4 => odd().prop_map(Change::Replace),
        2 => any::<bool>().prop_map(Change::Wrap),
        3 => (key(), odd()).prop_map(|(key, value)| Change::Insert(key, value)),
        2 => Just(Change::Remove),
        1 => Just(Change::Repeat),
        4 => (any::<Index>(), any::<Index>()).prop_map(|(example, at)| Change::Graft(example, at)),
        1 => (1usize..150).prop_map(Change::Bury),
    ]
}

fn pointers(value: &Value, at: String, out: &mut Vec<String>) {
    out.push(at.clone());
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                pointers(
                    value,
                    format!("{at}/{}", key.replace('~', "~0").replace('/', "~1")),
                    out,
                );
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                pointers(item, format!("{at}/{index}"), out);
            }
        }
        _ => {}
    }
}

fn apply(object: &mut Value, at: Index, change: Change) {
    let mut all = Vec::new();
    pointers(object, String::new(), &mut all);
    let slot = object.pointer_mut(at.get::<String>(&all)).unwrap();
    match change {
        Change::Replace(value) => *slot = value,
        Change::Wrap(true) => *slot = json!([slot.take()]),
        Change::Wrap(false) => *slot = json!({ "name": slot.take() }),
        Change::Insert(key, value) => match slot {
            Value::Object(map) => drop(map.insert(key, value)),
            Value::Array(list) => list.push(value),
            other => *other = value,
        },
        Change::Remove => *slot = Value::Null,
        Change::Repeat => {
            if let Value::Array(list) = slot {
                list.extend(list.clone());
            }
        }
        Change::Graft(example, at) => {
            let from = example.get(&EXAMPLES);
            let mut all = Vec::new();
            pointers(from, String::new(), &mut all);
            // A subtree of the same name fits best.
            let name = |pointer: &str| pointer.rsplit('/').next().map(str::to_owned);
            let graft = from.pointer(at.get::<String>(&all)).unwrap().clone();
            match (slot, name(at.get::<String>(&all))) {
                (Value::Object(map), Some(key)) => drop(map.insert(key, graft)),
                (Value::Array(list), _) => list.push(graft),
                (other, _) => *other = graft,
            }
        }
        Change::Bury(depth) => {
            *slot = (0..depth).fold(slot.take(), |inner, level| match level % 2 {
                0 => json!([inner]),
                _ => json!({ "a": inner }),
            });
        }
    }
}

/// An example with some changes, down to something that is hardly an object.
fn object() -> impl Strategy<Value = Value> {
    let changes = proptest::collection::vec((any::<Index>(), change()), 0..8);
    (any::<Index>(), changes).prop_map(|(example, changes)| {
        let mut object = example.get(&EXAMPLES).clone();
        for (at, change) in changes {
            apply(&mut object, at, change);
        }
        object
    })
}

/// A workload made of nothing but keys that rules know and odd values.
fn wild_pod() -> impl Strategy<Value = Value> {
    let map = || {
        proptest::collection::vec((key(), odd()), 0..6)
            .prop_map(|all| Value::Object(all.into_iter().collect()))
    };
    let list = || proptest::collection::vec(prop_oneof![4 => map(), 1 => odd()], 0..4).prop_map(Value::from);
    (map(), map(), list(), list(), list(), odd()).prop_map(|(spec, mut main, env, mounts, volumes, init)| {
        let mut spec = spec;
        main["env"] = env;
        main["volumeMounts"] = mounts;
        spec["containers"] = json!([main]);
        spec["volumes"] = volumes;
        spec["initContainers"] = init;
        json!({ "apiVersion": "v1", "kind": "Pod", "metadata": { "name": "a" }, "spec": spec })
    })
}

/// As block style YAML, scalars in JSON's way.
fn write_yaml(value: &Value, indent: usize, out: &mut String) {
    match value {
        Value::Object(map) if !map.is_empty() => {
            for (key, value) in map {
                out.push_str(&format!("\n{:indent$}{}:", "", Value::from(key.as_str())));
                write_yaml(value, indent + 2, out);
            }
        }
        Value::Array(items) if !items.is_empty() => {
            for item in items {
                out.push_str(&format!("\n{:indent$}-", ""));
                write_yaml(item, indent + 2, out);
            }
        }
        other => out.push_str(&format!(" {other}")),
    }
}

fn yaml_of(value: &Value) -> String {
    let mut out = String::new();
    write_yaml(value, 0, &mut out);
    out.push('\n');
    out
}

fn cases(count: u32) -> ProptestConfig {
    let more = std::env::var("HARDTACK_FUZZ")
        .ok()
        .and_then(|count| count.parse().ok());
    ProptestConfig {
        failure_persistence: None,
        max_shrink_iters: 20_000,
        cases: more.unwrap_or(count),
        // The same cases in every run, but for those who ask for more.
        rng_seed: more.map_or(RngSeed::Fixed(0x5EED), |_| RngSeed::Random),
        ..ProptestConfig::default()
    }
}

fn check(object: &Value) {
    // What YAML can't hold, such as some control characters, JSON can.
    for text in [yaml_of(object), object.to_string()] {
        let is_json = !text.starts_with('\n');
        let tree = if is_json {
            json::parse(&text, &Limits::default()).ok().flatten()
        } else {
            try_read(&text)
        };
        let Some(tree) = tree else { continue };
        let found = judged(&JUDGE, tree.root(), &text);
        check_places(tree.root(), &text, &found);
        let without_index = judged(&JUDGE_OF_ALL_FIELDS, tree.root(), &text);
        assert_eq!(said(&found), said(&without_index), "{text}");
        if !is_json {
            let moved = format!("# A comment.\n\n\n{text}");
            assert_eq!(
                fingerprints(&found),
                fingerprints(&judged_text(&JUDGE, &moved)),
                "{text}"
            );
        }
    }
}

fn check_fixes_of(object: &Value) -> Result<usize, String> {
    let text = object.to_string();
    let Some(tree) = json::parse(&text, &Limits::default()).ok().flatten() else {
        return Ok(0);
    };
    // A patch is one of the object; a list holds several.
    match &objects(tree.root())[..] {
        [Ok(only)] if only.node == tree.root() => {
            check_fixes(&JUDGE, &to_json(tree.root()), &judged(&JUDGE, tree.root(), &text))
        }
        _ => Ok(0),
    }
}

proptest! {
    #![proptest_config(cases(200))]

    #[test]
    fn any_object_is_judged_at_places_that_exist(object in object()) {
        check(&object);
    }

    #[test]
    fn any_pod_is_judged_at_places_that_exist(pod in wild_pod()) {
        check(&pod);
    }

    #[test]
    fn any_finding_with_a_fix_is_gone_after_it(object in prop_oneof![object(), wild_pod()]) {
        prop_assert_eq!(check_fixes_of(&object).err(), None);
    }
}

#[test]
fn what_is_found_in_an_example_is_gone_after_its_fix() {
    let (mut tried, mut wrong) = (0, Vec::new());
    for example in EXAMPLES.iter() {
        match check_fixes_of(example) {
            Ok(count) => tried += count,
            Err(message) => wrong.push(message),
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of them:\n{}",
        wrong.len(),
        wrong.join("\n\n")
    );
    println!("{tried} fixes");
}

/// Examples that are judged by parameters or for a version of their own.
#[test]
fn what_a_rule_alone_finds_is_gone_after_its_fix() {
    let mut wrong = Vec::new();
    for rule in built_in()
        .rules()
        .iter()
        .filter(|rule| !rule.each.is_dockerfile())
    {
        let tree = read(&rule.source);
        for example in tree.root().get("examples").map(Node::items).into_iter().flatten() {
            if example.get("params").is_none() && example.get("version").is_none() {
                continue;
            }
            let parameters = example.get("params").map(Node::entries).into_iter().flatten();
            let settings = RuleSettings {
                parameters: parameters
                    .map(|(name, value)| (name.scalar().into_owned(), to_json(value)))
                    .collect(),
                ..RuleSettings::default()
            };
            let version = example
                .get("version")
                .map(|version| version.scalar().parse().unwrap());
            let mut rules = RuleSet::default();
            let path = format!("{}/{}.yaml", rule.area, rule.id);
            let settings: BTreeMap<_, _> = [(rule.id.to_string(), settings)].into();
            rules.extend([(&*path, rule.source.clone())], &settings).unwrap();
            let judge = judge_of(rules, version.unwrap_or(KubernetesVersion::LATEST));
            let Some(bad) = example.get("bad").filter(|bad| bad.kind() == Kind::Map) else {
                continue;
            };
            let text = to_json(bad).to_string();
            let judged = judged_text(&judge, &text);
            wrong.extend(check_fixes(&judge, &to_json(bad), &judged).err());
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of them:\n{}",
        wrong.len(),
        wrong.join("\n\n")
    );
}

#[test]
fn passing_by_rules_changes_no_verdict_on_any_example() {
    for example in EXAMPLES.iter() {
        check(example);
    }
    for rule in JUDGE
        .rules()
        .rules()
        .iter()
        .filter(|rule| rule.each.is_dockerfile())
    {
        let tree = read(&rule.source);
        for example in tree.root().get("examples").map(Node::items).into_iter().flatten() {
            let text = ["bad", "good", "unknown"]
                .iter()
                .find_map(|kind| example.get(kind))
                .and_then(Node::as_str);
            let text = text.unwrap();
            let tree = dockerfile::parse(text, &Limits::default()).unwrap();
            let document = Document::new("Dockerfile".into(), text);
            let found = JUDGE.dockerfile_findings(tree.root(), &document);
            let without_index = JUDGE_OF_ALL_FIELDS.dockerfile_findings(tree.root(), &document);
            assert_eq!(said(&found), said(&without_index), "{text}");
        }
    }
}

/// Real manifests below `HARDTACK_SHARED`, else `../shared`, where there are some.
#[test]
fn real_manifests_keep_all_of_it() {
    let given = std::env::var_os("HARDTACK_SHARED").map(PathBuf::from);
    let shared = given.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared"));
    let mut files = Vec::new();
    find(&shared, &mut files);
    if files.is_empty() {
        let _ = writeln!(
            std::io::stderr(),
            "SKIPPED: no manifests below {}; set HARDTACK_SHARED",
            shared.display()
        );
    }
    let (mut documents, mut tried, mut wrong) = (0, 0, Vec::new());
    for file in files {
        let content = std::fs::read(&file)
            .ok()
            .and_then(|bytes| text::decode(bytes).ok());
        let Some(content) = content else { continue };
        for span in yaml::split(&content) {
            let Ok(Some(tree)) = yaml::parse(&content, span, &Limits::default()) else {
                continue;
            };
            documents += 1;
            let found = judged(&JUDGE, tree.root(), &content);
            check_places(tree.root(), &content, &found);
            let without_index = judged(&JUDGE_OF_ALL_FIELDS, tree.root(), &content);
            assert_eq!(said(&found), said(&without_index), "{}", file.display());
            if documents % 4 == 0 {
                match check_fixes_of(&to_json(tree.root())) {
                    Ok(count) => tried += count,
                    Err(message) => wrong.push(format!("{}: {message}", file.display())),
                }
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of them:\n{}",
        wrong.len(),
        wrong.join("\n\n")
    );
    println!("{documents} documents, {tried} fixes");
}

fn find(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            find(&path, files);
        } else if path
            .extension()
            .is_some_and(|extension| extension == "yaml" || extension == "yml")
        {
            files.push(path);
        }
    }
}

// Credentials.

/// What surrounds a made-up credential, so that some rule takes it for one.
const DISGUISES: [&str; 9] = [
    "CANARY",
    "AKIACANARY",
    "ghp_CANARYaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    "postgres://web:CANARY@db:5432/shop",
    "-----BEGIN RSA PRIVATE KEY-----\nCANARY\n-----END RSA PRIVATE KEY-----",
    "curl -u admin:CANARY https://example.com",
    "--password=CANARY",
    "{\"auths\": {\"example.com\": {\"password\": \"CANARY\"}}}",
    "Bearer CANARY",
];
const NAMES: [&str; 8] = [
    "PASSWORD",
    "DB_PASSWORD",
    "API_KEY",
    "AWS_SECRET_ACCESS_KEY",
    "token",
    "tls.key",
    "config.yaml",
    "HOME",
];

fn credential() -> impl Strategy<Value = (String, String)> {
    (select(&NAMES[..]), select(&DISGUISES[..]), "[A-Z0-9]{12}").prop_map(|(name, disguise, canary)| {
        (
            name.to_owned(),
            disguise.replace("CANARY", &format!("Hx{canary}")),
        )
    })
}

/// How many of the made-up credentials some rule took for one.
static SEEN: AtomicUsize = AtomicUsize::new(0);

fn canary(text: &str) -> &str {
    let at = text.find("Hx").unwrap();
    &text[at..at + 14]
}

#[test]
fn what_a_rule_takes_for_a_credential_is_never_shown() {
    credentials_are_never_shown();
    let seen = SEEN.load(Ordering::Relaxed);
    assert!(seen > 300, "only {seen} were taken for credentials");
}

proptest! {
    #![proptest_config(cases(200))]

    fn credentials_are_never_shown(
        all in proptest::collection::vec(credential(), 6..7),
        block in any::<bool>(),
        twice in any::<bool>(),
    ) {
        let mut parts = all.iter();
        let mut pair = || parts.next().cloned().unwrap();
        let (env, arg, note, data, secret, command) = (pair(), pair(), pair(), pair(), pair(), pair());
        let map = |(name, value): &(String, String)| {
            Value::Object([(name.clone(), Value::from(value.clone()))].into_iter().collect::<Map<_, _>>())
        };
        let mut variables = vec![json!({"name": env.0, "value": env.1})];
        if twice {
            variables.push(variables[0].clone());
        }
        let list = json!({"apiVersion": "v1", "kind": "List", "items": [
            {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web", "annotations": map(&note)}, "spec": {
                "containers": [{
                    "name": "web", "image": "example.com/web:1", "env": variables,
                    "args": [arg.1], "command": ["sh", "-c", command.1],
                }],
            }},
            {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "web"}, "data": map(&data)},
            {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "web"}, "stringData": map(&secret)},
        ]});
        let text = if block { yaml_of(&list) } else { list.to_string() };
        let judged = judged_text(&JUDGE, &text);
        for (_, value) in [env, arg, note, data, secret, command] {
            let canary = canary(&value);
            // What a rule takes for a credential is the value that it points at, with all that is in it.
            let holds = |finding: &&Finding| {
                let kind = finding.object.as_ref().map(|object| &*object.kind);
                let objects = list["items"].as_array().unwrap().iter();
                let mut objects = objects.filter(|object| object["kind"].as_str() == kind);
                finding.rule.sensitive
                    && objects.any(|object| object.pointer(&finding.path).unwrap().to_string().contains(canary))
            };
            let Some(by) = judged.findings.iter().find(holds) else { continue };
            SEEN.fetch_add(1, Ordering::Relaxed);
            for finding in &judged.findings {
                for shown in [&finding.message, &finding.location.line] {
                    prop_assert!(
                        !shown.contains(canary),
                        "{} shows what {} takes for a credential: {shown}\n{text}", finding.rule.id, by.rule.id
                    );
                }
            }
        }
    }
}

#[test]
fn a_field_of_the_wrong_type_is_told_as_such() {
    let text = "kind: Pod\nspec: { containers: [{ name: a, image: b, securityContext: 1 }] }\n";
    let judged = judged_text(&JUDGE, text);
    let said = |id: &str| {
        let finding = judged.findings.iter().find(|finding| &*finding.rule.id == id);
        finding.map(|finding| &*finding.message)
    };
    // The rule's own message is that the container keeps NET_RAW.
    let wanted = "container `a`: `securityContext` is `1`, where a map was expected";
    let said = said("capability-net-raw").unwrap();
    assert!(said.starts_with(wanted), "{said}");
}

#[test]
fn what_is_wrong_twice_at_one_place_has_one_fix_for_both() {
    let text = "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: a}\n\
                spec: {podSelector: {}, policyTypes: [x], ingress: [], egress: []}\n";
    let judged = judged_text(&JUDGE, text);
    let ours = |finding: &&Finding| &*finding.rule.id == "network-policy-egress-ignored";
    let patches: Vec<_> = judged
        .findings
        .iter()
        .filter(ours)
        .flat_map(|finding| &finding.fixes)
        .collect();
    assert_eq!(patches.len(), 1);
    assert_eq!(patches[0].patch.len(), 2, "{:?}", patches[0].patch);
}
