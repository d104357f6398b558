//! What the full parser's errors mean to someone who writes manifests.

use crate::builder::too_deep;
use crate::{Span, SyntaxError};
use granit_parser::{ErrorKind, ScanError};

const QUOTE_IT: &str = "put the whole value in quotes";
const CHECK_INDENTATION: &str = "check the indentation; put a value that holds `: ` in quotes";
const TAB: &str = "a tab is used as indentation";
const SPACES: &str = "indent with spaces";

/// The parser's error in plain words. `source` is the document, which begins at `base` in its file.
pub(super) fn error(source: &str, base: u32, error: &ScanError, depth: usize) -> SyntaxError {
    let marker = error.marker();
    let offset = marker.byte_offset().unwrap_or_else(|| {
        let mut characters = source.char_indices();
        characters.nth(marker.index()).map_or(source.len(), |(at, _)| at)
    });
    let offset = offset.min(source.len());
    let at = base + offset as u32;
    if matches!(error.kind(), ErrorKind::RecursionLimitExceeded) {
        return too_deep(at, depth);
    }
    let line = line_around(source, offset);
    let indentation = line
        .of(source)
        .bytes()
        .take_while(|byte| matches!(byte, b' ' | b'\t'));
    let (message, help) = words(error.kind(), source, offset);
    let in_line = indentation.enumerate().find(|(_, byte)| *byte == b'\t');
    let in_line = in_line.map(|(column, _)| line.start as usize + column);
    // The parser complains about what stands before or after the tab.
    let tab_at = match help {
        CHECK_INDENTATION => in_line,
        SPACES => in_line
            .or_else(|| memchr::memchr(b'\t', &source.as_bytes()[offset..]).map(|found| offset + found)),
        _ => None,
    };
    match tab_at {
        Some(offset) => tab(base + offset as u32),
        None => SyntaxError::new(at, message).with_help(help),
    }
}

