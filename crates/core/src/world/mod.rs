//! What is known of all objects together: small facts, not trees.
//!
//! While an object's tree is there, a [`Fact`] is made of it: a few names, labels and places, of kinds that a rule
//! asks for. After the last object the rules about several objects are judged on the [`World`] of all facts.
//!
//! **What a verdict means.** What is wrong within the input is a *fail*: a policy that selects none of the
//! workloads of its namespace when there are some, two autoscalers of one workload, a Service without the port that
//! an Ingress sends to. What may exist outside of the input is *unknown*: a role, a Secret, the policies of a
//! namespace whose Namespace object is not among what was read. Where the input has objects of that kind in that
//! namespace, it is taken to have all of them, but for the namespaces of the cluster itself.
//!
//! **Namespaces.** An object in which no namespace is written goes wherever someone applies it, so it is not taken
//! to be in `default`: all such objects of a scan are in one namespace without a name, whichever files they stand
//! in. A reference from a written namespace may also lead there, as `kubectl apply --namespace` would put it there.
//!
//! **Cost.** The files of one application may be read many times over, for every place it is put to. What is found by a
//! selector, or by an account's name, is looked at once for all objects that name the same; else every copy would be
//! compared with every other.
//!
//! **Limits.** No more than [`World::MOST_FACTS`] objects are kept. With more than that rules about several objects
//! say nothing, as half of the world would make them wrong.

mod access;
mod config;
mod fact;
mod known;
mod labels;
mod network;
mod place;
mod reach;
mod scaling;
mod space;
mod workload;

pub use access::{Account, Allowed, Binding, Deed, Role, Subject as BindingSubject};
pub use config::{Config, Namespace};
pub use fact::{Fact, Subject, Wanted};
pub use known::known_role;
pub use labels::{Labels, Selector};
pub use network::{Backend, Claimed, Hook, Monitor, Policy, PortRef, Route, Service, ServicePort};
pub use place::{Origin, Place, Places, Spot};
pub use scaling::{Amount, Budget, Scaler, ScalerKind};
pub use space::{Space, Table};
pub use workload::{Container, Pod, Reference, Target, Workload};

use crate::algebra::Truth;
use fact::Body;
use rustc_hash::FxHashMap;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Everything that was read, as far as rules about several objects need it.
#[derive(Debug, Default)]
pub struct World {
    spaces: BTreeMap<Box<str>, Space>,
    origins: Vec<Arc<Origin>>,
    roles: Table<Role>,
    bindings: Vec<Binding>,
    bound: FxHashMap<Box<str>, Vec<u32>>,
    namespaces: Table<Namespace>,
    routes: Vec<Route>,
    hooks: Vec<Hook>,
    admission_policies: Table<Arc<Origin>>,
    admission_bindings: Vec<(Arc<Origin>, Box<str>, Spot)>,
    other_policies: bool,
    left_out: usize,
}

/// Whether a namespace holds objects that Kubernetes or its distribution makes, so that the input never has all of them.
pub fn is_of_the_cluster(namespace: &str) -> bool {
    matches!(namespace, "kube-system" | "kube-public" | "kube-node-lease")
}

/// A rule about several objects, broken.
#[derive(Debug)]
pub struct WorldFailure {
    /// [`Truth::No`] or [`Truth::Unknown`].
    pub truth: Truth,
    /// Where.
    pub place: Place,
    /// What is there, and what must be.
    pub message: String,
}

impl WorldFailure {
    /// What is wrong within the input.
    pub fn fail(origin: &Origin, spot: &Spot, message: impl Into<String>) -> Self {
        Self::new(Truth::No, origin, spot, message)
    }

    /// What depends on something outside of the input.
    pub fn unknown(origin: &Origin, spot: &Spot, message: impl Into<String>) -> Self {
        Self::new(Truth::Unknown, origin, spot, message)
    }

    /// Either of them.
    pub fn new(truth: Truth, origin: &Origin, spot: &Spot, message: impl Into<String>) -> Self {
        Self {
            truth,
            place: origin.at(spot),
            message: message.into(),
        }
    }
}

impl World {
    /// So many objects are kept at most; they take some 200 MB.
    pub const MOST_FACTS: usize = 100_000;

