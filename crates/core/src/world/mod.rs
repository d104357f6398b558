//! What is known of all objects together: small facts, not trees.

use crate::algebra::Truth;
use crate::document::Location;
use crate::{Object, ObjectRef};
use hardtack_tree::Node;
use std::sync::Arc;

/// Everything that was read, as far as rules about several objects need it.
#[derive(Debug, Default)]
pub struct World {
    facts: Vec<Fact>,
}

/// What one object is to others.
#[derive(Debug)]
pub struct Fact {
    /// Where a finding about it points.
    pub place: Place,
}

/// Where a finding about an object as a whole points.
#[derive(Clone, Debug)]
pub struct Place {
    /// In its file.
    pub location: Location,
    /// The object.
    pub object: Arc<ObjectRef>,
    /// RFC 6901 pointer in the object.
    pub path: Box<str>,
}

/// A rule about several objects, broken.
#[derive(Debug)]
pub struct WorldFailure {
    /// [`Truth::No`] or [`Truth::Unknown`].
    pub truth: Truth,
    /// Where.
    pub place: Place,
    /// What is there, and what must be.
    pub message: String,
}

impl Fact {
    /// What an object is to others; `None` where no rule about several objects asks for its kind.
    pub fn of(object: &Object<'_>, pods: &[Node<'_>], place: impl Fn(Node<'_>) -> Place) -> Option<Self> {
        let _ = (object, pods, place);
        None
    }
}

impl World {
    /// Adds what is known of one more object. Facts come in the order of the input.
    pub fn add(&mut self, fact: Fact) {
        self.facts.push(fact);
    }
}
