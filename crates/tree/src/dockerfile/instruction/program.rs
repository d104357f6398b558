//! What instructions run: in shell form, in exec form, or as a heredoc.

use super::{Body, Piece, Program, Reader};
use crate::SyntaxError;
use crate::dockerfile::expand::Environment;
use crate::dockerfile::lines::Heredoc;
use crate::dockerfile::mapped::Mapped;
use crate::dockerfile::shell::{Command, Dialect, Script};
use crate::dockerfile::value::Value;
use crate::dockerfile::words;

impl Reader<'_> {
    pub(super) fn healthcheck(&mut self, piece: &mut Piece<'_>) -> Result<Body, SyntaxError> {
        let text = piece.text.as_str();
        let kind = words::split(text, piece.rest.clone()).into_iter().next();
        let Some(kind) = kind else {
            return Err(piece
                .error("`HEALTHCHECK` needs `CMD` or `NONE`")
                .with_help("write `HEALTHCHECK CMD command`"));
        };
        let written = text.get(kind.clone()).unwrap_or_default();
        let rest = words::trim(text, kind.end..piece.rest.end);
        match &*written.to_ascii_uppercase() {
            "NONE" if rest.is_empty() => Ok(Body::Healthcheck(None)),
            "NONE" => Err(SyntaxError::new(
                piece.text.at(rest.start),
                "`HEALTHCHECK NONE` takes no arguments",
            )
            .with_help("remove what comes after `NONE`")),
            "CMD" if rest.is_empty() => Err(piece
                .error("`HEALTHCHECK CMD` has no command")
                .with_help("write the command after `CMD`")),
            "CMD" => {
                piece.rest = rest;
                let program = self.program(piece)?;
                if program.words.as_ref().is_some_and(Vec::is_empty) {
                    return Err(piece
                        .error("`HEALTHCHECK CMD` has no command")
                        .with_help("write the command after `CMD`"));
                }
                Ok(Body::Healthcheck(Some(program)))
            }
            _ => Err(SyntaxError::new(
                piece.text.at(kind.start),
                format!("expected `CMD` or `NONE`, found `{written}`"),
            )
            .with_help(format!("write `HEALTHCHECK CMD {written} ...`"))),
        }
    }

    pub(super) fn onbuild(&mut self, piece: &Piece<'_>) -> Result<Body, SyntaxError> {
        piece.needs("an instruction")?;
        let text = piece.text.as_str();
        let keyword = text
            .get(piece.rest.clone())
            .and_then(|rest| rest.split_whitespace().next())
            .unwrap_or_default();
        if ["ONBUILD", "FROM", "MAINTAINER"]
            .iter()
            .any(|name| keyword.eq_ignore_ascii_case(name))
        {
            return Err(SyntaxError::new(
                piece.text.at(piece.rest.start),
                format!("`ONBUILD` can't take `{keyword}`"),
            )
            .with_help("give it an instruction such as `RUN` or `COPY`"));
        }
        // It is run by a build that begins from this image, and nothing is known of that build.
        let environment = Environment::unknown();
        let mut inner = Reader {
            file: self.file,
            expander: self.expander,
            environment: &environment,
            dialect: self.dialect,
        };
        // Docker, too, finds out only there whether it is right.
        let inner = inner.part(piece.text, piece.rest.start, piece.heredocs).ok();
        Ok(Body::Onbuild(inner.map(Box::new)))
    }

    pub(super) fn program(&mut self, piece: &Piece<'_>) -> Result<Program, SyntaxError> {
        let span = piece.text.span(piece.rest.start, piece.rest.end);
        if let Some(words) = piece.json()? {
            let values = words
                .iter()
                .map(|(word, span)| Value::new(word.as_str(), *span))
                .collect();
            return Ok(Program {
                words: Some(values),
                script: Script::of_words(words),
                span,
            });
        }
        let script = match piece.heredocs {
            [] => Script::read(piece.text, piece.rest.start, piece.rest.end, self.dialect),
            [only] if words::announced(piece.text, piece.rest.clone()).is_some() => self.script_of_file(only),
            all => {
                // The shell gets the line and the heredocs after it, and reads them itself.
                let mut text = Mapped::default();
                text.push_part(piece.text, piece.rest.start, piece.rest.end);
                for heredoc in all {
                    text.push("\n", heredoc.body.start.saturating_sub(1));
                    text.push(heredoc.body.of(self.file), heredoc.body.start);
                    text.push(&heredoc.name, heredoc.end.start);
                }
                Script::read(&text, 0, text.len(), self.dialect)
            }
        };
        Ok(Program {
            words: None,
            script,
            span,
        })
    }

    /// `RUN <<EOF`: the lines are a file that is run.
    fn script_of_file(&self, heredoc: &Heredoc) -> Script {
        let body = Mapped::of(heredoc.body.of(self.file), heredoc.body.start);
        let first = body.as_str().lines().next().unwrap_or_default();
        let tabs = if heredoc.strip {
            first.len() - first.trim_start_matches('\t').len()
        } else {
            0
        };
        if !first[tabs..].starts_with("#!") {
            return Script::read(&body, 0, body.len(), self.dialect);
        }
        let interpreter: Vec<Value> = words::split(first, tabs + 2..first.trim_end().len())
            .into_iter()
            .map(|word| Value::written(&body, word))
            .collect();
        let is_env = |word: &Value| word.text.ends_with("/env") || word.text == "-S";
        let interpreter: Vec<Value> = interpreter.into_iter().skip_while(is_env).collect();
        let shell = interpreter
            .first()
            .is_some_and(|program| program.text.ends_with("sh") && !program.text.ends_with("pwsh"));
        if shell {
            return Script::read(&body, first.len(), body.len(), Dialect::Posix);
        }
        let mut script = Script::default();
        let text = Value::written(&body, words::trim(first, tabs..first.len()));
        script
            .commands
            .extend((!interpreter.is_empty()).then(|| Command::plain(text, interpreter)));
        script
    }
}
