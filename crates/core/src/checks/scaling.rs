//! Autoscalers, disruption budgets and the workloads they are about.

use super::words::{in_namespace, named};
use crate::algebra::Parameters;
use crate::world::{Budget, Origin, Pod, Scaler, ScalerKind, Selector, Space, Workload, World, WorldFailure};
use rustc_hash::{FxHashMap, FxHashSet};

const RESOURCES: [&str; 2] = ["CPU", "memory"];

fn scalers(world: &World, kind: ScalerKind) -> impl Iterator<Item = (&Space, &Scaler)> {
    let all = world
        .spaces()
        .flat_map(|(_, space)| space.scalers.iter().map(move |scaler| (space, scaler)));
    all.filter(move |(_, scaler)| scaler.kind == kind)
}

/// What an autoscaler scales, where that is in its namespace.
fn target<'w>(space: &'w Space, scaler: &Scaler) -> Option<&'w Workload> {
    let (kind, name) = &scaler.target;
    space
        .workloads
        .named(name)
        .find(|workload| workload.origin.object.kind == *kind)
}

/// No two autoscalers of one kind have the same target.
pub fn duplicate(world: &World, _: &Parameters) -> Vec<WorldFailure> {
    let mut failures = Vec::new();
    for kind in [ScalerKind::Horizontal, ScalerKind::Vertical] {
        let mut first: FxHashMap<(&str, &str, &str), &Origin> = FxHashMap::default();
        for (_, scaler) in scalers(world, kind) {
            let (target_kind, name) = &scaler.target;
            let origin = &*scaler.origin;
            let other = *first
                .entry((origin.namespace(), target_kind, name))
                .or_insert(origin);
            if !other.is_same_object(origin) {
                let message = format!("{} scales {target_kind} `{name}` too", named(other, origin));
                failures.push(WorldFailure::fail(origin, &scaler.spot, message));
            }
        }
    }
    failures
}

/// No workload is made larger and more at once for want of the same resource.
pub fn conflict(world: &World, _: &Parameters) -> Vec<WorldFailure> {
    let mut vertical: FxHashMap<(&str, &str, &str), &Scaler> = FxHashMap::default();
    for (_, scaler) in scalers(world, ScalerKind::Vertical).filter(|(_, scaler)| scaler.resources[0]) {
        vertical.insert(
            (scaler.origin.namespace(), &scaler.target.0, &scaler.target.1),
            scaler,
        );
    }
    let check = |(_, scaler): (&Space, &Scaler)| {
        let other = vertical.get(&(scaler.origin.namespace(), &scaler.target.0, &scaler.target.1))?;
        let resource = scaler
            .resources
            .iter()
            .position(|by| *by)
            .and_then(|index| RESOURCES.get(index))?;
        let message = format!(
            "It scales by {resource}, which {} changes in the same pods",
            named(&other.origin, &scaler.origin)
        );
        Some(WorldFailure::fail(&scaler.origin, &scaler.spot, message))
    };
    scalers(world, ScalerKind::Horizontal).filter_map(check).collect()
}

/// What is scaled by a share of its requests has requests.
pub fn without_requests(world: &World, _: &Parameters) -> Vec<WorldFailure> {
    let check = |(space, scaler): (&Space, &Scaler)| {
        let workload = target(space, scaler)?;
        let mut pods = space.pods_of(workload).iter();
        pods.find_map(|pod| {
            let mut containers = pod.containers.iter().filter(|container| container.main);
            containers.find_map(|container| {
                let lacks = |index: &usize| scaler.by_share[*index] && !container.requests[*index];
                let resource = RESOURCES[(0..2).find(lacks)?];
                let message = format!(
                    "It scales by the share of requested {resource}, but container `{}` of {} requests none",
                    container.name,
                    named(&workload.origin, &scaler.origin)
                );
                Some(WorldFailure::fail(&scaler.origin, &scaler.spot, message))
            })
        })
    };
    scalers(world, ScalerKind::Horizontal).filter_map(check).collect()
}

