//! The nodes of what an instruction runs.

use super::instructions::{pair_list, values};
use super::writer::{Scalar, Writer, Written, around};
use crate::Span;
use crate::dockerfile::history::Used;
use crate::dockerfile::instruction::Program;
use crate::dockerfile::shell::{Arguments, Command, Script};
use crate::dockerfile::value::Value;
use rustc_hash::FxHashMap;

/// How many names and texts of other commands the commands of one instruction may tell, each kind by itself.
const MOST_NEIGHBOURS: usize = 1 << 16;

/// Writes the form of a command, its words and the commands that are run.
pub(super) fn program(out: &mut Writer<'_>, program: &Program, used: &[Used]) -> Written {
    out.text(
        "form",
        if program.words.is_some() { "exec" } else { "shell" },
        program.span,
    )?;
    if let Some(words) = program.words.as_ref().filter(|words| !words.is_empty()) {
        values(out, "words", words, program.span)?;
    }
    let commands = &program.script.commands;
    if commands.is_empty() {
        return Ok(());
    }
    let span = around(commands.iter().map(|command| command.text.span), program.span);
    out.key("commands", span)?;
    let mut neighbours = Neighbours {
        names: Vec::new(),
        texts: Vec::new(),
        reach: MOST_NEIGHBOURS / commands.len(),
    };
    for command in commands {
        let name = Value::new(command.name.as_str(), command.program.span);
        neighbours.names.push(out.scalar(&name));
        neighbours.texts.push(out.scalar(&command.text));
    }
    out.list(span, |out| {
        (0..commands.len())
            .try_for_each(|number| command(out, &program.script, number, &neighbours, used.get(number)))
    })?;
    Ok(())
}

/// Names and texts of all commands of an instruction, and how many of them each command tells before and after it.
struct Neighbours {
    names: Vec<Scalar>,
    texts: Vec<Scalar>,
    reach: usize,
}

fn command(
    out: &mut Writer<'_>,
    script: &Script,
    number: usize,
    neighbours: &Neighbours,
    used: Option<&Used>,
) -> Written {
    let command: &Command = &script.commands[number];
    let arguments = Arguments::of(command);
    let span = command.text.span;
    out.map(span, |out| {
        out.key("name", command.program.span)?;
        out.write(neighbours.names[number])?;
        out.entry("program", &command.program)?;
        out.key("text", span)?;
        out.write(neighbours.texts[number])?;
        if !command.words.is_empty() {
            values(out, "words", &command.words, span)?;
        }
        words_by_kind(out, &arguments, span)?;
        out.boolean("sudo", command.sudo, span)?;
        if !command.assignments.is_empty() {
            assignments(out, &command.assignments)?;
        }
        pipes(out, script, number, neighbours)?;
        let others = neighbours.names.len();
        let after = (number + 1)..others.min(number + 1 + neighbours.reach);
        let before = number.saturating_sub(neighbours.reach)..number;
        scalars(out, "followed", &neighbours.names[after.clone()], span)?;
        scalars(out, "followedBy", &neighbours.texts[after], span)?;
        scalars(out, "precededBy", &neighbours.texts[before], span)?;
        if !command.redirects.is_empty() {
            let span = around(
                command
                    .redirects
                    .iter()
                    .map(|(operator, target)| around([target.span], operator.span)),
                span,
            );
            out.key("redirects", span)?;
            let pairs = command
                .redirects
                .iter()
                .map(|(operator, target)| (operator, Some(target)));
            pair_list(out, span, "operator", "target", pairs)?;
        }
        if let Some(used) = used {
            if let Some(address) = &used.runs {
                out.text("runs", &address.text, command.program.span)?;
            }
            if !used.removes.is_empty() {
                values(out, "removes", &used.removes, span)?;
            }
        }
        if let Some((operator, span)) = command.operator {
            out.text("operator", operator, span)?;
        }
        Ok(())
    })?;
    Ok(())
}

fn words_by_kind(out: &mut Writer<'_>, arguments: &Arguments<'_>, span: Span) -> Written {
    if !arguments.flags.is_empty() {
        let span = around(arguments.flags.iter().map(|(_, word)| word.span), span);
        out.key("flags", span)?;
        out.list(span, |out| {
            for (flag, word) in &arguments.flags {
                out.value(&Value {
                    text: (*flag).to_owned(),
                    ..(*word).clone()
                })?;
            }
            for (letter, word) in &arguments.letters {
                out.value(&Value::new(format!("-{letter}"), word.span))?;
            }
            Ok(())
        })?;
    }
    if let Some(first) = arguments.operands.first() {
        let span = around(arguments.operands.iter().map(|word| word.span), span);
        out.key("operands", span)?;
        out.list(span, |out| {
            arguments
                .operands
                .iter()
                .try_for_each(|word| out.value(word).map(drop))
        })?;
        out.entry("subcommand", first)?;
    }
    if !arguments.options.is_empty() {
        let span = around(
            arguments
                .options
                .iter()
                .map(|(_, option, _, value)| around([value.span], option.span)),
            span,
        );
        out.key("options", span)?;
        out.list(span, |out| {
            for (name, option, value, word) in &arguments.options {
                out.map(around([word.span], option.span), |out| {
                    out.text("name", name, option.span)?;
                    out.text("value", value, word.span)
                })?;
            }
            Ok(())
        })?;
    }
    Ok(())
}

/// The last value counts where a variable is set twice.
fn assignments(out: &mut Writer<'_>, all: &[(Value, Value)]) -> Written {
    let mut last: FxHashMap<&str, usize> = FxHashMap::default();
    for (number, (name, _)) in all.iter().enumerate() {
        last.insert(&name.text, number);
    }
    let span = around(
        all.iter().map(|(name, value)| around([name.span], value.span)),
        Span::default(),
    );
    out.key("assignments", span)?;
    out.map(span, |out| {
        for (number, (name, value)) in all.iter().enumerate() {
            if last.get(&*name.text) == Some(&number) {
                out.own_key(&name.text, name.span)?;
                out.value(value)?;
            }
        }
        Ok(())
    })?;
    Ok(())
}

fn pipes(out: &mut Writer<'_>, script: &Script, number: usize, neighbours: &Neighbours) -> Written {
    let command = &script.commands[number];
    let span = command.program.span;
    for (key, other) in [
        ("pipedFrom", command.piped_from),
        ("pipedInto", command.piped_into),
    ] {
        if let Some(name) = other.and_then(|other| neighbours.names.get(other as usize)) {
            out.key(key, span)?;
            out.write(*name)?;
        }
    }
    if let Some(members) = command
        .pipeline
        .and_then(|pipeline| script.pipelines.get(pipeline as usize))
    {
        let names: Vec<_> = members
            .iter()
            .take(neighbours.reach.max(8))
            .filter_map(|&member| neighbours.names.get(member as usize).copied())
            .collect();
        scalars(out, "pipeline", &names, span)?;
    }
    let names: Vec<_> = command
        .substitutes
        .iter()
        .filter_map(|&inner| neighbours.names.get(inner as usize).copied())
        .collect();
    scalars(out, "substitutes", &names, span)
}

fn scalars(out: &mut Writer<'_>, key: &'static str, all: &[Scalar], span: Span) -> Written {
    if all.is_empty() {
        return Ok(());
    }
    out.key(key, span)?;
    out.list(span, |out| {
        all.iter().try_for_each(|scalar| out.write(*scalar).map(drop))
    })?;
    Ok(())
}
