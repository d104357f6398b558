//! Variables where Docker itself expands them, and what is known of their values.
//! Source: the `shell` package of BuildKit's Dockerfile frontend.

use rustc_hash::FxHashMap;
use std::rc::Rc;

/// Arguments that BuildKit gives to every build, and whose value depends on where it runs.
pub(super) const PLATFORM_ARGS: [&str; 8] = [
    "BUILDPLATFORM",
    "BUILDOS",
    "BUILDARCH",
    "BUILDVARIANT",
    "TARGETPLATFORM",
    "TARGETOS",
    "TARGETARCH",
    "TARGETVARIANT",
];

/// How deep `${A:-${B:-...}}` may nest.
const DEEPEST: usize = 16;
/// A longer value is left as it is written.
const LONGEST: usize = 1 << 16;

/// What is known of a variable.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Binding {
    /// This text.
    Value(Rc<str>),
    /// An `ARG` without default: nothing, unless the build is told.
    Declared,
    /// Nothing: it was never set.
    Unset,
    /// Depends on something outside of the file.
    Unknown,
}

/// What is wrong with a word, and at which of its bytes.
#[derive(Debug, PartialEq)]
pub(super) struct Fault {
    pub(super) at: usize,
    pub(super) message: &'static str,
}

impl Fault {
    fn quote(at: usize) -> Self {
        Self {
            at,
            message: "a quote begins here that nothing closes",
        }
    }

    fn brace(at: usize) -> Self {
        Self {
            at,
            message: "a `${` begins here that nothing closes",
        }
    }
}

/// The variables at one place of the file.
#[derive(Clone, Debug)]
pub(super) struct Environment {
    known: Rc<FxHashMap<Rc<str>, Binding>>,
    /// What a variable is that was never set.
    otherwise: Binding,
}

impl Environment {
    /// No variables but the `platform` arguments; any other is `otherwise`.
    pub(super) fn new(otherwise: Binding) -> Self {
        let known = PLATFORM_ARGS
            .iter()
            .map(|name| (Rc::from(*name), Binding::Unknown));
        Self {
            known: Rc::new(known.collect()),
            otherwise,
        }
    }

    /// Of a place where nothing is known, such as an instruction that another build will run.
    pub(super) fn unknown() -> Self {
        Self {
            known: Rc::default(),
            otherwise: Binding::Unknown,
        }
    }

    pub(super) fn set(&mut self, name: &str, binding: Binding) {
        Rc::make_mut(&mut self.known).insert(name.into(), binding);
    }

    pub(super) fn get(&self, name: &str) -> Option<&Binding> {
        self.known.get(name)
    }

    fn lookup(&self, name: &str) -> &Binding {
        self.known.get(name).unwrap_or(&self.otherwise)
    }
}

/// A word after expansion.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Expanded {
    /// Without quotes; what is not known stands in it as it was written.
    pub(super) text: String,
    pub(super) unresolved: bool,
}

/// Expands words as Docker does, as long as there is room for what comes out.
#[derive(Debug)]
pub(super) struct Expander {
    pub(super) escape: char,
    /// How many bytes all values together may still grow by.
    room: usize,
}

impl Expander {
    /// For a file of that many bytes.
    pub(super) fn new(escape: char, file: usize) -> Self {
        Self {
            escape,
            room: file.saturating_mul(4).saturating_add(1 << 20),
        }
    }

    /// The value of `word`: quotes are taken away and variables replaced.
    pub(super) fn expand(&mut self, word: &str, environment: &Environment) -> Result<Expanded, Fault> {
        if !word.contains(['\'', '"', '$', self.escape]) {
            return Ok(Expanded {
                text: word.to_owned(),
                unresolved: false,
            });
        }
        let mut walk = Walk {
            word,
            at: 0,
            escape: self.escape,
            environment,
            out: Expanded::default(),
            depth: 0,
        };
        walk.until(None)?;
        let mut out = walk.out;
        let growth = out.text.len().saturating_sub(word.len());
        if growth > self.room || (growth > 0 && out.text.len() > LONGEST) {
            out = Expanded {
                text: word.to_owned(),
                unresolved: true,
            };
        } else {
            self.room -= growth;
        }
        Ok(out)
    }
}

