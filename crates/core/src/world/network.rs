//! What leads traffic to pods, and what keeps it away.

use super::place::{Origin, Places, Spot};
use super::{Labels, Selector};
use hardtack_tree::{Kind, Node};
use std::sync::Arc;

/// A Service.
#[derive(Clone, Debug)]
pub struct Service {
    /// The object.
    pub origin: Arc<Origin>,
    /// Its own labels.
    pub labels: Labels,
    /// Which pods it leads to; none where its endpoints are made by hand.
    pub selector: Option<(Selector, Spot)>,
    /// `spec.type`; `ClusterIP` where none is written.
    pub kind: Box<str>,
    /// Whether `clusterIP` is `None`.
    pub headless: bool,
    /// Whether a cloud is told to keep its load balancer inside of the network.
    pub internal: bool,
    /// Names that external-dns publishes for it.
    pub hostname: Option<(Box<str>, Spot)>,
    /// Its ports.
    pub ports: Vec<ServicePort>,
}

/// A port of a Service.
#[derive(Clone, Debug)]
pub struct ServicePort {
    /// Its name; empty where there is none.
    pub name: Box<str>,
    /// Its number.
    pub number: i64,
    /// `TCP`, `UDP` or `SCTP`.
    pub protocol: Box<str>,
    /// The name of the container's port that it leads to, if it leads to one by name.
    pub target: Option<(Box<str>, Spot)>,
}

/// A name or a number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PortRef {
    /// By name.
    Name(Box<str>),
    /// By number.
    Number(i64),
}

/// An Ingress, or a route of the Gateway API or of OpenShift.
#[derive(Clone, Debug)]
pub struct Route {
    /// The object.
    pub origin: Arc<Origin>,
    /// The class of an Ingress; empty where none is written.
    pub class: Box<str>,
    /// Hosts with paths that it claims; an empty host is every host.
    pub claims: Vec<Claimed>,
    /// The Services it leads to.
    pub backends: Vec<Backend>,
}

/// A host and a path that an Ingress claims.
#[derive(Clone, Debug)]
pub struct Claimed {
    /// The host; empty for every host.
    pub host: Box<str>,
    /// The path, with its type: `Prefix /`.
    pub path: Box<str>,
    /// Where it is written.
    pub spot: Spot,
}

/// A Service that something leads to.
#[derive(Clone, Debug)]
pub struct Backend {
    /// Its namespace, where another than the object's own is written.
    pub namespace: Option<Box<str>>,
    /// Its name.
    pub service: Box<str>,
    /// Its port, where one is written.
    pub port: Option<PortRef>,
    /// Where the name is written.
    pub spot: Spot,
    /// Where the port is written.
    pub port_spot: Spot,
}

/// A NetworkPolicy.
#[derive(Clone, Debug)]
pub struct Policy {
    /// The object.
    pub origin: Arc<Origin>,
    /// The pods it is about; empty for all of its namespace.
    pub selector: Selector,
    /// Where that is written.
    pub spot: Spot,
    /// Whether it says what may come in, and what may go out.
    pub isolates: [bool; 2],
    /// Selectors of pods of its own namespace that it lets in or out to.
    pub peers: Vec<(Selector, Spot)>,
}

/// A ServiceMonitor or a PodMonitor.
#[derive(Clone, Debug)]
pub struct Monitor {
    /// The object.
    pub origin: Arc<Origin>,
    /// Whether it selects pods instead of Services.
    pub pods: bool,
    /// What it selects.
    pub selector: Selector,
    /// Where that is written.
    pub spot: Spot,
    /// Where it looks: nowhere else than in its own namespace, in those, or (`None`) everywhere.
    pub namespaces: Option<Vec<Box<str>>>,
}

/// Something that makes the API server call a Service: webhooks, API services, conversions.
#[derive(Clone, Debug)]
pub struct Hook {
    /// The object.
    pub origin: Arc<Origin>,
    /// The Services.
    pub backends: Vec<Backend>,
}

