//! Every check of the peers that reads objects or Dockerfiles leads to a rule of ours, or is excused with a reason.

// A panic is how a test says what went wrong.
#![allow(clippy::unwrap_used, clippy::panic)]

use hardtack_core::RuleSet;
use hardtack_core::rule::Settings;
use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};

fn excused() -> BTreeMap<(String, String), String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/peer-coverage.tsv");
    let text = std::fs::read_to_string(path).unwrap();
    let rows = text.lines().skip(1).map(|line| {
        let [peer, id, reason] = line.split('\t').collect::<Vec<_>>()[..] else {
            panic!("expected peer, id and reason: {line}");
        };
        assert!(!reason.trim().is_empty(), "no reason: {line}");
        ((peer.to_owned(), id.to_owned()), reason.to_owned())
    });
    rows.collect()
}

#[test]
fn every_check_of_a_peer_leads_to_a_rule_or_is_excused() {
    let given = std::env::var_os("HARDTACK_SHARED").map(PathBuf::from);
    let shared = given.unwrap_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared"));
    let Ok(table) = std::fs::read_to_string(shared.join("reference/peer-checks.tsv")) else {
        let _ = writeln!(
            std::io::stderr(),
            "SKIPPED: the table of peers' checks is not here; HARDTACK_SHARED may name its folder"
        );
        return;
    };
    let rules = RuleSet::built_in(&Settings::new()).unwrap();
    let mut excused = excused();
    let mut missing = Vec::new();
    let (mut aliased, mut with_reason) = (0, 0);
    for line in table.lines().skip(1) {
        let mut columns = line.split('\t');
        let (peer, id) = (columns.next().unwrap(), columns.next().unwrap());
        let reason = excused.remove(&(peer.to_owned(), id.to_owned()));
        match (rules.named(id).is_empty(), reason) {
            (false, None) => aliased += 1,
            (true, Some(_)) => with_reason += 1,
            (false, Some(_)) => missing.push(format!("{peer} {id} is excused, but leads to a rule")),
            (true, None) => missing.push(format!("{peer} {id} leads nowhere and is not excused: {line}")),
        }
    }
    let _ = writeln!(
        std::io::stderr(),
        "peers' checks: {aliased} lead to a rule, {with_reason} are excused"
    );
    missing.extend(
        excused
            .keys()
            .map(|(peer, id)| format!("{peer} {id} is excused, but no peer has it")),
    );
    assert!(
        missing.is_empty(),
        "{} checks:\n{}",
        missing.len(),
        missing.join("\n")
    );
}
