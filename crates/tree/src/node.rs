//! The tree: nodes in one flat array, in document order, each with the place after its subtree.

use crate::Span;
use std::borrow::Cow;

/// What a node is, after scalars were resolved as Kubernetes resolves them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// `null`, `~` or nothing.
    Null,
    /// `true`, `false` and, in YAML, `yes`, `no`, `on`, `off`, `y`, `n`.
    Bool,
    /// A whole number.
    Int,
    /// A number with a fraction or an exponent, an infinity or not a number.
    Float,
    /// Text.
    Str,
    /// Keys with values, in the order they were written.
    Map,
    /// A list.
    Seq,
}

impl Kind {
    /// The kind in the words of the Kubernetes API: `a boolean`, `a list`, ...
    pub fn noun(self) -> &'static str {
        match self {
            Kind::Null => "null",
            Kind::Bool => "a boolean",
            Kind::Int => "an integer",
            Kind::Float => "a number",
            Kind::Str => "a string",
            Kind::Map => "a map",
            Kind::Seq => "a list",
        }
    }
}

/// How a node was written; an editor keeps to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Style {
    /// A scalar without quotes.
    Plain,
    /// `'...'`
    SingleQuoted,
    /// `"..."`
    DoubleQuoted,
    /// `|`
    Literal,
    /// `>`
    Folded,
    /// A map or list in block style: one entry a line.
    Block,
    /// A map or list in flow style or JSON: `{...}`, `[...]`.
    Flow,
}

/// The number of a node in its tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NodeId(pub u32);

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct NodeData {
    pub(crate) span: Span,
    /// Id of the first node after this subtree.
    pub(crate) skip: u32,
    /// A scalar's text: offset in the file or, with `DECODED`, in the tree's own store. A collection: unused.
    pub(crate) value_at: u32,
    /// A scalar's text: length in bytes. A collection: number of entries.
    pub(crate) value_len: u32,
    /// Hash of a key's text; 0 for values.
    pub(crate) hash: u32,
    pub(crate) kind: Kind,
    pub(crate) style: Style,
    pub(crate) flags: u8,
}

pub(crate) mod flag {
    /// The text differs from what is written (escapes, folding, indentation).
    pub(crate) const DECODED: u8 = 1;
    /// Reached through an alias: its span lies in the anchor's text.
    pub(crate) const ALIASED: u8 = 2;
    /// Came by a merge key.
    pub(crate) const MERGED: u8 = 4;
    /// The value depends on something outside of the text.
    pub(crate) const UNRESOLVED: u8 = 8;
    /// A merge key. Only in trees that are being built.
    pub(crate) const MERGE: u8 = 16;
}

/// One document: a text and its nodes. Node 0 is the root.
#[derive(Clone, Debug)]
pub struct Tree<'t> {
    pub(crate) text: &'t str,
    pub(crate) nodes: Vec<NodeData>,
    pub(crate) decoded: String,
}

/// The hash by which keys are compared before their text is.
pub fn key_hash(key: &str) -> u32 {
    let mut hash = 0x811C_9DC5_u32;
    for chunk in key.as_bytes().chunks(4) {
        let mut word = [0; 4];
        word[..chunk.len()].copy_from_slice(chunk);
        hash = (hash.rotate_left(5) ^ u32::from_le_bytes(word)).wrapping_mul(0x9E37_79B1);
    }
    (hash ^ key.len() as u32) | 1
}

