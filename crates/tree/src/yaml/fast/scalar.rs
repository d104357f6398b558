//! Scalars outside of flow collections.

use super::{GiveUp, Reader, Step, resolve};
use crate::{Kind, Span, Style};

/// What was read, not yet in the tree: whether it is a key shows only afterwards.
#[derive(Clone, Copy)]
pub(super) struct Scalar {
    pub(super) kind: Kind,
    pub(super) style: Style,
    pub(super) span: Span,
    pub(super) value: Value,
}

/// Where a scalar's text is.
#[derive(Clone, Copy)]
pub(super) enum Value {
    /// In the file.
    Written(Span),
    /// In the tree's own store, from this offset on.
    Decoded(u32),
}

/// A key longer than that is none to YAML; what comes near is left to the full reader.
const LONGEST_KEY: u32 = 1000;

/// What a byte means within plain text.
const END: u8 = 1;
const END_IN_FLOW: u8 = 2;
/// What plain text can't begin with.
const NO_START: u8 = 4;

const CLASSES: [u8; 256] = {
    let mut classes = [0; 256];
    let ends = b":#\n\t";
    let flow = b",[]{}";
    let starts = b" #\n\t,[]{}\"'&*!|>%@`";
    let mut at = 0;
    while at < ends.len() {
        classes[ends[at] as usize] = END | END_IN_FLOW;
        at += 1;
    }
    at = 0;
    while at < flow.len() {
        classes[flow[at] as usize] = END_IN_FLOW;
        at += 1;
    }
    at = 0;
    while at < starts.len() {
        classes[starts[at] as usize] |= NO_START;
        at += 1;
    }
    classes
};

fn is(byte: u8, class: u8) -> bool {
    CLASSES[byte as usize] & class != 0
}

