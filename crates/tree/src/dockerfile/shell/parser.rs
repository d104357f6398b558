//! From a shell text to its simple commands, in one pass, whatever compound commands they stand in.

use super::command::{self, Parts};
use super::redirect::{Heredoc, Redirect};
use super::word::Word;
use super::{DEEPEST, Script};
use crate::Span;
use crate::dockerfile::mapped::Mapped;
use crate::dockerfile::value::Value;

/// How deep `if`, `for`, `(` and `{` may nest; what is deeper is read as if it stood one level higher.
const DEEPEST_GROUP: usize = 48;
/// Of a longer pipeline only the first commands are told.
pub(super) const LONGEST_PIPELINE: usize = 128;

pub(super) fn read(text: &Mapped<'_>, start: usize, end: usize, script: &mut Script) {
    script.contexts += 1;
    let context = script.contexts;
    Parser::new(text, start, end, script, context, 0).run();
}

/// Reads words that were split already.
pub(super) fn read_words(words: Vec<(Mapped<'static>, Span)>, script: &mut Script) {
    let text = Mapped::default();
    script.contexts += 1;
    let context = script.contexts;
    let mut parser = Parser::new(&text, 0, 0, script, context, 0);
    let spans: Vec<Span> = words.iter().map(|(_, span)| *span).collect();
    let plain: Vec<_> = words.iter().map(|(word, _)| word.as_str()).collect();
    let whole = Value::new(
        plain.join(" "),
        Span::new(
            spans.first().map_or(0, |span| span.start),
            spans.last().map_or(0, |span| span.end),
        ),
    );
    let words = words
        .into_iter()
        .map(|(text, _)| Word::literal(text, 0, 0))
        .collect();
    parser.push(
        Parts {
            words,
            spans,
            text: whole,
            redirects: Vec::new(),
        },
        0,
    );
}

pub(super) struct Parser<'p, 's> {
    pub(super) text: &'p Mapped<'p>,
    pub(super) at: usize,
    pub(super) end: usize,
    pub(super) depth: usize,
    /// Whether a closing parenthesis ends the text: it stands in `$(...)`.
    pub(super) closing: bool,
    /// The next of the text's opaque parts.
    pub(super) opaque_at: usize,
    /// Where no `$((...))` begins, as far as it was searched.
    pub(super) no_sum_before: usize,
    pub(super) script: &'s mut Script,
    /// Which commands belong together: those of a substitution are not in the pipeline around it.
    pub(super) context: u32,
    levels: Vec<Level>,
    pub(super) words: Vec<Word>,
    pub(super) redirects: Vec<Redirect>,
    /// How many commands there were when the current one began.
    pub(super) began: usize,
    operator: Option<(&'static str, Span)>,
    any: bool,
    pub(super) heredocs: Vec<Heredoc>,
    sudo: bool,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Group {
    Whole,
    Parentheses,
    Braces,
    Block,
    /// `case`; whether a pattern comes next.
    Case(bool),
}

/// A list of commands: the whole text or that of one group.
struct Level {
    group: Group,
    /// The parts of the current pipeline that are complete, as ranges of commands.
    parts: Vec<(usize, usize)>,
    /// Where the current part begins.
    part: usize,
}

impl<'p, 's> Parser<'p, 's> {
    pub(super) fn new(
        text: &'p Mapped<'p>,
        start: usize,
        end: usize,
        script: &'s mut Script,
        context: u32,
        depth: usize,
    ) -> Self {
        let part = script.commands.len();
        Self {
            text,
            at: start,
            end: end.min(text.len()),
            depth,
            closing: false,
            opaque_at: 0,
            no_sum_before: 0,
            script,
            context,
            levels: vec![Level {
                group: Group::Whole,
                parts: Vec::new(),
                part,
            }],
            words: Vec::new(),
            redirects: Vec::new(),
            began: part,
            operator: None,
            any: false,
            heredocs: Vec::new(),
            sudo: false,
        }
    }

    /// A parser of a text inside of this one, with a context of its own.
    pub(super) fn child<'c>(&'c mut self, text: &'c Mapped<'c>, start: usize, end: usize) -> Parser<'c, 'c> {
        self.script.contexts += 1;
        let context = self.script.contexts;
        Parser::new(text, start, end, self.script, context, self.depth + 1)
    }

    pub(super) fn peek(&self) -> Option<u8> {
        self.peek_at(0)
    }

    pub(super) fn peek_at(&self, ahead: usize) -> Option<u8> {
        let at = self.at + ahead;
        (at < self.end)
            .then(|| self.text.as_str().as_bytes().get(at).copied())
            .flatten()
    }

    pub(super) fn rest(&self, from: usize) -> &'p [u8] {
        self.text
            .as_str()
            .as_bytes()
            .get(from..self.end)
            .unwrap_or_default()
    }

    pub(super) fn run(&mut self) {
        while let Some(byte) = self.next_token() {
            let second = self.peek_at(1);
            match (byte, second) {
                (b'#', _) => self.comment(),
                _ if self.level().group == Group::Case(true) => {
                    if self.pattern() {
                        return self.complete();
                    }
                }
                (b'\n', _) => self.line_end(),
                (b';', Some(b';' | b'&')) => {
                    self.join(";", 2);
                    if self.peek() == Some(b'&') {
                        self.at += 1;
                    }
                    if let Group::Case(pattern) = &mut self.level().group {
                        *pattern = true;
                    }
                }
                (b';', _) => self.join(";", 1),
                (b'&', Some(b'&')) => self.join("&&", 2),
                (b'&', Some(b'>')) => self.redirect(),
                (b'&', _) => self.join("&", 1),
                (b'|', Some(b'|')) => self.join("||", 2),
                (b'|', Some(b'&')) => self.pipe(2),
                (b'|', _) => self.pipe(1),
                (b'(', _) => self.open_parenthesis(),
                (b')', _) => {
                    if self.close_parenthesis() {
                        return self.complete();
                    }
                }
                (b'<' | b'>', Some(b'(')) => self.take_word(),
                (b'<' | b'>', _) => self.redirect(),
                (b'0'..=b'9', _) if self.redirects_descriptor() => self.redirect(),
                _ => self.take_word(),
            }
        }
        self.complete();
    }

    /// The next byte that is no white space.
    fn next_token(&mut self) -> Option<u8> {
        loop {
            match (self.peek()?, self.peek_at(1)) {
                (b' ' | b'\t' | b'\r', _) => self.at += 1,
                (b'\\', Some(b'\n')) => self.at += 2,
                (b'\\', Some(b'\r')) if self.peek_at(2) == Some(b'\n') => self.at += 3,
                (byte, _) => return Some(byte),
            }
        }
    }

    fn comment(&mut self) {
        let rest = self.rest(self.at);
        self.at += memchr::memchr(b'\n', rest).unwrap_or(rest.len());
    }

    fn level(&mut self) -> &mut Level {
        if self.levels.is_empty() {
            self.levels.push(Level {
                group: Group::Whole,
                parts: Vec::new(),
                part: self.script.commands.len(),
            });
        }
        let last = self.levels.len() - 1;
        &mut self.levels[last]
    }

    // What ends a command.

    fn join(&mut self, operator: &'static str, length: usize) {
        self.finish();
        self.end_pipeline();
        self.set_operator(operator, length);
        self.at += length;
    }

    fn pipe(&mut self, length: usize) {
        self.finish();
        let now = self.script.commands.len();
        let level = self.level();
        let part = (level.part, now);
        level.parts.push(part);
        level.part = now;
        self.set_operator("|", length);
        self.at += length;
    }

    fn line_end(&mut self) {
        let waits = self.operator.is_some() && self.words.is_empty();
        if !waits {
            self.finish();
            self.end_pipeline();
            self.set_operator(";", 1);
        }
        self.at += 1;
        self.read_heredocs();
    }

    fn set_operator(&mut self, operator: &'static str, length: usize) {
        if self.any {
            self.operator = Some((operator, self.text.span(self.at, self.at + length)));
        }
    }

    /// Ends everything: the text is over.
    fn complete(&mut self) {
        self.finish();
        while self.levels.len() > 1 {
            self.close();
        }
        self.end_pipeline();
        self.at = self.at.min(self.end);
    }

    fn end_pipeline(&mut self) {
        let now = self.script.commands.len();
        let level = self.level();
        let mut parts = std::mem::take(&mut level.parts);
        parts.push((level.part, now));
        level.part = now;
        if parts.len() > 1 {
            self.link(&parts);
        }
    }

    /// Tells the commands of a pipeline of each other, where they are not in a smaller one.
    fn link(&mut self, parts: &[(usize, usize)]) {
        let context = self.context;
        let own = |script: &Script, (start, end): (usize, usize)| -> Vec<usize> {
            let is_own = |&index: &usize| {
                script
                    .commands
                    .get(index)
                    .is_some_and(|command| command.context == context)
            };
            (start..end).filter(is_own).collect()
        };
        let parts: Vec<Vec<usize>> = parts.iter().map(|part| own(self.script, *part)).collect();
        let parts: Vec<_> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        if parts.len() < 2 {
            return;
        }
        let all: Vec<u32> = parts
            .iter()
            .flatten()
            .take(LONGEST_PIPELINE)
            .map(|&index| index as u32)
            .collect();
        let number = self.script.pipelines.len() as u32;
        self.script.pipelines.push(all);
        for (place, part) in parts.iter().enumerate() {
            let before = place.checked_sub(1).and_then(|place| parts.get(place)?.last());
            let after = parts.get(place + 1).and_then(|part| part.first());
            for &index in part {
                let command = &mut self.script.commands[index];
                command.piped_from = command.piped_from.or(before.map(|&index| index as u32));
                command.piped_into = command.piped_into.or(after.map(|&index| index as u32));
                command.pipeline.get_or_insert(number);
            }
        }
    }

    // Groups.

    fn open(&mut self, group: Group) {
        if self.levels.len() < DEEPEST_GROUP {
            let part = self.script.commands.len();
            self.levels.push(Level {
                group,
                parts: Vec::new(),
                part,
            });
        }
    }

    /// Closes the innermost group.
    fn close(&mut self) {
        self.finish();
        self.end_pipeline();
        if self.levels.len() > 1 {
            self.levels.pop();
        }
    }

    /// Closes the innermost group of that kind and all inside of it, if there is one.
    fn close_group(&mut self, fits: fn(Group) -> bool) -> bool {
        let Some(found) = self.levels.iter().rposition(|level| fits(level.group)) else {
            return false;
        };
        self.finish();
        while self.levels.len() > found.max(1) {
            self.close();
        }
        true
    }

    fn open_parenthesis(&mut self) {
        if self.words.is_empty() {
            if self.peek_at(1) == Some(b'(') && self.arithmetic_ahead() {
                self.balanced(b'(', b')');
                return;
            }
        } else if self.words.len() == 1 && self.empty_parentheses() {
            // A function's name: its body is read like any other group.
            self.words.clear();
            return;
        } else {
            self.finish();
        }
        self.at += 1;
        self.open(Group::Parentheses);
    }

    /// Skips `( )`.
    fn empty_parentheses(&mut self) -> bool {
        let blanks = self
            .rest(self.at + 1)
            .iter()
            .take_while(|byte| matches!(byte, b' ' | b'\t'))
            .count();
        let empty = self.peek_at(1 + blanks) == Some(b')');
        if empty {
            self.at += blanks + 2;
        }
        empty
    }

    /// Whether the parenthesis ends the text.
    fn close_parenthesis(&mut self) -> bool {
        self.at += 1;
        let closed = self.close_group(|group| group == Group::Parentheses);
        !closed && self.closing
    }

    /// Reads up to the end of a pattern of `case`. Says whether the text is over.
    fn pattern(&mut self) -> bool {
        match self.peek() {
            Some(b')') => {
                self.at += 1;
                if let Group::Case(pattern) = &mut self.level().group {
                    *pattern = false;
                }
            }
            Some(b'\n' | b';' | b'(' | b'|' | b'&' | b'<' | b'>') => self.at += 1,
            Some(_) => {
                let word = self.word();
                if word.is("esac") {
                    self.close_group(|group| matches!(group, Group::Case(_)));
                } else if word.end == word.start {
                    self.at += 1;
                }
            }
            None => return true,
        }
        false
    }

    // Words.

    fn take_word(&mut self) {
        if self.words.is_empty() && self.redirects.is_empty() {
            self.began = self.script.commands.len();
        }
        let word = self.word();
        if word.end == word.start {
            self.at += 1;
            return;
        }
        if self.words.is_empty() && !word.quoted && self.keyword(&word) {
            return;
        }
        self.words.push(word);
    }

    /// Acts on a word that is no command's name.
    fn keyword(&mut self, word: &Word) -> bool {
        match word.text.as_str() {
            "if" | "while" | "until" => self.open(Group::Block),
            "then" | "elif" | "else" | "do" | "!" | "coproc" => {}
            "fi" | "done" => {
                self.close_group(|group| group == Group::Block);
            }
            "{" => self.open(Group::Braces),
            "}" => {
                self.close_group(|group| group == Group::Braces);
            }
            "for" | "select" => self.loop_header(),
            "case" => self.case_header(),
            "esac" => {
                self.close_group(|group| matches!(group, Group::Case(_)));
            }
            "function" => {
                self.next_word();
                self.next_token();
                if self.peek() == Some(b'(') {
                    self.empty_parentheses();
                }
            }
            "[[" => self.condition(word),
            _ => return false,
        }
        true
    }

    /// The next word, if one stands here.
    pub(super) fn next_word(&mut self) -> Option<Word> {
        let byte = self.next_token()?;
        if matches!(byte, b'\n' | b';' | b'&' | b'|' | b'(' | b')' | b'#') {
            return None;
        }
        let word = self.word();
        (word.end > word.start).then_some(word)
    }

    fn skip_lines(&mut self) {
        while self.next_token() == Some(b'\n') {
            self.at += 1;
        }
    }

    fn loop_header(&mut self) {
        self.open(Group::Block);
        if self.next_token() == Some(b'(') {
            self.balanced(b'(', b')');
            return;
        }
        self.next_word();
        let before = self.at;
        self.skip_lines();
        match self.next_word() {
            Some(word) if word.is("in") => while self.next_word().is_some() {},
            _ => self.at = before,
        }
    }

    fn case_header(&mut self) {
        self.next_word();
        self.skip_lines();
        if self.next_word().is_some_and(|word| word.is("in")) {
            self.open(Group::Case(true));
        }
    }

    /// `[[ ... ]]`: one command, in which operators are words.
    fn condition(&mut self, opening: &Word) {
        self.words.push(opening.clone());
        while let Some(byte) = self.next_token() {
            if byte == b'\n' {
                self.at += 1;
                continue;
            }
            let start = self.at;
            let word = self.word();
            let end = word.is("]]");
            if word.end > word.start {
                self.words.push(word);
            } else {
                self.at += 1;
                let mut text = Mapped::default();
                text.push_part(self.text, start, self.at);
                self.words.push(Word::literal(text, start, self.at));
            }
            if end {
                return;
            }
        }
    }

    // Commands.

    /// Ends the command whose words were read, if there are any.
    fn finish(&mut self) {
        let words = std::mem::take(&mut self.words);
        let redirects = std::mem::take(&mut self.redirects);
        if words.is_empty() {
            return;
        }
        let start = words
            .iter()
            .map(|word| word.start)
            .chain(redirects.iter().map(|one| one.operator.0))
            .min();
        let end = words
            .iter()
            .map(|word| word.end)
            .chain(redirects.iter().map(|one| one.target.end))
            .max();
        let (start, end) = (start.unwrap_or(0), end.unwrap_or(0));
        let spans = words
            .iter()
            .map(|word| self.text.span(word.start, word.end))
            .collect();
        let redirects = redirects.into_iter().map(|redirect| {
            let (start, end) = redirect.operator;
            let span = self.text.span(redirect.target.start, redirect.target.end);
            let operator = Value::written(self.text, start..end);
            (operator, Value::new(redirect.target.text.into_string(), span))
        });
        let parts = Parts {
            words,
            spans,
            text: Value::written(self.text, start..end),
            redirects: redirects.collect(),
        };
        self.push(parts, self.began);
    }

    fn push(&mut self, parts: Parts, began: usize) {
        let Some((mut command, given)) = command::build(parts) else {
            return;
        };
        command.context = self.context;
        command.operator = self.operator.take();
        command.sudo |= self.sudo;
        command.substitutes = (began as u32..self.script.commands.len() as u32).collect();
        self.any = true;
        self.script.commands.push(command);
        for heredoc in self
            .heredocs
            .iter_mut()
            .rev()
            .take_while(|heredoc| !heredoc.complete)
        {
            heredoc.runs = given.standard_input;
            heredoc.complete = true;
        }
        if let Some(text) = given.text
            && self.depth < DEEPEST
        {
            let (context, sudo) = (self.context, self.sudo || given.sudo);
            let mut inner = Parser::new(&text, 0, text.len(), self.script, context, self.depth + 1);
            inner.sudo = sudo;
            inner.run();
        }
    }
}
