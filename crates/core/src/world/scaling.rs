//! What changes the number and the size of pods, and what keeps some of them running meanwhile.

use super::Selector;
use super::place::{Origin, Places, Spot};
use hardtack_tree::{Kind, Node};
use std::sync::Arc;

/// What kind of autoscaler it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScalerKind {
    /// Changes how many pods there are: a HorizontalPodAutoscaler, or KEDA's ScaledObject, which makes one.
    Horizontal,
    /// Changes how large they are: a VerticalPodAutoscaler.
    Vertical,
}

/// An autoscaler.
#[derive(Clone, Debug)]
pub struct Scaler {
    /// The object.
    pub origin: Arc<Origin>,
    /// What it changes.
    pub kind: ScalerKind,
    /// Kind and name of what it scales.
    pub target: (Box<str>, Box<str>),
    /// Where that is written.
    pub spot: Spot,
    /// The fewest replicas.
    pub min: i64,
    /// Whether it goes by shares of the requested CPU and memory.
    pub by_share: [bool; 2],
    /// Whether it goes by, or changes, CPU and memory at all.
    pub resources: [bool; 2],
}

impl Scaler {
    pub(super) fn of(places: &Places<'_, '_>, origin: &Arc<Origin>) -> Self {
        let node = places.object.node;
        let spec = node.get("spec");
        let vertical = places.object.kind == "VerticalPodAutoscaler";
        let key = if vertical { "targetRef" } else { "scaleTargetRef" };
        let target = |field: &str| spec.and_then(|spec| spec.str_at(&[key, field]));
        let number = |field: &str| spec.and_then(|spec| spec.get(field)).and_then(Node::as_i64);
        let keda = places.object.kind == "ScaledObject";
        let mut scaler = Self {
            origin: origin.clone(),
            kind: if vertical {
                ScalerKind::Vertical
            } else {
                ScalerKind::Horizontal
            },
            target: (
                target("kind")
                    .unwrap_or(if keda { "Deployment" } else { "" })
                    .into(),
                target("name").unwrap_or_default().into(),
            ),
            spot: places.nearest(node, &["spec", key, "name"]),
            min: if keda {
                number("minReplicaCount").unwrap_or(0)
            } else {
                number("minReplicas").unwrap_or(1)
            },
            by_share: [false; 2],
            resources: [false; 2],
        };
        if vertical {
            let mode = spec.and_then(|spec| spec.str_at(&["updatePolicy", "updateMode"]));
            scaler.resources = [!matches!(mode, Some("Off")); 2];
        } else if !keda {
            scaler.metrics(spec);
        }
        scaler
    }

    fn metrics(&mut self, spec: Option<Node<'_>>) {
        let metrics = spec
            .and_then(|spec| spec.get("metrics"))
            .filter(|metrics| !metrics.is_empty());
        let Some(metrics) = metrics else {
            // Without a metric it goes by 80 % of the requested CPU.
            (self.by_share[0], self.resources[0]) = (true, true);
            return;
        };
        for metric in metrics.items() {
            let Some(resource) = metric.get("resource").or_else(|| metric.get("containerResource")) else {
                continue;
            };
            let index = match resource.str_at(&["name"]) {
                Some("cpu") => 0,
                Some("memory") => 1,
                _ => continue,
            };
            self.resources[index] = true;
            // Of a container's own metric it is known only that the whole pod need not request anything.
            let share = resource.str_at(&["target", "type"]) == Some("Utilization")
                || resource.get("targetAverageUtilization").is_some();
            self.by_share[index] |= share && metric.get("resource").is_some();
        }
    }
}

/// A number of pods, or a share of them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Amount {
    /// So many.
    Pods(i64),
    /// So many in a hundred.
    Percent(f64),
}

impl Amount {
    fn of(node: Node<'_>) -> Option<Self> {
        match node.kind() {
            Kind::Int => node.as_i64().map(Self::Pods),
            Kind::Str => node.raw().strip_suffix('%')?.parse().ok().map(Self::Percent),
            _ => None,
        }
    }

    /// How many of `pods` that is; shares are rounded up, as Kubernetes does.
    pub fn of_pods(self, pods: i64) -> i64 {
        match self {
            Self::Pods(amount) => amount,
            Self::Percent(share) => (pods as f64 * share / 100.0).ceil() as i64,
        }
    }
}

/// A PodDisruptionBudget.
#[derive(Clone, Debug)]
pub struct Budget {
    /// The object.
    pub origin: Arc<Origin>,
    /// Which pods it protects; none where it protects nothing.
    pub selector: Option<Selector>,
    /// Where that is written.
    pub spot: Spot,
    /// `minAvailable`.
    pub min: Option<(Amount, Spot)>,
    /// `maxUnavailable`.
    pub max: Option<(Amount, Spot)>,
}

impl Budget {
    pub(super) fn of(places: &Places<'_, '_>, origin: &Arc<Origin>) -> Self {
        let node = places.object.node;
        let spec = node.get("spec");
        let field = |key: &str| spec.and_then(|spec| spec.get(key)).filter(|node| !node.is_null());
        let amount = |key: &str| field(key).and_then(|node| Some((Amount::of(node)?, places.spot(node))));
        let selector = field("selector").map(Selector::of);
        // An empty selector selects nothing in `policy/v1beta1` and everything in `policy/v1`.
        let old = places.object.api_version == "policy/v1beta1";
        Self {
            origin: origin.clone(),
            selector: selector.filter(|selector| !(old && selector.is_everything())),
            spot: places.nearest(node, &["spec", "selector"]),
            min: amount("minAvailable"),
            max: amount("maxUnavailable"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Amount;

    #[test]
    fn a_share_of_pods_is_rounded_up() {
        assert_eq!(Amount::Percent(50.0).of_pods(3), 2);
        assert_eq!(Amount::Percent(100.0).of_pods(3), 3);
        assert_eq!(Amount::Pods(2).of_pods(1), 2);
    }
}
