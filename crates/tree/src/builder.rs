//! How parsers make trees: one call a node, in document order.

use crate::merge;
use crate::node::{NodeData, flag};
use crate::{Kind, Node, NodeId, Span, Style, SyntaxError, Tree, key_hash};

/// What a document may cost at most.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// How deep maps and lists may nest.
    pub depth: usize,
    /// How many nodes a document may have once aliases are expanded.
    pub nodes: usize,
}

impl Default for Limits {
    /// Depth 256 and 8 million nodes. The API server takes objects of at most 3 MiB, so that both are out of reach of a real one.
    fn default() -> Self {
        Self {
            depth: 256,
            nodes: 8_000_000,
        }
    }
}

/// Builds one [`Tree`] from the events of a parser.
///
/// A map takes its keys and values in turn, each by [`Builder::scalar`], [`Builder::begin_map`] and so on;
/// keys must be scalars.
pub struct Builder<'t> {
    tree: Tree<'t>,
    limits: Limits,
    open: Vec<Open>,
    /// Whether there is a merge key.
    merges: bool,
}

/// A text that a [`Builder`] keeps.
#[derive(Clone, Copy, Debug)]
pub struct Stored {
    at: u32,
    len: u32,
}

struct Open {
    node: u32,
    /// Keys and values so far.
    children: u32,
}

impl<'t> Builder<'t> {
    /// A builder of a document in `text`, the text of the whole file: spans are offsets in it.
    pub fn new(text: &'t str, limits: Limits) -> Self {
        Self {
            tree: Tree {
                text,
                nodes: Vec::new(),
                decoded: String::new(),
            },
            limits,
            open: Vec::new(),
            merges: false,
        }
    }

    /// Makes room for `nodes` nodes.
    pub fn reserve(&mut self, nodes: usize) {
        self.tree.nodes.reserve(nodes);
    }

    /// Whether the next node is a key: the innermost open collection is a map that waits for one.
    pub fn expects_key(&self) -> bool {
        self.open.last().is_some_and(|open| {
            self.tree.nodes[open.node as usize].kind == Kind::Map && open.children.is_multiple_of(2)
        })
    }

    /// How many maps and lists are open.
    pub fn depth(&self) -> usize {
        self.open.len()
    }

    /// Opens a map whose first byte is at `start`.
    pub fn begin_map(&mut self, start: u32, style: Style) -> Result<NodeId, SyntaxError> {
        self.begin(Kind::Map, start, style)
    }

    /// Opens a list whose first byte is at `start`.
    pub fn begin_seq(&mut self, start: u32, style: Style) -> Result<NodeId, SyntaxError> {
        self.begin(Kind::Seq, start, style)
    }

    fn begin(&mut self, kind: Kind, start: u32, style: Style) -> Result<NodeId, SyntaxError> {
        if self.expects_key() {
            return Err(key_is(kind, start));
        }
        if self.open.len() >= self.limits.depth {
            return Err(too_deep(start, self.limits.depth));
        }
        let id = self.push(NodeData {
            span: Span::new(start, start),
            skip: 0,
            value_at: 0,
            value_len: 0,
            hash: 0,
            kind,
            style,
            flags: 0,
        })?;
        self.open.push(Open {
            node: id.0,
            children: 0,
        });
        Ok(id)
    }

    /// Closes the innermost open map or list; `end` is the offset after its last byte.
    pub fn end(&mut self, end: u32) -> Result<(), SyntaxError> {
        let Some(open) = self.open.pop() else {
            return Err(SyntaxError::new(end, "a map or list ends here that never began"));
        };
        let next = self.tree.nodes.len() as u32;
        let node = &mut self.tree.nodes[open.node as usize];
        node.skip = next;
        node.span.end = end;
        if node.kind == Kind::Seq {
            node.value_len = open.children;
            return Ok(());
        }
        node.value_len = open.children / 2;
        if !open.children.is_multiple_of(2) {
            return Err(SyntaxError::new(end, "a key has no value"));
        }
        self.reject_duplicates(NodeId(open.node))
    }

    /// A scalar whose value stands in the file as it is: `value` is its span there, `span` that of the whole with quotes.
    pub fn scalar(
        &mut self,
        kind: Kind,
        style: Style,
        span: Span,
        value: Span,
    ) -> Result<NodeId, SyntaxError> {
        self.push_scalar(kind, style, span, value.start, value.end - value.start, 0)
    }

    /// A scalar whose value differs from what is written.
    pub fn decoded(
        &mut self,
        kind: Kind,
        style: Style,
        span: Span,
        value: &str,
    ) -> Result<NodeId, SyntaxError> {
        let value = self.store(value);
        self.stored(kind, style, span, value)
    }

    /// Keeps a text that several scalars will have.
    pub fn store(&mut self, value: &str) -> Stored {
        let at = self.tree.decoded.len() as u32;
        self.tree.decoded.push_str(value);
        Stored {
            at,
            len: value.len() as u32,
        }
    }

