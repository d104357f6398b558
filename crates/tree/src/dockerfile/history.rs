//! What an instruction has to do with those before it: the stages it takes from, the variables that it uses and no one
//! set, and the files that came with an earlier layer and are removed or run in this one.

use super::expand::PLATFORM_ARGS;
use super::instruction::{Body, FlagValue, Instruction};
use super::mount::{Mount, MountValue};
use super::shell::{Arguments, Command};
use super::stage::File;
use super::value::Value;
use crate::Span;
use rustc_hash::{FxHashMap, FxHashSet};
use std::rc::Rc;

/// So many files of a stage are remembered, those that it inherits included.
const MOST_FILES: usize = 512;

/// Variables that are set without an instruction.
const PREDEFINED: [&str; 12] = [
    "PATH",
    "HTTP_PROXY",
    "http_proxy",
    "HTTPS_PROXY",
    "https_proxy",
    "FTP_PROXY",
    "ftp_proxy",
    "NO_PROXY",
    "no_proxy",
    "ALL_PROXY",
    "all_proxy",
    "SOURCE_DATE_EPOCH",
];

/// What is known of one instruction.
#[derive(Debug, Default)]
pub(super) struct Told {
    /// Where `--from` leads to.
    pub(super) from: Option<&'static str>,
    /// The same for each mount.
    pub(super) mounts: Vec<Option<&'static str>>,
    /// The variables that it uses and nothing before it sets.
    pub(super) undefined: Vec<Value>,
    /// For each of its commands.
    pub(super) commands: Vec<Used>,
}

/// What a command does to files that were brought before.
#[derive(Debug, Default)]
pub(super) struct Used {
    /// The address that the file came from which the command runs.
    pub(super) runs: Option<Value>,
    /// Those of its operands that an earlier layer holds.
    pub(super) removes: Vec<Value>,
}

/// A file that came with an instruction.
#[derive(Clone, Debug)]
struct Brought {
    path: Rc<str>,
    /// Whether it is a whole folder, of which no one knows what it holds.
    folder: bool,
    /// Where it was fetched from.
    address: Option<Rc<Value>>,
}

#[derive(Clone, Debug, Default)]
struct History {
    workdir: Rc<str>,
    brought: Rc<Vec<Brought>>,
    defined: Rc<FxHashSet<Rc<str>>>,
}

/// What is known of all instructions, by stage.
pub(super) fn of(file: &File, text: &str) -> Vec<Vec<Told>> {
    let names = Names::of(file);
    let global: FxHashSet<Rc<str>> = file
        .args
        .iter()
        .flat_map(declared)
        .chain(PLATFORM_ARGS.map(Rc::from))
        .collect();
    let global = Rc::new(global);
    let mut ends: Vec<History> = Vec::with_capacity(file.stages.len());
    let mut all = Vec::with_capacity(file.stages.len());
    for (number, stage) in file.stages.iter().enumerate() {
        let mut history = match stage.parent.and_then(|parent| ends.get(parent)) {
            Some(parent) => parent.clone(),
            None => History {
                workdir: "/".into(),
                ..History::default()
            },
        };
        // What a stage hands on is its environment, not its arguments.
        let mut environment = history.defined.clone();
        let mut told = Vec::with_capacity(stage.instructions.len());
        for instruction in &stage.instructions {
            let defined = match instruction.name {
                "FROM" => &global,
                _ => &history.defined,
            };
            let mut one = Told {
                undefined: undefined(instruction, text, defined),
                ..Told::default()
            };
            names.sources(instruction, number, &mut one);
            history.take(instruction, &mut one);
            let set: Vec<Rc<str>> = declared(instruction).collect();
            if !set.is_empty() {
                if instruction.name == "ENV" {
                    Rc::make_mut(&mut environment).extend(set.iter().cloned());
                }
                Rc::make_mut(&mut history.defined).extend(set);
            }
            told.push(one);
        }
        history.defined = environment;
        ends.push(history);
        all.push(told);
    }
    all
}

/// The names that `ARG` or `ENV` sets.
fn declared(instruction: &Instruction) -> impl Iterator<Item = Rc<str>> {
    let names: Vec<Rc<str>> = match &instruction.body {
        Body::Arg(arguments) => arguments.iter().map(|(name, _)| Rc::from(&*name.text)).collect(),
        Body::Pairs(pairs, _) if instruction.name == "ENV" => {
            pairs.iter().map(|(name, _)| Rc::from(&*name.text)).collect()
        }
        _ => Vec::new(),
    };
    names.into_iter()
}

