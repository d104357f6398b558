//! How an instruction's text is split: flags, words, assignments, JSON lists, the names of heredocs.
//! Source: the parser of BuildKit's Dockerfile frontend.

use super::mapped::Mapped;
use crate::Span;
use std::ops::Range;

/// What separates words: everything Docker takes for white space but line ends.
fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | 0x0B | 0x0C)
}

/// The part of `text` in `range` without white space at its ends.
pub(super) fn trim(text: &str, range: Range<usize>) -> Range<usize> {
    let part = text.get(range.clone()).unwrap_or_default();
    let start = range.start + (part.len() - part.trim_start().len());
    start..start + part.trim().len()
}

/// Words between white space; quotes mean nothing.
pub(super) fn split(text: &str, range: Range<usize>) -> Vec<Range<usize>> {
    let mut words = Vec::new();
    let bytes = text.as_bytes();
    let mut at = range.start;
    while at < range.end {
        if is_blank(bytes[at]) {
            at += 1;
            continue;
        }
        let length = bytes[at..range.end]
            .iter()
            .take_while(|&&byte| !is_blank(byte))
            .count();
        words.push(at..at + length);
        at += length;
    }
    words
}

/// Words between white space, where quotes and the escape character keep white space in a word. Both stay in it.
pub(super) fn split_quoted(text: &str, range: Range<usize>, escape: char) -> Vec<Range<usize>> {
    split_by_quotes(text, range, escape).0
}

/// [`split_quoted`], if every quote is closed.
fn split_closed(text: &str, range: Range<usize>, escape: char) -> Option<Vec<Range<usize>>> {
    let (words, closed) = split_by_quotes(text, range, escape);
    closed.then_some(words)
}

fn split_by_quotes(text: &str, range: Range<usize>, escape: char) -> (Vec<Range<usize>>, bool) {
    let mut words = Vec::new();
    let mut word: Option<usize> = None;
    let mut quote = None;
    let part = text.get(range.clone()).unwrap_or_default();
    let mut characters = part
        .char_indices()
        .map(|(at, character)| (range.start + at, character));
    while let Some((at, character)) = characters.next() {
        if quote.is_none() && character.is_whitespace() {
            words.extend(word.take().map(|start| start..at));
            continue;
        }
        word.get_or_insert(at);
        match quote {
            Some(open) if character == open => quote = None,
            Some('\'') => {}
            _ if character == escape => {
                characters.next();
            }
            None if matches!(character, '\'' | '"') => quote = Some(character),
            _ => {}
        }
    }
    words.extend(word.map(|start| start..range.end));
    (words, quote.is_none())
}

/// A word that begins with `--`, before all others.
#[derive(Debug)]
pub(super) struct FlagWord {
    pub(super) range: Range<usize>,
    /// Without quotes and escapes.
    pub(super) text: String,
}

/// The flags at the beginning of `range`, and where the rest begins.
pub(super) fn flags(text: &str, range: Range<usize>) -> (Vec<FlagWord>, usize) {
    let mut flags = Vec::new();
    let mut at = trim(text, range.clone()).start;
    while text.get(at..range.end).is_some_and(|rest| rest.starts_with("--")) {
        let (word, end) = unquoted(text, at..range.end);
        if word == "--" {
            return (flags, end);
        }
        flags.push(FlagWord {
            range: at..end,
            text: word,
        });
        at = trim(text, end..range.end).start;
    }
    (flags, at)
}

/// The first word of `range` without its quotes, and where it ends.
fn unquoted(text: &str, range: Range<usize>) -> (String, usize) {
    let mut word = String::new();
    let mut quote = None;
    let mut characters = text.get(range.clone()).unwrap_or_default().char_indices();
    while let Some((at, character)) = characters.next() {
        match (quote, character) {
            (None, blank) if blank.is_whitespace() => return (word, range.start + at),
            (None, '\'' | '"') => quote = Some(character),
            (Some(open), close) if open == close => quote = None,
            (_, '\\') => word.extend(characters.next().map(|(_, next)| next)),
            _ => word.push(character),
        }
    }
    (word, range.end)
}

/// A string of a JSON list.
#[derive(Debug)]
pub(super) struct JsonWord {
    /// With its quotes.
    pub(super) range: Range<usize>,
    pub(super) value: Mapped<'static>,
}

