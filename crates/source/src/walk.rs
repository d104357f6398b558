//! From targets to inputs.

use crate::kustomization::{self, Parts};
use crate::render::{self, Renderer};
use crate::{Body, Input, Language, language_of_name};
use hardtack_core::{Failed, Inputs, Skipped};
use ignore::WalkBuilder;
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

/// The files that say what to ignore in their folder, and in those below it.
const IGNORING: [&str; 3] = [".hardtackignore", ".gitignore", ".ignore"];

/// What decides which files are read.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Patterns of paths to leave out, in the syntax of `.gitignore`.
    pub exclude: Vec<String>,
    /// Whether charts and kustomizations are rendered.
    pub render: bool,
    /// Files with values for charts, in order.
    pub helm_values: Vec<PathBuf>,
}

/// What there is to read.
#[derive(Debug, Default)]
pub struct Plan {
    /// The inputs, in the order of reports.
    pub inputs: Vec<Input>,
    /// What was skipped or failed before any text was read.
    pub account: Inputs,
}

/// Finds the inputs that `targets` stand for: `-` is standard input, a directory all in it that can be judged.
///
/// In a directory, files that `.gitignore` or `.hardtackignore` leave out are left out, and symbolic links are not
/// followed, so that a loop of links can't be walked. Charts and kustomizations are rendered, and what they render is
/// judged instead of their parts.
pub fn plan(targets: &[String], options: &Options) -> Plan {
    let mut plan = Plan::default();
    for target in targets {
        if target == "-" {
            plan.inputs.push(Input {
                name: "stdin".into(),
                language: None,
                body: Body::Stdin,
                explicit: true,
                size: 0,
            });
            continue;
        }
        let path = Path::new(target);
        match path.metadata() {
            Err(error) => plan.account.failed.push(unreadable(path, &error)),
            Ok(found) if found.is_dir() => plan.directory(path, options),
            Ok(found) => plan.file(path, found.len(), options),
        }
    }
    plan.once_each();
    plan
}

/// What a walk through a directory found.
#[derive(Default)]
struct Found {
    files: Vec<(PathBuf, Language, u64)>,
    /// Folders of charts that lie in no other chart.
    charts: BTreeSet<PathBuf>,
    /// Kustomization files, by their folders.
    kustomizations: BTreeMap<PathBuf, PathBuf>,
}

impl Plan {
    /// A file that someone named.
    fn file(&mut self, path: &Path, size: u64, options: &Options) {
        let file_name = path.file_name().unwrap_or_default().to_string_lossy();
        let folder = path.parent().filter(|parent| !parent.as_os_str().is_empty());
        let folder = folder.unwrap_or(Path::new("."));
        let renderer = match &*file_name {
            "Chart.yaml" => Some((Renderer::Helm, folder)),
            archive if archive.ends_with(".tgz") => Some((Renderer::Helm, path)),
            other if kustomization::NAMES.contains(&other) => Some((Renderer::Kustomize, folder)),
            _ => None,
        };
        if let Some((renderer, folder)) = renderer {
            let rendered = rendered(renderer, folder, options);
            self.take(rendered);
            return;
        }
        self.inputs.push(Input {
            name: name(path),
            language: language_of_name(&file_name),
            body: Body::File(path.to_owned()),
            explicit: true,
            size,
        });
    }

    /// Targets may overlap; what two of them hold is read once.
    fn once_each(&mut self) {
        let mut first: HashMap<(Arc<str>, bool), usize> = HashMap::new();
        let mut once: Vec<Input> = Vec::new();
        for input in std::mem::take(&mut self.inputs) {
            let key = (input.name.clone(), matches!(input.body, Body::Stdin));
            match first.get(&key).and_then(|index| once.get_mut(*index)) {
                Some(known) => known.explicit |= input.explicit,
                None => {
                    first.insert(key, once.len());
                    once.push(input);
                }
            }
        }
        self.inputs = once;
    }

    fn take(&mut self, rendered: Rendered) -> bool {
        match rendered {
            Rendered::Input(input) => self.inputs.push(input),
            Rendered::Skipped(skipped) => {
                self.account.skipped.push(skipped);
                return false;
            }
            Rendered::Failed(failed) => {
                self.account.failed.push(failed);
                return false;
            }
        }
        true
    }

