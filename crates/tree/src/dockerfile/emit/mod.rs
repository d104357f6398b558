//! The tree of a Dockerfile, as `docs/dockerfile-tree.md` has it.

mod commands;
mod instructions;
mod writer;

use super::history::{self, Told};
use super::instruction::{Body, Instruction};
use super::stage::{File, Named, Place, Stage};
use super::value::Value;
use crate::{Limits, NodeId, Span, Tree};
use instructions::{Nodes, instructions};
use rustc_hash::FxHashSet;
use writer::{Writer, Written, around};

/// Writes the tree.
pub(super) fn tree<'t>(text: &'t str, file: &File, limits: Limits) -> Written<Tree<'t>> {
    let mut writer = Writer::new(text, limits);
    let out = &mut writer;
    let start = Span::default();
    out.map(Span::new(0, text.len() as u32), |out| {
        let escape = file.directives.escape.to_string();
        out.text("escape", &escape, file.directives.escape_span)?;
        for (key, span) in [
            ("syntax", file.directives.syntax),
            ("check", file.directives.check),
        ] {
            if let Some(span) = span {
                out.text(key, span.of(text), span)?;
            }
        }
        if !file.args.is_empty() {
            let span = around(file.args.iter().map(|instruction| instruction.span), start);
            out.key("args", span)?;
            out.list(span, |out| instructions(out, &file.args, &[]).map(drop))?;
        }
        let span = around(file.stages.iter().map(Stage::span), start);
        out.key("stages", span)?;
        out.list(span, |out| {
            let mut known = Known {
                stages: Vec::new(),
                images: Vec::new(),
            };
            let marks = Marks::of(file);
            for (number, told) in history::of(file, text).iter().enumerate() {
                stage(out, file, number, told, &marks, &mut known)?;
            }
            Ok(())
        })
    })?;
    writer.finish()
}

impl Stage {
    fn span(&self) -> Span {
        around(
            self.instructions.iter().map(|instruction| instruction.span),
            Span::default(),
        )
    }
}

/// What was written of the stages so far.
struct Known {
    stages: Vec<Vec<Nodes>>,
    /// The image at the end of each stage's chain, and whether it is `scratch`.
    images: Vec<(NodeId, bool, bool)>,
}

impl Known {
    fn nodes(&self, place: Place) -> Option<&Nodes> {
        self.stages.get(place.0)?.get(place.1)
    }

    fn part(&self, place: Place) -> Option<NodeId> {
        self.nodes(place)?.parts.get(place.2).copied().flatten()
    }
}

/// What a stage is to the others.
struct Marks {
    /// Whether it is in the layers of the image.
    shipped: Vec<bool>,
    /// Whether an earlier stage has its name.
    duplicate: Vec<bool>,
}

impl Marks {
    fn of(file: &File) -> Self {
        let mut shipped = vec![false; file.stages.len()];
        let mut next = file.stages.len().checked_sub(1);
        while let Some(number) = next {
            shipped[number] = true;
            // A stage begins from an earlier one, so this ends.
            next = file.stages[number].parent;
        }
        let mut names = FxHashSet::default();
        let mut is_new = |stage: &Stage| match stage.instructions.first().map(|first| &first.body) {
            Some(Body::From {
                stage: Some(name), ..
            }) => names.insert(name.text.to_ascii_lowercase()),
            _ => true,
        };
        let duplicate = file.stages.iter().map(|stage| !is_new(stage)).collect();
        Self { shipped, duplicate }
    }
}