/// What stands where a JSON list may stand.
#[derive(Debug)]
pub(super) enum Json {
    /// A list of strings.
    List(Vec<JsonWord>),
    /// A list with something else in it, at this byte: Docker refuses it.
    NotStrings(usize),
    /// No JSON list: Docker takes the text as it is.
    No,
}

/// Reads `range` as a JSON list.
pub(super) fn json(text: &Mapped<'_>, range: Range<usize>) -> Json {
    let bytes = &text.as_str().as_bytes()[..range.end];
    let blank = |mut at: usize| {
        while matches!(bytes.get(at), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            at += 1;
        }
        at
    };
    let mut at = blank(range.start);
    if bytes.get(at) != Some(&b'[') {
        return Json::No;
    }
    at = blank(at + 1);
    let mut list = Vec::new();
    let mut other = None;
    if bytes.get(at) == Some(&b']') {
        return if blank(at + 1) == range.end {
            Json::List(list)
        } else {
            Json::No
        };
    }
    loop {
        if bytes.get(at) == Some(&b'"') {
            let Some(word) = json_string(text, at, range.end) else {
                return Json::No;
            };
            at = word.range.end;
            list.push(word);
        } else {
            let length = bytes[at..]
                .iter()
                .take_while(|byte| !matches!(byte, b',' | b']' | b' ' | b'\t'))
                .count();
            let literal = &bytes[at..at + length];
            let number = literal.iter().all(|byte| byte.is_ascii_digit()) && !literal.is_empty();
            if !number && !matches!(literal, b"true" | b"false" | b"null") {
                return Json::No;
            }
            other.get_or_insert(at);
            at += length;
        }
        at = blank(at);
        match bytes.get(at) {
            Some(b',') => at = blank(at + 1),
            Some(b']') if blank(at + 1) == range.end => break,
            _ => return Json::No,
        }
    }
    other.map_or(Json::List(list), Json::NotStrings)
}

/// The string whose quote stands at `start`; `None` if it is not one.
fn json_string(text: &Mapped<'_>, start: usize, limit: usize) -> Option<JsonWord> {
    let all = text.as_str();
    let bytes = &all.as_bytes()[..limit];
    let mut value = Mapped::default();
    let mut at = start + 1;
    loop {
        let rest = bytes.get(at..)?;
        let plain = rest
            .iter()
            .take_while(|&&byte| byte >= 0x20 && byte != b'"' && byte != b'\\')
            .count();
        value.push_part(text, at, at + plain);
        at += plain;
        match bytes.get(at)? {
            b'"' => {
                return Some(JsonWord {
                    range: start..at + 1,
                    value,
                });
            }
            b'\\' => {}
            _ => return None,
        }
        let place = text.at(at);
        let simple = match bytes.get(at + 1)? {
            b'"' => "\"",
            b'\\' => "\\",
            b'/' => "/",
            b'b' => "\u{8}",
            b'f' => "\u{C}",
            b'n' => "\n",
            b'r' => "\r",
            b't' => "\t",
            b'u' => {
                let (character, length) = json_unicode(all, at)?;
                value.push(character.encode_utf8(&mut [0; 4]), place);
                at += length;
                continue;
            }
            _ => return None,
        };
        value.push(simple, place);
        at += 2;
    }
}

/// `\uXXXX`, or two of them that are a surrogate pair; half a pair is U+FFFD.
fn json_unicode(text: &str, at: usize) -> Option<(char, usize)> {
    let unit = |at: usize| {
        let digits = text.get(at..at + 6)?.strip_prefix("\\u")?;
        let hex = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        hex.then(|| u32::from_str_radix(digits, 16).ok()).flatten()
    };
    let first = unit(at)?;
    if (0xD800..0xDC00).contains(&first)
        && let Some(second @ 0xDC00..0xE000) = unit(at + 6)
    {
        let code = 0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00);
        return Some((char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER), 12));
    }
    Some((char::from_u32(first).unwrap_or(char::REPLACEMENT_CHARACTER), 6))
}

/// A heredoc as its instruction announces it.
#[derive(Debug)]
pub(super) struct Announced {
    pub(super) name: String,
    pub(super) strip: bool,
    pub(super) span: Span,
}

