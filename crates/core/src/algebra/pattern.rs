//! Regular expressions, as rules use them: does it occur in this text?
//!
//! Rules have several hundred patterns, most of them short, and a scan of one file must not wait for all of them to be
//! compiled. So a pattern is compiled when it is first asked, to the least that answers the question: a list of words
//! where it means nothing else (`^(a|b)$`), else a lazily built automaton without captures that runs in linear time.
//! That one waits until a text comes along that has the words the pattern needs.

use super::trigrams::{Needs, Texts};
use hardtack_tree::NodeId;
use regex_automata::hybrid::dfa::{Cache, DFA};
use regex_automata::nfa::thompson::{self, WhichCaptures, pikevm::PikeVM};
use regex_automata::util::pool::Pool;
use regex_automata::{Anchored, Input};
use regex_syntax::hir::{Hir, HirKind, Look, literal::Extractor};
use std::fmt;
use std::sync::{Arc, OnceLock};

/// A regular expression, compiled when it is first needed. Copies share what was compiled.
///
/// The syntax is that of the `regex` crate. A pattern of ASCII characters matches bytes: `\w`, `\b` and `(?i)` are about
/// ASCII, unless it says `(?u)`.
#[derive(Clone, Debug)]
pub struct Pattern(Arc<Source>);

#[derive(Debug)]
struct Source {
    text: Box<str>,
    compiled: OnceLock<Matcher>,
}

/// What answers whether a pattern occurs.
enum Matcher {
    /// The text is, begins with, ends with or has one of the words.
    Words(Place, Vec<Box<[u8]>>),
    Automaton(Lazy),
    /// The pattern is wrong, which [`Pattern::check`] told.
    Nothing,
}

/// An automaton that is built when it is first asked.
struct Lazy {
    hir: Hir,
    /// Words without which it need not be asked.
    needs: Option<Needs>,
    /// `None` where the pattern is wrong.
    automaton: OnceLock<Option<Box<Automaton>>>,
}

#[derive(Clone, Copy)]
enum Place {
    Whole,
    Start,
    End,
    Anywhere,
}

struct Automaton {
    dfa: DFA,
    caches: Pool<Cache, Box<dyn Fn() -> Cache + Send + Sync>>,
    /// For what a DFA can't do: word boundaries of Unicode in a text that is not ASCII.
    slow: OnceLock<Option<PikeVM>>,
}

impl fmt::Debug for Matcher {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Matcher::Words(..) => "Words",
            Matcher::Automaton(_) => "Automaton",
            Matcher::Nothing => "Nothing",
        })
    }
}

/// So many words are compared one by one; with more an automaton is faster.
const MOST_WORDS: usize = 32;

impl Pattern {
    /// A pattern; [`Pattern::check`] says whether it is right.
    pub fn new(source: &str) -> Self {
        Self(Arc::new(Source {
            text: source.into(),
            compiled: OnceLock::new(),
        }))
    }

    /// What is wrong with the pattern, if anything.
    pub fn check(&self) -> Result<(), String> {
        let hir = parse(&self.0.text)?;
        match Automaton::new(&hir) {
            Some(_) => Ok(()),
            None => Err("the pattern is too large once it is compiled".into()),
        }
    }

    /// The pattern as it was written.
    pub fn source(&self) -> &str {
        &self.0.text
    }

    /// Whether the pattern occurs in `text`.
    pub fn is_match(&self, text: &str) -> bool {
        self.matcher().is_match(text.as_bytes())
    }

    /// The same of the text of a node, of which `texts` may know that it does not.
    pub(super) fn is_in(&self, node: NodeId, text: &str, texts: &Texts) -> bool {
        let matcher = self.matcher();
        matcher
            .needs()
            .is_none_or(|needs| texts.may_have(node, text, needs))
            && matcher.is_match(text.as_bytes())
    }

    fn matcher(&self) -> &Matcher {
        self.0.compiled.get_or_init(|| Matcher::of(&self.0.text))
    }
}

fn parse(text: &str) -> Result<Hir, String> {
    regex_syntax::ParserBuilder::new()
        .unicode(!text.is_ascii())
        .utf8(false)
        .build()
        .parse(text)
        .map_err(|error| error.to_string())
}

impl Matcher {
    fn of(text: &str) -> Self {
        let Ok(hir) = parse(text) else {
            return Matcher::Nothing;
        };
        if let Some((place, words)) = words(&hir) {
            return Matcher::Words(place, words);
        }
        Matcher::Automaton(Lazy {
            needs: Needs::of(&hir),
            hir,
            automaton: OnceLock::new(),
        })
    }

    fn needs(&self) -> Option<&Needs> {
        match self {
            Matcher::Automaton(lazy) => lazy.needs.as_ref(),
            _ => None,
        }
    }

    fn is_match(&self, text: &[u8]) -> bool {
        match self {
            Matcher::Words(place, words) => words.iter().any(|word| match place {
                Place::Whole => text == &**word,
                Place::Start => text.starts_with(word),
                Place::End => text.ends_with(word),
                Place::Anywhere => memchr::memmem::find(text, word).is_some(),
            }),
            Matcher::Automaton(lazy) => lazy.is_match(text),
            Matcher::Nothing => false,
        }
    }
}

