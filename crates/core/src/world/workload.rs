//! Workloads and their pods.

use super::place::{Origin, Places, Spot};
use super::{Labels, Selector, Wanted};
use crate::pods::{self, ContainerType};
use crate::pss::Level;
use hardtack_tree::{Kind, Node};
use std::ops::Range;
use std::sync::Arc;

/// An object that holds pods.
#[derive(Clone, Debug)]
pub struct Workload {
    /// The object.
    pub origin: Arc<Origin>,
    /// Its own labels, not those of its pods.
    pub labels: Labels,
    /// Which pods it takes for its own; none in kinds that need no selector.
    pub selector: Option<(Selector, Spot)>,
    /// `spec.replicas`, where it is written.
    pub replicas: Option<(i64, Spot)>,
    /// A StatefulSet's `serviceName`, where it is written.
    pub service: Option<(Box<str>, Spot)>,
    /// The strictest level of the Pod Security Standards that would admit its pods; `None` where it has no template.
    pub level: Option<Level>,
    /// Which of its namespace's pods are its.
    pub(super) pods: Range<u32>,
}

/// A pod, or the pods that a template makes.
#[derive(Clone, Debug)]
pub struct Pod {
    /// The object it stands in.
    pub origin: Arc<Origin>,
    /// Which of its namespace's workloads that is.
    pub(super) owner: u32,
    /// What it is selected by.
    pub labels: Labels,
    /// The service account it runs as: `default` where none is written.
    pub account: Box<str>,
    /// Where that is written, else the pod's `spec`.
    pub account_spot: Spot,
    /// What the pod says of `automountServiceAccountToken`.
    pub automount: Option<bool>,
    /// Whether it mounts a service account's token by a volume of its own.
    pub token_volume: bool,
    /// Whether it is in its node's network, where no policy holds.
    pub host_network: bool,
    /// What makes it more than a process in a box, in words: `runs a privileged container`.
    pub power: Option<&'static str>,
    /// Its containers, init containers and sidecars too.
    pub containers: Vec<Container>,
    /// The objects that it names.
    pub references: Vec<Reference>,
}

/// A container, as far as other objects refer to it.
#[derive(Clone, Debug)]
pub struct Container {
    /// Its name.
    pub name: Box<str>,
    /// The image, as written.
    pub image: Box<str>,
    /// Whether it runs as long as the pod does and counts for autoscaling.
    pub main: bool,
    /// Names and numbers of its ports.
    pub ports: Vec<(Box<str>, i64)>,
    /// Whether it requests CPU and memory; a limit is a request where none is written.
    pub requests: [bool; 2],
}

/// What kind of object a pod refers to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// A ConfigMap.
    ConfigMap,
    /// A Secret.
    Secret,
    /// A PersistentVolumeClaim.
    Claim,
}

/// A name in a pod that stands for another object of its namespace.
#[derive(Clone, Debug)]
pub struct Reference {
    /// The kind of the object.
    pub target: Target,
    /// Its name.
    pub name: Box<str>,
    /// The key that it must have.
    pub key: Option<Box<str>>,
    /// Where it is written.
    pub spot: Spot,
}

impl Workload {
    pub(super) fn of(places: &Places<'_, '_>, origin: &Arc<Origin>, level: Option<Level>) -> Self {
        let object = places.object;
        let spec = object.node.get("spec");
        let field = |key: &str| spec.and_then(|spec| spec.get(key)).filter(|node| !node.is_null());
        let selector = field("selector")
            .filter(|node| node.kind() == Kind::Map)
            .map(|node| {
                let selector = if matches!(object.kind, "ReplicationController" | "DeploymentConfig") {
                    Selector::of_map(node)
                } else {
                    Selector::of(node)
                };
                (selector, places.spot(node))
            });
        let replicas = field("replicas").and_then(|node| Some((node.as_i64()?, places.spot(node))));
        let service = field("serviceName").filter(|_| object.kind == "StatefulSet");
        Self {
            origin: origin.clone(),
            labels: Labels::of(object.node.at(&["metadata", "labels"])),
            selector,
            replicas,
            service: service.map(|node| (node.raw().into(), places.spot(node))),
            level,
            pods: 0..0,
        }
    }
}

impl Pod {
    pub(super) fn of<'a>(
        places: &Places<'a, '_>,
        origin: &Arc<Origin>,
        pod: Node<'a>,
        wanted: Wanted,
    ) -> Self {
        let spec = pod.get("spec");
        let text = |key: &str| {
            spec.and_then(|spec| spec.str_at(&[key]))
                .filter(|text| !text.is_empty())
        };
        let account = ["serviceAccountName", "serviceAccount"]
            .into_iter()
            .find_map(|key| Some((key, text(key)?)));
        let flag = |key: &str| spec.and_then(|spec| spec.get(key)).and_then(Node::as_bool);
        let volumes = || {
            spec.and_then(|spec| spec.get("volumes"))
                .map(Node::items)
                .into_iter()
                .flatten()
        };
        let mut references = Vec::new();
        if wanted.has(Wanted::REFERENCES) {
            for volume in volumes() {
                volume_references(places, volume, &mut references);
            }
            for (container, _) in pods::containers(pod) {
                variable_references(places, container, &mut references);
            }
        }
        Self {
            origin: origin.clone(),
            owner: 0,
            labels: Labels::of(pod.at(&["metadata", "labels"])),
            account: account.map_or("default", |(_, name)| name).into(),
            account_spot: match account {
                Some((key, _)) => places.nearest(pod, &["spec", key]),
                None => places.nearest(pod, &["spec"]),
            },
            automount: flag("automountServiceAccountToken"),
            token_volume: volumes().any(|volume| {
                let sources = volume.at(&["projected", "sources"]);
                sources.is_some_and(|sources| {
                    sources
                        .items()
                        .any(|source| source.get("serviceAccountToken").is_some())
                })
            }),
            host_network: flag("hostNetwork") == Some(true),
            power: power(pod),
            containers: pods::containers(pod)
                .map(|(container, kind)| Container::of(container, kind))
                .collect(),
            references,
        }
    }

    /// The object's namespace.
    pub fn namespace(&self) -> &str {
        self.origin.namespace()
    }
}

