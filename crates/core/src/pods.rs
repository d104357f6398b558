//! The one place that knows where pods are in objects, and containers in pods.

use crate::Object;
use crate::path::{self, Step};
use hardtack_tree::{Kind, Node};
use rustc_hash::FxHashMap;

/// Where pods and pod templates stand, by API group and kind. `*` stands for the core kinds' groups of every age.
const BUILT_IN: &[(&str, &str, &str)] = &[
    ("", "Pod", "."),
    ("", "PodTemplate", "template"),
    ("", "ReplicationController", "spec.template"),
    ("apps", "Deployment", "spec.template"),
    ("apps", "ReplicaSet", "spec.template"),
    ("apps", "StatefulSet", "spec.template"),
    ("apps", "DaemonSet", "spec.template"),
    ("extensions", "Deployment", "spec.template"),
    ("extensions", "ReplicaSet", "spec.template"),
    ("extensions", "DaemonSet", "spec.template"),
    ("batch", "Job", "spec.template"),
    ("batch", "CronJob", "spec.jobTemplate.spec.template"),
    ("batch", "JobTemplate", "template.spec.template"),
    ("argoproj.io", "Rollout", "spec.template"),
    ("serving.knative.dev", "Service", "spec.template"),
    ("serving.knative.dev", "Configuration", "spec.template"),
    ("serving.knative.dev", "Revision", "."),
    ("apps.openshift.io", "DeploymentConfig", "spec.template"),
    ("apps.kruise.io", "CloneSet", "spec.template"),
    ("apps.kruise.io", "StatefulSet", "spec.template"),
    ("apps.kruise.io", "DaemonSet", "spec.template"),
    ("apps.kruise.io", "BroadcastJob", "spec.template"),
    (
        "apps.kruise.io",
        "AdvancedCronJob",
        "spec.template.broadcastJobTemplate.spec.template",
    ),
    (
        "apps.kruise.io",
        "AdvancedCronJob",
        "spec.template.jobTemplate.spec.template",
    ),
    (
        "apps.kruise.io",
        "UnitedDeployment",
        "spec.template.statefulSetTemplate.spec.template",
    ),
    (
        "apps.kruise.io",
        "UnitedDeployment",
        "spec.template.deploymentTemplate.spec.template",
    ),
    (
        "jobset.x-k8s.io",
        "JobSet",
        "spec.replicatedJobs[*].template.spec.template",
    ),
    (
        "leaderworkerset.x-k8s.io",
        "LeaderWorkerSet",
        "spec.leaderWorkerTemplate.leaderTemplate",
    ),
    (
        "leaderworkerset.x-k8s.io",
        "LeaderWorkerSet",
        "spec.leaderWorkerTemplate.workerTemplate",
    ),
    ("ray.io", "RayCluster", "spec.headGroupSpec.template"),
    ("ray.io", "RayCluster", "spec.workerGroupSpecs[*].template"),
    (
        "kubeflow.org",
        "PyTorchJob",
        "spec.pytorchReplicaSpecs[*].template",
    ),
    ("kubeflow.org", "TFJob", "spec.tfReplicaSpecs[*].template"),
    ("kubeflow.org", "MPIJob", "spec.mpiReplicaSpecs[*].template"),
    ("kubeflow.org", "Notebook", "spec.template"),
    ("batch.volcano.sh", "Job", "spec.tasks[*].template"),
    ("keda.sh", "ScaledJob", "spec.jobTargetRef.template"),
    ("agents.x-k8s.io", "Sandbox", "spec.podTemplate"),
    (
        "extensions.agents.x-k8s.io",
        "SandboxTemplate",
        "spec.podTemplate",
    ),
    ("actions.github.com", "AutoscalingRunnerSet", "spec.template"),
    (
        "actions.github.com",
        "EphemeralRunnerSet",
        "spec.ephemeralRunnerSpec",
    ),
];

/// Where pods are in objects of every kind that holds one.
#[derive(Clone, Debug)]
pub struct PodPaths {
    by_kind: FxHashMap<String, Vec<(String, Vec<Step>)>>,
}

impl Default for PodPaths {
    fn default() -> Self {
        let mut paths = Self {
            by_kind: FxHashMap::default(),
        };
        for (group, kind, path) in BUILT_IN {
            // The table's paths are tested to be right.
            let _ = paths.add(group, kind, path);
        }
        paths
    }
}

