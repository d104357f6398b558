//! One word of a shell text: quotes, escapes, expansions.

use super::DEEPEST;
use super::parser::Parser;
use crate::dockerfile::mapped::Mapped;

/// `$((...))` is looked for as far as this.
const LONGEST_SUM: usize = 4096;

/// A word, its quotes removed.
#[derive(Clone, Debug, Default)]
pub(super) struct Word {
    pub(super) text: Mapped<'static>,
    /// Where it is written in the text that is read.
    pub(super) start: usize,
    pub(super) end: usize,
    /// Whether a part of it is quoted or escaped: then it is no keyword.
    pub(super) quoted: bool,
    /// How many bytes stand before its first quote.
    bare: usize,
}

impl Word {
    /// Whether the word is `keyword` and means it.
    pub(super) fn is(&self, keyword: &str) -> bool {
        !self.quoted && self.text.as_str() == keyword
    }

    /// A word that was split already, and in which nothing has a meaning of its own.
    pub(super) fn literal(text: Mapped<'static>, start: usize, end: usize) -> Self {
        Self {
            text,
            start,
            end,
            quoted: true,
            bare: 0,
        }
    }

    /// Length of the name in `NAME=value` and `NAME+=value`; `None` for other words.
    pub(super) fn assigned(&self) -> Option<usize> {
        assigned(self.text.as_str())
    }

    /// [`Word::assigned`] where the shell reads it so: the name must not be quoted.
    pub(super) fn assigned_by_shell(&self) -> Option<usize> {
        self.assigned().filter(|&name| name < self.bare)
    }

    /// Whether it is what a substitution prints, and nothing else.
    pub(super) fn is_substitution(&self) -> bool {
        let whole = (0, self.text.len() as u32);
        self.text.opaque() == [whole]
            && self.text.as_str().starts_with(['`', '<', '>', '$'])
            && !self.text.as_str().starts_with("${")
    }
}

fn assigned(text: &str) -> Option<usize> {
    let name = text
        .bytes()
        .take_while(|&byte| byte == b'_' || byte.is_ascii_alphanumeric())
        .count();
    let rest = text.as_bytes().get(name..)?;
    let starts = !text.as_bytes().first()?.is_ascii_digit();
    (name > 0 && starts && (rest.starts_with(b"=") || rest.starts_with(b"+="))).then_some(name)
}

impl Parser<'_, '_> {
    /// Reads the word that begins here. It may be empty where a word can't begin.
    pub(super) fn word(&mut self) -> Word {
        let start = self.at;
        let mut word = Word {
            start,
            ..Word::default()
        };
        while let Some(byte) = self.peek() {
            if !word.quoted {
                word.bare = word.text.len();
            }
            match byte {
                b' ' | b'\t' | b'\n' | b'\r' | b';' | b'&' | b'|' | b')' => break,
                b'<' | b'>' if self.peek_at(1) != Some(b'(') || self.at > start => break,
                b'(' if !self.may_open(&word) => break,
                b'(' => self.parentheses(&mut word.text),
                b'<' | b'>' => self.substitution(&mut word.text, 2),
                b'\'' => {
                    word.quoted = true;
                    self.single(&mut word.text);
                }
                b'"' => {
                    word.quoted = true;
                    self.at += 1;
                    self.double(&mut word.text);
                }
                b'$' => {
                    word.quoted |= matches!(self.peek_at(1), Some(b'\'' | b'"'));
                    self.dollar(&mut word.text, false);
                }
                b'`' => self.backticks(&mut word.text),
                b'\\' => match self.peek_at(1) {
                    Some(b'\n') => self.at += 2,
                    Some(b'\r') if self.peek_at(2) == Some(b'\n') => self.at += 3,
                    Some(_) => {
                        word.quoted = true;
                        self.at += 1;
                        self.push_character(&mut word.text);
                    }
                    None => self.push_character(&mut word.text),
                },
                _ => {
                    let from = self.at;
                    while self.peek().is_some_and(is_plain) {
                        self.at += 1;
                    }
                    word.text.push_part(self.text, from, self.at);
                }
            }
        }
        if !word.quoted {
            word.bare = word.text.len();
        }
        word.end = self.at;
        word
    }

    /// Whether a parenthesis here belongs to the word: a list that is assigned, or a pattern such as `@(a|b)`.
    fn may_open(&self, word: &Word) -> bool {
        let text = word.text.as_str();
        let list = text.ends_with('=') && assigned(text).is_some_and(|name| text.len() - name <= 2);
        let pattern = text.ends_with(['?', '*', '+', '@']) || (text.len() > 1 && text.ends_with('!'));
        !word.quoted && (list || pattern)
    }

