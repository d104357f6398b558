//! References that lead nowhere.

use super::words::{in_namespace, named};
use crate::algebra::{Parameters, Truth};
use crate::world::{
    Backend, Binding, Budget, Monitor, Origin, Pod, Scaler, Selector, Service, Space, Spot, Table, Workload,
    World, WorldFailure, is_of_the_cluster,
};
use rustc_hash::FxHashMap;

/// What selects pods selects some. Unknown where the input has none in the namespace, or something that may make some.
fn selects_pods(
    world: &World,
    origin: &Origin,
    selector: &Selector,
    spot: &Spot,
    what: &str,
) -> Option<WorldFailure> {
    let namespace = origin.namespace();
    if world.selected(namespace, selector).next().is_some() {
        return None;
    }
    let nearly = || {
        world
            .reach(namespace)
            .flat_map(Space::pods)
            .any(|pod| selector.nearly_matches(&pod.labels))
    };
    let why = if !world.has_pods(namespace) || is_of_the_cluster(namespace) {
        "; the input has no pods in that namespace"
    } else if world.may_make_pods(namespace) {
        "; a custom resource in that namespace may make some"
    } else if nearly() {
        "; a program may set the one that is missing"
    } else {
        ""
    };
    let truth = if why.is_empty() { Truth::No } else { Truth::Unknown };
    let message = format!(
        "No pod of the input{} has the labels `{selector}`{what}{why}",
        in_namespace(namespace)
    );
    Some(WorldFailure::new(truth, origin, spot, message))
}

/// A Service's selector finds pods.
pub fn service(world: &World, _: &Parameters) -> Vec<WorldFailure> {
    let services = world.spaces().flat_map(|(_, space)| space.services.iter());
    let check = |service: &Service| {
        let (selector, spot) = service.selector.as_ref()?;
        selects_pods(
            world,
            &service.origin,
            selector,
            spot,
            ", so the Service leads nowhere",
        )
    };
    services.filter_map(check).collect()
}

/// A NetworkPolicy's selector finds pods.
pub fn network_policy(world: &World, _: &Parameters) -> Vec<WorldFailure> {
    let policies = world.spaces().flat_map(|(_, space)| &space.policies);
    policies
        .filter(|policy| !policy.selector.is_everything())
        .filter_map(|policy| {
            selects_pods(
                world,
                &policy.origin,
                &policy.selector,
                &policy.spot,
                ", so the policy protects nothing",
            )
        })
        .collect()
}

/// The pods that a NetworkPolicy lets in from, or out to, in its own namespace exist.
pub fn network_policy_peer(world: &World, _: &Parameters) -> Vec<WorldFailure> {
    let policies = world.spaces().flat_map(|(_, space)| &space.policies);
    let peers = policies.flat_map(|policy| policy.peers.iter().map(move |peer| (policy, peer)));
    peers
        .filter(|(_, (selector, _))| !selector.is_everything())
        .filter_map(|(policy, (selector, spot))| {
            selects_pods(
                world,
                &policy.origin,
                selector,
                spot,
                ", so the policy opens the way for no one",
            )
        })
        .collect()
}

/// A PodDisruptionBudget's selector finds pods.
pub fn disruption_budget(world: &World, _: &Parameters) -> Vec<WorldFailure> {
    let budgets = world.spaces().flat_map(|(_, space)| &space.budgets);
    let check = |budget: &Budget| {
        let selector = budget.selector.as_ref()?;
        selects_pods(
            world,
            &budget.origin,
            selector,
            &budget.spot,
            ", so the budget protects nothing",
        )
    };
    budgets.filter_map(check).collect()
}

/// A ServiceMonitor finds Services, a PodMonitor finds pods.
pub fn monitor(world: &World, _: &Parameters) -> Vec<WorldFailure> {
    let monitors = world.spaces().flat_map(|(_, space)| &space.monitors);
    let check = |monitor: &Monitor| {
        let spaces: Vec<&Space> = match &monitor.namespaces {
            None => world.spaces().map(|(_, space)| space).collect(),
            Some(names) => names.iter().flat_map(|name| world.reach(name)).collect(),
        };
        let selector = &monitor.selector;
        let (found, known, noun) = if monitor.pods {
            let found = spaces
                .iter()
                .any(|space| space.selected(selector).next().is_some());
            (found, spaces.iter().any(|space| !space.pods().is_empty()), "pod")
        } else {
            let fits = |space: &&Space| {
                space
                    .services
                    .iter()
                    .any(|service| selector.matches(&service.labels))
            };
            (
                spaces.iter().any(fits),
                spaces.iter().any(|space| !space.services.is_empty()),
                "Service",
            )
        };
        if found {
            return None;
        }
        let message = format!("No {noun} of the input has the labels `{selector}`, so nothing is scraped");
        let own = |names: &Vec<Box<str>>| !names.iter().any(|name| is_of_the_cluster(name));
        let certain = known && monitor.namespaces.as_ref().is_some_and(own);
        let truth = if certain { Truth::No } else { Truth::Unknown };
        Some(WorldFailure::new(truth, &monitor.origin, &monitor.spot, message))
    };
    monitors.filter_map(check).collect()
}

