//! Places in a text: byte spans, and the lines and columns people read.

/// A half-open range of bytes `[start, end)` in the text of one file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Span {
    /// Offset of the first byte.
    pub start: u32,
    /// Offset after the last byte.
    pub end: u32,
}

impl Span {
    /// The span from `start` up to, not including, `end`, both in bytes.
    pub fn new(start: u32, end: u32) -> Self {
        Self { start, end }
    }

    /// The bytes of `text` that the span covers; empty where it lies outside or cuts a character.
    pub fn of(self, text: &str) -> &str {
        text.get(self.start as usize..self.end as usize).unwrap_or("")
    }

    /// The same span as a range of `usize`.
    pub fn range(self) -> std::ops::Range<usize> {
        self.start as usize..self.end as usize
    }
}

/// A 1-based line and a 1-based column, the column in Unicode characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Position {
    /// 1-based line.
    pub line: u32,
    /// 1-based column in Unicode characters.
    pub column: u32,
}

/// Turns offsets of a text into positions.
///
/// What is kept is small: how many lines end before each block of the text. The rest is counted when it is asked.
pub struct Lines<'t> {
    text: &'t str,
    /// How many line feeds come before each block.
    before: Vec<u32>,
}

const BLOCK: usize = 1 << 11;

impl<'t> Lines<'t> {
    /// Indexes `text`. Lines end with `\n` (a `\r` before it belongs to the line).
    pub fn new(text: &'t str) -> Self {
        let mut count = 0;
        let blocks = text.as_bytes().chunks(BLOCK).map(|block| {
            let before = count;
            count += feeds(block);
            before
        });
        let mut before: Vec<u32> = blocks.collect();
        before.push(count);
        Self { text, before }
    }

    /// The position of the byte at `offset`; offsets past the end give the end.
    pub fn position(&self, offset: u32) -> Position {
        let bytes = self.text.as_bytes();
        let offset = (offset as usize).min(bytes.len());
        let block = offset / BLOCK;
        let since = bytes.get(block * BLOCK..offset).unwrap_or_default();
        let line = self.before.get(block).copied().unwrap_or_default() + feeds(since) + 1;
        let before = bytes.get(self.line_start(offset)..offset).unwrap_or_default();
        let column = before.iter().filter(|&&byte| byte & 0xC0 != 0x80).count() as u32 + 1;
        Position { line, column }
    }

    /// The line that the byte at `offset` stands on, without its line end, and the offset of its first byte.
    pub fn line_at(&self, offset: u32) -> (&'t str, u32) {
        let start = self.line_start(offset as usize) as u32;
        (self.line_from(start), start)
    }

    /// Offset of the first byte of the line that the byte at `offset` stands on.
    fn line_start(&self, offset: usize) -> usize {
        let bytes = self.text.as_bytes();
        let before = bytes.get(..offset).unwrap_or(bytes);
        memchr::memrchr(b'\n', before).map_or(0, |at| at + 1)
    }

    /// The text of the 1-based `line`, without its line end; empty where there is no such line.
    pub fn line(&self, line: u32) -> &'t str {
        self.line_from(self.start_of(line))
    }

    fn line_from(&self, start: u32) -> &'t str {
        let rest = self.text.get(start as usize..).unwrap_or_default();
        let end = memchr::memchr(b'\n', rest.as_bytes()).unwrap_or(rest.len());
        rest.get(..end).unwrap_or_default().trim_end_matches('\r')
    }

    /// Offset of the first byte of the 1-based `line`; the end of the text where there is no such line.
    pub fn start_of(&self, line: u32) -> u32 {
        let Some(feed) = line.checked_sub(2) else { return 0 };
        // The block in which the line before it ends.
        let block = self
            .before
            .partition_point(|&before| before <= feed)
            .saturating_sub(1);
        let rest = self.text.as_bytes().get(block * BLOCK..).unwrap_or_default();
        let nth = feed - self.before.get(block).copied().unwrap_or_default();
        let end = memchr::memchr_iter(b'\n', rest).nth(nth as usize);
        end.map_or(self.text.len(), |at| block * BLOCK + at + 1) as u32
    }

    /// How many lines there are; an empty text has one.
    pub fn count(&self) -> u32 {
        self.before.last().copied().unwrap_or_default() + 1
    }
}

fn feeds(bytes: &[u8]) -> u32 {
    memchr::memchr_iter(b'\n', bytes).count() as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_characters_not_bytes() {
        let lines = Lines::new("a: ü\nb: c\r\n");
        assert_eq!(lines.position(5), Position { line: 1, column: 5 });
        assert_eq!(lines.position(6), Position { line: 2, column: 1 });
        assert_eq!(lines.line(2), "b: c");
        assert_eq!(lines.line(9), "");
    }

    #[test]
    fn every_line_of_a_long_text_is_found_and_every_byte_has_its_line() {
        let texts = ["", "\n", "a", "a\n", "\n\na"].map(str::to_owned);
        let long = (0..3000)
            .map(|line| format!("{line}: {}\n", "x".repeat(line % 7)))
            .collect::<String>();
        for text in texts.into_iter().chain([long.clone() + "end", long]) {
            let lines = Lines::new(&text);
            let all: Vec<_> = text.split('\n').collect();
            assert_eq!(lines.count() as usize, all.len());
            let mut start = 0;
            for (index, line) in all.iter().enumerate() {
                let number = index as u32 + 1;
                assert_eq!((lines.start_of(number), lines.line(number)), (start, *line));
                let end = start + line.len() as u32;
                let column = line.len() as u32 + 1;
                assert_eq!(
                    lines.position(start),
                    Position {
                        line: number,
                        column: 1
                    }
                );
                assert_eq!(lines.position(end), Position { line: number, column });
                start = end + 1;
            }
            assert_eq!(lines.start_of(all.len() as u32 + 1), text.len() as u32);
        }
    }
}
