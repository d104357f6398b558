//! One simple command: what stands before its program, the program, and its words.

use super::options::Options;
use super::word::Word;
use crate::Span;
use crate::dockerfile::mapped::Mapped;
use crate::dockerfile::value::Value;

/// A command that a shell would run.
#[derive(Clone, Debug, Default)]
pub(in crate::dockerfile) struct Command {
    /// As it is written, with what stands before the program.
    pub(in crate::dockerfile) text: Value,
    /// The program as it is written.
    pub(in crate::dockerfile) program: Value,
    /// The last part of the program's path.
    pub(in crate::dockerfile) name: String,
    /// The words after it.
    pub(in crate::dockerfile) words: Vec<Value>,
    /// Variables set for it alone: name and value.
    pub(in crate::dockerfile) assignments: Vec<(Value, Value)>,
    /// Operator and target.
    pub(in crate::dockerfile) redirects: Vec<(Value, Value)>,
    /// Whether it runs as another user: by `sudo`, `doas` or `su -c`.
    pub(in crate::dockerfile) sudo: bool,
    /// What joins it to the command before it.
    pub(in crate::dockerfile) operator: Option<(&'static str, Span)>,
    /// The neighbours in its pipeline and the pipeline itself, by number in the script.
    pub(in crate::dockerfile) piped_from: Option<u32>,
    pub(in crate::dockerfile) piped_into: Option<u32>,
    pub(in crate::dockerfile) pipeline: Option<u32>,
    /// The commands whose output stands among its words.
    pub(in crate::dockerfile) substitutes: Vec<u32>,
    /// Which text it was read from.
    pub(super) context: u32,
}

/// What a command is made from.
pub(super) struct Parts {
    pub(super) words: Vec<Word>,
    /// Where each of the words stands in the file.
    pub(super) spans: Vec<Span>,
    pub(super) text: Value,
    pub(super) redirects: Vec<(Value, Value)>,
}

/// What a command gives to a shell.
#[derive(Default)]
pub(super) struct Given {
    /// A text of commands: `sh -c TEXT`.
    pub(super) text: Option<Mapped<'static>>,
    /// Whether that text runs as another user.
    pub(super) sudo: bool,
    /// Whether commands are read from standard input: `bash <<EOF`.
    pub(super) standard_input: bool,
}

/// Programs that run the program after them, with those of their options that take a value.
const WRAPPERS: [(&str, &[&str]); 16] = [
    (
        "sudo",
        &[
            "-u", "-g", "-h", "-p", "-C", "-r", "-t", "-T", "-U", "-D", "-R", "--user", "--group", "--host",
        ],
    ),
    ("doas", &["-u", "-C"]),
    ("env", &["-u", "-C", "--unset", "--chdir"]),
    ("exec", &["-a"]),
    ("time", &["-f", "-o", "--format", "--output"]),
    ("nice", &["-n", "--adjustment"]),
    ("ionice", &["-c", "-n", "-p", "--class", "--classdata"]),
    ("nohup", &[]),
    ("command", &[]),
    ("builtin", &[]),
    ("timeout", &["-k", "-s", "--kill-after", "--signal"]),
    ("stdbuf", &["-i", "-o", "-e", "--input", "--output", "--error"]),
    ("setsid", &[]),
    ("chronic", &[]),
    ("busybox", &[]),
    ("eatmydata", &[]),
];

pub(super) const SHELLS: [&str; 8] = ["sh", "bash", "dash", "ash", "zsh", "ksh", "mksh", "rbash"];

/// Whether `path` is a path of `program`, on any system.
pub(super) fn is_program(path: &str, program: &str) -> bool {
    let last = path.rsplit(['/', '\\']).next().unwrap_or_default();
    last.strip_suffix(".exe").unwrap_or(last) == program
}

/// The last part of a program's path, where it is one.
fn base_name(program: &str) -> &str {
    if program.contains(['`', '\n']) || program.contains("$(") {
        return program;
    }
    if program.get(1..3) == Some(":\\") {
        let last = program.rsplit('\\').next().unwrap_or(program);
        return last.strip_suffix(".exe").unwrap_or(last);
    }
    match program.rsplit('/').next() {
        Some(last) if !last.is_empty() && !last.ends_with('}') => last,
        Some(last) if last.starts_with('$') => last,
        _ => program,
    }
}

/// Makes a command of its parts. `None` if no program is run.
pub(super) fn build(parts: Parts) -> Option<(Command, Given)> {
    let Parts {
        words,
        spans,
        text,
        redirects,
    } = parts;
    let mut command = Command {
        text,
        redirects,
        ..Command::default()
    };
    let program = command.set_aside(&words, &spans)?;
    if words.get(program)?.is_substitution() && program + 1 == words.len() {
        return None;
    }
    let module = python_module(&words[program..]);
    let (name, first) = match module {
        Some(module) => (module, program + 3),
        None => (base_name(words[program].text.as_str()), program + 1),
    };
    command.name = name.to_owned();
    let given = given(&command.name, &words[first..]);
    let mut values = words
        .into_iter()
        .zip(spans)
        .map(|(word, span)| Value::new(word.text.into_string(), span));
    command.program = values.nth(program).unwrap_or_default();
    command.words = values.skip(first - program - 1).collect();
    Some((command, given))
}

impl Command {
    /// A command of words that were split by other means.
    pub(in crate::dockerfile) fn plain(text: Value, mut words: Vec<Value>) -> Self {
        let program = if words.is_empty() {
            Value::default()
        } else {
            words.remove(0)
        };
        let lower = program.text.to_ascii_lowercase();
        let last = program.text.rsplit(['/', '\\']).next().unwrap_or_default();
        let name = if lower.ends_with(".exe") {
            &last[..last.len().saturating_sub(4)]
        } else {
            last
        };
        Self {
            text,
            name: name.to_owned(),
            program,
            words,
            ..Self::default()
        }
    }

