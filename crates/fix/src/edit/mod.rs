//! Edits on nodes become splices of text: all bytes outside of them stay as they are.
//!
//! All edits of a document are made at once. What the patches ask for becomes a [`Draft`], and where that differs from
//! the tree, the text is changed: so fixes that overlap come together, and no place moves while others are edited.

mod block;
mod flow;

use crate::Refusal;
use crate::draft::Draft;
use crate::scalar::Notation;
use hardtack_core::algebra::PatchOp;
use hardtack_tree::{Kind, Node, NodeId, Span, Style, Tree};
use serde_json::Value;

/// What a text is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Syntax {
    /// YAML, flow style included.
    Yaml,
    /// JSON.
    Json,
}

/// Patches of one object.
#[derive(Clone, Debug)]
pub struct Change {
    /// The object's node, in the tree that is edited.
    pub object: NodeId,
    /// What is to be done, in order, relative to the object.
    pub ops: Vec<PatchOp>,
}

/// The text of the whole file with the `changes` made to the document at `document`, whose tree is given.
pub fn apply(tree: &Tree<'_>, document: Span, syntax: Syntax, changes: &[Change]) -> Result<String, Refusal> {
    let mut editor = Editor::new(tree, document, syntax);
    for change in changes {
        editor.change(tree, change)?;
    }
    editor.finish()
}

/// The changes that [`apply`] refuses, whatever is done besides them.
pub(crate) fn refused(
    tree: &Tree<'_>,
    document: Span,
    syntax: Syntax,
    changes: &[Change],
) -> Vec<(NodeId, Refusal)> {
    let mut editor = Editor::new(tree, document, syntax);
    let refused = changes.iter().filter_map(|change| {
        let refusal = editor.change(tree, change).err()?;
        Some((change.object, refusal))
    });
    refused.collect()
}

/// Where a value stands.
#[derive(Clone, Copy)]
struct Place<'a> {
    /// Its key, in a map.
    key: Option<Node<'a>>,
    /// Whether it stands in a flow collection.
    flow: bool,
}

impl<'a> Place<'a> {
    fn of_object(object: Node<'a>) -> Self {
        Self {
            key: None,
            flow: object.style() == Style::Flow,
        }
    }
}

struct Splice {
    span: Span,
    text: String,
}

struct Editor<'a> {
    text: &'a str,
    document: Span,
    syntax: Syntax,
    root: Node<'a>,
    /// What stands in an anchor that is used elsewhere.
    shared: Vec<Span>,
    splices: Vec<Splice>,
}

impl<'a> Editor<'a> {
    fn new(tree: &'a Tree<'_>, document: Span, syntax: Syntax) -> Self {
        let nodes = (0..tree.len() as u32).map(|id| tree.node(NodeId(id)));
        let shared = nodes.filter(|node| node.is_aliased()).map(Node::span);
        Self {
            text: tree.text(),
            document,
            syntax,
            root: tree.root(),
            shared: shared.collect(),
            splices: Vec::new(),
        }
    }

    fn change(&mut self, tree: &'a Tree<'_>, change: &Change) -> Result<(), Refusal> {
        let object = tree.node(change.object);
        let mut draft = Draft::Kept(object);
        for op in &change.ops {
            draft.apply(op)?;
        }
        self.write(&draft, Place::of_object(object))
    }

