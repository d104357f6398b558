//! Where things stand in a text that people read.

use hardtack_tree::{Lines, Position, Span};
use std::sync::Arc;

/// One document of a file: what findings need to say where they are. Copies share what is known of the file's lines.
#[derive(Clone)]
pub struct Document<'t> {
    /// The file, as reports name it.
    pub file: Arc<str>,
    /// The template it was rendered from, where one is known: `templates/deployment.yaml`.
    pub template: Option<Arc<str>>,
    text: &'t str,
    lines: Arc<Lines<'t>>,
}

/// A place in a file, with the line it stands on.
#[derive(Clone, Debug)]
pub struct Location {
    /// The file, as reports name it.
    pub file: Arc<str>,
    /// The template it was rendered from.
    pub template: Option<Arc<str>>,
    /// Bytes in the file.
    pub span: Span,
    /// Where it begins.
    pub start: Position,
    /// Where it ends: after the last character.
    pub end: Position,
    /// The line it begins on, without its line end; what may be a credential is masked.
    pub line: Box<str>,
}

/// Longer lines are cut in excerpts: a minified file has one line.
const LONGEST_LINE: usize = 240;

impl<'t> Document<'t> {
    /// A document in `text`, the text of the whole file.
    pub fn new(file: Arc<str>, text: &'t str) -> Self {
        Self {
            file,
            template: None,
            text,
            lines: Arc::new(Lines::new(text)),
        }
    }

    /// The text of the whole file.
    pub fn text(&self) -> &'t str {
        self.text
    }

    /// Lines and columns of the file.
    pub fn lines(&self) -> &Lines<'t> {
        &self.lines
    }

    /// The place of `span`. What lies in `hidden` is masked in its excerpt.
    ///
    /// A span of several lines (a map, a block scalar) is cut to its first: an excerpt has one line.
    pub fn locate(&self, span: Span, hidden: &[Span]) -> Location {
        let start = self.lines.position(span.start);
        let (first, line_start) = self.lines.line_at(span.start);
        let last = span.end.min(line_start + first.len() as u32).max(span.start);
        let marked = Span::new(span.start, last).of(self.text);
        let end = Position {
            column: start.column + marked.chars().count() as u32,
            ..start
        };
        Location {
            file: self.file.clone(),
            template: self.template.clone(),
            span,
            start,
            end,
            line: masked(first, line_start, hidden),
        }
    }
}

/// The line with everything in `hidden` replaced by `*`, cut where it is too long.
fn masked(line: &str, line_start: u32, hidden: &[Span]) -> Box<str> {
    let line_end = line_start + line.len() as u32;
    let touches = |span: &&Span| span.start < line_end && span.end > line_start;
    if line.len() <= LONGEST_LINE && !hidden.iter().any(|span| touches(&span)) {
        return line.into();
    }
    let mut out: String = if hidden.iter().any(|span| touches(&span)) {
        line.char_indices()
            .map(|(at, character)| {
                let at = line_start + at as u32;
                let secret = hidden.iter().any(|span| (span.start..span.end).contains(&at));
                if secret && !character.is_whitespace() {
                    '*'
                } else {
                    character
                }
            })
            .collect()
    } else {
        line.to_owned()
    };
    if let Some((cut, _)) = out.char_indices().nth(LONGEST_LINE) {
        out.truncate(cut);
        out.push('…');
    }
    out.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_a_credential_is_masked_in_every_excerpt() {
        let text = "env:\n- {name: A, value: hunter2}\n";
        let document = Document::new("a.yaml".into(), text);
        let secret = text.find("hunter2").unwrap() as u32;
        let location = document.locate(Span::new(8, 12), &[Span::new(secret, secret + 7)]);
        assert_eq!(&*location.line, "- {name: A, value: *******}");
        assert_eq!(
            (location.start.line, location.start.column, location.end.column),
            (2, 4, 8)
        );
    }
}
