//! Who is allowed what, as far as the input tells.

use super::World;
use super::access::{Allowed, Binding, Role, Subject};
use super::known::{aggregates_to, is_known_role, known_role};
use std::borrow::Cow;

impl World {
    /// What a binding's role allows; `None` where the role is not in the input, nor one that Kubernetes makes.
    pub fn allowed_by<'w>(&'w self, binding: &Binding) -> Option<Cow<'w, [Allowed]>> {
        if !binding.cluster_role {
            let role = self
                .reach(binding.origin.namespace())
                .find_map(|space| space.roles.named(&binding.role).next());
            let known = is_known_role(binding.origin.namespace(), &binding.role);
            return role
                .map(|role| Cow::Borrowed(&role.rules[..]))
                .or_else(|| known.then(|| Cow::Owned(Vec::new())));
        }
        let own = self.roles.named(&binding.role).next();
        let known = if own.is_none() {
            known_role(&binding.role)
        } else {
            None
        };
        let labels = aggregates_to(&binding.role);
        match (own, known) {
            (Some(role), _) if role.aggregates.is_empty() => Some(Cow::Borrowed(&role.rules)),
            (Some(role), _) => {
                let mut rules = role.rules.clone();
                let taken = self
                    .roles
                    .iter()
                    .filter(|other| role.aggregates.iter().any(|taken| taken.matches(&other.labels)));
                rules.extend(taken.flat_map(|other| other.rules.iter().cloned()));
                Some(Cow::Owned(rules))
            }
            (None, Some(mut rules)) => {
                let adds = |other: &&Role| labels.iter().any(|label| other.labels.get(label) == Some("true"));
                rules.extend(
                    self.roles
                        .iter()
                        .filter(adds)
                        .flat_map(|other| other.rules.iter().cloned()),
                );
                Some(Cow::Owned(rules))
            }
            (None, None) => None,
        }
    }

    /// The bindings that hold for a pod's service account. A pod whose namespace is not written runs as any account
    /// of that name, but for one that is in the input elsewhere.
    pub fn bindings_of(&self, namespace: &str, account: &str) -> Vec<&Binding> {
        let elsewhere = |namespace: &str| {
            self.space(namespace)
                .is_some_and(|space| space.accounts.named(account).next().is_some())
        };
        let is_it = |subject: &Subject| {
            &*subject.kind == "ServiceAccount"
                && *subject.name == *account
                && (*subject.namespace == *namespace
                    || namespace.is_empty() && !elsewhere(&subject.namespace)
                    || subject.namespace.is_empty())
        };
        let at = |key: &str| {
            self.bound
                .get(key)
                .into_iter()
                .flatten()
                .filter_map(|index| self.bindings.get(*index as usize))
        };
        let mut found: Vec<&Binding> = at(account)
            .filter(|binding| binding.subjects.iter().any(is_it))
            .collect();
        let own_group = format!("group system:serviceaccounts:{namespace}");
        for group in [
            "group system:serviceaccounts",
            "group system:authenticated",
            &own_group,
        ] {
            found.extend(at(group));
        }
        found.retain(|binding| {
            binding.cluster || binding.origin.namespace() == namespace || namespace.is_empty()
        });
        found
    }
}
