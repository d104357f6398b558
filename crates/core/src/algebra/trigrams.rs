//! Which patterns can't occur in a text, told without searching it.
//!
//! Most patterns need one of a few words: `curl|wget`, `password`. A text is asked by many patterns in turn, so its
//! trigrams (three characters in a row, case and the like ignored) are noted once, as bits; a pattern whose words have
//! a trigram that the text lacks is not searched for, and if that holds of all texts, it is never compiled.

use hardtack_tree::NodeId;
use regex_syntax::hir::{Class, Hir, HirKind};
use rustc_hash::FxHashMap;
use std::cell::RefCell;

/// A trigram, mixed so that its low bits differ where any of its characters does.
type Gram = u16;

/// What stands for a byte. Upper and lower case are the same; so are some others, which does no harm.
fn symbol(byte: u8) -> u8 {
    byte & 0x1F
}

fn grams(symbols: impl Iterator<Item = u8>) -> impl Iterator<Item = Gram> {
    let mut three: u32 = 0;
    let all = symbols.map(move |symbol| {
        three = (three << 5 | u32::from(symbol)) & 0x7FFF;
        (three.wrapping_mul(0x9E37_79B1) >> 16) as Gram
    });
    all.skip(2)
}

/// Words of which a text must have one, or the pattern does not occur in it.
#[derive(Debug)]
pub(super) struct Needs(Vec<Box<[Gram]>>);

/// The texts of one tree that were asked for, with what they have.
#[derive(Debug, Default)]
pub struct Texts(RefCell<Known>);

#[derive(Debug, Default)]
struct Known {
    /// Where the bits of each text stand, by the text's node.
    places: FxHashMap<NodeId, Place>,
    last: Option<(NodeId, Place)>,
    words: Vec<u64>,
}

/// The first word, and the number of bits less one: one less than a power of two.
#[derive(Clone, Copy, Debug)]
struct Place {
    start: u32,
    mask: Gram,
}

impl Texts {
    /// Whether the text of that node may have what is needed.
    pub(super) fn may_have(&self, node: NodeId, text: &str, needs: &Needs) -> bool {
        let mut known = self.0.borrow_mut();
        let place = known.place(node, text);
        let words = known.words.get(place.start as usize..).unwrap_or_default();
        let has = |gram: Gram| {
            let bit = usize::from(gram & place.mask);
            words.get(bit / 64).is_none_or(|word| word & 1 << (bit % 64) != 0)
        };
        needs.0.iter().any(|grams| grams.iter().all(|gram| has(*gram)))
    }
}

impl Known {
    fn place(&mut self, node: NodeId, text: &str) -> Place {
        if let Some((last, place)) = self.last
            && last == node
        {
            return place;
        }
        let place = match self.places.get(&node) {
            Some(place) => *place,
            None => {
                let place = self.note(text);
                self.places.insert(node, place);
                place
            }
        };
        self.last = Some((node, place));
        place
    }

    fn note(&mut self, text: &str) -> Place {
        let bits = (text.len() * 8).next_power_of_two().clamp(256, 1 << 15);
        let place = Place {
            start: self.words.len() as u32,
            mask: (bits - 1) as Gram,
        };
        let start = self.words.len();
        self.words.resize(start + bits / 64, 0);
        let words = self.words.get_mut(start..).unwrap_or_default();
        for gram in grams(text.bytes().map(symbol)) {
            let bit = usize::from(gram & place.mask);
            if let Some(word) = words.get_mut(bit / 64) {
                *word |= 1 << (bit % 64);
            }
        }
        place
    }
}

/// Words in symbols.
type Words = Vec<Vec<u8>>;

/// So many words a pattern may need; with more, it is quicker to search.
const MOST: usize = 96;
/// So many spellings a part may have before it is taken as several parts.
const SPELLINGS: usize = 24;
/// Longer words say no more.
const LONGEST: usize = 12;

