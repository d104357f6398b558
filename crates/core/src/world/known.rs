//! Roles that Kubernetes makes itself.
//! Source: k8s.io/kubernetes, `plugin/pkg/auth/authorizer/rbac/bootstrappolicy`.

use super::access::Allowed;

/// A rule of a role that Kubernetes makes: groups, resources, verbs; a space between several.
type KnownRule = (&'static str, &'static str, &'static str);

/// The ClusterRoles that Kubernetes makes. Only what some rule of ours asks for is listed; `system:` roles that are
/// missing here allow none of that.
const KNOWN: &[(&str, &[KnownRule])] = &[
    ("cluster-admin", &[("*", "*", "*")]),
    // The rest of what it allows is `edit`.
    (
        "admin",
        &[(
            "rbac.authorization.k8s.io",
            "roles rolebindings",
            "get list watch create update patch delete deletecollection",
        )],
    ),
    (
        "edit",
        &[
            (
                "",
                "secrets configmaps persistentvolumeclaims services serviceaccounts",
                "get list watch create update patch delete deletecollection",
            ),
            (
                "",
                "pods pods/exec pods/attach pods/portforward pods/proxy services/proxy",
                "get list watch create update patch delete deletecollection",
            ),
            (
                "apps",
                "deployments daemonsets statefulsets replicasets",
                "get list watch create update patch delete deletecollection",
            ),
            (
                "batch",
                "jobs cronjobs",
                "get list watch create update patch delete deletecollection",
            ),
            ("", "serviceaccounts", "impersonate"),
            ("", "serviceaccounts/token", "create"),
            (
                "networking.k8s.io",
                "ingresses networkpolicies",
                "get list watch create update patch delete deletecollection",
            ),
        ],
    ),
    (
        "view",
        &[
            (
                "",
                "configmaps persistentvolumeclaims pods pods/log services serviceaccounts events namespaces",
                "get list watch",
            ),
            (
                "apps",
                "deployments daemonsets statefulsets replicasets",
                "get list watch",
            ),
            ("batch", "jobs cronjobs", "get list watch"),
            ("networking.k8s.io", "ingresses networkpolicies", "get list watch"),
        ],
    ),
    (
        "system:kubelet-api-admin",
        &[
            ("", "nodes", "get list watch proxy"),
            ("", "nodes/log nodes/metrics nodes/proxy nodes/stats", "*"),
        ],
    ),
    (
        "system:node",
        &[
            ("", "secrets configmaps", "get list watch"),
            ("", "pods", "create delete get list watch"),
            ("", "serviceaccounts/token", "create"),
        ],
    ),
    (
        "system:kube-controller-manager",
        &[
            (
                "",
                "secrets serviceaccounts",
                "create delete get list update watch",
            ),
            ("", "serviceaccounts/token", "create"),
        ],
    ),
    (
        "system:persistent-volume-provisioner",
        &[("", "persistentvolumes", "create delete get list watch")],
    ),
    (
        "system:controller:clusterrole-aggregation-controller",
        &[(
            "rbac.authorization.k8s.io",
            "clusterroles",
            "escalate get list patch update watch",
        )],
    ),
    (
        "system:controller:generic-garbage-collector",
        &[("*", "*", "delete get list patch update watch")],
    ),
    (
        "system:controller:namespace-controller",
        &[("*", "*", "delete deletecollection get list")],
    ),
    (
        "system:controller:resourcequota-controller",
        &[("*", "*", "list watch")],
    ),
    (
        "system:controller:horizontal-pod-autoscaler",
        &[("*", "*/scale", "get update")],
    ),
    (
        "system:controller:deployment-controller",
        &[("apps", "replicasets", "create delete get list patch update watch")],
    ),
    (
        "system:controller:replicaset-controller",
        &[("", "pods", "create delete list patch watch")],
    ),
    (
        "system:controller:daemon-set-controller",
        &[("", "pods", "create delete list patch watch")],
    ),
    (
        "system:controller:statefulset-controller",
        &[("", "pods", "create delete get patch update")],
    ),
    (
        "system:controller:job-controller",
        &[("", "pods", "create delete list patch watch")],
    ),
    (
        "system:controller:cronjob-controller",
        &[("batch", "jobs", "create delete get list patch update watch")],
    ),
    (
        "system:controller:certificate-controller",
        &[(
            "certificates.k8s.io",
            "certificatesigningrequests/approval certificatesigningrequests/status",
            "update",
        )],
    ),
];

/// The rules of a ClusterRole that Kubernetes makes; `None` for other names.
pub fn known_role(name: &str) -> Option<Vec<Allowed>> {
    let listed = |name: &str| {
        KNOWN
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, rules)| *rules)
    };
    let rules = match listed(name) {
        Some(rules) => rules,
        None if name.starts_with("system:") => &[],
        None => return None,
    };
    let more = if name == "admin" { listed("edit") } else { None };
    let words = |text: &str| text.split(' ').map(Into::into).collect();
    let all = rules.iter().chain(more.unwrap_or_default());
    let rule = |(groups, resources, verbs): &KnownRule| Allowed {
        groups: words(groups),
        resources: words(resources),
        verbs: words(verbs),
        named: false,
    };
    Some(all.map(rule).collect())
}

/// Whether Kubernetes makes that Role. None of them allows what some rule of ours asks for.
pub(super) fn is_known_role(namespace: &str, name: &str) -> bool {
    match namespace {
        "kube-system" => name == "extension-apiserver-authentication-reader" || name.starts_with("system:"),
        "kube-public" => name.starts_with("system:") || name == "kubeadm:bootstrap-signer-clusterinfo",
        _ => false,
    }
}

/// The label by which a ClusterRole adds its rules to one that Kubernetes makes.
pub(super) fn aggregates_to(name: &str) -> &'static [&'static str] {
    match name {
        "admin" => &[
            "rbac.authorization.k8s.io/aggregate-to-admin",
            "rbac.authorization.k8s.io/aggregate-to-edit",
            "rbac.authorization.k8s.io/aggregate-to-view",
        ],
        "edit" => &[
            "rbac.authorization.k8s.io/aggregate-to-edit",
            "rbac.authorization.k8s.io/aggregate-to-view",
        ],
        "view" => &["rbac.authorization.k8s.io/aggregate-to-view"],
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::Deed;

    #[test]
    fn roles_that_kubernetes_makes_are_known() {
        let read = Deed {
            groups: Vec::new(),
            resources: vec!["secrets".into()],
            verbs: vec!["list".into()],
        };
        let reads = |name: &str| {
            known_role(name)
                .unwrap()
                .iter()
                .any(|rule| rule.allows(&read).is_some())
        };
        assert!(
            reads("edit")
                && reads("admin")
                && reads("cluster-admin")
                && !reads("view")
                && !reads("system:auth-delegator")
        );
        assert_eq!(known_role("mine"), None);
    }
}