fn list<'a>(node: Option<Node<'a>>, key: &str) -> impl Iterator<Item = Node<'a>> + use<'a> {
    node.and_then(|node| node.get(key))
        .map(Node::items)
        .into_iter()
        .flatten()
}

fn text(node: Option<Node<'_>>, path: &[&str]) -> Box<str> {
    node.and_then(|node| node.str_at(path)).unwrap_or_default().into()
}

/// Annotations that keep a cloud's load balancer off the internet, with the values that do.
const INTERNAL: [(&str, &[&str]); 8] = [
    (
        "service.beta.kubernetes.io/aws-load-balancer-internal",
        &["true", "0.0.0.0/0"],
    ),
    (
        "service.beta.kubernetes.io/aws-load-balancer-scheme",
        &["internal"],
    ),
    (
        "service.beta.kubernetes.io/azure-load-balancer-internal",
        &["true"],
    ),
    ("networking.gke.io/load-balancer-type", &["Internal", "internal"]),
    ("cloud.google.com/load-balancer-type", &["Internal", "internal"]),
    (
        "service.beta.kubernetes.io/openstack-internal-load-balancer",
        &["true"],
    ),
    ("service.beta.kubernetes.io/oci-load-balancer-internal", &["true"]),
    (
        "service.kubernetes.io/ibm-load-balancer-cloud-provider-ip-type",
        &["private"],
    ),
];

const HOSTNAME: &str = "external-dns.alpha.kubernetes.io/hostname";

impl Service {
    pub(super) fn of(places: &Places<'_, '_>, origin: &Arc<Origin>) -> Self {
        let node = places.object.node;
        let spec = node.get("spec");
        let annotations = node.at(&["metadata", "annotations"]);
        let selector = spec
            .and_then(|spec| spec.get("selector"))
            .filter(|node| !node.is_empty());
        let kind = text(spec, &["type"]);
        let has = |(key, values): &(&str, &[&str])| {
            let found = annotations.and_then(|map| map.get(key)).map(Node::scalar);
            found.is_some_and(|found| values.contains(&&*found))
        };
        let hostname = annotations.and_then(|map| map.get(HOSTNAME));
        Self {
            origin: origin.clone(),
            labels: Labels::of(node.at(&["metadata", "labels"])),
            selector: selector.map(|node| (Selector::of_map(node), places.spot(node))),
            kind: if kind.is_empty() { "ClusterIP".into() } else { kind },
            headless: &*text(spec, &["clusterIP"]) == "None",
            internal: INTERNAL.iter().any(has),
            hostname: hostname.map(|node| (node.scalar().into(), places.spot(node))),
            ports: list(spec, "ports")
                .map(|port| ServicePort::of(places, port))
                .collect(),
        }
    }

    /// Whether it has that port.
    pub fn has_port(&self, wanted: &PortRef) -> bool {
        self.ports.iter().any(|port| match wanted {
            PortRef::Name(name) => port.name == *name,
            PortRef::Number(number) => port.number == *number,
        })
    }

    /// Whether it can be reached from outside of the cluster, and how.
    pub fn exposure(&self) -> Option<&str> {
        match &*self.kind {
            "LoadBalancer" if !self.internal => Some("a load balancer"),
            "NodePort" => Some("a port of every node"),
            _ => None,
        }
    }
}

impl ServicePort {
    fn of<'a>(places: &Places<'a, '_>, port: Node<'a>) -> Self {
        let protocol = text(Some(port), &["protocol"]);
        let target = port.get("targetPort").filter(|target| target.as_str().is_some());
        // A number in quotes is a number to the API only if it is one; the API server refuses the rest.
        let target = target.filter(|target| target.raw().bytes().any(|byte| !byte.is_ascii_digit()));
        Self {
            name: text(Some(port), &["name"]),
            number: port.get("port").and_then(Node::as_i64).unwrap_or_default(),
            protocol: if protocol.is_empty() {
                "TCP".into()
            } else {
                protocol
            },
            target: target.map(|target| (target.raw().into(), places.spot(target))),
        }
    }
}

