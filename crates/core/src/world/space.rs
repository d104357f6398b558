//! One namespace.

use super::access::{Account, Role};
use super::config::Config;
use super::labels::Selector;
use super::network::{Monitor, Policy, Service};
use super::scaling::{Budget, Scaler};
use super::workload::{Pod, Workload};
use rustc_hash::{FxHashMap, FxHashSet};

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

impl Space {
    pub(super) fn add_workload(&mut self, workload: Workload, pods: Vec<Pod>) {
        let owner = self.workloads.len() as u32;
        let start = self.pods.len() as u32;
        for pod in pods {
            let index = self.pods.len() as u32;
            for hash in pod.labels.hashes() {
                self.by_label.entry(hash).or_default().push(index);
            }
            self.pods.push(Pod { owner, ..pod });
        }
        let pods = start..self.pods.len() as u32;
        let name = workload.origin.clone();
        self.workloads.push(name.name(), Workload { pods, ..workload });
    }

    /// The pods of one of its workloads.
    pub fn pods_of(&self, workload: &Workload) -> &[Pod] {
        let pods = workload.pods.start as usize..workload.pods.end as usize;
        self.pods.get(pods).unwrap_or_default()
    }

    /// The workload of one of its pods.
    pub fn owner(&self, pod: &Pod) -> Option<&Workload> {
        self.workloads.get(pod.owner as usize)
    }

    /// Its pods.
    pub fn pods(&self) -> &[Pod] {
        &self.pods
    }

    /// Whether at least one of the selectors finds each of its pods, in the order of [`Space::pods`].
    pub fn covered<'s>(&self, selectors: impl Iterator<Item = &'s Selector>) -> Vec<bool> {
        let mut covered = vec![false; self.pods.len()];
        let mut seen = FxHashSet::default();
        for selector in selectors.filter(|selector| seen.insert(*selector)) {
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
        let with_label = |hash: u64| self.by_label.get(&hash).map_or(&[][..], Vec::as_slice);
        let rarest = selector
            .equal
            .hashes()
            .map(with_label)
            .min_by_key(|pods| pods.len());
        let count = rarest.map_or(self.pods.len(), <[u32]>::len);
        let at = move |index: usize| match rarest {
            Some(rarest) => rarest.get(index).map(|index| *index as usize),
            None => Some(index),
        };
        (0..count).filter_map(at).filter(|index| {
            self.pods
                .get(*index)
                .is_some_and(|pod| selector.matches(&pod.labels))
        })
    }
}

/// Things in the order of the input, found by name. Several may have one name.
#[derive(Clone, Debug)]
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
    pub(super) fn push(&mut self, name: &str, item: T) {
        self.by_name
            .entry(name.into())
            .or_default()
            .push(self.items.len() as u32);
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

    /// How many there are.
    pub fn len(&self) -> usize {
        self.items.len()
    }

    fn get(&self, index: usize) -> Option<&T> {
        self.items.get(index)
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }
}