    /// [`Builder::decoded`] with a text of [`Builder::store`].
    pub fn stored(
        &mut self,
        kind: Kind,
        style: Style,
        span: Span,
        value: Stored,
    ) -> Result<NodeId, SyntaxError> {
        self.push_scalar(kind, style, span, value.at, value.len, flag::DECODED)
    }

    /// Writes the subtree `of`, which must be complete, again as a value: a fact that is told in two places.
    pub fn repeat(&mut self, of: NodeId) -> Result<NodeId, SyntaxError> {
        let original = &self.tree.nodes[of.0 as usize];
        let (end, at) = (original.skip, original.span.start);
        let id = self.copy(of.0, end, at)?;
        for node in &mut self.tree.nodes[id.0 as usize..] {
            node.flags &= !flag::ALIASED;
        }
        self.tree.nodes[id.0 as usize].hash = 0;
        if let Some(open) = self.open.last_mut() {
            open.children += 1;
        }
        Ok(id)
    }

    /// The store of the tree for texts that differ from what is written: a reader appends there what
    /// [`Builder::decoded_since`] then takes.
    pub(crate) fn decoded_text(&mut self) -> &mut String {
        &mut self.tree.decoded
    }

    /// A scalar whose value is everything that was appended to the store since it had `from` bytes.
    pub(crate) fn decoded_since(
        &mut self,
        kind: Kind,
        style: Style,
        span: Span,
        from: u32,
    ) -> Result<NodeId, SyntaxError> {
        let length = self.tree.decoded.len() as u32 - from;
        self.push_scalar(kind, style, span, from, length, flag::DECODED)
    }

    /// Whether the innermost open collection is a map.
    pub(crate) fn is_in_map(&self) -> bool {
        self.open
            .last()
            .is_some_and(|open| self.tree.nodes[open.node as usize].kind == Kind::Map)
    }

    /// Whether there is no node yet.
    pub(crate) fn is_empty(&self) -> bool {
        self.tree.is_empty()
    }

    /// Marks a node: its value depends on something outside of the text.
    pub fn mark_unresolved(&mut self, node: NodeId) {
        self.tree.nodes[node.0 as usize].flags |= flag::UNRESOLVED;
    }

    /// Writes the subtree of `anchor` again, here, as an alias does.
    pub fn alias(&mut self, anchor: NodeId, at: u32) -> Result<NodeId, SyntaxError> {
        let range = anchor.0..self.tree.nodes[anchor.0 as usize].skip;
        if range.end == 0 {
            return Err(SyntaxError::new(at, "an alias stands inside of its own anchor")
                .with_help("write out what is meant"));
        }
        let kind = self.tree.nodes[anchor.0 as usize].kind;
        if self.expects_key() && matches!(kind, Kind::Map | Kind::Seq) {
            return Err(key_is(kind, at));
        }
        let id = self.copy(range.start, range.end, at)?;
        if let Some(open) = self.open.last_mut() {
            let key =
                self.tree.nodes[open.node as usize].kind == Kind::Map && open.children.is_multiple_of(2);
            open.children += 1;
            let hash = if key {
                key_hash(&Node::scalar(self.tree.node(id)))
            } else {
                0
            };
            self.tree.nodes[id.0 as usize].hash = hash;
        }
        Ok(id)
    }

    /// A merge key (`<<`) in the innermost open map. Its value, a map or a list of maps, comes next and is
    /// resolved by [`Builder::finish`].
    pub fn merge_key(&mut self, span: Span) -> Result<NodeId, SyntaxError> {
        self.merges = true;
        self.push_scalar(
            Kind::Str,
            Style::Plain,
            span,
            span.start,
            span.end - span.start,
            flag::MERGE,
        )
    }