    fn directory(&mut self, root: &Path, options: &Options) {
        let found = self.walk(root, options);
        let parts: BTreeMap<&PathBuf, Parts> = found
            .kustomizations
            .iter()
            .map(|(folder, file)| (folder, kustomization::parts(file)))
            .collect();
        let of_others: BTreeSet<&PathBuf> = parts.values().flat_map(|parts| &parts.resources).collect();
        let charts = found.charts.iter().map(|folder| (Renderer::Helm, folder));
        let tops = found
            .kustomizations
            .keys()
            .filter(|folder| !of_others.contains(&kustomization::normal(folder)))
            .filter(|folder| !parts.get(folder).is_some_and(|parts| parts.is_component));
        let jobs: Vec<_> = charts
            .chain(tops.map(|folder| (Renderer::Kustomize, folder)))
            .collect();
        let results: Vec<_> = jobs
            .par_iter()
            .map(|(renderer, folder)| rendered(*renderer, folder, options))
            .collect();
        // Parts of what was rendered are judged as rendered; parts of what was not, as they are.
        let mut covered = BTreeSet::new();
        for ((renderer, folder), result) in jobs.into_iter().zip(results) {
            let done = self.take(result);
            if done && renderer == Renderer::Kustomize {
                cover(folder, &parts, &mut covered);
            }
        }
        covered.extend(parts.values().flat_map(|parts| parts.fragments.iter().cloned()));
        for (path, language, size) in found.files {
            if covered.contains(&kustomization::normal(&path)) || is_part_of_chart(&path, &found.charts) {
                continue;
            }
            self.inputs.push(Input {
                name: name(&path),
                language: Some(language),
                size,
                body: Body::File(path),
                explicit: false,
            });
        }
        self.inputs.sort_by(|a, b| a.name.cmp(&b.name));
    }

    fn walk(&mut self, root: &Path, options: &Options) -> Found {
        let above = root.canonicalize().unwrap_or_default();
        if let Some(pipe) = above.ancestors().find_map(ignoring_pipe) {
            self.account.failed.push(blocked(&pipe));
            return Found::default();
        }
        let pipes = Arc::new(Mutex::new(Vec::new()));
        let mut walk = WalkBuilder::new(root);
        walk.hidden(false)
            .require_git(false)
            .add_custom_ignore_filename(IGNORING[0])
            .filter_entry({
                let pipes = pipes.clone();
                move |entry| {
                    let folder = entry.file_type().filter(std::fs::FileType::is_dir);
                    let pipe = folder.and_then(|_| ignoring_pipe(entry.path()));
                    let open = pipe.is_none() && entry.file_name() != ".git";
                    pipes.lock().map(|mut pipes| pipes.extend(pipe)).is_ok() && open
                }
            })
            .sort_by_file_path(|a, b| a.cmp(b));
        if let Some(excluded) = self.excluded(root, &options.exclude) {
            walk.overrides(excluded);
        }
        let mut found = Found::default();
        for entry in walk.build() {
            let entry = match entry {
                Ok(entry) => entry,
                Err(error) => {
                    self.unwalkable(root, &error);
                    continue;
                }
            };
            let Some(kind) = entry.file_type() else { continue };
            let file_name = entry.file_name().to_string_lossy();
            let folder = || entry.path().parent().unwrap_or(root).to_owned();
            if kind.is_file() && file_name == "Chart.yaml" {
                let folder = folder();
                // Files come before those in folders below them only by chance: keep the outermost chart.
                if !folder
                    .ancestors()
                    .skip(1)
                    .any(|above| found.charts.contains(above))
                {
                    found.charts.retain(|chart| !chart.starts_with(&folder));
                    found.charts.insert(folder);
                }
                continue;
            }
            if kind.is_file() && kustomization::NAMES.contains(&&*file_name) {
                found.kustomizations.insert(folder(), entry.into_path());
                continue;
            }
            let Some(language) = language_of_name(&file_name) else {
                continue;
            };
            if kind.is_symlink() {
                self.account.skipped.push(Skipped {
                    path: name(entry.path()),
                    line: None,
                    reason: "a symbolic link; name it to follow it".into(),
                });
            } else if !kind.is_file() && !kind.is_dir() {
                // To open a pipe is to wait for its writer.
                self.account.skipped.push(Skipped {
                    path: name(entry.path()),
                    line: None,
                    reason: "a pipe, a socket or a device, not a file".into(),
                });
            } else if kind.is_file() {
                let size = entry.metadata().map_or(0, |found| found.len());
                found.files.push((entry.into_path(), language, size));
            }
        }
        let pipes = pipes
            .lock()
            .map(|pipes| pipes.iter().map(|pipe| blocked(pipe)).collect());
        self.account.failed.extend(pipes.unwrap_or(Vec::new()));
        found
    }

    fn excluded(&mut self, root: &Path, patterns: &[String]) -> Option<ignore::overrides::Override> {
        let mut excluded = ignore::overrides::OverrideBuilder::new(root);
        for pattern in patterns {
            if let Err(error) = excluded.add(&format!("!{pattern}")) {
                self.account.failed.push(Failed {
                    path: pattern.as_str().into(),
                    line: None,
                    column: None,
                    reason: format!("not a pattern: {error}"),
                    help: Some("write patterns as in .gitignore".into()),
                });
            }
        }
        excluded.build().ok()
    }

