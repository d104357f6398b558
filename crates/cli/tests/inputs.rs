//! Whatever is given, each input is read, skipped or failed with a reason, and the rest is still judged.

// A panic is how a test says what went wrong.
#![allow(clippy::panic)]

mod common;

use common::{Folder, PRIVILEGED, account, found};

const ONLY: [&str; 2] = ["--only", "privileged-container"];

/// Scans one odd file beside a good one: the good one must be judged all the same. Gives what is said of the odd one.
fn beside_a_good_one(name: &str, bytes: &[u8]) -> (Vec<String>, Vec<String>) {
    let folder = Folder::new(&[("good.yaml", PRIVILEGED)]);
    folder.write(name, bytes);
    let (report, code) = folder.scan(&[".", ONLY[0], ONLY[1]]);
    assert!(
        found(&report).contains(&"privileged-container good.yaml:11".to_owned()),
        "{name}: the good file was not judged: {report}"
    );
    let (failed, skipped) = (account(&report, "failed"), account(&report, "skipped"));
    assert_eq!(code, if failed.is_empty() { 1 } else { 3 }, "{name}");
    (failed, skipped)
}

fn assert_says(said: &[String], name: &str, words: &[&str]) {
    let line = said
        .iter()
        .find(|line| line.starts_with(name))
        .unwrap_or_else(|| panic!("nothing of {name} in {said:?}"));
    for word in words {
        assert!(
            line.to_lowercase().contains(word),
            "`{line}` does not say `{word}`"
        );
    }
}

#[test]
fn an_empty_file_is_skipped() {
    let (failed, skipped) = beside_a_good_one("empty.yaml", b"");
    assert!(failed.is_empty());
    assert_says(&skipped, "empty.yaml", &["empty"]);
    let (_, skipped) = beside_a_good_one("comments.yaml", b"# nothing\n---\n# here\n");
    assert_says(&skipped, "comments.yaml", &["comments"]);
}

#[test]
fn bytes_that_are_no_text_fail_with_a_reason() {
    let (failed, _) = beside_a_good_one("binary.yaml", b"\x7fELF\x02\x01\x01\x00\x00\x00\x00");
    assert_says(&failed, "binary.yaml", &["binary"]);
    let (failed, _) = beside_a_good_one("latin1.yaml", b"kind: Pod\nname: caf\xe9\n");
    assert_says(&failed, "latin1.yaml", &["utf-8"]);
}

#[test]
fn utf_16_with_a_mark_is_read() {
    let folder = Folder::new(&[]);
    for (name, big) in [("be.yaml", true), ("le.yaml", false)] {
        let units = std::iter::once(0xFEFF).chain(PRIVILEGED.encode_utf16());
        let bytes: Vec<u8> = units
            .flat_map(|unit| {
                if big {
                    unit.to_be_bytes()
                } else {
                    unit.to_le_bytes()
                }
            })
            .collect();
        folder.write(name, &bytes);
    }
    let (report, _) = folder.scan(&[".", ONLY[0], ONLY[1]]);
    assert_eq!(
        found(&report),
        [
            "privileged-container be.yaml:11",
            "privileged-container le.yaml:11"
        ]
    );
}

#[test]
fn a_broken_document_costs_only_itself_and_says_where() {
    let text = format!(
        "{PRIVILEGED}---\nkind: \"Pod\nspec: {{}}\n---\n{}",
        PRIVILEGED.replace("name: web\n", "name: two\n")
    );
    let folder = Folder::new(&[("three.yaml", &text)]);
    let (report, code) = folder.scan(&[".", ONLY[0], ONLY[1]]);
    assert_eq!(code, 3);
    assert_eq!(found(&report).len(), 2, "{report}");
    let failed = &report["inputs"]["failed"][0];
    assert_eq!(failed["line"], 13, "{failed}");
    assert!(
        failed["reason"]
            .as_str()
            .is_some_and(|reason| reason.contains("quote")),
        "{failed}"
    );
}

#[test]
fn tabs_lists_and_bombs_fail_with_a_reason() {
    let (failed, _) = beside_a_good_one("tabs.yaml", b"kind: Pod\nspec:\n\tcontainers: []\n");
    assert_says(&failed, "tabs.yaml", &["tab"]);
    let nested = "[".repeat(10_000) + &"]".repeat(10_000);
    let (failed, _) = beside_a_good_one("nested.yaml", nested.as_bytes());
    assert_says(&failed, "nested.yaml", &["nested deeper"]);
    let (failed, _) = beside_a_good_one("nested.json", nested.as_bytes());
    assert_says(&failed, "nested.json", &["nested deeper"]);
    let mut bomb = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for level in 1..12 {
        let all = vec![format!("*a{}", level - 1); 10].join(", ");
        bomb += &format!("a{level}: &a{level} [{all}]\n");
    }
    let (failed, _) = beside_a_good_one("bomb.yaml", bomb.as_bytes());
    assert_says(&failed, "bomb.yaml", &["aliases"]);
}

#[test]
fn a_file_that_is_too_large_is_not_read() {
    let folder = Folder::new(&[("good.yaml", PRIVILEGED)]);
    let large = std::fs::File::create(folder.path().join("large.yaml")).expect("file");
    large.set_len(200 << 20).expect("a sparse file");
    let (report, code) = folder.scan(&[".", ONLY[0], ONLY[1]]);
    assert_eq!((found(&report).len(), code), (1, 3));
    assert_says(&account(&report, "failed"), "large.yaml", &["larger than"]);
}