    /// Writes what changed in the entries that a map keeps.
    fn write_kept(
        &mut self,
        map: Node<'a>,
        entries: &[(String, Draft<'a>)],
        flow: bool,
    ) -> Result<(), Refusal> {
        for (key, draft) in entries {
            if let Some((key, value)) = map.entry_hashed(key, hardtack_tree::key_hash(key))
                && draft.origin() == Some(value)
            {
                if value.is_aliased() && !matches!(draft, Draft::Kept(_)) {
                    return Err(Refusal::Alias);
                }
                let key = Some(key);
                self.write(draft, Place { key, flow })?;
            }
        }
        Ok(())
    }

    fn write(&mut self, draft: &Draft<'a>, place: Place<'a>) -> Result<(), Refusal> {
        match draft {
            Draft::Kept(_) => Ok(()),
            Draft::Value { origin: None, .. } => Err(Refusal::Unusual("a new value without a place")),
            Draft::Value {
                origin: Some(node),
                value,
            } => self.replace(*node, place, value),
            Draft::Map { origin, entries } if origin.style() == Style::Flow => {
                self.flow_map(*origin, entries, place)
            }
            Draft::Map { origin, entries } => self.block_map(*origin, entries, place),
            Draft::Seq { origin, items } if origin.style() == Style::Flow => {
                self.flow_seq(*origin, items, place)
            }
            Draft::Seq { origin, items } => self.block_seq(*origin, items, place),
        }
    }

    /// Refuses to change a node that other places share.
    fn check(&self, node: Node<'a>) -> Result<(), Refusal> {
        if node.is_aliased() {
            return Err(Refusal::Alias);
        }
        let span = node.span();
        let inside = |shared: &Span| shared.start <= span.start && span.end <= shared.end;
        if self.shared.iter().any(inside) {
            return Err(Refusal::Anchor);
        }
        Ok(())
    }

    /// Refuses to take a node away that others need.
    fn check_gone(&self, node: Node<'a>) -> Result<(), Refusal> {
        self.check(node)?;
        let span = node.span();
        let inside = |shared: &Span| span.start <= shared.start && shared.end <= span.end;
        if self.shared.iter().any(inside) {
            return Err(Refusal::Anchor);
        }
        Ok(())
    }

    fn splice(&mut self, start: usize, end: usize, text: impl Into<String>) {
        self.splices.push(Splice {
            span: Span::new(start as u32, end as u32),
            text: text.into(),
        });
    }

    /// The new text. What was inserted at one place comes in the order it was asked for, inner nodes first, and before
    /// what is taken away there.
    fn finish(mut self) -> Result<String, Refusal> {
        self.splices
            .sort_by_key(|splice| (splice.span.start, splice.span.start < splice.span.end));
        let more: usize = self.splices.iter().map(|splice| splice.text.len()).sum();
        let mut out = String::with_capacity(self.text.len() + more);
        let mut at = 0;
        for splice in &self.splices {
            let range = splice.span.range();
            let kept = self.text.get(at..range.start);
            out.push_str(kept.ok_or(Refusal::Unusual("two edits of one place"))?);
            out.push_str(&splice.text);
            at = range.end;
        }
        out.push_str(self.text.get(at..).unwrap_or_default());
        Ok(out)
    }

    // Lines.

    fn bytes(&self) -> &'a [u8] {
        self.text.as_bytes()
    }

    /// The offset of the first byte of the line.
    fn line_start(&self, at: usize) -> usize {
        let before = self.bytes().get(..at).unwrap_or_default();
        let start = before
            .iter()
            .rposition(|&byte| byte == b'\n')
            .map_or(0, |found| found + 1);
        start.max(self.document.start as usize)
    }

    /// The offset of the line end, `\r\n` or `\n`, of the line; or of the end of the text.
    fn line_end(&self, at: usize) -> usize {
        let rest = self.bytes().get(at..).unwrap_or_default();
        match rest.iter().position(|&byte| byte == b'\n') {
            Some(found) if found > 0 && rest[found - 1] == b'\r' => at + found - 1,
            Some(found) => at + found,
            None => self.text.len(),
        }
    }

    /// The line end that is written at `at`: that of the line there, or of the line before.
    fn newline(&self, at: usize) -> &'static str {
        let bytes = self.bytes();
        match bytes.get(at) {
            Some(b'\r') => "\r\n",
            Some(_) => "\n",
            None if bytes[..self.line_start(at)].ends_with(b"\r\n") => "\r\n",
            None => "\n",
        }
    }

    fn column(&self, at: usize) -> usize {
        at - self.line_start(at)
    }

