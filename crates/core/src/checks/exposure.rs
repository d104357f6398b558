//! Which workloads can be reached from outside of the cluster, and what claims the same place there.

use super::words::{capital, named};
use crate::algebra::Parameters;
use crate::world::{Origin, Pod, Selector, Service, Space, World, WorldFailure};
use rustc_hash::{FxHashMap, FxHashSet};

/// The pods that are reached from outside, each once, with what leads there.
fn reached(world: &World) -> Vec<(&Pod, String)> {
    let mut found: Vec<(&Pod, String)> = Vec::new();
    let mut seen = Seen::default();
    for (_, space) in world.spaces() {
        for service in space.services.iter() {
            if let Some(by) = service.exposure() {
                let by = format!("Service `{}` opens {by}", service.origin.name());
                push(world, service, &by, &mut seen, &mut found);
            }
        }
    }
    for route in world.routes() {
        for backend in &route.backends {
            let namespace = backend.namespace.as_deref().unwrap_or(route.origin.namespace());
            for service in world
                .reach(namespace)
                .flat_map(|space| space.services.named(&backend.service))
            {
                let by = format!(
                    "{} leads to Service `{}`",
                    named(&route.origin, &service.origin),
                    backend.service
                );
                push(world, service, &by, &mut seen, &mut found);
            }
        }
    }
    found
}

/// What was found to be reached already.
#[derive(Default)]
struct Seen<'w> {
    pods: FxHashSet<*const Origin>,
    selectors: FxHashSet<(&'w str, &'w Selector)>,
}

fn push<'w>(
    world: &'w World,
    service: &'w Service,
    by: &str,
    seen: &mut Seen<'w>,
    found: &mut Vec<(&'w Pod, String)>,
) {
    let namespace = service.origin.namespace();
    let Some((selector, _)) = &service.selector else {
        return;
    };
    if !seen.selectors.insert((namespace, selector)) {
        return;
    }
    for pod in world.selected(namespace, selector) {
        if seen.pods.insert(std::ptr::from_ref(&*pod.origin)) {
            found.push((pod, by.to_owned()));
        }
    }
}

/// Nothing is reached from outside.
pub fn exposed(world: &World, _: &Parameters) -> Vec<WorldFailure> {
    let failure = |(pod, by): (&Pod, String)| {
        WorldFailure::fail(
            &pod.origin,
            &pod.origin.here,
            format!("It is reached from outside of the cluster: {by}"),
        )
    };
    reached(world).into_iter().map(failure).collect()
}

/// What is reached from outside has no power over its node.
pub fn exposed_power(world: &World, _: &Parameters) -> Vec<WorldFailure> {
    let check = |(pod, by): (&Pod, String)| {
        let message = format!(
            "It {} and is reached from outside of the cluster: {by}",
            pod.power?
        );
        Some(WorldFailure::fail(&pod.origin, &pod.origin.here, message))
    };
    reached(world).into_iter().filter_map(check).collect()
}

/// No host and path is claimed by two Ingresses of one class.
pub fn path_duplicate(world: &World, _: &Parameters) -> Vec<WorldFailure> {
    let mut first: FxHashMap<(&str, &str, &str), &Origin> = FxHashMap::default();
    let mut failures = Vec::new();
    for route in world.routes() {
        for claim in &route.claims {
            let other = *first
                .entry((&route.class, &claim.host, &claim.path))
                .or_insert(&route.origin);
            if !other.is_same_object(&route.origin) {
                let message = format!(
                    "{} claims the same path of {}",
                    capital(&named(other, &route.origin)),
                    host(&claim.host)
                );
                failures.push(WorldFailure::fail(&route.origin, &claim.spot, message));
            }
        }
    }
    failures
}

/// No host is claimed from two namespaces.
pub fn host_shared(world: &World, _: &Parameters) -> Vec<WorldFailure> {
    let mut first: FxHashMap<(&str, &str), &Origin> = FxHashMap::default();
    let mut failures = Vec::new();
    for route in world.routes() {
        let mut told: FxHashSet<&str> = FxHashSet::default();
        for claim in route.claims.iter().filter(|claim| !claim.host.is_empty()) {
            let other = *first.entry((&route.class, &claim.host)).or_insert(&route.origin);
            if other.namespace() != route.origin.namespace() && told.insert(&claim.host) {
                let message = format!("{} claims {} too", named(other, &route.origin), host(&claim.host));
                failures.push(WorldFailure::fail(&route.origin, &claim.spot, message));
            }
        }
    }
    failures
}

fn host(name: &str) -> String {
    if name.is_empty() {
        "every host".to_owned()
    } else {
        format!("host `{name}`")
    }
}

/// No name is published for two Services.
pub fn published_twice(world: &World, _: &Parameters) -> Vec<WorldFailure> {
    let mut first: FxHashMap<&str, &Origin> = FxHashMap::default();
    let mut failures = Vec::new();
    for service in world.spaces().flat_map(|(_, space)| space.services.iter()) {
        let Some((hostname, spot)) = &service.hostname else {
            continue;
        };
        for name in hostname.split(',').map(str::trim).filter(|name| !name.is_empty()) {
            let other = *first.entry(name).or_insert(&service.origin);
            if !other.is_same_object(&service.origin) {
                let message = format!("{} publishes `{name}` too", named(other, &service.origin));
                failures.push(WorldFailure::fail(&service.origin, spot, message));
            }
        }
    }
    failures
}

/// No two Services of a namespace lead to the same port of the same pods. One of them may be headless.
pub fn selector_duplicate(world: &World, _: &Parameters) -> Vec<WorldFailure> {
    world.spaces().flat_map(|(_, space)| selectors(space)).collect()
}

fn selectors(space: &Space) -> Vec<WorldFailure> {
    let mut first: FxHashMap<(String, bool, i64, &str), &Origin> = FxHashMap::default();
    let mut failures = Vec::new();
    for service in space.services.iter() {
        let Some((selector, spot)) = &service.selector else {
            continue;
        };
        let mut pairs: Vec<_> = selector
            .equal
            .pairs()
            .map(|(key, value)| format!("{key}={value}"))
            .collect();
        pairs.sort();
        let key = pairs.join(",");
        let taken = service.ports.iter().find_map(|port| {
            let key = (key.clone(), service.headless, port.number, &*port.protocol);
            let other = *first.entry(key).or_insert(&service.origin);
            (!other.is_same_object(&service.origin)).then_some((other, port.number))
        });
        if let Some((other, port)) = taken {
            let message = format!(
                "{} has the same selector and port {port}",
                named(other, &service.origin)
            );
            failures.push(WorldFailure::fail(&service.origin, spot, message));
        }
    }
    failures
}
