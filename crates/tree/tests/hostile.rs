//! Texts made to hang, to overflow or to eat memory: each is read or refused in time that grows with its length.

use hardtack_tree::{Limits, Span, json, yaml};
use std::time::{Duration, Instant};

const MB: usize = 1 << 20;
/// Each takes a tenth of that on a slow machine; what is quadratic takes a thousand times as long.
const LONG: Duration = Duration::from_secs(20);

/// Reads all documents and gives the first complaint.
fn complaint(text: &str) -> Option<String> {
    let began = Instant::now();
    let limits = Limits {
        nodes: 1_000_000,
        ..Limits::default()
    };
    let mut complaint = None;
    for document in yaml::split(text) {
        yaml::looks_like_template(document.of(text));
        if let Err(error) = yaml::parse(text, document, &limits) {
            assert!(error.help.is_some());
            complaint.get_or_insert(error.message);
        }
    }
    yaml::comments(text, Span::new(0, text.len() as u32));
    assert!(
        began.elapsed() < LONG,
        "{:?}... took {:?}",
        &text[..20],
        began.elapsed()
    );
    complaint
}

#[track_caller]
fn refused(text: &str, part: &str) {
    let complaint = complaint(text).unwrap_or_default();
    assert!(complaint.contains(part), "{complaint}");
}

#[test]
fn deep_nesting_is_refused() {
    for text in ["[", "{a: ", "- ", "[{a: "] {
        refused(&text.repeat(MB / text.len()), "nested deeper");
    }
    refused(&"[".repeat(10_000), "nested deeper");
    refused(
        &(0..2_000)
            .map(|depth| format!("{}a:\n", " ".repeat(depth)))
            .collect::<String>(),
        "nested deeper",
    );
    for text in ["[", "{\"a\":", "[{\"a\":"] {
        let error = json::parse(&text.repeat(MB / text.len()), &Limits::default()).unwrap_err();
        assert!(error.message.contains("nested deeper"), "{error}");
    }
}

#[test]
fn what_is_never_closed_is_refused() {
    let long = "x y\n".repeat(MB);
    refused(&format!("a: \"{long}"), "a quote is opened");
    refused(&format!("a: '{long}"), "a quote is opened");
    refused(&format!("a: &b \"{long}"), "a quote is opened");
    refused(&format!("a: [b, {}", "c, ".repeat(MB / 16)), "a `[` is opened");
    let error = json::parse(&format!("[\"{}", "x".repeat(4 * MB)), &Limits::default()).unwrap_err();
    assert!(error.message.contains("never closed"), "{error}");
}

#[test]
fn aliases_that_multiply_are_refused() {
    let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..30 {
        let alias = format!("*a{}, ", level - 1);
        text += &format!("a{level}: &a{level} [{}]\n", alias.repeat(9));
    }
    refused(&text, "more than 1000000 values");
    let mut merged = "a0: &a0 {x0: 1}\n".to_owned();
    for level in 1..3_000 {
        merged += &format!("a{level}: &a{level} {{<<: *a{}, x{level}: 1}}\n", level - 1);
    }
    refused(&merged, "nested deeper");
}

#[test]
fn long_lines_and_many_lines_take_linear_time() {
    for (begin, repeated) in [
        ("", "x"),
        ("a: ", "x"),
        ("a: ", "x "),
        ("a: &b ", "x "),
        ("", ":"),
        ("a: ", "b:"),
        ("", "#"),
        ("", "# x\n"),
        ("a: b #", "x"),
        ("", "\""),
        ("", "'"),
        ("a: \"", "\\n"),
        ("", "\n"),
        ("", " "),
        ("", "\t"),
        ("a: b\n", "\n"),
        ("a: &b c\n", "\n"),
        ("a: |\n", "  x\n"),
        ("a: |\n  x\n", "\n"),
        ("a: >\n", "  x\n"),
        ("a: >\n  x\n", "   \n"),
        ("a: b\n", "  x\n"),
        ("a: &b c\n", "  x\n"),
        ("", "- b\n\n\n\n\n\n\n\n"),
        ("", "- # b\n"),
        ("- &a b\n", "-\n"),
        ("- &a b\n", "- *a\n"),
        ("a: &a {b: 1}\nc:\n", "  <<: *a\n"),
        ("[", "a,\n"),
        ("[&a b,", "a, # c\n"),
        ("", "k: 1\n"),
        ("", "- !t x\n"),
        ("", "? "),
        ("", "%a\n"),
        ("", "---\n"),
        ("", "...\n"),
        ("", "--- a\n"),
        ("", "%a\n---\n"),
        ("", "# a\n---\n"),
        ("", "a: x{{ b\n"),
        ("a: x", "{{"),
        ("a: ", "\"b\" "),
        ("", "\r"),
        ("", "a: b\r\n"),
        ("", "\u{FEFF}"),
        ("a: ", "é"),
        ("", "[]"),
        ("[", "[],"),
    ] {
        complaint(&(begin.to_owned() + &repeated.repeat(MB / repeated.len())));
    }
}

#[test]
fn streams_of_json_take_linear_time() {
    let began = Instant::now();
    for text in ["{}", "[] ", "]", "\"", "{", "[],", "\\", "{}\n\n\n\n"] {
        let text = text.repeat(MB / text.len());
        for document in json::split(&text) {
            let _ = json::parse_at(&text, document, &Limits::default());
        }
    }
    assert!(began.elapsed() < LONG, "{:?}", began.elapsed());
}
