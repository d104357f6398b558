//! The language of rules: a closed set of words, each of which knows how to check, where to point, what edit
//! would satisfy it and how it reads in English.
//!
//! A rule's `require`, `where` and `unless` are formulas. A formula is a map from paths to tests, all of which
//! must hold; `any`, `all` and `not` combine formulas.

mod edits;
mod english;
mod eval;
mod parse;
mod patch;
mod pattern;
mod trigrams;

pub use edits::Edit;
pub(crate) use edits::written;
pub use english::describe;
pub(crate) use english::shorten as shortened;
pub(crate) use eval::Asked;
pub use eval::{Failure, Scope, Truth};
pub use parse::{Parameters, Patterns, WORDS, parse};
pub use patch::{PatchKind, PatchOp};
pub use pattern::Pattern;
pub use trigrams::Texts;

use crate::path::{Root, Segment};
use serde_json::Value;

/// What must hold of a place in a tree.
#[derive(Clone, Debug)]
pub enum Formula {
    /// All hold.
    All(Vec<Formula>),
    /// At least one holds.
    Any(Vec<Formula>),
    /// It does not hold.
    Not(Box<Formula>),
    /// It holds at the end of a path.
    Field(Field),
    /// A test of the place itself.
    Test(Test),
}

/// A path and what must hold at its end.
#[derive(Clone, Debug)]
pub struct Field {
    /// What the path starts from.
    pub root: Root,
    /// The keys to follow; empty for the root itself.
    pub keys: Vec<Segment>,
    /// Whether a container that lacks the field takes the pod's.
    pub inherit_pod: bool,
    /// What must hold there.
    pub then: Box<Formula>,
}

/// A test of one place. Those marked *vacuous* hold where the field is absent.
#[derive(Clone, Debug)]
pub enum Test {
    /// `is`: equal to the value.
    Is(Value),
    /// `in`: equal to one of the values.
    In(Vec<Value>),
    /// `notIn` (vacuous): equal to none of the values.
    NotIn(Vec<Value>),
    /// `present: true`: there, and not `null`.
    Present,
    /// `absent: true`: not there, or `null`.
    Absent,
    /// `has`: the list has all of the values.
    Has(Vec<Value>),
    /// `hasNot` (vacuous): the list has none of the values.
    HasNot(Vec<Value>),
    /// `only` (vacuous): the list has no other values.
    Only(Vec<Value>),
    /// `matches`: the text matches the pattern.
    Matches(Pattern),
    /// `notMatches` (vacuous): the text does not match the pattern.
    NotMatches(Pattern),
    /// `min`: a number or quantity not below this.
    Min(Bound),
    /// `max`: a number or quantity not above this.
    Max(Bound),
    /// `atMost`: not above the number or quantity at that path. Vacuous where that one is absent.
    AtMost(Root, Vec<Segment>),
    /// `each` (vacuous): every element of the list, every value of the map.
    Each(Box<Formula>),
    /// `some`: at least one element.
    Some(Box<Formula>),
    /// `keys` (vacuous): the map's keys with a value, taken as a list.
    Keys(Box<Formula>),
    /// `entries` (vacuous): the values of those keys that match the pattern.
    Entries(Pattern, Box<Formula>),
    /// `length`: the number of elements, or of characters of a text.
    Length(Option<u64>, Option<u64>),
    /// `unique` (vacuous): no two elements have the same value at that path.
    Unique(Vec<Segment>),
    /// `isA`: of that kind.
    IsA(Shape),
}

/// A kind of value, as `isA` names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// `string`
    String,
    /// `boolean`
    Boolean,
    /// `integer`
    Integer,
    /// `number`
    Number,
    /// `list`
    List,
    /// `map`
    Map,
}

/// A number or a quantity, with the text it was written as.
#[derive(Clone, Debug)]
pub struct Bound {
    /// The amount in the base unit.
    pub amount: f64,
    /// As the rule writes it; what an edit would write.
    pub written: Value,
}
