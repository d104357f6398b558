//! Bytes to text.

use std::fmt;

/// Bytes that are no text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotText {
    reason: String,
    help: &'static str,
}

impl NotText {
    fn new(reason: String, help: &'static str) -> Self {
        Self { reason, help }
    }

    /// What to do about it.
    pub fn help(&self) -> &str {
        self.help
    }
}

impl fmt::Display for NotText {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.reason)
    }
}

impl std::error::Error for NotText {}

/// The text that `bytes` are: UTF-8, or UTF-16 with a byte-order mark or with the zero bytes that give it away.
///
/// A mark of UTF-8 stays in the text, so that offsets in it are those in the file; one of UTF-16 is left out.
/// Binary data and broken encodings are an error that says where.
pub fn decode(bytes: Vec<u8>) -> Result<String, NotText> {
    match Encoding::of(&bytes) {
        Encoding::Utf8 => utf8(bytes),
        Encoding::Utf16 { big_endian, mark } => utf16(&bytes[if mark { 2 } else { 0 }..], big_endian),
        Encoding::Utf32 => Err(NotText::new("encoded in UTF-32".into(), UTF8)),
    }
}

const UTF8: &str = "save it as UTF-8";
const BINARY: &str = "leave it out: it is no text";

enum Encoding {
    Utf8,
    Utf16 { big_endian: bool, mark: bool },
    Utf32,
}

impl Encoding {
    fn of(bytes: &[u8]) -> Self {
        let utf16 = |big_endian, mark| Encoding::Utf16 { big_endian, mark };
        match *bytes {
            [0xFF, 0xFE, 0, 0, ..] | [0, 0, 0xFE, 0xFF, ..] => Encoding::Utf32,
            [0xFF, 0xFE, ..] => utf16(false, true),
            [0xFE, 0xFF, ..] => utf16(true, true),
            // YAML and JSON begin with ASCII characters, Dockerfiles too.
            [first, 0, second, 0, ..] if is_text(first) && is_text(second) => utf16(false, false),
            [0, first, 0, second, ..] if is_text(first) && is_text(second) => utf16(true, false),
            _ => Encoding::Utf8,
        }
    }
}

fn is_text(byte: u8) -> bool {
    matches!(byte, b'\t' | b'\n' | b'\r' | b' '..=b'~')
}

fn utf8(bytes: Vec<u8>) -> Result<String, NotText> {
    if let Some(at) = control(&bytes) {
        let reason = format!(
            "binary: byte {:#04x} at offset {at}, line {}",
            bytes[at],
            line(&bytes, at)
        );
        return Err(NotText::new(reason, BINARY));
    }
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let bytes = error.as_bytes();
        let byte = bytes.get(at).copied().unwrap_or_default();
        let reason = format!(
            "not UTF-8: byte {byte:#04x} at offset {at}, line {}",
            line(bytes, at)
        );
        NotText::new(reason, UTF8)
    })
}

/// The first control character that no text has. Tabs, line ends, form feeds and the escapes of colours are text.
fn control(bytes: &[u8]) -> Option<usize> {
    // Most texts have none; a loop without exits is one the compiler makes fast.
    let suspicious = |byte: u8| byte < b' ' && !matches!(byte, b'\t' | b'\n' | b'\r' | 0x0C | 0x1B);
    for (index, chunk) in bytes.chunks(4096).enumerate() {
        if chunk.iter().fold(false, |found, &byte| found | suspicious(byte)) {
            return chunk
                .iter()
                .position(|&byte| suspicious(byte))
                .map(|at| index * 4096 + at);
        }
    }
    None
}

fn utf16(bytes: &[u8], big_endian: bool) -> Result<String, NotText> {
    if !bytes.len().is_multiple_of(2) {
        return Err(NotText::new(
            "UTF-16 with an odd number of bytes: its end is missing".into(),
            UTF8,
        ));
    }
    let units = bytes.chunks_exact(2).map(|pair| {
        if big_endian {
            u16::from_be_bytes([pair[0], pair[1]])
        } else {
            u16::from_le_bytes([pair[0], pair[1]])
        }
    });
    let mut text = String::with_capacity(bytes.len() / 2);
    let mut line = 1;
    for character in char::decode_utf16(units) {
        match character {
            Ok('\0') => {
                return Err(NotText::new(
                    format!("binary: a zero in UTF-16 text, line {line}"),
                    BINARY,
                ));
            }
            Ok(character) => {
                line += usize::from(character == '\n');
                text.push(character);
            }
            Err(_) => {
                let reason = format!("not UTF-16: half of a surrogate pair is missing, line {line}");
                return Err(NotText::new(reason, UTF8));
            }
        }
    }
    Ok(text)
}

fn line(bytes: &[u8], at: usize) -> usize {
    memchr::memchr_iter(b'\n', &bytes[..at.min(bytes.len())]).count() + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utf16(text: &str, mark: bool, to_bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
        let mark = if mark { "\u{FEFF}" } else { "" };
        mark.encode_utf16()
            .chain(text.encode_utf16())
            .flat_map(to_bytes)
            .collect()
    }

    #[test]
    fn utf_8_and_utf_16_become_text() {
        let text = "a: ü😀\n";
        assert_eq!(decode(text.into()).unwrap(), text);
        assert_eq!(decode("\u{FEFF}a: 1".into()).unwrap(), "\u{FEFF}a: 1");
        for mark in [true, false] {
            assert_eq!(decode(utf16(text, mark, u16::to_le_bytes)).unwrap(), text);
            assert_eq!(decode(utf16(text, mark, u16::to_be_bytes)).unwrap(), text);
        }
        assert_eq!(decode(Vec::new()).unwrap(), "");
    }

    #[test]
    fn what_is_no_text_is_refused_with_its_place() {
        for (bytes, reason) in [
            (&b"a\nb\0c"[..], "binary: byte 0x00 at offset 3, line 2"),
            (b"\x7fELF\x02", "binary: byte 0x02 at offset 4, line 1"),
            (b"a\n\xffb", "not UTF-8: byte 0xff at offset 2, line 2"),
            (b"caf\xe9", "not UTF-8: byte 0xe9 at offset 3, line 1"),
            (
                b"\xff\xfea",
                "UTF-16 with an odd number of bytes: its end is missing",
            ),
            (
                b"\xff\xfe\x00\xd8",
                "not UTF-16: half of a surrogate pair is missing, line 1",
            ),
            (b"\xff\xfe\0\0a\0\0\0", "encoded in UTF-32"),
        ] {
            let error = decode(bytes.to_vec()).unwrap_err();
            assert_eq!(error.to_string(), reason);
            assert!(!error.help().is_empty());
        }
    }

    #[test]
    fn colours_and_form_feeds_are_text() {
        assert!(decode(b"a: \x1b[1mb\x0c\r\n\t".to_vec()).is_ok());
    }
}
