//! What a scalar means, as go-yaml v2 resolves it for sigs.k8s.io/yaml.

use crate::Kind;
use std::borrow::Cow;

/// The kind of a plain scalar without a tag.
///
/// YAML 1.1 booleans (`y`, `yes`, `on` and their opposites), `0777` octal, `0x`, `0o`, `0b`, `_` in numbers,
/// `.inf` and `.nan`. A time stamp is a string. A number that no 64 bits hold is a float, one that no float holds a string.
pub(crate) fn plain(text: &str) -> Kind {
    match text.as_bytes().first() {
        None => Kind::Null,
        Some(b'0'..=b'9' | b'+' | b'-' | b'.') => number(text),
        Some(b'~' | b'n' | b'N' | b'y' | b'Y' | b't' | b'T' | b'f' | b'F' | b'o' | b'O')
            if text.len() <= 5 =>
        {
            word(text)
        }
        Some(_) => Kind::Str,
    }
}

fn word(text: &str) -> Kind {
    match text {
        "~" | "null" | "Null" | "NULL" => Kind::Null,
        "y" | "Y" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" | "true" | "True" | "TRUE" => Kind::Bool,
        "n" | "N" | "no" | "No" | "NO" | "off" | "Off" | "OFF" | "false" | "False" | "FALSE" => Kind::Bool,
        _ => Kind::Str,
    }
}

fn number(text: &str) -> Kind {
    let first = text.as_bytes().first();
    if first == Some(&b'.') || text.get(1..2) == Some(".") {
        match text {
            ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => return Kind::Float,
            "-.inf" | "-.Inf" | "-.INF" | ".nan" | ".NaN" | ".NAN" => return Kind::Float,
            _ => {}
        }
    }
    // Nothing else can be part of a number. Most of what begins with a digit (addresses, times, versions) ends here.
    if !text.bytes().all(|byte| {
        byte.is_ascii_hexdigit() || matches!(byte, b'+' | b'-' | b'.' | b'_' | b'x' | b'X' | b'o' | b'O')
    }) {
        return Kind::Str;
    }
    let clean: Cow<'_, str> = if first != Some(&b'.') && text.contains('_') {
        text.replace('_', "").into()
    } else {
        text.into()
    };
    if is_int(&clean) {
        Kind::Int
    } else if is_float(&clean) {
        Kind::Float
    } else {
        Kind::Str
    }
}

/// Whether it is a whole number of 64 bits, in one of the notations of Go.
fn is_int(text: &str) -> bool {
    let (signed, digits) = match text.as_bytes() {
        [b'+' | b'-', rest @ ..] => (true, rest),
        all => (false, all),
    };
    let (radix, digits): (u64, &[u8]) = match digits {
        [b'0', b'x' | b'X', rest @ ..] if !rest.is_empty() => (16, rest),
        [b'0', b'o' | b'O', rest @ ..] if !rest.is_empty() => (8, rest),
        [b'0', b'b' | b'B', rest @ ..] if !rest.is_empty() => (2, rest),
        [b'0', rest @ ..] if !rest.is_empty() => (8, rest),
        all => (10, all),
    };
    if digits.is_empty() {
        return false;
    }
    let mut value = 0_u64;
    for &byte in digits {
        let Some(digit) = (byte as char).to_digit(radix as u32) else {
            return false;
        };
        let Some(more) = value
            .checked_mul(radix)
            .and_then(|value| value.checked_add(digit.into()))
        else {
            return false;
        };
        value = more;
    }
    match (signed, text.as_bytes().first()) {
        (true, Some(b'-')) => value <= 1 << 63,
        (true, _) => value <= i64::MAX as u64,
        (false, _) => true,
    }
}

/// `[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?`, and finite.
fn is_float(text: &str) -> bool {
    let digits = |bytes: &[u8]| bytes.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let bytes = text.as_bytes();
    let mut at = usize::from(matches!(bytes.first(), Some(b'+' | b'-')));
    let whole = digits(&bytes[at..]);
    at += whole;
    if bytes.get(at) == Some(&b'.') {
        at += 1;
        let fraction = digits(&bytes[at..]);
        if whole + fraction == 0 {
            return false;
        }
        at += fraction;
    } else if whole == 0 {
        return false;
    }
    if matches!(bytes.get(at), Some(b'e' | b'E')) {
        at += 1;
        at += usize::from(matches!(bytes.get(at), Some(b'+' | b'-')));
        let exponent = digits(&bytes[at..]);
        if exponent == 0 {
            return false;
        }
        at += exponent;
    }
    at == bytes.len() && text.parse::<f64>().is_ok_and(f64::is_finite)
}

/// The text of a key that is a float: Go's shortest form of 32 bits, which is what sigs.k8s.io/yaml makes of it.
pub(super) fn float_key(text: &str) -> String {
    let clean = text.replace('_', "");
    let digits = clean.trim_start_matches(['+', '-']);
    let negative = clean.starts_with('-');
    match digits {
        ".inf" | ".Inf" | ".INF" => return if negative { "-.inf" } else { ".inf" }.to_owned(),
        ".nan" | ".NaN" | ".NAN" => return ".nan".to_owned(),
        _ => {}
    }
    let value = clean.parse::<f64>().unwrap_or_default() as f32;
    if value.is_infinite() {
        return if negative { "-.inf" } else { ".inf" }.to_owned();
    }
    let scientific = format!("{value:e}");
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    match exponent.parse::<i32>().unwrap_or_default() {
        large @ (..-4 | 6..) => {
            let sign = if large < 0 { '-' } else { '+' };
            format!("{mantissa}e{sign}{:02}", large.abs())
        }
        _ => value.to_string(),
    }
}