impl Container {
    fn of(node: Node<'_>, kind: ContainerType) -> Self {
        let ports = node.get("ports").map(Node::items).into_iter().flatten();
        let requests = |resource: &str| {
            let resources = node.get("resources");
            ["requests", "limits"].iter().any(|list| {
                resources
                    .and_then(|resources| resources.at(&[list, resource]))
                    .is_some()
            })
        };
        Self {
            name: node.str_at(&["name"]).unwrap_or_default().into(),
            image: node.str_at(&["image"]).unwrap_or_default().into(),
            main: kind == ContainerType::Main,
            ports: ports
                .map(|port| {
                    let name = port.str_at(&["name"]).unwrap_or_default().into();
                    (
                        name,
                        port.get("containerPort")
                            .and_then(Node::as_i64)
                            .unwrap_or_default(),
                    )
                })
                .collect(),
            requests: [requests("cpu"), requests("memory")],
        }
    }
}

/// What gives a pod the node, or much of it.
fn power(pod: Node<'_>) -> Option<&'static str> {
    let spec = pod.get("spec")?;
    let is_true = |node: Node<'_>, path: &[&str]| node.at(path).and_then(Node::as_bool) == Some(true);
    if pods::containers(pod).any(|(container, _)| is_true(container, &["securityContext", "privileged"])) {
        return Some("runs a privileged container");
    }
    if ["hostNetwork", "hostPID", "hostIPC"]
        .iter()
        .any(|key| is_true(spec, &[key]))
    {
        return Some("shares namespaces of its node");
    }
    let mut volumes = spec.get("volumes").map(Node::items).into_iter().flatten();
    volumes
        .any(|volume| volume.get("hostPath").is_some_and(|path| !path.is_null()))
        .then_some("mounts a directory of its node")
}

fn volume_references<'a>(places: &Places<'a, '_>, volume: Node<'a>, out: &mut Vec<Reference>) {
    for (field, name, target) in [
        ("configMap", "name", Target::ConfigMap),
        ("secret", "secretName", Target::Secret),
        ("persistentVolumeClaim", "claimName", Target::Claim),
    ] {
        if let Some(source) = volume.get(field) {
            source_references(places, source, name, target, out);
        }
    }
    for source in volume
        .at(&["projected", "sources"])
        .map(Node::items)
        .into_iter()
        .flatten()
    {
        for (field, target) in [("configMap", Target::ConfigMap), ("secret", Target::Secret)] {
            if let Some(source) = source.get(field) {
                source_references(places, source, "name", target, out);
            }
        }
    }
}

/// A volume's source: the object, and each key that it is to show as a file.
fn source_references<'a>(
    places: &Places<'a, '_>,
    source: Node<'a>,
    name: &str,
    target: Target,
    out: &mut Vec<Reference>,
) {
    let Some(name) = source.get(name).filter(|name| name.as_str().is_some()) else {
        return;
    };
    if is_optional(source) {
        return;
    }
    let mut push = |key: Option<Node<'a>>| {
        out.push(Reference {
            target,
            name: name.raw().into(),
            key: key.map(|key| key.raw().into()),
            spot: places.spot(key.unwrap_or(name)),
        });
    };
    push(None);
    for item in source.get("items").map(Node::items).into_iter().flatten() {
        if let Some(key) = item.get("key") {
            push(Some(key));
        }
    }
}

fn variable_references<'a>(places: &Places<'a, '_>, container: Node<'a>, out: &mut Vec<Reference>) {
    let list = |key: &str| container.get(key).map(Node::items).into_iter().flatten();
    let mut push = |source: Node<'a>, target: Target, with_key: bool| {
        let key = source.get("key").filter(|_| with_key);
        if let Some(name) = source.get("name").filter(|name| name.as_str().is_some())
            && !is_optional(source)
        {
            out.push(Reference {
                target,
                name: name.raw().into(),
                key: key.map(|key| key.scalar().into()),
                spot: places.spot(key.unwrap_or(name)),
            });
        }
    };
    for variable in list("env") {
        let from = |key: &str| variable.at(&["valueFrom", key]);
        for (key, target) in [
            ("configMapKeyRef", Target::ConfigMap),
            ("secretKeyRef", Target::Secret),
        ] {
            if let Some(source) = from(key) {
                push(source, target, true);
            }
        }
    }
    for from in list("envFrom") {
        for (key, target) in [("configMapRef", Target::ConfigMap), ("secretRef", Target::Secret)] {
            if let Some(source) = from.get(key) {
                push(source, target, false);
            }
        }
    }
}

fn is_optional(source: Node<'_>) -> bool {
    source.get("optional").and_then(Node::as_bool) == Some(true)
}
