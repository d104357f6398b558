//! Where comments stand.

use crate::Span;
use granit_parser::{Event, Parser};

/// The comments of a document, in order: each from its `#` to the end of its line, the line end left out.
///
/// A `#` in a string or in a block scalar is none. Of a broken document, the comments above the place where it breaks.
pub fn comments(text: &str, document: Span) -> Vec<Span> {
    let options = granit_parser::options! {
        block_scalar_eof_without_line_feed: true,
        max_buffered_comment_events: usize::MAX,
    };
    let mut found = Vec::new();
    for event in Parser::new_from_str_with_options(document.of(text), options) {
        let Ok((event, span)) = event else {
            break;
        };
        if let (Event::Comment(..), Some(range)) = (event, span.byte_range()) {
            found.push(Span::new(
                document.start + range.start as u32,
                document.start + range.end as u32,
            ));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Vec<&str> {
        comments(text, Span::new(0, text.len() as u32))
            .iter()
            .map(|span| span.of(text))
            .collect()
    }

    #[test]
    fn only_comments_are_comments() {
        let text = "# a\nk: 'x # no' # b\nv: |  # c\n  # no\nw: x#no\n# d ü\r\nl: [1, # e\n 2]\n#f";
        assert_eq!(of(text), ["# a", "# b", "# c", "# d ü", "# e", "#f"]);
    }

    #[test]
    fn a_broken_document_has_those_above_the_break() {
        assert_eq!(of("# a\nk: 'x\n# no"), ["# a"]);
    }
}