/// The stages by their names.
struct Names(FxHashMap<String, Vec<usize>>);

impl Names {
    fn of(file: &File) -> Self {
        let mut names: FxHashMap<String, Vec<usize>> = FxHashMap::default();
        for (number, stage) in file.stages.iter().enumerate() {
            if let Some(Body::From {
                stage: Some(name), ..
            }) = stage.instructions.first().map(|first| &first.body)
            {
                names
                    .entry(name.text.to_ascii_lowercase())
                    .or_default()
                    .push(number);
            }
            names.entry(number.to_string()).or_default().push(number);
        }
        Self(names)
    }

    fn sources(&self, instruction: &Instruction, stage: usize, told: &mut Told) {
        for flag in instruction.flags.iter().filter(|flag| flag.name == "from") {
            if let FlagValue::Text(value) = &flag.value {
                told.from = self.kind(&value.text, stage);
            }
        }
        if let Body::Run(_, mounts) = &instruction.body {
            told.mounts = mounts
                .iter()
                .map(|mount| self.kind(from(mount)?, stage))
                .collect();
        }
    }

    /// What a name means in that stage; nothing where it depends on a variable.
    fn kind(&self, name: &str, stage: usize) -> Option<&'static str> {
        if name.contains('$') {
            return None;
        }
        Some(match self.0.get(&name.to_ascii_lowercase()) {
            None => "image",
            Some(stages) if stages.iter().any(|other| *other < stage) => "stage",
            Some(stages) if stages.contains(&stage) => "self",
            Some(_) => "later",
        })
    }
}

fn from(mount: &Mount) -> Option<&str> {
    mount.iter().find_map(|(name, value)| match value {
        MountValue::Text(value) if *name == "from" => Some(&*value.text),
        _ => None,
    })
}

/// The variables that an instruction uses and that are not in `defined`.
fn undefined(instruction: &Instruction, text: &str, defined: &FxHashSet<Rc<str>>) -> Vec<Value> {
    let expands = matches!(
        instruction.name,
        "FROM"
            | "ADD"
            | "COPY"
            | "ENV"
            | "LABEL"
            | "EXPOSE"
            | "STOPSIGNAL"
            | "USER"
            | "VOLUME"
            | "WORKDIR"
            | "ARG"
    );
    if !expands {
        return Vec::new();
    }
    let span = instruction.text.span;
    let mut found: Vec<Value> = Vec::new();
    for (at, name) in variables(span.of(text)) {
        let known = defined.contains(name) || PREDEFINED.contains(&name);
        if !known && !found.iter().any(|other| other.text == name) {
            let start = span.start + at as u32;
            found.push(Value::new(name, Span::new(start, start + name.len() as u32)));
        }
    }
    found
}

/// The variables in a text that have no other value where they are not set, each with its offset.
fn variables(text: &str) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    let bytes = text.as_bytes();
    let (mut at, mut quoted) = (0, None);
    while let Some(&byte) = bytes.get(at) {
        at += 1;
        match byte {
            b'\\' | b'`' => at += 1,
            b'\'' | b'"' if quoted == Some(byte) => quoted = None,
            b'\'' | b'"' if quoted.is_none() => quoted = Some(byte),
            b'$' if quoted != Some(b'\'') => {
                let braced = bytes.get(at) == Some(&b'{');
                let start = at + usize::from(braced);
                let rest = bytes.get(start..).unwrap_or_default();
                let length = rest
                    .iter()
                    .take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_')
                    .count();
                at = start + length;
                let first = rest.first().copied().unwrap_or_default();
                if length == 0 || first.is_ascii_digit() || (braced && bytes.get(at) != Some(&b'}')) {
                    continue;
                }
                if let Some(name) = text.get(start..at) {
                    found.push((start, name));
                }
            }
            _ => {}
        }
    }
    found
}

