use hardtack_tree::{Kind, Limits, NodeId, dockerfile};

/// Whatever the text: no panic, every span inside of it, and a remedy with every error.
pub fn run(text: &str) {
    dockerfile::looks_like_dockerfile(text);
    // Small ones, so that limits are met, and those of everyday use.
    let small = Limits { depth: 8, nodes: 500 };
    for limits in [small, Limits::default()] {
        match dockerfile::parse(text, &limits) {
            Ok(tree) => {
                assert_eq!(tree.root().kind(), Kind::Map);
                for id in 0..tree.len() as u32 {
                    let span = tree.node(NodeId(id)).span();
                    assert!(text.get(span.range()).is_some(), "{text:?}: {span:?}");
                }
            }
            Err(error) => {
                assert!(text.is_char_boundary(error.at as usize), "{text:?}: {error:?}");
                assert!(error.help.is_some(), "{text:?}: {error:?} without a remedy");
            }
        }
    }
}
