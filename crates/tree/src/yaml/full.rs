//! All of YAML, by way of granit-parser's events.

use super::{block_scalar, explain, resolve};
use crate::{Builder, Kind, Limits, NodeId, Span, Style, SyntaxError, Tree};
use granit_parser::{Event, Parser, ScalarStyle, StructureStyle, Tag};
use resolve::Tagged;
use std::borrow::Cow;

/// Reads the document; `None` where there is nothing in it.
pub(super) fn read<'t>(
    text: &'t str,
    document: Span,
    limits: Limits,
) -> Result<Option<Tree<'t>>, SyntaxError> {
    let source = document.of(text);
    let options = granit_parser::options! {
        emit_comments: false,
        block_scalar_eof_without_line_feed: true,
        flow_nesting_limit: limits.depth.saturating_add(1),
        block_nesting_limit: limits.depth.saturating_add(1),
    };
    let mut reader = Reader {
        bytes: &text.as_bytes()[..document.end as usize],
        base: document.start,
        builder: Builder::new(text, limits),
        open: Vec::new(),
        anchors: Vec::new(),
        cursor: document.start,
        documents: 0,
    };
    for event in Parser::new_from_str_with_options(source, options) {
        match event {
            Ok((event, span)) => reader.event(event, span)?,
            Err(error) => return Err(explain::error(source, document.start, &error, limits.depth)),
        }
    }
    let tree = reader.builder.finish()?;
    Ok((!tree.is_empty() && !tree.root().is_null()).then_some(tree))
}

struct Reader<'t> {
    /// The file up to the end of the document.
    bytes: &'t [u8],
    base: u32,
    builder: Builder<'t>,
    open: Vec<Parent>,
    /// By the parser's number: where the node of an anchor stands. Numbers begin with 1.
    anchors: Vec<Option<NodeId>>,
    /// Everything before it belongs to nodes already built or to the indicators before the next one.
    cursor: u32,
    documents: u32,
}

#[derive(Clone, Copy, PartialEq)]
enum Parent {
    BlockMap,
    FlowMap,
    BlockSeq,
    FlowSeq,
}

