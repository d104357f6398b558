//! The command line.

use clap::{Args, Parser, Subcommand};
use hardtack_core::{KubernetesVersion, Severity};
use hardtack_report::Format;
use std::path::PathBuf;

/// Finds what is soft in a Kubernetes workload, explains it, fixes it, and keeps it fixed.
#[derive(Debug, Parser)]
#[command(version, propagate_version = true, arg_required_else_help = true)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Find what is soft in manifests, charts and Dockerfiles
    Scan(Scan),
    /// Fix what can be fixed, with proof that nothing else changed
    Fix(Fix),
    /// Explain a rule, by its id or by another tool's
    Explain(Explain),
    /// List the rules, or test rules of your own
    Rules(Rules),
    /// Print the JSON Schema of rule files or of the configuration, for editors
    Schema {
        /// rule or config
        of: SchemaOf,
    },
    /// Print the completion script of a shell
    Completions {
        /// bash, zsh, fish, elvish or powershell
        shell: clap_complete::Shell,
    },
}

/// Which rules are judged, and as of which version of Kubernetes.
#[derive(Args, Clone, Debug, Default)]
pub struct Choice {
    /// Rules to report: recommended (default), baseline, restricted, all, a standard, or a profile of the configuration
    #[arg(long, value_name = "NAME")]
    pub profile: Option<String>,
    /// Report only these: a rule, another tool's id, a category, an area, a severity, or a standard (`nsa`, `cis:5.2.6`)
    #[arg(long, value_name = "SELECTOR", value_delimiter = ',')]
    pub only: Vec<String>,
    /// Don't report these
    #[arg(long, value_name = "SELECTOR", value_delimiter = ',')]
    pub skip: Vec<String>,
    /// Version of Kubernetes to judge for, such as 1.31
    #[arg(long, value_name = "VERSION")]
    pub kubernetes_version: Option<KubernetesVersion>,
    /// Folder with rules of your own; may be given several times
    #[arg(long = "rules", value_name = "DIR")]
    pub rules: Vec<PathBuf>,
    /// Configuration to use, instead of the nearest hardtack.yaml from the first target upward
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Use no configuration
    #[arg(long, conflicts_with = "config")]
    pub no_config: bool,
}

/// What is read.
#[derive(Args, Clone, Debug)]
pub struct Place {
    /// Files, directories, charts, kustomizations, Dockerfiles; `-` is standard input
    #[arg(default_value = ".")]
    pub targets: Vec<String>,
    /// Leave out files that fit this pattern of .gitignore's syntax; may be given several times
    #[arg(long, value_name = "PATTERN")]
    pub exclude: Vec<String>,
    /// Don't render charts and kustomizations
    #[arg(long)]
    pub no_render: bool,
    /// File with values for charts; may be given several times
    #[arg(long, value_name = "FILE")]
    pub helm_values: Vec<PathBuf>,
}

/// Arguments of `hardtack scan`.
#[derive(Args, Clone, Debug)]
pub struct Scan {
    #[command(flatten)]
    pub place: Place,
    #[command(flatten)]
    pub choice: Choice,
    /// Exit with 1 if there are findings of this severity or worse: critical, high (default), medium, low or none
    #[arg(long, value_name = "SEVERITY")]
    pub fail_on: Option<FailOn>,
    /// How to print what was found
    #[arg(long, short, value_name = "FORMAT", default_value = "text")]
    pub format: Format,
    /// Also write a report to a file; may be given several times, `-` is standard output
    #[arg(long = "output", short, value_name = "FORMAT=FILE")]
    pub outputs: Vec<Output>,
    /// Show only what is not in this file: a baseline, or a JSON report
    #[arg(long, value_name = "FILE")]
    pub baseline: Option<PathBuf>,
    /// Write a baseline of what is found now
    #[arg(long, value_name = "FILE")]
    pub write_baseline: Option<PathBuf>,
    /// Show findings that exceptions or the baseline hide, too
    #[arg(long)]
    pub show_excepted: bool,
    /// Print only the summary (text format)
    #[arg(long, short)]
    pub quiet: bool,
    /// When to use colour
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    pub color: Color,
}