impl<'t> Tree<'t> {
    /// The document's root.
    pub fn root(&self) -> Node<'_> {
        self.node(NodeId(0))
    }

    /// The node of that number, which must come from this tree.
    pub fn node(&self, id: NodeId) -> Node<'_> {
        debug_assert!((id.0 as usize) < self.nodes.len());
        Node { tree: self, id: id.0 }
    }

    /// The text of the whole file that the document stands in.
    pub fn text(&self) -> &'t str {
        self.text
    }

    /// Number of nodes, keys included.
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Whether the tree has no node at all; a parsed document has at least one.
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// Where two trees of one text differ in any bit, in words; for tests of readers against each other.
    #[doc(hidden)]
    pub fn difference(&self, other: &Tree<'_>) -> Option<String> {
        let mut pairs = self.nodes.iter().zip(&other.nodes).enumerate();
        if let Some((index, (mine, theirs))) = pairs.find(|(_, (mine, theirs))| mine != theirs) {
            return Some(format!("node {index}: {mine:?} is not {theirs:?}"));
        }
        if self.nodes.len() != other.nodes.len() {
            return Some(format!(
                "{} nodes are not {}",
                self.nodes.len(),
                other.nodes.len()
            ));
        }
        (self.decoded != other.decoded).then(|| format!("{:?} is not {:?}", self.decoded, other.decoded))
    }

    /// The RFC 6901 pointer from the root to `target`; for a key, that of its value.
    pub fn pointer(&self, target: NodeId) -> String {
        self.pointer_from(NodeId(0), target)
    }

    /// The RFC 6901 pointer from `base` to `target`, a node in its subtree.
    pub fn pointer_from(&self, base: NodeId, target: NodeId) -> String {
        let mut pointer = String::with_capacity(96);
        self.steps(base, target, |step| {
            pointer.push('/');
            match step {
                Step::Item(index) => push_number(&mut pointer, index),
                Step::Key(key) => escape_into(&key.scalar(), &mut pointer),
            }
        });
        pointer
    }

    /// The steps from `base` to `target`, a node in its subtree; to a key, those to its value.
    pub fn steps<'a>(&'a self, base: NodeId, target: NodeId, mut take: impl FnMut(Step<'a>)) {
        let (mut at, target) = (base.0, target.0);
        'descend: while at != target {
            let node = self.node(NodeId(at));
            for (index, value) in node.items().enumerate() {
                if (value.id..value.data().skip).contains(&target) {
                    take(Step::Item(index));
                    at = value.id;
                    continue 'descend;
                }
            }
            for (key, value) in node.entries() {
                if (key.id..value.data().skip).contains(&target) {
                    take(Step::Key(key));
                    if key.id == target {
                        return;
                    }
                    at = value.id;
                    continue 'descend;
                }
            }
            return;
        }
    }
}

/// A step from a node to one directly below it.
#[derive(Clone, Copy, Debug)]
pub enum Step<'a> {
    /// To the item of that number.
    Item(usize),
    /// To the value of that key.
    Key(Node<'a>),
}

fn push_number(out: &mut String, number: usize) {
    match u8::try_from(number) {
        Ok(digit) if digit < 10 => out.push(char::from(b'0' + digit)),
        _ => out.push_str(&number.to_string()),
    }
}

fn escape_into(token: &str, out: &mut String) {
    if !token.contains(['~', '/']) {
        return out.push_str(token);
    }
    for character in token.chars() {
        match character {
            '~' => out.push_str("~0"),
            '/' => out.push_str("~1"),
            other => out.push(other),
        }
    }
}

/// A node in its tree. Cheap to copy.
#[derive(Clone, Copy)]
pub struct Node<'a> {
    tree: &'a Tree<'a>,
    id: u32,
}

impl PartialEq for Node<'_> {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self.tree.nodes.as_ptr(), other.tree.nodes.as_ptr()) && self.id == other.id
    }
}

impl std::fmt::Debug for Node<'_> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.kind() {
            Kind::Map => out.debug_map().entries(self.entries()).finish(),
            Kind::Seq => out.debug_list().entries(self.items()).finish(),
            Kind::Str => write!(out, "{:?}", self.raw()),
            _ => out.write_str(self.raw()),
        }
    }
}