/// Where an autoscaler sets the number of replicas, the workload does not.
pub fn fixed_replicas(world: &World, _: &Parameters) -> Vec<WorldFailure> {
    let check = |(space, scaler): (&Space, &Scaler)| {
        let workload = target(space, scaler)?;
        let (replicas, spot) = workload.replicas.as_ref()?;
        let message = format!(
            "{} sets the number of replicas, but each `apply` sets it back to {replicas}",
            named(&scaler.origin, &workload.origin)
        );
        Some(WorldFailure::fail(&workload.origin, spot, message))
    };
    scalers(world, ScalerKind::Horizontal).filter_map(check).collect()
}

/// How many pods the workloads of a namespace have at least.
struct Fewest<'w>(FxHashMap<(&'w str, &'w str), i64>);

impl<'w> Fewest<'w> {
    fn of(space: &'w Space) -> Self {
        let horizontal = space
            .scalers
            .iter()
            .filter(|scaler| scaler.kind == ScalerKind::Horizontal);
        Self(
            horizontal
                .map(|scaler| ((&*scaler.target.0, &*scaler.target.1), scaler.min))
                .collect(),
        )
    }

    /// Those of its autoscaler, else `replicas`, else one.
    fn pods(&self, workload: &Workload) -> i64 {
        let origin = &workload.origin;
        let scaled = self.0.get(&(&*origin.object.kind, origin.name())).copied();
        scaled.unwrap_or_else(|| workload.replicas.as_ref().map_or(1, |(replicas, _)| *replicas))
    }
}

/// Kinds that keep a number of pods.
const REPLICATED: [&str; 6] = [
    "Deployment",
    "StatefulSet",
    "ReplicaSet",
    "ReplicationController",
    "Rollout",
    "DeploymentConfig",
];

/// The workloads whose pods a budget with that selector protects and whose number of pods is known; one that is in several files once.
fn protected<'w>(space: &'w Space, selector: &'w Selector) -> Vec<&'w Workload> {
    let pods = space.selected(selector);
    let mut seen: FxHashSet<(&str, &str)> = FxHashSet::default();
    let owners = pods.filter_map(|pod| space.owner(pod)).filter(|workload| {
        let kind = &*workload.origin.object.kind;
        REPLICATED.contains(&kind) && seen.insert((kind, workload.origin.name()))
    });
    owners.collect()
}

/// A budget lets at least one of the pods it protects go, or no node can be drained.
pub fn over_replicas(world: &World, _: &Parameters) -> Vec<WorldFailure> {
    let mut failures = Vec::new();
    for (_, space) in world.spaces() {
        let fewest = Fewest::of(space);
        let mut known: FxHashMap<&Selector, (Option<&Workload>, i64)> = FxHashMap::default();
        for budget in &space.budgets {
            let Some(selector) = &budget.selector else {
                continue;
            };
            let (first, pods) = *known.entry(selector).or_insert_with(|| {
                let workloads = protected(space, selector);
                let pods = workloads.iter().map(|workload| fewest.pods(workload)).sum();
                (workloads.first().copied(), pods)
            });
            let (Some(first), true) = (first, pods > 0) else {
                continue;
            };
            let who = named(&first.origin, &budget.origin);
            if let Some((amount, spot)) = &budget.min
                && amount.of_pods(pods) >= pods
            {
                let message = format!(
                    "Of {pods} pods of {who} {} must be available, so none may be evicted",
                    amount.of_pods(pods)
                );
                failures.push(WorldFailure::fail(&budget.origin, spot, message));
            }
        }
    }
    failures
}

