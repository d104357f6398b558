//! The configuration: `hardtack.yaml`, found upward from what is scanned.

use crate::Failure;
use crate::args::FailOn;
use hardtack_core::exception::{Exception, Terms, Where, is_date};
use hardtack_core::fields::{FieldError, Fields, FileError, Read, fail};
use hardtack_core::pods::PodPaths;
use hardtack_core::{KubernetesVersion, RuleSet, Settings, json};
use hardtack_tree::{Kind, Limits, Lines, Node, Span, yaml};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Names under which a configuration is looked for, in this order.
pub const NAMES: [&str; 4] = ["hardtack.yaml", "hardtack.yml", ".hardtack.yaml", ".hardtack.yml"];

/// The fields of a configuration, each with what it is for.
pub const FIELDS: [(&str, &str); 15] = [
    (
        "profile",
        "rules to report: recommended, baseline, restricted, all, a standard, or one of `profiles`",
    ),
    (
        "profiles",
        "profiles of your own: a name with a list of selectors; `!` takes out",
    ),
    (
        "only",
        "report only these: rules, other tools' ids, categories, areas, severities, standards",
    ),
    ("skip", "don't report these"),
    (
        "kubernetesVersion",
        "version of Kubernetes to judge for, such as \"1.31\"",
    ),
    (
        "failOn",
        "severity from which on a scan exits with 1: critical, high, medium, low or none",
    ),
    (
        "rules",
        "folders with rules of your own, relative to the configuration",
    ),
    (
        "parameters",
        "values for rules that need some: a rule's id with a map",
    ),
    (
        "severity",
        "other severities: a rule's id with critical, high, medium or low",
    ),
    (
        "podPaths",
        "where pods stand in kinds that hardtack does not know: group, kind, path",
    ),
    (
        "exclude",
        "patterns of paths to leave out, in the syntax of .gitignore",
    ),
    (
        "exceptions",
        "findings that are accepted: rule, where, reason, owner, expires",
    ),
    (
        "baseline",
        "file with what was there before, relative to the configuration",
    ),
    (
        "helm",
        "how charts are rendered: `values`, a list of files relative to the configuration",
    ),
    ("render", "false to leave charts and kustomizations unrendered"),
];

/// The fields of an exception, each with what it is for.
pub const EXCEPTION_FIELDS: [(&str, &str); 6] = [
    ("rule", "selector of the rule, or `*`"),
    ("rules", "several selectors"),
    (
        "where",
        "what it is about: file, kind, namespace, name, path, fingerprint; patterns with `*` and `**`",
    ),
    ("reason", "why it is accepted"),
    ("owner", "who answers for it"),
    ("expires", "the last day it holds, such as 2027-01-31"),
];

/// The fields of an exception's `where`, each with what it is for.
pub const WHERE_FIELDS: [(&str, &str); 6] = [
    ("file", "pattern of the file's path, as reports name it"),
    ("kind", "kind of the object"),
    ("namespace", "pattern of the object's namespace"),
    ("name", "pattern of the object's name"),
    ("path", "pattern of the finding's JSON pointer"),
    ("fingerprint", "the finding's fingerprint"),
];

/// The fields of an entry of `podPaths`, each with what it is for.
pub const POD_PATH_FIELDS: [(&str, &str); 3] = [
    ("group", "API group of the kind, empty for the core group"),
    ("kind", "the kind"),
    (
        "path",
        "path of what has the pod's metadata and spec, such as `spec.template`",
    ),
];

const HELM_FIELDS: [(&str, &str); 1] = [("values", "files with values, in order")];

/// What a configuration says; empty where there is none.
#[derive(Debug, Default)]
pub struct Config {
    /// The file, as reports name it.
    pub file: Option<Arc<str>>,
    pub profile: Option<String>,
    pub profiles: BTreeMap<String, Vec<String>>,
    pub only: Vec<String>,
    pub skip: Vec<String>,
    pub kubernetes_version: Option<KubernetesVersion>,
    pub fail_on: Option<FailOn>,
    pub rules: Vec<PathBuf>,
    pub settings: Settings,
    pub pods: PodPaths,
    pub exclude: Vec<String>,
    pub baseline: Option<PathBuf>,
    pub helm_values: Vec<PathBuf>,
    pub render: bool,
    exceptions: Vec<(Terms, Where, u32)>,
}

impl Config {
    /// The configuration at `given`, or the nearest one from `start` upward, or an empty one.
    pub fn find(given: Option<&Path>, start: &Path) -> Result<Self, Failure> {
        let found = match given {
            Some(path) => Some(path.to_owned()),
            None => nearest(start),
        };
        let Some(path) = found else {
            return Ok(Self::none());
        };
        let text = fs::read_to_string(&path).map_err(|error| {
            Failure(format!(
                "can't read the configuration {}: {error}",
                path.display()
            ))
        })?;
        let name = shown(&path);
        let folder = path.parent().unwrap_or(Path::new("")).to_owned();
        read(&text, &folder, name.clone()).map_err(|error| {
            Failure(FileError::new(&name, &text, error.span.start, error.message).to_string())
        })
    }

    /// No configuration at all.
    pub fn none() -> Self {
        Self {
            render: true,
            ..Self::default()
        }
    }

    /// Its exceptions, for the rules that are known.
    pub fn exceptions(&self, rules: &RuleSet) -> Vec<Exception> {
        let file = self.file.clone().unwrap_or_else(|| "".into());
        let entries = self.exceptions.iter().cloned();
        entries
            .map(|(terms, place, line)| Exception::configured(terms, place, file.clone(), line, rules))
            .collect()
    }
}