/// The Services behind Ingresses and routes exist and have the port.
pub fn backend(world: &World, _: &Parameters) -> Vec<WorldFailure> {
    let backends = world.routes().iter().flat_map(|route| {
        route
            .backends
            .iter()
            .map(move |backend| (&*route.origin, backend))
    });
    backends
        .filter_map(|(origin, backend)| leads(world, origin, backend))
        .collect()
}

/// The Services that webhooks, API services and conversions call exist and have the port.
pub fn webhook_service(world: &World, _: &Parameters) -> Vec<WorldFailure> {
    let backends = world
        .hooks()
        .iter()
        .flat_map(|hook| hook.backends.iter().map(move |backend| (&*hook.origin, backend)));
    backends
        .filter_map(|(origin, backend)| leads(world, origin, backend))
        .collect()
}

fn leads(world: &World, origin: &Origin, backend: &Backend) -> Option<WorldFailure> {
    let namespace = backend.namespace.as_deref().unwrap_or(origin.namespace());
    let services = || {
        world
            .reach(namespace)
            .flat_map(|space| space.services.named(&backend.service))
    };
    if services().next().is_none() {
        // `kubectl` and the API server make the Service `kubernetes` themselves.
        if (namespace, &*backend.service) == ("default", "kubernetes") {
            return None;
        }
        let table = world.space(namespace).map(|space| &space.services);
        return Some(missing(
            table,
            origin,
            &backend.spot,
            "Service",
            &backend.service,
            namespace,
        ));
    }
    let port = backend.port.as_ref()?;
    if services().any(|service| service.has_port(port)) {
        return None;
    }
    let message = format!("Service `{}` has no port `{port}`", backend.service);
    Some(WorldFailure::fail(origin, &backend.port_spot, message))
}

/// Something that is named and not in the input: it is missing where the input has others of its kind.
fn missing<T>(
    table: Option<&Table<T>>,
    origin: &Origin,
    spot: &Spot,
    kind: &str,
    name: &str,
    namespace: &str,
) -> WorldFailure {
    let place = in_namespace(namespace);
    if table.is_some_and(|table| !table.is_empty()) && !is_of_the_cluster(namespace) {
        return WorldFailure::fail(origin, spot, format!("There is no {kind} `{name}`{place}"));
    }
    WorldFailure::unknown(
        origin,
        spot,
        format!("{kind} `{name}`{place} is not in the input"),
    )
}

/// What an autoscaler scales exists.
pub fn autoscaler(world: &World, _: &Parameters) -> Vec<WorldFailure> {
    let scalers = world.spaces().flat_map(|(_, space)| &space.scalers);
    let check = |scaler: &Scaler| {
        let (kind, name) = &scaler.target;
        let namespace = scaler.origin.namespace();
        let targets = || {
            world
                .reach(namespace)
                .flat_map(|space| space.workloads.named(name))
        };
        if targets().any(|workload| workload.origin.object.kind == *kind) {
            return None;
        }
        let known = world.space(namespace).is_some_and(|space| {
            space
                .workloads
                .iter()
                .any(|workload| workload.origin.object.kind == *kind)
        });
        let mut message = format!("{kind} `{name}`{}", in_namespace(namespace));
        if !known {
            return Some(WorldFailure::unknown(
                &scaler.origin,
                &scaler.spot,
                message + " is not in the input",
            ));
        }
        message.insert_str(0, "There is no ");
        if let Some(other) = targets().next() {
            message.push_str(&format!(
                "; {} has that name",
                named(&other.origin, &scaler.origin)
            ));
        }
        Some(WorldFailure::fail(&scaler.origin, &scaler.spot, message))
    };
    scalers.filter_map(check).collect()
}

/// The service account that a workload runs as exists.
pub fn service_account(world: &World, _: &Parameters) -> Vec<WorldFailure> {
    let pods = world.spaces().flat_map(|(_, space)| space.pods());
    // Kubernetes makes `default` in every namespace.
    let named = pods.filter(|pod| &*pod.account != "default");
    let check = |pod: &Pod| {
        let namespace = pod.namespace();
        let mut accounts = world
            .reach(namespace)
            .flat_map(|space| space.accounts.named(&pod.account));
        if accounts.next().is_some() {
            return None;
        }
        let table = world.space(namespace).map(|space| &space.accounts);
        Some(missing(
            table,
            &pod.origin,
            &pod.account_spot,
            "ServiceAccount",
            &pod.account,
            namespace,
        ))
    };
    named.filter_map(check).collect()
}

