//! What edits do to texts of many styles, byte for byte.

// A panic is how a test says what went wrong.
#![allow(clippy::unwrap_used, clippy::panic)]

use hardtack_core::algebra::{PatchKind, PatchOp};
use hardtack_fix::{Change, Refusal, Syntax, apply};
use hardtack_tree::{Limits, NodeId, Span, json, yaml};
use serde_json::{Value, json};

fn add(path: &str, value: Value) -> PatchOp {
    PatchOp {
        op: PatchKind::Add,
        path: path.into(),
        value: Some(value),
    }
}

fn put(path: &str, value: Value) -> PatchOp {
    PatchOp {
        op: PatchKind::Replace,
        ..add(path, value)
    }
}

fn cut(path: &str) -> PatchOp {
    PatchOp {
        op: PatchKind::Remove,
        path: path.into(),
        value: None,
    }
}

fn edit(text: &str, syntax: Syntax, ops: Vec<PatchOp>) -> Result<String, Refusal> {
    let start = if text.starts_with('\u{FEFF}') { 3 } else { 0 };
    let whole = Span::new(start, text.len() as u32);
    let parse = |text: &str| -> Value {
        let limits = Limits::default();
        let whole = Span::new(start, text.len() as u32);
        let tree = match syntax {
            Syntax::Yaml => yaml::parse(text, whole, &limits),
            Syntax::Json => json::parse_at(text, whole, &limits),
        };
        let tree = tree.unwrap_or_else(|error| panic!("{error}: {text}")).unwrap();
        hardtack_core::json::to_json(tree.root())
    };
    let limits = Limits::default();
    let tree = match syntax {
        Syntax::Yaml => yaml::parse(text, whole, &limits),
        Syntax::Json => json::parse_at(text, whole, &limits),
    };
    let tree = tree.unwrap().unwrap();
    let mut wanted = parse(text);
    for op in &ops {
        op.apply(&mut wanted).unwrap();
    }
    let change = Change {
        object: NodeId(0),
        ops,
    };
    let new = apply(&tree, whole, syntax, &[change])?;
    assert_eq!(parse(&new), wanted, "{new}");
    Ok(new)
}

#[track_caller]
fn check(old: &str, ops: Vec<PatchOp>, new: &str) {
    assert_eq!(edit(old, Syntax::Yaml, ops).unwrap(), new);
}

#[track_caller]
fn check_json(old: &str, ops: Vec<PatchOp>, new: &str) {
    assert_eq!(edit(old, Syntax::Json, ops).unwrap(), new);
}

#[test]
fn a_scalar_keeps_its_quotes_and_its_comment() {
    check(
        "a: b # c\nd: e\n",
        vec![put("/a", json!("x"))],
        "a: x # c\nd: e\n",
    );
    check("a: 'b'\n", vec![put("/a", json!("it's"))], "a: 'it''s'\n");
    check("a: \"b\" # c\n", vec![put("/a", json!("x"))], "a: \"x\" # c\n");
    check("a: 'true'\n", vec![put("/a", json!(false))], "a: false\n");
    check("a: true\n", vec![put("/a", json!("true"))], "a: \"true\"\n");
    check("a: b\n", vec![put("/a", json!("yes: no"))], "a: \"yes: no\"\n");
    check("- a\n- 'b'\n", vec![put("/1", json!("c"))], "- a\n- 'c'\n");
    check(
        "a: |\n  x\n  y\nb: 1\n",
        vec![put("/a", json!("z"))],
        "a: z\nb: 1\n",
    );
}

#[test]
fn a_key_comes_to_the_end_of_its_map_before_what_follows() {
    check(
        "a:\n  b: 1\n",
        vec![add("/a/c", json!(2))],
        "a:\n  b: 1\n  c: 2\n",
    );
    check(
        "a:\n    b: 1 # x\n\n# about d\nd: 2\n",
        vec![add("/a/c", json!({"e": [1, "y"], "f": {}}))],
        "a:\n    b: 1 # x\n    c:\n        e:\n          - 1\n          - \"y\"\n        f: {}\n\n# about d\nd: 2\n",
    );
    check("a: 1", vec![add("/b", json!("x"))], "a: 1\nb: x");
    check(
        "a:\r\n  b: 1\r\nc: 2",
        vec![add("/a/d", json!(3))],
        "a:\r\n  b: 1\r\n  d: 3\r\nc: 2",
    );
    check("c: 1\r\na: 2", vec![add("/d", json!(3))], "c: 1\r\na: 2\r\nd: 3");
    check(
        "\u{FEFF}a: 1\n",
        vec![add("/b", json!(2))],
        "\u{FEFF}a: 1\nb: 2\n",
    );
    check(
        "---\na: |\n  x\n\n\n# y\nb:\n  c: >-\n   z\n\n...\n",
        vec![add("/b/d", json!(1))],
        "---\na: |\n  x\n\n\n# y\nb:\n  c: >-\n   z\n  d: 1\n\n...\n",
    );
    check(
        "a:\n  b: |+\n    x\n\n\nc: 1\n",
        vec![add("/a/d", json!(1))],
        "a:\n  b: |+\n    x\n\n\n  d: 1\nc: 1\n",
    );
}

