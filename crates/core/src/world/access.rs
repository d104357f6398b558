//! Who may do what: service accounts, roles and what binds them together.
//! Source: k8s.io/kubernetes, `pkg/registry/rbac/validation`.

use super::place::{Origin, Places, Spot};
use super::{Labels, Selector};
use hardtack_tree::Node;
use std::sync::Arc;

/// A ServiceAccount.
#[derive(Clone, Debug)]
pub struct Account {
    /// The object.
    pub origin: Arc<Origin>,
    /// What it says of `automountServiceAccountToken`.
    pub automount: Option<bool>,
}

/// A Role or a ClusterRole.
#[derive(Clone, Debug)]
pub struct Role {
    /// The object.
    pub origin: Arc<Origin>,
    /// Its labels; other roles may take its rules by them.
    pub labels: Labels,
    /// What it allows.
    pub rules: Vec<Allowed>,
    /// Which ClusterRoles' rules it takes; any one selector is enough.
    pub aggregates: Vec<Selector>,
}

/// One rule of a role.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Allowed {
    /// `*` for all.
    pub groups: Vec<Box<str>>,
    /// `pods`, `pods/exec`, `*`, `*/scale`.
    pub resources: Vec<Box<str>>,
    /// `*` for all.
    pub verbs: Vec<Box<str>>,
    /// Whether it is about objects of certain names only.
    pub named: bool,
}

/// Something that one may be allowed to do: any of the verbs on any of the resources.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Deed {
    /// API groups; empty for the core group.
    pub groups: Vec<Box<str>>,
    /// Resources, with their subresource: `pods/exec`. `*` stands only for a rule that says `*`.
    pub resources: Vec<Box<str>>,
    /// Verbs. `*` stands only for a rule that says `*`.
    pub verbs: Vec<Box<str>>,
}

impl Allowed {
    pub(super) fn of(rule: Node<'_>) -> Self {
        let list = |key: &str| -> Vec<Box<str>> {
            let items = rule.get(key).map(Node::items).into_iter().flatten();
            items.map(|item| item.scalar().into()).collect()
        };
        Self {
            groups: list("apiGroups"),
            resources: list("resources"),
            verbs: list("verbs"),
            named: rule.get("resourceNames").is_some_and(|names| !names.is_empty()),
        }
    }

    /// The verb and the resource of `deed` that the rule allows, if it does, on objects of any name.
    pub fn allows<'d>(&self, deed: &'d Deed) -> Option<(&'d str, &'d str)> {
        if self.named {
            return None;
        }
        let among = |own: &[Box<str>], wanted: &str| own.iter().any(|own| **own == *wanted || **own == *"*");
        let core = [Box::from("")];
        let groups: &[Box<str>] = if deed.groups.is_empty() {
            &core
        } else {
            &deed.groups
        };
        let group = groups.iter().any(|group| among(&self.groups, group));
        let verb = deed.verbs.iter().find(|verb| among(&self.verbs, verb))?;
        let resource = deed.resources.iter().find(|resource| self.is_about(resource))?;
        group.then_some((&**verb, &**resource))
    }

    fn is_about(&self, wanted: &str) -> bool {
        self.resources.iter().any(|own| {
            let subresource = own
                .strip_prefix("*/")
                .is_some_and(|sub| wanted.split_once('/').is_some_and(|(_, wanted)| wanted == sub));
            **own == *wanted || **own == *"*" || subresource
        })
    }
}

/// A RoleBinding or a ClusterRoleBinding.
#[derive(Clone, Debug)]
pub struct Binding {
    /// The object.
    pub origin: Arc<Origin>,
    /// Whether it holds in the whole cluster.
    pub cluster: bool,
    /// Whether the role is a ClusterRole.
    pub cluster_role: bool,
    /// The role's name.
    pub role: Box<str>,
    /// Where that is written.
    pub role_spot: Spot,
    /// Who may do what the role allows.
    pub subjects: Vec<Subject>,
}

/// Who a binding is about.
#[derive(Clone, Debug)]
pub struct Subject {
    /// `User`, `Group` or `ServiceAccount`.
    pub kind: Box<str>,
    /// A service account's namespace.
    pub namespace: Box<str>,
    /// The name.
    pub name: Box<str>,
    /// Where that is written.
    pub spot: Spot,
}

impl std::fmt::Display for Subject {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            kind,
            namespace,
            name,
            ..
        } = self;
        match (&**kind, &**namespace) {
            ("ServiceAccount", "") => write!(out, "service account `{name}`"),
            ("ServiceAccount", _) => write!(out, "service account `{namespace}/{name}`"),
            ("Group", _) => write!(out, "group `{name}`"),
            _ => write!(out, "user `{name}`"),
        }
    }
}

