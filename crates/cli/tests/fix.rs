//! `hardtack fix`, through the binary.

// A panic is how a test says what went wrong.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use common::{Folder, PRIVILEGED, found, skip};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

const FIX: [&str; 4] = ["fix", "--no-config", "--fail-on", "none"];

/// What stands in the place of `privileged: true` after a fix.
const HARDENED: &str = "privileged: false\n        allowPrivilegeEscalation: false";

fn with<'a>(more: &[&'a str]) -> Vec<&'a str> {
    FIX.iter().chain(more).copied().collect()
}

#[test]
fn a_file_is_fixed_in_place_and_a_second_run_changes_nothing() {
    let text = PRIVILEGED.replace("privileged: true", "privileged: true # for now");
    let folder = Folder::new(&[("web.yaml", &text)]);
    let run = folder.run(&with(&[
        "--may-break",
        "--only",
        "privileged-container",
        "web.yaml",
    ]));
    assert_eq!(run.code, 0, "{}{}", run.out, run.err);
    let first = folder.read("web.yaml");
    assert!(
        first.starts_with(&text.replace("privileged: true", "privileged: false")),
        "{first}"
    );
    assert!(
        run.out
            .contains("  fixed  privileged-container: line 11\n1 finding fixed in 1 file\n"),
        "{}",
        run.out
    );
    let (report, _) = folder.scan(&["--no-config", "--only", "privileged-container", "web.yaml"]);
    assert_eq!(found(&report), [""; 0]);
    let again = folder.run(&with(&[
        "--may-break",
        "--only",
        "privileged-container",
        "web.yaml",
    ]));
    assert_eq!(again.out, "0 findings fixed in 0 files\n");
    assert_eq!(folder.read("web.yaml"), first);
}

#[test]
fn what_may_break_a_program_is_left_unless_it_is_asked_for() {
    let folder = Folder::new(&[("web.yaml", PRIVILEGED)]);
    let run = folder.run(&["fix", "--no-config", "--only", "privileged-container", "web.yaml"]);
    assert_eq!(run.code, 1, "{}", run.out);
    assert!(
        run.out
            .contains("left   privileged-container (may-break): line 11"),
        "{}",
        run.out
    );
    assert_eq!(folder.read("web.yaml"), PRIVILEGED);
}

#[test]
fn a_diff_shows_no_credential() {
    let soft = "      env:\n        - name: DB_PASSWORD\n          value: kestrel-orbit-61\n";
    let text = format!("{PRIVILEGED}{soft}");
    let folder = Folder::new(&[("web.yaml", &text)]);
    for only in [
        "privileged-container",
        "privilege-escalation",
        "capabilities-restricted",
    ] {
        let run = folder.run(&with(&["--may-break", "--diff", "--only", only, "web.yaml"]));
        assert!(
            !run.out.contains("kestrel") && !run.err.contains("kestrel"),
            "{}{}",
            run.out,
            run.err
        );
    }
    let run = folder.run(&with(&["--may-break", "--diff", "web.yaml"]));
    assert!(run.out.contains("value: ****************"), "{}", run.out);
    folder.run(&with(&["--may-break", "web.yaml"]));
    assert!(
        folder.read("web.yaml").contains("kestrel-orbit-61"),
        "the file keeps what it had"
    );
}

#[test]
fn a_diff_and_a_check_write_nothing() {
    let folder = Folder::new(&[("web.yaml", PRIVILEGED)]);
    let diff = folder.run(&with(&[
        "--may-break",
        "--only",
        "privileged-container",
        "--diff",
        "web.yaml",
    ]));
    assert!(
        diff.out.starts_with("--- web.yaml\n+++ web.yaml\n@@ "),
        "{}",
        diff.out
    );
    assert!(
        diff.out
            .contains("\n-        privileged: true\n+        privileged: false\n"),
        "{}",
        diff.out
    );
    assert!(
        diff.err.contains("1 finding can be fixed in 1 file"),
        "{}",
        diff.err
    );
    let check = folder.run(&with(&[
        "--may-break",
        "--only",
        "privileged-container",
        "--check",
        "web.yaml",
    ]));
    assert_eq!(check.code, 1);
    let nothing = folder.run(&with(&["--only", "privileged-container", "--check", "web.yaml"]));
    assert_eq!(nothing.code, 0);
    assert_eq!(folder.read("web.yaml"), PRIVILEGED);
}

