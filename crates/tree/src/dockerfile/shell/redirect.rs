//! Redirects, and the heredocs among them.

use super::DEEPEST;
use super::parser::Parser;
use super::word::Word;
use crate::dockerfile::mapped::Mapped;

/// `2>/dev/null`
pub(super) struct Redirect {
    pub(super) operator: (usize, usize),
    pub(super) target: Word,
}

/// A heredoc whose lines come after the line that is read.
pub(super) struct Heredoc {
    pub(super) name: String,
    pub(super) strip: bool,
    pub(super) quoted: bool,
    /// Whether its lines are commands; known once its command is complete.
    pub(super) runs: bool,
    pub(super) complete: bool,
}

impl Parser<'_, '_> {
    pub(super) fn redirects_descriptor(&self) -> bool {
        let digits = self
            .rest(self.at)
            .iter()
            .take_while(|byte| byte.is_ascii_digit())
            .count();
        matches!(self.peek_at(digits), Some(b'<' | b'>')) && self.peek_at(digits + 1) != Some(b'(')
    }

    pub(super) fn redirect(&mut self) {
        if self.words.is_empty() && self.redirects.is_empty() {
            self.began = self.script.commands.len();
        }
        let start = self.at;
        while self
            .peek()
            .is_some_and(|byte| byte.is_ascii_digit() || byte == b'&')
        {
            self.at += 1;
        }
        let rest = self.rest(self.at);
        let operators: [&[u8]; 9] = [b"<<<", b"<<-", b"<<", b"<>", b"<&", b">>", b">&", b">|", b"<"];
        let length = operators
            .iter()
            .find(|operator| rest.starts_with(operator))
            .map_or(1, |operator| operator.len());
        let operator = &rest[..length.min(rest.len())];
        self.at = (self.at + length).min(self.end);
        let end = self.at;
        let Some(target) = self.next_word() else { return };
        if matches!(operator, b"<<" | b"<<-") {
            self.heredocs.push(Heredoc {
                name: target.text.as_str().to_owned(),
                strip: operator == b"<<-",
                quoted: target.quoted,
                runs: false,
                complete: false,
            });
        }
        self.redirects.push(Redirect {
            operator: (start, end),
            target,
        });
    }

    /// Passes over the heredocs that were announced before this line, and reads those that a shell is given.
    pub(super) fn read_heredocs(&mut self) {
        for heredoc in std::mem::take(&mut self.heredocs) {
            let body = self.at;
            let mut end = self.end;
            while self.at < self.end {
                let start = self.at;
                let rest = self.rest(start);
                let length = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
                let line = self.text.as_str().get(start..start + length).unwrap_or_default();
                self.at = (start + length + 1).min(self.end);
                let line = line.trim_end_matches('\r');
                let bare = if heredoc.strip {
                    line.trim_start_matches('\t')
                } else {
                    line
                };
                if bare == heredoc.name {
                    end = start;
                    break;
                }
            }
            if self.depth >= DEEPEST {
                continue;
            }
            let (text, context, opaque_at) = (self.text, self.context, self.opaque_at);
            if heredoc.runs {
                let mut inner = Parser::new(text, body, end, self.script, context, self.depth + 1);
                inner.opaque_at = opaque_at;
                inner.run();
            } else if !heredoc.quoted {
                let mut inner = self.child(text, body, end);
                inner.opaque_at = opaque_at;
                inner.substitutions();
            }
        }
    }

    /// Reads only what stands in `$(...)` and backticks: the rest is text.
    fn substitutions(&mut self) {
        let mut ignored = Mapped::default();
        while let Some(found) = memchr::memchr3(b'$', b'`', b'\\', self.rest(self.at)) {
            self.at += found;
            match self.peek() {
                Some(b'\\') => self.at = (self.at + 2).min(self.end),
                Some(b'`') => self.backticks(&mut ignored),
                _ if self.peek_at(1) == Some(b'(') => self.dollar(&mut ignored, true),
                _ => self.at += 1,
            }
        }
    }
}