#[test]
fn items_of_lists_are_maps_of_their_own_indentation() {
    check(
        "a:\n- name: x\n  c:\n  - 1\n- name: y\n",
        vec![add("/a/0/d", json!({"e": [1]})), add("/a/1/d", json!(true))],
        "a:\n- name: x\n  c:\n  - 1\n  d:\n    e:\n    - 1\n- name: y\n  d: true\n",
    );
    check(
        "-   a: 1\n-\n  a: 2\n",
        vec![add("/0/b", json!(1)), add("/1/b", json!(2))],
        "-   a: 1\n    b: 1\n-\n  a: 2\n  b: 2\n",
    );
}

#[test]
fn lists_grow_by_their_own_indentation() {
    check(
        "a:\n- 1\nb:\n    - 2 # x\n    # y\nc: []\nd: [3]\n",
        vec![
            add("/a/-", json!("p")),
            add("/b/-", json!({"q": 1, "r": [2]})),
            add("/d/-", json!("s, t")),
        ],
        "a:\n- 1\n- p\nb:\n    - 2 # x\n    - q: 1\n      r:\n      - 2\n    # y\nc: []\nd: [3, \"s, t\"]\n",
    );
    check(
        "a:\n  - 1\nc: [] # x\n",
        vec![add("/c/-", json!(1))],
        "a:\n  - 1\nc: # x\n  - 1\n",
    );
}

#[test]
fn several_edits_at_one_place_nest() {
    check(
        "a:\n  b:\n    c: 1\nd: 2\n",
        vec![
            add("/a/x", json!(1)),
            add("/a/b/g", json!(2)),
            add("/a/x2", json!(3)),
            cut("/a/b/c"),
        ],
        "a:\n  b:\n    g: 2\n  x: 1\n  x2: 3\nd: 2\n",
    );
    check(
        "a: 1",
        vec![
            add("/s", json!({"p": false})),
            add("/s", json!({"q": {"r": 1}})),
            add("/s", json!({"q": {"t": 2}})),
        ],
        "a: 1\ns:\n  p: false\n  q:\n    r: 1\n    t: 2",
    );
}

#[test]
fn flow_maps_and_lists_stay_flow() {
    check(
        "a: {b: c} # x\n",
        vec![add("/a/d", json!({"e": ["f", true]}))],
        "a: {b: c, d: {e: [f, true]}} # x\n",
    );
    check("- {}\n", vec![add("/0/a", json!(1))], "- {a: 1}\n");
    check("a: {} # x\n", vec![add("/a/b", json!(1))], "a: # x\n  b: 1\n");
    check(
        "a: { \"b\": \"c\" }\n",
        vec![add("/a/d", json!("e"))],
        "a: { \"b\": \"c\", \"d\": \"e\" }\n",
    );
    check(
        "a: {\n  b: 1, # x\n  c: 2 # y\n}\n",
        vec![add("/a/d", json!(3)), put("/a/b", json!(4))],
        "a: {\n  b: 4, # x\n  c: 2, # y\n  d: 3\n}\n",
    );
    check(
        "a: [\n  b,\n  c,\n]\n",
        vec![add("/a/-", json!("d"))],
        "a: [\n  b,\n  c,\n  d,\n]\n",
    );
    check(
        "a: [b, c, d]\n",
        vec![cut("/a/1"), add("/a/-", json!("e"))],
        "a: [b, d, e]\n",
    );
    check("a: [b, c, d]\n", vec![cut("/a/2"), cut("/a/0")], "a: [c]\n");
    check("x: {a: 1, b: 2}\n", vec![cut("/x/a"), cut("/x/b")], "x: {}\n");
    check(
        "a: {b, c: , d: e}\n",
        vec![add("/a/c", json!(1)), cut("/a/d")],
        "a: {b, c: 1}\n",
    );
}

#[test]
fn an_empty_value_becomes_what_is_wanted() {
    check("a:\nb: 1\n", vec![add("/a/c", json!(1))], "a:\n  c: 1\nb: 1\n");
    check(
        "a: # x\nb: 1\n",
        vec![add("/a/c", json!(1))],
        "a: # x\n  c: 1\nb: 1\n",
    );
    check("a: ~ # x\n", vec![add("/a/c", json!(1))], "a: # x\n  c: 1\n");
    check(
        "x: {a: null}\n",
        vec![add("/x/a/c", json!(1))],
        "x: {a: {c: 1}}\n",
    );
    check(
        "a:\nb:\n",
        vec![put("/a", json!("x")), put("/b", json!(["y"]))],
        "a: x\nb:\n  - \"y\"\n",
    );
    check("a:", vec![add("/a/c", json!(1))], "a:\n  c: 1");
}