#[test]
fn a_value_is_set_where_the_rule_wants_one() {
    let folder = Folder::new(&[("web.yaml", PRIVILEGED)]);
    let run = folder.run(&with(&["--only", "no-memory-limit", "web.yaml"]));
    assert!(run.out.contains("no-memory-limit (needs-value)"), "{}", run.out);
    let run = folder.run(&with(&[
        "--only",
        "no-memory-limit",
        "--set",
        "no-memory-limit=512Mi",
        "web.yaml",
    ]));
    assert!(run.out.contains("1 finding fixed"), "{}", run.out);
    let text = folder.read("web.yaml");
    assert!(
        text.ends_with("      resources:\n        limits:\n          memory: 512Mi\n"),
        "{text}"
    );
    let wrong = folder.run(&with(&["--set", "no-memory-limt=1", "web.yaml"]));
    assert_eq!(wrong.code, 2);
    assert!(
        wrong.err.contains("did you mean `no-memory-limit`?"),
        "{}",
        wrong.err
    );
}

#[test]
fn an_accepted_finding_is_not_fixed() {
    let text = PRIVILEGED.replace(
        "privileged: true",
        "privileged: true # hardtack: ignore[privileged-container] it has to",
    );
    let folder = Folder::new(&[("web.yaml", &text)]);
    let run = folder.run(&with(&[
        "--may-break",
        "--only",
        "privileged-container",
        "web.yaml",
    ]));
    assert_eq!(run.out, "0 findings fixed in 0 files\n", "{}", run.err);
    assert_eq!(folder.read("web.yaml"), text);
}

#[test]
fn standard_input_is_fixed_to_standard_output() {
    let folder = Folder::new(&[]);
    let arguments = with(&["--may-break", "--only", "privileged-container", "-"]);
    let run = folder.run_with(&arguments, Some(PRIVILEGED.as_bytes()), None);
    assert_eq!(run.out, PRIVILEGED.replace("privileged: true", HARDENED));
    assert!(run.err.contains("1 finding fixed"), "{}", run.err);
}

#[test]
fn a_broken_document_beside_one_that_can_be_fixed_stays_as_it_is() {
    let broken = "---\na: 'b\nc: d\n";
    let folder = Folder::new(&[("web.yaml", &format!("\u{FEFF}{PRIVILEGED}{broken}"))]);
    let run = folder.run(&with(&[
        "--may-break",
        "--only",
        "privileged-container",
        "web.yaml",
    ]));
    assert_eq!(run.code, 3, "{}", run.out);
    let fixed = PRIVILEGED.replace("privileged: true", HARDENED);
    assert_eq!(folder.read("web.yaml"), format!("\u{FEFF}{fixed}{broken}"));
    assert!(run.out.contains("web.yaml:13: a quote is opened"), "{}", run.out);
}

#[test]
fn an_alias_is_left_with_the_reason() {
    let text = "\
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop}
spec:
  containers:
    - name: a
      image: example.com/web:1.2.3
      securityContext: &soft
        privileged: true
    - name: b
      image: example.com/web:1.2.3
      securityContext: *soft
";
    let folder = Folder::new(&[("web.yaml", text)]);
    let run = folder.run(&with(&[
        "--may-break",
        "--only",
        "privileged-container",
        "web.yaml",
    ]));
    assert!(
        run.out
            .contains("not editable: the value has an anchor and is used elsewhere, too"),
        "{}",
        run.out
    );
    assert!(
        run.out
            .contains("not editable: the value comes from an alias or a merge key"),
        "{}",
        run.out
    );
    assert_eq!(folder.read("web.yaml"), text);
}

