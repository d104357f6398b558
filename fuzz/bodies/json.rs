use hardtack_tree::{Limits, Span, json, yaml};

/// Whatever the text: no panic, every span inside of it, and what both readers take is the same to both.
pub fn run(text: &str) {
    let limits = Limits {
        depth: 32,
        nodes: 2_000,
    };
    for document in json::split(text) {
        let _ = json::parse_at(text, document, &limits);
    }
    match json::parse(text, &limits) {
        Ok(Some(tree)) => {
            super::yaml::check(text, &tree);
            let start = if text.starts_with('\u{FEFF}') { 3 } else { 0 };
            let document = Span::new(start, text.len() as u32);
            // YAML refuses some JSON: long keys, escaped surrogates, characters that are not printable.
            if let Ok(Some(same)) = yaml::parse(text, document, &limits) {
                let difference = tree.difference(&same);
                assert!(
                    difference.is_none(),
                    "{text:?}: {}",
                    difference.unwrap_or_default()
                );
            }
        }
        Ok(None) => {}
        Err(error) => {
            assert!(text.is_char_boundary(error.at as usize), "{text:?}: {error:?}");
            assert!(error.help.is_some(), "{text:?}: {error:?} without a remedy");
        }
    }
}
