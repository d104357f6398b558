//! Text put together from pieces of the file, each byte of which knows where it was written.

use crate::Span;
use std::borrow::Cow;

/// A text and where its parts stand in the file: an instruction whose lines were joined, a word without its quotes.
#[derive(Clone, Debug, Default)]
pub(super) struct Mapped<'t> {
    text: Cow<'t, str>,
    /// Offset in the file of the first byte.
    base: u32,
    /// Where pieces begin that do not follow the one before them in the file: offset here, offset there.
    breaks: Vec<(u32, u32)>,
    /// Parts that were read as commands already and are plain text from here on.
    opaque: Vec<(u32, u32)>,
}

impl<'t> Mapped<'t> {
    /// A piece of the file as it is, at byte `at`.
    pub(super) fn of(text: &'t str, at: u32) -> Self {
        Self {
            text: Cow::Borrowed(text),
            base: at,
            ..Self::default()
        }
    }

    pub(super) fn as_str(&self) -> &str {
        &self.text
    }

    pub(super) fn len(&self) -> usize {
        self.text.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    pub(super) fn into_string(self) -> String {
        self.text.into_owned()
    }

    /// Appends `piece`, which stands at byte `at` of the file.
    pub(super) fn push(&mut self, piece: &str, at: u32) {
        if piece.is_empty() {
            return;
        }
        if self.text.is_empty() {
            self.base = at;
            self.breaks.clear();
        } else if self.after_last() != at {
            self.breaks.push((self.text.len() as u32, at));
        }
        self.text.to_mut().push_str(piece);
    }

    /// Appends a space that stands for whatever comes next in the file.
    pub(super) fn push_space(&mut self) {
        self.push(" ", self.after_last());
    }

    /// Appends the bytes `start..end` of another text.
    pub(super) fn push_part(&mut self, from: &Mapped<'_>, start: usize, end: usize) {
        let mut at = start;
        while at < end {
            let next = from.breaks.partition_point(|&(here, _)| here as usize <= at);
            let stop = from
                .breaks
                .get(next)
                .map_or(end, |&(here, _)| end.min(here as usize));
            match from.text.get(at..stop) {
                Some(piece) => self.push(piece, from.at(at)),
                None => return,
            }
            at = stop;
        }
    }

    /// Appends another text with what is known of it.
    pub(super) fn push_whole(&mut self, from: &Mapped<'_>) {
        let begin = self.text.len() as u32;
        self.push_part(from, 0, from.len());
        self.opaque.extend(
            from.opaque
                .iter()
                .map(|&(start, end)| (begin + start, begin + end)),
        );
    }

    /// [`Mapped::push_part`] of something that must not be read again.
    pub(super) fn push_opaque(&mut self, from: &Mapped<'_>, start: usize, end: usize) {
        let begin = self.text.len() as u32;
        self.push_part(from, start, end);
        self.opaque.push((begin, self.text.len() as u32));
    }

    /// The parts that must not be read again, in order.
    pub(super) fn opaque(&self) -> &[(u32, u32)] {
        &self.opaque
    }

    /// Where the byte at `offset` stands in the file.
    pub(super) fn at(&self, offset: usize) -> u32 {
        let offset = offset as u32;
        let index = self.breaks.partition_point(|&(here, _)| here <= offset);
        match index.checked_sub(1).and_then(|index| self.breaks.get(index)) {
            Some(&(here, there)) => there + (offset - here),
            None => self.base + offset,
        }
    }

    /// Where the bytes `start..end` stand in the file, with whatever lies between them there.
    pub(super) fn span(&self, start: usize, end: usize) -> Span {
        let begin = self.at(start.min(self.len().saturating_sub(1)));
        if end <= start {
            let here = if start < self.len() {
                begin
            } else {
                self.after_last()
            };
            return Span::new(here, here);
        }
        Span::new(begin, self.at(end - 1) + 1)
    }

    fn after_last(&self) -> u32 {
        match self.text.len() {
            0 => self.base,
            length => self.at(length - 1) + 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_knows_its_place() {
        let file = "RUN a \\\n  b 'c'\n";
        let mut joined = Mapped::default();
        joined.push("RUN a ", 0);
        joined.push("  b 'c'", 8);
        assert_eq!(joined.span(4, 9).of(file), "a \\\n  b");
        let mut word = Mapped::default();
        word.push_part(&joined, 4, 9);
        word.push_part(&joined, 11, 12);
        assert_eq!(word.as_str(), "a   bc");
        assert_eq!(word.span(4, 6).of(file), "b 'c");
    }
}
