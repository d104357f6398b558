//! Charts and kustomizations are rendered by the tools that define them.

// A panic is how a test says what went wrong.
#![allow(clippy::panic)]

mod common;

use common::{Folder, account, found, on_path, skip};

const DEPLOYMENT: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  template:
    spec:
      containers:
        - name: web
          image: example.com/web:1.2.3
          securityContext:
            privileged: PRIVILEGED
";

fn chart() -> Folder {
    let template = DEPLOYMENT.replace("PRIVILEGED", "{{ .Values.privileged }}");
    Folder::new(&[
        ("web/Chart.yaml", "apiVersion: v2\nname: web\nversion: 0.1.0\n"),
        ("web/values.yaml", "privileged: true\n"),
        ("web/templates/deployment.yaml", &template),
        ("hard.yaml", "privileged: false\n"),
    ])
}

fn kustomization() -> Folder {
    let patch = DEPLOYMENT.replace("PRIVILEGED", "true");
    Folder::new(&[
        ("base/kustomization.yaml", "resources: [deployment.yaml]\n"),
        ("base/deployment.yaml", &DEPLOYMENT.replace("PRIVILEGED", "false")),
        (
            "overlay/kustomization.yaml",
            "resources: [../base]\npatches: [{path: patch.yaml}]\n",
        ),
        ("overlay/patch.yaml", &patch),
    ])
}

#[test]
fn a_chart_is_rendered_and_findings_name_the_template() {
    if !on_path("helm") {
        return skip("helm is not on PATH: charts were not rendered");
    }
    let folder = chart();
    let (report, code) = folder.scan(&[".", "--only", "privileged-container"]);
    assert_eq!((found(&report).len(), code), (1, 1), "{report}");
    assert_eq!(
        report["findings"][0]["template"], "web/templates/deployment.yaml",
        "{report}"
    );
    let (report, code) = folder.scan(&[
        "web",
        "--only",
        "privileged-container",
        "--helm-values",
        "hard.yaml",
    ]);
    assert_eq!((found(&report).len(), code), (0, 0));
    folder.write("web/templates/broken.yaml", b"{{ .Values.missing.deeply }}\n");
    let (report, code) = folder.scan(&["."]);
    assert_eq!(code, 3);
    assert!(
        account(&report, "failed")[0].contains("helm does not render it"),
        "{report}"
    );
}

#[test]
fn a_kustomization_is_rendered_and_its_parts_are_not_judged_again() {
    if !on_path("kubectl") && !on_path("kustomize") {
        return skip("neither kubectl nor kustomize is on PATH: kustomizations were not rendered");
    }
    let folder = kustomization();
    let (report, code) = folder.scan(&[".", "--only", "privileged-container"]);
    assert_eq!((found(&report).len(), code), (1, 1), "{report}");
    assert_eq!(report["findings"][0]["file"], "overlay");
    assert_eq!(report["inputs"]["read"], 1, "{report}");
}

#[test]
fn what_is_only_a_part_of_others_is_not_rendered_by_itself() {
    let folder = Folder::new(&[
        (
            "lib/Chart.yaml",
            "apiVersion: v2\nname: lib\nversion: 0.1.0\ntype: library\n",
        ),
        (
            "component/kustomization.yaml",
            "kind: Component\nresources: [deployment.yaml]\n",
        ),
        (
            "component/deployment.yaml",
            &DEPLOYMENT.replace("PRIVILEGED", "true"),
        ),
    ]);
    let (report, code) = folder.scan(&[".", "--only", "privileged-container"]);
    assert_eq!((found(&report).len(), code), (1, 1), "{report}");
    assert_eq!(
        account(&report, "skipped"),
        ["lib: a library chart; it is judged where a chart uses it"]
    );
}

#[test]
fn without_their_tools_charts_are_skipped_aloud_and_resources_judged_as_they_are() {
    let folder = chart();
    let run = folder.run_with(&["scan", "."], None, Some("/nonexistent"));
    assert!(run.out.contains("helm must be on PATH"), "{}", run.out);
    let folder = kustomization();
    let run = folder.run_with(&["scan", ".", "--format", "json"], None, Some("/nonexistent"));
    let report = serde_json::from_str(&run.out).expect("JSON");
    assert!(
        account(&report, "skipped")
            .iter()
            .any(|line| line.contains("kubectl")),
        "{report}"
    );
    assert_eq!(
        report["inputs"]["read"], 1,
        "the base is judged, the patch is not: {report}"
    );
}
