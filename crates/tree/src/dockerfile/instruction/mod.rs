//! One instruction: its flags and what it says, by its name.
//! Source: the `instructions` package of BuildKit's Dockerfile frontend.

mod flags;
mod program;

use crate::dockerfile::expand::{Environment, Expander};
use crate::dockerfile::lines::{Heredoc, Line};
use crate::dockerfile::mapped::Mapped;
use crate::dockerfile::mount::{self, Mount};
use crate::dockerfile::shell::{Dialect, Script};
use crate::dockerfile::value::Value;
use crate::dockerfile::words::{self, Json};
use crate::{Span, SyntaxError};
use flags::named;
use std::ops::Range;

/// An instruction as Docker understands it.
#[derive(Clone, Debug)]
pub(super) struct Instruction {
    /// Its name in upper case.
    pub(super) name: &'static str,
    /// Its name as written.
    pub(super) written: Value,
    /// From its first to its last byte.
    pub(super) span: Span,
    pub(super) flags: Vec<Flag>,
    /// What comes after its name and flags; empty if nothing does.
    pub(super) text: Value,
    /// The texts it takes: name and lines.
    pub(super) heredocs: Vec<(Value, Value)>,
    pub(super) body: Body,
}

/// `--name=value`
#[derive(Clone, Debug)]
pub(super) struct Flag {
    pub(super) name: String,
    pub(super) name_span: Span,
    pub(super) value: FlagValue,
}

#[derive(Clone, Debug)]
pub(super) enum FlagValue {
    Switch(bool, Span),
    Text(Value),
}

/// What is particular to one instruction.
#[derive(Clone, Debug)]
pub(super) enum Body {
    Arg(Vec<(Value, Option<Value>)>),
    /// `ADD` and `COPY`.
    Copy {
        sources: Vec<Value>,
        destination: Value,
    },
    Expose(Vec<Ports>),
    From {
        image: Value,
        stage: Option<Value>,
    },
    Maintainer,
    /// Nothing for `HEALTHCHECK NONE`.
    Healthcheck(Option<Program>),
    /// Nothing if it can't be read.
    Onbuild(Option<Box<Instruction>>),
    /// `ENV` and `LABEL`; whether it is written without `=`.
    Pairs(Vec<(Value, Value)>, bool),
    /// `CMD` and `ENTRYPOINT`.
    Program(Program),
    Run(Program, Vec<Mount>),
    Shell(Vec<Value>),
    Signal(Value),
    User {
        name: Value,
        group: Option<Value>,
    },
    Volume(Vec<Value>),
    Workdir(Value),
}

/// What is run.
#[derive(Clone, Debug)]
pub(super) struct Program {
    /// The words of an exec form; nothing for a shell form.
    pub(super) words: Option<Vec<Value>>,
    pub(super) script: Script,
    pub(super) span: Span,
}

/// One word of `EXPOSE`.
#[derive(Clone, Debug)]
pub(super) struct Ports {
    pub(super) written: Value,
    /// The first and the last; nothing if they are not known.
    pub(super) range: Option<(u16, u16)>,
    pub(super) protocol: String,
}

/// What an instruction is read with.
pub(super) struct Reader<'r> {
    /// The whole file.
    pub(super) file: &'r str,
    pub(super) expander: &'r mut Expander,
    pub(super) environment: &'r Environment,
    pub(super) dialect: Dialect,
}

