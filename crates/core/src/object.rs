//! Kubernetes objects: a node with a kind and a name.

use hardtack_tree::{Kind, Node};
use serde::Serialize;

/// One Kubernetes object in a tree.
#[derive(Clone, Copy, Debug)]
pub struct Object<'a> {
    /// The object's map.
    pub node: Node<'a>,
    /// `apps/v1`; empty where it is missing.
    pub api_version: &'a str,
    /// `Deployment`.
    pub kind: &'a str,
    /// `metadata.name`, else `metadata.generateName`, else empty.
    pub name: &'a str,
    /// `metadata.namespace`; empty where none is written.
    pub namespace: &'a str,
}

/// Why a document holds no object, and where that shows.
#[derive(Clone, Debug)]
pub struct NotAnObject<'a> {
    /// The node that was expected to be an object.
    pub node: Node<'a>,
    /// What was found and what was expected.
    pub reason: String,
}

impl<'a> Object<'a> {
    /// Reads a map as an object. It needs a `kind`; without an `apiVersion` it is judged all the same.
    pub fn of(node: Node<'a>) -> Result<Self, NotAnObject<'a>> {
        Self::typed(node, "", "")
    }

    fn typed(node: Node<'a>, api_version: &'a str, kind: &'a str) -> Result<Self, NotAnObject<'a>> {
        let wrong = |node, reason: String| Err(NotAnObject { node, reason });
        if node.kind() != Kind::Map {
            let found = node.kind().noun();
            return wrong(node, format!("expected a Kubernetes object, found {found}"));
        }
        let kind = match node.get("kind") {
            Some(found) if found.as_str().is_some_and(|kind| !kind.is_empty()) => found.raw(),
            Some(found) if !found.is_null() => {
                return wrong(
                    found,
                    format!("`kind` must be a string, found {}", found.kind().noun()),
                );
            }
            _ if !kind.is_empty() => kind,
            _ => return wrong(node, "not a Kubernetes object: `kind` is missing".into()),
        };
        let text = |path: &[&str]| node.str_at(path).unwrap_or_default();
        let name = match text(&["metadata", "name"]) {
            "" => text(&["metadata", "generateName"]),
            name => name,
        };
        Ok(Self {
            node,
            api_version: node.str_at(&["apiVersion"]).unwrap_or(api_version),
            kind,
            name,
            namespace: text(&["metadata", "namespace"]),
        })
    }

    /// The API group: `apps` in `apps/v1`, empty for the core group.
    pub fn group(&self) -> &'a str {
        self.api_version.split_once('/').map_or("", |(group, _)| group)
    }

    /// The object's identity, owned.
    pub fn identity(&self) -> ObjectRef {
        ObjectRef {
            api_version: self.api_version.into(),
            kind: self.kind.into(),
            namespace: (!self.namespace.is_empty()).then(|| self.namespace.into()),
            name: self.name.into(),
        }
    }
}

/// The objects of a document: one, or those of a `List`, lists in lists included.
pub fn objects<'a>(root: Node<'a>) -> Vec<Result<Object<'a>, NotAnObject<'a>>> {
    let mut found = Vec::new();
    unfold(root, "", "", 0, &mut found);
    found
}

fn unfold<'a>(
    node: Node<'a>,
    api_version: &'a str,
    kind: &'a str,
    depth: usize,
    out: &mut Vec<Result<Object<'a>, NotAnObject<'a>>>,
) {
    const DEEPEST: usize = 8;
    let object = match Object::typed(node, api_version, kind) {
        Ok(object) => object,
        Err(wrong) => return out.push(Err(wrong)),
    };
    match (object.kind.strip_suffix("List"), object.node.get("items")) {
        (Some(item_kind), Some(items)) if items.kind() == Kind::Seq && depth < DEEPEST => {
            let api_version = if item_kind.is_empty() {
                ""
            } else {
                object.api_version
            };
            for item in items.items() {
                unfold(item, api_version, item_kind, depth + 1, out);
            }
        }
        _ => out.push(Ok(object)),
    }
}

/// An object's identity in reports.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ObjectRef {
    /// `apps/v1`.
    pub api_version: Box<str>,
    /// `Deployment`.
    pub kind: Box<str>,
    /// The namespace, where one is written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<Box<str>>,
    /// The name, or the `generateName`; empty where there is none.
    pub name: Box<str>,
}

impl std::fmt::Display for ObjectRef {
    /// `Deployment shop/web`.
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{} ", self.kind)?;
        if let Some(namespace) = &self.namespace {
            write!(out, "{namespace}/")?;
        }
        out.write_str(if self.name.is_empty() {
            "(unnamed)"
        } else {
            &self.name
        })
    }
}
