//! How messages about several objects put things.

use crate::world::Origin;

/// `1 workload`, `3 workloads`.
pub fn counted(count: usize, noun: &str) -> String {
    if count == 1 {
        format!("1 {noun}")
    } else {
        format!("{count} {noun}s")
    }
}

/// ` in namespace shop`; nothing where none is written.
pub fn in_namespace(name: &str) -> String {
    if name.is_empty() {
        String::new()
    } else {
        format!(" in namespace `{name}`")
    }
}

/// `Deployment web`, with its namespace where that is another than `from`'s.
pub fn named(origin: &Origin, from: &Origin) -> String {
    let object = &origin.object;
    match origin.namespace() {
        namespace if namespace.is_empty() || namespace == from.namespace() => {
            format!("{} `{}`", object.kind, object.name)
        }
        namespace => format!("{} `{namespace}/{}`", object.kind, object.name),
    }
}

/// A sentence begins with a capital.
pub fn capital(text: &str) -> String {
    let mut characters = text.chars();
    let first = characters.next().map(char::to_uppercase);
    first.into_iter().flatten().chain(characters).collect()
}