impl<'a> Node<'a> {
    pub(crate) fn data(self) -> &'a NodeData {
        &self.tree.nodes[self.id as usize]
    }

    /// The number of the node in its tree.
    pub fn id(self) -> NodeId {
        NodeId(self.id)
    }

    /// The tree it stands in.
    pub fn tree(self) -> &'a Tree<'a> {
        self.tree
    }

    /// What the node is.
    pub fn kind(self) -> Kind {
        self.data().kind
    }

    /// How it was written.
    pub fn style(self) -> Style {
        self.data().style
    }

    /// The bytes of the file it was written with. Below an alias, those of the anchor.
    pub fn span(self) -> Span {
        self.data().span
    }

    /// Whether the node was reached through an alias or a merge key, so that an edit of its text changes other places too.
    pub fn is_aliased(self) -> bool {
        self.data().flags & (flag::ALIASED | flag::MERGED) != 0
    }

    /// Whether the value depends on something outside of the text, as a build argument without default does.
    pub fn is_unresolved(self) -> bool {
        self.data().flags & flag::UNRESOLVED != 0
    }

    /// The [`key_hash`] of a key; 0 for all other nodes.
    pub fn hash(self) -> u32 {
        self.data().hash
    }

    /// The key that a map's value stands at; `None` for keys, items of lists and the root.
    pub fn key(self) -> Option<Node<'a>> {
        let before = self.id.checked_sub(1)?;
        let data = self.tree.nodes.get(before as usize)?;
        (data.hash != 0 && self.data().hash == 0).then_some(Node {
            tree: self.tree,
            id: before,
        })
    }

    /// Whether it is `null` or nothing; Kubernetes reads such a field as one that is absent.
    pub fn is_null(self) -> bool {
        self.kind() == Kind::Null
    }

    /// Whether `self` is `other` or stands below it.
    pub fn is_within(self, other: Node<'a>) -> bool {
        (other.id..other.data().skip).contains(&self.id)
    }

    /// A scalar's text as it is after escapes and folding, numbers as written; empty for maps and lists.
    pub fn raw(self) -> &'a str {
        let data = self.data();
        if matches!(data.kind, Kind::Map | Kind::Seq) {
            return "";
        }
        let store = if data.flags & flag::DECODED != 0 {
            self.tree.decoded.as_str()
        } else {
            self.tree.text
        };
        store
            .get(data.value_at as usize..(data.value_at + data.value_len) as usize)
            .unwrap_or("")
    }

    /// The text of a string; `None` for all other kinds.
    pub fn as_str(self) -> Option<&'a str> {
        (self.kind() == Kind::Str).then(|| self.raw())
    }

    /// A boolean's value.
    pub fn as_bool(self) -> Option<bool> {
        (self.kind() == Kind::Bool).then(|| {
            matches!(self.raw().as_bytes().first(), Some(b't' | b'T' | b'y' | b'Y'))
                || self.raw().eq_ignore_ascii_case("on")
        })
    }

    /// A whole number's value, if it fits. `0777` is octal, `0x1f` hexadecimal, `_` is ignored.
    pub fn as_i64(self) -> Option<i64> {
        (self.kind() == Kind::Int)
            .then(|| parse_int(self.raw()))
            .flatten()
    }

    /// A number's value.
    pub fn as_f64(self) -> Option<f64> {
        match self.kind() {
            Kind::Int => self
                .as_i64()
                .map(|whole| whole as f64)
                .or_else(|| self.raw().replace('_', "").parse().ok()),
            Kind::Float => match self.raw().trim_start_matches(['+', '-']) {
                ".inf" | ".Inf" | ".INF" if self.raw().starts_with('-') => Some(f64::NEG_INFINITY),
                ".inf" | ".Inf" | ".INF" => Some(f64::INFINITY),
                ".nan" | ".NaN" | ".NAN" => Some(f64::NAN),
                _ => self.raw().replace('_', "").parse().ok(),
            },
            _ => None,
        }
    }

    /// A scalar as JSON would write it without quotes: numbers and booleans in canonical form. Empty for `null`, maps and lists.
    pub fn scalar(self) -> Cow<'a, str> {
        match self.kind() {
            Kind::Null | Kind::Map | Kind::Seq => Cow::Borrowed(""),
            Kind::Bool => Cow::Borrowed(if self.as_bool() == Some(true) {
                "true"
            } else {
                "false"
            }),
            Kind::Int => match self.as_i64() {
                Some(value) => Cow::Owned(value.to_string()),
                None => Cow::Borrowed(self.raw()),
            },
            Kind::Float | Kind::Str => Cow::Borrowed(self.raw()),
        }
    }

    /// Number of entries of a map or items of a list; 0 for scalars.
    pub fn len(self) -> usize {
        match self.kind() {
            Kind::Map | Kind::Seq => self.data().value_len as usize,
            _ => 0,
        }
    }

    /// Whether a map or list has nothing in it; true for scalars.
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// The items of a list; nothing for all other kinds.
    pub fn items(self) -> Items<'a> {
        let end = if self.kind() == Kind::Seq {
            self.data().skip
        } else {
            self.id + 1
        };
        Items {
            tree: self.tree,
            next: self.id + 1,
            end,
        }
    }

    /// The keys and values of a map, as written; nothing for all other kinds.
    pub fn entries(self) -> Entries<'a> {
        let end = if self.kind() == Kind::Map {
            self.data().skip
        } else {
            self.id + 1
        };
        Entries {
            tree: self.tree,
            next: self.id + 1,
            end,
        }
    }

    /// The value of `key`, `null` included.
    pub fn get(self, key: &str) -> Option<Node<'a>> {
        self.get_hashed(key, key_hash(key))
    }

    /// [`Node::get`] for a key whose [`key_hash`] is known.
    pub fn get_hashed(self, key: &str, hash: u32) -> Option<Node<'a>> {
        self.entry_hashed(key, hash).map(|(_, value)| value)
    }

    /// The key's own node and its value.
    pub fn entry_hashed(self, key: &str, hash: u32) -> Option<(Node<'a>, Node<'a>)> {
        if self.kind() != Kind::Map {
            return None;
        }
        let nodes = &self.tree.nodes;
        let (mut at, end) = (self.id + 1, self.data().skip);
        while at < end {
            let value = at + 1;
            if nodes[at as usize].hash == hash {
                let found = Node {
                    tree: self.tree,
                    id: at,
                };
                if found.is_key(key) {
                    return Some((
                        found,
                        Node {
                            tree: self.tree,
                            id: value,
                        },
                    ));
                }
            }
            at = nodes[value as usize].skip;
        }
        None
    }

    /// Whether the text of a key is `text`.
    fn is_key(self, text: &str) -> bool {
        match self.kind() {
            Kind::Str => self.raw() == text,
            _ => self.scalar() == text,
        }
    }

    /// The value at the end of `path`, one key after the other; `None` where one is missing or `null`.
    pub fn at(self, path: &[&str]) -> Option<Node<'a>> {
        let mut node = self;
        for key in path {
            node = node.get(key)?;
        }
        (!node.is_null()).then_some(node)
    }

    /// The string at the end of `path`.
    pub fn str_at(self, path: &[&str]) -> Option<&'a str> {
        self.at(path)?.as_str()
    }

    /// The item of that number in a list.
    pub fn item(self, index: usize) -> Option<Node<'a>> {
        self.items().nth(index)
    }

    /// Whether both have the same value, whatever their style. Maps are equal in any order.
    pub fn same_value(self, other: Node<'_>) -> bool {
        match (self.kind(), other.kind()) {
            (Kind::Map, Kind::Map) => {
                self.len() == other.len()
                    && self.entries().all(|(key, value)| {
                        other
                            .get(&key.scalar())
                            .is_some_and(|theirs| value.same_value(theirs))
                    })
            }
            (Kind::Seq, Kind::Seq) => {
                self.len() == other.len() && self.items().zip(other.items()).all(|(a, b)| a.same_value(b))
            }
            (Kind::Int | Kind::Float, Kind::Int | Kind::Float) => {
                self.as_i64().is_some() && self.as_i64() == other.as_i64() || self.as_f64() == other.as_f64()
            }
            (mine, theirs) => mine == theirs && self.scalar() == other.scalar(),
        }
    }
}

