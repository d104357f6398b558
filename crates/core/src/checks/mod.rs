//! Predicates that the algebra can't say. Each has the name of its rule; its words stand in the rule's file.

mod grants;

pub use grants::Grants;

use crate::algebra::{Failure, Parameters, Scope};
use crate::world::{Wanted, World, WorldFailure};

/// A predicate of one item: where it does not hold.
pub type Local = for<'a> fn(&Scope<'a>) -> Vec<Failure<'a>>;

/// A predicate of everything that was scanned: where it does not hold. It is given the values of the rule's parameters.
pub type Global = fn(&World, &Parameters) -> Vec<WorldFailure>;

/// How a rule with `check: builtin` is checked.
#[derive(Clone, Copy, Debug)]
pub enum Builtin {
    /// Each item alone.
    Local(Local),
    /// All objects together, after the last was read, by these facts.
    Global(Global, Wanted),
}

/// The predicates, by the id of their rule.
const TABLE: &[(&str, Builtin)] = &[];

/// The predicate of that rule.
pub fn find(id: &str) -> Option<Builtin> {
    TABLE
        .iter()
        .find(|(name, _)| *name == id)
        .map(|(_, builtin)| *builtin)
}