#[test]
fn an_object_that_cannot_be_fixed_keeps_no_other_of_its_list_from_it() {
    let mut text = String::from(
        "apiVersion: v1\nkind: List\nitems:\n  - {apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {containers: &c [{name: c, image: c:1, \
         securityContext: {privileged: true}}]}}\n  - {apiVersion: v1, kind: Pod, metadata: {name: b}, spec: {containers: *c}}\n",
    );
    for line in PRIVILEGED
        .repeat(20)
        .replace("apiVersion", "- apiVersion")
        .lines()
    {
        let indent = if line.starts_with('-') { "  " } else { "    " };
        text += &format!("{indent}{line}\n");
    }
    for number in 0..20 {
        text = text.replacen(
            "name: web\n      namespace",
            &format!("name: web{number}\n      namespace"),
            1,
        );
    }
    let folder = Folder::new(&[("list.yaml", &text)]);
    let run = folder.run(&with(&["--may-break", "--profile", "all", "list.yaml"]));
    assert!(!run.out.contains("proof failed"), "{}", run.out);
    assert!(
        run.out.contains("privileged-container (not editable"),
        "{}",
        run.out
    );
    let fixed = folder.read("list.yaml");
    assert_eq!(fixed.matches("privileged: true").count(), 1, "{fixed}");
    let again = folder.run(&with(&["--may-break", "--profile", "all", "list.yaml"]));
    assert!(
        again.out.contains("\n0 findings fixed in 0 files"),
        "{}",
        again.out
    );
}

#[test]
fn a_dockerfile_and_a_template_are_left_as_they_are() {
    let template = "kind: Pod\nmetadata:\n  name: {{ .Values.name }}\n";
    let folder = Folder::new(&[
        ("Dockerfile", "FROM alpine:3.20\nUSER root\n"),
        ("t.yaml", template),
    ]);
    let run = folder.run(&with(&["--may-break", "."]));
    assert_eq!(run.code, 0, "{}", run.out);
    assert!(run.out.contains("(Dockerfile: not yet)"), "{}", run.out);
    assert_eq!(folder.read("t.yaml"), template);
}

#[cfg(unix)]
#[test]
fn the_mode_stays_a_link_stays_a_link_and_a_read_only_file_stays_as_it_is() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let folder = Folder::new(&[]);
    let file = folder.write("real.yaml", PRIVILEGED.as_bytes());
    fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
    symlink("real.yaml", folder.path().join("link.yaml")).unwrap();
    let arguments = with(&["--may-break", "--only", "privileged-container", "link.yaml"]);
    assert_eq!(folder.run(&arguments).code, 0);
    assert!(folder.read("real.yaml").contains("privileged: false"));
    assert!(folder.path().join("link.yaml").is_symlink());
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o640);

    let sealed = folder.write("sealed.yaml", PRIVILEGED.as_bytes());
    fs::set_permissions(&sealed, fs::Permissions::from_mode(0o444)).unwrap();
    let run = folder.run(&with(&[
        "--may-break",
        "--only",
        "privileged-container",
        "sealed.yaml",
    ]));
    assert_eq!(run.code, 3);
    assert!(
        run.out
            .contains("sealed.yaml: not written: the file is read-only"),
        "{}",
        run.out
    );
    assert_eq!(folder.read("sealed.yaml"), PRIVILEGED);
    let mut names: Vec<_> = fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    names.sort();
    assert_eq!(names, ["link.yaml", "real.yaml", "sealed.yaml"]);
}

fn shared() -> Option<PathBuf> {
    let given = std::env::var_os("HARDTACK_SHARED").map(PathBuf::from);
    let path = given.unwrap_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared"));
    path.join("conformance/psa").is_dir().then_some(path)
}

/// A copy of some files of a folder, all writable.
fn copied(from: &Path, wanted: impl Fn(&str) -> bool) -> Folder {
    let folder = Folder::new(&[]);
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if name.ends_with(".yaml") && wanted(&name) {
            folder.write(&name, &fs::read(&path).unwrap());
        }
    }
    folder
}

/// How many workloads have each level, and what keeps the others from `restricted`, by file.
fn levels(report: &Value) -> (BTreeMap<String, usize>, Vec<String>) {
    let (mut levels, mut rest) = (BTreeMap::new(), Vec::new());
    for workload in report["workloads"].as_array().unwrap() {
        let level = workload["pss"]["level"].as_str().unwrap();
        *levels.entry(level.to_owned()).or_default() += 1;
        if level != "restricted" {
            rest.push(format!("{} {}", workload["file"], workload["pss"]["blockers"]));
        }
    }
    (levels, rest)
}

