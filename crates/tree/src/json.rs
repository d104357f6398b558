//! JSON as RFC 8259 has it, into the same trees that YAML becomes.
//!
//! The same text makes the same tree in both readers. JSON allows more in one place only: keys of any length,
//! and escaped pairs of surrogates.

use crate::yaml::resolve;
use crate::{Builder, Kind, Limits, Span, Style, SyntaxError, Tree};

/// Reads a text that holds one JSON value.
///
/// `None` when it holds nothing but white space or `null`. A byte-order mark at the beginning is no part of it.
/// Keys that stand twice in one map are an error, and so is text after the value: see [`split`].
pub fn parse<'t>(text: &'t str, limits: &Limits) -> Result<Option<Tree<'t>>, SyntaxError> {
    let start = if text.starts_with('\u{FEFF}') { 3 } else { 0 };
    let end = u32::try_from(text.len())
        .map_err(|_| SyntaxError::new(0, "the file is larger than 4 GiB").with_help("split it"))?;
    parse_at(text, Span::new(start, end), limits)
}

/// Reads the one JSON value that stands at `document` in `text`, the text of the whole file.
pub fn parse_at<'t>(text: &'t str, document: Span, limits: &Limits) -> Result<Option<Tree<'t>>, SyntaxError> {
    if text.get(document.range()).is_none() {
        return Err(SyntaxError::new(
            document.start,
            "the document lies outside of its file",
        ));
    }
    let mut reader = Reader {
        text,
        bytes: &text.as_bytes()[..document.end as usize],
        at: document.start as usize,
        builder: Builder::new(text, *limits),
    };
    reader.white_space();
    if reader.at == reader.bytes.len() {
        return Ok(None);
    }
    reader.builder.reserve(document.range().len() / 24);
    reader.value()?;
    let tree = reader.builder.finish()?;
    Ok((!tree.root().is_null()).then_some(tree))
}

/// The values of a file that holds several, one after the other, as `kubectl` takes them.
///
/// What is no JSON is left to [`parse_at`] to complain about. A byte-order mark is left out.
pub fn split(text: &str) -> impl Iterator<Item = Span> + '_ {
    let bytes = &text.as_bytes()[..text.len().min(u32::MAX as usize)];
    let mut at = if text.starts_with('\u{FEFF}') { 3 } else { 0 };
    std::iter::from_fn(move || {
        let start = at;
        at = end_of_value(bytes, at);
        (start < at).then(|| Span::new(start as u32, at as u32))
    })
}

/// The offset at which the next value begins, after the one at `at`.
fn end_of_value(bytes: &[u8], mut at: usize) -> usize {
    let mut depth = 0_usize;
    while let Some(&byte) = bytes.get(at) {
        at += 1;
        match byte {
            b'{' | b'[' => depth += 1,
            b'}' | b']' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    let space = bytes[at..]
                        .iter()
                        .take_while(|byte| byte.is_ascii_whitespace())
                        .count();
                    at += space;
                    if matches!(bytes.get(at), Some(b'{' | b'[')) {
                        return at;
                    }
                }
            }
            b'"' => loop {
                let Some(found) = memchr::memchr2(b'"', b'\\', &bytes[at..]) else {
                    return bytes.len();
                };
                at += found + 1;
                if bytes[at - 1] == b'"' {
                    break;
                }
                at = (at + 1).min(bytes.len());
            },
            _ => {}
        }
    }
    at
}

struct Reader<'t> {
    text: &'t str,
    /// The file up to the end of the document.
    bytes: &'t [u8],
    at: usize,
    builder: Builder<'t>,
}

/// What may come next.
#[derive(Clone, Copy, PartialEq)]
enum Expect {
    Value,
    /// A value or the end of the list that was just opened.
    FirstItem,
    Key,
    /// A key or the end of the map that was just opened.
    FirstKey,
    /// A comma or the end of what is open.
    Next,
}

