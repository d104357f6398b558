//! From an object to what it is to others.

use super::access::{Account, Binding, Role};
use super::config::{self, Config, Namespace};
use super::network::{Hook, Monitor, Policy, Route, Service};
use super::place::{Origin, Places, Spot};
use super::scaling::{Budget, Scaler};
use super::workload::{Pod, Workload};
use crate::pss::Level;
use crate::{Object, ObjectRef};
use hardtack_tree::Node;
use std::sync::Arc;

/// Which facts the rules that are judged ask for. What no rule asks for is not collected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wanted(u32);

impl Wanted {
    /// Nothing.
    pub const NOTHING: Self = Self(0);
    /// Workloads with their pods, and whether other objects may make pods.
    pub const WORKLOADS: Self = Self(1);
    /// ConfigMaps, Secrets and claims that pods refer to. Asks for workloads too.
    pub const REFERENCES: Self = Self(1 << 1 | 1);
    /// Services.
    pub const SERVICES: Self = Self(1 << 2);
    /// NetworkPolicies.
    pub const POLICIES: Self = Self(1 << 3);
    /// Ingresses and routes.
    pub const ROUTES: Self = Self(1 << 4);
    /// Autoscalers.
    pub const SCALERS: Self = Self(1 << 5);
    /// PodDisruptionBudgets.
    pub const BUDGETS: Self = Self(1 << 6);
    /// ServiceAccounts.
    pub const ACCOUNTS: Self = Self(1 << 7);
    /// Roles and bindings.
    pub const ROLES: Self = Self(1 << 8);
    /// Namespaces, and what limits them.
    pub const NAMESPACES: Self = Self(1 << 9);
    /// ConfigMaps and Secrets.
    pub const CONFIGS: Self = Self(1 << 10);
    /// PersistentVolumeClaims.
    pub const CLAIMS: Self = Self(1 << 11);
    /// ServiceMonitors and PodMonitors.
    pub const MONITORS: Self = Self(1 << 12);
    /// What makes the API server call a Service.
    pub const HOOKS: Self = Self(1 << 13);
    /// ValidatingAdmissionPolicies and MutatingAdmissionPolicies, and their bindings.
    pub const ADMISSION: Self = Self(1 << 14);
    /// All objects.
    pub const EVERYTHING: Self = Self(1 << 15);

    /// These and those.
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether these are among them.
    pub const fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

/// What one object is to others.
#[derive(Clone, Debug)]
pub struct Fact {
    pub(super) origin: Arc<Origin>,
    pub(super) body: Body,
}

/// By kind of object.
#[derive(Clone, Debug)]
pub(super) enum Body {
    Workload(Box<Workload>, Vec<Pod>),
    Service(Box<Service>),
    Policy(Box<Policy>),
    /// A policy of a network plugin: what it isolates is not known to us.
    OtherPolicy,
    Route(Box<Route>),
    Scaler(Box<Scaler>),
    Budget(Box<Budget>),
    Account(Account),
    Role(Box<Role>),
    Binding(Box<Binding>),
    Namespace(Box<Namespace>),
    Quota,
    LimitRange,
    ConfigMap(Config),
    Secret(Config),
    /// The name of a Secret that this object has made.
    MadeSecret(Box<str>),
    Claim,
    Monitor(Box<Monitor>),
    Hook(Box<Hook>),
    AdmissionPolicy,
    /// The name of the policy, and where it is written.
    AdmissionBinding(Box<str>, Spot),
    /// A custom resource that may make pods.
    Operand,
    /// Nothing that a rule asks for, but the object itself.
    Nothing,
}

/// What a fact is made of: an object, while its tree is there.
pub struct Subject<'a, 'd> {
    /// The object, and where it stands.
    pub places: Places<'a, 'd>,
    /// Whether it is of a kind that holds pods.
    pub is_workload: bool,
    /// Its pods and pod templates.
    pub pods: &'d [Node<'a>],
    /// The strictest level that would admit them.
    pub level: Option<Level>,
    /// The object's identity.
    pub identity: &'d Arc<ObjectRef>,
}

