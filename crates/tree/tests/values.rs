//! What texts mean, as sigs.k8s.io/yaml has it: `values.jsonl` holds the texts with what it made of them, written by
//! `reference/main.go`.

use hardtack_tree::{Limits, Span, Tree, json, yaml};

/// Where we differ, and why. `None`: an error.
const DIFFERENCES: [(&str, Option<&str>, &str); 23] = [
    ("a: 1\na: 2", None, DUPLICATE),
    ("{a: 1, a: 2}", None, DUPLICATE),
    ("{a: 1} x", None, TRAILING),
    ("[1] x", None, TRAILING),
    ("[a]]", None, TRAILING),
    ("{a}}", None, TRAILING),
    ("a: \"b\"# c", None, "a comment needs a space before it"),
    ("a: |# c\n  x", None, "a comment needs a space before it"),
    ("a: |# c\r\n  x", None, "a comment needs a space before it"),
    (
        "a: \u{FEFF}b",
        None,
        "a byte-order mark in the middle of a text is a mistake of joining files",
    ),
    ("[a: , b:]", Some(r#"[{"a":null},{"b":null}]"#), YAML_1_2),
    (
        "a: [-1, -b, ?b, :b]",
        Some(r#"{"a":[-1,"-b","?b",":b"]}"#),
        YAML_1_2,
    ),
    (
        r#"a: "\x41\u00e9\U0001F600\t\/\e\0\N\_\L\P\a\b\v\f\r\"""#,
        Some(r#"{"a":"Aé😀\t/\u001b\u0000\u0085\u00a0\u2028\u2029\u0007\b\u000b\f\r\""}"#),
        "an escape of YAML 1.2 and JSON",
    ),
    (
        r#"a: "\ud83d\ude00""#,
        Some(r#"{"a":"😀"}"#),
        "an escaped pair of surrogates, as in JSON",
    ),
    (
        "18446744073709551615: a",
        Some(r#"{"18446744073709551615":"a"}"#),
        "no reason to refuse it",
    ),
    ("- \ta", Some(r#"["a"]"#), TAB),
    ("-\ta", Some(r#"["a"]"#), TAB),
    ("a: |\n  \tx", Some("{\"a\":\"\\tx\"}"), TAB),
    ("a: |\r\n  \tx", Some("{\"a\":\"\\tx\"}"), TAB),
    ("\t", Some("null"), TAB),
    ("a: \u{85}b", Some("{\"a\":\"\u{85}b\"}"), LINE_END),
    ("a: \u{2028}b", Some("{\"a\":\"\u{2028}b\"}"), LINE_END),
    (
        "a: |\n  x\u{2028}y\n  z\u{85}w",
        Some("{\"a\":\"x\u{2028}y\\nz\u{85}w\"}"),
        LINE_END,
    ),
];

const DUPLICATE: &str = "a key that stands twice is an error, so that edits and readers agree on one";
const TRAILING: &str = "text after the value is an error, not left out";
const YAML_1_2: &str = "read as YAML 1.2 has it";
const TAB: &str = "a tab after an indicator or the indentation does no harm";
const LINE_END: &str = "no line end since YAML 1.2";

const TABLE: &str = include_str!("values.jsonl");

#[test]
fn values_are_those_of_kubernetes() {
    let limits = Limits::default();
    let (mut same, mut different) = (0, 0);
    for line in TABLE.lines() {
        let row = json::parse(line, &limits).unwrap().unwrap();
        let text = row.root().get("yaml").unwrap().raw();
        let ours = read(text);
        let theirs = row.root().get("json");
        let agrees = match (&ours, theirs) {
            (Err(_), None) => true,
            (Ok(None), Some(theirs)) => theirs.is_null(),
            (Ok(Some(ours)), Some(theirs)) => ours.root().same_value(theirs),
            _ => false,
        };
        let listed = DIFFERENCES.iter().find(|(known, ..)| *known == text);
        match (agrees, listed) {
            (true, None) => same += 1,
            (true, Some(_)) => panic!("{text:?} is listed and makes no difference"),
            (false, Some((_, expected, reason))) => {
                different += 1;
                assert!(
                    is(&ours, *expected),
                    "{text:?} is {ours:?}, not {expected:?}: {reason}"
                );
            }
            (false, None) => panic!("{text:?} is {ours:?}, but {theirs:?} to Kubernetes"),
        }
    }
    assert_eq!(different, DIFFERENCES.len());
    println!("{same} texts mean the same, {different} differ for a reason");
}

fn read(text: &str) -> Result<Option<Tree<'_>>, hardtack_tree::SyntaxError> {
    let document = yaml::split(text).next().unwrap_or_else(|| Span::new(0, 0));
    yaml::parse(text, document, &Limits::default())
}

fn is(ours: &Result<Option<Tree<'_>>, hardtack_tree::SyntaxError>, expected: Option<&str>) -> bool {
    let expected = expected.map(|text| json::parse(text, &Limits::default()).ok().flatten());
    match (ours, expected) {
        (Err(_), None) | (Ok(None), Some(None)) => true,
        (Ok(Some(ours)), Some(Some(expected))) => ours.root().same_value(expected.root()),
        _ => false,
    }
}
