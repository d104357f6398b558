//! Rules about several objects: what belongs together, and what stays the same when files change.

// A panic is how a test says what went wrong.
#![allow(clippy::unwrap_used, clippy::panic)]

use hardtack_core::pods::PodPaths;
use hardtack_core::rule::Settings;
use hardtack_core::world::World;
use hardtack_core::{Document, Finding, FindingResult, Judge, KubernetesVersion, RuleSet, Selection};
use hardtack_tree::{Limits, yaml};

/// A judge of one rule, or of `all`.
fn judge(rule: &str) -> Judge {
    let only = (rule != "all").then(|| rule.to_owned());
    let selection = Selection {
        profile: "all".into(),
        only: only.into_iter().collect(),
        ..Selection::default()
    };
    let rules = RuleSet::built_in(&Settings::new()).unwrap();
    Judge::new(rules, &selection, KubernetesVersion::LATEST, PodPaths::default()).unwrap()
}

/// What a rule finds in files, each a text of documents.
fn findings(rule: &str, files: &[&str]) -> Vec<Finding> {
    let judge = judge(rule);
    let mut world = World::default();
    for (index, text) in files.iter().enumerate() {
        let document = Document::new(format!("{index}.yaml").into(), text);
        for span in yaml::split(text) {
            if let Some(tree) = yaml::parse(text, span, &Limits::default()).unwrap() {
                let judged = judge.manifest(tree.root(), span, &document);
                judged.facts.into_iter().for_each(|fact| world.add(fact));
            }
        }
    }
    let together = judge.world(&world).into_iter();
    together
        .map(|(rule, failure)| Finding::of_world(&rule, failure))
        .collect()
}

const SERVICE: &str = "
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}}
";

const POD: &str = "
apiVersion: v1
kind: Pod
metadata: {name: web, labels: {app: web}}
spec: {containers: [{name: web}]}
";

#[test]
fn objects_without_a_namespace_belong_together_across_files() {
    assert!(findings("dangling-service", &[SERVICE, POD]).is_empty());
    let other = POD.replace("app: web", "app: api");
    assert_eq!(findings("dangling-service", &[SERVICE, &other]).len(), 1);
}

#[test]
fn a_written_namespace_is_another_than_none() {
    let service = SERVICE.replace("name: web", "name: web, namespace: shop");
    let pod = POD.replace("name: web, labels", "name: web, namespace: shop, labels");
    // What stands without one may be applied to `shop`; what is in `shop` may not be where the other is applied.
    assert!(findings("dangling-service", &[&service, POD]).is_empty());
    let [finding] = &findings("dangling-service", &[SERVICE, &pod])[..] else {
        panic!("one finding was expected");
    };
    assert_eq!(finding.result, FindingResult::Unknown);
}

#[test]
fn two_files_may_be_meant_for_two_clusters() {
    assert!(findings("duplicate-object", &[POD, POD]).is_empty());
    assert_eq!(
        findings("duplicate-object", &[&format!("{POD}---{POD}")]).len(),
        1
    );
}

#[test]
fn a_finding_keeps_its_fingerprint_where_items_move() {
    let key =
        |name: &str| format!("{{name: {name}, valueFrom: {{configMapKeyRef: {{name: web, key: level}}}}}}");
    let pod = |variables: String| {
        format!(
            "kind: Pod\nmetadata: {{name: web}}\nspec: {{containers: [{{name: web, env: [{variables}]}}]}}\n"
        )
    };
    let map = "kind: ConfigMap\nmetadata: {name: web}\ndata: {}\n";
    let before = findings("config-key-missing", &[&pod(key("LEVEL")), map]);
    let after = findings(
        "config-key-missing",
        &[&pod(format!("{{name: A, value: b}}, {}", key("LEVEL"))), map],
    );
    let other = findings("config-key-missing", &[&pod(key("LOG_LEVEL")), map]);
    assert_eq!(before[0].fingerprint, after[0].fingerprint);
    assert_ne!(before[0].path, after[0].path);
    assert_ne!(before[0].fingerprint, other[0].fingerprint);
}

#[test]
fn a_finding_points_at_the_field() {
    let [finding] = &findings(
        "dangling-service",
        &[SERVICE, &POD.replace("app: web", "app: api")],
    )[..] else {
        panic!("one finding was expected");
    };
    assert_eq!(&*finding.path, "/spec/selector");
    assert_eq!(
        (finding.location.start.line, finding.location.start.column),
        (5, 8)
    );
    assert_eq!(&*finding.location.line, "spec: {selector: {app: web}}");
}

#[test]
fn of_more_objects_than_are_kept_nothing_is_said() {
    let judge = judge("dangling-service");
    let document = Document::new("all.yaml".into(), SERVICE);
    let span = yaml::split(SERVICE).next().unwrap();
    let tree = yaml::parse(SERVICE, span, &Limits::default()).unwrap().unwrap();
    let mut world = World::default();
    for _ in 0..=World::MOST_FACTS {
        let judged = judge.manifest(tree.root(), span, &document);
        judged.facts.into_iter().for_each(|fact| world.add(fact));
    }
    assert_eq!(world.left_out(), World::MOST_FACTS + 1);
    assert!(judge.world(&world).is_empty());
}

#[test]
fn values_of_a_wrong_type_are_no_panic() {
    let everything = [
        "kind: Service\nmetadata: 3\nspec: {selector: x, ports: 1, type: [a]}\n",
        "kind: Pod\nmetadata: {labels: [a]}\nspec: {containers: x, volumes: {a: b}, serviceAccountName: 1}\n",
        "kind: Deployment\nspec: {selector: [], replicas: many, template: {metadata: {labels: 1}, spec: {containers: [1, x]}}}\n",
        "kind: NetworkPolicy\nspec: {podSelector: x, ingress: [1], egress: {}, policyTypes: Ingress}\n",
        "kind: Ingress\nspec: {rules: [{http: {paths: [1, {backend: x}]}}], defaultBackend: []}\n",
        "kind: HorizontalPodAutoscaler\nspec: {scaleTargetRef: 1, minReplicas: x, metrics: [1]}\n",
        "kind: PodDisruptionBudget\nspec: {selector: 1, minAvailable: x%, maxUnavailable: [1]}\n",
        "kind: ClusterRole\nrules: [1, {verbs: get, resources: {}}]\naggregationRule: x\n",
        "kind: RoleBinding\nroleRef: 1\nsubjects: [1, {kind: 2}]\n",
        "kind: Namespace\nmetadata: {name: 1, labels: x}\n",
        "kind: ValidatingWebhookConfiguration\nwebhooks: [1, {clientConfig: {service: 1}}]\n",
        "kind: Secret\ndata: [1]\n",
    ];
    findings("all", &everything);
}
