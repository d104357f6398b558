//! What is known of all objects together: small facts, not trees.
//!
//! While an object's tree is there, a [`Fact`] is made of it: a few names, labels and places, of kinds that a rule
//! asks for. After the last object the rules about several objects are judged on the [`World`] of all facts.
//!
//! **What a verdict means.** What is wrong within the input is a *fail*: a policy that selects none of the
//! workloads of its namespace when there are some, two autoscalers of one workload, a Service without the port that
//! an Ingress sends to. What may exist outside of the input is *unknown*: a role, a Secret, the policies of a
//! namespace whose Namespace object is not among what was read. Where the input has objects of that kind in that
//! namespace, it is taken to have all of them.
//!
//! **Namespaces.** An object in which no namespace is written goes wherever someone applies it, so it is not taken
//! to be in `default`: all such objects of a scan are in one namespace without a name, whichever files they stand
//! in. A reference from a written namespace may also lead there, as `kubectl apply --namespace` would put it there.
//!
//! **Limits.** No more than [`World::MOST_FACTS`] objects are kept. With more than that rules about several objects
//! say nothing, as half of the world would make them wrong.

mod access;
mod config;
mod fact;
mod labels;
mod network;
mod place;
mod scaling;
mod workload;

pub use access::{Account, Allowed, Binding, Deed, Role, Subject as BindingSubject, known_role};
pub use config::{Config, Namespace};
pub use fact::{Fact, Subject, Wanted};
pub use labels::{Labels, Selector};
pub use network::{Backend, Claimed, Hook, Monitor, Policy, PortRef, Route, Service, ServicePort};
pub use place::{Origin, Place, Places, Spot};
pub use scaling::{Amount, Budget, Scaler, ScalerKind};
pub use workload::{Container, Pod, Reference, Target, Workload};

use crate::algebra::Truth;
use fact::Body;
use labels::pair_hash;
use rustc_hash::FxHashMap;
use std::borrow::Cow;
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

/// What is known of one namespace.
#[derive(Debug, Default)]
pub struct Space {
    /// Its workloads.
    pub workloads: Table<Workload>,
    pods: Vec<Pod>,
    by_label: FxHashMap<u64, Vec<u32>>,
    /// Its Services.
    pub services: Table<Service>,
    /// Its NetworkPolicies.
    pub policies: Vec<Policy>,
    /// Whether a network plugin's own policies are in it.
    pub other_policies: bool,
    /// Its autoscalers.
    pub scalers: Vec<Scaler>,
    /// Its PodDisruptionBudgets.
    pub budgets: Vec<Budget>,
    /// Its ServiceAccounts.
    pub accounts: Table<Account>,
    /// Its Roles.
    pub roles: Table<Role>,
    /// Whether it has a ResourceQuota.
    pub quota: bool,
    /// Whether it has a LimitRange.
    pub limit_range: bool,
    /// Its ConfigMaps.
    pub config_maps: Table<Config>,
    /// Its Secrets, those too that other objects have made.
    pub secrets: Table<Config>,
    /// Its PersistentVolumeClaims.
    pub claims: Table<()>,
    /// Its ServiceMonitors and PodMonitors.
    pub monitors: Vec<Monitor>,
    /// Whether custom resources are in it that may make pods.
    pub operands: bool,
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
    /// So many objects are kept at most: some ten times as many as are in a large cluster.
    pub const MOST_FACTS: usize = 100_000;

    /// Adds what is known of one more object. Facts come in the order of the input.
    pub fn add(&mut self, fact: Fact) {
        if self.origins.len() >= Self::MOST_FACTS {
            self.left_out += 1;
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

    /// How many objects were one too many: where there are any, rules about several objects can't be judged.
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
        self.reach(namespace).flat_map(move |space| space.selected(selector))
    }

    /// Whether the input has pods in a namespace, so that a selector there ought to find some.
    pub fn has_pods(&self, namespace: &str) -> bool {
        self.space(namespace).is_some_and(|space| !space.pods.is_empty())
    }

    /// Whether pods may come from elsewhere than from workloads in the input.
    pub fn may_have_other_pods(&self, namespace: &str) -> bool {
        !self.has_pods(namespace) || self.space(namespace).is_some_and(|space| space.operands)
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

    /// What a binding's role allows; `None` where the role is not in the input, nor one that Kubernetes makes.
    pub fn allowed_by<'w>(&'w self, binding: &Binding) -> Option<Cow<'w, [Allowed]>> {
        if !binding.cluster_role {
            let role = self.reach(binding.origin.namespace()).find_map(|space| space.roles.named(&binding.role).next());
            return role.map(|role| Cow::Borrowed(&role.rules[..]));
        }
        let own = self.roles.named(&binding.role).next();
        let known = if own.is_none() { known_role(&binding.role) } else { None };
        let labels = access::aggregates_to(&binding.role);
        match (own, known) {
            (Some(role), _) if role.aggregates.is_empty() => Some(Cow::Borrowed(&role.rules)),
            (Some(role), _) => {
                let mut rules = role.rules.clone();
                let taken = self.roles.iter().filter(|other| role.aggregates.iter().any(|taken| taken.matches(&other.labels)));
                rules.extend(taken.flat_map(|other| other.rules.iter().cloned()));
                Some(Cow::Owned(rules))
            }
            (None, Some(mut rules)) => {
                let adds = |other: &&Role| labels.iter().any(|label| other.labels.get(label) == Some("true"));
                rules.extend(self.roles.iter().filter(adds).flat_map(|other| other.rules.iter().cloned()));
                Some(Cow::Owned(rules))
            }
            (None, None) => None,
        }
    }

