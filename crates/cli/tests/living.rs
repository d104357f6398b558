//! Living with it: exceptions, baselines, the configuration, selections and exit codes.

// A panic is how a test says what went wrong.
#![allow(clippy::panic)]

mod common;

use common::{Folder, PRIVILEGED, found};
use serde_json::Value;

const ONLY: [&str; 2] = ["--only", "privileged-container"];

fn excepted(report: &Value) -> Vec<(&str, Option<&str>)> {
    let findings = report["findings"].as_array().expect("findings");
    let by = |finding: &'_ Value| finding["excepted"]["by"].as_str().is_some();
    findings
        .iter()
        .filter(|finding| by(finding))
        .map(|finding| {
            let excepted = &finding["excepted"];
            (
                excepted["by"].as_str().unwrap_or_default(),
                excepted["reason"].as_str(),
            )
        })
        .collect()
}

#[test]
fn a_comment_accepts_what_stands_on_its_line_or_below_it() {
    let trailing = PRIVILEGED.replace(
        "privileged: true",
        "privileged: true # hardtack: ignore[privileged-container] a node agent owner=infra",
    );
    let above = PRIVILEGED.replace(
        "    - name: web\n",
        "    # hardtack: ignore[privileged-container]\n    - name: web\n",
    );
    let elsewhere = PRIVILEGED.replace(
        "  name: web\n",
        "  name: web # hardtack: ignore[privileged-container]\n",
    );
    let text = PRIVILEGED.replace(
        "name: web\n",
        "name: '# hardtack: ignore[privileged-container]'\n",
    );
    let folder = Folder::new(&[
        ("1.yaml", &trailing),
        ("2.yaml", &above),
        ("3.yaml", &elsewhere),
        ("4.yaml", &text),
    ]);
    let (report, code) = folder.scan(&["1.yaml", "2.yaml", ONLY[0], ONLY[1], "--show-excepted"]);
    assert_eq!(
        excepted(&report),
        [("comment", Some("a node agent")), ("comment", None)]
    );
    assert_eq!((code, &report["summary"]["excepted"]), (0, &Value::from(2)));
    let run = folder.run(&["scan", "3.yaml", ONLY[0], ONLY[1]]);
    assert_eq!(run.code, 1);
    assert!(run.out.contains("matches no finding"), "{}", run.out);
    assert_eq!(
        folder.run(&["scan", "4.yaml", ONLY[0], ONLY[1]]).code,
        1,
        "a string is no comment"
    );
}

#[test]
fn an_exception_that_expired_no_longer_holds_and_is_told() {
    let comment = "privileged: true # hardtack: ignore[privileged-container] soon expires=2020-01-31";
    let folder = Folder::new(&[("a.yaml", &PRIVILEGED.replace("privileged: true", comment))]);
    let run = folder.run(&["scan", "a.yaml", ONLY[0], ONLY[1]]);
    assert_eq!(run.code, 1);
    assert!(run.out.contains("held until 2020-01-31"), "{}", run.out);
    let later = folder.read("a.yaml").replace("2020-01-31", "2999-01-31");
    folder.write("a.yaml", later.as_bytes());
    assert_eq!(folder.run(&["scan", "a.yaml", ONLY[0], ONLY[1]]).code, 0);
}

#[test]
fn an_annotation_accepts_for_its_object_or_its_pod() {
    let annotated = PRIVILEGED.replace(
        "  namespace: shop\n",
        "  namespace: shop\n  annotations:\n    hardtack.dev/ignore: \"KSV-0017: node agent expires=2999-12-31\"\n",
    );
    let folder = Folder::new(&[("a.yaml", &annotated)]);
    let (report, code) = folder.scan(&["a.yaml", ONLY[0], ONLY[1], "--show-excepted"]);
    assert_eq!(
        (excepted(&report), code),
        (vec![("annotation", Some("node agent"))], 0)
    );
}

#[test]
fn the_configuration_is_found_upward_and_counts_less_than_the_command_line() {
    let folder = Folder::new(&[
        (
            "hardtack.yaml",
            "profile: baseline\nfailOn: none\nskip: [host-port]\nexceptions:\n- rule: privileged-container\n  where: {kind: Pod, namespace: shop, name: \"we*\", file: \"**/*.yaml\"}\n  reason: agent\n- rule: host-path-volume\n",
        ),
        ("deep/er/a.yaml", PRIVILEGED),
    ]);
    let run = folder.run(&["scan", "deep"]);
    assert_eq!(run.code, 0);
    assert!(
        run.out.contains("profile baseline") && run.out.contains("hardtack.yaml:8"),
        "{}",
        run.out
    );
    let (report, _) = folder.scan(&["deep", "--show-excepted"]);
    assert_eq!(excepted(&report), [("configuration", Some("agent"))]);
    let run = folder.run(&["scan", "deep", "--no-config", "--fail-on", "critical"]);
    assert_eq!(run.code, 1);
    assert!(run.out.contains("profile recommended"), "{}", run.out);
}

#[test]
fn a_wrong_configuration_is_a_usage_error_that_points() {
    for (text, words) in [
        ("profil: all\n", "did you mean `profile`"),
        ("exceptions:\n- rule: x\n  expires: soon\n", "hardtack.yaml:3:12"),
        ("failOn: bad\n", "is no severity"),
        ("severity: {no-such-rule: low}\n", "no such rule"),
        ("profile: [\n", "hardtack.yaml:"),
        ("kubernetesVersion: new\n", "no Kubernetes version"),
    ] {
        let folder = Folder::new(&[("hardtack.yaml", text), ("a.yaml", PRIVILEGED)]);
        let run = folder.run(&["scan", "."]);
        assert_eq!(run.code, 2, "{text}");
        assert!(run.err.contains(words), "{text}: {}", run.err);
    }
}