/// What a scalar with an explicit tag means.
#[derive(Debug, PartialEq)]
pub(super) enum Tagged {
    /// The text as it is, of this kind.
    As(Kind),
    /// Another text, a string.
    Text(String),
    /// The text can't be what the tag says.
    Wrong,
}

/// The meaning of `text` under `tag:yaml.org,2002:` + `tag`; any other tag makes a string.
pub(super) fn tagged(tag: Option<&str>, text: &str) -> Tagged {
    let resolved = plain(text);
    match tag {
        Some("int") if resolved == Kind::Int => Tagged::As(Kind::Int),
        Some("float") if matches!(resolved, Kind::Int | Kind::Float) => Tagged::As(Kind::Float),
        Some("bool") if resolved == Kind::Bool => Tagged::As(Kind::Bool),
        Some("null") if resolved == Kind::Null => Tagged::As(Kind::Null),
        Some("int" | "float" | "bool" | "null") => Tagged::Wrong,
        Some("binary") => match base64(text) {
            Some(bytes) => Tagged::Text(String::from_utf8_lossy(&bytes).into_owned()),
            None => Tagged::Wrong,
        },
        _ => Tagged::As(Kind::Str),
    }
}

/// Standard base64 with padding; line ends are ignored, as Go ignores them.
fn base64(text: &str) -> Option<Vec<u8>> {
    let digits: Vec<u8> = text
        .bytes()
        .filter(|byte| !matches!(byte, b'\n' | b'\r'))
        .collect();
    if !digits.len().is_multiple_of(4) {
        return None;
    }
    let content = digits
        .iter()
        .position(|&byte| byte == b'=')
        .unwrap_or(digits.len());
    if digits.len() - content > 2 || digits[content..].iter().any(|&byte| byte != b'=') {
        return None;
    }
    let (mut out, mut bits, mut held) = (Vec::with_capacity(content), 0_u32, 0);
    for &byte in &digits[..content] {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        bits = bits << 6 | u32::from(value);
        held += 6;
        if held >= 8 {
            held -= 8;
            out.push((bits >> held) as u8);
        }
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_yaml_1_1_are_booleans() {
        for text in ["y", "N", "yes", "No", "on", "OFF", "true", "False"] {
            assert_eq!(plain(text), Kind::Bool, "{text}");
        }
        for text in ["yEs", "nope", "t", "o", "yess"] {
            assert_eq!(plain(text), Kind::Str, "{text}");
        }
    }

    #[test]
    fn numbers_are_those_of_go() {
        for text in [
            "0",
            "-0",
            "+5",
            "0777",
            "0o17",
            "0x1F",
            "-0x1f",
            "0b11",
            "1_000",
            "18446744073709551615",
            "-9223372036854775808",
        ] {
            assert_eq!(plain(text), Kind::Int, "{text}");
        }
        for text in [
            "08",
            "1.5",
            "1.",
            ".5",
            "1e3",
            "-1.5e+10",
            "18446744073709551616",
            ".inf",
            "-.INF",
            "+.Inf",
            ".nan",
            "1_0.5",
        ] {
            assert_eq!(plain(text), Kind::Float, "{text}");
        }
        for text in [
            "-",
            "+",
            ".",
            "1.2.3",
            "0x",
            "0b2",
            "1e",
            "1e999",
            "2001-12-14",
            "12:30",
            "1Gi",
            "500m",
            "-.nan",
            "0x1.8",
            "._5",
            "0o8",
            "++1",
            "-e5",
            "é",
        ] {
            assert_eq!(plain(text), Kind::Str, "{text}");
        }
    }

    #[test]
    fn keys_that_are_floats_are_written_as_go_writes_them() {
        for (text, key) in [
            ("1.5", "1.5"),
            ("1.10", "1.1"),
            ("1e3", "1000"),
            ("1e6", "1e+06"),
            ("1e20", "1e+20"),
            ("123456.5", "123456.5"),
            ("123456789.5", "1.2345679e+08"),
            ("0.0001", "0.0001"),
            ("0.00001", "1e-05"),
            ("-0.0", "-0"),
            ("1_0.5", "10.5"),
            ("1e39", ".inf"),
            ("-.Inf", "-.inf"),
        ] {
            assert_eq!(float_key(text), key, "{text}");
        }
    }

    #[test]
    fn nothing_and_the_words_for_it_are_null() {
        for text in ["", "~", "null", "Null", "NULL"] {
            assert_eq!(plain(text), Kind::Null, "{text}");
        }
        assert_eq!(plain("nULL"), Kind::Str);
    }

    #[test]
    fn tags_force_a_kind_or_are_refused() {
        assert_eq!(tagged(Some("str"), "5"), Tagged::As(Kind::Str));
        assert_eq!(tagged(Some("float"), "5"), Tagged::As(Kind::Float));
        assert_eq!(tagged(Some("int"), "five"), Tagged::Wrong);
        assert_eq!(tagged(None, "5"), Tagged::As(Kind::Str));
        assert_eq!(
            tagged(Some("binary"), "aGFy\nZHRhY2s="),
            Tagged::Text("hardtack".into())
        );
        assert_eq!(tagged(Some("binary"), "aGFyZ"), Tagged::Wrong);
    }
}