/// Arguments of `hardtack fix`.
#[derive(Args, Clone, Debug)]
pub struct Fix {
    #[command(flatten)]
    pub place: Place,
    #[command(flatten)]
    pub choice: Choice,
    /// Also make fixes that a program may not bear, such as a read-only root file system
    #[arg(long)]
    pub may_break: bool,
    /// Value for a rule whose fix needs one: no-memory-limit=512Mi; may be given several times
    #[arg(long = "set", value_name = "RULE=VALUE")]
    pub values: Vec<Assignment>,
    /// Write nothing; print what would change as a unified diff
    #[arg(long)]
    pub diff: bool,
    /// Write nothing; exit with 1 if something would change
    #[arg(long)]
    pub check: bool,
    /// Exit with 1 if findings of this severity or worse are left: critical, high (default), medium, low or none
    #[arg(long, value_name = "SEVERITY")]
    pub fail_on: Option<FailOn>,
    /// Don't fix what is in this file: a baseline, or a JSON report
    #[arg(long, value_name = "FILE")]
    pub baseline: Option<PathBuf>,
    /// Print only the summary
    #[arg(long, short)]
    pub quiet: bool,
}

/// A value for a rule: `no-memory-limit=512Mi`.
#[derive(Clone, Debug)]
pub struct Assignment {
    /// The rule.
    pub rule: String,
    /// The value, in YAML.
    pub value: String,
}

impl std::str::FromStr for Assignment {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once('=') {
            Some((rule, value)) if !rule.is_empty() && !value.is_empty() => Ok(Self {
                rule: rule.into(),
                value: value.into(),
            }),
            _ => Err(format!("expected RULE=VALUE, found `{text}`")),
        }
    }
}

/// A severity, or `none`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailOn {
    /// Findings never make the exit code 1.
    Never,
    /// This severity and worse ones do.
    At(Severity),
}

impl std::str::FromStr for FailOn {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "none" {
            return Ok(Self::Never);
        }
        text.parse()
            .map(Self::At)
            .map_err(|error| format!("{error}, or none"))
    }
}

/// What a JSON Schema is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum SchemaOf {
    /// Rule files.
    Rule,
    /// The configuration.
    Config,
}

/// When to use colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Color {
    /// On a terminal, unless `NO_COLOR` is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// A report to write: `sarif=report.sarif`.
#[derive(Clone, Debug)]
pub struct Output {
    /// In which format.
    pub format: Format,
    /// To which file.
    pub file: PathBuf,
}

impl std::str::FromStr for Output {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once('=') {
            Some((format, file)) if !file.is_empty() => Ok(Self {
                format: format.parse()?,
                file: file.into(),
            }),
            _ => Err(format!("expected FORMAT=FILE, found `{text}`")),
        }
    }
}

/// Arguments of `hardtack explain`.
#[derive(Args, Clone, Debug)]
pub struct Explain {
    /// A rule's id, or another tool's: KSV-0017, C-0057, privileged-container
    pub rule: String,
    #[command(flatten)]
    pub choice: Choice,
}

/// Arguments of `hardtack rules`.
#[derive(Args, Clone, Debug)]
pub struct Rules {
    /// What to do with them
    #[command(subcommand)]
    pub action: Option<RulesAction>,
    #[command(flatten)]
    pub choice: Choice,
    /// Print them as JSON
    #[arg(long)]
    pub json: bool,
}

/// What to do with rules.
#[derive(Clone, Debug, Subcommand)]
pub enum RulesAction {
    /// Try the examples of the rules in these folders or files; without any, of the built-in rules
    Test {
        /// Folders or files of rules
        paths: Vec<PathBuf>,
    },
}