impl Reader<'_> {
    fn value(&mut self) -> Result<(), SyntaxError> {
        // One bit of each open map or list would do; `true` is a map.
        let mut open: Vec<bool> = Vec::new();
        let mut expect = Expect::Value;
        loop {
            self.white_space();
            let Some(&byte) = self.bytes.get(self.at) else {
                return Err(self.ends(&open));
            };
            let at = self.at as u32;
            match (expect, byte) {
                (Expect::Next, b',') => {
                    self.at += 1;
                    expect = match open.last() {
                        Some(true) => Expect::Key,
                        _ => Expect::Value,
                    };
                    continue;
                }
                (Expect::Next | Expect::FirstKey, b'}') if open.last() == Some(&true) => {
                    self.close(&mut open)?
                }
                (Expect::Next | Expect::FirstItem, b']') if open.last() == Some(&false) => {
                    self.close(&mut open)?
                }
                (Expect::Key | Expect::FirstKey, b'"') => {
                    self.string()?;
                    self.white_space();
                    if self.bytes.get(self.at) != Some(&b':') {
                        return Err(self.expected("`:` after the key", "write `\"key\": value`"));
                    }
                    self.at += 1;
                    expect = Expect::Value;
                    continue;
                }
                (Expect::Value | Expect::FirstItem, b'{') => {
                    self.builder.begin_map(at, Style::Flow)?;
                    self.at += 1;
                    open.push(true);
                    expect = Expect::FirstKey;
                    continue;
                }
                (Expect::Value | Expect::FirstItem, b'[') => {
                    self.builder.begin_seq(at, Style::Flow)?;
                    self.at += 1;
                    open.push(false);
                    expect = Expect::FirstItem;
                    continue;
                }
                (Expect::Value | Expect::FirstItem, b'"') => self.string()?,
                (Expect::Value | Expect::FirstItem, b'-' | b'0'..=b'9') => self.number()?,
                (Expect::Value | Expect::FirstItem, b'a'..=b'z') => self.word()?,
                _ => return Err(self.unexpected(expect, byte, &open)),
            }
            if open.is_empty() {
                self.white_space();
                return match self.bytes.get(self.at) {
                    None => Ok(()),
                    Some(_) => Err(self.expected(
                        "the end of the file after the value",
                        "remove what follows; only maps and lists may follow each other in one file",
                    )),
                };
            }
            expect = Expect::Next;
        }
    }

    fn close(&mut self, open: &mut Vec<bool>) -> Result<(), SyntaxError> {
        self.at += 1;
        open.pop();
        self.builder.end(self.at as u32)
    }

    fn white_space(&mut self) {
        while matches!(self.bytes.get(self.at), Some(b' ' | b'\n' | b'\r' | b'\t')) {
            self.at += 1;
        }
    }

    fn string(&mut self) -> Result<(), SyntaxError> {
        let start = self.at;
        self.at += 1;
        let Some(plain) = self.bytes[self.at..]
            .iter()
            .position(|&byte| byte == b'"' || byte == b'\\' || byte < b' ')
        else {
            return Err(unclosed(start));
        };
        self.at += plain;
        if self.bytes[self.at] == b'"' {
            self.at += 1;
            let span = Span::new(start as u32, self.at as u32);
            let inner = Span::new(span.start + 1, span.end - 1);
            self.builder.scalar(Kind::Str, Style::DoubleQuoted, span, inner)?;
            return Ok(());
        }
        let mut value = String::new();
        let mut from = start + 1;
        loop {
            let rest = &self.bytes[self.at..];
            let Some(found) = rest
                .iter()
                .position(|&byte| byte == b'"' || byte == b'\\' || byte < b' ')
            else {
                return Err(unclosed(start));
            };
            self.at += found;
            value.push_str(&self.text[from..self.at]);
            match self.bytes[self.at] {
                b'"' => break,
                b'\\' => value.push(self.escape()?),
                _ => {
                    return Err(SyntaxError::new(
                        self.at as u32,
                        "a line break or control character inside of a string",
                    )
                    .with_help("write it as an escape, such as `\\n` or `\\t`, or close the string"));
                }
            }
            from = self.at;
        }
        self.at += 1;
        let span = Span::new(start as u32, self.at as u32);
        self.builder
            .decoded(Kind::Str, Style::DoubleQuoted, span, &value)?;
        Ok(())
    }

    /// The character of the escape at `self.at`, and moves behind it. A lone surrogate becomes U+FFFD, as in Go.
    fn escape(&mut self) -> Result<char, SyntaxError> {
        let at = self.at;
        self.at += 2;
        Ok(match self.bytes.get(at + 1) {
            Some(byte @ (b'"' | b'\\' | b'/')) => *byte as char,
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => {
                let Some(high) = self.hex(at + 2) else {
                    return Err(
                        SyntaxError::new(at as u32, "`\\u` without four hexadecimal digits")
                            .with_help("write `\\u` and four hexadecimal digits, or the character itself"),
                    );
                };
                self.at += 4;
                match high {
                    0xD800..=0xDBFF if self.bytes.get(self.at..self.at + 2) == Some(b"\\u") => {
                        match self.hex(self.at + 2) {
                            Some(low @ 0xDC00..=0xDFFF) => {
                                self.at += 6;
                                char::from_u32(0x1_0000 + ((high - 0xD800) << 10) + (low - 0xDC00))
                                    .unwrap_or(char::REPLACEMENT_CHARACTER)
                            }
                            _ => char::REPLACEMENT_CHARACTER,
                        }
                    }
                    _ => char::from_u32(high).unwrap_or(char::REPLACEMENT_CHARACTER),
                }
            }
            _ => {
                return Err(SyntaxError::new(at as u32, "an unknown escape after `\\`")
                    .with_help("write `\\\\` for a backslash"));
            }
        })
    }

    fn hex(&self, at: usize) -> Option<u32> {
        let digits = self.bytes.get(at..at + 4)?;
        digits
            .iter()
            .try_fold(0, |value, &byte| Some(value << 4 | (byte as char).to_digit(16)?))
    }

    fn number(&mut self) -> Result<(), SyntaxError> {
        let start = self.at;
        self.at += usize::from(self.bytes[self.at] == b'-');
        let whole = self.digits();
        let leading_zero = whole > 1 && self.bytes[self.at - whole] == b'0';
        let mut complete = whole > 0 && !leading_zero;
        if self.bytes.get(self.at) == Some(&b'.') {
            self.at += 1;
            complete &= self.digits() > 0;
        }
        if matches!(self.bytes.get(self.at), Some(b'e' | b'E')) {
            self.at += 1;
            self.at += usize::from(matches!(self.bytes.get(self.at), Some(b'+' | b'-')));
            complete &= self.digits() > 0;
        }
        if !complete {
            let message = format!("`{}` is no number of JSON", &self.text[start..self.at]);
            return Err(SyntaxError::new(start as u32, message).with_help(
                "write it without leading zeros and with digits on both sides of the point, or in quotes",
            ));
        }
        let span = Span::new(start as u32, self.at as u32);
        self.builder
            .scalar(resolve::plain(span.of(self.text)), Style::Plain, span, span)?;
        Ok(())
    }

    fn digits(&mut self) -> usize {
        let start = self.at;
        while self.bytes.get(self.at).is_some_and(u8::is_ascii_digit) {
            self.at += 1;
        }
        self.at - start
    }

    fn word(&mut self) -> Result<(), SyntaxError> {
        let start = self.at;
        while self.bytes.get(self.at).is_some_and(u8::is_ascii_alphanumeric) {
            self.at += 1;
        }
        let span = Span::new(start as u32, self.at as u32);
        let kind = match span.of(self.text) {
            "true" | "false" => Kind::Bool,
            "null" => Kind::Null,
            _ => {
                self.at = start;
                return Err(self.expected("a value", "put text in double quotes"));
            }
        };
        self.builder.scalar(kind, Style::Plain, span, span)?;
        Ok(())
    }

    /// What is wrong where `byte` stands.
    fn unexpected(&self, expect: Expect, byte: u8, open: &[bool]) -> SyntaxError {
        let in_map = open.last() == Some(&true);
        match (expect, byte) {
            (_, b'/' | b'#') => self.expected(
                "a value",
                "JSON has no comments; remove them, or name the file `.yaml`",
            ),
            (Expect::Key, b'}') | (Expect::Value, b']') if !open.is_empty() => {
                self.expected("another value after the comma", "remove the comma before it")
            }
            (Expect::Key | Expect::FirstKey, _) => {
                self.expected("a key in double quotes", "write `\"key\": value`")
            }
            (Expect::Value | Expect::FirstItem, _) => self.expected("a value", "put text in double quotes"),
            (Expect::Next, b'}' | b']') => self.expected(
                if in_map {
                    "`}`, the end of the map"
                } else {
                    "`]`, the end of the list"
                },
                "close what was opened last first",
            ),
            (Expect::Next, _) => self.expected(
                if in_map { "`,` or `}`" } else { "`,` or `]`" },
                "put a comma between two values",
            ),
        }
    }

    fn expected(&self, what: &str, help: &'static str) -> SyntaxError {
        let found = match self
            .text
            .get(self.at..self.bytes.len())
            .and_then(|rest| rest.chars().next())
        {
            Some(character) => format!("`{}`", character.escape_debug()),
            None => "the end of the file".to_owned(),
        };
        SyntaxError::new(self.at as u32, format!("expected {what}, found {found}")).with_help(help)
    }

    fn ends(&self, open: &[bool]) -> SyntaxError {
        let what = match open.last() {
            Some(true) => "`}`",
            Some(false) => "`]`",
            None => "a value",
        };
        let message = format!("the file ends where {what} is expected");
        SyntaxError::new(self.bytes.len() as u32, message)
            .with_help("close what was opened; the file may have been cut off")
    }
}