impl History {
    fn take(&mut self, instruction: &Instruction, told: &mut Told) {
        match &instruction.body {
            Body::Workdir(path) => self.workdir = self.absolute(&path.text).into(),
            Body::Copy { sources, destination } => {
                let mut new = Vec::new();
                self.copied(instruction, sources, destination, &mut new);
                self.add(new);
            }
            Body::Run(program, _) => {
                let mut new: Vec<Brought> = Vec::new();
                for command in &program.script.commands {
                    let arguments = Arguments::of(command);
                    told.commands.push(Used {
                        runs: self.run(command, &arguments, &new),
                        removes: self.removed(command, &arguments, &new),
                    });
                    self.written(command, &arguments, &mut new);
                }
                self.add(new);
            }
            _ => {}
        }
    }

    fn add(&mut self, new: Vec<Brought>) {
        let room = MOST_FILES.saturating_sub(self.brought.len());
        if room > 0 && !new.is_empty() {
            Rc::make_mut(&mut self.brought).extend(new.into_iter().take(room));
        }
    }

    fn absolute(&self, path: &str) -> String {
        let path = path.strip_prefix("./").unwrap_or(path);
        let home = ["~/", "$HOME/", "${HOME}/"];
        let joined = if path == "." {
            self.workdir.to_string()
        } else if path.starts_with('/') {
            path.to_owned()
        } else if let Some(rest) = home.iter().find_map(|home| path.strip_prefix(home)) {
            format!("/root/{rest}")
        } else {
            format!("{}/{path}", self.workdir.trim_end_matches('/'))
        };
        // No path is longer, and a chain of relative ones must not grow without end.
        if joined.len() > 4096 {
            path.to_owned()
        } else {
            joined
        }
    }

    /// The files that `COPY` or `ADD` brings.
    fn copied(
        &self,
        instruction: &Instruction,
        sources: &[Value],
        destination: &Value,
        new: &mut Vec<Brought>,
    ) {
        let has = |name: &str| instruction.flags.iter().any(|flag| flag.name == name);
        let target = self.absolute(&destination.text);
        let target = target.trim_end_matches('/');
        let into =
            destination.text.ends_with('/') || matches!(&*destination.text, "." | "..") || sources.len() > 1;
        let heredocs = instruction.heredocs.iter().map(|(name, _)| (&*name.text, None));
        let files = sources.iter().map(|source| (&*source.text, Some(source)));
        for (name, source) in files.chain(heredocs).take(MOST_FILES) {
            let address = source.filter(|source| is_address(&source.text) && !has("checksum"));
            let address = address.map(|source| Rc::new(source.clone()));
            let last = last_part(name);
            if !into || matches!(last, "" | "." | "..") {
                new.push(Brought {
                    path: target.into(),
                    folder: !last.contains('.') || last.starts_with(['.', '*']) && last.len() < 3,
                    address: address.clone(),
                });
            }
            if !matches!(last, "" | "." | "..") {
                new.push(Brought {
                    path: format!("{target}/{last}").into(),
                    folder: false,
                    address,
                });
            }
        }
    }

    /// The files that a command writes, as far as its words tell.
    fn written(&self, command: &Command, arguments: &Arguments<'_>, new: &mut Vec<Brought>) {
        if new.len() >= MOST_FILES {
            return;
        }
        let mut write = |path: &str, address: Option<&Value>| {
            if !path.is_empty() && !path.starts_with("/dev/") && path != "-" {
                new.push(Brought {
                    path: self.absolute(path).into(),
                    folder: false,
                    address: address.map(|address| Rc::new(address.clone())),
                });
            }
        };
        let fetches = matches!(&*command.name, "curl" | "wget");
        let address = arguments
            .operands
            .iter()
            .find(|word| is_address(&word.text))
            .or(arguments.operands.first())
            .copied()
            .filter(|_| fetches);
        for (operator, target) in &command.redirects {
            if matches!(&*operator.text, ">" | ">>" | ">|" | "&>" | "1>") {
                write(&target.text, address);
            }
        }
        let option = |names: &[&str]| {
            let mut options = arguments.options.iter();
            options
                .find(|(name, ..)| names.contains(&&**name))
                .map(|(_, _, value, _)| *value)
        };
        let letter = |wanted: char| arguments.letters.iter().any(|(letter, _)| *letter == wanted);
        let flag = |wanted: &str| arguments.flags.iter().any(|(flag, _)| *flag == wanted);
        match &*command.name {
            "curl" => {
                if let Some(path) = option(&["-o", "--output"]) {
                    write(path, address);
                } else if letter('O') || flag("-O") || flag("--remote-name") {
                    for word in arguments.operands.iter().take(MOST_FILES) {
                        write(last_part(without_query(&word.text)), Some(word));
                    }
                }
            }
            "wget" => match (
                option(&["-O", "--output-document"]),
                option(&["-P", "--directory-prefix"]),
            ) {
                (Some(path), _) => write(path, address),
                (None, folder) => {
                    for word in arguments.operands.iter().take(MOST_FILES) {
                        let name = last_part(without_query(&word.text));
                        match folder {
                            Some(folder) => {
                                write(&format!("{}/{name}", folder.trim_end_matches('/')), Some(word))
                            }
                            None => write(name, Some(word)),
                        }
                    }
                }
            },
            "tee" => arguments
                .operands
                .iter()
                .take(MOST_FILES)
                .for_each(|word| write(&word.text, None)),
            "cp" | "mv" | "install" => {
                if let [sources @ .., destination] = &arguments.operands[..]
                    && !sources.is_empty()
                {
                    write(&destination.text, None);
                }
            }
            _ => {}
        }
    }