impl Reader<'_> {
    /// Reads one instruction.
    pub(super) fn read(&mut self, line: &Line<'_>) -> Result<Instruction, SyntaxError> {
        let mut instruction = self.part(&line.text, 0, &line.heredocs)?;
        instruction.span = line.span;
        Ok(instruction)
    }

    /// Reads the instruction that begins at byte `start` of `text`.
    fn part(
        &mut self,
        text: &Mapped<'_>,
        start: usize,
        heredocs: &[Heredoc],
    ) -> Result<Instruction, SyntaxError> {
        let all = text.as_str();
        let whole = words::trim(all, start..all.len());
        let keyword = all
            .get(whole.clone())
            .and_then(|part| part.find(char::is_whitespace))
            .unwrap_or(whole.len());
        let keyword = whole.start..whole.start + keyword;
        let written = Value::written(text, keyword.clone());
        let (name, known) = named(&written)?;
        let (flag_words, rest) = words::flags(all, keyword.end..whole.end);
        let flags = self.flags(text, flag_words, name, known)?;
        let rest = words::trim(all, rest..whole.end);
        let mut piece = Piece {
            text,
            rest: rest.clone(),
            name,
            at: written.span.start,
            heredocs,
        };
        let body = self.body(&mut piece, &flags)?;
        Ok(Instruction {
            name,
            written,
            span: text.span(whole.start, whole.end),
            flags,
            text: Value::written(text, rest),
            heredocs: heredocs.iter().map(|heredoc| self.heredoc(heredoc)).collect(),
            body,
        })
    }

    fn heredoc(&self, heredoc: &Heredoc) -> (Value, Value) {
        let body = heredoc.body.of(self.file);
        let text = if heredoc.strip {
            body.split_inclusive('\n')
                .map(|line| line.trim_start_matches('\t'))
                .collect()
        } else {
            body.to_owned()
        };
        (
            Value::new(heredoc.name.as_str(), heredoc.name_span),
            Value::new(text, heredoc.body),
        )
    }

    fn expand(&mut self, value: Value) -> Result<Value, SyntaxError> {
        match self.expander.expand(&value.text, self.environment) {
            Ok(expanded) => Ok(Value {
                text: expanded.text,
                span: value.span,
                unresolved: expanded.unresolved,
            }),
            Err(fault) => {
                let exact = value.span.of(self.file) == value.text;
                let at = value.span.start + if exact { fault.at as u32 } else { 0 };
                Err(SyntaxError::new(at, fault.message)
                    .with_help("close it, or write the escape character before it"))
            }
        }
    }

    fn split_user(&self, value: &Value) -> (Value, Option<Value>) {
        let Some((name, group)) = value.text.split_once(':').filter(|_| !value.text.contains("${")) else {
            return (value.clone(), None);
        };
        let exact = value.span.of(self.file) == value.text;
        let middle = if exact {
            value.span.start + name.len() as u32
        } else {
            value.span.start
        };
        let name_span = if exact {
            Span::new(value.span.start, middle)
        } else {
            value.span
        };
        let group_span = if exact {
            Span::new(middle + 1, value.span.end)
        } else {
            value.span
        };
        let part = |text: &str, span| Value {
            text: text.to_owned(),
            span,
            unresolved: value.unresolved && text.contains('$'),
        };
        (part(name, name_span), Some(part(group, group_span)))
    }

    fn word(&mut self, text: &Mapped<'_>, range: Range<usize>) -> Result<Value, SyntaxError> {
        self.expand(Value::written(text, range))
    }

    fn body(&mut self, piece: &mut Piece<'_>, flags: &[Flag]) -> Result<Body, SyntaxError> {
        let rest = piece.rest.clone();
        Ok(match piece.name {
            "ADD" | "COPY" => self.copy(piece)?,
            "ARG" => self.arg(piece)?,
            "CMD" | "ENTRYPOINT" => Body::Program(self.program(piece)?),
            "ENV" | "LABEL" => self.pairs(piece)?,
            "EXPOSE" => self.expose(piece)?,
            "FROM" => self.from(piece)?,
            "HEALTHCHECK" => self.healthcheck(piece)?,
            "MAINTAINER" => {
                piece.needs("a name")?;
                Body::Maintainer
            }
            "ONBUILD" => self.onbuild(piece)?,
            "RUN" => {
                let mut mounts = Vec::new();
                for flag in flags.iter().filter(|flag| flag.name == "mount") {
                    if let FlagValue::Text(value) = &flag.value {
                        mounts.push(mount::read(value, self.file));
                    }
                }
                Body::Run(self.program(piece)?, mounts)
            }
            "SHELL" => match piece.json()? {
                Some(words) if !words.is_empty() => Body::Shell(
                    words
                        .into_iter()
                        .map(|(word, span)| Value::new(word.into_string(), span))
                        .collect(),
                ),
                _ => {
                    return Err(piece
                        .error("`SHELL` takes a JSON list of words")
                        .with_help("write it as `SHELL [\"/bin/bash\", \"-o\", \"pipefail\", \"-c\"]`"));
                }
            },
            "STOPSIGNAL" => {
                piece.needs("a signal")?;
                Body::Signal(self.word(piece.text, rest)?)
            }
            "USER" => {
                piece.needs("a user")?;
                let value = self.word(piece.text, rest)?;
                let (name, group) = self.split_user(&value);
                Body::User { name, group }
            }
            "VOLUME" => {
                piece.needs("at least one path")?;
                let listed = piece.json()?;
                let empty = |words: &Vec<(Mapped<'_>, Span)>| {
                    words.is_empty() || words.iter().any(|(word, _)| word.is_empty())
                };
                if listed.as_ref().is_some_and(empty) {
                    return Err(piece
                        .error("a volume has an empty path")
                        .with_help("name the folder"));
                }
                let paths = self.list(piece)?;
                Body::Volume(paths)
            }
            _ => {
                piece.needs("a path")?;
                Body::Workdir(self.word(piece.text, rest)?)
            }
        })
    }

    /// A JSON list of words, or words between white space; expanded.
    fn list(&mut self, piece: &Piece<'_>) -> Result<Vec<Value>, SyntaxError> {
        match piece.json()? {
            Some(words) => words
                .into_iter()
                .map(|(word, span)| self.expand(Value::new(word.into_string(), span)))
                .collect(),
            None => {
                let words = words::split(piece.text.as_str(), piece.rest.clone());
                words
                    .into_iter()
                    .map(|word| self.word(piece.text, word))
                    .collect()
            }
        }
    }

    fn copy(&mut self, piece: &Piece<'_>) -> Result<Body, SyntaxError> {
        let mut values = Vec::new();
        match piece.json()? {
            Some(words) => {
                for (word, span) in words {
                    values.push(self.expand(Value::new(word.into_string(), span))?);
                }
            }
            None => {
                for word in words::split(piece.text.as_str(), piece.rest.clone()) {
                    match words::announced(piece.text, word.clone()) {
                        Some(_) => values.push(Value::default()),
                        None => values.push(self.word(piece.text, word)?),
                    }
                }
            }
        }
        if values.len() < 2 {
            return Err(piece
                .error(format!("`{}` needs a source and a destination", piece.name))
                .with_help("name what is copied first, and last where it goes"));
        }
        let destination = values.pop().unwrap_or_default();
        if destination == Value::default() {
            return Err(piece
                .error("a heredoc can't be a destination")
                .with_help("write a path after it"));
        }
        // A heredoc is no source that has a path.
        values.retain(|value| *value != Value::default());
        Ok(Body::Copy {
            sources: values,
            destination,
        })
    }

    fn arg(&mut self, piece: &Piece<'_>) -> Result<Body, SyntaxError> {
        piece.needs("a name")?;
        let text = piece.text.as_str();
        let mut arguments = Vec::new();
        for word in words::split_quoted(text, piece.rest.clone(), self.expander.escape) {
            let equals = text.get(word.clone()).and_then(|written| written.find('='));
            let name = word.start..equals.map_or(word.end, |equals| word.start + equals);
            if name.is_empty() {
                return Err(
                    SyntaxError::new(piece.text.at(word.start), "an argument has no name")
                        .with_help("write `NAME=value`"),
                );
            }
            let default = equals
                .map(|equals| self.word(piece.text, word.start + equals + 1..word.end))
                .transpose()?;
            arguments.push((Value::written(piece.text, name), default));
        }
        Ok(Body::Arg(arguments))
    }

    fn pairs(&mut self, piece: &Piece<'_>) -> Result<Body, SyntaxError> {
        piece.needs("a name and a value")?;
        let text = piece.text.as_str();
        let found = words::split_quoted(text, piece.rest.clone(), self.expander.escape);
        let written = |word: &Range<usize>| text.get(word.clone()).unwrap_or_default();
        let mut pairs = Vec::new();
        if !found.first().is_some_and(|first| written(first).contains('=')) {
            let name = words::split(text, piece.rest.clone())
                .into_iter()
                .next()
                .unwrap_or(piece.rest.clone());
            let value = words::trim(text, name.end..piece.rest.end);
            if value.is_empty() {
                return Err(piece
                    .error(format!("`{}` needs a name and a value", piece.name))
                    .with_help(format!("write `{} {}=...`", piece.name, written(&name))));
            }
            pairs.push((self.word(piece.text, name)?, self.word(piece.text, value)?));
            return Ok(Body::Pairs(pairs, true));
        }
        for word in found {
            let Some(equals) = written(&word).find('=') else {
                return Err(SyntaxError::new(
                    piece.text.at(word.start),
                    format!("`{}` has no `=`", shortened(written(&word))),
                )
                .with_help("write `name=value`, and quote a value with spaces"));
            };
            if equals == 0 {
                return Err(SyntaxError::new(piece.text.at(word.start), "a value has no name")
                    .with_help("write `name=value`"));
            }
            let name = self.word(piece.text, word.start..word.start + equals)?;
            pairs.push((name, self.word(piece.text, word.start + equals + 1..word.end)?));
        }
        Ok(Body::Pairs(pairs, false))
    }

    fn expose(&mut self, piece: &Piece<'_>) -> Result<Body, SyntaxError> {
        piece.needs("at least one port")?;
        let mut ports = Vec::new();
        for word in words::split(piece.text.as_str(), piece.rest.clone()) {
            let value = self.word(piece.text, word)?;
            for part in value.text.split_whitespace() {
                ports.push(read_ports(Value {
                    text: part.to_owned(),
                    ..value
                })?);
            }
        }
        Ok(Body::Expose(ports))
    }

    fn from(&mut self, piece: &Piece<'_>) -> Result<Body, SyntaxError> {
        let text = piece.text.as_str();
        let found = words::split(text, piece.rest.clone());
        let is_as = |word: &Range<usize>| {
            text.get(word.clone())
                .is_some_and(|word| word.eq_ignore_ascii_case("as"))
        };
        let (image, stage) = match &found[..] {
            [image] => (image, None),
            [image, r#as, stage] if is_as(r#as) => (image, Some(Value::written(piece.text, stage.clone()))),
            [] => {
                return Err(piece
                    .error("`FROM` names no image")
                    .with_help("write `FROM image:tag`, or `FROM scratch`"));
            }
            [_, other, ..] => {
                let written = text.get(other.clone()).unwrap_or_default();
                return Err(SyntaxError::new(
                    piece.text.at(other.start),
                    format!("after the image only `AS name` may follow, not `{written}`"),
                )
                .with_help("write `FROM image` or `FROM image AS name`; a comment takes a line of its own"));
            }
        };
        if let Some(stage) = &stage
            && !is_stage_name(&stage.text)
        {
            return Err(
                SyntaxError::new(stage.span.start, format!("`{}` can't name a stage", stage.text))
                    .with_help("begin with a letter, and use letters, digits, `-`, `_` and `.`"),
            );
        }
        let image = self.word(piece.text, image.clone())?;
        if image.text.is_empty() {
            return Err(SyntaxError::new(
                image.span.start,
                "the image's name is empty once variables are replaced",
            )
            .with_help("give the argument a default, in an `ARG` before the first `FROM`"));
        }
        Ok(Body::From { image, stage })
    }
}

