//! Maps and lists of one entry a line.

use super::{Editor, Place};
use crate::Refusal;
use crate::draft::Draft;
use crate::scalar::Notation;
use hardtack_tree::{Kind, Node, NodeId, Style};
use serde_json::{Map, Value};

impl<'a> Editor<'a> {
    pub(super) fn block_map(
        &mut self,
        map: Node<'a>,
        entries: &[(String, Draft<'a>)],
        place: Place<'a>,
    ) -> Result<(), Refusal> {
        self.write_kept(map, entries, false)?;
        let stays = |key: &Node<'a>| entries.iter().any(|(known, _)| *known == key.scalar());
        let added: Vec<_> = entries.iter().filter(|(key, _)| map.get(key).is_none()).collect();
        let gone: Vec<_> = map.entries().filter(|(key, _)| !stays(key)).collect();
        if added.is_empty() && gone.is_empty() {
            return Ok(());
        }
        self.check(map)?;
        if !gone.is_empty() && gone.len() == map.len() {
            if self.has_merge(map) {
                return Err(Refusal::Alias);
            }
            let mut all = Map::new();
            for (key, draft) in &added {
                all.insert(key.clone(), new_value(draft)?.clone());
            }
            return self.replace(map, place, &Value::Object(all));
        }
        for (key, value) in &gone {
            self.remove_entry(map, *key, *value)?;
        }
        if added.is_empty() {
            return Ok(());
        }
        let indent = self.key_column(map)?;
        let mut lines = Vec::new();
        for (key, draft) in added {
            self.entry_lines(map, indent, key, new_value(draft)?, &mut lines);
        }
        let at = self.after(map);
        let text = self.joined(at, &lines);
        self.splice(at, at, text);
        Ok(())
    }

    pub(super) fn block_seq(
        &mut self,
        list: Node<'a>,
        items: &[Draft<'a>],
        place: Place<'a>,
    ) -> Result<(), Refusal> {
        let inside = Place {
            key: None,
            flow: false,
        };
        for draft in items.iter().filter(|draft| draft.origin().is_some()) {
            self.write(draft, inside)?;
        }
        let (added, gone) = differences(list, items)?;
        if added.is_empty() && gone.is_empty() {
            return Ok(());
        }
        self.check(list)?;
        if !gone.is_empty() && gone.len() == list.len() {
            let added = added.into_iter().cloned().collect();
            return self.replace(list, place, &Value::Array(added));
        }
        for item in gone {
            self.remove_item(list, item)?;
        }
        if added.is_empty() {
            return Ok(());
        }
        let column = self.column(list.span().start as usize);
        let mut lines = Vec::new();
        for value in added {
            self.item_lines(list, column, value, &mut lines);
        }
        let at = self.after(list);
        let text = self.joined(at, &lines);
        self.splice(at, at, text);
        Ok(())
    }

    /// The lines of a map or list below `key`.
    pub(super) fn below(&self, key: Node<'a>, value: &Value) -> Vec<String> {
        let column = self.column(key.span().start as usize);
        let mut lines = Vec::new();
        self.value_lines(key, column, value, &mut lines);
        lines
    }

    fn value_lines(&self, near: Node<'a>, column: usize, value: &Value, lines: &mut Vec<String>) {
        match value {
            Value::Object(entries) => {
                let inner = column + self.step(near, Kind::Map);
                for (key, value) in entries {
                    self.entry_lines(near, inner, key, value, lines);
                }
            }
            Value::Array(items) => {
                let inner = column + self.step(near, Kind::Seq);
                for item in items {
                    self.item_lines(near, inner, item, lines);
                }
            }
            _ => {}
        }
    }

    fn entry_lines(&self, near: Node<'a>, column: usize, key: &str, value: &Value, lines: &mut Vec<String>) {
        let start = format!("{:column$}{}:", "", Notation::BLOCK.key(key));
        if is_in_lines(value) {
            lines.push(start);
            self.value_lines(near, column, value, lines);
        } else {
            lines.push(format!("{start} {}", Notation::BLOCK.value(value, Style::Plain)));
        }
    }

    fn item_lines(&self, near: Node<'a>, column: usize, value: &Value, lines: &mut Vec<String>) {
        let first = lines.len();
        match value {
            Value::Object(entries) if !entries.is_empty() => {
                for (key, value) in entries {
                    self.entry_lines(near, column + 2, key, value, lines);
                }
            }
            Value::Array(items) if !items.is_empty() => {
                for item in items {
                    self.item_lines(near, column + 2, item, lines);
                }
            }
            other => lines.push(format!(
                "{:width$}{}",
                "",
                Notation::BLOCK.value(other, Style::Plain),
                width = column + 2
            )),
        }
        if let Some(line) = lines.get_mut(first) {
            line.replace_range(column..=column, "-");
        }
    }

    /// Whether the map has entries that a merge key brought.
    fn has_merge(&self, map: Node<'a>) -> bool {
        !map.is_aliased() && map.entries().any(|(key, _)| key.is_aliased())
    }

    /// The column of the map's keys.
    fn key_column(&self, map: Node<'a>) -> Result<usize, Refusal> {
        let at = map.span().start as usize;
        let before = self.text.get(self.line_start(at)..at).unwrap_or("?");
        if !before.bytes().all(|byte| matches!(byte, b' ' | b'-')) || self.bytes().get(at) == Some(&b'?') {
            return Err(Refusal::Unusual("something stands before its first key"));
        }
        Ok(before.len())
    }

    /// Where new lines go that shall be the last of `node`: the end of its last line.
    fn after(&self, node: Node<'a>) -> usize {
        let mut end = self.line_end(node.span().end as usize);
        let mut last = node;
        while let Some(next) = last.entries().map(|(_, value)| value).chain(last.items()).last() {
            last = next;
        }
        let header = last.span().of(self.text).lines().next().unwrap_or_default();
        let block = matches!(last.style(), Style::Literal | Style::Folded);
        if block
            && header
                .split('#')
                .next()
                .is_some_and(|header| header.contains('+'))
        {
            // The blank lines after it are part of it.
            loop {
                let next = end + self.newline(end).len();
                if next >= self.text.len() || !self.text[next..self.line_end(next)].trim().is_empty() {
                    break;
                }
                end = self.line_end(next);
            }
        }
        end
    }

    fn remove_entry(&mut self, map: Node<'a>, key: Node<'a>, value: Node<'a>) -> Result<(), Refusal> {
        if key.is_aliased() {
            return Err(Refusal::Alias);
        }
        self.check_gone(value)?;
        let start = key.span().start as usize;
        if !self.is_first_on_line(start) {
            let next = map
                .entries()
                .map(|(key, _)| key)
                .find(|next| next.id() > value.id());
            self.key_column(map)?;
            return self.remove_first(start, value, next.filter(|next| !next.is_aliased()));
        }
        self.remove_lines(start, value.span().end as usize);
        Ok(())
    }

    fn remove_item(&mut self, list: Node<'a>, item: Node<'a>) -> Result<(), Refusal> {
        self.check_gone(item)?;
        let dash = self.dash(item)?;
        if !self.is_first_on_line(dash) {
            let next = list.items().find(|next| next.id() > item.id());
            let _ = next.map(|next| self.dash(next)).transpose()?;
            return Err(Refusal::Unusual("the first item of a list in a list"));
        }
        self.remove_lines(dash, item.span().end as usize);
        Ok(())
    }

    /// The dash before an item, which must be on its line.
    fn dash(&self, item: Node<'a>) -> Result<usize, Refusal> {
        let start = item.span().start as usize;
        let before = self.text.get(self.line_start(start)..start).unwrap_or_default();
        let before = before.trim_end();
        if before.ends_with('-') {
            Ok(self.line_start(start) + before.len() - 1)
        } else {
            Err(Refusal::Unusual("an item on another line than its dash"))
        }
    }

    /// Takes the lines from that of `start` to that of `end` away, with the line end before them.
    fn remove_lines(&mut self, start: usize, end: usize) {
        let line = self.line_start(start);
        let end = self.line_end(end);
        let bytes = self.bytes();
        if line == 0 || line == self.document.start as usize {
            self.splice(line, (end + self.newline(end).len()).min(self.text.len()), "");
        } else if end == bytes.len() && self.is_after_block_scalar(line) {
            // Its last line end is part of its value.
            self.splice(line, end, "");
        } else if bytes[..line].ends_with(b"\r\n") {
            self.splice(line - 2, end, "");
        } else {
            self.splice(line - 1, end, "");
        }
    }

    /// Whether the line before the one at `line` is the last of a block scalar.
    fn is_after_block_scalar(&self, line: usize) -> bool {
        let tree = self.root.tree();
        let mut nodes = (0..tree.len() as u32).map(|id| tree.node(NodeId(id)));
        nodes.any(|node| {
            let end = self.line_end(node.span().end as usize);
            matches!(node.style(), Style::Literal | Style::Folded) && end + self.newline(end).len() == line
        })
    }

    /// Takes the entry away that stands on the line of its item's dash; what is next takes its place.
    fn remove_first(&mut self, start: usize, value: Node<'a>, next: Option<Node<'a>>) -> Result<(), Refusal> {
        let Some(next) = next.map(|next| next.span().start as usize) else {
            return Err(Refusal::Unusual("its first key, before a merge key"));
        };
        let end = self.line_end(value.span().end as usize);
        let between = self.text.get(end..next).unwrap_or("#");
        if between.trim().is_empty() {
            self.splice(start, next, "");
        } else {
            let line = self.line_start(start);
            let before = self.text.get(line..start).unwrap_or_default().trim_end().len();
            self.splice(line + before, end, "");
        }
        Ok(())
    }
}

fn is_in_lines(value: &Value) -> bool {
    match value {
        Value::Object(entries) => !entries.is_empty(),
        Value::Array(items) => !items.is_empty(),
        _ => false,
    }
}

/// The value of a draft that has no node yet.
pub(super) fn new_value<'d>(draft: &'d Draft<'_>) -> Result<&'d Value, Refusal> {
    match draft {
        Draft::Value { origin: None, value } => Ok(value),
        _ => Err(Refusal::Patch("a value was moved".into())),
    }
}

/// What comes to the end of a list, and what goes from it.
pub(super) fn differences<'d, 'a>(
    list: Node<'a>,
    items: &'d [Draft<'a>],
) -> Result<(Vec<&'d Value>, Vec<Node<'a>>), Refusal> {
    let kept = items.iter().take_while(|item| item.origin().is_some()).count();
    let (kept, added) = items.split_at(kept);
    let added = added.iter().map(new_value).collect::<Result<Vec<_>, _>>()?;
    let mut kept = kept.iter().filter_map(Draft::origin).peekable();
    let mut gone = Vec::new();
    for item in list.items() {
        if kept.peek() == Some(&item) {
            kept.next();
        } else {
            gone.push(item);
        }
    }
    Ok((added, gone))
}