    /// The value and kind of a finished node.
    pub fn node(&self, id: NodeId) -> Node<'_> {
        self.tree.node(id)
    }

    /// The finished tree. All maps and lists must be closed.
    pub fn finish(self) -> Result<Tree<'t>, SyntaxError> {
        match self.open.last() {
            Some(open) => {
                let at = self.tree.nodes[open.node as usize].span.start;
                Err(SyntaxError::new(at, "a map or list that begins here never ends"))
            }
            None if self.merges => merge::resolve(&self.tree),
            None => Ok(self.tree),
        }
    }

    fn push_scalar(
        &mut self,
        kind: Kind,
        style: Style,
        span: Span,
        value_at: u32,
        value_len: u32,
        flags: u8,
    ) -> Result<NodeId, SyntaxError> {
        let key = self.expects_key();
        let id = self.push(NodeData {
            span,
            skip: 0,
            value_at,
            value_len,
            hash: 0,
            kind,
            style,
            flags,
        })?;
        let next = self.tree.nodes.len() as u32;
        let hash = if key {
            key_hash(&self.tree.node(id).scalar())
        } else {
            0
        };
        let node = &mut self.tree.nodes[id.0 as usize];
        node.skip = next;
        node.hash = hash;
        Ok(id)
    }

    fn push(&mut self, node: NodeData) -> Result<NodeId, SyntaxError> {
        self.check_budget(1, node.span.start)?;
        if let Some(open) = self.open.last_mut() {
            open.children += 1;
        }
        self.tree.nodes.push(node);
        Ok(NodeId(self.tree.nodes.len() as u32 - 1))
    }

    fn check_budget(&self, more: usize, at: u32) -> Result<(), SyntaxError> {
        if self.tree.nodes.len() + more > self.limits.nodes {
            return Err(SyntaxError::new(
                at,
                format!("more than {} values, with what aliases repeat", self.limits.nodes),
            )
            .with_help("split the document, or write out what its aliases repeat"));
        }
        Ok(())
    }

    fn copy(&mut self, from: u32, end: u32, at: u32) -> Result<NodeId, SyntaxError> {
        self.check_budget((end - from) as usize, at)?;
        let shift = self.tree.nodes.len() as u32 - from;
        let mut ends = Vec::new();
        for index in from..end {
            let mut node = self.tree.nodes[index as usize].clone();
            while ends.last().is_some_and(|&end| end <= index) {
                ends.pop();
            }
            if matches!(node.kind, Kind::Map | Kind::Seq) {
                ends.push(node.skip);
                if self.open.len() + ends.len() > self.limits.depth {
                    return Err(too_deep(at, self.limits.depth));
                }
            }
            node.skip += shift;
            node.flags |= flag::ALIASED;
            self.tree.nodes.push(node);
        }
        Ok(NodeId(from + shift))
    }

    fn reject_duplicates(&self, map: NodeId) -> Result<(), SyntaxError> {
        let map = self.tree.node(map);
        let repeated = if map.len() <= 16 {
            let mut seen = [(0, 0); 16];
            let mut repeated = None;
            let keys = map.entries().map(|(key, _)| key).filter(|key| !is_merge(*key));
            for (index, key) in keys.enumerate() {
                let entry = (key.data().hash, key.id().0);
                let twin = seen[..index].iter().find(|(hash, id)| {
                    *hash == entry.0 && self.tree.node(NodeId(*id)).scalar() == key.scalar()
                });
                if twin.is_some() {
                    repeated = Some(key);
                    break;
                }
                seen[index] = entry;
            }
            repeated
        } else {
            let mut seen = rustc_hash::FxHashSet::default();
            map.entries()
                .map(|(key, _)| key)
                .filter(|key| !is_merge(*key))
                .find(|key| !seen.insert(key.scalar()))
        };
        match repeated {
            Some(key) => Err(SyntaxError::new(
                key.span().start,
                format!("the key `{}` stands twice in one map", key.scalar()),
            )
            .with_help("remove one of the two: readers disagree on which one counts")),
            None => Ok(()),
        }
    }
}

fn is_merge(key: Node<'_>) -> bool {
    key.data().flags & flag::MERGE != 0
}

fn key_is(kind: Kind, at: u32) -> SyntaxError {
    let message = format!("a key is {}, but Kubernetes takes only text", kind.noun());
    SyntaxError::new(at, message).with_help("quote the key")
}

/// Said of a map or list at `at` that has `depth` around it, as many as are allowed.
pub(crate) fn too_deep(at: u32, depth: usize) -> SyntaxError {
    SyntaxError::new(at, format!("nested deeper than {depth} levels"))
        .with_help("no Kubernetes object is nested that deep; check the indentation")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_map_is_found_by_key_and_points_back() {
        let text = r#"{"spec":{"containers":[{"name":"web"}]}}"#;
        let mut builder = Builder::new(text, Limits::default());
        let quoted = |at: u32, len: u32| (Span::new(at, at + len + 2), Span::new(at + 1, at + 1 + len));
        let string = |builder: &mut Builder<'_>, at, len| {
            let (span, value) = quoted(at, len);
            builder
                .scalar(Kind::Str, Style::DoubleQuoted, span, value)
                .unwrap()
        };
        builder.begin_map(0, Style::Flow).unwrap();
        string(&mut builder, 1, 4);
        builder.begin_map(8, Style::Flow).unwrap();
        string(&mut builder, 9, 10);
        builder.begin_seq(22, Style::Flow).unwrap();
        builder.begin_map(23, Style::Flow).unwrap();
        string(&mut builder, 24, 4);
        let name = string(&mut builder, 31, 3);
        for end in [37, 38, 39, 40] {
            builder.end(end).unwrap();
        }
        let tree = builder.finish().unwrap();
        assert_eq!(tree.pointer(name), "/spec/containers/0/name");
        let containers = tree.root().at(&["spec", "containers"]).unwrap();
        assert_eq!(containers.item(0).unwrap().str_at(&["name"]), Some("web"));
    }
}
