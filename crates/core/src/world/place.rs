//! Where a finding about an object points, kept when the object's tree is gone.

use crate::document::{Document, Location};
use crate::finding::Fingerprint;
use crate::scan::pointed;
use crate::{Object, ObjectRef};
use hardtack_tree::{Node, Position, Span};
use std::sync::Arc;

/// Where a finding about several objects points.
#[derive(Clone, Debug)]
pub struct Place {
    /// In its file.
    pub location: Location,
    /// The object.
    pub object: Arc<ObjectRef>,
    /// RFC 6901 pointer in the object.
    pub path: Box<str>,
    /// The same way by names instead of indexes, as a hash: for fingerprints.
    pub way: u64,
}

impl Place {
    /// Whether both are the same node of the same file.
    pub fn is_same(&self, other: &Self) -> bool {
        self.location.file == other.location.file
            && self.location.span == other.location.span
            && self.path == other.path
    }
}

/// One object of the input.
#[derive(Clone, Debug)]
pub struct Origin {
    /// The file, as reports name it.
    pub file: Arc<str>,
    /// The template it was rendered from.
    pub template: Option<Arc<str>>,
    /// Which object it is.
    pub object: Arc<ObjectRef>,
    /// The object as a whole.
    pub here: Spot,
}

/// A node of an object.
#[derive(Clone, Debug)]
pub struct Spot {
    span: Span,
    start: Position,
    end: Position,
    line: Box<str>,
    path: Box<str>,
    way: u64,
}

impl Origin {
    /// The place of a node of this object.
    pub fn at(&self, spot: &Spot) -> Place {
        Place {
            location: Location {
                file: self.file.clone(),
                template: self.template.clone(),
                span: spot.span,
                start: spot.start,
                end: spot.end,
                line: spot.line.clone(),
            },
            object: self.object.clone(),
            path: spot.path.clone(),
            way: spot.way,
        }
    }

    /// The namespace; empty where none is written.
    pub fn namespace(&self) -> &str {
        self.object.namespace.as_deref().unwrap_or_default()
    }

    /// The name.
    pub fn name(&self) -> &str {
        &self.object.name
    }

    /// The API group.
    pub fn group(&self) -> &str {
        self.object
            .api_version
            .split_once('/')
            .map_or("", |(group, _)| group)
    }

    /// Whether both are definitions of one object: in the same place of the API, of the same name.
    pub fn is_same_object(&self, other: &Self) -> bool {
        self.group() == other.group()
            && self.object.kind == other.object.kind
            && self.object.namespace == other.object.namespace
            && self.object.name == other.object.name
    }
}

/// Makes spots while the object's tree is there.
#[derive(Clone, Copy)]
pub struct Places<'a, 'd> {
    /// The object.
    pub object: Object<'a>,
    document: &'d Document<'d>,
    hidden: &'d [Span],
}

impl<'a, 'd> Places<'a, 'd> {
    /// Of an object in a document; what lies in `hidden` is masked in excerpts.
    pub fn new(object: Object<'a>, document: &'d Document<'d>, hidden: &'d [Span]) -> Self {
        Self {
            object,
            document,
            hidden,
        }
    }

    /// The spot of a node of the object.
    pub fn spot(&self, node: Node<'a>) -> Spot {
        let root = self.object.node;
        let location = self.document.locate(pointed(node, &[]), self.hidden);
        Spot {
            span: location.span,
            start: location.start,
            end: location.end,
            line: location.line,
            path: root.tree().pointer_from(root.id(), node.id()).into(),
            way: Fingerprint::way(root, node),
        }
    }

    /// The spot of the node at the end of `path`, or of the last one on the way that is there.
    pub fn nearest(&self, from: Node<'a>, path: &[&str]) -> Spot {
        let mut node = from;
        for key in path {
            match node.get(key) {
                Some(next) if !next.is_null() => node = next,
                _ => break,
            }
        }
        self.spot(node)
    }

    /// The object as a whole.
    pub fn origin(&self, identity: &Arc<ObjectRef>) -> Origin {
        Origin {
            file: self.document.file.clone(),
            template: self.document.template.clone(),
            object: identity.clone(),
            here: self.spot(self.object.node),
        }
    }
}
