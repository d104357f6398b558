//! Namespaces: who shares them, and what they let in.

use super::words::{counted, in_namespace};
use crate::algebra::Parameters;
use crate::pss::Level;
use crate::world::{Origin, Space, Workload, World, WorldFailure};
use rustc_hash::FxHashMap;
use std::collections::BTreeMap;

const INSTANCE: &str = "app.kubernetes.io/instance";
const PART_OF: &str = "app.kubernetes.io/part-of";
const ENFORCE: &str = "pod-security.kubernetes.io/enforce";

/// The workloads of a namespace belong to one tenant, as the first of some labels says that they have.
pub fn shared(world: &World, parameters: &Parameters) -> Vec<WorldFailure> {
    let labels = parameters.get("labels").and_then(|labels| labels.as_array());
    let labels: Vec<&str> = labels
        .into_iter()
        .flatten()
        .filter_map(|label| label.as_str())
        .collect();
    let mut failures = Vec::new();
    // Where no namespace is written, tenants may yet be put into different ones.
    for (name, space) in world.spaces().filter(|(name, _)| !name.is_empty()) {
        for label in &labels {
            let tenants = tenants(space, label);
            if tenants.len() < 2 {
                continue;
            }
            let values: Vec<_> = tenants.keys().take(3).map(|value| format!("`{value}`")).collect();
            let more = tenants.len() - values.len();
            let more = if more > 0 {
                format!(" and {more} more")
            } else {
                String::new()
            };
            let message = format!(
                "Workloads{} belong to different tenants: {label} is {}{more}",
                in_namespace(name),
                values.join(", ")
            );
            let origin = world.namespace(name).map(|namespace| &*namespace.origin);
            if let Some(origin) = origin.or_else(|| tenants.values().nth(1).copied()) {
                failures.push(WorldFailure::fail(origin, &origin.here, message));
            }
            break;
        }
    }
    failures
}

/// The tenants of a namespace by one label, each with a workload of theirs.
fn tenants<'w>(space: &'w Space, label: &str) -> BTreeMap<&'w str, &'w Origin> {
    let mut found: BTreeMap<&str, &Origin> = BTreeMap::new();
    // What one release of a chart brings along belongs to who installed it, whatever it is a part of.
    let mut releases: FxHashMap<&str, &str> = FxHashMap::default();
    for workload in space.workloads.iter() {
        let Some(value) = tenant(space, workload, label) else {
            continue;
        };
        let release = workload.labels.get(INSTANCE).filter(|_| label == PART_OF);
        let value = release.map_or(value, |release| releases.entry(release).or_insert(value));
        found.entry(value).or_insert(&workload.origin);
    }
    found
}

/// A workload's own label counts, else that of its pods.
fn tenant<'w>(space: &'w Space, workload: &'w Workload, label: &str) -> Option<&'w str> {
    let of_pods = || {
        space
            .pods_of(workload)
            .iter()
            .find_map(|pod| pod.labels.get(label))
    };
    workload.labels.get(label).or_else(of_pods)
}

/// A namespace that enforces a level enforces the strictest one that all its workloads pass.
pub fn weaker_than_needed(world: &World, _: &Parameters) -> Vec<WorldFailure> {
    let mut failures = Vec::new();
    for namespace in world.namespaces() {
        let Some(enforced) = namespace.labels.get(ENFORCE).map(level) else {
            continue;
        };
        let workloads = || {
            world
                .space(namespace.origin.name())
                .into_iter()
                .flat_map(|space| space.workloads.iter())
        };
        let Some(passed) = workloads().filter_map(|workload| workload.level).min() else {
            continue;
        };
        if passed > enforced {
            let count = counted(workloads().count(), "workload");
            let message = format!("It enforces `{enforced}`, but {count} of the input in it pass `{passed}`");
            failures.push(WorldFailure::fail(
                &namespace.origin,
                &namespace.labels_spot,
                message,
            ));
        }
    }
    failures
}

/// A namespace admits the workloads in it.
pub fn refused(world: &World, _: &Parameters) -> Vec<WorldFailure> {
    let mut failures = Vec::new();
    for (name, space) in world.spaces() {
        let enforced = world
            .namespace(name)
            .and_then(|namespace| namespace.labels.get(ENFORCE));
        let Some(enforced) = enforced.map(level) else {
            continue;
        };
        for workload in space.workloads.iter() {
            let Some(level) = workload.level.filter(|level| *level < enforced) else {
                continue;
            };
            let message = format!(
                "Namespace `{name}` enforces `{enforced}`, but this passes only `{level}`, so its pods are refused"
            );
            failures.push(WorldFailure::fail(
                &workload.origin,
                &workload.origin.here,
                message,
            ));
        }
    }
    failures
}

/// A namespace with workloads has a ResourceQuota. Certain only where the Namespace object is in the input.
pub fn no_quota(world: &World, _: &Parameters) -> Vec<WorldFailure> {
    without(world, "ResourceQuota", |space| space.quota)
}

/// A namespace with workloads has a LimitRange. Certain only where the Namespace object is in the input.
pub fn no_limit_range(world: &World, _: &Parameters) -> Vec<WorldFailure> {
    without(world, "LimitRange", |space| space.limit_range)
}

fn without(world: &World, kind: &str, has: impl Fn(&Space) -> bool) -> Vec<WorldFailure> {
    let mut failures = Vec::new();
    for (name, space) in world.spaces().filter(|(_, space)| !has(space)) {
        let Some(pod) = space.pods().first() else { continue };
        let message = format!("No {kind}{} is in the input", in_namespace(name));
        failures.push(match world.namespace(name) {
            Some(namespace) => WorldFailure::fail(&namespace.origin, &namespace.origin.here, message),
            None => WorldFailure::unknown(
                &pod.origin,
                &pod.origin.here,
                message + "; the cluster may have one",
            ),
        });
    }
    failures
}

/// What is no level of the standards enforces nothing.
fn level(text: &str) -> Level {
    text.parse().unwrap_or(Level::Privileged)
}