impl PodPaths {
    /// Adds a place: the path of the node that has the pod's `metadata` and `spec`, in objects of that group and kind.
    pub fn add(&mut self, group: &str, kind: &str, path: &str) -> Result<(), String> {
        let (_, steps) = path::parse(path)?;
        self.by_kind
            .entry(kind.to_owned())
            .or_default()
            .push((group.to_owned(), steps));
        Ok(())
    }

    /// The pods and pod templates of an object: maps that have, or should have, `metadata` and `spec`.
    pub fn pods<'a>(&self, object: &Object<'a>) -> Vec<Node<'a>> {
        let mut pods = Vec::new();
        if let Some(places) = self.by_kind.get(object.kind) {
            for (_, steps) in places.iter().filter(|(wanted, _)| is_of(object, wanted)) {
                descend(object.node, steps, &mut pods);
            }
        }
        pods
    }

    /// Whether objects of that kind hold pods.
    pub fn is_workload(&self, object: &Object<'_>) -> bool {
        self.by_kind
            .get(object.kind)
            .is_some_and(|places| places.iter().any(|(wanted, _)| is_of(object, wanted)))
    }
}

/// Whether the object is of that API group; one that does not say its `apiVersion` may be of any, but for a Service,
/// which is then Kubernetes' own and holds no pods.
fn is_of(object: &Object<'_>, group: &str) -> bool {
    if object.api_version.is_empty() {
        return object.kind != "Service";
    }
    object.group() == group
}

fn descend<'a>(node: Node<'a>, steps: &[Step], out: &mut Vec<Node<'a>>) {
    match steps.split_first() {
        // Where no `apiVersion` is written, several groups' paths may lead to the same pod.
        None if node.kind() == Kind::Map && !out.contains(&node) => out.push(node),
        None => {}
        Some((Step::Every, rest)) => {
            for element in node.items().chain(node.entries().map(|(_, value)| value)) {
                descend(element, rest, out);
            }
        }
        Some((Step::Keys(keys), rest)) => {
            let mut at = Some(node);
            for segment in keys {
                at = at.and_then(|node| node.get_hashed(&segment.key, segment.hash));
            }
            if let Some(found) = at {
                descend(found, rest, out);
            }
        }
    }
}

/// What a container is for in its pod.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ContainerType {
    /// Listed in `containers`.
    Main,
    /// Listed in `initContainers` with `restartPolicy: Always`: it runs as long as the pod does.
    Sidecar,
    /// Listed in `initContainers`: it ends before the pod begins.
    Init,
    /// Listed in `ephemeralContainers`: added to a running pod for debugging.
    Ephemeral,
}

impl ContainerType {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Main, Self::Sidecar, Self::Init, Self::Ephemeral];

    /// How rule files name it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Main => "main",
            Self::Sidecar => "sidecar",
            Self::Init => "init",
            Self::Ephemeral => "ephemeral",
        }
    }

    /// How messages name it.
    pub fn noun(self) -> &'static str {
        match self {
            Self::Main => "container",
            Self::Sidecar => "sidecar container",
            Self::Init => "init container",
            Self::Ephemeral => "ephemeral container",
        }
    }

    pub(crate) fn bit(self) -> u8 {
        1 << self as u8
    }
}

/// The containers of a pod, of all types.
pub fn containers(pod: Node<'_>) -> impl Iterator<Item = (Node<'_>, ContainerType)> {
    let list = move |key: &str| pod.get("spec").and_then(|spec| spec.get(key));
    let of = move |key: &str| list(key).map(Node::items).into_iter().flatten().filter(is_map);
    let init = of("initContainers").map(|container| {
        let sidecar = container.str_at(&["restartPolicy"]) == Some("Always");
        (
            container,
            if sidecar {
                ContainerType::Sidecar
            } else {
                ContainerType::Init
            },
        )
    });
    let main = of("containers").map(|container| (container, ContainerType::Main));
    let ephemeral = of("ephemeralContainers").map(|container| (container, ContainerType::Ephemeral));
    main.chain(init).chain(ephemeral)
}

fn is_map(node: &Node<'_>) -> bool {
    node.kind() == Kind::Map
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_built_in_path_is_a_path() {
        for (group, kind, path) in BUILT_IN {
            assert!(path::parse(path).is_ok(), "{group}/{kind} {path}");
        }
    }
}