impl Reader<'_> {
    fn event(&mut self, event: Event<'_>, span: granit_parser::Span) -> Result<(), SyntaxError> {
        let start = self.offset(span.start);
        let end = self.offset(span.end);
        match event {
            Event::DocumentStart(explicit, _) => {
                self.documents += 1;
                if self.documents > 1 {
                    return Err(
                        SyntaxError::new(start, "a second document begins inside of the first")
                            .with_help("begin it with a line `---`"),
                    );
                }
                if explicit {
                    self.cursor = end;
                }
            }
            Event::Alias(anchor) => {
                self.enter();
                let Some(node) = self.anchors.get(anchor).copied().flatten() else {
                    return Err(explain::unknown_anchor(start));
                };
                self.builder.alias(node, start)?;
                self.cursor = end;
            }
            Event::Scalar(value, style, anchor, tag) => {
                self.enter();
                let node = self.scalar(&value, style, tag.as_deref(), anchor != 0, Span::new(start, end))?;
                self.anchor(anchor, node);
            }
            Event::SequenceStart(style, anchor, _) => {
                self.enter();
                let node = match style {
                    StructureStyle::Block => {
                        // Of a list that is indented no deeper than its key, the parser names the place after the dash.
                        let start = self.seek(b"-").unwrap_or(start);
                        self.refuse_tabs(start)?;
                        self.cursor = start;
                        self.open.push(Parent::BlockSeq);
                        self.builder.begin_seq(start, Style::Block)?
                    }
                    StructureStyle::Flow => {
                        self.cursor = end;
                        self.open.push(Parent::FlowSeq);
                        self.builder.begin_seq(start, Style::Flow)?
                    }
                };
                self.anchor(anchor, node);
            }
            Event::MappingStart(style, anchor, _) => {
                self.enter();
                let node = match style {
                    StructureStyle::Block => {
                        self.refuse_tabs(start)?;
                        self.open.push(Parent::BlockMap);
                        self.builder.begin_map(start, Style::Block)?
                    }
                    StructureStyle::Flow => {
                        self.open.push(Parent::FlowMap);
                        self.builder.begin_map(start, Style::Flow)?
                    }
                };
                self.cursor = if self.bytes.get(start as usize) == Some(&b'{') {
                    end
                } else {
                    start
                };
                self.anchor(anchor, node);
            }
            Event::SequenceEnd | Event::MappingEnd => {
                self.open.pop();
                if start < end {
                    self.cursor = end;
                }
                self.builder.end(self.cursor)?;
            }
            _ => {}
        }
        Ok(())
    }

    fn offset(&self, at: granit_parser::Marker) -> u32 {
        self.base + at.byte_offset().unwrap_or_default() as u32
    }

    fn anchor(&mut self, anchor: usize, node: NodeId) {
        if anchor != 0 {
            if self.anchors.len() <= anchor {
                self.anchors.resize(anchor + 1, None);
            }
            self.anchors[anchor] = Some(node);
        }
    }

    /// Refuses a block map or list at `start` with a tab before it on its line; the parser allows some.
    fn refuse_tabs(&self, start: u32) -> Result<(), SyntaxError> {
        let before = &self.bytes[self.base as usize..start as usize];
        let blanks = before
            .iter()
            .rev()
            .take_while(|byte| matches!(byte, b' ' | b'\t'));
        match blanks.enumerate().find(|(_, byte)| **byte == b'\t') {
            Some((back, _)) => Err(explain::tab(start - 1 - back as u32)),
            None => Ok(()),
        }
    }

    /// Moves over the indicator that stands before the next node.
    fn enter(&mut self) {
        let indicator = match self.open.last() {
            Some(Parent::BlockSeq) => b'-',
            Some(Parent::BlockMap | Parent::FlowMap) if self.builder.expects_key() => b'?',
            Some(Parent::BlockMap | Parent::FlowMap) => b':',
            Some(Parent::FlowSeq) | None => return,
        };
        if let Some(at) = self.seek(&[indicator]) {
            self.cursor = at + 1;
        }
    }

    /// The place of one of `wanted`, if that is next after white space, comments, anchors and tags.
    fn seek(&self, wanted: &[u8]) -> Option<u32> {
        let mut at = self.cursor as usize;
        loop {
            let byte = *self.bytes.get(at)?;
            match byte {
                b' ' | b'\t' | b'\r' | b'\n' | b',' => at += 1,
                b'#' => at += memchr::memchr2(b'\n', b'\r', &self.bytes[at..])?,
                b'&' | b'!' => {
                    let rest = &self.bytes[at..];
                    at += rest
                        .iter()
                        .position(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n'))?;
                }
                _ => return wanted.contains(&byte).then_some(at as u32),
            }
        }
    }

    fn scalar(
        &mut self,
        value: &str,
        style: ScalarStyle,
        tag: Option<&Tag>,
        anchored: bool,
        span: Span,
    ) -> Result<NodeId, SyntaxError> {
        let (style, span, inner) = match style {
            // The parser gives `~` for nothing at all.
            ScalarStyle::Plain if span.start == span.end => {
                if !anchored && tag.is_none() {
                    return self.nothing(Kind::Null, self.cursor);
                }
                let kind = match tag.map(|tag| tagged(tag, "")) {
                    Some(Tagged::As(kind)) => kind,
                    Some(Tagged::Text(_)) => Kind::Str,
                    Some(Tagged::Wrong) => return Err(explain::wrong_tag(span.start, "")),
                    None => Kind::Null,
                };
                return self.nothing(kind, span.start);
            }
            ScalarStyle::Plain => (Style::Plain, span, span),
            ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted => {
                let inner = Span::new(span.start + 1, span.end.saturating_sub(1).max(span.start + 1));
                let style = if style == ScalarStyle::SingleQuoted {
                    Style::SingleQuoted
                } else {
                    Style::DoubleQuoted
                };
                (style, span, inner)
            }
            ScalarStyle::Literal => (Style::Literal, self.block_scalar(span), Span::default()),
            ScalarStyle::Folded => (Style::Folded, self.block_scalar(span), Span::default()),
        };
        self.cursor = span.end;
        let meaning = match tag {
            Some(tag) => tagged(tag, value),
            None if style == Style::Plain => Tagged::As(resolve::plain(value)),
            None => Tagged::As(Kind::Str),
        };
        let (kind, mut value) = match meaning {
            Tagged::As(kind) => (kind, Cow::Borrowed(value)),
            Tagged::Text(text) => (Kind::Str, Cow::Owned(text)),
            Tagged::Wrong => return Err(explain::wrong_tag(span.start, value)),
        };
        if self.builder.expects_key() {
            if value == "<<" && style == Style::Plain && tag.is_none() {
                return self.builder.merge_key(span);
            }
            if kind == Kind::Null {
                return Err(explain::null_key(span.start));
            }
            if kind == Kind::Float {
                value = Cow::Owned(resolve::float_key(&value));
            }
        }
        if !matches!(style, Style::Literal | Style::Folded)
            && self.bytes.get(inner.range()) == Some(value.as_bytes())
        {
            self.builder.scalar(kind, style, span, inner)
        } else {
            self.builder.decoded(kind, style, span, &value)
        }
    }

    fn nothing(&mut self, kind: Kind, at: u32) -> Result<NodeId, SyntaxError> {
        if kind == Kind::Null && self.builder.expects_key() {
            return Err(explain::null_key(at));
        }
        self.cursor = at;
        let span = Span::new(at, at);
        self.builder.scalar(kind, Style::Plain, span, span)
    }

    /// The span of a block scalar from its indicator on, where the parser gives that of its content.
    fn block_scalar(&self, content: Span) -> Span {
        let start = self.seek(b"|>").unwrap_or(content.start.min(content.end));
        let header = memchr::memchr2(b'\n', b'\r', &self.bytes[start as usize..]);
        let header = header.map_or(self.bytes.len(), |found| start as usize + found);
        let limit = header.max(content.end as usize).min(self.bytes.len());
        Span::new(start, block_scalar::end(self.bytes, start as usize, limit) as u32)
    }
}

