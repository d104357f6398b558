//! Rules: what must hold, declared once as data.

mod examples;
mod load;
mod page;
mod set;

pub use crate::checks::{CHECK, DEED};
pub use load::{FIELDS, load};
pub use set::{BuiltIn, Loader, RuleSet, RuleSettings, Selection, SelectionError, Settings};

use crate::KubernetesVersion;
use crate::algebra::{Formula, Parameters};
use crate::checks::{Builtin, Grants};
use crate::path::{Root, Segment};
use crate::world::{Wanted, World, WorldFailure};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::borrow::Cow;

/// One rule: a file in `rules/`, or one of a user's.
#[derive(Debug)]
pub struct Rule {
    /// Kebab-case name, unique among all rules.
    pub id: Box<str>,
    /// What is soft, in one line.
    pub title: Box<str>,
    /// How bad it is.
    pub severity: Severity,
    /// What kind of weakness it is.
    pub category: Category,
    /// What someone could do with it, in a sentence or two.
    pub why: Box<str>,
    /// What is judged.
    pub each: Each,
    /// Which kinds of objects; empty for all.
    pub kinds: Vec<KindPattern>,
    /// Which instructions of a Dockerfile (`RUN`); empty for all.
    pub instructions: Vec<Box<str>>,
    /// Which commands of a shell text (`curl`); empty for all.
    pub commands: Vec<Box<str>>,
    /// Which types of containers, as a set of bits; see [`Rule::judges`].
    pub(crate) containers: u8,
    /// What is checked, by version of Kubernetes; the last whose versions fit counts.
    pub(crate) bodies: Vec<Body>,
    /// What would repair it.
    pub fix: Fix,
    /// Which controls of published standards the rule is.
    pub standards: Vec<Standard>,
    /// What other tools call it.
    pub aliases: Vec<Box<str>>,
    /// The profiles it belongs to, besides `all` and those of its standards.
    pub profiles: Vec<Box<str>>,
    /// The message of a finding, instead of the one that follows from the check; `{value}` and `{name}` are filled in.
    pub message: Option<Box<str>>,
    /// What to do, where the fix doesn't say it.
    pub remedy: Option<Box<str>>,
    /// Whether what is found may be a credential, so that it must not be shown.
    pub sensitive: bool,
    /// Where to read more.
    pub links: Vec<Box<str>>,
    /// Names of the `$name` values that a configuration must give before the rule judges anything.
    pub params: Vec<Param>,
    /// The folder the rule stands in: `pod`, `rbac`, `dockerfile`.
    pub area: Box<str>,
    /// The text of the rule's file, with its examples.
    pub source: Cow<'static, str>,
}

/// A value that only the user can give.
#[derive(Clone, Debug)]
pub struct Param {
    /// Its name: `registries`.
    pub name: Box<str>,
    /// What it is for.
    pub about: Box<str>,
    /// What counts where the configuration says nothing; without it, the rule judges nothing until a value is given.
    pub default: Option<Value>,
}

/// What is checked from one version of Kubernetes on.
#[derive(Debug)]
pub(crate) struct Body {
    pub(crate) from: Option<KubernetesVersion>,
    pub(crate) until: Option<KubernetesVersion>,
    pub(crate) wanted: Option<Formula>,
    pub(crate) unless: Option<Formula>,
    pub(crate) check: Check,
}

/// How a rule is checked.
#[derive(Debug)]
pub(crate) enum Check {
    /// The formula must hold.
    Require(Formula),
    /// A predicate in Rust, with the values of the rule's parameters.
    Builtin(Builtin, Parameters),
    /// No one is allowed this.
    Grants(Box<Grants>),
    /// Not at all: a parameter has no value.
    Inactive,
}

impl Check {
    /// Whether it is about all objects together.
    pub(crate) fn is_global(&self) -> bool {
        matches!(self, Self::Builtin(Builtin::Global(..), _) | Self::Grants(_))
    }

    /// Which facts it asks for.
    pub(crate) fn wanted(&self) -> Wanted {
        match self {
            Self::Builtin(Builtin::Global(_, wanted), _) => *wanted,
            Self::Grants(_) => Grants::WANTED,
            _ => Wanted::NOTHING,
        }
    }

    /// Where it does not hold, after the last object was read.
    pub(crate) fn together(&self, world: &World) -> Vec<WorldFailure> {
        match self {
            Self::Builtin(Builtin::Global(check, _), values) => check(world, values),
            Self::Grants(grants) => grants.failures(world),
            _ => Vec::new(),
        }
    }
}

/// What repairs a finding.
#[derive(Clone, Debug)]
pub struct Fix {
    /// What applying it may cost; `None` where nothing but thought helps.
    pub applicability: Option<Applicability>,
    /// Fields to set from the item; where empty, the fix follows from `require`.
    pub(crate) set: Vec<(Root, Vec<Segment>, Value)>,
    /// Fields to remove.
    pub(crate) remove: Vec<(Root, Vec<Segment>)>,
}

/// A control of a published standard: `pss` and `restricted`, `cis` and `5.2.6`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standard {
    /// `pss`, `cis`, `nsa`, `mitre`, ...
    pub name: Box<str>,
    /// The control.
    pub control: Box<str>,
}

/// A kind of object that a rule is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KindPattern {
    /// The group; `None` for Kubernetes' own groups.
    pub group: Option<Box<str>>,
    /// The kind; `*` for every kind of the group.
    pub kind: Box<str>,
}

impl KindPattern {
    pub(crate) fn matches(&self, group: &str, kind: &str) -> bool {
        (&*self.kind == "*" || *self.kind == *kind) && self.fits_group(group)
    }