impl Account {
    pub(super) fn of(places: &Places<'_, '_>, origin: &Arc<Origin>) -> Self {
        let automount = places.object.node.get("automountServiceAccountToken");
        Self {
            origin: origin.clone(),
            automount: automount.and_then(Node::as_bool),
        }
    }
}

impl Role {
    pub(super) fn of(places: &Places<'_, '_>, origin: &Arc<Origin>) -> Self {
        let node = places.object.node;
        let list = |path: &[&str]| node.at(path).map(Node::items).into_iter().flatten();
        Self {
            origin: origin.clone(),
            labels: Labels::of(node.at(&["metadata", "labels"])),
            rules: list(&["rules"]).map(Allowed::of).collect(),
            aggregates: list(&["aggregationRule", "clusterRoleSelectors"])
                .map(Selector::of)
                .collect(),
        }
    }
}

impl Binding {
    /// `None` for those that Kubernetes makes itself.
    pub(super) fn of(places: &Places<'_, '_>, origin: &Arc<Origin>) -> Option<Self> {
        let object = places.object;
        let node = object.node;
        let own =
            node.str_at(&["metadata", "labels", "kubernetes.io/bootstrapping"]) == Some("rbac-defaults");
        if own || object.name.starts_with("system:") {
            return None;
        }
        let subjects = node.get("subjects").map(Node::items).into_iter().flatten();
        Some(Self {
            origin: origin.clone(),
            cluster: object.kind == "ClusterRoleBinding",
            cluster_role: node.str_at(&["roleRef", "kind"]) == Some("ClusterRole"),
            role: node.str_at(&["roleRef", "name"]).unwrap_or_default().into(),
            role_spot: places.nearest(node, &["roleRef", "name"]),
            subjects: subjects.map(|subject| Subject::of(places, subject)).collect(),
        })
    }
}

impl Subject {
    fn of<'a>(places: &Places<'a, '_>, node: Node<'a>) -> Self {
        let text = |key: &str| -> Box<str> { node.str_at(&[key]).unwrap_or_default().into() };
        let kind = text("kind");
        let namespace = match text("namespace") {
            none if none.is_empty() && &*kind == "ServiceAccount" => places.object.namespace.into(),
            written => written,
        };
        Self {
            kind,
            namespace,
            name: text("name"),
            spot: places.nearest(node, &["name"]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed(groups: &[&str], resources: &[&str], verbs: &[&str]) -> Allowed {
        let list = |words: &[&str]| words.iter().map(|word| Box::from(*word)).collect();
        Allowed {
            groups: list(groups),
            resources: list(resources),
            verbs: list(verbs),
            named: false,
        }
    }

    fn deed(groups: &[&str], resources: &[&str], verbs: &[&str]) -> Deed {
        let Allowed {
            groups,
            resources,
            verbs,
            ..
        } = allowed(groups, resources, verbs);
        Deed {
            groups,
            resources,
            verbs,
        }
    }

    #[test]
    fn a_star_allows_everything() {
        let exec = deed(&[""], &["pods/exec"], &["create"]);
        assert!(allowed(&["*"], &["*"], &["*"]).allows(&exec).is_some());
        assert!(allowed(&[""], &["*/exec"], &["create"]).allows(&exec).is_some());
        assert!(allowed(&[""], &["pods"], &["*"]).allows(&exec).is_none());
        assert!(allowed(&["apps"], &["*"], &["*"]).allows(&exec).is_none());
        assert!(allowed(&[""], &["pods/*"], &["create"]).allows(&exec).is_none());
    }

    #[test]
    fn only_a_star_is_a_star() {
        let everything = deed(&["*"], &["*"], &["*"]);
        assert!(allowed(&["*"], &["*"], &["*"]).allows(&everything).is_some());
        assert!(allowed(&[""], &["*"], &["*"]).allows(&everything).is_none());
        assert!(allowed(&["*"], &["pods"], &["*"]).allows(&everything).is_none());
    }

    #[test]
    fn objects_of_certain_names_are_not_all() {
        let read = deed(&[], &["secrets"], &["get", "list"]);
        let mut rule = allowed(&[""], &["secrets"], &["get"]);
        assert_eq!(rule.allows(&read), Some(("get", "secrets")));
        rule.named = true;
        assert_eq!(rule.allows(&read), None);
    }
}