    /// Whether the command runs a file that was fetched, and from where.
    fn run(&self, command: &Command, arguments: &Arguments<'_>, new: &[Brought]) -> Option<Value> {
        let file = match &*command.name {
            "sh" | "bash" | "dash" | "ash" | "zsh" | "ksh" | "source" | "." | "python" | "python2"
            | "python3" | "perl" | "ruby" | "node" | "php" => &arguments.operands.first()?.text,
            _ if command.program.text.contains('/') => &command.program.text,
            _ => return None,
        };
        let path = self.absolute(file);
        let relative = !file.starts_with('/');
        let all = self.brought.iter().chain(new);
        all.filter(|brought| {
            // `cd` is not followed, so a relative path may be anywhere.
            *brought.path == *path || (relative && last_part(&brought.path) == last_part(file))
        })
        .find_map(|brought| brought.address.as_deref().cloned())
    }

    /// The operands of `rm` that an earlier layer holds.
    fn removed(&self, command: &Command, arguments: &Arguments<'_>, new: &[Brought]) -> Vec<Value> {
        if !matches!(&*command.name, "rm" | "unlink" | "shred") || self.brought.is_empty() {
            return Vec::new();
        }
        let operands = arguments.operands.iter().take(MOST_FILES);
        let held = operands.filter(|word| {
            let path = self.absolute(&word.text);
            let path = path.trim_end_matches('/');
            !path.is_empty()
                && !new.iter().any(|brought| *brought.path == *path)
                && self.brought.iter().any(|brought| brought.is_under(path))
        });
        held.map(|word| (*word).clone()).collect()
    }
}

impl Brought {
    /// Whether it goes when `path` is removed, whose last part may hold a `*`.
    fn is_under(&self, path: &str) -> bool {
        if self.folder {
            let inside = path.strip_prefix(&*self.path);
            return inside.is_some_and(|inside| inside.starts_with('/') || inside.is_empty());
        }
        let Some((before, after)) = path.split_once('*') else {
            let below = self.path.strip_prefix(path);
            return below.is_some_and(|below| below.is_empty() || below.starts_with('/'));
        };
        let rest = self.path.strip_prefix(before);
        rest.is_some_and(|rest| rest.split('/').next().is_some_and(|name| name.ends_with(after)))
    }
}

fn is_address(text: &str) -> bool {
    text.starts_with("http://") || text.starts_with("https://")
}