fn stage(
    out: &mut Writer<'_>,
    file: &File,
    number: usize,
    told: &[Told],
    marks: &Marks,
    known: &mut Known,
) -> Written {
    let stage = &file.stages[number];
    let Some(first) = stage.instructions.first() else {
        return Ok(());
    };
    let Body::From { image, stage: name } = &first.body else {
        return Ok(());
    };
    out.map(stage.span(), |out| {
        out.number("index", number as u64, first.written.span)?;
        let all = stage.span();
        out.key("instructions", all)?;
        let (_, nodes) = out.list(all, |out| instructions(out, &stage.instructions, told))?;
        known.stages.push(nodes);
        if let Some(name) = name {
            out.entry("name", name)?;
        }
        let written = known.part((number, 0, 0));
        if let Some(node) = written {
            out.repeat("image", node)?;
        }
        let node = out.boolean("fromStage", stage.parent.is_some(), image.span)?;
        if image.unresolved {
            out.mark_unresolved(node);
        }
        let inherited = stage.parent.and_then(|parent| known.images.get(parent).copied());
        let own = written.map(|node| (node, image.text.eq_ignore_ascii_case("scratch"), image.unresolved));
        if let Some((node, scratch, unresolved)) = inherited.or(own) {
            known.images.push((node, scratch, unresolved));
            out.repeat("base", node)?;
            out.boolean("unresolved", unresolved, image.span)?;
            let scratch = out.boolean("scratch", scratch && !unresolved, image.span)?;
            if unresolved {
                out.mark_unresolved(scratch);
            }
        }
        if let Some(platform) = known.nodes((number, 0, 0)).and_then(|nodes| nodes.platform) {
            out.repeat("platform", platform)?;
        }
        out.boolean("final", number + 1 == file.stages.len(), first.written.span)?;
        out.boolean("used", stage.used, first.written.span)?;
        out.boolean("shipped", marks.shipped[number], first.written.span)?;
        let name_span = name.as_ref().map_or(first.written.span, |name| name.span);
        out.boolean("duplicate", marks.duplicate[number], name_span)?;
        state(out, file, stage, known)
    })?;
    Ok(())
}

fn state(out: &mut Writer<'_>, file: &File, stage: &Stage, known: &Known) -> Written {
    let state = &stage.state;
    for (key, place) in [("user", state.user), ("shell", state.shell)] {
        if let Some(node) = place.and_then(|place| known.part(place)) {
            out.repeat(key, node)?;
        }
    }
    if let Some((_, path)) = &state.workdir {
        out.entry("workdir", path)?;
    }
    for (key, place) in [
        ("healthcheck", state.healthcheck),
        ("cmd", state.cmd),
        ("entrypoint", state.entrypoint),
    ] {
        if let Some(nodes) = place.and_then(|place| known.nodes(place)) {
            out.repeat(key, nodes.whole)?;
        }
    }
    for (key, names) in [
        ("env", &state.env),
        ("labels", &state.labels),
        ("args", &state.args),
    ] {
        named(out, file, key, names, known)?;
    }
    let ports: Vec<_> = state
        .ports
        .iter()
        .filter_map(|place| known.part(*place))
        .collect();
    if let Some(place) = state.ports.first() {
        let span = instruction_at(file, *place).map_or(Span::default(), |instruction| instruction.span);
        out.key("ports", span)?;
        out.list(span, |out| {
            ports.iter().try_for_each(|node| out.again(*node).map(drop))
        })?;
    }
    Ok(())
}

fn instruction_at(file: &File, place: Place) -> Option<&Instruction> {
    file.stages.get(place.0)?.instructions.get(place.1)
}

/// A map from the names that instructions set to the values they gave them last.
fn named(out: &mut Writer<'_>, file: &File, key: &'static str, names: &Named, known: &Known) -> Written {
    let places: Vec<_> = names.iter().collect();
    let Some((_, first)) = places.first() else {
        return Ok(());
    };
    let span = instruction_at(file, *first).map_or(Span::default(), |instruction| instruction.span);
    out.key(key, span)?;
    out.map(span, |out| {
        for (name, place) in places {
            let span = instruction_at(file, place).and_then(|instruction| name_span(instruction, place.2));
            out.own_key(name, span.unwrap_or_default())?;
            match known.part(place) {
                Some(node) => out.again(node)?,
                None => out.value(&undefined(file, name, span.unwrap_or_default()))?,
            };
        }
        Ok(())
    })?;
    Ok(())
}

/// An argument without default: the one of that name before the first `FROM` has its value, or else nobody knows it.
fn undefined(file: &File, name: &str, span: Span) -> Value {
    let all = file
        .args
        .iter()
        .filter_map(|instruction| match &instruction.body {
            Body::Arg(arguments) => Some(arguments),
            _ => None,
        });
    let global = all.flatten().rev().find(|(known, _)| known.text == name);
    match global.and_then(|(_, default)| default.as_ref()) {
        Some(value) => value.clone(),
        None => Value {
            unresolved: true,
            ..Value::new(name, span)
        },
    }
}

fn name_span(instruction: &Instruction, part: usize) -> Option<Span> {
    match &instruction.body {
        Body::Arg(arguments) => arguments.get(part).map(|(name, _)| name.span),
        Body::Pairs(pairs, _) => pairs.get(part).map(|(name, _)| name.span),
        _ => None,
    }
}
