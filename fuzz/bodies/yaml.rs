use hardtack_tree::{Limits, NodeId, Span, Tree, yaml};

/// Whatever the text: no panic, every span inside of it, and the fast reader's trees are the full reader's.
pub fn run(text: &str) {
    // Small, so that limits are met.
    let limits = Limits {
        depth: 32,
        nodes: 2_000,
    };
    let mut end = None;
    for document in yaml::split(text) {
        assert!(
            end.is_none_or(|end| end == document.start),
            "documents follow each other: {text:?}"
        );
        end = Some(document.end);
        read(text, document, &limits);
    }
    // Documents that `split` would not make.
    read(text, Span::new(0, text.len() as u32), &limits);
}

fn read(text: &str, document: Span, limits: &Limits) {
    let full = yaml::parse_full(text, document, limits);
    let fast = yaml::parse_fast(text, document, limits);
    match (&fast, &full) {
        (None, _) | (Some(None), Ok(None)) => {}
        (Some(Some(fast)), Ok(Some(full))) => {
            let difference = fast.difference(full);
            assert!(
                difference.is_none(),
                "{text:?}: {}",
                difference.unwrap_or_default()
            );
        }
        _ => unreachable!("{text:?}: fast {fast:?}, full {full:?}"),
    }
    match full {
        Ok(Some(tree)) => check(text, &tree),
        Ok(None) => {}
        Err(error) => {
            assert!(text.is_char_boundary(error.at as usize), "{text:?}: {error:?}");
            assert!(error.help.is_some(), "{text:?}: {error:?} without a remedy");
        }
    }
    for comment in yaml::comments(text, document) {
        assert!(comment.of(text).starts_with('#'), "{text:?}: {comment:?}");
    }
    yaml::looks_like_template(document.of(text));
}

pub fn check(text: &str, tree: &Tree<'_>) {
    for id in 0..tree.len() as u32 {
        let node = tree.node(NodeId(id));
        assert!(
            text.get(node.span().range()).is_some(),
            "{text:?}: {:?}",
            node.span()
        );
        let within = |child: Span| node.span().start <= child.start && child.end <= node.span().end;
        let mut children = node
            .items()
            .chain(node.entries().flat_map(|(key, value)| [key, value]));
        assert!(
            children.all(|child| child.is_aliased() || within(child.span())),
            "{text:?}: {node:?} is not around all of its children"
        );
        tree.pointer(NodeId(id));
    }
}
