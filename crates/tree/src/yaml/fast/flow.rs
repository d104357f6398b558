//! Flow collections: `{a: 1}`, `[a, b]` and the JSON among them.

use super::scalar::Scalar;
use super::{GiveUp, Reader, Step};
use crate::Style;

impl Reader<'_> {
    /// Reads the flow collection that begins here, on one line or several.
    pub(super) fn flow(&mut self) -> Step<()> {
        let mut depth = 0_usize;
        // Whether a plain scalar was the last thing: no comment may follow it at once.
        loop {
            // A value begins here.
            match self.byte() {
                Some(b'[') => {
                    self.builder.begin_seq(self.at as u32, Style::Flow)?;
                    self.at += 1;
                    depth += 1;
                    self.flow_space(true)?;
                    if self.byte() != Some(b']') {
                        continue;
                    }
                }
                Some(b'{') => {
                    self.builder.begin_map(self.at as u32, Style::Flow)?;
                    self.at += 1;
                    depth += 1;
                    self.flow_space(true)?;
                    if self.byte() != Some(b'}') {
                        self.flow_key()?;
                        continue;
                    }
                }
                Some(_) => {
                    let scalar = self.flow_scalar()?;
                    self.push(scalar)?;
                    self.flow_space(scalar.style != Style::Plain)?;
                }
                None => return Err(GiveUp),
            }
            // A value ends here; so may what is around it.
            loop {
                let in_map = self.builder.is_in_map();
                match (self.byte(), in_map) {
                    (Some(b'}'), true) | (Some(b']'), false) => {
                        self.at += 1;
                        self.end = self.at as u32;
                        self.builder.end(self.end)?;
                        depth -= 1;
                        if depth == 0 {
                            return Ok(());
                        }
                        self.flow_space(true)?;
                    }
                    (Some(b','), _) => {
                        self.at += 1;
                        self.flow_space(true)?;
                        match (self.byte(), in_map) {
                            (Some(b'}'), true) | (Some(b']'), false) => continue,
                            (_, true) => self.flow_key()?,
                            (_, false) => {}
                        }
                        break;
                    }
                    _ => return Err(GiveUp),
                }
            }
        }
    }

    /// Reads a key, its colon and the space up to its value.
    fn flow_key(&mut self) -> Step<()> {
        let key = self.flow_scalar()?;
        if self.byte() != Some(b':') {
            return Err(GiveUp);
        }
        self.push_key(key)?;
        self.at += 1;
        self.flow_space(true)?;
        // Without a value the parser and its readers have rules of their own.
        if matches!(self.byte(), Some(b',' | b'}')) {
            return Err(GiveUp);
        }
        Ok(())
    }

    fn flow_scalar(&mut self) -> Step<Scalar> {
        match self.byte() {
            Some(b'"') => self.double_quoted(),
            Some(b'\'') => self.single_quoted(),
            _ => self.plain(true),
        }
    }

    /// Moves over spaces, line ends and, where they may stand, comments.
    fn flow_space(&mut self, comments: bool) -> Step<()> {
        loop {
            match self.byte() {
                Some(b' ') => self.at += 1,
                Some(b'\n') => {
                    self.at += 1;
                    self.line = self.at;
                    if self.is_marker() {
                        return Err(GiveUp);
                    }
                }
                Some(b'#') if comments && matches!(self.bytes[self.at - 1], b' ' | b'\n') => {
                    // The line feed stays.
                    let rest = &self.bytes[self.at..];
                    self.at += memchr::memchr(b'\n', rest).unwrap_or(rest.len());
                }
                Some(b'\t' | b'#') => return Err(GiveUp),
                _ => return Ok(()),
            }
        }
    }
}
