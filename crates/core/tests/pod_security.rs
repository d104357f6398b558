//! The Pod Security conformance suite of Kubernetes: every case gets the verdict it names, at every version.

// A panic is how a test says what went wrong.
#![allow(clippy::unwrap_used, clippy::panic)]

use hardtack_core::pods::PodPaths;
use hardtack_core::pss::Level;
use hardtack_core::rule::Settings;
use hardtack_core::{Judge, KubernetesVersion, Object, RuleSet, Selection};
use hardtack_tree::{Limits, Span, yaml};
use std::collections::BTreeMap;
use std::io::Write;
use std::path::PathBuf;

/// The suite's names of controls, with the rules of ours that are the same.
const CONTROLS: &[(&str, &[&str])] = &[
    ("allowprivilegeescalation", &["privilege-escalation"]),
    ("apparmorprofile", &["apparmor-profile"]),
    (
        "capabilities_baseline",
        &["capabilities-baseline", "capability-is-root"],
    ),
    ("capabilities_restricted", &["capabilities-restricted"]),
    ("hostnamespaces", &["host-namespaces"]),
    ("hostpathvolumes", &["host-path-volume"]),
    ("hostports", &["host-port"]),
    ("hostprobesandhostlifecycle", &["host-probes"]),
    ("privileged", &["privileged-container"]),
    ("procmount", &["proc-mount"]),
    ("procmount_restricted", &["proc-mount-restricted", "proc-mount"]),
    ("restrictedvolumes", &["restricted-volumes"]),
    ("runasnonroot", &["run-as-non-root"]),
    ("runasuser", &["run-as-user-root"]),
    ("seccompprofile_baseline", &["seccomp-baseline"]),
    (
        "seccompprofile_restricted",
        &["seccomp-restricted", "seccomp-baseline"],
    ),
    ("selinuxoptions", &["selinux-options"]),
    ("sysctls", &["sysctls"]),
    ("windowshostprocess", &["windows-host-process"]),
];

fn shared() -> Option<PathBuf> {
    let given = std::env::var_os("HARDTACK_SHARED").map(PathBuf::from);
    let path = given.unwrap_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared"));
    let suite = path.join("conformance/psa");
    suite.is_dir().then_some(suite)
}

#[test]
fn every_case_of_the_pod_security_suite_gets_the_verdict_it_names() {
    let Some(suite) = shared() else {
        // Not by `eprintln!`, which a passing test swallows.
        let _ = writeln!(
            std::io::stderr(),
            "SKIPPED: the Pod Security suite is not here; HARDTACK_SHARED may name its folder"
        );
        return;
    };
    let cases = std::fs::read_to_string(suite.join("cases.tsv")).unwrap();
    let mut pods = BTreeMap::new();
    let mut judges = BTreeMap::new();
    let mut wrong = Vec::new();
    let mut count = 0;
    for case in cases.lines().skip(1) {
        let [level, version, expect, control, file, pod] = case.split('\t').collect::<Vec<_>>()[..] else {
            panic!("a case has six columns: {case}");
        };
        let level: Level = level.parse().unwrap();
        let version: KubernetesVersion = version.parse().unwrap();
        let text = pods.entry(pod.to_owned()).or_insert_with(|| {
            std::fs::read_to_string(suite.join("pods").join(format!("{pod}.yaml"))).unwrap()
        });
        let judge = judges.entry(version).or_insert_with(|| {
            let rules = RuleSet::built_in(&Settings::new()).unwrap();
            let selection = Selection {
                profile: "restricted".into(),
                ..Selection::default()
            };
            Judge::new(rules, &selection, version, PodPaths::default()).unwrap()
        });
        let whole = Span::new(0, text.len() as u32);
        let tree = yaml::parse(text, whole, &Limits::default()).unwrap().unwrap();
        let mut verdicts = Vec::new();
        let security = judge
            .object(&Object::of(tree.root()).unwrap(), &mut verdicts)
            .unwrap();
        count += 1;
        let passes = security.level >= level;
        if passes != (expect == "pass") {
            wrong.push(format!("{case}: the level is {}", security.level));
            continue;
        }
        let Some((_, ours)) = CONTROLS.iter().find(|(name, _)| *name == control) else {
            continue;
        };
        if !passes && !verdicts.iter().any(|verdict| ours.contains(&&*verdict.rule.id)) {
            wrong.push(format!("{case}: `{control}` is not among what {file} fails"));
        }
    }
    let _ = writeln!(
        std::io::stderr(),
        "Pod Security suite: {} of {count} cases right",
        count - wrong.len()
    );
    assert!(
        wrong.is_empty(),
        "{} of {count} are wrong:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    assert!(count > 4000, "only {count} cases were found");
}

/// The pod as the template of other kinds: the text of an object around it.
fn around(pod: &str, kind: &str) -> String {
    let (api, above, depth) = match kind {
        "CronJob" => (
            "batch/v1",
            "spec:\n  jobTemplate:\n    spec:\n      template:\n",
            8,
        ),
        "Job" => ("batch/v1", "spec:\n  template:\n", 4),
        "ReplicationController" => ("v1", "spec:\n  template:\n", 4),
        "PodTemplate" => ("v1", "template:\n", 2),
        _ => ("apps/v1", "spec:\n  template:\n", 4),
    };
    let indent = " ".repeat(depth);
    let lines = pod
        .lines()
        .filter(|line| !line.starts_with("apiVersion:") && !line.starts_with("kind:"));
    let template: String = lines.map(|line| format!("{indent}{line}\n")).collect();
    format!("apiVersion: {api}\nkind: {kind}\n{above}{template}")
}

#[test]
fn a_pod_template_gets_the_level_of_its_pod_in_every_kind_of_workload() {
    let Some(suite) = shared() else { return };
    let rules = RuleSet::built_in(&Settings::new()).unwrap();
    let judge = Judge::new(
        rules,
        &Selection::default(),
        KubernetesVersion::LATEST,
        PodPaths::default(),
    )
    .unwrap();
    let level = |text: &str| {
        let whole = Span::new(0, text.len() as u32);
        let tree = yaml::parse(text, whole, &Limits::default()).unwrap().unwrap();
        let security = judge
            .object(&Object::of(tree.root()).unwrap(), &mut Vec::new())
            .unwrap();
        (security.level, security.blockers)
    };
    let mut count = 0;
    for entry in std::fs::read_dir(suite.join("pods")).unwrap() {
        let pod = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        let wanted = level(&pod);
        for kind in [
            "Deployment",
            "StatefulSet",
            "DaemonSet",
            "ReplicaSet",
            "ReplicationController",
            "Job",
            "CronJob",
            "PodTemplate",
        ] {
            assert_eq!(level(&around(&pod, kind)), wanted, "{kind} around {pod}");
            count += 1;
        }
    }
    assert!(count > 2000, "only {count} templates were tried");
}