    /// The bindings that hold for a pod's service account. A pod whose namespace is not written runs as any account
    /// of that name, but for one that is in the input elsewhere.
    pub fn bindings_of(&self, namespace: &str, account: &str) -> Vec<&Binding> {
        let elsewhere = |namespace: &str| {
            self.space(namespace).is_some_and(|space| space.accounts.named(account).next().is_some())
        };
        let is_it = |subject: &BindingSubject| {
            &*subject.kind == "ServiceAccount"
                && *subject.name == *account
                && (*subject.namespace == *namespace
                    || namespace.is_empty() && !elsewhere(&subject.namespace)
                    || subject.namespace.is_empty())
        };
        let at = |key: &str| self.bound.get(key).into_iter().flatten().filter_map(|index| self.bindings.get(*index as usize));
        let mut found: Vec<&Binding> = at(account).filter(|binding| binding.subjects.iter().any(is_it)).collect();
        let own_group = format!("group system:serviceaccounts:{namespace}");
        for group in ["group system:serviceaccounts", "group system:authenticated", &own_group] {
            found.extend(at(group));
        }
        found.retain(|binding| binding.cluster || binding.origin.namespace() == namespace || namespace.is_empty());
        found
    }
}

impl Space {
    fn add_workload(&mut self, workload: Workload, pods: Vec<Pod>) {
        for pod in pods {
            let index = self.pods.len() as u32;
            for (key, value) in pod.labels.pairs() {
                self.by_label.entry(pair_hash(key, value)).or_default().push(index);
            }
            self.pods.push(pod);
        }
        let name = workload.origin.clone();
        self.workloads.push(name.name(), workload);
    }

    /// Its pods.
    pub fn pods(&self) -> &[Pod] {
        &self.pods
    }

    /// Whether at least one of the selectors finds each of its pods, in the order of [`Space::pods`].
    pub fn covered<'s>(&self, selectors: impl Iterator<Item = &'s Selector>) -> Vec<bool> {
        let mut covered = vec![false; self.pods.len()];
        for selector in selectors {
            for index in self.found(selector) {
                if let Some(slot) = covered.get_mut(index) {
                    *slot = true;
                }
            }
        }
        covered
    }

    /// The pods that a selector finds here.
    pub fn selected<'w>(&'w self, selector: &'w Selector) -> impl Iterator<Item = &'w Pod> {
        self.found(selector).filter_map(|index| self.pods.get(index))
    }

    fn found<'w>(&'w self, selector: &'w Selector) -> impl Iterator<Item = usize> + use<'w> {
        // The rarest of the labels that are asked for is looked up, and the rest compared.
        let with_label = |(key, value): (&str, &str)| self.by_label.get(&pair_hash(key, value)).map_or(&[][..], Vec::as_slice);
        let rarest = selector.equal.pairs().map(with_label).min_by_key(|pods| pods.len());
        let count = rarest.map_or(self.pods.len(), <[u32]>::len);
        let at = move |index: usize| match rarest {
            Some(rarest) => rarest.get(index).map(|index| *index as usize),
            None => Some(index),
        };
        (0..count)
            .filter_map(at)
            .filter(|index| self.pods.get(*index).is_some_and(|pod| selector.matches(&pod.labels)))
    }
}

/// Things in the order of the input, found by name. Several may have one name.
#[derive(Debug)]
pub struct Table<T> {
    items: Vec<T>,
    by_name: FxHashMap<Box<str>, Vec<u32>>,
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self {
            items: Vec::new(),
            by_name: FxHashMap::default(),
        }
    }
}

impl<T> Table<T> {
    fn push(&mut self, name: &str, item: T) {
        self.by_name.entry(name.into()).or_default().push(self.items.len() as u32);
        self.items.push(item);
    }

    /// Those of that name.
    pub fn named(&self, name: &str) -> impl Iterator<Item = &T> {
        let found = self.by_name.get(name).into_iter().flatten();
        found.filter_map(|index| self.items.get(*index as usize))
    }

    /// All of them.
    pub fn iter(&self) -> std::slice::Iter<'_, T> {
        self.items.iter()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }
}