impl Needs {
    /// What a pattern needs; `None` where it may occur in a text that has nothing in particular.
    pub(super) fn of(hir: &Hir) -> Option<Self> {
        let words = Part::of(hir).needs()?;
        Some(Self(
            words
                .into_iter()
                .map(|word| grams(word.into_iter()).collect())
                .collect(),
        ))
    }
}

/// What is known of a part of a pattern.
enum Part {
    /// It is one of these, and nothing else.
    Exact(Words),
    /// What matches it has one of these in it, if that is known.
    Needs(Option<Words>),
}

impl Part {
    fn of(hir: &Hir) -> Self {
        match hir.kind() {
            HirKind::Empty | HirKind::Look(_) => Part::Exact(vec![Vec::new()]),
            HirKind::Literal(literal) => {
                let mut word: Vec<u8> = literal.0.iter().copied().map(symbol).collect();
                if word.len() <= LONGEST {
                    return Part::Exact(vec![word]);
                }
                word.truncate(LONGEST);
                Part::Needs(Some(vec![word]))
            }
            HirKind::Class(class) => Self::of_class(class),
            HirKind::Capture(capture) => Self::of(&capture.sub),
            HirKind::Repetition(repetition) => {
                match (Self::of(&repetition.sub), repetition.min, repetition.max) {
                    (part, 1, Some(1)) => part,
                    (Part::Exact(mut words), 0, Some(1)) if words.len() < SPELLINGS => {
                        words.push(Vec::new());
                        Part::Exact(words)
                    }
                    (_, 0, _) => Part::Needs(None),
                    (part, _, _) => Part::Needs(part.needs()),
                }
            }
            HirKind::Concat(parts) => Self::one_after_the_other(parts),
            HirKind::Alternation(parts) => Self::one_of(parts),
        }
    }

    fn of_class(class: &Class) -> Self {
        let mut symbols = Vec::new();
        let mut add = |start: u8, end: u8| {
            for byte in start..=end {
                if symbols.len() < 5 && !symbols.contains(&symbol(byte)) {
                    symbols.push(symbol(byte));
                }
            }
        };
        match class {
            Class::Bytes(bytes) => bytes.iter().for_each(|range| add(range.start(), range.end())),
            Class::Unicode(class) => {
                for range in class.iter() {
                    match (u8::try_from(range.start()), u8::try_from(range.end())) {
                        (Ok(start), Ok(end)) if end < 0x80 => add(start, end),
                        _ => return Part::Needs(None),
                    }
                }
            }
        }
        if symbols.len() < 5 {
            Part::Exact(symbols.into_iter().map(|symbol| vec![symbol]).collect())
        } else {
            Part::Needs(None)
        }
    }

    /// Of all runs of exact parts, and of all others, the one that is needed and says most.
    fn one_after_the_other(parts: &[Hir]) -> Self {
        let mut run: Words = vec![Vec::new()];
        let mut best: Option<Words> = None;
        let mut exact = true;
        for part in parts {
            match Self::of(part) {
                Part::Exact(words) => {
                    let longest = |words: &Words| words.iter().map(Vec::len).max().unwrap_or_default();
                    if run.len() * words.len() > SPELLINGS || longest(&run) + longest(&words) > LONGEST {
                        exact = false;
                        best = better(best, std::mem::replace(&mut run, words));
                        continue;
                    }
                    let after = |start: &Vec<u8>| {
                        let start = start.clone();
                        words.iter().map(move |word| [&start[..], word].concat())
                    };
                    run = run.iter().flat_map(after).collect();
                }
                Part::Needs(words) => {
                    exact = false;
                    best = better(best, std::mem::replace(&mut run, vec![Vec::new()]));
                    if let Some(words) = words {
                        best = better(best, words);
                    }
                }
            }
        }
        if exact {
            return Part::Exact(run);
        }
        Part::Needs(better(best, run))
    }