fn tagged(tag: &Tag, value: &str) -> Tagged {
    resolve::tagged(tag.suffix_in_namespace("tag:yaml.org,2002:").as_deref(), value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_all(text: &str) -> Result<Option<Tree<'_>>, SyntaxError> {
        read(text, Span::new(0, text.len() as u32), Limits::default())
    }

    fn shown(text: &str) -> String {
        format!("{:?}", read_all(text).unwrap().unwrap().root())
    }

    /// Every node's text in the file, in order.
    fn spans(text: &str) -> Vec<&str> {
        let tree = read_all(text).unwrap().unwrap();
        (0..tree.len() as u32)
            .map(|id| tree.node(NodeId(id)).span().of(text))
            .collect()
    }

    #[test]
    fn a_manifest_is_read_with_its_spans() {
        let text = "kind: Pod # a\nspec:\n  containers:\n  - name: 'web'\n    args: [a, \"b\"]\n\n# c\n";
        assert_eq!(
            shown(text),
            r#"{"kind": "Pod", "spec": {"containers": [{"name": "web", "args": ["a", "b"]}]}}"#
        );
        let body = "containers:\n  - name: 'web'\n    args: [a, \"b\"]";
        assert_eq!(
            spans(text)[4..10],
            [body, "containers", &body[14..], &body[16..], "name", "'web'"]
        );
    }

    #[test]
    fn an_empty_value_stands_right_after_its_indicator() {
        for (text, places) in [
            ("a: # b: c\nd:\n", &[2, 12][..]),
            ("- # x - y\n-\n- - \n", &[1, 11, 15]),
            ("{a, b: , c: }", &[2, 6, 11]),
            ("[a: , b:]", &[3, 8]),
            ("a: &x\nb: !!null # y\n", &[5, 15]),
            ("? a\n? b\n", &[3, 7]),
            ("k:\n# - x\n-\n", &[10]),
        ] {
            let tree = read_all(text).unwrap().unwrap();
            let nodes = (0..tree.len() as u32).map(|id| tree.node(NodeId(id)));
            let nulls: Vec<_> = nodes
                .filter(|node| node.is_null())
                .map(|node| node.span())
                .collect();
            assert_eq!(
                nulls,
                places.iter().map(|&at| Span::new(at, at)).collect::<Vec<_>>(),
                "{text}"
            );
        }
    }

    #[test]
    fn block_scalars_span_from_their_indicator_to_their_last_line() {
        let text = "a: |  # x\n  b\n   c\n\nd: !t &x >-\n\n  e\n  f  \n# g\nh: |+\ni: >2-\n";
        let spans = spans(text);
        assert_eq!(spans[2], "|  # x\n  b\n   c");
        assert_eq!(spans[4], ">-\n\n  e\n  f  ");
        assert_eq!((spans[6], spans[8]), ("|+", ">2-"));
        assert_eq!(
            shown(text),
            r#"{"a": "b\n c\n", "d": "\ne f  ", "h": "", "i": ""}"#
        );
    }

    #[test]
    fn aliases_and_merge_keys_are_written_out() {
        let text = "x: &x {a: 1, b: 2}\nv:\n  <<: *x\n  b: 3\nz: {b: 4, <<: [{c: 5}, *x]}\nw: [*x, '<<']\n";
        assert_eq!(
            shown(text),
            r#"{"x": {"a": 1, "b": 2}, "v": {"a": 1, "b": 3}, "z": {"b": 2, "a": 1, "c": 5}, "w": [{"a": 1, "b": 2}, "<<"]}"#
        );
        let tree = read_all(text).unwrap().unwrap();
        let v = tree.root().get("v").unwrap();
        assert!(v.get("a").unwrap().is_aliased());
        assert!(!v.get("b").unwrap().is_aliased());
        assert_eq!(v.len(), 2);
    }

    #[test]
    fn what_is_wrong_is_told_with_place_and_remedy() {
        for (text, place, part) in [
            ("a: 'b\nc: d\n", 3, "a quote is opened"),
            ("a: \"b\n", 3, "a quote is opened"),
            ("a:\n\tb: 1\n", 3, "a tab"),
            ("a: b: c\n", 4, "not possible here"),
            ("a: b\n  c: d\n", 8, "not possible here"),
            ("a: 1\nb:2\n", 5, "the space after `:` is missing"),
            ("a: 1\nb\n", 5, "text without a key"),
            ("a: [1, 2\n", 3, "a `[` is opened"),
            ("a: {b: 1\nc: 2\n", 10, "expected `,` or `}`"),
            ("a: 1\na: 2\n", 5, "stands twice"),
            ("? [a]\n: b\n", 2, "a key is a list"),
            ("a: *x\n", 3, "an anchor that is not defined"),
            ("a: &x [*x]\n", 7, "inside of its own anchor"),
            (": b\n", 0, "a key is null"),
            ("a: !!int b\n", 9, "what its tag"),
            ("<<: 1\n", 4, "a merge key"),
            ("a: @b\n", 3, "can't begin with `@`"),
            ("a: %b\n", 3, "can't begin with `%`"),
            ("- a\nb: c\n", 4, "expected `-`"),
            ("a: 'b' c\n", 7, "text follows a closing quote"),
            ("a: \"\\d\"\n", 3, "an unknown escape"),
        ] {
            let error = read_all(text).unwrap_err();
            assert!(error.message.contains(part), "{text:?}: {error}");
            assert_eq!(error.at, place, "{text:?}: {error}");
            assert!(error.help.is_some(), "{text:?}");
        }
    }

    #[test]
    fn nothing_is_none() {
        for text in ["", "# a\n", "---\n", "--- # a\n...\n", "~", "null\n"] {
            assert!(read_all(text).unwrap().is_none(), "{text:?}");
        }
    }

    #[test]
    fn alias_bombs_and_towers_run_into_the_limits() {
        let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
        for level in 1..12 {
            let alias = format!("*a{}", level - 1);
            bomb += &format!("a{level}: &a{level} [{}]\n", [alias.as_str(); 10].join(", "));
        }
        let limits = Limits {
            nodes: 100_000,
            ..Limits::default()
        };
        let error = read(&bomb, Span::new(0, bomb.len() as u32), limits).unwrap_err();
        assert!(error.message.contains("more than 100000 values"), "{error}");

        let mut tower = "a0: &a0 [x]\n".to_owned();
        for level in 1..400 {
            tower += &format!("a{level}: &a{level} [*a{}]\n", level - 1);
        }
        assert!(read_all(&tower).unwrap_err().message.contains("nested deeper"));
        for deep in ["[".repeat(10_000), "- ".repeat(10_000)] {
            assert!(read_all(&deep).unwrap_err().message.contains("nested deeper"));
        }
    }
}