fn words(kind: &ErrorKind, source: &str, offset: usize) -> (String, &'static str) {
    let next = source.get(offset..).and_then(|rest| rest.chars().next());
    let line = line_around(source, offset);
    let above = line_around(source, (line.start as usize).saturating_sub(1)).of(source);
    let line = line.of(source);
    let (message, help) = match kind {
        ErrorKind::UnclosedQuotedScalar => (
            "a quote is opened and never closed",
            "close it; a `'` inside of '...' is written `''`, a `\"` inside of \"...\" is written `\\\"`",
        ),
        ErrorKind::DocumentIndicatorInQuotedScalar => (
            "a new document begins inside of quotes",
            "close the quote that was opened above",
        ),
        ErrorKind::UnclosedFlowCollection { open } | ErrorKind::MismatchedFlowCollectionEnd { open, .. } => {
            let close = if *open == '{' { '}' } else { ']' };
            return (
                format!("a `{open}` is opened and not closed by `{close}`"),
                "close it, or put the value in quotes if the bracket is part of it",
            );
        }
        ErrorKind::UnexpectedEofFlowSequence
        | ErrorKind::UnexpectedEofFlowMapping
        | ErrorKind::UnexpectedEofImplicitFlowMapping => (
            "a value is missing in `[...]` or `{...}`",
            "check commas and brackets; put values with brackets of their own in quotes",
        ),
        ErrorKind::ExpectedFlowMappingSeparator => (
            "expected `,` or `}`",
            "put a comma between entries, and values with `,`, `{` or `}` in quotes",
        ),
        ErrorKind::ExpectedFlowSequenceSeparator => (
            "expected `,` or `]`",
            "put a comma between values, and values with `,`, `[` or `]` in quotes",
        ),
        ErrorKind::MisplacedFlowCollectionEnd => (
            "a bracket is closed that was never opened",
            "remove it, or put the value in quotes if the bracket is part of it",
        ),
        ErrorKind::TabInIndentation
        | ErrorKind::TabInBlockIndentation
        | ErrorKind::TabNotAllowed
        | ErrorKind::TabInPlainScalar
        | ErrorKind::TabAtBlockScalarStart => (TAB, SPACES),
        ErrorKind::UnexpectedCharacter { character: '\t' } => (TAB, SPACES),
        ErrorKind::UnexpectedCharacter { character } if !matches!(character, ' '..='~') => {
            return (
                format!(
                    "the character U+{:04X} is not allowed in YAML",
                    u32::from(*character)
                ),
                "remove it, or write it as an escape in double quotes",
            );
        }
        ErrorKind::UnexpectedCharacter { character: '`' } => {
            ("a value can't begin with a backtick", QUOTE_IT)
        }
        ErrorKind::UnexpectedCharacter { character } => {
            return (format!("a value can't begin with `{character}`"), QUOTE_IT);
        }
        ErrorKind::MappingValueNotAllowed if lacks_space(above) => (
            "a `key: value` is not possible here: in the line above, the space after `:` is missing",
            "put a space between key and value",
        ),
        ErrorKind::MappingValueNotAllowed | ErrorKind::InvalidColonPlacement => {
            ("a `key: value` is not possible here", CHECK_INDENTATION)
        }
        ErrorKind::InvalidMappingValueWhitespace | ErrorKind::FlowMappingValueAdjacentCollection => {
            ("expected a space after `:`", "put a space between key and value")
        }
        ErrorKind::SimpleKeyExpected | ErrorKind::InvalidSimpleKey => {
            if lacks_space(line) {
                (
                    "expected `key: value`; the space after `:` is missing",
                    "put a space between key and value",
                )
            } else {
                (
                    "expected `key: value`, found text without a key",
                    "write `key: value`; indent the lines of a longer value deeper than its key",
                )
            }
        }
        ErrorKind::ExpectedBlockMappingKey => (
            "expected a key of the map around it",
            "indent it as deep as the keys above it; a list and keys can't stand side by side",
        ),
        ErrorKind::ExpectedBlockSequenceEntry => (
            "expected `-`, the next item of the list around it",
            "indent it as deep as the items above it",
        ),
        ErrorKind::BlockSequenceEntryNotAllowed | ErrorKind::BlockEntryInFlowCollection => (
            "an item `- ` is not possible here",
            "begin a list on a line of its own below its key; put a value that begins with `- ` in quotes",
        ),
        ErrorKind::InvalidBlockEntryWhitespace | ErrorKind::PlainScalarStartsWithDashFlowIndicator => {
            ("expected a space after `-`", "put a space after the dash")
        }
        ErrorKind::MappingKeyNotAllowed => (
            "a key is not possible here",
            "check the indentation; put a value that begins with `? ` in quotes",
        ),
        ErrorKind::InvalidIndentation
        | ErrorKind::InvalidFlowScalarIndent
        | ErrorKind::InvalidQuotedScalarIndent
        | ErrorKind::InvalidBlockScalarIndent => (
            "the indentation fits nothing above it",
            "indent it as deep as its siblings",
        ),
        ErrorKind::InvalidTrailingSingleQuotedScalar | ErrorKind::InvalidTrailingDoubleQuotedScalar
            if matches!(next, Some('"' | '\'')) =>
        {
            (
                "two values in quotes stand side by side",
                "put a comma between them, or put the whole value in one pair of quotes",
            )
        }
        ErrorKind::InvalidTrailingSingleQuotedScalar | ErrorKind::InvalidTrailingDoubleQuotedScalar => (
            "text follows a closing quote",
            "put the whole value inside of the quotes; a `'` inside of '...' is written `''`",
        ),
        ErrorKind::UnknownQuotedScalarEscape => (
            "an unknown escape after `\\`",
            "write `\\\\` for a backslash, or use '...', where it needs no escape",
        ),
        ErrorKind::InvalidQuotedScalarHexEscape
        | ErrorKind::InvalidLowSurrogateHexEscape
        | ErrorKind::InvalidLowSurrogate
        | ErrorKind::MissingLowSurrogate
        | ErrorKind::UnpairedLowSurrogate
        | ErrorKind::InvalidUnicodeEscape => (
            "an escape that is no character",
            "write `\\u` and four hexadecimal digits, or the character itself",
        ),
        ErrorKind::UnknownAnchor => ("an alias `*` names an anchor that is not defined above it", ALIAS),
        ErrorKind::MissingAnchorOrAliasName => (
            "`&` and `*` begin an anchor or an alias, and its name is missing",
            QUOTE_IT,
        ),
        ErrorKind::UndeclaredTagHandle
        | ErrorKind::ExpectedTagBang
        | ErrorKind::InvalidTagTerminator
        | ErrorKind::MissingTagUri
        | ErrorKind::UnclosedVerbatimTag
        | ErrorKind::InvalidTagEscape
        | ErrorKind::InvalidTagUtf8LeadingByte
        | ErrorKind::InvalidTagUtf8TrailingByte
        | ErrorKind::InvalidTagUtf8
        | ErrorKind::InvalidGlobalTagCharacter => ("`!` begins a tag, and this is none", QUOTE_IT),
        ErrorKind::CommentNotSeparated => {
            ("a comment needs a space before its `#`", "put a space before `#`")
        }
        ErrorKind::CommentInterceptedScalar => (
            "a comment stands in the middle of a value of several lines",
            "move the comment above the value",
        ),
        ErrorKind::InvalidBlockScalarHeader | ErrorKind::ZeroBlockScalarIndent => (
            "after `|` or `>` only `-`, `+`, a digit and a comment are possible",
            "begin the text on the next line, or put a value that begins with `|` or `>` in quotes",
        ),
        ErrorKind::InvalidDocumentEnd => (
            "text follows `...`, the end of the document",
            "begin it on a new line",
        ),
        ErrorKind::ExpectedDocumentStart => (
            "expected the end of the document, found more text",
            "check the indentation; begin another document with a line `---`",
        ),
        ErrorKind::BomInsideDocument => (
            "a byte-order mark stands in the middle of the text",
            "remove it; files were probably joined together",
        ),
        ErrorKind::DuplicateVersionDirective
        | ErrorKind::UnsupportedYamlMajorVersion
        | ErrorKind::DuplicateTagDirective
        | ErrorKind::MissingDocumentEndBeforeDirective
        | ErrorKind::InvalidDirectiveTerminator
        | ErrorKind::DirectiveDisallowed
        | ErrorKind::MissingYamlVersionSeparator
        | ErrorKind::MissingDirectiveName
        | ErrorKind::InvalidDirectiveName
        | ErrorKind::DirectiveByteLimitExceeded { .. }
        | ErrorKind::TooManyReservedDirectiveParams { .. }
        | ErrorKind::YamlVersionTooLong
        | ErrorKind::MissingYamlVersion
        | ErrorKind::ExpectedTagDirectiveBang
        | ErrorKind::InvalidTagDirectiveTerminator => (
            "`%` begins a directive, and this is none that YAML 1.1 knows",
            "remove the line, or put the value in quotes",
        ),
        ErrorKind::UnexpectedEofBlockSequence
        | ErrorKind::UnexpectedEofBlockMapping
        | ErrorKind::UnexpectedEof
        | ErrorKind::ExpectedNodeContent
        | ErrorKind::UnexpectedEndOfPlainScalar => (
            "expected a value",
            "check what stands before it; put values with special characters in quotes",
        ),
        _ => {
            return (
                format!("not YAML: {kind}"),
                "check the lines above; put values with special characters in quotes",
            );
        }
    };
    (message.to_owned(), help)
}

