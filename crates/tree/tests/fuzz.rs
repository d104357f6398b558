//! The fuzz targets' bodies on texts made up here, some thousands each; `HARDTACK_FUZZ=1000000` makes more.
//! And on every YAML file below `HARDTACK_SHARED` (else `../shared`), where there is one.

#[path = "../../../fuzz/bodies/json.rs"]
mod json;
#[path = "../../../fuzz/bodies/yaml.rs"]
mod yaml;

use hardtack_tree::{Limits, text};
use proptest::prelude::*;
use std::path::{Path, PathBuf};

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_read_or_refused(text in "(?s).{0,60}") {
        yaml::run(&text);
        json::run(&text);
    }

    #[test]
    fn any_bytes_are_text_or_not(bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
        if let Err(error) = text::decode(bytes) {
            prop_assert!(!error.to_string().is_empty() && !error.help().is_empty());
        }
    }
}

/// Xorshift: the same texts in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % limit
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.below(from.len())]
    }
}

fn rounds() -> usize {
    std::env::var("HARDTACK_FUZZ")
        .ok()
        .and_then(|count| count.parse().ok())
        .unwrap_or(20_000)
}

/// Pieces of YAML that matter to a reader of it.
const PIECES: [&str; 94] = [
    "a",
    "b",
    "a",
    "bc",
    "x y",
    ": ",
    ":",
    ": ",
    ":\n",
    "- ",
    "-",
    "\n",
    "\n",
    "\n",
    "\n  ",
    "\n    ",
    "\n ",
    " ",
    "  ",
    "# c",
    "#",
    "\"",
    "'",
    "\"q\"",
    "'q'",
    "|",
    "|-",
    "|+",
    ">",
    ">-",
    ">+",
    "|\n",
    "|2\n",
    ">\n",
    "[",
    "]",
    "{",
    "}",
    ",",
    ", ",
    "é",
    "\t",
    "&x ",
    "*x",
    "!t ",
    "!!str ",
    "---",
    "...",
    "? ",
    "?",
    "\\",
    "\\n",
    "\\u0041",
    "\\\"",
    "''",
    "<<",
    "<<: ",
    "~",
    "null",
    "1",
    "1.5",
    "0x1",
    "true",
    "no",
    "@",
    "%",
    "*",
    "&",
    "!",
    "\u{A0}",
    "\u{2028}",
    "\u{85}",
    "\u{FEFF}",
    "\r\n",
    "\r",
    "\"a\":",
    "{}",
    "[]",
    "k: v\n",
    "- k: v\n",
    "  k: |\n    t\n",
    "  - e\n",
    "[a, b]",
    "{a: b}",
    "{\"a\": 1}",
    "\n\n",
    "\n# c\n",
    " # c\n",
    "--",
    "-b",
    "?b",
    ":b",
    "a#",
    "{{ .Values.x }}",
];

