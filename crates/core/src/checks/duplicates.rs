//! Objects that are defined twice.

use crate::algebra::{Parameters, Truth};
use crate::world::{Origin, World, WorldFailure};
use rustc_hash::FxHashMap;

/// No object is defined twice in a file. In several files of one folder it may be meant for several clusters.
pub fn duplicate_object(world: &World, _: &Parameters) -> Vec<WorldFailure> {
    let mut first: FxHashMap<(&str, &str, &str, &str), Vec<&Origin>> = FxHashMap::default();
    let mut failures = Vec::new();
    for origin in world.origins().iter().filter(|origin| !origin.name().is_empty()) {
        let key = (origin.group(), &*origin.object.kind, origin.namespace(), origin.name());
        let same = first.entry(key).or_default();
        let other = same.iter().find_map(|other| Some((twice(other, origin)?, other)));
        if let Some((truth, other)) = other {
            let place = other.at(&other.here).location;
            let message = format!(
                "{} `{}` is defined in {}:{} already",
                origin.object.kind,
                origin.name(),
                place.file,
                place.start.line
            );
            failures.push(WorldFailure::new(truth, origin, &origin.here, message));
        }
        // A file that is scanned a hundred times over is compared with a few of them.
        if same.len() < 4 {
            same.push(origin);
        }
    }
    failures
}

fn twice(one: &Origin, other: &Origin) -> Option<Truth> {
    let folder = |file: &str| file.rsplit_once('/').map_or(0, |(folder, _)| folder.len());
    if one.file == other.file {
        return Some(Truth::No);
    }
    let together = one.file.get(..folder(&one.file)) == other.file.get(..folder(&other.file));
    // Where no namespace is written, each file may be applied to another one.
    (together && !one.namespace().is_empty()).then_some(Truth::Unknown)
}
