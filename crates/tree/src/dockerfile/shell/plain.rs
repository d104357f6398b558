//! Commands of Windows' shells, split in a plain way: by what ends a command, white space and quotes.

use super::command::Command;
use super::{Dialect, Script};
use crate::dockerfile::mapped::Mapped;
use crate::dockerfile::value::Value;

/// Adds the commands in the bytes `start..end` of `text`.
pub(super) fn read(text: &Mapped<'_>, start: usize, end: usize, dialect: Dialect, script: &mut Script) {
    let bytes = text.as_str().as_bytes();
    let mut splitter = Splitter {
        text,
        dialect,
        script,
        words: Vec::new(),
        word: None,
        began: start,
        operator: None,
        piped: false,
    };
    let mut quote = None;
    let mut at = start;
    while at < end.min(bytes.len()) {
        let byte = bytes[at];
        let next = bytes.get(at + 1).copied();
        let is_end = matches!(
            (byte, dialect),
            (b'|' | b'\n' | b'&', _) | (b';', Dialect::PowerShell)
        );
        match quote {
            Some(open) if open == byte => quote = None,
            Some(_) => {}
            None if byte == b'"' || (byte == b'\'' && dialect == Dialect::PowerShell) => {
                splitter.word.get_or_insert(at);
                quote = Some(byte);
            }
            None if is_end => {
                let double = next == Some(byte) && byte != b'\n';
                splitter.end_command(
                    at,
                    match (byte, double) {
                        (b'|', true) => "||",
                        (b'|', false) => "|",
                        (b'&', true) => "&&",
                        (b'&', false) => "&",
                        _ => ";",
                    },
                );
                at += usize::from(double);
                splitter.began = at + 1;
            }
            None if byte.is_ascii_whitespace() => splitter.end_word(at),
            None => {
                splitter.word.get_or_insert(at);
            }
        }
        at += 1;
    }
    splitter.end_command(end.min(bytes.len()), "");
}

struct Splitter<'s, 't> {
    text: &'s Mapped<'t>,
    dialect: Dialect,
    script: &'s mut Script,
    words: Vec<Value>,
    word: Option<usize>,
    began: usize,
    operator: Option<&'static str>,
    piped: bool,
}

impl Splitter<'_, '_> {
    fn end_word(&mut self, at: usize) {
        let Some(start) = self.word.take() else { return };
        let mut value = Value::written(self.text, start..at);
        if matches!(&*value.text, "{" | "}" | "(" | ")") {
            // A block: what stands in it are commands of their own.
            return self.end_command(at, ";");
        }
        if self.words.is_empty() && self.dialect == Dialect::Cmd {
            let bare = value.text.trim_start_matches(['(', '@']).len();
            value.span.start = value.span.end - (bare as u32).min(value.span.end - value.span.start);
            value.text.drain(..value.text.len() - bare);
        }
        value.text.retain(|character| character != '"');
        let inner = value
            .text
            .strip_prefix('\'')
            .and_then(|rest| rest.strip_suffix('\''));
        if let Some(inner) = inner.map(str::to_owned) {
            value.text = inner;
        }
        if !value.text.is_empty() || value.span.end > value.span.start {
            self.words.push(value);
        }
    }

    fn end_command(&mut self, at: usize, operator: &'static str) {
        self.end_word(at);
        let words = std::mem::take(&mut self.words);
        let (Some(first), Some(last)) = (words.first(), words.last()) else {
            return;
        };
        let span = crate::Span::new(first.span.start, last.span.end);
        let trimmed = crate::dockerfile::words::trim(self.text.as_str(), self.began..at);
        let text = Value {
            span,
            ..Value::written(self.text, trimmed)
        };
        let mut command = Command::plain(text, words);
        let number = self.script.commands.len() as u32;
        command.operator = self.operator.map(|operator| (operator, command.program.span));
        if self.piped {
            let before = number.saturating_sub(1);
            command.piped_from = Some(before);
            let previous = self.script.commands.get_mut(before as usize);
            let pipeline = previous.and_then(|previous| {
                previous.piped_into = Some(number);
                previous.pipeline
            });
            let pipeline = pipeline.unwrap_or_else(|| {
                self.script.pipelines.push(vec![before]);
                self.script.pipelines.len() as u32 - 1
            });
            if let Some(previous) = self.script.commands.get_mut(before as usize) {
                previous.pipeline = Some(pipeline);
            }
            command.pipeline = Some(pipeline);
            if let Some(members) = self.script.pipelines.get_mut(pipeline as usize)
                && members.len() < super::parser::LONGEST_PIPELINE
            {
                members.push(number);
            }
        }
        self.piped = operator == "|";
        self.operator = Some(operator);
        self.script.commands.push(command);
    }
}