fn unclosed(start: usize) -> SyntaxError {
    SyntaxError::new(start as u32, "a string is opened and never closed").with_help("close it with `\"`")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Tree<'_> {
        parse(text, &Limits::default()).unwrap().unwrap()
    }

    fn error(text: &str) -> SyntaxError {
        parse(text, &Limits::default()).unwrap_err()
    }

    #[test]
    fn an_object_is_read_with_its_spans() {
        let text = r#"{"kind": "Pod", "n": [1, -2.5e3, true, null, {}]}"#;
        let tree = read(text);
        assert_eq!(
            format!("{:?}", tree.root()),
            r#"{"kind": "Pod", "n": [1, -2.5e3, true, null, {}]}"#
        );
        assert_eq!(tree.root().get("kind").unwrap().span().of(text), "\"Pod\"");
        assert_eq!(
            tree.root().get("n").unwrap().span().of(text),
            "[1, -2.5e3, true, null, {}]"
        );
    }

    #[test]
    fn escapes_become_characters() {
        let tree = read(r#"["a\"\\\/\b\f\n\r\t", "\u00e9\ud83d\ude00", "\ud83dx", "\ude00"]"#);
        let items: Vec<_> = tree.root().items().map(|item| item.raw()).collect();
        assert_eq!(items, ["a\"\\/\u{8}\u{c}\n\r\t", "é😀", "\u{FFFD}x", "\u{FFFD}"]);
    }

    #[test]
    fn a_mark_is_tolerated_and_nothing_is_none() {
        assert!(parse("\u{FEFF}{}", &Limits::default()).unwrap().is_some());
        for text in ["", " \n", "null", "\u{FEFF}"] {
            assert!(parse(text, &Limits::default()).unwrap().is_none(), "{text:?}");
        }
    }

    #[test]
    fn what_is_no_json_is_an_error_with_its_place() {
        for (text, at, part) in [
            ("{\"a\": 1, \"a\": 2}", 9, "stands twice"),
            ("{} x", 3, "the end of the file"),
            ("[1, ]", 4, "after the comma"),
            ("{\"a\": 1,}", 8, "after the comma"),
            ("{a: 1}", 1, "a key in double quotes"),
            ("{\"a\" 1}", 5, "`:` after the key"),
            ("[1 2]", 3, "`,` or `]`"),
            ("[1}", 2, "the end of the list"),
            ("{\"a\": 'x'}", 6, "a value"),
            ("[tru]", 1, "a value"),
            ("[01]", 1, "no number"),
            ("[1.]", 1, "no number"),
            ("\"a", 0, "never closed"),
            ("\"a\nb\"", 2, "control character"),
            ("\"\\x\"", 1, "unknown escape"),
            ("\"\\u12\"", 1, "four hexadecimal"),
            ("[1, // x", 4, "found `/`"),
            ("[{", 2, "the file ends"),
        ] {
            let error = error(text);
            assert_eq!(error.at, at, "{text}: {error}");
            assert!(error.message.contains(part), "{text}: {error}");
            assert!(error.help.is_some(), "{text}");
        }
    }

    #[test]
    fn ten_thousand_nested_lists_are_an_error() {
        assert!(error(&"[".repeat(10_000)).message.contains("nested deeper"));
    }

    #[test]
    fn values_one_after_the_other_are_documents() {
        let pieces = |text| split(text).map(|span: Span| span.of(text)).collect::<Vec<_>>();
        assert_eq!(
            pieces("{\"a\": \"}{\\\"\"}\n{}[{}]"),
            ["{\"a\": \"}{\\\"\"}\n", "{}", "[{}]"]
        );
        assert_eq!(pieces("{}, {}"), ["{}, {}"]);
        assert_eq!(pieces("{\"a"), ["{\"a"]);
        assert_eq!(pieces("]]{"), ["]]", "{"]);
        assert_eq!(pieces(""), [""; 0]);
    }
}
