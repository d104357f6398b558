//! What a kustomization takes in, so that its parts are not judged a second time, unpatched.

use hardtack_tree::{Limits, Node, Span, yaml};
use std::fs;
use std::path::{Component, Path, PathBuf};

/// The names kustomize looks for.
pub const NAMES: [&str; 3] = ["kustomization.yaml", "kustomization.yml", "Kustomization"];

/// The files and folders that a kustomization file names.
#[derive(Debug, Default)]
pub struct Parts {
    /// Objects and other kustomizations: judged as part of it.
    pub resources: Vec<PathBuf>,
    /// Fragments of objects, and data: no objects by themselves.
    pub fragments: Vec<PathBuf>,
    /// Whether it is a component: a part of others that can't be built by itself.
    pub is_component: bool,
}

/// Reads which parts the kustomization `file` names. One that can't be read names none: the renderer says why.
pub fn parts(file: &Path) -> Parts {
    let mut parts = Parts::default();
    let (Ok(text), Some(folder)) = (fs::read_to_string(file), file.parent()) else {
        return parts;
    };
    let whole = Span::new(0, text.len() as u32);
    let Ok(Some(tree)) = yaml::parse(&text, whole, &Limits::default()) else {
        return parts;
    };
    let root = tree.root();
    parts.is_component = root.str_at(&["kind"]) == Some("Component");
    let list = |key: &str| root.get(key).map(Node::items).into_iter().flatten();
    let at = |text: &str| normal(&folder.join(text));
    for key in ["resources", "bases", "components", "crds"] {
        let local = list(key).filter_map(Node::as_str).filter(|text| !is_remote(text));
        parts.resources.extend(local.map(at));
    }
    for key in [
        "patchesStrategicMerge",
        "configurations",
        "transformers",
        "generators",
        "validators",
    ] {
        let files = list(key)
            .filter_map(Node::as_str)
            .filter(|text| !text.contains('\n'));
        parts.fragments.extend(files.map(at));
    }
    for key in ["patches", "patchesJson6902", "replacements"] {
        let files = list(key).filter_map(|entry| entry.str_at(&["path"]));
        parts.fragments.extend(files.map(at));
    }
    for key in ["configMapGenerator", "secretGenerator"] {
        for entry in list(key) {
            for file in entry.get("files").map(Node::items).into_iter().flatten() {
                let name = file.raw();
                parts
                    .fragments
                    .push(at(name.split_once('=').map_or(name, |(_, path)| path)));
            }
        }
    }
    for chart in list("helmCharts") {
        parts.fragments.extend(chart.str_at(&["valuesFile"]).map(at));
    }
    parts
}

fn is_remote(text: &str) -> bool {
    text.contains("://")
        || text.contains("?ref=")
        || text.starts_with("git@")
        || text.starts_with("github.com/")
}

/// The path without `.` and `..`, without asking the file system.
pub fn normal(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir if matches!(out.components().next_back(), Some(Component::Normal(_))) => {
                out.pop();
            }
            other => out.push(other),
        }
    }
    out
}