/// Whether the instruction takes heredocs and may have one.
pub(super) fn may_have_heredocs(text: &str) -> bool {
    if !text.contains("<<") {
        return false;
    }
    let mut words = text.split_whitespace();
    let mut keyword = words.next().unwrap_or_default();
    if keyword.eq_ignore_ascii_case("ONBUILD") {
        keyword = words.next().unwrap_or_default();
    }
    ["RUN", "COPY", "ADD"]
        .iter()
        .any(|name| keyword.eq_ignore_ascii_case(name))
}

/// The heredocs that an instruction announces, in order; none if it is in exec form.
pub(super) fn heredocs(text: &Mapped<'_>) -> Vec<Announced> {
    let all = text.as_str();
    let start = all.find(char::is_whitespace).unwrap_or(all.len());
    let (_, mut rest) = flags(all, start..all.len());
    if all
        .get(..start)
        .is_some_and(|keyword| keyword.eq_ignore_ascii_case("ONBUILD"))
    {
        let inner = trim(all, rest..all.len());
        let end = all
            .get(inner.clone())
            .and_then(|part| part.find(char::is_whitespace));
        let end = inner.start + end.unwrap_or(inner.len());
        (_, rest) = flags(all, end..all.len());
    }
    if !matches!(json(text, rest..all.len()), Json::No) {
        return Vec::new();
    }
    // Docker sees no heredoc in a line with an open quote.
    let Some(words) = split_closed(all, rest..all.len(), '\\') else {
        return Vec::new();
    };
    words
        .into_iter()
        .filter_map(|word| announced(text, word))
        .collect()
}

/// Reads a word as a heredoc: `<<EOF`, `3<<-"EOF"`.
pub(super) fn announced(text: &Mapped<'_>, word: Range<usize>) -> Option<Announced> {
    let written = text.as_str().get(word.clone())?;
    let rest = written
        .trim_start_matches(|digit: char| digit.is_ascii_digit())
        .strip_prefix("<<")?;
    let (strip, rest) = match rest.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, rest),
    };
    if rest.contains('<') || rest.is_empty() {
        return None;
    }
    let (name, end) = unquoted(rest, 0..rest.len());
    (!name.is_empty() && end == rest.len()).then(|| Announced {
        name,
        strip,
        span: text.span(word.start, word.end),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(text: &str) -> Option<Vec<String>> {
        match json(&Mapped::of(text, 0), 0..text.len()) {
            Json::List(words) => Some(words.into_iter().map(|word| word.value.into_string()).collect()),
            _ => None,
        }
    }

    #[test]
    fn exec_form_is_json_and_nothing_else() {
        assert_eq!(
            list(r#" [ "a" , "b\n\"\u00e9\ud83d\ude00" ] "#).unwrap(),
            ["a", "b\n\"é😀"]
        );
        assert_eq!(list("[]").unwrap(), [""; 0]);
        for text in [
            "['a']",
            "[\"a\"",
            "[\"a\",]",
            "[\"a\"] b",
            "[ -f x ]",
            "a",
            "[\"\\x\"]",
        ] {
            assert_eq!(list(text), None, "{text}");
        }
        assert!(matches!(
            json(&Mapped::of("[\"a\", 1]", 0), 0..8),
            Json::NotStrings(6)
        ));
    }

    #[test]
    fn flags_stand_before_all_else() {
        let text = "--mount=type=secret,id=x  --chown=\"a b\" -- --x";
        let (flags, rest) = flags(text, 0..text.len());
        let words: Vec<_> = flags.iter().map(|flag| &*flag.text).collect();
        assert_eq!(words, ["--mount=type=secret,id=x", "--chown=a b"]);
        assert_eq!(&text[rest..], " --x");
    }

    #[test]
    fn quotes_keep_assignments_together() {
        let text = r#"A="b c" D=e\ f G='\' H"#;
        let words: Vec<_> = split_quoted(text, 0..text.len(), '\\')
            .into_iter()
            .map(|word| &text[word])
            .collect();
        assert_eq!(words, [r#"A="b c""#, r"D=e\ f", r"G='\'", "H"]);
    }
}