    /// Puts assignments and wrappers aside. Gives the number of the word that is the program.
    fn set_aside(&mut self, words: &[Word], spans: &[Span]) -> Option<usize> {
        let mut at = 0;
        while let Some(name) = words.get(at)?.assigned_by_shell() {
            self.assign(&words[at], spans[at], name);
            at += 1;
        }
        loop {
            let name = base_name(words[at].text.as_str());
            let Some(next) = wrapped(name, &words[at + 1..]) else {
                return Some(at);
            };
            self.sudo |= matches!(name, "sudo" | "doas");
            let mut after = at + 1 + next;
            if matches!(name, "env" | "sudo") {
                while let Some(length) = words.get(after).and_then(Word::assigned) {
                    self.assign(&words[after], spans[after], length);
                    after += 1;
                }
            }
            if after >= words.len() {
                return Some(at);
            }
            at = after;
        }
    }

    fn assign(&mut self, word: &Word, span: Span, name: usize) {
        let text = word.text.as_str();
        let value = text[name..].trim_start_matches('+').get(1..).unwrap_or_default();
        let name_span = word.text.span(0, name);
        let value_span = Span::new((name_span.end + 1).min(span.end), span.end);
        self.assignments.push((
            Value::new(&text[..name], name_span),
            Value::new(value, value_span),
        ));
    }
}

/// For a program that runs another: how many of the words after it are its own. `None` for all other programs.
fn wrapped(name: &str, words: &[Word]) -> Option<usize> {
    let (_, with_value) = WRAPPERS.iter().find(|(wrapper, _)| *wrapper == name)?;
    let mut at = 0;
    while let Some(word) = words.get(at).map(|word| word.text.as_str()) {
        if !word.starts_with('-') || word == "-" {
            break;
        }
        if name == "command" && matches!(word, "-v" | "-V") {
            return None;
        }
        at += 1;
        if word == "--" {
            break;
        }
        at += usize::from(with_value.contains(&word));
    }
    Some(at + usize::from(name == "timeout"))
}

/// `pip` in `python3 -m pip`: a module that is a program of its own.
fn python_module(words: &[Word]) -> Option<&str> {
    let [program, option, module, ..] = words else {
        return None;
    };
    let version = base_name(program.text.as_str()).strip_prefix("python")?;
    let is_python = version.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let known = ["pip", "pipx", "uv", "poetry", "pipenv"];
    let module = module.text.as_str();
    (is_python && option.text.as_str() == "-m" && known.contains(&module)).then_some(module)
}

/// What the command gives to a shell, `words` being those after its name.
fn given(name: &str, words: &[Word]) -> Given {
    match name {
        "eval" => {
            let mut text = Mapped::default();
            for word in words {
                if !text.is_empty() {
                    text.push_space();
                }
                text.push_whole(&word.text);
            }
            Given {
                text: Some(text),
                ..Given::default()
            }
        }
        "su" | "runuser" => {
            let at = words
                .iter()
                .position(|word| matches!(word.text.as_str(), "-c" | "--command" | "-lc"));
            let text = at.and_then(|at| words.get(at + 1)).map(|word| word.text.clone());
            Given {
                text,
                sudo: true,
                standard_input: false,
            }
        }
        shell if SHELLS.contains(&shell) => of_shell(words),
        _ => Given::default(),
    }
}

fn of_shell(words: &[Word]) -> Given {
    let (mut text, mut input) = (false, false);
    let mut at = 0;
    while let Some(word) = words.get(at).map(|word| word.text.as_str()) {
        let long = word.strip_prefix("--");
        match word.strip_prefix(['-', '+']) {
            Some(letters) if !letters.is_empty() => {
                at += 1;
                if matches!(long, Some("rcfile" | "init-file")) {
                    at += 1;
                } else if long.is_none() {
                    text |= word.starts_with('-') && letters.contains('c');
                    input |= letters.contains('s');
                    // `-o pipefail`, alone or at the end of others.
                    at += usize::from(letters.ends_with(['o', 'O']));
                } else if long == Some("") {
                    break;
                }
            }
            _ => break,
        }
    }
    Given {
        text: words.get(at).filter(|_| text).map(|word| word.text.clone()),
        sudo: false,
        standard_input: !text && (input || at >= words.len() || words[at].text.as_str() == "-"),
    }
}

/// The words of a command, told apart.
#[derive(Debug, Default)]
pub(in crate::dockerfile) struct Arguments<'c> {
    /// Options, each with the word it stands in: `-qy`, `-q`, `-y`.
    pub(in crate::dockerfile) flags: Vec<(&'c str, &'c Value)>,
    /// Letters of options that stand together, without their dash.
    pub(in crate::dockerfile) letters: Vec<(char, &'c Value)>,
    pub(in crate::dockerfile) operands: Vec<&'c Value>,
    /// Options with their values; the word of the option, the option's length in it, and the value's word and offset there.
    pub(in crate::dockerfile) options: Vec<(String, &'c Value, &'c str, &'c Value)>,
}

impl<'c> Arguments<'c> {
    pub(in crate::dockerfile) fn of(command: &'c Command) -> Self {
        let known = Options::of(&command.name);
        let mut found = Self::default();
        let mut words = command.words.iter();
        while let Some(word) = words.next() {
            let text = &*word.text;
            if text == "--" {
                found.operands.extend(words.by_ref());
            } else if text.len() < 2 || !text.starts_with('-') {
                found.operands.push(word);
            } else {
                let option = found.flag(word, known);
                if let Some(option) = option
                    && let Some(value) = words.next()
                {
                    found.options.push((option, word, &value.text, value));
                }
            }
        }
        // `cargo +nightly install`
        if command.name == "cargo"
            && found
                .operands
                .first()
                .is_some_and(|first| first.text.starts_with('+'))
        {
            found.operands.remove(0);
        }
        found
    }

    /// Takes an option. Gives its name if the next word is its value.
    fn flag(&mut self, word: &'c Value, known: Options) -> Option<String> {
        let text = &*word.text;
        self.flags.push((text, word));
        if let Some((option, value)) = text.split_once('=')
            && option
                .bytes()
                .all(|byte| byte == b'-' || byte == b'_' || byte == b'.' || byte.is_ascii_alphanumeric())
            && (text.starts_with("--") || !known.clusters)
        {
            self.flags.push((option, word));
            self.options.push((option.to_owned(), word, value, word));
            return None;
        }
        if text.starts_with("--") || known.takes_value(text) || !known.clusters {
            return known.takes_value(text).then(|| text.to_owned());
        }
        let letters = &text[1..];
        let mut seen = 0_u128;
        for (at, letter) in letters.char_indices() {
            if !letter.is_ascii_alphanumeric() {
                break;
            }
            let bit = 1_u128 << (letter as u32);
            if letters.len() > 1 && seen & bit == 0 {
                self.letters.push((letter, word));
            }
            seen |= bit;
            let option = format!("-{letter}");
            if known.takes_value(&option) {
                let value = &letters[at + 1..];
                if value.is_empty() {
                    return Some(option);
                }
                self.options.push((option, word, value, word));
                return None;
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::script;
    use super::*;

    fn told(text: &str) -> String {
        let found = script(text);
        let arguments = Arguments::of(&found.commands[0]);
        let mut flags: Vec<String> = arguments
            .flags
            .iter()
            .map(|(flag, _)| (*flag).to_owned())
            .collect();
        flags.extend(arguments.letters.iter().map(|(letter, _)| format!("-{letter}")));
        let operands: Vec<_> = arguments.operands.iter().map(|word| &*word.text).collect();
        let options: Vec<_> = arguments
            .options
            .iter()
            .map(|(name, _, value, _)| format!("{name}:{value}"))
            .collect();
        format!(
            "{} | {} | {}",
            flags.join(" "),
            operands.join(" "),
            options.join(" ")
        )
    }

    #[test]
    fn flags_operands_and_options_are_told_apart() {
        for (text, parts) in [
            (
                "apt-get -qy install -t bookworm-backports curl=1",
                "-qy -t -q -y | install curl=1 | -t:bookworm-backports",
            ),
            ("apt-get -o Acquire::x=1 update", "-o | update | -o:Acquire::x=1"),
            (
                "pip install --no-cache-dir -r req.txt --index-url=https://x y",
                "--no-cache-dir -r --index-url=https://x --index-url | install y | -r:req.txt --index-url:https://x",
            ),
            (
                "curl -fsSLo /x https://y",
                "-fsSLo -f -s -S -L -o | https://y | -o:/x",
            ),
            ("curl -k -- -x", "-k | -x | "),
            (
                "go build -ldflags \"-s -w\" ./...",
                "-ldflags | build ./... | -ldflags:-s -w",
            ),
            (
                "git -C /x clone --depth=1 u",
                "-C --depth=1 --depth | clone u | -C:/x --depth:1",
            ),
            ("make -j4 -", "-j4 -j -4 | - | "),
            ("cargo +nightly install x", " | install x | "),
        ] {
            assert_eq!(told(text), parts, "{text}");
        }
    }
}
