//! Predicates that the algebra can't say. Each has the name of its rule; its words stand in the rule's file.

mod dangling;
mod duplicates;
mod exposure;
mod fields;
mod grants;
mod isolation;
mod references;
mod scaling;
mod tenancy;
mod words;

pub use grants::{CHECK, DEED, Grants};

use crate::algebra::{Failure, Parameters, Scope};
use crate::world::{Wanted, World, WorldFailure};

/// A predicate of one item: where it does not hold.
pub type Local = for<'a> fn(&Scope<'a>) -> Vec<Failure<'a>>;

/// A predicate of everything that was scanned: where it does not hold. It is given the values of the rule's parameters.
pub type Global = fn(&World, &Parameters) -> Vec<WorldFailure>;

/// How a rule with `check: builtin` is checked.
#[derive(Clone, Copy, Debug)]
pub enum Builtin {
    /// Each item alone.
    Local(Local),
    /// All objects together, after the last was read, by these facts.
    Global(Global, Wanted),
}

const PODS: Wanted = Wanted::WORKLOADS;
const ISOLATION: Wanted = PODS.and(Wanted::POLICIES).and(Wanted::NAMESPACES);
const TENANCY: Wanted = PODS.and(Wanted::NAMESPACES);
const SERVICES: Wanted = PODS.and(Wanted::SERVICES);
const BACKENDS: Wanted = Wanted::ROUTES.and(Wanted::SERVICES);
const SCALING: Wanted = PODS.and(Wanted::SCALERS);
const BUDGETS: Wanted = SCALING.and(Wanted::BUDGETS);
const ACCESS: Wanted = Wanted::ROLES.and(Wanted::ACCOUNTS);
const CONFIG: Wanted = Wanted::REFERENCES.and(Wanted::CONFIGS);

/// The predicates, by the id of their rule.
const TABLE: &[(&str, Builtin)] = &[
    (
        "autoscaler-and-replicas",
        global(scaling::fixed_replicas, SCALING),
    ),
    ("autoscaler-conflict", global(scaling::conflict, SCALING)),
    ("autoscaler-duplicate", global(scaling::duplicate, SCALING)),
    (
        "autoscaler-without-requests",
        global(scaling::without_requests, SCALING),
    ),
    ("config-key-missing", global(references::key_missing, CONFIG)),
    (
        "dangling-admission-policy",
        global(dangling::admission_policy, Wanted::ADMISSION),
    ),
    ("dangling-autoscaler", global(dangling::autoscaler, SCALING)),
    ("dangling-backend", global(dangling::backend, BACKENDS)),
    (
        "dangling-claim",
        global(references::claim_missing, Wanted::REFERENCES.and(Wanted::CLAIMS)),
    ),
    ("dangling-config", global(references::config_missing, CONFIG)),
    (
        "dangling-budget",
        global(dangling::disruption_budget, PODS.and(Wanted::BUDGETS)),
    ),
    (
        "dangling-monitor",
        global(dangling::monitor, SERVICES.and(Wanted::MONITORS)),
    ),
    (
        "dangling-network-policy",
        global(dangling::network_policy, PODS.and(Wanted::POLICIES)),
    ),
    (
        "dangling-network-policy-peer",
        global(dangling::network_policy_peer, PODS.and(Wanted::POLICIES)),
    ),
    ("dangling-role", global(dangling::role, ACCESS)),
    ("dangling-service", global(dangling::service, SERVICES)),
    (
        "dangling-service-account",
        global(dangling::service_account, PODS.and(Wanted::ACCOUNTS)),
    ),
    ("dangling-subject", global(dangling::subject, ACCESS)),
    (
        "dangling-target-port",
        global(dangling::service_target_port, SERVICES),
    ),
    (
        "dangling-webhook",
        global(dangling::webhook_service, Wanted::HOOKS.and(Wanted::SERVICES)),
    ),
    (
        "default-deny-missing",
        global(isolation::default_deny_missing, ISOLATION),
    ),
    ("budget-missing", global(scaling::budget_missing, BUDGETS)),
    ("budget-over-replicas", global(scaling::over_replicas, BUDGETS)),
    (
        "budget-overlap",
        global(scaling::overlap, PODS.and(Wanted::BUDGETS)),
    ),
    (
        "duplicate-object",
        global(duplicates::duplicate_object, Wanted::EVERYTHING),
    ),
    (
        "exposed-powerful-workload",
        global(exposure::exposed_power, SERVICES.and(Wanted::ROUTES)),
    ),
    (
        "exposed-workload",
        global(exposure::exposed, SERVICES.and(Wanted::ROUTES)),
    ),
    (
        "ingress-host-of-two-namespaces",
        global(exposure::host_shared, Wanted::ROUTES),
    ),
    (
        "ingress-path-duplicate",
        global(exposure::path_duplicate, Wanted::ROUTES),
    ),
    (
        "namespace-level-too-low",
        global(tenancy::weaker_than_needed, TENANCY),
    ),
    ("namespace-refuses-workload", global(tenancy::refused, TENANCY)),
    ("namespace-shared-by-tenants", global(tenancy::shared, TENANCY)),
    (
        "namespace-without-limit-range",
        global(tenancy::no_limit_range, TENANCY),
    ),
    (
        "namespace-without-network-policy",
        global(isolation::missing, ISOLATION),
    ),
    ("namespace-without-quota", global(tenancy::no_quota, TENANCY)),
    ("probe-port", local(fields::probe_port)),
    ("probes-equal", local(fields::probes_equal)),
    (
        "published-name-duplicate",
        global(exposure::published_twice, Wanted::SERVICES),
    ),
    ("selector-mismatch", local(fields::selector_mismatch)),
    ("selector-overlap", global(scaling::selector_overlap, PODS)),
    ("service-port-duplicate", local(fields::service_ports)),
    (
        "service-selector-duplicate",
        global(exposure::selector_duplicate, Wanted::SERVICES),
    ),
    (
        "stateful-set-service",
        global(dangling::stateful_set_service, SERVICES),
    ),
    ("undefined-variable", local(fields::undefined_variable)),
    (
        "workload-egress-not-isolated",
        global(isolation::egress, ISOLATION),
    ),
    (
        "workload-ingress-not-isolated",
        global(isolation::ingress, ISOLATION),
    ),
];

const fn global(check: Global, wanted: Wanted) -> Builtin {
    Builtin::Global(check, wanted)
}

const fn local(check: Local) -> Builtin {
    Builtin::Local(check)
}

/// The predicate of that rule.
pub fn find(id: &str) -> Option<Builtin> {
    TABLE
        .iter()
        .find(|(name, _)| *name == id)
        .map(|(_, builtin)| *builtin)
}
