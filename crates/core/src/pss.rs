//! The Pod Security Standards: which level would admit a pod.
//! Source: <https://kubernetes.io/docs/concepts/security/pod-security-standards/>.

use crate::ObjectRef;
use serde::Serialize;
use std::sync::Arc;

/// A level of the Pod Security Standards, from the loosest to the strictest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Nothing is forbidden.
    Privileged,
    /// Known ways to more privileges are forbidden.
    Baseline,
    /// What hardening needs is required.
    Restricted,
}

impl Level {
    /// The name in labels and reports.
    pub fn name(self) -> &'static str {
        match self {
            Level::Privileged => "privileged",
            Level::Baseline => "baseline",
            Level::Restricted => "restricted",
        }
    }
}

impl std::str::FromStr for Level {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "privileged" => Ok(Level::Privileged),
            "baseline" => Ok(Level::Baseline),
            "restricted" => Ok(Level::Restricted),
            _ => Err(format!(
                "`{text}` is no Pod Security level; expected privileged, baseline or restricted"
            )),
        }
    }
}

impl std::fmt::Display for Level {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.pad(self.name())
    }
}

/// What the standards say of one pod or pod template.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PodSecurity {
    /// The strictest level that would admit it.
    pub level: Level,
    /// Ids of the rules that keep it from the next level.
    pub blockers: Vec<Arc<str>>,
}

/// An object that holds a pod, in a report.
#[derive(Clone, Debug, Serialize)]
pub struct Workload {
    /// The object.
    pub object: Arc<ObjectRef>,
    /// Its file.
    pub file: Arc<str>,
    /// What the standards say of it.
    pub pss: PodSecurity,
}
