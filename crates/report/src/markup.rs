//! Text made safe for markup: XML, HTML, Markdown.

/// Appends `text` as XML's or HTML's character data or attribute value.
/// What XML 1.0 forbids, references included, becomes a replacement character (section 2.2).
pub fn push_xml(out: &mut String, text: &str) {
    let mut done = 0;
    for (at, character) in text.char_indices() {
        let escaped = match character {
            '<' => "&lt;",
            '>' => "&gt;",
            '&' => "&amp;",
            '"' => "&quot;",
            '\'' => "&#39;",
            // An attribute's value is normalised: only a reference keeps these.
            '\n' => "&#10;",
            '\r' => "&#13;",
            '\t' => "&#9;",
            '\u{0}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => "\u{fffd}",
            _ => continue,
        };
        out.push_str(&text[done..at]);
        out.push_str(escaped);
        done = at + character.len_utf8();
    }
    out.push_str(&text[done..]);
}

/// Appends `text` as Markdown (GitHub's and GitLab's), on one line, without any markup of its own but code between
/// backticks, which messages have.
pub fn push_markdown(out: &mut String, text: &str) {
    let mut parts = text.split('`').peekable();
    let mut code = false;
    while let Some(part) = parts.next() {
        let closes = parts.peek().is_some();
        match (code, closes) {
            (true, true) => push_code(out, part),
            // A backtick that nothing closes is a character like others.
            (true, false) => {
                out.push_str("\\`");
                push_plain(out, part);
            }
            (false, _) => push_plain(out, part),
        }
        code = !code;
    }
}

fn push_plain(out: &mut String, text: &str) {
    for character in text.chars() {
        match character {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '\n' | '\r' | '\t' => out.push(' '),
            '\u{0}'..='\u{1f}' => out.push('\u{fffd}'),
            '\\' | '`' | '*' | '_' | '[' | ']' | '#' | '|' | '~' | '!' => out.extend(['\\', character]),
            // Nobody is to be notified because of what a manifest says.
            '@' => out.push_str("&#64;"),
            other => out.push(other),
        }
    }
}

/// Appends `text` as code. HTML's element, because it needs no count of backticks and lets a table escape its bars.
pub fn push_code(out: &mut String, text: &str) {
    out.push_str("<code>");
    for character in text.chars() {
        match character {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '\n' | '\r' | '\t' => out.push(' '),
            '\u{0}'..='\u{1f}' => out.push('\u{fffd}'),
            '\\' | '`' | '*' | '_' | '[' | ']' | '#' | '|' | '~' | '!' | '@' | ':' => {
                use std::fmt::Write as _;
                let _ = write!(out, "&#{};", character as u32);
            }
            other => out.push(other),
        }
    }
    out.push_str("</code>");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_in_a_manifest_stays_text() {
        let mut xml = String::new();
        push_xml(&mut xml, "a<b>&\"'\u{1}\n");
        assert_eq!(xml, "a&lt;b&gt;&amp;&quot;&#39;\u{fffd}&#10;");
        let mut markdown = String::new();
        push_markdown(&mut markdown, "`a|b` <img> @team *x* `open");
        assert_eq!(
            markdown,
            "<code>a&#124;b</code> &lt;img&gt; &#64;team \\*x\\* \\`open"
        );
    }
}
