//! From the bytes of a file to its instructions, each one text: directives, continuations, comments, heredocs.
//! Source: the parser of BuildKit's Dockerfile frontend.

use super::mapped::Mapped;
use super::words;
use crate::{Span, SyntaxError};

/// What the comments at the top of the file say.
#[derive(Debug)]
pub(super) struct Directives {
    /// `\` or `` ` ``.
    pub(super) escape: char,
    /// Where it is said; empty at the start of the file if it is not.
    pub(super) escape_span: Span,
    /// The frontend's image: `docker/dockerfile:1`.
    pub(super) syntax: Option<Span>,
    /// Settings of build checks.
    pub(super) check: Option<Span>,
}

/// One instruction.
#[derive(Debug)]
pub(super) struct Line<'t> {
    /// Its lines, joined, without comments.
    pub(super) text: Mapped<'t>,
    /// From its first to its last byte, heredocs included.
    pub(super) span: Span,
    pub(super) heredocs: Vec<Heredoc>,
}

/// Lines that an instruction takes as text: `<<EOF`.
#[derive(Clone, Debug)]
pub(super) struct Heredoc {
    /// The word that ends it.
    pub(super) name: String,
    /// Where it is announced.
    pub(super) name_span: Span,
    /// Whether leading tabs are taken away: `<<-EOF`.
    pub(super) strip: bool,
    /// The lines between, with the last line feed.
    pub(super) body: Span,
    /// The line that ends it.
    pub(super) end: Span,
}

/// The instructions of a file, one after the other.
pub(super) struct Lines<'t> {
    text: &'t str,
    at: usize,
    directives: Directives,
}

impl<'t> Lines<'t> {
    /// Reads the directives at the top of the file.
    pub(super) fn new(text: &'t str) -> Result<Self, SyntaxError> {
        let mut lines = Self {
            text,
            at: if text.starts_with('\u{FEFF}') { 3 } else { 0 },
            directives: Directives {
                escape: '\\',
                escape_span: Span::default(),
                syntax: None,
                check: None,
            },
        };
        lines.read_directives()?;
        Ok(lines)
    }

    pub(super) fn directives(&self) -> &Directives {
        &self.directives
    }

    pub(super) fn into_directives(self) -> Directives {
        self.directives
    }

    /// The next line of the file without its end, and where it begins.
    fn physical(&mut self) -> Option<(usize, &'t str)> {
        if self.at >= self.text.len() {
            return None;
        }
        let start = self.at;
        let rest = self.text.get(start..)?;
        let (line, length) = match memchr::memchr(b'\n', rest.as_bytes()) {
            Some(found) => (&rest[..found], found + 1),
            None => (rest, rest.len()),
        };
        self.at = start + length;
        Some((start, line.trim_end_matches('\r')))
    }

    fn read_directives(&mut self) -> Result<(), SyntaxError> {
        let mut seen = Vec::new();
        loop {
            let before = self.at;
            let Some((start, line)) = self.physical() else {
                return Ok(());
            };
            let shebang = before == 0 && line.starts_with("#!");
            let Some((name, value)) = directive(line) else {
                if !shebang {
                    self.at = before;
                    return Ok(());
                }
                continue;
            };
            let lower = name.to_ascii_lowercase();
            let at = (start + (value.as_ptr() as usize - line.as_ptr() as usize)) as u32;
            let span = Span::new(at, at + value.len() as u32);
            if ["escape", "syntax", "check"].contains(&&*lower) {
                if seen.contains(&lower) {
                    return Err(SyntaxError::new(
                        start as u32,
                        format!("the directive `{lower}` stands twice"),
                    )
                    .with_help("remove one of the two"));
                }
                match &*lower {
                    "syntax" => self.directives.syntax = Some(span),
                    "check" => self.directives.check = Some(span),
                    _ => {
                        self.directives.escape = match value {
                            "\\" => '\\',
                            "`" => '`',
                            _ => {
                                return Err(SyntaxError::new(
                                    at,
                                    format!("`{value}` can't be the escape character"),
                                )
                                .with_help("write `\\` or a backquote"));
                            }
                        };
                        self.directives.escape_span = span;
                    }
                }
                seen.push(lower);
            }
        }
    }

    /// The next instruction; `None` at the end of the file.
    pub(super) fn next(&mut self) -> Result<Option<Line<'t>>, SyntaxError> {
        let escape = self.directives.escape;
        loop {
            let Some((start, line)) = self.physical() else {
                return Ok(None);
            };
            let trimmed = line.trim_start();
            if trimmed.is_empty() || trimmed.starts_with('#') {
                continue;
            }
            let begin = start + (line.len() - trimmed.len());
            let (content, mut continues) = continuation(trimmed, escape);
            if content.is_empty() && !continues {
                continue;
            }
            let mut text = Mapped::of(content, begin as u32);
            let mut end = begin + content.len();
            let mut mark = end;
            while continues {
                let Some((start, line)) = self.physical() else {
                    return Err(unfinished(text.as_str(), escape, mark));
                };
                let trimmed = line.trim_start();
                if trimmed.is_empty() || trimmed.starts_with('#') {
                    continue;
                }
                let content;
                (content, continues) = continuation(line, escape);
                text.push(content, start as u32);
                if !content.is_empty() {
                    end = start + content.len();
                }
                mark = start + content.len();
            }
            if text.as_str().trim().is_empty() {
                continue;
            }
            let mut heredocs = Vec::new();
            if words::may_have_heredocs(text.as_str()) {
                for announced in words::heredocs(&text) {
                    let heredoc = self.body(announced, begin)?;
                    end = heredoc.end.end as usize;
                    heredocs.push(heredoc);
                }
            }
            return Ok(Some(Line {
                text,
                span: Span::new(begin as u32, end as u32),
                heredocs,
            }));
        }
    }

    /// The lines up to the one that is the heredoc's name.
    fn body(&mut self, announced: words::Announced, instruction: usize) -> Result<Heredoc, SyntaxError> {
        let body = self.at;
        while let Some((start, line)) = self.physical() {
            let bare = if announced.strip {
                line.trim_start_matches('\t')
            } else {
                line
            };
            if bare == announced.name {
                let end = start + line.len();
                return Ok(Heredoc {
                    name: announced.name,
                    name_span: announced.span,
                    strip: announced.strip,
                    body: Span::new(body as u32, start as u32),
                    end: Span::new((end - bare.len()) as u32, end as u32),
                });
            }
        }
        let name = announced.name;
        let keyword = self
            .text
            .get(instruction..)
            .and_then(|text| text.split_whitespace().next());
        Err(SyntaxError::new(
            announced.span.start,
            format!(
                "the heredoc `{name}` of `{}` never ends",
                keyword.unwrap_or_default()
            ),
        )
        .with_help(format!("end it with a line that is `{name}` and nothing else")))
    }
}

