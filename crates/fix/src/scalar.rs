//! Values as text.

use hardtack_tree::{Kind, Limits, Span, Style, yaml};
use serde_json::Value;

/// How scalars and flow collections are written at one place.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Notation {
    /// Inside of a flow collection, where `,` and brackets end a plain scalar.
    pub(crate) flow: bool,
    /// As JSON: keys and strings in double quotes.
    pub(crate) quoted: bool,
    /// Between a key and its value.
    pub(crate) colon: &'static str,
    /// Between entries on one line.
    pub(crate) comma: &'static str,
}

impl Notation {
    /// Block style YAML.
    pub(crate) const BLOCK: Self = Self {
        flow: false,
        quoted: false,
        colon: ": ",
        comma: ", ",
    };

    /// A key.
    pub(crate) fn key(self, key: &str) -> String {
        self.text(key, Style::Plain)
    }

    /// A scalar, or a collection on one line; a string in the style of the one it replaces where that can be.
    pub(crate) fn value(self, value: &Value, style: Style) -> String {
        match value {
            Value::String(text) => self.text(text, style),
            Value::Array(items) => {
                let inside = Self { flow: true, ..self };
                let items: Vec<_> = items.iter().map(|item| inside.value(item, style)).collect();
                format!("[{}]", items.join(self.comma))
            }
            Value::Object(entries) => {
                let inside = Self { flow: true, ..self };
                let entries = entries.iter().map(|(key, value)| {
                    let value = inside.value(value, style);
                    format!("{}{}{value}", inside.key(key), self.colon)
                });
                format!("{{{}}}", entries.collect::<Vec<_>>().join(self.comma))
            }
            other => other.to_string(),
        }
    }

    fn text(self, text: &str, style: Style) -> String {
        let printable = !text.chars().any(char::is_control);
        match style {
            _ if self.quoted => {}
            Style::SingleQuoted if printable => return format!("'{}'", text.replace('\'', "''")),
            Style::DoubleQuoted => {}
            _ if is_plain(text, self.flow) => return text.to_owned(),
            _ => {}
        }
        // JSON's escapes are YAML's, too.
        Value::from(text).to_string()
    }
}

/// Whether every reader of YAML, of 1.1 and of 1.2, takes the text for that very string without quotes.
fn is_plain(text: &str, flow: bool) -> bool {
    let fine = |byte: u8| {
        byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'/' | b'-' | b':' | b'@' | b' ')
    };
    let begins = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'/' | b'.');
    let bytes = text.as_bytes();
    if !bytes.first().copied().is_some_and(begins)
        || !bytes.iter().copied().all(fine)
        || !bytes.iter().any(u8::is_ascii_alphabetic)
        || bytes.ends_with(b":")
        || text.contains(": ")
        || text.ends_with(' ')
        || flow && text.contains(':')
    {
        return false;
    }
    let whole = if flow {
        format!("[{text}]")
    } else {
        format!("- {text}\n")
    };
    let tree = yaml::parse_full(&whole, Span::new(0, whole.len() as u32), &Limits::default());
    tree.ok().flatten().is_some_and(|tree| {
        tree.root().len() == 1
            && tree
                .root()
                .item(0)
                .is_some_and(|node| node.kind() == Kind::Str && node.raw() == text)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_be_misread_plain_is_quoted() {
        for text in [
            "web",
            "10m",
            "64Mi",
            "/tmp/a",
            "a b",
            "TLSv1.2 TLSv1.3",
            "kubernetes.io/x",
            "a:b",
        ] {
            assert_eq!(Notation::BLOCK.key(text), text);
        }
        for text in [
            "",
            "true",
            "no",
            "off",
            "y",
            "null",
            "~",
            "1",
            "1.5",
            "1e3",
            "0x1f",
            "012",
            "1:30",
            "2020-01-01",
            "- a",
            "a: b",
            "a:",
            "#a",
            "a #b",
            "*",
            "&a",
            "{",
            "[a]",
            "@a",
            "%a",
            "a\nb",
            " a",
            "a ",
            "!a",
            "'",
            "\"",
            ".inf",
        ] {
            assert_eq!(Notation::BLOCK.key(text), Value::from(text).to_string());
        }
    }
}
