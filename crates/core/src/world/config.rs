//! What namespaces hold besides workloads: configuration, claims, limits.

use super::Labels;
use super::place::{Origin, Places, Spot};
use hardtack_tree::Node;
use std::sync::Arc;

/// A Namespace.
#[derive(Clone, Debug)]
pub struct Namespace {
    /// The object.
    pub origin: Arc<Origin>,
    /// Its labels.
    pub labels: Labels,
    /// Where they are written, else the object's `metadata`.
    pub labels_spot: Spot,
}

impl Namespace {
    pub(super) fn of(places: &Places<'_, '_>, origin: &Arc<Origin>) -> Self {
        let node = places.object.node;
        Self {
            origin: origin.clone(),
            labels: Labels::of(node.at(&["metadata", "labels"])),
            labels_spot: places.nearest(node, &["metadata", "labels"]),
        }
    }
}

/// A ConfigMap or a Secret: its keys, never its values.
#[derive(Clone, Debug)]
pub struct Config {
    /// Its keys; `None` where another object makes it, and the keys are not known.
    pub keys: Option<Vec<Box<str>>>,
}

impl Config {
    pub(super) fn of(node: Node<'_>) -> Self {
        let maps = ["data", "stringData", "binaryData"]
            .into_iter()
            .filter_map(|key| node.get(key));
        let keys = maps.flat_map(Node::entries).map(|(key, _)| key.scalar().into());
        // Kubernetes fills a token's Secret itself.
        let token = node.str_at(&["type"]) == Some("kubernetes.io/service-account-token");
        Self {
            keys: (!token).then(|| keys.collect()),
        }
    }
}

/// The Secret that another object has made, by kind of that object.
pub(super) fn made_secret<'a>(places: &Places<'a, '_>) -> Option<&'a str> {
    let object = &places.object;
    match (object.group(), object.kind) {
        ("bitnami.com", "SealedSecret") => Some(
            object
                .node
                .str_at(&["spec", "template", "metadata", "name"])
                .unwrap_or(object.name),
        ),
        ("external-secrets.io", "ExternalSecret") => Some(
            object
                .node
                .str_at(&["spec", "target", "name"])
                .unwrap_or(object.name),
        ),
        ("cert-manager.io", "Certificate") => object.node.str_at(&["spec", "secretName"]),
        ("secrets.infisical.com", "InfisicalSecret") => {
            object
                .node
                .str_at(&["spec", "managedSecretReference", "secretName"])
        }
        ("secrets.hashicorp.com", "VaultStaticSecret" | "VaultDynamicSecret" | "VaultPKISecret") => {
            object.node.str_at(&["spec", "destination", "name"])
        }
        ("onepassword.com", "OnePasswordItem") => Some(object.name),
        _ => None,
    }
}