/// The Service that governs a StatefulSet exists and is headless, as its pods get no names otherwise.
pub fn stateful_set_service(world: &World, _: &Parameters) -> Vec<WorldFailure> {
    let workloads = world.spaces().flat_map(|(_, space)| space.workloads.iter());
    let check = |workload: &Workload| {
        let (name, spot) = workload.service.as_ref()?;
        if name.is_empty() {
            return None;
        }
        let namespace = workload.origin.namespace();
        let services: Vec<&Service> = world
            .reach(namespace)
            .flat_map(|space| space.services.named(name))
            .collect();
        if services.is_empty() {
            let table = world.space(namespace).map(|space| &space.services);
            return Some(missing(table, &workload.origin, spot, "Service", name, namespace));
        }
        let headless = services.iter().any(|service| service.headless);
        let message = format!("Service `{name}` is not headless, so the pods get no names of their own");
        (!headless).then(|| WorldFailure::fail(&workload.origin, spot, message))
    };
    workloads.filter_map(check).collect()
}

/// The role of a binding exists. What a role allows that is not in the input, no rule guesses.
pub fn role(world: &World, _: &Parameters) -> Vec<WorldFailure> {
    let check = |binding: &Binding| {
        if world.allowed_by(binding).is_some() {
            return None;
        }
        let namespace = binding.origin.namespace();
        if binding.cluster_role {
            let message = format!(
                "ClusterRole `{}` is not in the input, so what it allows is not known",
                binding.role
            );
            return Some(WorldFailure::unknown(
                &binding.origin,
                &binding.role_spot,
                message,
            ));
        }
        let table = world.space(namespace).map(|space| &space.roles);
        Some(missing(
            table,
            &binding.origin,
            &binding.role_spot,
            "Role",
            &binding.role,
            namespace,
        ))
    };
    world.bindings().iter().filter_map(check).collect()
}

/// The service accounts that a binding names exist: whoever may make one of that name gets what the role allows.
pub fn subject(world: &World, _: &Parameters) -> Vec<WorldFailure> {
    let mut failures = Vec::new();
    for binding in world.bindings() {
        for subject in binding
            .subjects
            .iter()
            .filter(|subject| &*subject.kind == "ServiceAccount")
        {
            let namespace = &*subject.namespace;
            let mut accounts = world
                .reach(namespace)
                .flat_map(|space| space.accounts.named(&subject.name));
            if &*subject.name == "default" || accounts.next().is_some() {
                continue;
            }
            let table = world.space(namespace).map(|space| &space.accounts);
            failures.push(missing(
                table,
                &binding.origin,
                &subject.spot,
                "ServiceAccount",
                &subject.name,
                namespace,
            ));
        }
    }
    failures
}

/// Every admission policy is bound, and every binding has its policy: one without the other does nothing.
pub fn admission_policy(world: &World, _: &Parameters) -> Vec<WorldFailure> {
    let bindings = world.admission_bindings();
    let policies = world.admission_policies();
    let bound = |policy: &Origin| {
        let of_kind =
            |binding: &Origin| binding.object.kind.strip_suffix("Binding") == Some(&policy.object.kind);
        bindings
            .iter()
            .any(|(binding, name, _)| **name == *policy.name() && of_kind(binding))
    };
    let certain = |others: bool| if others { Truth::No } else { Truth::Unknown };
    let unbound = policies.iter().filter(|policy| !bound(policy)).map(|policy| {
        let message = "No binding of the input names this policy; without one it does nothing";
        WorldFailure::new(certain(!bindings.is_empty()), policy, &policy.here, message)
    });
    let dangling = bindings
        .iter()
        .filter(|(_, name, _)| policies.named(name).next().is_none());
    let dangling = dangling.map(|(binding, name, spot)| {
        let kind = binding.object.kind.trim_end_matches("Binding");
        let message = format!("{kind} `{name}` is not in the input; without it the binding does nothing");
        WorldFailure::new(certain(!policies.is_empty()), binding, spot, message)
    });
    unbound.chain(dangling).collect()
}

/// The name of a port that a Service leads to is that of a container's port, in one of its pods at least. A headless
/// Service only lacks an SRV record where it is not.
pub fn service_target_port(world: &World, _: &Parameters) -> Vec<WorldFailure> {
    let mut failures = Vec::new();
    let mut known: FxHashMap<(&str, &Selector, &str), Option<&Pod>> = FxHashMap::default();
    let services = world.spaces().flat_map(|(_, space)| space.services.iter());
    for service in services.filter(|service| !service.headless) {
        let Some((selector, _)) = &service.selector else {
            continue;
        };
        let namespace = service.origin.namespace();
        for (name, spot) in service.ports.iter().filter_map(|port| port.target.as_ref()) {
            // The first of the pods, if none of them has the port.
            let first = known.entry((namespace, selector, name)).or_insert_with(|| {
                let has = |pod: &Pod| {
                    pod.containers
                        .iter()
                        .any(|container| container.ports.iter().any(|(own, _)| own == name))
                };
                let mut pods = world.selected(namespace, selector).peekable();
                let first = pods.peek().copied();
                first.filter(|_| !pods.any(has))
            });
            if let Some(first) = first {
                let first = named(&first.origin, &service.origin);
                let message =
                    format!("No container of {first} has a port named `{name}`, so nothing is sent there");
                failures.push(WorldFailure::fail(&service.origin, spot, message));
            }
        }
    }
    failures
}
