//! The line a finding stands on, with what it points at.

use hardtack_core::Location;
use unicode_width::UnicodeWidthChar;

/// A line made fit for a terminal, and where in it the marked part lies, in columns of the terminal.
#[derive(Debug, PartialEq, Eq)]
pub struct Excerpt {
    /// The line without its indent, cut to the width around what is marked.
    pub text: String,
    /// How many columns come before the marked part.
    pub before: usize,
    /// How many columns are marked; at least one.
    pub marked: usize,
}

const TAB: usize = 4;

impl Excerpt {
    /// The excerpt of `location`, at most `width` columns wide.
    pub fn of(location: &Location, width: usize) -> Self {
        let line = &*location.line;
        let first = location.start.column.saturating_sub(1) as usize;
        let last = if location.end.line == location.start.line {
            (location.end.column.saturating_sub(1) as usize).max(first + 1)
        } else {
            usize::MAX
        };
        let indent = line.chars().take_while(|c| c.is_whitespace()).count().min(first);
        let skipped = Self::cut(line, indent, first, width);
        let mut excerpt = Self {
            text: String::with_capacity(line.len()),
            before: 0,
            marked: 0,
        };
        let mut column = 0;
        if skipped > indent {
            excerpt.text.push('…');
            column = 1;
        }
        for (index, character) in line.chars().enumerate().skip(skipped) {
            let wide = columns(character);
            if column + wide > width.saturating_sub(1) {
                excerpt.text.push('…');
                break;
            }
            if index < first {
                excerpt.before = column + wide;
            } else if index < last {
                excerpt.marked += wide;
            }
            column += wide;
            match character {
                '\t' => excerpt.text.extend([' '; TAB]),
                other => excerpt.text.push(shown(other)),
            }
        }
        if first <= skipped {
            excerpt.before = usize::from(skipped > indent);
        }
        excerpt.marked = excerpt.marked.max(1);
        excerpt.text.truncate(excerpt.text.trim_end().len());
        excerpt
    }

    /// How many characters to leave out in front, so that what is marked fits.
    fn cut(line: &str, indent: usize, first: usize, width: usize) -> usize {
        let before: usize = line.chars().take(first).skip(indent).map(columns).sum();
        if before + 24 <= width {
            return indent;
        }
        let room = width / 3;
        let mut kept = 0;
        let back = line.chars().take(first).collect::<Vec<_>>();
        let fits = back.iter().rev().take_while(|character| {
            kept += columns(**character);
            kept <= room
        });
        first - fits.count()
    }
}

fn columns(character: char) -> usize {
    match character {
        '\t' => TAB,
        other => shown(other).width().unwrap_or(1),
    }
}

/// What a terminal may be given for `character`: nothing that moves its cursor, changes its colours or turns its text around.
pub fn shown(character: char) -> char {
    match character {
        '\u{0}'..='\u{1f}' => char::from_u32(0x2400 + character as u32).unwrap_or('\u{fffd}'),
        '\u{7f}' => '\u{2421}',
        '\u{80}'..='\u{9f}'
        | '\u{200e}'
        | '\u{200f}'
        | '\u{202a}'..='\u{202e}'
        | '\u{2066}'..='\u{2069}'
        | '\u{feff}' => '\u{fffd}',
        other => other,
    }
}

/// Appends `text` as a terminal may be given it.
pub fn push_shown(out: &mut String, text: &str) {
    let tame = text.bytes().all(|byte| (0x20..0x7f).contains(&byte));
    if tame {
        out.push_str(text);
    } else {
        out.extend(text.chars().map(shown));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hardtack_core::Document;
    use hardtack_tree::Span;

    fn excerpt(line: &str, marked: &str, width: usize) -> Excerpt {
        let at = line.find(marked).unwrap() as u32;
        let document = Document::new("a.yaml".into(), line);
        Excerpt::of(
            &document.locate(Span::new(at, at + marked.len() as u32), &[]),
            width,
        )
    }

    #[test]
    fn tabs_and_wide_characters_keep_the_caret_in_place() {
        let found = excerpt("  \t- 名前: 値\t# x", "値", 80);
        assert_eq!(
            (found.text.as_str(), found.before, found.marked),
            ("- 名前: 値    # x", 8, 2)
        );
    }

    #[test]
    fn a_long_line_is_cut_around_what_is_marked() {
        let line = format!("{}X: y{}", "a".repeat(100), "b".repeat(100));
        let found = excerpt(&line, "X", 60);
        assert_eq!(found.text.chars().nth(found.before), Some('X'));
        assert!(found.text.starts_with('…') && found.text.ends_with('…'));
        assert!(found.text.chars().count() <= 60);
    }

    #[test]
    fn a_manifest_cannot_command_the_terminal() {
        let found = excerpt("a: \u{1b}[31mred\u{202e}", "a", 80);
        assert_eq!(found.text, "a: ␛[31mred\u{fffd}");
    }
}
