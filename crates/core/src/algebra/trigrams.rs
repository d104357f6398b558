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
pub(super) struct Needs {
    words: Vec<Box<[Gram]>>,
    /// Texts so long may match without any of the words.
    or_length: usize,
}

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
        if text.len() >= needs.or_length {
            return true;
        }
        let mut known = self.0.borrow_mut();
        let place = known.place(node, text);
        let words = known.words.get(place.start as usize..).unwrap_or_default();
        let has = |gram: Gram| {
            let bit = usize::from(gram & place.mask);
            words.get(bit / 64).is_none_or(|word| word & 1 << (bit % 64) != 0)
        };
        let mut words = needs.words.iter();
        words.any(|grams| grams.iter().all(|gram| has(*gram)))
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

/// A word in symbols; what comes after the first twelve would say no more.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Word {
    symbols: [u8; LONGEST],
    len: usize,
}

/// One of these words, or a text of at least that length.
#[derive(Clone, Debug)]
struct Need {
    words: Vec<Word>,
    or_length: usize,
}

/// So many words a pattern may need; with more, it is quicker to search.
const MOST: usize = 96;
/// So many spellings a part may have before it is taken as several parts.
const SPELLINGS: usize = 24;
/// So many symbols a class may have of which each is a spelling: white space has six.
const SYMBOLS: usize = 6;
const LONGEST: usize = 12;
/// Most texts are shorter.
const LONG: usize = 48;

impl Word {
    fn symbols(&self) -> impl Iterator<Item = u8> {
        self.symbols.into_iter().take(self.len)
    }

    fn of(symbols: impl Iterator<Item = u8>) -> Self {
        let mut word = Self::default();
        for (slot, symbol) in word.symbols.iter_mut().zip(symbols) {
            *slot = symbol;
            word.len += 1;
        }
        word
    }
}

impl Needs {
    /// What a pattern needs; `None` where it may occur in a text that has nothing in particular.
    pub(super) fn of(hir: &Hir) -> Option<Self> {
        let need = Part::of(hir).need()?;
        let words = need.words.iter().map(|word| grams(word.symbols()).collect());
        Some(Self {
            words: words.collect(),
            or_length: need.or_length,
        })
    }
}

/// What is known of a part of a pattern.
enum Part {
    /// It is one of these, and nothing else.
    Exact(Vec<Word>),
    /// It is one of these, then another, and so on.
    Repeated(Vec<Word>),
    /// What matches it has one of these in it, if that is known.
    Needs(Option<Need>),
}

impl Part {
    fn of(hir: &Hir) -> Self {
        match hir.kind() {
            HirKind::Empty | HirKind::Look(_) => Part::Exact(vec![Word::default()]),
            HirKind::Literal(literal) => {
                let word = Word::of(literal.0.iter().copied().map(symbol));
                if word.len == literal.0.len() {
                    Part::Exact(vec![word])
                } else {
                    Part::Needs(words(vec![word]))
                }
            }
            HirKind::Class(class) => Self::of_class(class),
            HirKind::Capture(capture) => Self::of(&capture.sub),
            HirKind::Repetition(repetition) => {
                match (Self::of(&repetition.sub), repetition.min, repetition.max) {
                    (part, 1, Some(1)) => part,
                    (Part::Exact(mut words), 0, Some(1)) if words.len() < SPELLINGS => {
                        words.push(Word::default());
                        Part::Exact(words)
                    }
                    (_, 0, _) => Part::Needs(None),
                    (Part::Exact(words), _, _) => Part::Repeated(words),
                    (part, _, _) => Part::Needs(part.need()),
                }
            }
            HirKind::Concat(parts) => Self::one_after_the_other(parts),
            HirKind::Alternation(parts) => Self::one_of(parts),
        }
    }