/// What is read of an instruction once its name and flags are.
struct Piece<'p> {
    text: &'p Mapped<'p>,
    rest: Range<usize>,
    name: &'static str,
    /// Where the instruction begins in the file.
    at: u32,
    heredocs: &'p [Heredoc],
}

impl Piece<'_> {
    fn error(&self, message: impl Into<String>) -> SyntaxError {
        SyntaxError::new(self.at, message)
    }

    fn needs(&self, what: &str) -> Result<(), SyntaxError> {
        if self.rest.is_empty() {
            let help = format!("write it after `{}`, or remove the line", self.name);
            return Err(self
                .error(format!("`{}` needs {what}", self.name))
                .with_help(help));
        }
        Ok(())
    }

    /// The words of a JSON list and where they stand; `None` if it is none.
    #[allow(clippy::type_complexity)]
    fn json(&self) -> Result<Option<Vec<(Mapped<'static>, Span)>>, SyntaxError> {
        match words::json(self.text, self.rest.clone()) {
            Json::No => Ok(None),
            Json::List(list) => {
                let place = |word: words::JsonWord| {
                    let span = self.text.span(word.range.start, word.range.end);
                    (word.value, span)
                };
                Ok(Some(list.into_iter().map(place).collect()))
            }
            Json::NotStrings(at) => Err(SyntaxError::new(
                self.text.at(at),
                "a JSON list of words may hold only strings",
            )
            .with_help("quote it with `\"`")),
        }
    }
}

fn is_stage_name(name: &str) -> bool {
    let letters = name
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'));
    letters && name.starts_with(|first: char| first.is_ascii_alphabetic())
}

/// `80`, `80/udp`, `8000-8010`, and what `docker run -p` takes: the last part counts.
fn read_ports(written: Value) -> Result<Ports, SyntaxError> {
    let (ports, protocol) = match written.text.rsplit_once('/') {
        Some((ports, protocol)) => (ports, protocol.to_ascii_lowercase()),
        None => (&*written.text, "tcp".to_owned()),
    };
    let ports = ports.rsplit(':').next().unwrap_or_default();
    let (first, last) = ports.split_once('-').unwrap_or((ports, ports));
    let range = match (first.parse(), last.parse()) {
        (Ok(first), Ok(last)) if first <= last => Some((first, last)),
        _ if written.unresolved => None,
        _ => {
            return Err(SyntaxError::new(
                written.span.start,
                format!("`{}` is no port", shortened(&written.text)),
            )
            .with_help("write a number up to 65535, or a range such as `8000-8010`"));
        }
    };
    Ok(Ports {
        written,
        range,
        protocol,
    })
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(40) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