/// Whether a line is `key:value`, which is text without a key.
fn lacks_space(line: &str) -> bool {
    let colon = line.trim_ascii_end().split_once(':');
    colon.is_some_and(|(_, value)| !value.is_empty() && !value.starts_with("//") && !line.contains(": "))
}

fn line_around(source: &str, offset: usize) -> Span {
    let bytes = source.as_bytes();
    let offset = offset.min(bytes.len());
    let start = memchr::memrchr(b'\n', &bytes[..offset]).map_or(0, |found| found + 1);
    let end = memchr::memchr(b'\n', &bytes[offset..]).map_or(bytes.len(), |found| offset + found);
    Span::new(start as u32, end as u32)
}

const ALIAS: &str = "define it with `&`, or put the value in quotes if it begins with `*` by itself";

/// Said of an alias at `at` whose anchor does not exist.
pub(super) fn unknown_anchor(at: u32) -> SyntaxError {
    SyntaxError::new(at, "an alias `*` names an anchor that is not defined above it").with_help(ALIAS)
}

/// Said of a tab at `at` that indents a map or list.
pub(super) fn tab(at: u32) -> SyntaxError {
    SyntaxError::new(at, TAB).with_help(SPACES)
}

/// Said of a key at `at` that is nothing.
pub(super) fn null_key(at: u32) -> SyntaxError {
    SyntaxError::new(at, "a key is null, but Kubernetes takes only text")
        .with_help("write the key, or quote it if it is meant as text")
}

/// Said of a scalar at `at` that can't be what its tag says.
pub(super) fn wrong_tag(at: u32, value: &str) -> SyntaxError {
    let short: String = value.chars().take(40).collect();
    SyntaxError::new(at, format!("`{short}` is not what its tag `!!` says"))
        .with_help("remove the tag, or quote the value")
}