/// No pod is protected by two budgets: the API refuses to evict one that is.
pub fn overlap(world: &World, _: &Parameters) -> Vec<WorldFailure> {
    let mut failures = Vec::new();
    for (_, space) in world.spaces() {
        let mut first: FxHashMap<*const Origin, &Budget> = FxHashMap::default();
        let mut known: FxHashMap<&Selector, Vec<(&Budget, &Pod)>> = FxHashMap::default();
        for budget in &space.budgets {
            let Some(selector) = &budget.selector else {
                continue;
            };
            // The first budgets of the pods that the selector finds, each with the first of its pods.
            let firsts = known.entry(selector).or_insert_with(|| {
                let mut seen: FxHashSet<*const Budget> = FxHashSet::default();
                let of_pods = space.selected(selector).map(|pod| {
                    let first = first.entry(std::ptr::from_ref(&*pod.origin)).or_insert(budget);
                    (*first, pod)
                });
                of_pods
                    .filter(|(budget, _)| seen.insert(std::ptr::from_ref(*budget)))
                    .collect()
            });
            let mut told: FxHashSet<&str> = FxHashSet::default();
            for (other, pod) in firsts {
                if !other.origin.is_same_object(&budget.origin) && told.insert(other.origin.name()) {
                    let message = format!(
                        "{} protects the pods of {} too, so none of them can be evicted",
                        named(&other.origin, &budget.origin),
                        named(&pod.origin, &budget.origin)
                    );
                    failures.push(WorldFailure::fail(&budget.origin, &budget.spot, message));
                }
            }
        }
    }
    failures
}

/// What has several replicas has a budget. Certain only where the namespace has other budgets.
pub fn budget_missing(world: &World, _: &Parameters) -> Vec<WorldFailure> {
    let mut failures = Vec::new();
    for (name, space) in world.spaces() {
        let fewest = Fewest::of(space);
        let covered = space.covered(space.budgets.iter().filter_map(|budget| budget.selector.as_ref()));
        for (pod, _) in space.pods().iter().zip(covered).filter(|(_, covered)| !covered) {
            let pods = space.owner(pod).map(|workload| fewest.pods(workload));
            let Some(replicas) = pods.filter(|pods| *pods > 1) else {
                continue;
            };
            let origin = &*pod.origin;
            failures.push(if space.budgets.is_empty() {
                let message = format!(
                    "No PodDisruptionBudget{} is in the input for its {replicas} pods",
                    in_namespace(name)
                );
                WorldFailure::unknown(origin, &origin.here, message)
            } else {
                let message = format!(
                    "No PodDisruptionBudget{} protects its {replicas} pods",
                    in_namespace(name)
                );
                WorldFailure::fail(origin, &origin.here, message)
            });
        }
    }
    failures
}

/// No two workloads take the same pods for their own.
pub fn selector_overlap(world: &World, _: &Parameters) -> Vec<WorldFailure> {
    let mut failures = Vec::new();
    for (_, space) in world.spaces() {
        let mut known: FxHashMap<&Selector, [Option<&Pod>; 2]> = FxHashMap::default();
        let is_controlled = |pod: &&Pod| space.owner(pod).is_some_and(|owner| owner.selector.is_some());
        for workload in space.workloads.iter() {
            let Some((selector, spot)) = &workload.selector else {
                continue;
            };
            // A pod that the selector finds, and one of another object.
            let found = known.entry(selector).or_insert_with(|| {
                let mut pods = space.selected(selector).filter(is_controlled);
                let one = pods.next();
                let other = one.and_then(|one| pods.find(|pod| !pod.origin.is_same_object(&one.origin)));
                [one, other]
            });
            let mut pods = found.iter().flatten();
            let other = pods.find(|pod| !pod.origin.is_same_object(&workload.origin));
            if let Some(pod) = other {
                let message = format!(
                    "The selector `{selector}` finds the pods of {} too",
                    named(&pod.origin, &workload.origin)
                );
                failures.push(WorldFailure::fail(&workload.origin, spot, message));
            }
        }
    }
    failures
}