impl PortRef {
    fn of(node: Node<'_>) -> Option<Self> {
        match node.kind() {
            Kind::Int => node.as_i64().map(Self::Number),
            Kind::Str => Some(match node.raw().parse() {
                Ok(number) => Self::Number(number),
                Err(_) => Self::Name(node.raw().into()),
            }),
            _ => None,
        }
    }
}

impl std::fmt::Display for PortRef {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Name(name) => out.write_str(name),
            Self::Number(number) => number.fmt(out),
        }
    }
}

impl Backend {
    fn of<'a>(
        places: &Places<'a, '_>,
        name: Node<'a>,
        namespace: Option<Node<'a>>,
        port: Option<Node<'a>>,
    ) -> Option<Self> {
        let service = name.as_str().filter(|name| !name.is_empty())?;
        let spot = places.spot(name);
        Some(Self {
            namespace: namespace.and_then(Node::as_str).map(Into::into),
            service: service.into(),
            port: port.and_then(PortRef::of),
            port_spot: port.map_or_else(|| spot.clone(), |port| places.spot(port)),
            spot,
        })
    }

    /// `service.name` and `service.port` of `networking.k8s.io/v1`, `serviceName` and `servicePort` before it.
    fn of_ingress<'a>(places: &Places<'a, '_>, backend: Node<'a>) -> Option<Self> {
        if let Some(service) = backend.get("service") {
            let port = service
                .at(&["port", "name"])
                .or_else(|| service.at(&["port", "number"]));
            return Self::of(places, service.get("name")?, None, port);
        }
        Self::of(
            places,
            backend.get("serviceName")?,
            None,
            backend.get("servicePort"),
        )
    }

    /// A `backendRef` of the Gateway API; those that are no Services lead nowhere that we know.
    fn of_gateway<'a>(places: &Places<'a, '_>, backend: Node<'a>) -> Option<Self> {
        let is = |key: &str, value: &str| backend.str_at(&[key]).is_none_or(|found| found == value);
        if !is("kind", "Service") || !is("group", "") {
            return None;
        }
        Self::of(
            places,
            backend.get("name")?,
            backend.get("namespace"),
            backend.get("port"),
        )
    }
}

impl Route {
    pub(super) fn of_ingress(places: &Places<'_, '_>, origin: &Arc<Origin>) -> Self {
        let node = places.object.node;
        let spec = node.get("spec");
        let class = spec.and_then(|spec| spec.str_at(&["ingressClassName"]));
        let class =
            class.or_else(|| node.str_at(&["metadata", "annotations", "kubernetes.io/ingress.class"]));
        let mut route = Self {
            origin: origin.clone(),
            class: class.unwrap_or_default().into(),
            claims: Vec::new(),
            backends: Vec::new(),
        };
        for key in ["defaultBackend", "backend"] {
            let backend = spec.and_then(|spec| spec.get(key));
            route
                .backends
                .extend(backend.and_then(|backend| Backend::of_ingress(places, backend)));
        }
        for rule in list(spec, "rules") {
            let host = text(Some(rule), &["host"]);
            for path in list(rule.get("http"), "paths") {
                let kind = path.str_at(&["pathType"]).unwrap_or("ImplementationSpecific");
                let written = path.str_at(&["path"]).unwrap_or("/");
                route.claims.push(Claimed {
                    host: host.clone(),
                    path: format!("{kind} {written}").into(),
                    spot: places.spot(path.get("path").unwrap_or(path)),
                });
                let backend = path.get("backend");
                route
                    .backends
                    .extend(backend.and_then(|backend| Backend::of_ingress(places, backend)));
            }
        }
        route
    }

