//! Maps and lists in brackets, JSON among them.

use super::block::{differences, new_value};
use super::{Editor, Place, Syntax};
use crate::Refusal;
use crate::draft::Draft;
use crate::scalar::Notation;
use hardtack_tree::{Kind, Node, Style};
use serde_json::{Map, Value};

impl<'a> Editor<'a> {
    pub(super) fn flow_map(
        &mut self,
        map: Node<'a>,
        entries: &[(String, Draft<'a>)],
        place: Place<'a>,
    ) -> Result<(), Refusal> {
        self.write_kept(map, entries, true)?;
        let stays = |key: &Node<'a>| entries.iter().any(|(known, _)| *known == key.scalar());
        let new = entries.iter().filter(|(key, _)| map.get(key).is_none());
        let added = new.map(|(key, draft)| Ok((key.as_str(), new_value(draft)?)));
        let added = added.collect::<Result<Vec<_>, _>>()?;
        let parts: Vec<_> = map
            .entries()
            .map(|(key, value)| Part {
                first: key,
                last: value,
                stays: stays(&key),
            })
            .collect();
        if added.is_empty() && parts.iter().all(|part| part.stays) {
            return Ok(());
        }
        self.check(map)?;
        if parts.iter().any(|part| part.first.is_aliased()) {
            return Err(Refusal::Alias);
        }
        let none_stays = !parts.iter().any(|part| part.stays);
        if none_stays && self.goes_below_its_key(place) {
            let all: Map<_, _> = added
                .iter()
                .map(|(key, value)| ((*key).to_owned(), (*value).clone()))
                .collect();
            return self.replace(map, place, &Value::Object(all));
        }
        let notation = self.flow_notation(map);
        let written = |editor: &Self, indent: Option<&str>| -> Vec<String> {
            let entry = |(key, value): &(&str, &Value)| {
                let value = editor.flow_value(notation, value, indent);
                format!("{}{}{value}", notation.key(key), notation.colon)
            };
            added.iter().map(entry).collect()
        };
        self.flow(map, &parts, notation, &written)
    }

    pub(super) fn flow_seq(
        &mut self,
        list: Node<'a>,
        items: &[Draft<'a>],
        place: Place<'a>,
    ) -> Result<(), Refusal> {
        let inside = Place {
            key: None,
            flow: true,
        };
        for draft in items.iter().filter(|draft| draft.origin().is_some()) {
            self.write(draft, inside)?;
        }
        let (added, gone) = differences(list, items)?;
        if added.is_empty() && gone.is_empty() {
            return Ok(());
        }
        self.check(list)?;
        let parts: Vec<_> = list
            .items()
            .map(|item| Part {
                first: item,
                last: item,
                stays: !gone.contains(&item),
            })
            .collect();
        if gone.len() == list.len() && self.goes_below_its_key(place) {
            let all = added.into_iter().cloned().collect();
            return self.replace(list, place, &Value::Array(all));
        }
        let mut notation = self.flow_notation(list);
        // A list says by its items how strings are written, where its keys can't.
        notation.quoted |= list
            .items()
            .next()
            .is_some_and(|item| item.style() == Style::DoubleQuoted);
        let written = |editor: &Self, indent: Option<&str>| -> Vec<String> {
            added
                .iter()
                .map(|value| editor.flow_value(notation, value, indent))
                .collect()
        };
        self.flow(list, &parts, notation, &written)
    }

    /// Whether an empty collection there is better written in lines.
    fn goes_below_its_key(&self, place: Place<'a>) -> bool {
        self.syntax == Syntax::Yaml && !place.flow && place.key.is_some()
    }

    fn flow(
        &mut self,
        node: Node<'a>,
        parts: &[Part<'a>],
        notation: Notation,
        written: &dyn Fn(&Self, Option<&str>) -> Vec<String>,
    ) -> Result<(), Refusal> {
        let span = node.span().range();
        let brackets = self.text.get(span.clone()).unwrap_or_default();
        let [open, close] = if node.kind() == Kind::Map {
            ['{', '}']
        } else {
            ['[', ']']
        };
        if !brackets.starts_with(open) || !brackets.ends_with(close) {
            return Err(Refusal::Unusual("a pair without braces"));
        }
        for part in parts.iter().filter(|part| !part.stays) {
            self.check_gone(part.last)?;
        }
        let Some(last) = parts.iter().rposition(|part| part.stays) else {
            let inside = self.text.get(span.start + 1..span.end - 1).unwrap_or("#");
            if parts.is_empty() && !inside.trim().is_empty() {
                return Err(Refusal::Unusual("a comment in an empty collection"));
            }
            let text = self.whole(node, open, close, notation, written);
            self.splice(span.start, span.end, text);
            return Ok(());
        };
        // What goes, with the comma before what stays next, or after what stays last.
        let mut index = 0;
        while index < parts.len() {
            if parts[index].stays {
                index += 1;
                continue;
            }
            let run = parts[index..].iter().take_while(|part| !part.stays).count();
            match parts.get(index + run) {
                Some(next) => self.splice(parts[index].start(), next.start(), ""),
                None => {
                    let from = parts[last].end(self)?;
                    let to = parts[parts.len() - 1].end(self)?;
                    self.splice(from, to, "");
                }
            }
            index += run;
        }
        self.append(node, parts, last, notation, written)
    }

    /// Writes new entries behind the last one that stays.
    fn append(
        &mut self,
        node: Node<'a>,
        parts: &[Part<'a>],
        last: usize,
        notation: Notation,
        written: &dyn Fn(&Self, Option<&str>) -> Vec<String>,
    ) -> Result<(), Refusal> {
        let span = node.span().range();
        let start = parts[last].start();
        let first = parts[0].start();
        let in_lines = self
            .text
            .get(span.start..first)
            .is_some_and(|text| text.contains('\n'));
        let indent = in_lines.then(|| self.indent(start));
        let new = written(self, indent);
        if new.is_empty() {
            return Ok(());
        }
        let at = parts[last].end(self)?;
        let old_end = parts[parts.len() - 1].end(self)?;
        let Some(indent) = indent else {
            let text: String = new.iter().flat_map(|entry| [notation.comma, entry]).collect();
            self.splice(at, at, text);
            return Ok(());
        };
        let newline = self.newline(self.line_end(at));
        let rest = self.text.get(old_end..span.end - 1).unwrap_or_default();
        let comma_follows = rest.trim_start().starts_with(',');
        let whole_line = self.line_end(at) < span.end && last + 1 == parts.len();
        let lines: Vec<_> = new
            .iter()
            .map(|entry| format!("{newline}{indent}{entry}"))
            .collect();
        if !whole_line {
            self.splice(
                at,
                at,
                lines.iter().map(|line| format!(",{line}")).collect::<String>(),
            );
            return Ok(());
        }
        let end = self.line_end(at);
        if comma_follows {
            if !rest.trim_start()[1..]
                .trim_start_matches([' ', '\t'])
                .starts_with(['\n', '\r', '#'])
            {
                return Err(Refusal::Unusual("a comma on a line of its own"));
            }
            self.splice(
                end,
                end,
                lines.iter().map(|line| format!("{line},")).collect::<String>(),
            );
        } else {
            self.splice(at, at, ",");
            self.splice(end, end, lines.join(","));
        }
        Ok(())
    }

    /// A collection that had nothing in it, or nothing that stays.
    fn whole(
        &self,
        node: Node<'a>,
        open: char,
        close: char,
        notation: Notation,
        written: &dyn Fn(&Self, Option<&str>) -> Vec<String>,
    ) -> String {
        let outer = self.indent(node.span().start as usize);
        let Some(step) = self.flow_step() else {
            return format!("{open}{}{close}", written(self, None).join(notation.comma));
        };
        let inner = format!("{outer}{step}");
        let new = written(self, Some(&inner));
        if new.is_empty() {
            return format!("{open}{close}");
        }
        let newline = self.newline(self.line_end(node.span().start as usize));
        let separator = format!(",{newline}{inner}");
        format!(
            "{open}{newline}{inner}{}{newline}{outer}{close}",
            new.join(&separator)
        )
    }

    /// A value in a flow collection: on one line, or in JSON of many lines in lines of `indent` and deeper.
    fn flow_value(&self, notation: Notation, value: &Value, indent: Option<&str>) -> String {
        let step = self.flow_step();
        let (Some(indent), Some(step)) = (indent, step) else {
            return notation.value(value, Style::Plain);
        };
        let inner = format!("{indent}{step}");
        let newline = self.newline(self.line_end(self.root.span().start as usize));
        let (open, close, parts) = match value {
            Value::Object(entries) if !entries.is_empty() => {
                let entry = |(key, value): (&String, &Value)| {
                    let value = self.flow_value(notation, value, Some(&inner));
                    format!("{}{}{value}", notation.key(key), notation.colon)
                };
                ('{', '}', entries.iter().map(entry).collect::<Vec<_>>())
            }
            Value::Array(items) if !items.is_empty() => {
                let items = items
                    .iter()
                    .map(|item| self.flow_value(notation, item, Some(&inner)));
                ('[', ']', items.collect())
            }
            other => return notation.value(other, Style::Plain),
        };
        let separator = format!(",{newline}{inner}");
        format!(
            "{open}{newline}{inner}{}{newline}{indent}{close}",
            parts.join(&separator)
        )
    }

    /// By how much JSON is indented a level, where it has lines.
    fn flow_step(&self) -> Option<&'a str> {
        if self.syntax != Syntax::Json {
            return None;
        }
        let first = self
            .root
            .entries()
            .next()
            .map(|(key, _)| key)
            .or_else(|| self.root.item(0))?;
        let start = self.root.span().start as usize;
        let between = self.text.get(start..first.span().start as usize)?;
        let inner = self.indent(first.span().start as usize);
        between
            .contains('\n')
            .then(|| inner.strip_prefix(self.indent(start)).unwrap_or(inner))
    }

    /// How entries of a flow collection are written: as those that are there.
    pub(super) fn flow_notation(&self, node: Node<'a>) -> Notation {
        let json = self.syntax == Syntax::Json;
        let own = node
            .entries()
            .next()
            .or_else(|| self.root.entries().next().filter(|_| json));
        let tight = own.is_some_and(|(key, value)| {
            let between = self
                .text
                .get(key.span().end as usize..value.span().start as usize);
            between == Some(":")
        });
        let tight = tight && own.is_some_and(|(key, _)| key.style() == Style::DoubleQuoted);
        Notation {
            flow: true,
            quoted: json
                || node
                    .entries()
                    .next()
                    .is_some_and(|(key, _)| key.style() == Style::DoubleQuoted),
            colon: if tight { ":" } else { ": " },
            comma: if tight { "," } else { ", " },
        }
    }
}

/// One entry or item of a flow collection.
struct Part<'a> {
    first: Node<'a>,
    last: Node<'a>,
    stays: bool,
}

impl Part<'_> {
    fn start(&self) -> usize {
        self.first.span().start as usize
    }

    fn end(&self, editor: &Editor<'_>) -> Result<usize, Refusal> {
        if !self.last.is_aliased() {
            return Ok(self.last.span().end as usize);
        }
        if self.first == self.last {
            return Err(Refusal::Alias);
        }
        // `key: *alias`
        let from = self.first.span().end as usize;
        let rest = editor.text.get(from..).unwrap_or_default();
        let alias = rest.find('*').ok_or(Refusal::Alias)?;
        let name = rest[alias..]
            .find([',', '}', ' ', '\r', '\n'])
            .ok_or(Refusal::Alias)?;
        Ok(from + alias + name)
    }
}
