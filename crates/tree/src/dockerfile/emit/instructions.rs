//! The nodes of instructions.

use super::commands::program;
use super::writer::{Writer, Written, around};
use crate::dockerfile::history::Told;
use crate::dockerfile::instruction::{Body, Flag, FlagValue, Instruction, Ports};
use crate::dockerfile::mount::{Mount, MountValue};
use crate::dockerfile::value::Value;
use crate::{NodeId, Span};
use rustc_hash::FxHashMap;

/// Nodes of an instruction that its stage tells again.
pub(super) struct Nodes {
    pub(super) whole: NodeId,
    /// Of `ENV`, `LABEL`, `ARG` the values, of `EXPOSE` the ports, of all others the one value they have.
    pub(super) parts: Vec<Option<NodeId>>,
    pub(super) platform: Option<NodeId>,
}

/// Writes the items of a list of instructions; `told` is what is known of each, if anything.
pub(super) fn instructions(out: &mut Writer<'_>, all: &[Instruction], told: &[Told]) -> Written<Vec<Nodes>> {
    let mut last: FxHashMap<&str, usize> = FxHashMap::default();
    for (number, instruction) in all.iter().enumerate() {
        last.insert(instruction.name, number);
    }
    let mut nodes = Vec::with_capacity(all.len());
    for (number, one) in all.iter().enumerate() {
        let previous = number.checked_sub(1).map(|before| all[before].name);
        let is_last = last.get(one.name) == Some(&number);
        let place = Some((is_last, previous));
        nodes.push(instruction(out, one, place, told.get(number))?);
    }
    Ok(nodes)
}

/// Writes one instruction; `place` says whether it is the last of its name in its stage, and what comes before it.
fn instruction(
    out: &mut Writer<'_>,
    one: &Instruction,
    place: Option<(bool, Option<&str>)>,
    told: Option<&Told>,
) -> Written<Nodes> {
    let (whole, (parts, platform)) = out.map(one.span, |out| {
        out.text("instruction", one.name, one.written.span)?;
        out.entry("written", &one.written)?;
        out.raw("raw", one.span)?;
        let platform = flags(out, &one.flags)?;
        if !one.text.text.is_empty() {
            out.entry("text", &one.text)?;
        }
        if !one.heredocs.is_empty() {
            let span = around(
                one.heredocs
                    .iter()
                    .map(|(name, text)| around([name.span, text.span], name.span)),
                one.span,
            );
            out.key("heredocs", span)?;
            pair_list(
                out,
                span,
                "name",
                "text",
                one.heredocs.iter().map(|(name, text)| (name, Some(text))),
            )?;
        }
        let parts = body(out, one, told)?;
        if let Some(told) = told {
            if let Some(kind) = told.from {
                out.text("fromKind", kind, from_span(one))?;
            }
            if !told.undefined.is_empty() {
                values(out, "undefined", &told.undefined, one.text.span)?;
            }
        }
        if let Some((last, previous)) = place {
            out.boolean("last", last, one.written.span)?;
            if let Some(previous) = previous {
                out.text("previous", previous, one.written.span)?;
            }
        }
        Ok((parts, platform))
    })?;
    Ok(Nodes {
        whole,
        parts,
        platform,
    })
}

fn from_span(one: &Instruction) -> Span {
    one.flags
        .iter()
        .find(|flag| flag.name == "from")
        .map_or(one.span, |flag| match &flag.value {
            FlagValue::Switch(_, span) => *span,
            FlagValue::Text(value) => value.span,
        })
}

/// A list of maps of two entries. Gives the nodes of the second, where there is one.
pub(super) fn pair_list<'v>(
    out: &mut Writer<'_>,
    span: Span,
    first: &'static str,
    second: &'static str,
    pairs: impl Iterator<Item = (&'v Value, Option<&'v Value>)>,
) -> Written<Vec<Option<NodeId>>> {
    let (_, nodes) = out.list(span, |out| {
        let mut nodes = Vec::new();
        for (name, value) in pairs {
            let span = around(
                [name.span].into_iter().chain(value.map(|value| value.span)),
                name.span,
            );
            let (_, node) = out.map(span, |out| {
                out.entry(first, name)?;
                value.map(|value| out.entry(second, value)).transpose()
            })?;
            nodes.push(node);
        }
        Ok(nodes)
    })?;
    Ok(nodes)
}