/// `# name=value`
fn directive(line: &str) -> Option<(&str, &str)> {
    let (name, value) = line.trim_start().strip_prefix('#')?.split_once('=')?;
    let (name, value) = (name.trim(), value.trim());
    let letters = name.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let is_name = letters && name.starts_with(|first: char| first.is_ascii_alphabetic());
    (is_name && !value.is_empty()).then_some((name, value))
}

/// The line without the escape character that continues it, if one does. A doubled one does not.
fn continuation(line: &str, escape: char) -> (&str, bool) {
    match line.trim_end_matches([' ', '\t']).strip_suffix(escape) {
        Some(content) if !content.ends_with(escape) => (content, true),
        _ => (line, false),
    }
}

fn unfinished(text: &str, escape: char, at: usize) -> SyntaxError {
    let keyword = text.split_whitespace().next().unwrap_or_default();
    let message = if keyword.is_empty() {
        format!("the file ends after a `{escape}` that continues nothing")
    } else {
        format!("the file ends in the middle of `{keyword}`: `{escape}` says that the instruction goes on")
    };
    SyntaxError::new(at as u32, message).with_help(format!(
        "remove the `{escape}` here, or write what is missing after it"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<String>, SyntaxError> {
        let mut lines = Lines::new(text)?;
        let mut found = Vec::new();
        while let Some(line) = lines.next()? {
            found.push(line.text.as_str().to_owned());
        }
        Ok(found)
    }

    #[test]
    fn comments_and_blank_lines_do_not_end_a_continued_instruction() {
        let text = "# c\nFROM a\r\n\nRUN one && \\\r\n # why\n\n  two \\  \n  three\nCMD x";
        assert_eq!(
            read(text).unwrap(),
            ["FROM a", "RUN one &&   two   three", "CMD x"]
        );
    }

    #[test]
    fn directives_count_only_at_the_top() {
        let lines = Lines::new("# syntax = docker/dockerfile:1\n#escape=`\nFROM a").unwrap();
        assert_eq!(lines.directives().escape, '`');
        let text = "FROM a\n# escape=`\nRUN a \\\n b";
        assert_eq!(read(text).unwrap(), ["FROM a", "RUN a  b"]);
        assert_eq!(read("# comment\n# escape=`\nRUN a \\\n b").unwrap(), ["RUN a  b"]);
        assert_eq!(
            read("# escape=`\nCOPY a C:\\\nRUN a `\n b").unwrap(),
            ["COPY a C:\\", "RUN a  b"]
        );
        assert!(Lines::new("# escape=x").is_err());
        assert!(Lines::new("# syntax=a\n# syntax=b").is_err());
    }

    #[test]
    fn a_doubled_escape_continues_nothing() {
        assert_eq!(read("RUN a \\\\\nRUN b").unwrap(), ["RUN a \\\\", "RUN b"]);
    }

    #[test]
    fn a_file_that_stops_in_a_continuation_is_an_error_there() {
        for text in [
            "FROM a\nRUN b \\",
            "FROM a\nRUN b \\\n",
            "FROM a\nRUN b \\\n\n# c\n",
        ] {
            let error = read(text).unwrap_err();
            assert_eq!(error.at, 13, "{text:?}");
            assert!(error.message.contains("in the middle of `RUN`"), "{error}");
        }
    }

    #[test]
    fn heredocs_end_with_their_name() {
        let text = "RUN <<-EOF cat <<\"B C\" > x\n\ta \\\n\tEOF\nb\nB C\nCMD x";
        let mut lines = Lines::new(text).unwrap();
        let line = lines.next().unwrap().unwrap();
        let bodies: Vec<_> = line
            .heredocs
            .iter()
            .map(|heredoc| heredoc.body.of(text))
            .collect();
        assert_eq!(bodies, ["\ta \\\n", "b\n"]);
        assert_eq!(lines.next().unwrap().unwrap().text.as_str(), "CMD x");
        assert!(
            read("RUN <<EOF\na\n EOF\n")
                .unwrap_err()
                .message
                .contains("never ends")
        );
        assert_eq!(
            read("RUN [\"a\", \"<<EOF\"]\nRUN a <<<EOF\nRUN $((1<<2))")
                .unwrap()
                .len(),
            3
        );
    }
}
