//! Kubernetes versions, as far as rules depend on them.

use std::{fmt, str::FromStr};

/// A minor version of Kubernetes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KubernetesVersion {
    /// The number before the dot; 1 so far.
    pub major: u16,
    /// The number after the dot.
    pub minor: u16,
}

impl KubernetesVersion {
    /// The newest version whose Pod Security Standards are built in.
    pub const LATEST: Self = Self { major: 1, minor: 37 };
}

impl Default for KubernetesVersion {
    fn default() -> Self {
        Self::LATEST
    }
}

impl FromStr for KubernetesVersion {
    type Err = String;

    /// Reads `1.31`, `v1.31`, `1.31.2` and `latest`.
    fn from_str(text: &str) -> Result<Self, String> {
        if text == "latest" {
            return Ok(Self::LATEST);
        }
        let mut parts = text.strip_prefix('v').unwrap_or(text).split('.');
        let mut number = || parts.next().and_then(|part| part.parse().ok());
        match (number(), number()) {
            (Some(major), Some(minor)) => Ok(Self { major, minor }),
            _ => Err(format!(
                "`{text}` is no Kubernetes version; write it as `1.31` or `latest`"
            )),
        }
    }
}

impl fmt::Display for KubernetesVersion {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}.{}", self.major, self.minor)
    }
}