/// Gives the node of `--platform`, if there is one.
fn flags(out: &mut Writer<'_>, flags: &[Flag]) -> Written<Option<NodeId>> {
    let end = |flag: &Flag| match &flag.value {
        FlagValue::Switch(_, span) => span.end,
        FlagValue::Text(value) => value.span.end,
    };
    let (Some(first), Some(last)) = (flags.first(), flags.last()) else {
        return Ok(None);
    };
    let span = Span::new(first.name_span.start, end(last));
    out.key("flags", span)?;
    let mut names: Vec<&str> = Vec::new();
    for flag in flags {
        if !names.contains(&&*flag.name) {
            names.push(&flag.name);
        }
    }
    let mut platform = None;
    out.map(span, |out| {
        for name in names {
            let same: Vec<&Flag> = flags.iter().filter(|flag| flag.name == name).collect();
            out.own_key(name, same[0].name_span)?;
            if name == "mount" || same.len() > 1 {
                let span = Span::new(same[0].name_span.start, end(same[same.len() - 1]));
                out.list(span, |out| {
                    same.iter().try_for_each(|flag| flag_value(out, flag).map(drop))
                })?;
            } else {
                let node = flag_value(out, same[0])?;
                platform = platform.or((name == "platform").then_some(node));
            }
        }
        Ok(())
    })?;
    Ok(platform)
}

fn flag_value(out: &mut Writer<'_>, flag: &Flag) -> Written<NodeId> {
    match &flag.value {
        FlagValue::Switch(value, span) => out.truth(*value, *span),
        FlagValue::Text(value) => {
            let digits = !value.text.is_empty() && value.text.bytes().all(|byte| byte.is_ascii_digit());
            if flag.name == "retries" && digits {
                out.integer(&value.text, value.span)
            } else {
                out.value(value)
            }
        }
    }
}

/// Writes what is particular to an instruction. Gives the nodes that its stage may tell again.
fn body(out: &mut Writer<'_>, one: &Instruction, told: Option<&Told>) -> Written<Vec<Option<NodeId>>> {
    let rest = one.text.span;
    Ok(match &one.body {
        Body::Arg(arguments) => {
            let pairs = arguments.iter().map(|(name, default)| (name, default.as_ref()));
            out.key("arguments", rest)?;
            pair_list(out, rest, "name", "default", pairs)?
        }
        Body::Copy { sources, destination } => {
            let span = around(sources.iter().map(|source| source.span), destination.span);
            if !sources.is_empty() {
                values(out, "sources", sources, span)?;
            }
            out.entry("destination", destination)?;
            if one.name == "ADD" {
                let remote = sources.iter().find(|source| is_remote(&source.text));
                out.boolean(
                    "remote",
                    remote.is_some(),
                    remote.map_or(span, |source| source.span),
                )?;
            }
            Vec::new()
        }
        Body::Expose(all) => {
            out.key("ports", rest)?;
            let (_, nodes) = out.list(rest, |out| {
                all.iter()
                    .map(|one| ports(out, one).map(Some))
                    .collect::<Written<Vec<_>>>()
            })?;
            nodes
        }
        Body::From { image, stage } => {
            let node = out.entry("image", image)?;
            if let Some(stage) = stage {
                out.entry("stage", stage)?;
            }
            if let Some(FlagValue::Text(platform)) = one.flags.first().map(|flag| &flag.value) {
                out.entry("platform", platform)?;
            }
            vec![Some(node)]
        }
        Body::Maintainer => Vec::new(),
        Body::Healthcheck(None) => {
            out.boolean("none", true, rest)?;
            Vec::new()
        }
        Body::Healthcheck(Some(run)) => {
            out.boolean("none", false, rest)?;
            program(out, run, told.map_or(&[], |told| &told.commands))?;
            Vec::new()
        }
        Body::Onbuild(inner) => {
            if let Some(inner) = inner {
                out.key("inner", inner.span)?;
                instruction(out, inner, None, None)?;
            }
            Vec::new()
        }
        Body::Pairs(pairs, legacy) => {
            let key = if one.name == "ENV" { "variables" } else { "labels" };
            out.key(key, rest)?;
            let nodes = pair_list(
                out,
                rest,
                "name",
                "value",
                pairs.iter().map(|(name, value)| (name, Some(value))),
            )?;
            out.boolean("legacy", *legacy, rest)?;
            nodes
        }
        Body::Program(run) => {
            program(out, run, told.map_or(&[], |told| &told.commands))?;
            Vec::new()
        }
        Body::Run(run, mounts) => {
            program(out, run, told.map_or(&[], |told| &told.commands))?;
            if !mounts.is_empty() {
                mounts_of(out, mounts, one, told)?;
            }
            Vec::new()
        }
        Body::Shell(words) => {
            out.text("form", "exec", rest)?;
            vec![Some(values(out, "words", words, rest)?)]
        }
        Body::Signal(signal) => vec![Some(out.entry("signal", signal)?)],
        Body::User { name, group } => {
            let span = around(
                [name.span]
                    .into_iter()
                    .chain(group.as_ref().map(|group| group.span)),
                rest,
            );
            out.key("user", span)?;
            let (node, ()) = out.map(span, |out| {
                out.entry("name", name)?;
                group
                    .iter()
                    .try_for_each(|group| out.entry("group", group).map(drop))
            })?;
            vec![Some(node)]
        }
        Body::Volume(paths) => vec![Some(values(out, "paths", paths, rest)?)],
        Body::Workdir(path) => vec![Some(out.entry("path", path)?)],
    })
}