impl Fact {
    /// Whether a rule asks for objects of that kind. Cheap, as it is asked of every object.
    pub fn is_wanted(object: &Object<'_>, is_workload: bool, wanted: Wanted) -> bool {
        wanted.has(Wanted::EVERYTHING)
            || is_workload && wanted.has(Wanted::WORKLOADS)
            || kind_of(object).is_some_and(|kind| wanted.has(kind))
    }

    /// What an object is to others; `None` where no rule asks for it.
    pub fn of(subject: &Subject<'_, '_>, wanted: Wanted) -> Option<Self> {
        let object = &subject.places.object;
        if !Self::is_wanted(object, subject.is_workload, wanted) {
            return None;
        }
        let origin = Arc::new(subject.places.origin(subject.identity));
        let kind = kind_of(object).filter(|kind| wanted.has(*kind));
        let body = match kind {
            _ if subject.is_workload && wanted.has(Wanted::WORKLOADS) => {
                let workload = Workload::of(&subject.places, &origin, subject.level);
                let pods = subject
                    .pods
                    .iter()
                    .map(|pod| Pod::of(&subject.places, &origin, *pod, wanted));
                Body::Workload(Box::new(workload), pods.collect())
            }
            Some(_) => Body::of(&subject.places, &origin, wanted).unwrap_or(Body::Nothing),
            None => Body::Nothing,
        };
        match body {
            Body::Nothing if !wanted.has(Wanted::EVERYTHING) => None,
            body => Some(Self { origin, body }),
        }
    }
}

impl Body {
    fn of(places: &Places<'_, '_>, origin: &Arc<Origin>, wanted: Wanted) -> Option<Self> {
        let object = &places.object;
        if let Some(name) = config::made_secret(places)
            && wanted.has(Wanted::CONFIGS)
        {
            return Some(Self::MadeSecret(name.into()));
        }
        Some(match object.kind {
            "Service" => Self::Service(Box::new(Service::of(places, origin))),
            "NetworkPolicy" if object.group() != "crd.projectcalico.org" => {
                Self::Policy(Box::new(Policy::of(places, origin)))
            }
            kind if kind.ends_with("NetworkPolicy") => Self::OtherPolicy,
            "Ingress" => Self::Route(Box::new(Route::of_ingress(places, origin))),
            "Route" => Self::Route(Box::new(Route::of_openshift(places, origin))),
            "HTTPRoute" | "GRPCRoute" | "TCPRoute" | "TLSRoute" | "UDPRoute" => {
                Self::Route(Box::new(Route::of_gateway(places, origin)))
            }
            "HorizontalPodAutoscaler" | "VerticalPodAutoscaler" | "ScaledObject" => {
                Self::Scaler(Box::new(Scaler::of(places, origin)))
            }
            "PodDisruptionBudget" => Self::Budget(Box::new(Budget::of(places, origin))),
            "ServiceAccount" => Self::Account(Account::of(places, origin)),
            "Role" | "ClusterRole" => Self::Role(Box::new(Role::of(places, origin))),
            "RoleBinding" | "ClusterRoleBinding" => Self::Binding(Box::new(Binding::of(places, origin)?)),
            "Namespace" => Self::Namespace(Box::new(Namespace::of(places, origin))),
            "ResourceQuota" => Self::Quota,
            "LimitRange" => Self::LimitRange,
            "ConfigMap" => Self::ConfigMap(Config::of(object.node)),
            "Secret" => Self::Secret(Config::of(object.node)),
            "PersistentVolumeClaim" => Self::Claim,
            "ServiceMonitor" | "PodMonitor" => Self::Monitor(Box::new(Monitor::of(places, origin))),
            "ValidatingWebhookConfiguration"
            | "MutatingWebhookConfiguration"
            | "APIService"
            | "CustomResourceDefinition" => Self::Hook(Box::new(Hook::of(places, origin))),
            "ValidatingAdmissionPolicy" | "MutatingAdmissionPolicy" => Self::AdmissionPolicy,
            "ValidatingAdmissionPolicyBinding" | "MutatingAdmissionPolicyBinding" => {
                let name = object.node.str_at(&["spec", "policyName"])?;
                Self::AdmissionBinding(name.into(), places.nearest(object.node, &["spec", "policyName"]))
            }
            _ => Self::Operand,
        })
    }
}