fn files(folder: &Folder) -> BTreeMap<PathBuf, Vec<u8>> {
    let entries = fs::read_dir(folder.path()).unwrap();
    entries
        .map(|entry| entry.unwrap().path())
        .map(|path| (path.clone(), fs::read(path).unwrap()))
        .collect()
}

/// Fixes a folder twice: the second time nothing changes. Gives the scans before and after.
fn fixed_twice(folder: &Folder, choice: &[&str]) -> (Value, Value, String) {
    let all = |first: &[&'static str]| -> Vec<String> {
        first.iter().chain(choice).map(|&text| text.to_owned()).collect()
    };
    let scan = || {
        let arguments = all(&["--no-config", "--fail-on", "none", "."]);
        folder
            .scan(&arguments.iter().map(String::as_str).collect::<Vec<_>>())
            .0
    };
    let fix = || {
        let arguments = all(&["fix", "--no-config", "--fail-on", "none", "--may-break", "."]);
        folder.run(&arguments.iter().map(String::as_str).collect::<Vec<_>>())
    };
    let before = scan();
    let first = fix();
    assert_eq!(first.code, 0, "{}{}", first.out, first.err);
    let once = files(folder);
    let after = scan();
    assert_eq!(fix().code, 0);
    assert_eq!(files(folder), once, "a second run changed something");
    (before, after, first.out)
}

/// Past the harness, which swallows what a passing test prints.
fn print(figures: &str) {
    let _ = writeln!(std::io::stderr(), "{figures}");
}

#[test]
fn the_rendered_charts_are_fixed_and_stay_so() {
    let Some(shared) = shared() else {
        return skip("the corpus of rendered charts is not here; HARDTACK_SHARED may name its folder");
    };
    for profile in ["restricted", "all"] {
        let folder = copied(&shared.join("corpus/rendered"), |_| true);
        let (before, after, said) = fixed_twice(&folder, &["--profile", profile]);
        let (was, _) = levels(&before);
        let (is, rest) = levels(&after);
        let summary = said.lines().find(|line| line.contains(" fixed in ")).unwrap();
        print(&format!(
            "rendered charts, fix --may-break --profile {profile}: {summary}; {was:?} before, {is:?} after"
        ));
        let all: usize = is.values().sum();
        assert!(is["restricted"] * 10 >= all * 9, "{rest:#?}");
    }
}

#[test]
fn the_failing_pods_of_the_pod_security_suite_pass_after_a_fix() {
    let Some(shared) = shared() else {
        return skip("the Pod Security suite is not here; HARDTACK_SHARED may name its folder");
    };
    let suite = shared.join("conformance/psa");
    let cases = fs::read_to_string(suite.join("cases.tsv")).unwrap();
    let pods_that = |verdict: &str| -> Vec<String> {
        let fields = cases.lines().map(|line| line.split('\t').collect::<Vec<_>>());
        fields
            .filter(|fields| fields[..3] == ["restricted", "v1.37", verdict])
            .map(|fields| format!("{}.yaml", fields[5]))
            .collect()
    };
    let choice = ["--profile", "restricted", "--kubernetes-version", "1.37"];

    let failing = pods_that("fail");
    let folder = copied(&suite.join("pods"), |name| failing.iter().any(|pod| pod == name));
    let (_, after, _) = fixed_twice(&folder, &choice);
    let (is, rest) = levels(&after);
    let all: usize = is.values().sum();
    print(&format!(
        "Pod Security 1.37: {} of {all} failing pods pass `restricted` after fix --may-break",
        is["restricted"]
    ));
    let mut blockers: BTreeMap<&str, usize> = BTreeMap::new();
    for line in &rest {
        *blockers.entry(line.split_once(' ').unwrap().1).or_default() += 1;
    }
    print(&format!("  the others: {blockers:?}"));
    assert!(is["restricted"] * 100 >= all * 60, "{rest:#?}");

    let passing = pods_that("pass");
    let folder = copied(&suite.join("pods"), |name| passing.iter().any(|pod| pod == name));
    let untouched = files(&folder);
    fixed_twice(&folder, &choice);
    assert_eq!(files(&folder), untouched, "a pod that passes was changed");
}