    pub(super) fn of_gateway(places: &Places<'_, '_>, origin: &Arc<Origin>) -> Self {
        let rules = list(places.object.node.get("spec"), "rules");
        let backends = rules.flat_map(|rule| list(Some(rule), "backendRefs"));
        Self {
            origin: origin.clone(),
            class: Box::default(),
            claims: Vec::new(),
            backends: backends
                .filter_map(|backend| Backend::of_gateway(places, backend))
                .collect(),
        }
    }

    pub(super) fn of_openshift(places: &Places<'_, '_>, origin: &Arc<Origin>) -> Self {
        let spec = places.object.node.get("spec");
        let first = spec.and_then(|spec| spec.get("to"));
        let targets = first.into_iter().chain(list(spec, "alternateBackends"));
        // A route's port is one of the pods', not of the Service.
        Self {
            origin: origin.clone(),
            class: Box::default(),
            claims: Vec::new(),
            backends: targets
                .filter_map(|to| Backend::of(places, to.get("name")?, None, None))
                .collect(),
        }
    }
}

impl Policy {
    pub(super) fn of(places: &Places<'_, '_>, origin: &Arc<Origin>) -> Self {
        let node = places.object.node;
        let spec = node.get("spec");
        let types: Vec<_> = list(spec, "policyTypes").filter_map(Node::as_str).collect();
        let has_egress = spec
            .and_then(|spec| spec.get("egress"))
            .is_some_and(|egress| !egress.is_empty());
        let isolates = if types.is_empty() {
            [true, has_egress]
        } else {
            [types.contains(&"Ingress"), types.contains(&"Egress")]
        };
        let selector = spec.and_then(|spec| spec.get("podSelector"));
        let mut peers = Vec::new();
        for (rules, side) in [("ingress", "from"), ("egress", "to")] {
            for peer in list(spec, rules).flat_map(|rule| list(Some(rule), side)) {
                if let Some(selector) = peer.get("podSelector").filter(|node| !node.is_null())
                    && peer.get("namespaceSelector").is_none_or(Node::is_null)
                {
                    peers.push((Selector::of(selector), places.spot(selector)));
                }
            }
        }
        Self {
            origin: origin.clone(),
            selector: selector.map(Selector::of).unwrap_or_default(),
            spot: places.nearest(node, &["spec", "podSelector"]),
            isolates,
            peers,
        }
    }
}

impl Monitor {
    pub(super) fn of(places: &Places<'_, '_>, origin: &Arc<Origin>) -> Self {
        let node = places.object.node;
        let spec = node.get("spec");
        let field = |path: &[&str]| spec.and_then(|spec| spec.at(path));
        let names = || list(field(&["namespaceSelector"]), "matchNames").map(|name| name.scalar().into());
        let everywhere = field(&["namespaceSelector", "any"]).and_then(Node::as_bool) == Some(true);
        let mut namespaces: Vec<Box<str>> = names().collect();
        if namespaces.is_empty() {
            namespaces.push(origin.namespace().into());
        }
        Self {
            origin: origin.clone(),
            pods: places.object.kind == "PodMonitor",
            selector: field(&["selector"]).map(Selector::of).unwrap_or_default(),
            spot: places.nearest(node, &["spec", "selector"]),
            namespaces: (!everywhere).then_some(namespaces),
        }
    }
}

impl Hook {
    pub(super) fn of(places: &Places<'_, '_>, origin: &Arc<Origin>) -> Self {
        let node = places.object.node;
        let spec = node.get("spec");
        let webhooks =
            list(Some(node), "webhooks").filter_map(|webhook| webhook.at(&["clientConfig", "service"]));
        let own = [
            &["service"][..],
            &["conversion", "webhook", "clientConfig", "service"],
        ];
        let own = own.into_iter().filter_map(|path| spec?.at(path));
        let backend = |service: Node<'_>| {
            let field = |key: &str| service.get(key);
            Backend::of(places, field("name")?, field("namespace"), field("port"))
        };
        Self {
            origin: origin.clone(),
            backends: webhooks.chain(own).filter_map(backend).collect(),
        }
    }
}