    /// The white space that the line begins with.
    fn indent(&self, at: usize) -> &'a str {
        let line = self.text.get(self.line_start(at)..).unwrap_or_default();
        let length = line
            .bytes()
            .take_while(|byte| matches!(byte, b' ' | b'\t'))
            .count();
        line.get(..length).unwrap_or_default()
    }

    /// Whether nothing but white space stands before `at` on its line.
    fn is_first_on_line(&self, at: usize) -> bool {
        self.indent(at).len() >= self.column(at)
    }

    /// Whether nothing but white space and a comment follow on the line.
    fn ends_line(&self, at: usize) -> bool {
        let rest = self.text.get(at..self.line_end(at)).unwrap_or_default();
        let trimmed = rest.trim_start();
        trimmed.is_empty() || trimmed.starts_with('#') && (trimmed.len() < rest.len())
    }

    /// The offset after the colon of a key.
    fn after_colon(&self, key: Node<'a>) -> Result<usize, Refusal> {
        let from = key.span().end as usize;
        let rest = self.bytes().get(from..).unwrap_or_default();
        let blanks = rest.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
        match rest.get(blanks) {
            Some(b':') => Ok(from + blanks + 1),
            _ => Err(Refusal::Unusual("a key without a colon after it")),
        }
    }

    /// How deep a map or list below a map's key is indented, as it is elsewhere in the document.
    fn step(&self, near: Node<'a>, kind: Kind) -> usize {
        let of_map = |map: Node<'a>| {
            if map.kind() != Kind::Map || map.style() != Style::Block {
                return None;
            }
            map.entries().find_map(|(key, value)| {
                let fits = value.kind() == kind && value.style() == Style::Block;
                if !fits || key.is_aliased() || value.is_aliased() {
                    return None;
                }
                let (outer, inner) = (key.span().start as usize, value.span().start as usize);
                self.column(inner).checked_sub(self.column(outer))
            })
        };
        let tree = self.root.tree();
        let all = (0..tree.len() as u32).map(|id| tree.node(NodeId(id)));
        let found = of_map(near).or_else(|| all.filter_map(of_map).next());
        match kind {
            Kind::Map => found.filter(|&step| step > 0).unwrap_or(2),
            _ => found.unwrap_or(2),
        }
    }

    // Values.

    /// Writes another value in the place of a node.
    fn replace(&mut self, node: Node<'a>, place: Place<'a>, value: &Value) -> Result<(), Refusal> {
        self.check_gone(node)?;
        let span = node.span().range();
        let in_lines = matches!(value, Value::Array(items) if !items.is_empty())
            || matches!(value, Value::Object(entries) if !entries.is_empty());
        if in_lines
            && !place.flow
            && let Some(key) = place.key
        {
            return self.replace_by_lines(node, key, value);
        }
        if node.style() == Style::Block {
            if !place.flow
                && let Some(key) = place.key
            {
                let colon = self.after_colon(key)?;
                if !self.ends_line(colon) {
                    return Err(Refusal::Unusual("an anchor or a tag stands before it"));
                }
                let text = Notation::BLOCK.value(value, Style::Plain);
                self.splice(colon, colon, format!(" {text}"));
                self.splice(self.line_end(colon), self.line_end(span.end), "");
                return Ok(());
            }
            self.splice(span.start, span.end, Notation::BLOCK.value(value, Style::Plain));
            return Ok(());
        }
        let text = self.notation(node, place).value(value, node.style());
        if span.is_empty() {
            return match span
                .start
                .checked_sub(1)
                .and_then(|before| self.bytes().get(before))
            {
                Some(b':' | b'-') => {
                    self.splice(span.start, span.start, format!(" {text}"));
                    Ok(())
                }
                _ => Err(Refusal::Unusual("an empty value with an anchor or a tag")),
            };
        }
        self.splice(span.start, span.end, text);
        Ok(())
    }

    /// Writes a map or list in lines below its key.
    fn replace_by_lines(&mut self, node: Node<'a>, key: Node<'a>, value: &Value) -> Result<(), Refusal> {
        let colon = self.after_colon(key)?;
        let span = node.span().range();
        let lines = self.below(key, value);
        if node.style() == Style::Block {
            if !self.ends_line(colon) {
                return Err(Refusal::Unusual("an anchor or a tag stands before it"));
            }
            let from = self.line_end(colon);
            let text = self.joined(from, &lines);
            self.splice(from, self.line_end(span.end), text);
            return Ok(());
        }
        let between = self.text.get(colon..span.start).unwrap_or("?");
        if !between.trim().is_empty() || !self.ends_line(span.end) {
            return Err(Refusal::Unusual("an anchor, a tag or a comment stands before it"));
        }
        if !span.is_empty() {
            self.splice(colon, span.end, "");
        }
        let at = self.line_end(span.end);
        let text = self.joined(at, &lines);
        self.splice(at, at, text);
        Ok(())
    }

    fn joined(&self, at: usize, lines: &[String]) -> String {
        let newline = self.newline(at);
        lines.iter().flat_map(|line| [newline, line]).collect()
    }

    /// How values are written where `node` stands.
    fn notation(&self, node: Node<'a>, place: Place<'a>) -> Notation {
        if self.syntax == Syntax::Json {
            return self.flow_notation(self.root);
        }
        if place.flow {
            let quoted = place.key.is_some_and(|key| key.style() == Style::DoubleQuoted);
            return Notation {
                flow: true,
                quoted,
                ..Notation::BLOCK
            };
        }
        if node.style() == Style::Flow {
            return Notation {
                flow: false,
                ..Notation::BLOCK
            };
        }
        Notation::BLOCK
    }
}
