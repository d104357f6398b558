//! Whether NetworkPolicies isolate what runs.
//! Source: k8s.io/api, `networking/v1`: a pod is isolated for a direction once a policy with that type selects it.

use super::words::{capital, counted, in_namespace};
use crate::algebra::Parameters;
use crate::world::{Pod, Policy, Space, World, WorldFailure};

const INGRESS: usize = 0;
const EGRESS: usize = 1;

/// A namespace with pods has at least one policy. Certain only where the Namespace object is in the input.
pub fn missing(world: &World, _: &Parameters) -> Vec<WorldFailure> {
    let open = |(name, space): &(&str, &Space)| space.policies.is_empty() && !world.has_other_policies(name);
    let failure = |(name, space)| about_namespace(world, name, space, "no NetworkPolicy");
    with_pods(world).filter(open).filter_map(failure).collect()
}

/// A Namespace that is in the input, with pods and policies, has one that isolates every pod for what comes in.
pub fn default_deny_missing(world: &World, _: &Parameters) -> Vec<WorldFailure> {
    let denies = |policy: &Policy| policy.isolates[INGRESS] && policy.selector.is_everything();
    let open = |(name, space): &(&str, &Space)| {
        world.namespace(name).is_some()
            && !space.policies.is_empty()
            && !world.has_other_policies(name)
            && !space.policies.iter().any(denies)
    };
    let lack = "no NetworkPolicy that selects all pods and isolates them for what comes in";
    let failure = |(name, space)| about_namespace(world, name, space, lack);
    with_pods(world).filter(open).filter_map(failure).collect()
}

/// Where a namespace has policies on what comes in, one of them is about each workload.
pub fn ingress(world: &World, _: &Parameters) -> Vec<WorldFailure> {
    not_isolated(world, INGRESS, "what may reach this workload's pods")
}

/// Where a namespace has policies on what goes out, one of them is about each workload.
pub fn egress(world: &World, _: &Parameters) -> Vec<WorldFailure> {
    not_isolated(world, EGRESS, "what this workload's pods may reach")
}

fn with_pods(world: &World) -> impl Iterator<Item = (&str, &Space)> {
    world.spaces().filter(|(_, space)| !space.pods().is_empty())
}

fn about_namespace(world: &World, name: &str, space: &Space, lack: &str) -> Option<WorldFailure> {
    if let Some(namespace) = world.namespace(name) {
        let count = counted(space.workloads.len(), "workload");
        let message = format!("there is {lack}; {count} of the input run in this namespace");
        return Some(WorldFailure::fail(
            &namespace.origin,
            &namespace.origin.here,
            capital(&message),
        ));
    }
    let first = &space.pods().first()?.origin;
    let message = format!(
        "{lack}{} is in the input; the cluster may have one",
        in_namespace(name)
    );
    Some(WorldFailure::unknown(first, &first.here, capital(&message)))
}

fn not_isolated(world: &World, direction: usize, what: &str) -> Vec<WorldFailure> {
    let mut failures = Vec::new();
    for (name, space) in with_pods(world).filter(|(name, _)| !world.has_other_policies(name)) {
        let policies = || space.policies.iter().filter(|policy| policy.isolates[direction]);
        if policies().next().is_none() || policies().any(|policy| policy.selector.is_everything()) {
            continue;
        }
        let covered = space.covered(policies().map(|policy| &policy.selector));
        let open = space
            .pods()
            .iter()
            .zip(covered)
            .filter(|(pod, covered)| !covered && !pod.host_network);
        let failure = |(pod, _): (&Pod, bool)| {
            let message = format!(
                "No NetworkPolicy{} says {what}, though it has policies on others",
                in_namespace(name)
            );
            WorldFailure::fail(&pod.origin, &pod.origin.here, message)
        };
        failures.extend(open.map(failure));
    }
    failures
}
