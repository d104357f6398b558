//! Writes values into a tree, each with the span of the word it comes from.

use crate::dockerfile::value::Value;
use crate::{Builder, Kind, Limits, NodeId, Span, Stored, Style, SyntaxError, Tree};
use rustc_hash::FxHashMap;

/// A [`Builder`] that knows the words of a file.
pub(super) struct Writer<'t> {
    text: &'t str,
    builder: Builder<'t>,
    keys: FxHashMap<&'static str, Stored>,
}

/// A scalar that can be written many times at little cost.
#[derive(Clone, Copy)]
pub(super) struct Scalar {
    span: Span,
    style: Style,
    text: Text,
    unresolved: bool,
}

#[derive(Clone, Copy)]
enum Text {
    Written(Span),
    Stored(Stored),
}

pub(super) type Written<T = ()> = Result<T, SyntaxError>;

impl<'t> Writer<'t> {
    pub(super) fn new(text: &'t str, limits: Limits) -> Self {
        Self {
            text,
            builder: Builder::new(text, limits),
            keys: FxHashMap::default(),
        }
    }

    pub(super) fn finish(self) -> Written<Tree<'t>> {
        self.builder.finish()
    }

    /// A map; `fill` writes its entries.
    pub(super) fn map<T>(
        &mut self,
        span: Span,
        fill: impl FnOnce(&mut Self) -> Written<T>,
    ) -> Written<(NodeId, T)> {
        let id = self.builder.begin_map(span.start, Style::Block)?;
        let filled = fill(self)?;
        self.builder.end(span.end)?;
        Ok((id, filled))
    }

    /// A list; `fill` writes its items.
    pub(super) fn list<T>(
        &mut self,
        span: Span,
        fill: impl FnOnce(&mut Self) -> Written<T>,
    ) -> Written<(NodeId, T)> {
        let id = self.builder.begin_seq(span.start, Style::Block)?;
        let filled = fill(self)?;
        self.builder.end(span.end)?;
        Ok((id, filled))
    }

    /// A key that the tree's specification names.
    pub(super) fn key(&mut self, name: &'static str, span: Span) -> Written {
        let stored = match self.keys.get(name) {
            Some(stored) => *stored,
            None => *self.keys.entry(name).or_insert(self.builder.store(name)),
        };
        self.builder
            .stored(Kind::Str, Style::Plain, span, stored)
            .map(drop)
    }

    /// A key that the file names.
    pub(super) fn own_key(&mut self, name: &str, span: Span) -> Written {
        self.builder
            .decoded(Kind::Str, Style::Plain, span, name)
            .map(drop)
    }

    /// Makes a value ready to be written.
    pub(super) fn scalar(&mut self, value: &Value) -> Scalar {
        self.shown(&value.text, value.span, value.unresolved)
    }

    fn shown(&mut self, text: &str, span: Span, unresolved: bool) -> Scalar {
        let written = span.of(self.text);
        let quoted = |quote: char| {
            written
                .strip_prefix(quote)
                .and_then(|rest| rest.strip_suffix(quote))
                == Some(text)
        };
        let inner = Span::new(span.start + 1, span.end.saturating_sub(1));
        let (style, text) = if written == text {
            (Style::Plain, Text::Written(span))
        } else if quoted('"') {
            (Style::DoubleQuoted, Text::Written(inner))
        } else if quoted('\'') {
            (Style::SingleQuoted, Text::Written(inner))
        } else {
            (Style::Plain, Text::Stored(self.builder.store(text)))
        };
        Scalar {
            span,
            style,
            text,
            unresolved,
        }
    }

    pub(super) fn write(&mut self, scalar: Scalar) -> Written<NodeId> {
        let Scalar {
            span,
            style,
            text,
            unresolved,
        } = scalar;
        let id = match text {
            Text::Written(text) => self.builder.scalar(Kind::Str, style, span, text)?,
            Text::Stored(text) => self.builder.stored(Kind::Str, style, span, text)?,
        };
        if unresolved {
            self.builder.mark_unresolved(id);
        }
        Ok(id)
    }

    pub(super) fn value(&mut self, value: &Value) -> Written<NodeId> {
        let scalar = self.scalar(value);
        self.write(scalar)
    }

    pub(super) fn entry(&mut self, key: &'static str, value: &Value) -> Written<NodeId> {
        self.key(key, value.span)?;
        self.value(value)
    }

    pub(super) fn text(&mut self, key: &'static str, text: &str, span: Span) -> Written<NodeId> {
        self.key(key, span)?;
        let scalar = self.shown(text, span, false);
        self.write(scalar)
    }

    /// A part of the file as it stands there.
    pub(super) fn raw(&mut self, key: &'static str, span: Span) -> Written<NodeId> {
        self.key(key, span)?;
        self.builder.scalar(Kind::Str, Style::Plain, span, span)
    }

    pub(super) fn boolean(&mut self, key: &'static str, value: bool, span: Span) -> Written<NodeId> {
        self.key(key, span)?;
        self.truth(value, span)
    }

    pub(super) fn truth(&mut self, value: bool, span: Span) -> Written<NodeId> {
        self.builder.decoded(
            Kind::Bool,
            Style::Plain,
            span,
            if value { "true" } else { "false" },
        )
    }

    pub(super) fn number(&mut self, key: &'static str, value: u64, span: Span) -> Written<NodeId> {
        self.key(key, span)?;
        self.integer(&value.to_string(), span)
    }

    pub(super) fn integer(&mut self, digits: &str, span: Span) -> Written<NodeId> {
        self.builder.decoded(Kind::Int, Style::Plain, span, digits)
    }

    pub(super) fn mark_unresolved(&mut self, node: NodeId) {
        self.builder.mark_unresolved(node);
    }

    /// The same value as an earlier node.
    pub(super) fn repeat(&mut self, key: &'static str, node: NodeId) -> Written<NodeId> {
        let span = self.builder.node(node).span();
        self.key(key, span)?;
        self.builder.repeat(node)
    }

    /// An earlier node as an item of a list, or as the value of a key that was written.
    pub(super) fn again(&mut self, node: NodeId) -> Written<NodeId> {
        self.builder.repeat(node)
    }
}

/// From the first to the last of these; `otherwise` if there are none.
pub(super) fn around(spans: impl IntoIterator<Item = Span>, otherwise: Span) -> Span {
    spans
        .into_iter()
        .reduce(|all, span| Span::new(all.start.min(span.start), all.end.max(span.end)))
        .unwrap_or(otherwise)
}