impl Lazy {
    fn is_match(&self, text: &[u8]) -> bool {
        let build = || Automaton::new(&self.hir).map(Box::new);
        let automaton = self.automaton.get_or_init(build);
        automaton
            .as_ref()
            .is_some_and(|automaton| automaton.is_match(text))
    }
}

/// The words that a pattern stands for, if it stands for nothing but some words.
fn words(hir: &Hir) -> Option<(Place, Vec<Box<[u8]>>)> {
    // What has no longest match is no list of words, which is quicker told than found out.
    hir.properties().maximum_len()?;
    let parts: &[Hir] = match hir.kind() {
        HirKind::Concat(parts) => parts,
        _ => std::slice::from_ref(hir),
    };
    let is = |part: Option<&Hir>, look: Look| part.is_some_and(|part| *part.kind() == HirKind::Look(look));
    let start = usize::from(is(parts.first(), Look::Start));
    let end = usize::from(parts.len() > start && is(parts.last(), Look::End));
    let middle = Hir::concat(parts.get(start..parts.len() - end)?.to_vec());
    if !middle.properties().look_set().is_empty() {
        return None;
    }
    let found = Extractor::new()
        .limit_total(MOST_WORDS)
        .limit_class(8)
        .extract(&middle);
    if !found.is_exact() {
        return None;
    }
    let words: Vec<Box<[u8]>> = found
        .literals()?
        .iter()
        .map(|word| word.as_bytes().into())
        .collect();
    let place = match (start, end) {
        (1, 1) => Place::Whole,
        (1, _) => Place::Start,
        (_, 1) => Place::End,
        _ => Place::Anywhere,
    };
    (words.len() <= MOST_WORDS).then_some((place, words))
}

impl Automaton {
    /// `None` where the pattern is larger than 2 MB once compiled.
    fn new(hir: &Hir) -> Option<Self> {
        const LARGEST: usize = 2 << 20;
        let config = thompson::Config::new()
            .utf8(false)
            .which_captures(WhichCaptures::None)
            .nfa_size_limit(Some(LARGEST));
        let nfa = thompson::Compiler::new()
            .configure(config)
            .build_from_hir(hir)
            .ok()?;
        let dfa = DFA::builder()
            .configure(
                DFA::config()
                    .unicode_word_boundary(true)
                    .skip_cache_capacity_check(true),
            )
            .build_from_nfa(nfa)
            .ok()?;
        let own = dfa.clone();
        Some(Self {
            dfa,
            caches: Pool::new(Box::new(move || own.create_cache())),
            slow: OnceLock::new(),
        })
    }

    fn is_match(&self, text: &[u8]) -> bool {
        let input = Input::new(text).earliest(true).anchored(Anchored::No);
        match self.dfa.try_search_fwd(&mut self.caches.get(), &input) {
            Ok(found) => found.is_some(),
            Err(_) => self.is_match_slowly(&input),
        }
    }

    fn is_match_slowly(&self, input: &Input<'_>) -> bool {
        let build = || PikeVM::builder().build_from_nfa(self.dfa.get_nfa().clone()).ok();
        match self.slow.get_or_init(build) {
            Some(machine) => machine.is_match(&mut machine.create_cache(), input.clone()),
            None => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(pattern: &str) -> String {
        format!("{:?}", Matcher::of(pattern))
    }

    #[test]
    fn a_pattern_that_is_only_words_needs_no_automaton() {
        for pattern in [
            "^latest$",
            "^(a|b|)$",
            "@latest$",
            "pipefail",
            "^/run/secrets/",
            "^v1(alpha|beta)1$",
        ] {
            assert_eq!(kind(pattern), "Words", "{pattern}");
        }
        for pattern in ["(?i)^overlong$", r"\bgit\b", "^a+$", "^a|b$", "(?m)^a$", "^.*$"] {
            assert_eq!(kind(pattern), "Automaton", "{pattern}");
        }
    }

    #[test]
    fn both_kinds_say_what_a_regular_expression_says() {
        for (pattern, yes, no) in [
            ("^latest$", &["latest"][..], &["latest1", "xlatest", ""][..]),
            ("^(a|b|)$", &["", "a", "b"], &["ab", "c"]),
            ("@latest$", &["x@latest"], &["@latest1"]),
            (
                "(?i)^(http|ftp)://",
                &["HTTP://x", "ftp://"],
                &["xhttp://", "https://"],
            ),
            (r"\bgit\b", &["a git b", "git"], &["digit", "gits"]),
            ("^a|b$", &["ax", "xb"], &["xa", "bx"]),
            ("^$", &[""], &["a"]),
            (r"^\d{1,3}$", &["1", "123"], &["", "1234", "a"]),
            ("é+", &["caféé"], &["cafe"]),
            (r"(?u)\bé\b", &["x é y"], &["éa"]),
        ] {
            let pattern = Pattern::new(pattern);
            assert_eq!(pattern.check(), Ok(()));
            for text in yes {
                assert!(pattern.is_match(text), "{} in `{text}`", pattern.source());
            }
            for text in no {
                assert!(!pattern.is_match(text), "{} in `{text}`", pattern.source());
            }
        }
    }

    #[test]
    fn a_wrong_pattern_is_told_and_matches_nothing() {
        for pattern in ["(", "[a", "a{100000000}", r"\w{1000}{1000}"] {
            assert!(Pattern::new(pattern).check().is_err(), "{pattern}");
            assert!(!Pattern::new(pattern).is_match("a"));
        }
    }
}