    /// `(a b)` in a word: stays as it is written, and its words are looked into.
    fn parentheses(&mut self, out: &mut Mapped<'static>) {
        let from = self.at;
        if self.depth >= DEEPEST {
            self.balanced(b'(', b')');
        } else {
            self.depth += 1;
            self.at += 1;
            while let Some(byte) = self.peek() {
                let before = self.at;
                match byte {
                    b')' => break,
                    _ => drop(self.word()),
                }
                self.at = self.at.max(before + 1);
            }
            self.depth -= 1;
            self.at = (self.at + 1).min(self.end);
        }
        out.push_opaque(self.text, from, self.at);
    }

    fn push_character(&mut self, out: &mut Mapped<'static>) {
        let rest = self.text.as_str().get(self.at..self.end).unwrap_or_default();
        let length = rest.chars().next().map_or(1, char::len_utf8);
        out.push_part(self.text, self.at, (self.at + length).min(self.end));
        self.at = (self.at + length).min(self.end);
    }

    fn single(&mut self, out: &mut Mapped<'static>) {
        let from = self.at + 1;
        let length = memchr::memchr(b'\'', self.rest(from));
        let until = length.map_or(self.end, |length| from + length);
        out.push_part(self.text, from.min(self.end), until);
        self.at = (until + 1).min(self.end);
    }

    /// What comes after the opening quote, up to and with the closing one.
    fn double(&mut self, out: &mut Mapped<'static>) {
        while let Some(byte) = self.peek() {
            match byte {
                b'"' => {
                    self.at += 1;
                    return;
                }
                b'$' => self.dollar(out, true),
                b'`' => self.backticks(out),
                b'\\' => match self.peek_at(1) {
                    Some(b'\n') => self.at += 2,
                    Some(b'"' | b'\\' | b'$' | b'`') => {
                        self.at += 1;
                        self.push_character(out);
                    }
                    _ => self.push_character(out),
                },
                _ => {
                    let stop = |&byte: &u8| matches!(byte, b'"' | b'$' | b'`' | b'\\');
                    let rest = self.rest(self.at);
                    let length = rest.iter().position(stop).unwrap_or(rest.len());
                    out.push_part(self.text, self.at, self.at + length);
                    self.at += length;
                }
            }
        }
    }

    pub(super) fn dollar(&mut self, out: &mut Mapped<'static>, quoted: bool) {
        match self.peek_at(1) {
            _ if self.is_opaque() => self.skip_opaque(out),
            Some(b'(') if self.peek_at(2) == Some(b'(') && self.arithmetic_ahead() => {
                let from = self.at;
                self.at += 1;
                self.balanced(b'(', b')');
                out.push_opaque(self.text, from, self.at);
            }
            Some(b'(') => self.substitution(out, 2),
            Some(b'{') => self.braces(out),
            Some(b'\'') if !quoted => {
                self.at += 2;
                self.ansi(out);
            }
            Some(b'"') if !quoted => {
                self.at += 2;
                self.double(out);
            }
            _ => self.push_character(out),
        }
    }

    /// `$(...)` or `<(...)`: stays as it is written, and what is in it is read.
    fn substitution(&mut self, out: &mut Mapped<'static>, opening: usize) {
        if self.is_opaque() {
            return self.skip_opaque(out);
        }
        let from = self.at;
        self.at += opening;
        self.nested();
        out.push_opaque(self.text, from, self.at);
    }

    pub(super) fn backticks(&mut self, out: &mut Mapped<'static>) {
        if self.is_opaque() {
            return self.skip_opaque(out);
        }
        let from = self.at;
        let mut inner = Mapped::default();
        self.at += 1;
        while let Some(byte) = self.peek() {
            match byte {
                b'`' => break,
                b'\\' if matches!(self.peek_at(1), Some(b'`' | b'\\' | b'$')) => {
                    self.at += 1;
                    self.push_character(&mut inner);
                }
                b'\\' => self.push_character(&mut inner),
                _ => {
                    let rest = self.rest(self.at);
                    let length = memchr::memchr2(b'`', b'\\', rest).unwrap_or(rest.len());
                    inner.push_part(self.text, self.at, self.at + length);
                    self.at += length;
                }
            }
        }
        self.at = (self.at + 1).min(self.end);
        self.inside(&inner);
        out.push_opaque(self.text, from, self.at);
    }

    /// `${...}`, with whatever stands in it.
    fn braces(&mut self, out: &mut Mapped<'static>) {
        let from = self.at;
        let mut open = 0_usize;
        // What is in braces stays as it is written; only the commands in it matter.
        let mut ignored = Mapped::default();
        while let Some(byte) = self.peek() {
            match byte {
                b'$' if self.peek_at(1) == Some(b'{') => {
                    open += 1;
                    self.at += 2;
                }
                b'$' if self.peek_at(1) == Some(b'(') => self.dollar(&mut ignored, true),
                b'`' => self.backticks(&mut ignored),
                b'\\' => self.at = (self.at + 2).min(self.end),
                b'}' => {
                    self.at += 1;
                    open -= 1;
                    if open == 0 {
                        break;
                    }
                }
                _ => self.at += 1,
            }
        }
        out.push_opaque(self.text, from, self.at);
    }