    fn unwalkable(&mut self, root: &Path, error: &ignore::Error) {
        let path = path_of(error).unwrap_or_else(|| root.to_owned());
        self.account.failed.push(match error.io_error() {
            Some(cause) => unreadable(&path, cause),
            None => Failed {
                path: name(&path),
                line: None,
                column: None,
                reason: error.to_string(),
                help: None,
            },
        });
    }
}

/// A pipe in the place of a file that says what to ignore: the walk would open it, and wait for its writer.
#[cfg(unix)]
fn ignoring_pipe(folder: &Path) -> Option<PathBuf> {
    use std::os::unix::fs::FileTypeExt;
    let mut files = IGNORING.iter().map(|name| folder.join(name));
    files.find(|file| file.metadata().is_ok_and(|found| found.file_type().is_fifo()))
}

#[cfg(not(unix))]
fn ignoring_pipe(_: &Path) -> Option<PathBuf> {
    None
}

fn blocked(pipe: &Path) -> Failed {
    Failed {
        path: name(pipe),
        line: None,
        column: None,
        reason: "a pipe, where a file is expected; its folder was not read".into(),
        help: Some("remove it".into()),
    }
}

/// What came of rendering a folder.
enum Rendered {
    Input(Input),
    Skipped(Skipped),
    Failed(Failed),
}

fn rendered(renderer: Renderer, folder: &Path, options: &Options) -> Rendered {
    let name = name(folder);
    let what = match renderer {
        Renderer::Helm => "a Helm chart",
        Renderer::Kustomize => "a kustomization",
    };
    let skipped = |reason: String| {
        Rendered::Skipped(Skipped {
            path: name.clone(),
            line: None,
            reason,
        })
    };
    if renderer == Renderer::Helm && render::is_library(folder) {
        return skipped("a library chart; it is judged where a chart uses it".into());
    }
    if !options.render {
        return skipped(format!("{what}; rendering is off"));
    }
    let Some((program, path)) = renderer.program() else {
        return skipped(format!(
            "{what}; to render it, {} must be on PATH",
            renderer.wanted()
        ));
    };
    match render::render(renderer, (program, &path), folder, &name, &options.helm_values) {
        Ok(text) => Rendered::Input(Input {
            name,
            language: Some(Language::Yaml),
            size: text.len() as u64,
            body: Body::Rendered(text.into()),
            explicit: true,
        }),
        Err(failed) => Rendered::Failed(failed),
    }
}

/// Adds all that a kustomization takes in, also by way of others.
fn cover(folder: &PathBuf, parts: &BTreeMap<&PathBuf, Parts>, covered: &mut BTreeSet<PathBuf>) {
    let Some(own) = parts.get(folder) else { return };
    for path in own.resources.iter().chain(&own.fragments) {
        if covered.insert(path.clone())
            && let Some((below, _)) = parts
                .iter()
                .find(|(folder, _)| kustomization::normal(folder) == *path)
        {
            cover(below, parts, covered);
        }
    }
}

/// Whether helm reads the file as a part of a chart: a template, a subchart, values.
fn is_part_of_chart(path: &Path, charts: &BTreeSet<PathBuf>) -> bool {
    let Some(chart) = path.ancestors().find(|folder| charts.contains(*folder)) else {
        return false;
    };
    let Ok(inside) = path.strip_prefix(chart) else {
        return false;
    };
    let first = inside
        .components()
        .next()
        .map(|part| part.as_os_str().to_string_lossy());
    let first = first.unwrap_or_default();
    matches!(&*first, "templates" | "charts" | "crds")
        || first.starts_with("values") && inside.components().count() == 1
}

fn path_of(error: &ignore::Error) -> Option<PathBuf> {
    match error {
        ignore::Error::WithPath { path, .. } => Some(path.clone()),
        ignore::Error::WithDepth { err, .. } | ignore::Error::WithLineNumber { err, .. } => path_of(err),
        ignore::Error::Loop { child, .. } => Some(child.clone()),
        _ => None,
    }
}

/// A path that can't be read, with the reason and what to do.
pub(crate) fn unreadable(path: &Path, error: &std::io::Error) -> Failed {
    let (reason, help) = match error.kind() {
        std::io::ErrorKind::NotFound => ("no such file or directory".to_owned(), "check the path"),
        std::io::ErrorKind::PermissionDenied => (
            "permission denied".to_owned(),
            "make it readable, or leave it out",
        ),
        _ => {
            let text = error.to_string();
            let text = text.split(" (os error").next().unwrap_or_default();
            (text.to_lowercase(), "check the path")
        }
    };
    Failed {
        path: name(path),
        line: None,
        column: None,
        reason,
        help: Some(help.into()),
    }
}

/// How reports name a file: as it was given, without `./`, with `/` between its parts.
fn name(path: &Path) -> Arc<str> {
    let text = path.to_string_lossy().replace('\\', "/");
    text.strip_prefix("./").unwrap_or(&text).into()
}