fn parse_int(raw: &str) -> Option<i64> {
    let clean: Cow<'_, str> = if raw.contains('_') {
        raw.replace('_', "").into()
    } else {
        raw.into()
    };
    let (negative, digits) = match clean.as_bytes().first()? {
        b'-' => (true, &clean[1..]),
        b'+' => (false, &clean[1..]),
        _ => (false, &clean[..]),
    };
    let (radix, digits) = match digits.as_bytes() {
        [b'0', b'x' | b'X', ..] => (16, &digits[2..]),
        [b'0', b'o' | b'O', ..] => (8, &digits[2..]),
        [b'0', b'b' | b'B', ..] => (2, &digits[2..]),
        [b'0', _, ..] => (8, &digits[1..]),
        _ => (10, digits),
    };
    if digits.starts_with(['+', '-']) {
        return None;
    }
    let value = i128::from_str_radix(digits, radix).ok()?;
    i64::try_from(if negative { -value } else { value }).ok()
}

/// The items of a list, in order.
#[derive(Clone)]
pub struct Items<'a> {
    tree: &'a Tree<'a>,
    next: u32,
    end: u32,
}

impl<'a> Iterator for Items<'a> {
    type Item = Node<'a>;

    fn next(&mut self) -> Option<Node<'a>> {
        if self.next >= self.end {
            return None;
        }
        let node = Node {
            tree: self.tree,
            id: self.next,
        };
        self.next = node.data().skip;
        Some(node)
    }
}

/// The keys and values of a map, in order.
#[derive(Clone)]
pub struct Entries<'a> {
    tree: &'a Tree<'a>,
    next: u32,
    end: u32,
}

impl<'a> Iterator for Entries<'a> {
    type Item = (Node<'a>, Node<'a>);

    fn next(&mut self) -> Option<(Node<'a>, Node<'a>)> {
        if self.next >= self.end {
            return None;
        }
        let key = Node {
            tree: self.tree,
            id: self.next,
        };
        let value = Node {
            tree: self.tree,
            id: self.next + 1,
        };
        self.next = value.data().skip;
        Some((key, value))
    }
}