    fn of_class(class: &Class) -> Self {
        let mut symbols: Vec<u8> = Vec::new();
        let mut add = |start: u8, end: u8| {
            for byte in start..=end {
                if symbols.len() <= SYMBOLS && !symbols.contains(&symbol(byte)) {
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
        if symbols.len() <= SYMBOLS {
            let words = symbols.into_iter();
            Part::Exact(words.map(|symbol| Word::of(std::iter::once(symbol))).collect())
        } else {
            Part::Needs(None)
        }
    }

    /// Of all runs of exact parts, and of all others, the one that is needed and says most.
    fn one_after_the_other(parts: &[Hir]) -> Self {
        let mut run = vec![Word::default()];
        let mut best: Option<Need> = None;
        let mut exact = true;
        for part in parts {
            match Self::of(part) {
                Part::Exact(spellings) => {
                    if let Some(longer) = followed(&run, &spellings) {
                        run = longer;
                        continue;
                    }
                    exact = false;
                    best = better(best, words(std::mem::replace(&mut run, spellings)));
                }
                // The first of them ends the run, and the last begins the next.
                Part::Repeated(spellings) => {
                    exact = false;
                    let longer = followed(&run, &spellings);
                    best = better(best, words(longer.unwrap_or(run)));
                    run = spellings;
                }
                Part::Needs(need) => {
                    exact = false;
                    best = better(best, words(std::mem::replace(&mut run, vec![Word::default()])));
                    best = better(best, need);
                }
            }
        }
        if exact {
            Part::Exact(run)
        } else {
            Part::Needs(better(best, words(run)))
        }
    }

    fn one_of(alternatives: &[Hir]) -> Self {
        let parts: Vec<_> = alternatives.iter().map(Self::of).collect();
        let spellings = parts.iter().try_fold(0, |count, part| match part {
            Part::Exact(words) => Some(count + words.len()).filter(|count| *count <= SPELLINGS),
            _ => None,
        });
        let mut all = Need {
            words: Vec::new(),
            or_length: usize::MAX,
        };
        for (part, alternative) in parts.into_iter().zip(alternatives) {
            match part {
                Part::Exact(words) if spellings.is_some() => all.words.extend(words),
                part => match (part.need(), alternative.properties().minimum_len()) {
                    (Some(need), _) => {
                        all.words.extend(need.words);
                        all.or_length = all.or_length.min(need.or_length);
                    }
                    (None, Some(length)) if length >= LONG => all.or_length = all.or_length.min(length),
                    _ => return Part::Needs(None),
                },
            }
        }
        match spellings {
            Some(_) => Part::Exact(all.words),
            None => Part::Needs(Some(all).filter(|need| need.words.len() <= MOST)),
        }
    }

    fn need(self) -> Option<Need> {
        match self {
            Part::Exact(spellings) | Part::Repeated(spellings) => words(spellings),
            Part::Needs(need) => need,
        }
    }
}

/// All words of the first followed by all of the second, where these are few and short.
fn followed(first: &[Word], second: &[Word]) -> Option<Vec<Word>> {
    let longest = |words: &[Word]| words.iter().map(|word| word.len).max().unwrap_or_default();
    if first.len() * second.len() > SPELLINGS || longest(first) + longest(second) > LONGEST {
        return None;
    }
    let mut all = Vec::with_capacity(first.len() * second.len());
    for start in first {
        let ends = second.iter();
        all.extend(ends.map(|end| Word::of(start.symbols().chain(end.symbols()))));
    }
    Some(all)
}

/// The need of one of these words, unless one has less than a trigram.
fn words(words: Vec<Word>) -> Option<Need> {
    let useful = words.len() <= MOST && words.iter().all(|word| word.len >= 3);
    useful.then_some(Need {
        words,
        or_length: usize::MAX,
    })
}

/// The one that says more: whose shortest word is longer, or that has fewer of them.
fn better(best: Option<Need>, other: Option<Need>) -> Option<Need> {
    let rank = |need: &Need| {
        let shortest = need.words.iter().map(|word| word.len).min().unwrap_or(3);
        (shortest.min(6), std::cmp::Reverse(need.words.len()))
    };
    match (best, other) {
        (Some(best), Some(other)) if rank(&best) < rank(&other) => Some(other),
        (None, other) => other,
        (best, _) => best,
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
            (r"^\s*(?:listener\s+){2,}tcp", "the listener\t", "the speaker"),
            (r"sh\s+-i|eval", "sh \t-i", "shell -i"),
            (r"\b[48][0-9A-Z]{93}\b|nicehash", "nicehash", "0x1234"),
            ("é+lan[gG]", "ééLANG", "xlang"),
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