fn last_part(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

fn without_query(address: &str) -> &str {
    address.split(['?', '#']).next().unwrap_or(address)
}

#[cfg(test)]
mod tests {
    use crate::{Limits, Node, dockerfile};

    /// What the commands of the last instruction of `text` remove and run.
    fn used(text: &str) -> (Vec<String>, Vec<String>) {
        let tree = dockerfile::parse(text, &Limits::default()).unwrap();
        let stage = tree.root().get("stages").unwrap().items().last().unwrap();
        let last = stage.get("instructions").unwrap().items().last().unwrap();
        let (mut removes, mut runs) = (Vec::new(), Vec::new());
        for command in last.get("commands").into_iter().flat_map(Node::items) {
            let held = command.get("removes").into_iter().flat_map(Node::items);
            removes.extend(held.map(|path| path.raw().to_owned()));
            runs.extend(command.get("runs").map(|address| address.raw().to_owned()));
        }
        (removes, runs)
    }

    #[test]
    fn a_file_is_removed_from_an_earlier_layer_only() {
        for (before, command, removed) in [
            (
                "COPY a.conf /etc/",
                "rm -f /etc/a.conf /etc/b.conf",
                "/etc/a.conf",
            ),
            ("COPY a.conf b.conf /etc/", "rm /etc/*.conf", "/etc/*.conf"),
            ("WORKDIR /app\nCOPY .npmrc x ./", "rm .npmrc", ".npmrc"),
            ("WORKDIR /app\nCOPY . .", "rm .npmrc && rm -r /tmp/x", ".npmrc"),
            ("ADD key /root/.ssh/key", "rm -rf ~/.ssh", "~/.ssh"),
            ("ADD key /root/.ssh/key", "rm -rf ~/.ssh/key", "~/.ssh/key"),
            ("ADD key /root/.ssh/key", "rm -rf /root/.ssh", "/root/.ssh"),
            ("RUN echo x > /root/.netrc", "rm /root/.netrc", "/root/.netrc"),
            (
                "RUN curl -o /a http://x/b && wget http://x/c",
                "rm /a /c",
                "/a /c",
            ),
            ("COPY . /app", "echo > /app/a; rm /app/a /b", ""),
            ("COPY a /a", "rm -rf /tmp/* /", ""),
        ] {
            let text = format!("FROM x\n{before}\nRUN {command}");
            assert_eq!(used(&text).0.join(" "), removed, "{text}");
        }
    }

    #[test]
    fn what_was_fetched_is_known_when_it_is_run() {
        for (text, address) in [
            ("RUN wget -O x.sh http://x/y && sh x.sh", "http://x/y"),
            (
                "RUN curl -sSLO http://x/y.sh?z=1\nRUN bash ./y.sh -y",
                "http://x/y.sh?z=1",
            ),
            (
                "RUN curl http://x/y > /tmp/y && chmod +x /tmp/y && /tmp/y",
                "http://x/y",
            ),
            (
                "ADD http://x/y.py /tmp/\nRUN cd /tmp && python3 y.py",
                "http://x/y.py",
            ),
            (
                "ADD --checksum=sha256:0 http://x/y.py /tmp/\nRUN python3 /tmp/y.py",
                "",
            ),
            ("COPY y.sh /\nRUN /y.sh", ""),
            ("RUN curl -o /z http://x/y && sh /y", ""),
        ] {
            let text = format!("FROM x\n{text}");
            assert_eq!(used(&text).1.join(" "), address, "{text}");
        }
    }

    #[test]
    fn what_a_name_means_depends_on_the_place() {
        let text = "FROM a AS one\nCOPY --from=one a b\nCOPY --from=two a b\nFROM b AS two\nCOPY --from=ONE a b\n\
                    COPY --from=0 a b\nCOPY --from=alpine a b\nCOPY --from=$x a b\n";
        let tree = dockerfile::parse(text, &Limits::default()).unwrap();
        let stages = tree.root().get("stages").unwrap().items();
        let kinds: Vec<_> = stages
            .flat_map(|stage| stage.get("instructions").unwrap().items())
            .filter(|one| one.get("destination").is_some())
            .map(|one| one.str_at(&["fromKind"]).unwrap_or("none"))
            .collect();
        assert_eq!(kinds.join(" "), "self later stage stage image none");
    }

    #[test]
    fn variables_that_nothing_sets_are_told() {
        for (text, names) in [
            ("FROM $BASE", "BASE"),
            ("ARG BASE=x\nFROM --platform=$BUILDPLATFORM $BASE", ""),
            ("ARG A=1\nFROM x\nLABEL a=$A", "A"),
            (
                "ARG A=1\nFROM x\nARG A\nLABEL a=$A b=${A} c=${B:-1} d='$C' e=\\$D f=$PATH",
                "",
            ),
            ("FROM x AS a\nENV A=1\nARG B\nFROM a\nENV C=$A$B", "B"),
            ("FROM x\nRUN echo $A", ""),
        ] {
            let tree = dockerfile::parse(text, &Limits::default()).unwrap();
            let stages = tree.root().get("stages").unwrap().items();
            let found: Vec<_> = stages
                .flat_map(|stage| stage.get("instructions").unwrap().items())
                .flat_map(|one| one.get("undefined").into_iter().flat_map(Node::items))
                .map(|name| name.raw().to_owned())
                .collect();
            assert_eq!(found.join(" "), names, "{text}");
        }
    }
}
