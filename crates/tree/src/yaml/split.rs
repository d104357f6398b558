//! Where one document of a file ends and the next begins.

use crate::Span;
use memchr::memmem;

/// The documents of a file, in order, before any of them is read.
///
/// A document begins at a line that is `---` or starts with `---` and white space, and such a line belongs to the
/// document it begins, as do the directives (`%YAML`) above it. It ends before the next such line, or with a line
/// `...`. Neither can stand in column 0 inside of a document, whatever is being quoted there: YAML forbids it.
/// Pieces may hold nothing but comments; [`parse`](super::parse) says `None` for them. A byte-order mark is left out.
pub fn split(text: &str) -> impl Iterator<Item = Span> + '_ {
    let mark = if text.starts_with('\u{FEFF}') { 3 } else { 0 };
    Split {
        text,
        dashes: Marker::new("\n---"),
        dots: Marker::new("\n..."),
        at: mark,
    }
}

struct Split<'t> {
    text: &'t str,
    dashes: Marker,
    dots: Marker,
    at: usize,
}

impl Iterator for Split<'_> {
    type Item = Span;

    fn next(&mut self) -> Option<Span> {
        let end_of_text = self.text.len().min(u32::MAX as usize);
        if self.at >= end_of_text {
            return None;
        }
        let start = self.at;
        let mut from = start;
        let end = loop {
            let dashes = self.dashes.after(self.text, from);
            let dots = self.dots.after(self.text, from);
            if dots < dashes {
                break line_end(self.text, dots + 1);
            }
            if dashes < self.text.len() && is_directives(&self.text[start..=dashes]) {
                from = dashes + 1;
                continue;
            }
            break (dashes + 1).min(self.text.len());
        };
        self.at = end;
        Some(Span::new(start as u32, end.min(end_of_text) as u32))
    }
}

/// A line that is three dashes or dots, or begins with them and white space.
struct Marker {
    finder: memmem::Finder<'static>,
    /// Where the next one is, once looked for: a file with few of them must not be searched again for each document.
    next: Option<usize>,
}

impl Marker {
    fn new(marker: &'static str) -> Self {
        Self {
            finder: memmem::Finder::new(marker),
            next: None,
        }
    }

    /// The offset of the line feed before the next one that is not before `from`, which only ever grows; the length
    /// of the text if there is none.
    fn after(&mut self, text: &str, from: usize) -> usize {
        match self.next {
            Some(next) if next >= from => next,
            _ => *self.next.insert(self.find(text, from)),
        }
    }

    fn find(&self, text: &str, mut from: usize) -> usize {
        let bytes = text.as_bytes();
        while let Some(found) = self.finder.find(&bytes[from..]) {
            let at = from + found;
            if matches!(bytes.get(at + 4), None | Some(b' ' | b'\t' | b'\r' | b'\n')) {
                return at;
            }
            from = at + 4;
        }
        text.len()
    }
}

fn line_end(text: &str, from: usize) -> usize {
    memchr::memchr(b'\n', &text.as_bytes()[from..]).map_or(text.len(), |found| from + found + 1)
}

/// Whether there are directives, and besides them only comments and blank lines.
fn is_directives(text: &str) -> bool {
    let mut directives = false;
    for line in text.lines() {
        match line.trim_ascii_start().as_bytes().first() {
            None | Some(b'#') => {}
            Some(b'%') if line.starts_with('%') => directives = true,
            Some(_) => return false,
        }
    }
    directives
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pieces(text: &str) -> Vec<&str> {
        split(text).map(|span| span.of(text)).collect()
    }

    #[test]
    fn documents_begin_at_three_dashes_in_column_0() {
        assert_eq!(pieces("a: 1\n---\nb: 2\n"), ["a: 1\n", "---\nb: 2\n"]);
        assert_eq!(
            pieces("--- # x\na: 1\n--- b\n---"),
            ["--- # x\na: 1\n", "--- b\n", "---"]
        );
        assert_eq!(
            pieces("a: |\n  x\n  ---\nb: ----\n"),
            ["a: |\n  x\n  ---\nb: ----\n"]
        );
        assert_eq!(pieces("a\n----\nb"), ["a\n----\nb"]);
        assert_eq!(pieces(""), [""; 0]);
    }

    #[test]
    fn windows_line_ends_and_a_byte_order_mark_change_nothing() {
        assert_eq!(
            pieces("\u{FEFF}a: 1\r\n---\r\nb: 2\r\n"),
            ["a: 1\r\n", "---\r\nb: 2\r\n"]
        );
    }

    #[test]
    fn three_dots_end_a_document() {
        assert_eq!(
            pieces("a: 1\n...\n# c\n---\nb: 2\n...\nc: 3"),
            ["a: 1\n...\n", "# c\n", "---\nb: 2\n...\n", "c: 3"]
        );
    }

    #[test]
    fn directives_belong_to_the_document_below_them() {
        assert_eq!(
            pieces("%YAML 1.1\n# c\n---\na: 1\n---\nb: 2"),
            ["%YAML 1.1\n# c\n---\na: 1\n", "---\nb: 2"]
        );
    }
}
