//! Build stages: what each begins from, what it hands on, and which of them end up in the image.

use super::expand::{Binding, Environment, Expander, PLATFORM_ARGS};
use super::instruction::{Body, FlagValue, Instruction, Reader};
use super::lines::{Directives, Lines};
use super::mount::MountValue;
use super::shell::Dialect;
use super::value::Value;
use crate::SyntaxError;
use rustc_hash::FxHashMap;
use std::rc::Rc;

/// A file with more stages is refused.
const MOST_STAGES: usize = 1_000;
/// A file that sets more variables, labels, arguments and ports is refused: each stage may hand them all on.
const MOST_SETTINGS: usize = 4_096;

/// What stands in a Dockerfile.
#[derive(Debug)]
pub(super) struct File {
    pub(super) directives: Directives,
    /// The `ARG` instructions before the first stage.
    pub(super) args: Vec<Instruction>,
    pub(super) stages: Vec<Stage>,
}

/// A place in the file: the number of a stage, of an instruction in it, and of a part of that.
pub(super) type Place = (usize, usize, usize);

/// From one `FROM` to the next.
#[derive(Debug)]
pub(super) struct Stage {
    pub(super) instructions: Vec<Instruction>,
    /// The earlier stage it begins from.
    pub(super) parent: Option<usize>,
    pub(super) used: bool,
    pub(super) state: State,
}

/// What holds at the end of a stage.
#[derive(Clone, Debug)]
pub(super) struct State {
    pub(super) user: Option<Place>,
    pub(super) workdir: Option<(Place, Value)>,
    pub(super) shell: Option<Place>,
    pub(super) healthcheck: Option<Place>,
    pub(super) cmd: Option<Place>,
    pub(super) entrypoint: Option<Place>,
    pub(super) env: Rc<Named>,
    pub(super) labels: Rc<Named>,
    pub(super) args: Rc<Named>,
    pub(super) ports: Rc<Vec<Place>>,
    environment: Environment,
    dialect: Dialect,
    own_cmd: bool,
}

/// Names, each with the place that set it last.
#[derive(Clone, Debug, Default)]
pub(super) struct Named {
    order: Vec<(Rc<str>, Place)>,
    index: FxHashMap<Rc<str>, usize>,
}

impl Named {
    fn set(&mut self, name: &str, place: Place) {
        match self.index.get(name) {
            Some(&at) => self.order[at].1 = place,
            None => {
                let name: Rc<str> = name.into();
                self.index.insert(name.clone(), self.order.len());
                self.order.push((name, place));
            }
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, Place)> {
        self.order.iter().map(|(name, place)| (&**name, *place))
    }
}

/// Reads a whole file.
pub(super) fn read(text: &str) -> Result<File, SyntaxError> {
    let mut lines = Lines::new(text)?;
    let mut expander = Expander::new(lines.directives().escape, text.len());
    let mut global = Environment::new(Binding::Unknown);
    // What no argument before the first `FROM` declares is empty there, but Docker warns of it and so it is seldom meant.
    let mut names: FxHashMap<String, usize> = FxHashMap::default();
    let mut args = Vec::new();
    let mut stages: Vec<Stage> = Vec::new();
    let mut settings = 0;
    while let Some(line) = lines.next()? {
        let current = stages.last().map(|stage| &stage.state);
        let is_from = line
            .text
            .as_str()
            .get(..4)
            .is_some_and(|keyword| keyword.eq_ignore_ascii_case("FROM"));
        let mut reader = Reader {
            file: text,
            expander: &mut expander,
            environment: current
                .filter(|_| !is_from)
                .map_or(&global, |state| &state.environment),
            dialect: current.map_or(Dialect::Posix, |state| state.dialect),
        };
        let instruction = reader.read(&line)?;
        settings += match &instruction.body {
            Body::Arg(arguments) => arguments.len(),
            Body::Pairs(pairs, _) => pairs.len(),
            Body::Expose(ports) => ports.len(),
            _ => 0,
        };
        if settings > MOST_SETTINGS {
            let message = format!("more than {MOST_SETTINGS} variables, labels, arguments and ports are set");
            return Err(SyntaxError::new(line.span.start, message).with_help("split the file"));
        }
        match &instruction.body {
            Body::From { image, stage } => {
                if stages.len() >= MOST_STAGES {
                    let message = format!("more than {MOST_STAGES} stages");
                    return Err(SyntaxError::new(line.span.start, message).with_help("split the file"));
                }
                let parent = names
                    .get(&image.text.to_ascii_lowercase())
                    .copied()
                    .filter(|_| !image.unresolved);
                if let Some(stage) = stage {
                    names.insert(stage.text.to_ascii_lowercase(), stages.len());
                }
                let state = match parent.and_then(|parent| stages.get(parent)) {
                    Some(parent) => State {
                        own_cmd: false,
                        args: Rc::default(),
                        ..parent.state.clone()
                    },
                    None => State::of(image, lines.directives().escape),
                };
                stages.push(Stage {
                    instructions: vec![instruction],
                    parent,
                    used: false,
                    state,
                });
            }
            Body::Arg(arguments) if stages.is_empty() => {
                for (name, default) in arguments {
                    global.set(&name.text, binding(default.as_ref(), &name.text, None));
                }
                args.push(instruction);
            }
            _ => {
                let number = stages.len();
                let Some(stage) = stages.last_mut() else {
                    let message = format!("`{}` stands before the first `FROM`", instruction.name);
                    return Err(SyntaxError::new(line.span.start, message)
                        .with_help("begin with `FROM image`; only `ARG` may stand before it"));
                };
                stage
                    .state
                    .take(&instruction, (number - 1, stage.instructions.len(), 0), &global);
                stage.instructions.push(instruction);
            }
        }
    }
    if stages.is_empty() {
        let at = if args.is_empty() {
            0
        } else {
            text.trim_end().len() as u32
        };
        return Err(
            SyntaxError::new(at, "there is no `FROM`, and so no image is built")
                .with_help("write `FROM image:tag` first"),
        );
    }
    mark_used(&mut stages, &names);
    Ok(File {
        directives: lines.into_directives(),
        args,
        stages,
    })
}

/// What an `ARG` makes of its name.
fn binding(default: Option<&Value>, name: &str, global: Option<&Environment>) -> Binding {
    match default {
        Some(value) if value.unresolved => Binding::Unknown,
        Some(value) => Binding::Value(value.text.as_str().into()),
        None if PLATFORM_ARGS.contains(&name) => Binding::Unknown,
        None => global
            .and_then(|global| global.get(name))
            .cloned()
            .unwrap_or(Binding::Declared),
    }
}

impl State {
    /// What an image hands on: nothing is known of it, but that `scratch` is empty.
    fn of(image: &Value, escape: char) -> Self {
        let lower = image.text.to_ascii_lowercase();
        let windows = escape == '`'
            || ["windows", "nanoserver", "servercore"]
                .iter()
                .any(|word| lower.contains(word));
        let scratch = lower == "scratch" && !image.unresolved;
        let mut environment = if scratch {
            Environment::new(Binding::Unset)
        } else {
            Environment::new(Binding::Unknown)
        };
        if scratch {
            environment.set("PATH", Binding::Unknown);
        }
        Self {
            user: None,
            workdir: None,
            shell: None,
            healthcheck: None,
            cmd: None,
            entrypoint: None,
            env: Rc::default(),
            labels: Rc::default(),
            args: Rc::default(),
            ports: Rc::default(),
            environment,
            dialect: if windows { Dialect::Cmd } else { Dialect::Posix },
            own_cmd: false,
        }
    }

