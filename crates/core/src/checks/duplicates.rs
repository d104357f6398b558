//! Objects that are defined twice.

use crate::algebra::Parameters;
use crate::world::{Origin, World, WorldFailure};
use rustc_hash::FxHashMap;

/// No object is defined twice in a file. In several files it may be meant for several clusters.
pub fn duplicate_object(world: &World, _: &Parameters) -> Vec<WorldFailure> {
    let mut first: FxHashMap<(&str, &str, &str, &str, &str), &Origin> = FxHashMap::default();
    let mut failures = Vec::new();
    for origin in world.origins().iter().filter(|origin| !origin.name().is_empty()) {
        let key = (
            &*origin.file,
            origin.group(),
            &*origin.object.kind,
            origin.namespace(),
            origin.name(),
        );
        if let Some(other) = first.insert(key, origin) {
            let line = other.at(&other.here).location.start.line;
            let message = format!(
                "{} `{}` is defined in line {line} already",
                origin.object.kind,
                origin.name()
            );
            failures.push(WorldFailure::fail(origin, &origin.here, message));
        }
    }
    failures
}