    /// Adds what is known of one more object. Facts come in the order of the input.
    pub fn add(&mut self, fact: Fact) {
        if self.left_out > 0 || self.origins.len() >= Self::MOST_FACTS {
            let left_out = self.left_out + self.origins.len() + 1;
            // What nothing will be said of need not be kept.
            *self = Self {
                left_out,
                ..Self::default()
            };
            return;
        }
        let Fact { origin, body } = fact;
        let name = origin.name();
        let space = self.spaces.entry(origin.namespace().into()).or_default();
        match body {
            Body::Workload(workload, pods) => space.add_workload(*workload, pods),
            Body::Service(service) => space.services.push(name, *service),
            Body::Policy(policy) => space.policies.push(*policy),
            Body::OtherPolicy => {
                space.other_policies = true;
                self.other_policies |= origin.object.namespace.is_none();
            }
            Body::Route(route) => self.routes.push(*route),
            Body::Scaler(scaler) => space.scalers.push(*scaler),
            Body::Budget(budget) => space.budgets.push(*budget),
            Body::Account(account) => space.accounts.push(name, account),
            Body::Role(role) if &*origin.object.kind == "Role" => space.roles.push(name, *role),
            Body::Role(role) => self.roles.push(name, *role),
            Body::Binding(binding) => self.add_binding(*binding),
            Body::Namespace(namespace) => self.namespaces.push(name, *namespace),
            Body::Quota => space.quota = true,
            Body::LimitRange => space.limit_range = true,
            Body::ConfigMap(config) => space.config_maps.push(name, config),
            Body::Secret(config) => space.secrets.push(name, config),
            Body::MadeSecret(name) => space.secrets.push(&name, Config { keys: None }),
            Body::Claim => space.claims.push(name, ()),
            Body::Monitor(monitor) => space.monitors.push(*monitor),
            Body::Hook(hook) => self.hooks.push(*hook),
            Body::AdmissionPolicy => self.admission_policies.push(name, origin.clone()),
            Body::AdmissionBinding(policy, spot) => {
                self.admission_bindings.push((origin.clone(), policy, spot));
            }
            Body::Operand => space.operands = true,
            Body::Nothing => {}
        }
        self.origins.push(origin);
    }

    fn add_binding(&mut self, binding: Binding) {
        let index = self.bindings.len() as u32;
        for subject in &binding.subjects {
            let key = match &*subject.kind {
                "ServiceAccount" => subject.name.clone(),
                "Group" => format!("group {}", subject.name).into(),
                _ => continue,
            };
            self.bound.entry(key).or_default().push(index);
        }
        self.bindings.push(binding);
    }

    /// How many objects there were, where they are too many to be kept: rules about several objects say nothing then.
    pub fn left_out(&self) -> usize {
        self.left_out
    }

    /// All namespaces of which something is known, by name; the one without a name comes first.
    pub fn spaces(&self) -> impl Iterator<Item = (&str, &Space)> {
        self.spaces.iter().map(|(name, space)| (&**name, space))
    }

    /// What is known of a namespace.
    pub fn space(&self, name: &str) -> Option<&Space> {
        self.spaces.get(name)
    }

    /// Where a reference into a namespace may lead: to that namespace, and to where none is written.
    pub fn reach(&self, namespace: &str) -> impl Iterator<Item = &Space> {
        let unwritten = (!namespace.is_empty()).then(|| self.space("")).flatten();
        self.space(namespace).into_iter().chain(unwritten)
    }

    /// The pods that a selector finds in a namespace.
    pub fn selected<'w>(&'w self, namespace: &str, selector: &'w Selector) -> impl Iterator<Item = &'w Pod> {
        self.reach(namespace)
            .flat_map(move |space| space.selected(selector))
    }

    /// Whether the input has pods in a namespace, so that a selector there ought to find some.
    pub fn has_pods(&self, namespace: &str) -> bool {
        self.space(namespace)
            .is_some_and(|space| !space.pods().is_empty())
    }

    /// Whether custom resources are in a namespace that may make pods.
    pub fn may_make_pods(&self, namespace: &str) -> bool {
        self.space(namespace).is_some_and(|space| space.operands)
    }

    /// The Namespace object of that name.
    pub fn namespace(&self, name: &str) -> Option<&Namespace> {
        self.namespaces.named(name).next()
    }

    /// All Namespace objects.
    pub fn namespaces(&self) -> impl Iterator<Item = &Namespace> {
        self.namespaces.iter()
    }

    /// All objects, if a rule asked for them.
    pub fn origins(&self) -> &[Arc<Origin>] {
        &self.origins
    }

    /// All bindings but those that Kubernetes makes itself.
    pub fn bindings(&self) -> &[Binding] {
        &self.bindings
    }

    /// Ingresses and routes.
    pub fn routes(&self) -> &[Route] {
        &self.routes
    }

    /// What makes the API server call a Service.
    pub fn hooks(&self) -> &[Hook] {
        &self.hooks
    }

    /// Policies of admission, by name.
    pub fn admission_policies(&self) -> &Table<Arc<Origin>> {
        &self.admission_policies
    }

    /// Bindings of admission policies: the object, the policy's name, and where that is written.
    pub fn admission_bindings(&self) -> &[(Arc<Origin>, Box<str>, Spot)] {
        &self.admission_bindings
    }

    /// Whether policies of a network plugin hold in that namespace, so that ours are not all.
    pub fn has_other_policies(&self, namespace: &str) -> bool {
        self.other_policies || self.space(namespace).is_some_and(|space| space.other_policies)
    }
}