impl Reader<'_> {
    /// Reads a scalar of one line and the spaces after it.
    pub(super) fn scalar(&mut self) -> Step<Scalar> {
        match self.byte() {
            Some(b'"') => self.double_quoted(),
            Some(b'\'') => self.single_quoted(),
            _ => self.plain(false),
        }
    }

    /// Reads plain text up to a `: `, a comment, the end of the line or, in a flow collection, one of its indicators.
    pub(super) fn plain(&mut self, flow: bool) -> Step<Scalar> {
        let start = self.at;
        match self.byte() {
            None => return Err(GiveUp),
            Some(b':' | b'?') if flow => return Err(GiveUp),
            Some(byte) if is(byte, NO_START) => return Err(GiveUp),
            Some(b'-' | b':' | b'?') => match self.bytes.get(start + 1) {
                None | Some(b' ' | b'\n' | b'\t') => return Err(GiveUp),
                Some(&byte) if flow && is(byte, END_IN_FLOW) => return Err(GiveUp),
                Some(_) => {}
            },
            Some(_) => {}
        }
        let end = self.end_of_plain(flow)?;
        let span = Span::new(start as u32, end as u32);
        Ok(Scalar {
            kind: resolve::plain(self.text.get(start..end).ok_or(GiveUp)?),
            style: Style::Plain,
            span,
            value: Value::Written(span),
        })
    }

    /// Moves to where plain text ends; gives the offset after its last byte that is not a space.
    fn end_of_plain(&mut self, flow: bool) -> Step<usize> {
        let class = if flow { END_IN_FLOW } else { END };
        let mut at = self.at;
        while let Some(&byte) = self.bytes.get(at) {
            if is(byte, class) {
                let next = self.bytes.get(at + 1).copied();
                match byte {
                    b'\t' => return Err(GiveUp),
                    b'#' if self.bytes[at - 1] != b' ' => {}
                    b':' => match next {
                        None | Some(b' ' | b'\n') => break,
                        Some(b'\t') => return Err(GiveUp),
                        Some(b'[' | b'{') if flow => return Err(GiveUp),
                        Some(b',' | b']' | b'}') if flow => break,
                        Some(_) => {}
                    },
                    _ => break,
                }
            }
            at += 1;
        }
        self.at = at;
        let mut end = at;
        while self.bytes[end - 1] == b' ' {
            end -= 1;
        }
        Ok(end)
    }

    pub(super) fn single_quoted(&mut self) -> Step<Scalar> {
        let start = self.at;
        let mut from = start + 1;
        let mut decoded = None;
        let end = loop {
            let rest = self.bytes.get(from..).ok_or(GiveUp)?;
            let found = from + memchr::memchr2(b'\'', b'\n', rest).ok_or(GiveUp)?;
            if self.bytes[found] == b'\n' {
                from = self.fold(&mut decoded, start + 1, from, found)?;
                continue;
            }
            if self.bytes.get(found + 1) != Some(&b'\'') {
                break found;
            }
            self.decode(&mut decoded, start + 1, from, found + 1)?;
            from = found + 2;
        };
        self.close_quote(Style::SingleQuoted, decoded, start, from, end)
    }

    pub(super) fn double_quoted(&mut self) -> Step<Scalar> {
        let start = self.at;
        let mut from = start + 1;
        let mut decoded = None;
        let end = loop {
            let rest = self.bytes.get(from..).ok_or(GiveUp)?;
            let found = from + memchr::memchr3(b'"', b'\\', b'\n', rest).ok_or(GiveUp)?;
            match self.bytes[found] {
                b'"' => break found,
                b'\\' => {}
                _ => {
                    from = self.fold(&mut decoded, start + 1, from, found)?;
                    continue;
                }
            }
            let (character, length) = match self.bytes.get(found + 1) {
                Some(b'n') => ('\n', 2),
                Some(b't') => ('\t', 2),
                Some(byte @ (b'"' | b'\\' | b'/')) => (char::from(*byte), 2),
                Some(b'u') => (self.unicode(found + 2)?, 6),
                _ => return Err(GiveUp),
            };
            self.decode(&mut decoded, start + 1, from, found)?;
            self.builder.decoded_text().push(character);
            from = found + length;
        };
        self.close_quote(Style::DoubleQuoted, decoded, start, from, end)
    }

    fn unicode(&self, at: usize) -> Step<char> {
        let digits = self.bytes.get(at..at + 4).ok_or(GiveUp)?;
        let value = digits.iter().try_fold(0, |value, &byte| {
            Some(value << 4 | char::from(byte).to_digit(16)?)
        });
        value.and_then(char::from_u32).ok_or(GiveUp)
    }

    /// Adds what was read of a quoted scalar up to the end of the line at `to`, and what the line end means; gives
    /// the place where the text goes on.
    fn fold(&mut self, decoded: &mut Option<u32>, begin: usize, from: usize, to: usize) -> Step<usize> {
        let line = &self.bytes[from..to];
        let blanks = line
            .iter()
            .rev()
            .take_while(|byte| matches!(byte, b' ' | b'\t'))
            .count();
        self.decode(decoded, begin, from, to - blanks)?;
        let mut at = to + 1;
        let mut blank_lines = 0;
        loop {
            self.line = at;
            if self.bytes[at..].starts_with(b"---") || self.bytes[at..].starts_with(b"...") {
                return Err(GiveUp);
            }
            while self.bytes.get(at) == Some(&b' ') {
                at += 1;
            }
            match self.bytes.get(at) {
                None | Some(b'\t') => return Err(GiveUp),
                Some(b'\n') => {
                    at += 1;
                    blank_lines += 1;
                }
                Some(_) => break,
            }
        }
        self.push_line_ends(blank_lines);
        Ok(at)
    }

    /// What a line end and `blank` blank lines after it mean in folded text.
    fn push_line_ends(&mut self, blank: usize) {
        let text = self.builder.decoded_text();
        if blank == 0 {
            text.push(' ');
        }
        text.extend(std::iter::repeat_n('\n', blank));
    }

    /// Adds the bytes from `from` to `to` to the decoded text of a scalar, beginning it where that is the first piece.
    fn decode(&mut self, decoded: &mut Option<u32>, begin: usize, from: usize, to: usize) -> Step<()> {
        debug_assert!(begin <= from);
        if decoded.is_none() {
            *decoded = Some(self.builder.decoded_text().len() as u32);
        }
        let piece = self.text.get(from..to).ok_or(GiveUp)?;
        self.builder.decoded_text().push_str(piece);
        Ok(())
    }

    fn close_quote(
        &mut self,
        style: Style,
        mut decoded: Option<u32>,
        start: usize,
        from: usize,
        end: usize,
    ) -> Step<Scalar> {
        if decoded.is_some() {
            self.decode(&mut decoded, start + 1, from, end)?;
        }
        self.at = end + 1;
        let span = Span::new(start as u32, self.at as u32);
        self.spaces();
        Ok(Scalar {
            kind: Kind::Str,
            style,
            span,
            value: match decoded {
                Some(at) => Value::Decoded(at),
                None => Value::Written(Span::new(span.start + 1, span.end - 1)),
            },
        })
    }

    /// Puts a value into the tree and moves to the next line. `parent` is the column of the map or list around it.
    pub(super) fn value_scalar(&mut self, scalar: Scalar, parent: usize) -> Step<()> {
        if scalar.style != Style::Plain {
            // Spaces were skipped already; a comment needs one.
            let space = self.at > scalar.span.end as usize;
            self.push(scalar)?;
            return match self.byte() {
                Some(b'#') if !space => Err(GiveUp),
                _ => {
                    self.at -= usize::from(space);
                    self.rest_of_line()
                }
            };
        }
        if self.byte() == Some(b'#') {
            self.push(scalar)?;
            self.skip_line();
            return Ok(());
        }
        let Some((line, mut blank)) = self.continuation(parent)? else {
            self.push(scalar)?;
            self.at = (self.at + 1).min(self.bytes.len());
            return Ok(());
        };
        self.at = line;
        let mut decoded = None;
        let begin = scalar.span.start as usize;
        self.decode(&mut decoded, begin, begin, scalar.span.end as usize)?;
        let mut span = scalar.span;
        loop {
            self.push_line_ends(blank);
            let from = self.at;
            let end = self.end_of_plain(false)?;
            if !matches!(self.byte(), None | Some(b'\n')) {
                return Err(GiveUp);
            }
            self.decode(&mut decoded, from, from, end)?;
            span.end = end as u32;
            match self.continuation(parent)? {
                Some((line, more)) => (self.at, blank) = (line, more),
                None => break,
            }
        }
        self.at = (self.at + 1).min(self.bytes.len());
        self.push(Scalar {
            kind: Kind::Str,
            span,
            value: Value::Decoded(decoded.ok_or(GiveUp)?),
            ..scalar
        })
    }

    /// Where plain text goes on after the end of its line at `self.at`, and how many blank lines are between.
    fn continuation(&self, parent: usize) -> Step<Option<(usize, usize)>> {
        let mut at = self.at + 1;
        let mut blank = 0;
        loop {
            let line = at;
            while self.bytes.get(at) == Some(&b' ') {
                at += 1;
            }
            match self.bytes.get(at) {
                None | Some(b'#') => return Ok(None),
                Some(b'\t') => return Err(GiveUp),
                Some(b'\n') => {
                    at += 1;
                    blank += 1;
                }
                Some(_) => {
                    return Ok((at - line > parent).then_some((at, blank)));
                }
            }
        }
    }

    /// Reads a block scalar in a map or list at column `parent`.
    pub(super) fn block(&mut self, parent: usize) -> Step<()> {
        let start = self.at;
        let folded = self.byte() == Some(b'>');
        self.at += 1;
        let chomp = match self.byte() {
            Some(byte @ (b'-' | b'+')) => {
                self.at += 1;
                byte
            }
            _ => b' ',
        };
        self.rest_of_line()?;
        let least = parent + 1;
        let decoded = self.builder.decoded_text().len() as u32;
        let Some(indent) = self.block_indent(least)? else {
            if chomp == b'+' {
                return Err(GiveUp);
            }
            let indicators = 1 + usize::from(chomp == b'-');
            return self.push(Scalar {
                kind: Kind::Str,
                style: if folded { Style::Folded } else { Style::Literal },
                span: Span::new(start as u32, (start + indicators) as u32),
                value: Value::Decoded(decoded),
            });
        };
        // Line ends are written when it shows what follows them: that of the last line with content, then blank lines.
        let (mut line_end, mut blank) = (false, 0);
        let mut indented = false;
        // The end of the last line that is more than white space.
        let mut end = start + 1;
        while self.at < self.bytes.len() {
            let rest = &self.bytes[self.at..];
            let length = memchr::memchr(b'\n', rest);
            let line = &rest[..length.unwrap_or(rest.len())];
            let spaces = line.iter().take(indent).take_while(|byte| **byte == b' ').count();
            if spaces < indent && spaces < line.len() {
                // The next key, or a comment; in between, all sorts of errors.
                if line[spaces] == b'\t' || spaces >= least {
                    return Err(GiveUp);
                }
                break;
            }
            let next = self.at + line.len() + usize::from(length.is_some());
            if spaces == line.len() {
                blank += usize::from(length.is_some());
                self.at = next;
                continue;
            }
            let content = self
                .text
                .get(self.at + spaces..self.at + line.len())
                .ok_or(GiveUp)?;
            let was_indented = indented;
            indented = content.starts_with([' ', '\t']);
            let text = self.builder.decoded_text();
            if line_end && folded && !indented && !was_indented {
                text.extend((blank == 0).then_some(' '));
            } else if line_end {
                text.push('\n');
            }
            text.extend(std::iter::repeat_n('\n', blank));
            text.push_str(content);
            (line_end, blank) = (length.is_some(), 0);
            if !content.trim_ascii().is_empty() {
                end = self.at + line.len();
            }
            self.at = next;
        }
        let text = self.builder.decoded_text();
        text.extend((line_end && chomp != b'-').then_some('\n'));
        if chomp == b'+' {
            text.extend(std::iter::repeat_n('\n', blank));
        }
        self.push(Scalar {
            kind: Kind::Str,
            style: if folded { Style::Folded } else { Style::Literal },
            span: Span::new(start as u32, end as u32),
            value: Value::Decoded(decoded),
        })
    }

    /// The column at which the text of a block scalar begins: that of its first line that is not blank. `None` where
    /// there is no text.
    fn block_indent(&self, least: usize) -> Step<Option<usize>> {
        let mut at = self.at;
        let mut longest = 0;
        loop {
            let line = at;
            while self.bytes.get(at) == Some(&b' ') {
                at += 1;
            }
            let indent = at - line;
            match self.bytes.get(at) {
                Some(b'\t') => return Err(GiveUp),
                Some(b'\n') => {
                    longest = longest.max(indent);
                    at += 1;
                }
                None => return Ok(None),
                Some(_) if indent < least => return Ok(None),
                Some(_) if indent < longest => return Err(GiveUp),
                Some(_) => return Ok(Some(indent)),
            }
        }
    }

    pub(super) fn push_key(&mut self, scalar: Scalar) -> Step<()> {
        // Keys that are null or have several lines are an error, floats are rewritten, and `<<` merges.
        let lines = scalar.style != Style::Plain
            && matches!(scalar.value, Value::Decoded(_))
            && scalar.span.of(self.text).contains('\n');
        let merges = scalar.style == Style::Plain && scalar.span.of(self.text) == "<<";
        if merges
            || lines
            || matches!(scalar.kind, Kind::Null | Kind::Float)
            || self.at as u32 - scalar.span.start > LONGEST_KEY
        {
            return Err(GiveUp);
        }
        self.push(scalar)
    }

    pub(super) fn push(&mut self, scalar: Scalar) -> Step<()> {
        let Scalar {
            kind,
            style,
            span,
            value,
        } = scalar;
        self.end = span.end;
        match value {
            Value::Written(value) => self.builder.scalar(kind, style, span, value)?,
            Value::Decoded(from) => self.builder.decoded_since(kind, style, span, from)?,
        };
        Ok(())
    }
}