struct Walk<'w> {
    word: &'w str,
    at: usize,
    escape: char,
    environment: &'w Environment,
    out: Expanded,
    depth: usize,
}

impl Walk<'_> {
    fn peek(&self) -> Option<char> {
        self.word.get(self.at..)?.chars().next()
    }

    fn take(&mut self) -> Option<char> {
        let character = self.peek()?;
        self.at += character.len_utf8();
        Some(character)
    }

    fn until(&mut self, stop: Option<char>) -> Result<(), Fault> {
        while let Some(character) = self.peek() {
            if Some(character) == stop {
                return Ok(());
            }
            let start = self.at;
            self.at += character.len_utf8();
            match character {
                '\'' => match self.word.get(self.at..).and_then(|rest| rest.find('\'')) {
                    Some(length) => {
                        let end = self.at + length;
                        self.out
                            .text
                            .push_str(self.word.get(self.at..end).unwrap_or_default());
                        self.at = end + 1;
                    }
                    None => return Err(Fault::quote(start)),
                },
                '"' => self.double(start)?,
                '$' => self.dollar()?,
                other if other == self.escape => {
                    let next = self.take();
                    self.out.text.extend(next);
                }
                other => self.out.text.push(other),
            }
        }
        Ok(())
    }

    fn double(&mut self, start: usize) -> Result<(), Fault> {
        loop {
            match self.take() {
                None => return Err(Fault::quote(start)),
                Some('"') => return Ok(()),
                Some('$') => self.dollar()?,
                Some(character) if character == self.escape => match self.peek() {
                    Some(next) if next == '"' || next == '$' || next == self.escape => {
                        self.take();
                        self.out.text.push(next);
                    }
                    _ => self.out.text.push(character),
                },
                Some(character) => self.out.text.push(character),
            }
        }
    }

    /// What comes after a `$`.
    fn dollar(&mut self) -> Result<(), Fault> {
        let start = self.at - 1;
        if self.peek() != Some('{') {
            let name = self.name();
            if name.is_empty() {
                self.out.text.push('$');
                return Ok(());
            }
            self.value(&name, start);
            return Ok(());
        }
        self.at += 1;
        let name = self.name();
        let mut modifier = self.take();
        let colon = modifier == Some(':');
        if colon {
            modifier = self.take();
        }
        match modifier {
            Some('}') if !colon && !name.is_empty() => self.value(&name, start),
            Some(sign @ ('-' | '+')) if !name.is_empty() && self.depth < DEEPEST => {
                let alternative = self.alternative(start)?;
                self.choose(&name, colon, sign == '+', alternative, start);
            }
            // `?`, `#`, `%` and `/`: what they make of the value is not worth knowing here.
            _ => self.leave(start)?,
        }
        Ok(())
    }

    /// The word after `:-` and its like, up to the closing brace.
    fn alternative(&mut self, start: usize) -> Result<Expanded, Fault> {
        let outer = std::mem::take(&mut self.out);
        self.depth += 1;
        let result = self.until(Some('}'));
        self.depth -= 1;
        let inner = std::mem::replace(&mut self.out, outer);
        result?;
        self.take().map(|_| inner).ok_or(Fault::brace(start))
    }

    fn choose(&mut self, name: &str, colon: bool, plus: bool, alternative: Expanded, start: usize) {
        let set = match self.environment.lookup(name) {
            Binding::Unknown => return self.keep(start),
            Binding::Declared | Binding::Unset => false,
            Binding::Value(value) => !(colon && value.is_empty()),
        };
        if set == plus {
            self.out.text.push_str(&alternative.text);
            self.out.unresolved |= alternative.unresolved;
        } else if set {
            self.value(name, start);
        }
    }

    fn value(&mut self, name: &str, start: usize) {
        match self.environment.lookup(name) {
            Binding::Value(value) if self.out.text.len() <= LONGEST => self.out.text.push_str(value),
            Binding::Unset => {}
            _ => self.keep(start),
        }
    }

    /// Leaves everything from `start` on as it is written.
    fn keep(&mut self, start: usize) {
        self.out
            .text
            .push_str(self.word.get(start..self.at).unwrap_or_default());
        self.out.unresolved = true;
    }

    /// Leaves a `${...}` that is not read as it is written.
    fn leave(&mut self, start: usize) -> Result<(), Fault> {
        if !self.word.get(..self.at).is_some_and(|read| read.ends_with('}')) {
            let rest = self.word.get(self.at..).unwrap_or_default();
            self.at += rest.find('}').ok_or(Fault::brace(start))? + 1;
        }
        self.keep(start);
        Ok(())
    }

    fn name(&mut self) -> String {
        let rest = self.word.get(self.at..).unwrap_or_default();
        let count = |fits: fn(char) -> bool| rest.find(|other| !fits(other)).unwrap_or(rest.len());
        let length = match rest.chars().next() {
            Some('0'..='9') => count(|digit| digit.is_ascii_digit()),
            Some(first) if first == '_' || first.is_alphabetic() => {
                count(|letter| letter == '_' || letter.is_alphanumeric())
            }
            Some('@' | '*' | '#' | '?' | '-' | '$' | '!') => 1,
            _ => 0,
        };
        self.at += length;
        rest.get(..length).unwrap_or_default().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expand(word: &str) -> Expanded {
        let mut environment = Environment::new(Binding::Unknown);
        environment.set("A", Binding::Value("one".into()));
        environment.set("E", Binding::Value("".into()));
        environment.set("D", Binding::Declared);
        Expander::new('\\', 1000).expand(word, &environment).unwrap()
    }

    #[test]
    fn what_is_known_is_replaced() {
        for (word, value) in [
            ("$A/${A}x", "one/onex"),
            (r"\$A '$A' \'", "$A $A '"),
            (r#""a\b $A \" \$A""#, r#"a\b one " $A"#),
            ("${A:-x}${A-x}${A:+y}", "oneoney"),
            ("${E:-x}|${E-x}|${E:+y}|${E+y}", "x|||y"),
            ("${D:-1.2}|${D:-${E:-${A}}}", "1.2|one"),
            ("a$", "a$"),
            ("50% $.", "50% $."),
        ] {
            assert_eq!(
                expand(word),
                Expanded {
                    text: value.into(),
                    unresolved: false
                },
                "{word}"
            );
        }
    }

    #[test]
    fn what_is_not_known_stays_as_written() {
        for (word, value) in [
            ("$A-$X", "one-$X"),
            ("${D}", "${D}"),
            ("${TARGETARCH:-amd64}", "${TARGETARCH:-amd64}"),
            ("${X:+y}z", "${X:+y}z"),
            ("${A%e}z", "${A%e}z"),
            ("${}", "${}"),
            ("$1", "$1"),
        ] {
            assert_eq!(
                expand(word),
                Expanded {
                    text: value.into(),
                    unresolved: true
                },
                "{word}"
            );
        }
    }

    #[test]
    fn what_nothing_closes_is_an_error_where_it_begins() {
        let fault = |word: &str| {
            let found = Expander::new('\\', 0).expand(word, &Environment::unknown());
            found.map_err(|fault| fault.at).unwrap_err()
        };
        assert_eq!(
            [
                fault("ab\"c"),
                fault("'c"),
                fault("a${B"),
                fault("a${B:-c"),
                fault("${B%c")
            ],
            [2, 0, 1, 1, 0]
        );
    }

    #[test]
    fn what_was_never_set_is_nothing() {
        let environment = Environment::new(Binding::Unset);
        let found = Expander::new('\\', 0).expand("a${B-c}${B+d}$B", &environment);
        assert_eq!(found.unwrap().text, "ac");
    }

    #[test]
    fn values_do_not_grow_without_end() {
        let mut environment = Environment::new(Binding::Unknown);
        let mut expander = Expander::new('\\', 100);
        environment.set("A", Binding::Value("x".repeat(100).into()));
        for _ in 0..40 {
            let twice = expander.expand("$A$A$A$A", &environment).unwrap();
            let binding = if twice.unresolved {
                Binding::Unknown
            } else {
                Binding::Value(twice.text.into())
            };
            environment.set("A", binding);
        }
        assert_eq!(environment.get("A"), Some(&Binding::Unknown));
    }
}
