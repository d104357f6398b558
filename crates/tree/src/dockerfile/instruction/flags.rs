//! The names of instructions, and the flags each of them takes.

use super::{Flag, FlagValue, Reader, shortened};
use crate::dockerfile::mapped::Mapped;
use crate::dockerfile::value::Value;
use crate::dockerfile::words;
use crate::{Span, SyntaxError};

/// All instructions, and the flags each of them takes.
const INSTRUCTIONS: [(&str, &[&str]); 18] = [
    (
        "ADD",
        &[
            "checksum",
            "chmod",
            "chown",
            "exclude",
            "keep-git-dir",
            "link",
            "unpack",
        ],
    ),
    ("ARG", &[]),
    ("CMD", &[]),
    ("COPY", &["chmod", "chown", "exclude", "from", "link", "parents"]),
    ("ENTRYPOINT", &[]),
    ("ENV", &[]),
    ("EXPOSE", &[]),
    ("FROM", &["platform"]),
    (
        "HEALTHCHECK",
        &["interval", "retries", "start-interval", "start-period", "timeout"],
    ),
    ("LABEL", &[]),
    ("MAINTAINER", &[]),
    ("ONBUILD", &[]),
    ("RUN", &["device", "mount", "network", "security"]),
    ("SHELL", &[]),
    ("STOPSIGNAL", &[]),
    ("USER", &[]),
    ("VOLUME", &[]),
    ("WORKDIR", &[]),
];
/// Flags that are true or false.
const SWITCHES: [&str; 4] = ["keep-git-dir", "link", "parents", "unpack"];
/// Flags that may stand more than once.
const LISTS: [&str; 3] = ["device", "exclude", "mount"];

impl Reader<'_> {
    pub(super) fn flags(
        &mut self,
        text: &Mapped<'_>,
        found: Vec<words::FlagWord>,
        instruction: &str,
        known: &[&str],
    ) -> Result<Vec<Flag>, SyntaxError> {
        let mut flags: Vec<Flag> = Vec::new();
        for word in found {
            let span = text.span(word.range.start, word.range.end);
            let (name, value) = match word.text[2..].split_once('=') {
                Some((name, value)) => (name, Some(value)),
                None => (&word.text[2..], None),
            };
            let error =
                |message: String, help: String| Err(SyntaxError::new(span.start, message).with_help(help));
            // Docker does not look at these two.
            if matches!(instruction, "STOPSIGNAL" | "ARG") {
                continue;
            }
            if !known.contains(&name) {
                let all: Vec<_> = known.iter().map(|name| format!("`--{name}`")).collect();
                let help = match &all[..] {
                    [] => format!("`{instruction}` takes no flags"),
                    all => format!("its flags are {}", all.join(", ")),
                };
                return error(format!("`{instruction}` has no flag `--{name}`"), help);
            }
            if !LISTS.contains(&name) && flags.iter().any(|flag| flag.name == name) {
                return error(
                    format!("the flag `--{name}` stands twice"),
                    "remove one of the two".into(),
                );
            }
            let name_end = (span.start + 2 + name.len() as u32).min(span.end);
            let value_span = Span::new((name_end + 1).min(span.end), span.end);
            let value = match (SWITCHES.contains(&name), value) {
                (true, None) => FlagValue::Switch(true, span),
                (true, Some(text)) => match &*text.to_ascii_lowercase() {
                    "true" => FlagValue::Switch(true, value_span),
                    "false" => FlagValue::Switch(false, value_span),
                    _ => {
                        return error(
                            format!("`--{name}` is `true` or `false`, not `{text}`"),
                            format!("write `--{name}`"),
                        );
                    }
                },
                (false, None) => {
                    return error(
                        format!("`--{name}` has no value"),
                        format!("write `--{name}=...`"),
                    );
                }
                (false, Some(text)) if name == "mount" && text.split(',').any(takes_from_variable) => {
                    return error(
                        "the `from` of a mount takes no variables".into(),
                        "begin a stage with `FROM` and the variable, and name that stage here".into(),
                    );
                }
                (false, Some(text)) => FlagValue::Text(self.expand_flag(text, value_span)),
            };
            flags.push(Flag {
                name: name.to_owned(),
                name_span: Span::new(span.start, name_end),
                value,
            });
        }
        Ok(flags)
    }

    /// The quotes of a flag are gone already; one that is left is text.
    pub(super) fn expand_flag(&mut self, text: &str, span: Span) -> Value {
        match self.expander.expand(text, self.environment) {
            Ok(expanded) => Value {
                text: expanded.text,
                span,
                unresolved: expanded.unresolved,
            },
            Err(_) => Value::new(text, span),
        }
    }
}

fn takes_from_variable(field: &str) -> bool {
    field
        .strip_prefix("from=")
        .is_some_and(|value| value.contains('$'))
}

/// The instruction of that name, and its flags.
pub(super) fn named(written: &Value) -> Result<(&'static str, &'static [&'static str]), SyntaxError> {
    let upper = written.text.to_ascii_uppercase();
    if let Some((name, flags)) = INSTRUCTIONS.iter().find(|(name, _)| *name == upper) {
        return Ok((name, flags));
    }
    let names = INSTRUCTIONS
        .iter()
        .map(|(name, _)| (distance(&upper, name), *name));
    let help = match names.min() {
        Some((0..=2, name)) => format!("did you mean `{name}`?"),
        _ => "a line that goes on needs a `\\` at the end of the line before it".into(),
    };
    let message = format!("`{}` is no instruction", shortened(&written.text));
    Err(SyntaxError::new(written.span.start, message).with_help(help))
}

/// How many letters must be changed, added or removed; 9 where the lengths are far apart.
fn distance(a: &str, b: &str) -> usize {
    if a.len().abs_diff(b.len()) > 2 {
        return 9;
    }
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, one) in a.bytes().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, other) in b.bytes().enumerate() {
            let change = diagonal + usize::from(one != other);
            diagonal = row[j + 1];
            row[j + 1] = change.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}