fn is_remote(source: &str) -> bool {
    ["http://", "https://", "git://", "ssh://", "git@"]
        .iter()
        .any(|scheme| source.starts_with(scheme))
}

pub(super) fn values(
    out: &mut Writer<'_>,
    key: &'static str,
    values: &[Value],
    span: Span,
) -> Written<NodeId> {
    let span = around(values.iter().map(|value| value.span), span);
    out.key(key, span)?;
    let (node, ()) = out.list(span, |out| {
        values.iter().try_for_each(|value| out.value(value).map(drop))
    })?;
    Ok(node)
}

fn ports(out: &mut Writer<'_>, ports: &Ports) -> Written<NodeId> {
    let span = ports.written.span;
    let (node, ()) = out.map(span, |out| {
        match ports.range {
            Some((port, last)) if port == last => drop(out.number("port", port.into(), span)?),
            Some((first, last)) => {
                out.number("from", first.into(), span)?;
                out.number("to", last.into(), span)?;
            }
            None => drop(out.entry("port", &ports.written)?),
        }
        out.text("protocol", &ports.protocol, span).map(drop)
    })?;
    Ok(node)
}

fn mounts_of(out: &mut Writer<'_>, mounts: &[Mount], one: &Instruction, told: Option<&Told>) -> Written {
    let spans: Vec<Span> = one
        .flags
        .iter()
        .filter(|flag| flag.name == "mount")
        .map(|flag| match &flag.value {
            FlagValue::Text(value) => value.span,
            FlagValue::Switch(_, span) => *span,
        })
        .collect();
    let span = around(spans.iter().copied(), one.span);
    out.key("mounts", span)?;
    out.list(span, |out| {
        for (number, (mount, span)) in mounts.iter().zip(&spans).enumerate() {
            let kind = told.and_then(|told| told.mounts.get(number).copied().flatten());
            out.map(*span, |out| {
                if let Some(kind) = kind {
                    out.text("fromKind", kind, *span)?;
                }
                for (name, value) in mount {
                    match value {
                        MountValue::Switch(value, span) => drop(out.boolean(name, *value, *span)?),
                        MountValue::Text(value) => drop(out.entry(name, value)?),
                    }
                }
                Ok(())
            })?;
        }
        Ok(())
    })?;
    Ok(())
}