const MANIFEST: &str = "# Source: a/b.yaml
apiVersion: v1
kind: Pod
metadata:
  name: web # the door
  labels: {app: \"web\", 'tier': front, list: [1, 2.5, ~]}
  annotations:

    text: one
      two

      three
spec:
  containers:
  - name: \"a \\\"b\\\" \\u00e9\"
    args: ['it''s', \"x
      y\", z]
    command:
    - sh
    - -c
    - |
      echo

        more
    -
    - >-
      folded
      text

        kept
  - name:
    image: example.com/a:1
";

#[test]
fn pieces_in_any_order_are_read_or_refused() {
    let mut dice = Dice(0x5EED);
    for _ in 0..rounds() {
        let length = dice.below(14) + 1;
        let text: String = (0..length).map(|_| dice.pick(&PIECES)).collect();
        yaml::run(&text);
        json::run(&text);
    }
}

#[test]
fn a_manifest_with_anything_changed_is_read_or_refused() {
    let mut dice = Dice(0x5EED);
    for _ in 0..rounds() / 4 {
        let mut text = MANIFEST.to_owned();
        for _ in 0..=dice.below(4) {
            let at = boundary(&text, dice.below(text.len() + 1));
            let end = boundary(&text, (at + dice.below(12)).min(text.len()));
            match dice.below(3) {
                0 => text.insert_str(at, dice.pick(&PIECES)),
                1 => text.replace_range(at..end, ""),
                _ => text.replace_range(at..end, dice.pick(&PIECES)),
            }
        }
        yaml::run(&text);
    }
}

#[test]
fn json_is_the_same_to_both_readers() {
    let mut dice = Dice(0x5EED);
    for _ in 0..rounds() / 4 {
        let mut text = String::new();
        value(&mut dice, 4, &mut text);
        let tree = hardtack_tree::json::parse(&text, &Limits::default());
        assert!(
            tree.err()
                .is_none_or(|error| error.message.contains("stands twice")),
            "{text}"
        );
        json::run(&text);
        let at = boundary(&text, dice.below(text.len() + 1));
        text.insert_str(
            at,
            dice.pick(&["\"", "\\", ",", "]", "}", "{", "[", ":", "0", "x", "\n"]),
        );
        json::run(&text);
    }
}

fn value(dice: &mut Dice, depth: usize, out: &mut String) {
    let space = |dice: &mut Dice| dice.pick(&["", "", " ", "\n  "]);
    match dice.below(if depth == 0 { 2 } else { 4 }) {
        0 => out.push_str(dice.pick(&[
            "null",
            "true",
            "false",
            "0",
            "-0",
            "12",
            "-1.5",
            "1e5",
            "2E-3",
            "12345678901234567890",
        ])),
        1 => string(dice, out),
        2 => {
            out.push('[');
            for index in 0..dice.below(4) {
                out.push_str(if index > 0 { "," } else { "" });
                out.push_str(space(dice));
                value(dice, depth - 1, out);
                out.push_str(space(dice));
            }
            out.push(']');
        }
        _ => {
            out.push('{');
            for index in 0..dice.below(4) {
                out.push_str(if index > 0 { "," } else { "" });
                out.push_str(space(dice));
                out.push_str(dice.pick(&[
                    "\"a\"",
                    "\"b c\"",
                    "\"\"",
                    "\"<<\"",
                    "\"1\"",
                    "\"no\"",
                    "\"\\u00e9\"",
                ]));
                out.push_str(dice.pick(&[":", ": "]));
                value(dice, depth - 1, out);
                out.push_str(space(dice));
            }
            out.push('}');
        }
    }
}

fn string(dice: &mut Dice, out: &mut String) {
    out.push('"');
    for _ in 0..dice.below(5) {
        out.push_str(dice.pick(&[
            "a", " ", "é", "😀", "\\n", "\\\"", "\\\\", "\\/", "\\u0041", "\\b", "#", ": ", "'", "{{", "- ",
        ]));
    }
    out.push('"');
}

fn boundary(text: &str, at: usize) -> usize {
    (0..=at).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0)
}

#[test]
fn real_files_are_the_same_to_both_readers() {
    let shared = std::env::var_os("HARDTACK_SHARED").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared"),
        PathBuf::from,
    );
    let mut files = Vec::new();
    find(&shared, &mut files);
    if files.is_empty() {
        println!("skipped: no YAML below {}; set HARDTACK_SHARED", shared.display());
    }
    let (mut documents, mut fast) = (0, 0);
    for file in files {
        let Some(content) = std::fs::read(&file)
            .ok()
            .and_then(|bytes| text::decode(bytes).ok())
        else {
            continue;
        };
        for document in hardtack_tree::yaml::split(&content) {
            let whole = hardtack_tree::yaml::parse_full(&content, document, &Limits::default());
            documents += 1;
            if let Some(tree) = hardtack_tree::yaml::parse_fast(&content, document, &Limits::default()) {
                fast += 1;
                let difference = match (&tree, whole.as_ref().ok().and_then(Option::as_ref)) {
                    (Some(fast), Some(full)) => fast.difference(full),
                    (None, None) => None,
                    _ => Some("one has a tree".into()),
                };
                assert_eq!(difference, None, "{} at {}", file.display(), document.start);
            }
        }
    }
    println!("{documents} documents, {fast} of them read by the fast reader too, with the same trees");
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
