//! How fast each reader is, on one thread: `cargo bench -p hardtack-tree`.
//!
//! Reads the rendered charts below `HARDTACK_SHARED` (else `../shared`), or a made-up manifest where there are none.

use hardtack_tree::{Kind, Limits, Node, Span, json, yaml};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

fn main() {
    let texts = texts();
    let bytes: usize = texts.iter().map(String::len).sum();
    let limits = Limits::default();
    let documents: Vec<(&str, Span)> = texts
        .iter()
        .flat_map(|text| yaml::split(text).map(move |span| (text.as_str(), span)))
        .collect();
    let values: Vec<String> = documents
        .iter()
        .filter_map(|(text, span)| yaml::parse(text, *span, &limits).ok().flatten())
        .map(|tree| {
            let mut out = String::new();
            write_json(tree.root(), &mut out);
            out
        })
        .collect();
    let fast = documents
        .iter()
        .filter(|(text, span)| yaml::parse_fast(text, *span, &limits).is_some());
    println!(
        "{} files, {:.1} MB, {} documents, {} of them read by the fast reader",
        texts.len(),
        bytes as f64 / 1e6,
        documents.len(),
        fast.count()
    );
    report("split", bytes, || {
        texts.iter().map(|text| yaml::split(text).count()).sum()
    });
    report("yaml, fast", bytes, || {
        nodes(
            documents
                .iter()
                .filter_map(|(text, span)| yaml::parse_fast(text, *span, &limits)?),
        )
    });
    report("yaml, full", bytes, || {
        nodes(
            documents
                .iter()
                .filter_map(|(text, span)| yaml::parse_full(text, *span, &limits).ok()?),
        )
    });
    report("json", values.iter().map(String::len).sum(), || {
        nodes(values.iter().filter_map(|text| json::parse(text, &limits).ok()?))
    });
}

fn nodes<'t>(trees: impl Iterator<Item = hardtack_tree::Tree<'t>>) -> usize {
    trees.map(|tree| tree.len()).sum()
}

/// Prints the best of several runs.
fn report(name: &str, bytes: usize, work: impl Fn() -> usize) {
    let began = Instant::now();
    let mut best = Duration::MAX;
    let mut result = 0;
    while began.elapsed() < Duration::from_secs(2) {
        let start = Instant::now();
        result = std::hint::black_box(work());
        best = best.min(start.elapsed());
    }
    let speed = bytes as f64 / 1e6 / best.as_secs_f64();
    println!(
        "{name:<12}{speed:>8.0} MB/s  {:>8.1} ms  {result:>9}",
        best.as_secs_f64() * 1e3
    );
}

fn texts() -> Vec<String> {
    let shared = std::env::var_os("HARDTACK_SHARED")
        .map(PathBuf::from)
        .unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared"));
    let files = std::fs::read_dir(shared.join("corpus/rendered"));
    let mut files: Vec<_> = files
        .into_iter()
        .flatten()
        .filter_map(Result::ok)
        .map(|file| file.path())
        .collect();
    files.sort();
    let texts: Vec<_> = files
        .iter()
        .filter_map(|file| std::fs::read_to_string(file).ok())
        .collect();
    if texts.is_empty() {
        println!(
            "no corpus at {}: a made-up manifest, many times",
            shared.display()
        );
        return vec![MANIFEST.repeat(5_000)];
    }
    texts
}

const MANIFEST: &str = "---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web # the front door
  labels: { app: web, tier: \"front\" }
spec:
  replicas: 2
  template:
    spec:
      containers:
        - name: web
          image: example.com/web:1.2.3
          args: [\"--port\", '8080']
          command:
            - sh
            - -c
            - |
              echo start
              exec web
          resources:
            limits: {cpu: 500m, memory: 128Mi}
";

fn write_json(node: Node<'_>, out: &mut String) {
    match node.kind() {
        Kind::Map => {
            out.push('{');
            for (index, (key, value)) in node.entries().enumerate() {
                out.push_str(if index > 0 { "," } else { "" });
                write_text(&key.scalar(), out);
                out.push(':');
                write_json(value, out);
            }
            out.push('}');
        }
        Kind::Seq => {
            out.push('[');
            for (index, item) in node.items().enumerate() {
                out.push_str(if index > 0 { "," } else { "" });
                write_json(item, out);
            }
            out.push(']');
        }
        Kind::Null => out.push_str("null"),
        Kind::Str => write_text(node.raw(), out),
        Kind::Bool | Kind::Int => out.push_str(&node.scalar()),
        Kind::Float => {
            let _ = write!(out, "{:?}", node.as_f64().unwrap_or_default());
        }
    }
}

fn write_text(text: &str, out: &mut String) {
    out.push('"');
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            control if control < ' ' => {
                let _ = write!(out, "\\u{:04x}", u32::from(control));
            }
            other => out.push(other),
        }
    }
    out.push('"');
}