    /// What comes after `$'`.
    fn ansi(&mut self, out: &mut Mapped<'static>) {
        while let Some(byte) = self.peek() {
            match byte {
                b'\'' => {
                    self.at += 1;
                    return;
                }
                b'\\' => {
                    let place = self.text.at(self.at);
                    let plain = match self.peek_at(1) {
                        Some(b'n') => "\n",
                        Some(b't') => "\t",
                        Some(b'r') => "\r",
                        _ => "",
                    };
                    self.at = (self.at + 1).min(self.end);
                    if plain.is_empty() {
                        self.push_character(out);
                    } else {
                        out.push(plain, place);
                        self.at += 1;
                    }
                }
                _ => self.push_character(out),
            }
        }
    }

    /// Reads what stands here up to the closing parenthesis, as commands if that is not too deep.
    pub(super) fn nested(&mut self) {
        if self.depth >= DEEPEST {
            self.at -= 1;
            self.balanced(b'(', b')');
            return;
        }
        let (text, opaque_at, no_sum_before) = (self.text, self.opaque_at, self.no_sum_before);
        let (at, end) = (self.at, self.end);
        let mut inner = self.child(text, at, end);
        inner.closing = true;
        inner.opaque_at = opaque_at;
        inner.no_sum_before = no_sum_before;
        inner.run();
        (self.at, self.no_sum_before) = (inner.at, inner.no_sum_before);
    }

    /// Reads another text as commands of their own, if that is not too deep.
    pub(super) fn inside(&mut self, text: &Mapped<'_>) {
        if self.depth < DEEPEST && !text.is_empty() {
            self.child(text, 0, text.len()).run();
        }
    }

    /// Whether the two parentheses here are closed by two: `$((1 + 2))`, not `$((a) | b)`.
    pub(super) fn arithmetic_ahead(&mut self) -> bool {
        let from = self.at + usize::from(self.peek() == Some(b'$'));
        if from < self.no_sum_before {
            return false;
        }
        let mut open = 0_usize;
        let rest = self.rest(from);
        for (index, byte) in rest.iter().take(LONGEST_SUM).enumerate() {
            match byte {
                b'(' => open += 1,
                b')' if open == 2 => return rest.get(index + 1) == Some(&b')'),
                b')' => open -= 1,
                b'\n' | b';' | b'\'' | b'`' => return false,
                _ => {}
            }
        }
        // Parentheses that nothing closes must not be counted again and again.
        self.no_sum_before = from + rest.len().min(LONGEST_SUM);
        false
    }

    /// Moves from an opening sign to after the one that closes it; quotes and escapes are heeded.
    pub(super) fn balanced(&mut self, opening: u8, closing: u8) {
        let mut open = 0_usize;
        while let Some(byte) = self.peek() {
            self.at += 1;
            match byte {
                b'\\' => self.at = (self.at + 1).min(self.end),
                b'\'' => {
                    let length = memchr::memchr(b'\'', self.rest(self.at));
                    self.at = length.map_or(self.end, |length| self.at + length + 1);
                }
                _ if byte == opening => open += 1,
                _ if byte == closing => {
                    open = open.saturating_sub(1);
                    if open == 0 {
                        return;
                    }
                }
                _ => {}
            }
        }
    }

    fn is_opaque(&mut self) -> bool {
        self.opaque().is_some()
    }

    fn skip_opaque(&mut self, out: &mut Mapped<'static>) {
        if let Some(end) = self.opaque() {
            out.push_opaque(self.text, self.at, end);
            self.at = end;
        }
    }

    /// The end of the part that begins here and was read already.
    fn opaque(&mut self) -> Option<usize> {
        let parts = self.text.opaque();
        while parts
            .get(self.opaque_at)
            .is_some_and(|part| (part.0 as usize) < self.at)
        {
            self.opaque_at += 1;
        }
        let part = parts
            .get(self.opaque_at)
            .filter(|part| part.0 as usize == self.at)?;
        (part.1 as usize > self.at).then_some((part.1 as usize).min(self.end))
    }
}

fn is_plain(byte: u8) -> bool {
    !matches!(
        byte,
        b' ' | b'\t'
            | b'\n'
            | b'\r'
            | b';'
            | b'&'
            | b'|'
            | b'('
            | b')'
            | b'<'
            | b'>'
            | b'\''
            | b'"'
            | b'$'
            | b'`'
            | b'\\'
    )
}