    fn one_of(parts: &[Hir]) -> Self {
        let parts: Vec<_> = parts.iter().map(Self::of).collect();
        let count = |part: &Part| match part {
            Part::Exact(words) => words.len(),
            Part::Needs(_) => usize::MAX / 2,
        };
        if parts.iter().map(count).fold(0, usize::saturating_add) <= SPELLINGS {
            return Part::Exact(
                parts
                    .into_iter()
                    .flat_map(|part| match part {
                        Part::Exact(words) => words,
                        Part::Needs(_) => Vec::new(),
                    })
                    .collect(),
            );
        }
        let needs: Option<Vec<Words>> = parts.into_iter().map(Part::needs).collect();
        Part::Needs(
            needs
                .map(|words| words.concat())
                .filter(|words| words.len() <= MOST),
        )
    }

    fn needs(self) -> Option<Words> {
        match self {
            Part::Exact(words) => better(None, words),
            Part::Needs(words) => words,
        }
    }
}

/// Which of two lists of words says more: whose shortest word is longer. Those with a word of less than a trigram say nothing.
fn better(best: Option<Words>, other: Words) -> Option<Words> {
    let rank = |words: &Words| {
        let shortest = words.iter().map(Vec::len).min().unwrap_or_default();
        (shortest.min(6), std::cmp::Reverse(words.len()))
    };
    let useful = (3..).contains(&rank(&other).0) && other.len() <= MOST;
    match best {
        Some(best) if !useful || rank(&best) >= rank(&other) => Some(best),
        _ if useful => Some(other),
        best => best,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::algebra::Pattern;

    fn needs(pattern: &str) -> Option<Needs> {
        let parsed = regex_syntax::ParserBuilder::new()
            .unicode(!pattern.is_ascii())
            .utf8(false)
            .build()
            .parse(pattern);
        Needs::of(&parsed.unwrap())
    }

    fn may_have(text: &str, pattern: &str) -> bool {
        Texts::default().may_have(NodeId(0), text, &needs(pattern).unwrap())
    }

    #[test]
    fn a_text_without_the_words_of_a_pattern_is_not_searched() {
        for (pattern, has, lacks) in [
            (r"\b(curl|wget|fetch)\b[^|]*\|\s*sh", "x wget y", "echo hello"),
            ("(?i)insecure[-_.]?skip", "--INSECURE_SKIP", "--secure"),
            ("(?i)(a|b)?(pass(wd|word)|token)=", "MY_TOKEN=x", "MY_TOKEN"),
            (r"^\s*(?:listener\s+){2,}tcp", "the listener", "the speaker"),
            ("é+lan[gG]", "xlang", "laxng"),
        ] {
            assert!(may_have(has, pattern), "{pattern}");
            assert!(!may_have(lacks, pattern), "{pattern}");
        }
        for pattern in [
            "a+",
            "",
            "(curl|-d)",
            "(curl)?",
            "[a-z]{3}",
            r"\w\s",
            "ab",
            "(?:password)*",
        ] {
            assert!(needs(pattern).is_none(), "{pattern}");
        }
    }

    #[test]
    fn what_matches_is_never_passed_by() {
        let texts = [
            "",
            "ab",
            "abc",
            "curl -sSL https://x.example/i.sh | sudo bash",
            "PASSWORD=1",
            "my-Api_Key: x",
            "caféé",
            "a\nb",
            &"curl wget ".repeat(9000),
        ];
        for pattern in [
            "curl|wget",
            "(?i)(^|[-_.])(api[-_.]?key|pass(word|wd)?)",
            "(?i)pass",
            "^.*$",
            "f.é",
            "é",
            "(?iu)É+",
            r"\bsudo\s+(ba|z)?sh\b",
            "(?:cu|we)(?:rl|get) ",
            "[aA][bB]([cC])?",
            "(a|ab)(c|bc|)",
            "k?ey",
        ] {
            for text in texts {
                if Pattern::new(pattern).is_match(text)
                    && let Some(needs) = needs(pattern)
                {
                    assert!(
                        Texts::default().may_have(NodeId(0), text, &needs),
                        "{pattern} in {text}"
                    );
                }
            }
        }
    }
}
