//! The part of YAML that manifests are written in, quickly.
//!
//! Block maps and lists, scalars without tags and anchors, flow collections and comments, laid out with spaces and
//! line feeds. Anything else, and anything that is wrong, makes the reader give up: whatever
//! it accepts, it reads as `full.rs` does. It looks at each byte a bounded number of times and never recurses.

mod flow;
mod scalar;

use super::resolve;
use crate::{Builder, Kind, Limits, Span, Style, SyntaxError, Tree};

/// The document is left to the full reader.
#[derive(Debug)]
pub(super) struct GiveUp;

type Step<T> = Result<T, GiveUp>;

impl From<SyntaxError> for GiveUp {
    fn from(_: SyntaxError) -> Self {
        GiveUp
    }
}

/// Reads the document if it can; `Ok(None)` where there is nothing in it.
pub(super) fn read<'t>(text: &'t str, document: Span, limits: Limits) -> Step<Option<Tree<'t>>> {
    let bytes = &text.as_bytes()[..document.end as usize];
    let start = document.start as usize;
    if has_odd_characters(&bytes[start..]) {
        return Err(GiveUp);
    }
    let mut reader = Reader {
        text,
        bytes,
        at: start,
        line: start,
        end: document.start,
        builder: Builder::new(text, limits),
        frames: Vec::new(),
        empty: None,
    };
    reader.builder.reserve((bytes.len() - start) / 16);
    reader.document()?;
    let tree = reader.builder.finish()?;
    Ok((!tree.is_empty()).then_some(tree))
}

/// Whether there are characters that YAML forbids, that it allows in some places only, or line ends other than `\n`.
fn has_odd_characters(bytes: &[u8]) -> bool {
    let odd = |byte: u8| byte < b' ' && byte != b'\n' && byte != b'\t' || byte == 0x7F;
    let mut all = 0;
    for chunk in bytes.chunks(1024) {
        // Without exits, so that the compiler can look at many bytes at once.
        let (found, bits) = chunk.iter().fold((false, 0), |(found, bits), &byte| {
            (found | odd(byte), bits | byte)
        });
        if found {
            return true;
        }
        all |= bits;
    }
    // U+0080 to U+009F, U+FEFF, U+FFFE and U+FFFF.
    all >= 0x80
        && memchr::memchr2_iter(0xC2, 0xEF, bytes).any(|at| {
            matches!(
                bytes[at..],
                [0xC2, 0x80..=0x9F, ..] | [0xEF, 0xBB, 0xBF, ..] | [0xEF, 0xBF, 0xBE | 0xBF, ..]
            )
        })
}

struct Reader<'t> {
    text: &'t str,
    /// The file up to the end of the document.
    bytes: &'t [u8],
    at: usize,
    /// Where the line of `at` begins.
    line: usize,
    /// The offset after the last node.
    end: u32,
    builder: Builder<'t>,
    frames: Vec<Frame>,
    /// The offset after the `:` or `-` whose value was not on its line.
    empty: Option<u32>,
}

/// An open block map or list.
#[derive(Clone, Copy)]
struct Frame {
    /// The column of its keys or dashes.
    column: usize,
    is_list: bool,
    /// A list whose dashes stand below the first letter of its key.
    at_key: bool,
}