#[test]
fn what_is_removed_goes_with_its_line_and_comment() {
    check(
        "a: 1\nb: 2 # x\n# y\nc: 3\n",
        vec![cut("/b")],
        "a: 1\n# y\nc: 3\n",
    );
    check(
        "a: 1\nb:\n  - 1\n  - 2\n\nc: 3\n",
        vec![cut("/b")],
        "a: 1\n\nc: 3\n",
    );
    check("a: 1\nb: 2\nc: 3", vec![cut("/a"), cut("/c")], "b: 2");
    check("a: 1\r\nb: 2\r\n", vec![cut("/b")], "a: 1\r\n");
    check("- a: 1\n  b: 2\n- c\n", vec![cut("/0/a")], "- b: 2\n- c\n");
    check("- a: 1\n  # x\n  b: 2\n", vec![cut("/0/a")], "-\n  # x\n  b: 2\n");
    check(
        "a:\n  - 1\n  - 2 # x\n  - 3\n",
        vec![cut("/a/1")],
        "a:\n  - 1\n  - 3\n",
    );
    check(
        "a:\n  - 1\n  - 2\n",
        vec![cut("/a/1"), add("/a/-", json!(3))],
        "a:\n  - 1\n  - 3\n",
    );
}

#[test]
fn a_map_or_list_that_gets_empty_says_so() {
    check("a: # x\n  b: 1\nc: 2\n", vec![cut("/a/b")], "a: {} # x\nc: 2\n");
    check(
        "a:\n  - 1\n  - 2\nc: 2\n",
        vec![cut("/a/1"), cut("/a/0")],
        "a: []\nc: 2\n",
    );
    check("- a: 1\n- b\n", vec![cut("/0/a")], "- {}\n- b\n");
    check(
        "a:\n  b: 1\nc: 2\n",
        vec![cut("/a/b"), add("/a/d", json!(1))],
        "a:\n  d: 1\nc: 2\n",
    );
}

#[test]
fn json_keeps_its_layout() {
    check_json(
        "{\n    \"a\": {\n        \"b\": 1\n    },\n    \"c\": [],\n    \"d\": {}\n}\n",
        vec![
            add("/a/e", json!({"f": [true]})),
            add("/c/-", json!("x")),
            add("/d/y", json!(2)),
            add("/z", json!(null)),
        ],
        "{\n    \"a\": {\n        \"b\": 1,\n        \"e\": {\n            \"f\": [\n                true\n            ]\n        }\n    },\n    \
         \"c\": [\n        \"x\"\n    ],\n    \"d\": {\n        \"y\": 2\n    },\n    \"z\": null\n}\n",
    );
    check_json(
        r#"{"a":{"b":1},"c":[1]}"#,
        vec![add("/a/d", json!({"e": "f"})), add("/c/-", json!(2))],
        r#"{"a":{"b":1,"d":{"e":"f"}},"c":[1,2]}"#,
    );
    check_json(
        r#"{"a": {"b": 1}}"#,
        vec![add("/a/d", json!([1, 2]))],
        r#"{"a": {"b": 1, "d": [1, 2]}}"#,
    );
    check_json(
        "{\r\n\t\"a\": 1\r\n}",
        vec![add("/b", json!(true)), cut("/a")],
        "{\r\n\t\"b\": true\r\n}",
    );
    check_json(
        "{\n  \"a\": 1,\n  \"b\": 2,\n  \"c\": 3\n}",
        vec![cut("/a"), cut("/c")],
        "{\n  \"b\": 2\n}",
    );
    check_json(
        "[{\"a\": 'x'}]".replace('\'', "\"").as_str(),
        vec![put("/0/a", json!("y\n"))],
        "[{\"a\": \"y\\n\"}]",
    );
}

#[test]
fn what_other_places_share_is_refused() {
    for (text, op, why) in [
        ("a: &x\n  b: 1\nc: *x\n", add("/c/d", json!(1)), Refusal::Alias),
        ("a: &x\n  b: 1\nc: *x\n", put("/c/b", json!(2)), Refusal::Alias),
        ("a: &x\n  b: 1\nc: *x\n", add("/a/d", json!(1)), Refusal::Anchor),
        ("a: &x\n  b: 1\nc: *x\n", cut("/a"), Refusal::Anchor),
        (
            "a: &x {b: 1}\nc:\n  <<: *x\n  d: 1\n",
            put("/c/b", json!(2)),
            Refusal::Alias,
        ),
        (
            "a: &x {b: 1}\nc:\n  <<: *x\n  d: 1\n",
            put("/a/b", json!(2)),
            Refusal::Anchor,
        ),
    ] {
        assert_eq!(edit(text, Syntax::Yaml, vec![op]).unwrap_err(), why, "{text}");
    }
    check(
        "a: &x {b: 1}\nc:\n  <<: *x\nd: 1\n",
        vec![add("/c/e", json!(2))],
        "a: &x {b: 1}\nc:\n  <<: *x\n  e: 2\nd: 1\n",
    );
    check(
        "a: &x\n  b: 1\nc: 2\n",
        vec![add("/a/d", json!(1))],
        "a: &x\n  b: 1\n  d: 1\nc: 2\n",
    );
    check(
        "a: &x [1]\nc: {d: *x}\n",
        vec![add("/c/e", json!(1))],
        "a: &x [1]\nc: {d: *x, e: 1}\n",
    );
}
