//! What merge keys (`<<`) bring into their maps.

use crate::node::{NodeData, flag};
use crate::{Kind, Node, SyntaxError, Tree};
use rustc_hash::FxHashMap;
use std::borrow::Cow;

/// The same tree with every merge key replaced by the entries it brings.
///
/// As sigs.k8s.io/yaml has it: entries count in the order they are written, a merge key like the entries it stands
/// for, so that the last one of a key wins; of the maps in a list, the first wins.
pub(crate) fn resolve<'t>(tree: &Tree<'t>) -> Result<Tree<'t>, SyntaxError> {
    let mut out = Tree {
        text: tree.text,
        nodes: Vec::with_capacity(tree.nodes.len()),
        decoded: tree.decoded.clone(),
    };
    emit(tree.root(), 0, &mut out.nodes)?;
    Ok(out)
}

/// Writes `node` with all below it. Recursion is as deep as the tree, which the limits bound.
fn emit(node: Node<'_>, flags: u8, out: &mut Vec<NodeData>) -> Result<(), SyntaxError> {
    let at = out.len();
    let mut data = node.data().clone();
    data.flags |= flags;
    out.push(data);
    match node.kind() {
        Kind::Seq => {
            for item in node.items() {
                emit(item, flags, out)?;
            }
        }
        Kind::Map => {
            let mut entries = Entries::default();
            entries.add_all(node, flags)?;
            out[at].value_len = entries.list.len() as u32;
            for (key, value, flags) in entries.list {
                emit(key, flags, out)?;
                emit(value, flags, out)?;
            }
        }
        _ => {}
    }
    out[at].skip = out.len() as u32;
    Ok(())
}

#[derive(Default)]
struct Entries<'a> {
    list: Vec<(Node<'a>, Node<'a>, u8)>,
    places: FxHashMap<Cow<'a, str>, usize>,
}

impl<'a> Entries<'a> {
    fn add_all(&mut self, map: Node<'a>, flags: u8) -> Result<(), SyntaxError> {
        for (key, value) in map.entries() {
            if key.data().flags & flag::MERGE != 0 {
                self.merge(value)?;
                continue;
            }
            let entry = (key, value, flags);
            match self.places.get(&key.scalar()) {
                Some(&place) => self.list[place] = entry,
                None => {
                    self.places.insert(key.scalar(), self.list.len());
                    self.list.push(entry);
                }
            }
        }
        Ok(())
    }

    fn merge(&mut self, from: Node<'a>) -> Result<(), SyntaxError> {
        match from.kind() {
            Kind::Map => self.add_all(from, flag::MERGED),
            Kind::Seq => {
                let maps: Vec<_> = from.items().collect();
                for &map in maps.iter().rev() {
                    if map.kind() != Kind::Map {
                        return Err(not_a_map(map));
                    }
                    self.add_all(map, flag::MERGED)?;
                }
                Ok(())
            }
            _ => Err(not_a_map(from)),
        }
    }
}

fn not_a_map(node: Node<'_>) -> SyntaxError {
    let message = format!(
        "a merge key `<<` takes a map or a list of maps, not {}",
        node.kind().noun()
    );
    SyntaxError::new(node.span().start, message)
        .with_help("give it an alias of a map, or quote the key if it is not meant to merge")
}