#[test]
fn what_is_no_object_is_skipped_with_its_line() {
    let (failed, skipped) = beside_a_good_one("list.yaml", b"- a\n- b\n");
    assert!(failed.is_empty());
    assert_says(&skipped, "list.yaml", &["expected a kubernetes object", "a list"]);
    let (_, skipped) = beside_a_good_one("values.yaml", b"replicas: 3\nimage: nginx\n");
    assert_says(&skipped, "values.yaml", &["`kind` is missing"]);
    let (_, skipped) = beside_a_good_one("kind.yaml", b"apiVersion: v1\nkind: [Pod]\n");
    assert_says(&skipped, "kind.yaml", &["`kind` must be a string"]);
}

#[test]
fn a_value_of_the_wrong_type_fails_its_rule() {
    let folder = Folder::new(&[
        (
            "yes.yaml",
            &PRIVILEGED.replace("privileged: true", "privileged: \"yes\""),
        ),
        (
            "context.yaml",
            &PRIVILEGED.replace(
                "securityContext:\n        privileged: true",
                "securityContext: none",
            ),
        ),
    ]);
    let (report, _) = folder.scan(&[".", ONLY[0], ONLY[1]]);
    assert_eq!(
        found(&report),
        [
            "privileged-container context.yaml:10",
            "privileged-container yes.yaml:11"
        ]
    );
    let levels: Vec<_> = report["workloads"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|one| &one["pss"]["level"])
        .collect();
    assert_eq!(levels, ["privileged", "privileged"]);
}

#[test]
fn containers_that_can_not_be_read_pass_no_level() {
    let folder = Folder::new(&[
        (
            "text.yaml",
            "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: \"x\"}\n",
        ),
        (
            "items.yaml",
            "apiVersion: v1\nkind: Pod\nmetadata: {name: b}\nspec: {containers: [x]}\n",
        ),
        (
            "spec.yaml",
            "apiVersion: v1\nkind: Pod\nmetadata: {name: c}\nspec: x\n",
        ),
    ]);
    let (report, _) = folder.scan(&["."]);
    for workload in report["workloads"].as_array().expect("workloads") {
        assert_eq!(workload["pss"]["level"], "privileged", "{workload}");
    }
    assert_eq!(report["workloads"].as_array().map(Vec::len), Some(3), "{report}");
}

#[cfg(unix)]
#[test]
fn loops_of_links_end_and_unreadable_files_are_named() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let folder = Folder::new(&[("a/good.yaml", PRIVILEGED)]);
    symlink("..", folder.path().join("a/loop")).expect("link");
    symlink("self.yaml", folder.path().join("self.yaml")).expect("link");
    let secret = folder.write("secret.yaml", PRIVILEGED.as_bytes());
    std::fs::set_permissions(&secret, std::fs::Permissions::from_mode(0o000)).expect("mode");
    let (report, _) = folder.scan(&[".", ONLY[0], ONLY[1]]);
    assert!(found(&report).contains(&"privileged-container a/good.yaml:11".to_owned()));
    assert_says(&account(&report, "skipped"), "self.yaml", &["symbolic link"]);
    // Root reads everything, whatever its mode.
    if std::fs::File::open(&secret).is_err() {
        assert_says(&account(&report, "failed"), "secret.yaml", &["permission denied"]);
    }
}

#[test]
fn a_target_that_is_not_there_is_told_and_the_rest_is_judged() {
    let folder = Folder::new(&[("good.yaml", PRIVILEGED)]);
    let (report, code) = folder.scan(&["nowhere.yaml", "good.yaml", ONLY[0], ONLY[1]]);
    assert_eq!((found(&report).len(), code), (1, 3));
    assert_says(&account(&report, "failed"), "nowhere.yaml", &["no such file"]);
}

#[test]
fn a_template_is_skipped_and_braces_in_a_string_are_not() {
    let template = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: {{ .Values.name }}\n{{- if .Values.x }}\nspec: {}\n{{- end }}\n";
    let (failed, skipped) = beside_a_good_one("template.yaml", template.as_bytes());
    assert!(failed.is_empty(), "{failed:?}");
    assert_says(&skipped, "template.yaml", &["template"]);
    let quoted = format!("{PRIVILEGED}      args: [\"{{{{ .Host }}}}\"]\n");
    let folder = Folder::new(&[("quoted.yaml", &quoted)]);
    let (report, _) = folder.scan(&[".", ONLY[0], ONLY[1]]);
    assert_eq!(found(&report), ["privileged-container quoted.yaml:11"]);
}

#[test]
fn a_dockerfile_that_stops_in_a_continuation_fails_with_its_line() {
    let (failed, _) = beside_a_good_one("Dockerfile", b"FROM alpine:3.20\nRUN apk add curl && \\\n");
    assert_says(&failed, "Dockerfile", &["ends in the middle of `run`"]);
}

#[test]
fn standard_input_is_yaml_json_or_a_dockerfile() {
    let folder = Folder::new(&[]);
    let json = r#"{"kind":"List","items":[{"kind":"Pod","metadata":{"name":"a"},"spec":{"containers":[{"name":"a","securityContext":{"privileged":true}}]}}]}"#;
    for input in [PRIVILEGED, json] {
        let run = folder.run_with(&["scan", "-", ONLY[0], ONLY[1]], Some(input.as_bytes()), None);
        assert_eq!(run.code, 1, "{}{}", run.out, run.err);
        assert!(run.out.contains("stdin:"), "{}", run.out);
    }
    let run = folder.run_with(&["scan", "-"], Some(b"FROM alpine\nCMD [\"sh\"]\n"), None);
    assert!(run.out.contains("FROM alpine"), "{}{}", run.out, run.err);
}