impl Reader<'_> {
    fn document(&mut self) -> Step<()> {
        if self.bytes[self.at..].starts_with(b"---") {
            self.at += 3;
            self.rest_of_line()?;
        }
        while let Some(column) = self.next_line()? {
            self.content(column)?;
        }
        if let Some(at) = self.empty.take() {
            self.null(at)?;
        }
        for _ in 0..self.frames.len() {
            self.builder.end(self.end)?;
        }
        Ok(())
    }

    /// Moves to the next line with something on it besides a comment, and gives the column at which that begins.
    fn next_line(&mut self) -> Step<Option<usize>> {
        loop {
            self.line = self.at;
            self.spaces();
            match self.byte() {
                None => return Ok(None),
                Some(b'\n') => self.at += 1,
                Some(b'#') => self.skip_line(),
                Some(b'\t') => return Err(GiveUp),
                Some(_) => return Ok(Some(self.at - self.line)),
            }
        }
    }

    /// Reads what begins a line, at `column`.
    fn content(&mut self, column: usize) -> Step<()> {
        if column == 0 && self.is_marker() {
            return Err(GiveUp);
        }
        let dash = self.is_dash();
        if let Some(at) = self.empty.take() {
            let inside = self
                .frames
                .last()
                .is_some_and(|top| column > top.column || column == top.column && dash && !top.is_list);
            if inside {
                return self.node(column);
            }
            self.null(at)?;
        }
        while let Some(top) = self.frames.last() {
            if column > top.column || column == top.column && (dash || !top.at_key) {
                break;
            }
            self.builder.end(self.end)?;
            self.frames.pop();
        }
        match self.frames.last() {
            None if self.builder.is_empty() => self.node(column),
            Some(top) if top.column == column && top.is_list && dash => match self.after_dash()? {
                Some(column) => self.node(column),
                None => Ok(()),
            },
            Some(top) if top.column == column && !top.is_list && !dash => {
                let key = self.key()?;
                self.entry(key, column)
            }
            _ => Err(GiveUp),
        }
    }

    /// Reads the node that begins at `column`, the first one in the innermost frame's item or value.
    fn node(&mut self, mut column: usize) -> Step<()> {
        while self.is_dash() {
            let at_key = self.frames.last().is_some_and(|top| top.column == column);
            self.builder.begin_seq(self.at as u32, Style::Block)?;
            self.frames.push(Frame {
                column,
                is_list: true,
                at_key,
            });
            match self.after_dash()? {
                Some(next) => column = next,
                None => return Ok(()),
            }
        }
        let start = self.at;
        match self.byte() {
            Some(b'[' | b'{') => {
                self.flow()?;
                self.rest_of_line()
            }
            Some(b'|' | b'>') => self.block(self.parent().ok_or(GiveUp)?),
            _ => {
                let scalar = self.scalar()?;
                if self.is_colon() {
                    self.builder.begin_map(start as u32, Style::Block)?;
                    self.frames.push(Frame {
                        column,
                        is_list: false,
                        at_key: false,
                    });
                    return self.entry(scalar, column);
                }
                self.value_scalar(scalar, self.parent().ok_or(GiveUp)?)
            }
        }
    }

    /// Moves over a dash to what follows on its line, and gives the column of that.
    fn after_dash(&mut self) -> Step<Option<usize>> {
        self.at += 1;
        self.value_here().map(|here| here.then(|| self.at - self.line))
    }

    /// Moves over spaces to a value on the same line; remembers the place and moves on if there is none.
    fn value_here(&mut self) -> Step<bool> {
        let after = self.at as u32;
        self.spaces();
        match self.byte() {
            None | Some(b'\n' | b'#') => {
                self.skip_line();
                self.empty = Some(after);
                Ok(false)
            }
            Some(b'\t') => Err(GiveUp),
            Some(_) => Ok(true),
        }
    }

    /// Reads from the colon after a key of a map at `column` to the end of the value, if that stands on the same line.
    fn entry(&mut self, key: scalar::Scalar, column: usize) -> Step<()> {
        self.push_key(key)?;
        self.at += 1;
        if !self.value_here()? {
            return Ok(());
        }
        match self.byte() {
            Some(b'[' | b'{') => {
                self.flow()?;
                self.rest_of_line()
            }
            Some(b'|' | b'>') => self.block(column),
            _ if self.is_dash() => Err(GiveUp),
            _ => {
                let scalar = self.scalar()?;
                if self.is_colon() {
                    return Err(GiveUp);
                }
                self.value_scalar(scalar, column)
            }
        }
    }

    fn key(&mut self) -> Step<scalar::Scalar> {
        let scalar = self.scalar()?;
        if self.is_colon() { Ok(scalar) } else { Err(GiveUp) }
    }

    /// The column of the innermost frame; none around the root.
    fn parent(&self) -> Option<usize> {
        self.frames.last().map(|top| top.column)
    }

    fn null(&mut self, at: u32) -> Step<()> {
        self.end = at;
        let span = Span::new(at, at);
        self.builder.scalar(Kind::Null, Style::Plain, span, span)?;
        Ok(())
    }

    /// Moves over what may follow a value on its line: spaces and a comment.
    fn rest_of_line(&mut self) -> Step<()> {
        let after = self.at;
        self.spaces();
        match self.byte() {
            None => Ok(()),
            Some(b'\n') => {
                self.at += 1;
                Ok(())
            }
            Some(b'#') if self.at > after => {
                self.skip_line();
                Ok(())
            }
            Some(_) => Err(GiveUp),
        }
    }

    fn skip_line(&mut self) {
        let rest = &self.bytes[self.at..];
        self.at += memchr::memchr(b'\n', rest).map_or(rest.len(), |found| found + 1);
    }

    fn spaces(&mut self) {
        while self.byte() == Some(b' ') {
            self.at += 1;
        }
    }

    fn byte(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn is_dash(&self) -> bool {
        self.byte() == Some(b'-') && matches!(self.bytes.get(self.at + 1), None | Some(b' ' | b'\n'))
    }

    /// Whether a colon that ends a key is next.
    fn is_colon(&self) -> bool {
        self.byte() == Some(b':') && matches!(self.bytes.get(self.at + 1), None | Some(b' ' | b'\n'))
    }

    /// Whether `---` or `...` is next, which in column 0 ends a document.
    fn is_marker(&self) -> bool {
        let rest = &self.bytes[self.at..];
        rest.starts_with(b"---") || rest.starts_with(b"...")
    }
}
