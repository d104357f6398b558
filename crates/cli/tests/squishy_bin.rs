//! The worked example: every root cause is found, at its line.

mod common;

use common::{Folder, found};
use std::path::Path;

const ROOT_CAUSES: &[&str] = &[
    "base-image-tag app/Dockerfile:1",
    "build-tools-kept app/Dockerfile:4",
    "capabilities-restricted deploy/squishy-bin.yaml:21",
    "command-shell-form app/Dockerfile:13",
    "credential-in-env deploy/squishy-bin.yaml:33",
    "default-service-account-used deploy/squishy-bin.yaml:19",
    "image-latest-tag deploy/squishy-bin.yaml:22",
    "image-user-root app/Dockerfile:1",
    "ingress-tls deploy/squishy-bin.yaml:57",
    "namespace-no-pod-security deploy/namespace.yaml:3",
    "namespace-shared-by-tenants deploy/namespace.yaml:2",
    "namespace-without-network-policy deploy/namespace.yaml:2",
    "no-memory-limit deploy/squishy-bin.yaml:21",
    "privilege-escalation deploy/squishy-bin.yaml:21",
    "run-as-non-root deploy/squishy-bin.yaml:21",
    "seccomp-restricted deploy/squishy-bin.yaml:21",
    "secret-file-copied app/Dockerfile:6",
    "secret-removed-later app/Dockerfile:10",
];

#[test]
fn every_root_cause_of_squishy_bin_is_found_at_its_line_and_nothing_of_its_neighbour() {
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/squishy-bin");
    let example = example.canonicalize().expect("the example");
    let folder = Folder::new(&[]);
    let (report, code) = folder.scan(&["--no-config", &example.display().to_string()]);
    let prefix = format!("{}/", example.display());
    let found: Vec<_> = found(&report)
        .iter()
        .map(|line| line.replace(&prefix, ""))
        .collect();
    assert_eq!(found, ROOT_CAUSES, "the README of the example lists them too");
    assert_eq!(code, 1);
    let page = std::fs::read_to_string(example.join("README.md")).expect("the example's README");
    for cause in ROOT_CAUSES {
        let (rule, place) = cause.split_once(' ').expect("a rule and a place");
        assert!(
            page.contains(&format!("`{rule}`")) && page.contains(&format!("`{place}`")),
            "{cause}"
        );
    }
}