#[test]
fn a_baseline_hides_what_was_there_and_shows_what_is_new() {
    let folder = Folder::new(&[("a.yaml", PRIVILEGED)]);
    let run = folder.run(&["scan", ".", "--write-baseline", "known.json"]);
    assert_eq!(run.code, 0, "{}", run.err);
    assert_eq!(folder.run(&["scan", ".", "--baseline", "known.json"]).code, 0);
    // Moved down by a comment, and still known; another container is new.
    let more =
        format!("# moved\n\n{PRIVILEGED}    - name: other\n      securityContext: {{privileged: true}}\n");
    folder.write("a.yaml", more.as_bytes());
    let (report, code) = folder.scan(&[".", ONLY[0], ONLY[1], "--baseline", "known.json"]);
    assert_eq!((code, &report["summary"]["critical"]), (1, &Value::from(1)));
    let (report, _) = folder.scan(&["."]);
    folder.write("report.json", report.to_string().as_bytes());
    assert_eq!(
        folder.run(&["scan", ".", "--baseline", "report.json"]).code,
        0,
        "a JSON report is a baseline too"
    );
    folder.write("known.json", b"{}");
    assert_eq!(folder.run(&["scan", ".", "--baseline", "known.json"]).code, 2);
}

#[test]
fn rules_are_chosen_by_any_name_a_user_may_know() {
    let folder = Folder::new(&[("a.yaml", PRIVILEGED)]);
    for selector in [
        "privileged-container",
        "KSV-0017",
        "C-0057",
        "cis:5.2.2",
        "critical",
    ] {
        let (report, code) = folder.scan(&[".", "--only", selector]);
        assert_eq!(
            (found(&report), code),
            (vec!["privileged-container a.yaml:11".to_owned()], 1),
            "{selector}"
        );
    }
    let (report, _) = folder.scan(&[".", "--skip", "misconfiguration"]);
    assert!(found(&report).is_empty(), "{report}");
    let run = folder.run(&["scan", ".", "--only", "privileged-contaner"]);
    assert_eq!(run.code, 2);
    assert!(
        run.err.contains("did you mean `privileged-container`"),
        "{}",
        run.err
    );
    assert_eq!(folder.run(&["scan", ".", "--profile", "nonesuch"]).code, 2);
}

#[test]
fn exit_codes_tell_clean_findings_usage_and_unreadable_apart() {
    let folder = Folder::new(&[("a.yaml", PRIVILEGED)]);
    assert_eq!(folder.run(&["scan", ".", ONLY[0], ONLY[1]]).code, 1);
    assert_eq!(
        folder
            .run(&["scan", ".", ONLY[0], ONLY[1], "--fail-on", "none"])
            .code,
        0
    );
    assert_eq!(folder.run(&["scan", ".", "--only", "host-port"]).code, 0);
    assert_eq!(folder.run(&["scan", ".", "--format", "nonesuch"]).code, 2);
    assert_eq!(folder.run(&["scan", "missing"]).code, 3);
}

#[test]
fn several_reports_are_written_at_once() {
    let folder = Folder::new(&[("a.yaml", PRIVILEGED)]);
    let run = folder.run(&[
        "scan",
        ".",
        "--output",
        "json=out.json",
        "--output",
        "sarif=out.sarif",
        "--output",
        "html=out.html",
    ]);
    assert!(
        run.out.contains("privileged-container"),
        "text goes to standard output all the same"
    );
    for name in ["out.json", "out.sarif"] {
        let report: Value = serde_json::from_str(&folder.read(name)).expect("JSON");
        assert!(report.is_object(), "{name}");
    }
    assert!(folder.read("out.html").contains("<html"));
    let run = folder.run(&["scan", ".", "--output", "json=no/such/folder.json"]);
    assert_eq!(run.code, 2);
}

#[test]
fn users_rules_are_judged_like_built_in_ones() {
    let rule = "id: team-label\ntitle: No team is named\nseverity: low\nwhy: Nobody knows whom to ask.\neach: object\nkinds: [Pod]\nrequire:\n  metadata.labels.team: { present: true }\nexamples:\n- bad: { kind: Pod }\n- good: { kind: Pod, metadata: { labels: { team: a } } }\n";
    let folder = Folder::new(&[("rules/team-label.yaml", rule), ("a.yaml", PRIVILEGED)]);
    let (report, _) = folder.scan(&["a.yaml", "--rules", "rules", "--only", "team-label"]);
    assert_eq!(found(&report), ["team-label a.yaml:3"]);
    let tested = folder.run(&["rules", "test", "rules"]);
    assert_eq!(
        (tested.code, tested.out.trim()),
        (0, "1 rules, 2 examples, 0 wrong")
    );
    folder.write(
        "rules/team-label.yaml",
        rule.replace("present: true", "presnt: true").as_bytes(),
    );
    let run = folder.run(&["scan", "a.yaml", "--rules", "rules"]);
    assert_eq!(run.code, 2);
    assert!(run.err.contains("team-label.yaml:8:"), "{}", run.err);
}

#[test]
fn every_shell_has_completions_and_editors_a_schema() {
    let folder = Folder::new(&[]);
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let run = folder.run(&["completions", shell]);
        assert!(run.code == 0 && run.out.contains("hardtack"), "{shell}");
    }
    for of in ["rule", "config"] {
        let schema: Value = serde_json::from_str(&folder.run(&["schema", of]).out).expect("JSON");
        assert_eq!(schema["type"], "object");
    }
}