/// Groups whose custom resources configure something and make no pods.
const NO_OPERANDS: [&str; 22] = [
    "autoscaling.k8s.io",
    "cert-manager.io",
    "acme.cert-manager.io",
    "cilium.io",
    "configuration.konghq.com",
    "crd.projectcalico.org",
    "external-secrets.io",
    "bitnami.com",
    "getambassador.io",
    "keda.sh",
    "kyverno.io",
    "networking.istio.io",
    "security.istio.io",
    "telemetry.istio.io",
    "policy.linkerd.io",
    "projectcontour.io",
    "projectcalico.org",
    "secrets-store.csi.x-k8s.io",
    "security.openshift.io",
    "traefik.containo.us",
    "traefik.io",
    "metallb.io",
];

/// Which facts an object gives besides those of a workload.
fn kind_of(object: &Object<'_>) -> Option<Wanted> {
    let group = object.group();
    let own = !group.contains('.') || group.ends_with(".k8s.io");
    Some(match (object.kind, own) {
        ("Service", true) => Wanted::SERVICES,
        ("NetworkPolicy" | "AdminNetworkPolicy" | "BaselineAdminNetworkPolicy", _) => Wanted::POLICIES,
        ("CiliumNetworkPolicy" | "CiliumClusterwideNetworkPolicy" | "GlobalNetworkPolicy", _) => {
            Wanted::POLICIES
        }
        ("ClusterNetworkPolicy", _) => Wanted::POLICIES,
        ("Ingress" | "HTTPRoute" | "GRPCRoute" | "TCPRoute" | "TLSRoute" | "UDPRoute", true) => {
            Wanted::ROUTES
        }
        ("Route", _) if group == "route.openshift.io" => Wanted::ROUTES,
        ("HorizontalPodAutoscaler" | "VerticalPodAutoscaler", true) => Wanted::SCALERS,
        ("ScaledObject", _) if group == "keda.sh" => Wanted::SCALERS,
        ("PodDisruptionBudget", true) => Wanted::BUDGETS,
        ("ServiceAccount", true) => Wanted::ACCOUNTS,
        ("Role" | "ClusterRole" | "RoleBinding" | "ClusterRoleBinding", true) => Wanted::ROLES,
        ("Namespace" | "ResourceQuota" | "LimitRange", true) => Wanted::NAMESPACES,
        ("ConfigMap" | "Secret", true) => Wanted::CONFIGS,
        ("PersistentVolumeClaim", true) => Wanted::CLAIMS,
        ("ServiceMonitor" | "PodMonitor", _) if group == "monitoring.coreos.com" => Wanted::MONITORS,
        ("ValidatingWebhookConfiguration" | "MutatingWebhookConfiguration", true) => Wanted::HOOKS,
        ("APIService" | "CustomResourceDefinition", true) => Wanted::HOOKS,
        ("ValidatingAdmissionPolicy" | "ValidatingAdmissionPolicyBinding", true) => Wanted::ADMISSION,
        ("MutatingAdmissionPolicy" | "MutatingAdmissionPolicyBinding", true) => Wanted::ADMISSION,
        _ if own => return None,
        ("SealedSecret" | "ExternalSecret" | "Certificate" | "OnePasswordItem", _) => Wanted::CONFIGS,
        ("VaultStaticSecret" | "VaultDynamicSecret" | "VaultPKISecret" | "InfisicalSecret", _) => {
            Wanted::CONFIGS
        }
        ("PrometheusRule" | "Probe" | "ScrapeConfig" | "AlertmanagerConfig", _) => return None,
        _ if NO_OPERANDS.contains(&group) => return None,
        _ => Wanted::WORKLOADS,
    })
}