    pub(crate) fn fits_group(&self, group: &str) -> bool {
        match &self.group {
            Some(wanted) => **wanted == *group,
            None => !group.contains('.') || group.ends_with(".k8s.io"),
        }
    }
}

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth doing when one is there.
    Low,
    /// One of the steps an attacker needs.
    Medium,
    /// Most of the way to the node, the cluster or the data.
    High,
    /// The way itself.
    Critical,
}

/// What kind of weakness a finding is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Category {
    /// A setting.
    Misconfiguration,
    /// A credential where none belongs.
    Secret,
    /// A known flaw in a component.
    Vulnerability,
    /// A component's licence.
    License,
    /// A newer version.
    Update,
    /// Software that works for someone else.
    Malware,
}

/// What applying a fix may cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Applicability {
    /// Nothing, in any case that we know.
    Safe,
    /// A value that only the user knows.
    NeedsValue,
    /// A program may rely on the soft setting.
    MayBreak,
}

/// What a rule judges, one at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Each {
    /// A Kubernetes object.
    Object,
    /// A pod or pod template.
    Pod,
    /// A container of any type.
    Container,
    /// A volume of a pod.
    Volume,
    /// A variable in a container's environment.
    Env,
    /// A port of a container.
    Port,
    /// A volume mount of a container.
    Mount,
    /// A Dockerfile.
    Dockerfile,
    /// A build stage.
    Stage,
    /// An instruction of a Dockerfile.
    Instruction,
    /// A command in a `RUN`, `CMD`, `ENTRYPOINT` or `HEALTHCHECK`.
    Command,
}

/// Parses and prints an enumeration by the names it has in rule files.
macro_rules! named {
    ($type:ident, $noun:literal, $($name:literal => $variant:ident),+) => {
        impl $type {
            /// All values, by the names they have in rule files and reports.
            pub const NAMED: &'static [(&'static str, $type)] = &[$(($name, $type::$variant)),+];

            /// The name in rule files and reports.
            pub fn name(self) -> &'static str {
                match self { $($type::$variant => $name),+ }
            }
        }

        impl std::str::FromStr for $type {
            type Err = String;

            fn from_str(text: &str) -> Result<Self, String> {
                match text {
                    $($name => Ok($type::$variant),)+
                    _ => {
                        let names: Vec<_> = $type::NAMED.iter().map(|(name, _)| *name).collect();
                        Err(format!("`{text}` is no {}; expected one of {}", $noun, names.join(", ")))
                    }
                }
            }
        }

        impl std::fmt::Display for $type {
            fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                out.pad(self.name())
            }
        }
    };
}

named!(Severity, "severity", "critical" => Critical, "high" => High, "medium" => Medium, "low" => Low);
named!(Category, "category", "misconfiguration" => Misconfiguration, "secret" => Secret,
    "vulnerability" => Vulnerability, "license" => License, "update" => Update, "malware" => Malware);
named!(Applicability, "applicability", "safe" => Safe, "needs-value" => NeedsValue, "may-break" => MayBreak);
named!(Each, "thing that can be judged", "object" => Object, "pod" => Pod, "container" => Container, "volume" => Volume,
    "env" => Env, "port" => Port, "mount" => Mount, "dockerfile" => Dockerfile, "stage" => Stage,
    "instruction" => Instruction, "command" => Command);

impl Each {
    /// The root of paths that is the item itself.
    pub(crate) fn root(self) -> Root {
        match self {
            Each::Object | Each::Dockerfile => Root::Object,
            Each::Pod => Root::Pod,
            Each::Container => Root::Container,
            Each::Stage => Root::Stage,
            Each::Instruction => Root::Instruction,
            Each::Volume | Each::Env | Each::Port | Each::Mount | Each::Command => Root::Item,
        }
    }

    /// Whether it is part of a Dockerfile.
    pub fn is_dockerfile(self) -> bool {
        matches!(
            self,
            Each::Dockerfile | Each::Stage | Each::Instruction | Each::Command
        )
    }
}

impl Rule {
    /// The Pod Security level that forbids what the rule finds, if one does.
    pub fn pod_security(&self) -> Option<crate::pss::Level> {
        self.standards
            .iter()
            .find(|standard| &*standard.name == "pss")
            .and_then(|standard| standard.control.parse().ok())
    }

    /// Whether the rule is about objects of that group and kind.
    pub(crate) fn fits_kind(&self, group: &str, kind: &str) -> bool {
        self.kinds.is_empty() || self.kinds.iter().any(|pattern| pattern.matches(group, kind))
    }

    /// Whether the rule is about containers of that type.
    pub fn judges(&self, container: crate::pods::ContainerType) -> bool {
        self.containers & container.bit() != 0
    }

    /// What must hold, in English, for the newest version of Kubernetes; `None` for predicates in Rust.
    pub fn requirement(&self) -> Option<String> {
        match self.bodies.last().map(|body| &body.check) {
            Some(Check::Require(formula)) => Some(crate::algebra::describe(formula)),
            _ => None,
        }
    }

    /// Whether the rule is in that profile: `all`, a name in `profiles`, or the name of a standard.
    pub fn in_profile(&self, profile: &str) -> bool {
        match profile {
            "all" => true,
            "baseline" => self.pod_security() == Some(crate::pss::Level::Baseline),
            "restricted" => self.pod_security().is_some(),
            name => {
                self.profiles.iter().any(|own| **own == *name)
                    || self.standards.iter().any(|standard| *standard.name == *name)
            }
        }
    }
}