    /// Takes in the instruction at `place`.
    fn take(&mut self, instruction: &Instruction, place: Place, global: &Environment) {
        let (stage, number, _) = place;
        match &instruction.body {
            Body::Arg(arguments) => {
                for (part, (name, default)) in arguments.iter().enumerate() {
                    self.environment
                        .set(&name.text, binding(default.as_ref(), &name.text, Some(global)));
                    Rc::make_mut(&mut self.args).set(&name.text, (stage, number, part));
                }
            }
            Body::Pairs(pairs, _) => {
                let env = instruction.name == "ENV";
                for (part, (name, value)) in pairs.iter().enumerate() {
                    let names = if env { &mut self.env } else { &mut self.labels };
                    Rc::make_mut(names).set(&name.text, (stage, number, part));
                    if env {
                        self.environment
                            .set(&name.text, binding(Some(value), &name.text, None));
                    }
                }
            }
            Body::Expose(ports) => {
                Rc::make_mut(&mut self.ports).extend((0..ports.len()).map(|part| (stage, number, part)));
            }
            Body::User { .. } => self.user = Some(place),
            Body::Workdir(path) => self.workdir = Some((place, self.joined(path))),
            Body::Shell(words) => {
                self.shell = Some(place);
                self.dialect = Dialect::of(words);
            }
            Body::Healthcheck(_) => self.healthcheck = Some(place),
            Body::Program(_) if instruction.name == "CMD" => {
                self.cmd = Some(place);
                self.own_cmd = true;
            }
            Body::Program(_) => {
                self.entrypoint = Some(place);
                // A new entry point drops the arguments that the base image had for its own.
                if !self.own_cmd {
                    self.cmd = None;
                }
            }
            _ => {}
        }
    }

    /// A relative path goes on from the one before it, where that is known.
    fn joined(&self, path: &Value) -> Value {
        match &self.workdir {
            Some((_, before))
                if !path.text.starts_with(['/', '$', '\\'])
                    && path.text.get(1..2) != Some(":")
                    && before.text.starts_with('/') =>
            {
                let relative = path.text.trim_start_matches("./");
                let text = if relative == "." {
                    before.text.clone()
                } else {
                    format!("{}/{relative}", before.text.trim_end_matches('/'))
                };
                // Docker allows no longer path, and a chain of relative ones must not grow without end.
                if text.len() > 4096 {
                    return path.clone();
                }
                Value {
                    text,
                    span: path.span,
                    unresolved: path.unresolved || before.unresolved,
                }
            }
            _ => path.clone(),
        }
    }
}

/// Marks the last stage and all that it needs.
fn mark_used(stages: &mut [Stage], names: &FxHashMap<String, usize>) {
    let mut wanted = vec![stages.len().saturating_sub(1)];
    while let Some(number) = wanted.pop() {
        let Some(stage) = stages.get_mut(number) else {
            continue;
        };
        if std::mem::replace(&mut stage.used, true) {
            continue;
        }
        wanted.extend(stage.parent);
        for instruction in &stage.instructions {
            for source in sources(instruction) {
                let named = names.get(&source.to_ascii_lowercase()).copied();
                wanted.extend(named.or_else(|| source.parse().ok()));
            }
        }
    }
}

/// The stages and images that an instruction copies or mounts from.
fn sources(instruction: &Instruction) -> Vec<&str> {
    let instruction = match &instruction.body {
        Body::Onbuild(Some(inner)) => inner,
        _ => instruction,
    };
    let mut found = Vec::new();
    for flag in &instruction.flags {
        if let FlagValue::Text(value) = &flag.value
            && flag.name == "from"
        {
            found.push(&*value.text);
        }
    }
    if let Body::Run(_, mounts) = &instruction.body {
        for (name, value) in mounts.iter().flatten() {
            if let MountValue::Text(value) = value
                && *name == "from"
            {
                found.push(&*value.text);
            }
        }
    }
    found
}