/// How messages name a path: relative to the working directory where it lies below.
fn shown(path: &Path) -> String {
    let here = std::env::current_dir().unwrap_or_default();
    path.strip_prefix(&here).unwrap_or(path).display().to_string()
}

fn nearest(start: &Path) -> Option<PathBuf> {
    let start = fs::canonicalize(start).ok()?;
    let folders = start.ancestors().skip(usize::from(start.is_file()));
    folders
        .flat_map(|folder| NAMES.iter().map(|name| folder.join(name)))
        .find(|path| path.is_file())
}

fn read(text: &str, folder: &Path, name: String) -> Read<Config> {
    let mut config = Config {
        file: Some(name.into()),
        render: true,
        ..Config::default()
    };
    let whole = Span::new(0, text.len() as u32);
    let tree = yaml::parse(text, whole, &Limits::default()).map_err(|error| FieldError {
        span: Span::new(error.at, error.at),
        message: error.to_string(),
    })?;
    let Some(tree) = tree else { return Ok(config) };
    let fields = Fields::of(tree.root(), "a configuration", &FIELDS)?;
    let owned = |list: Vec<Box<str>>| list.into_iter().map(String::from).collect::<Vec<_>>();
    let below = |list: Vec<Box<str>>| {
        list.into_iter()
            .map(|path| folder.join(&*path))
            .collect::<Vec<_>>()
    };
    config.profile = fields.text("profile")?.map(String::from);
    config.only = owned(fields.strings("only")?);
    config.skip = owned(fields.strings("skip")?);
    config.exclude = owned(fields.strings("exclude")?);
    config.kubernetes_version = fields.parsed("kubernetesVersion")?;
    config.fail_on = fields.parsed("failOn")?;
    config.rules = below(fields.strings("rules")?);
    config.baseline = fields.text("baseline")?.map(|path| folder.join(&*path));
    config.render = fields.flag("render")?.unwrap_or(true);
    for (profile, selectors) in entries(fields, "profiles")? {
        if selectors.kind() != Kind::Seq {
            return fail(selectors, "a profile is a list of selectors");
        }
        let selectors = selectors.items().map(|item| item.scalar().into_owned()).collect();
        config.profiles.insert(profile.scalar().into_owned(), selectors);
    }
    for (rule, values) in entries(fields, "parameters")? {
        if values.kind() != Kind::Map {
            return fail(values, "the parameters of a rule are a map of names and values");
        }
        let parameters = values
            .entries()
            .map(|(name, value)| (name.scalar().into_owned(), json::to_json(value)))
            .collect();
        config
            .settings
            .entry(rule.scalar().into_owned())
            .or_default()
            .parameters = parameters;
    }
    for (rule, severity) in entries(fields, "severity")? {
        let parsed = severity
            .scalar()
            .parse()
            .or_else(|message: String| fail(severity, message))?;
        config
            .settings
            .entry(rule.scalar().into_owned())
            .or_default()
            .severity = Some(parsed);
    }
    for entry in fields.get("podPaths").map(Node::items).into_iter().flatten() {
        let own = Fields::of(entry, "an entry of `podPaths`", &POD_PATH_FIELDS)?;
        let group = own.text("group")?.unwrap_or_default();
        let (kind, path) = (own.required("kind")?, own.required("path")?);
        config
            .pods
            .add(&group, kind.raw(), path.raw())
            .or_else(|message| fail(path, message))?;
    }
    if let Some(helm) = fields.get("helm") {
        config.helm_values = below(Fields::of(helm, "`helm`", &HELM_FIELDS)?.strings("values")?);
    }
    let lines = Lines::new(text);
    for entry in fields.get("exceptions").map(Node::items).into_iter().flatten() {
        let (terms, place) = exception(entry)?;
        let line = lines.position(entry.span().start).line;
        config.exceptions.push((terms, place, line));
    }
    Ok(config)
}

fn entries<'a>(fields: Fields<'a>, name: &str) -> Read<Vec<(Node<'a>, Node<'a>)>> {
    match fields.get(name) {
        None => Ok(Vec::new()),
        Some(map) if map.kind() == Kind::Map => Ok(map.entries().collect()),
        Some(other) => fail(
            other,
            format!("`{name}` takes a map, found {}", other.kind().noun()),
        ),
    }
}

fn exception(entry: Node<'_>) -> Read<(Terms, Where)> {
    let fields = Fields::of(entry, "an exception", &EXCEPTION_FIELDS)?;
    let mut rules = fields.strings("rules")?;
    rules.extend(fields.text("rule")?);
    if rules.is_empty() {
        return Err(fields.missing("rule"));
    }
    let expires = fields.text("expires")?;
    if let (Some(date), Some(node)) = (&expires, fields.get("expires"))
        && !is_date(date)
    {
        return fail(node, format!("`{date}` is no date; write it as 2027-01-31"));
    }
    let place = match fields.get("where") {
        None => Where::default(),
        Some(node) => {
            let own = Fields::of(node, "`where`", &WHERE_FIELDS)?;
            Where {
                file: own.text("file")?,
                kind: own.text("kind")?,
                namespace: own.text("namespace")?,
                name: own.text("name")?,
                fingerprint: own.text("fingerprint")?,
                path: own.text("path")?,
            }
        }
    };
    let terms = Terms {
        rules,
        reason: fields.text("reason")?,
        owner: fields.text("owner")?,
        expires,
    };
    Ok((terms, place))
}
