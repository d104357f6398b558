//! What the command line and the configuration choose together: rules, the version of Kubernetes, what is accepted.

use crate::Failure;
use crate::args::{Choice, FailOn, Place};
use crate::config::Config;
use crate::today::today;
use hardtack_core::exception::Acceptance;
use hardtack_core::{
    FileError, Fingerprint, Judge, KubernetesVersion, RuleSet, Selection, Settings, Severity,
};
use rayon::prelude::*;
use rustc_hash::FxHashSet;
use std::borrow::Cow;
use std::fs;
use std::path::{Path, PathBuf};

/// From which severity on the exit code says that something is soft.
pub fn fail_on(asked: Option<FailOn>, config: &Config) -> FailOn {
    asked.or(config.fail_on).unwrap_or(FailOn::At(Severity::High))
}

/// The judge that the command line and the configuration ask for, with what they accept.
pub fn accepting_judge(
    choice: &Choice,
    config: &Config,
    baseline: FxHashSet<Fingerprint>,
) -> Result<Judge, Failure> {
    let judge = judge(choice, config)?;
    let acceptance = Acceptance {
        configured: config.exceptions(judge.rules()),
        baseline,
        today: today(),
    };
    Ok(judge.accepting(acceptance))
}

/// The configuration for the targets: that of the first one.
pub fn config_near(choice: &Choice, place: &Place) -> Result<Config, Failure> {
    let first = place.targets.first().filter(|target| *target != "-");
    config(choice, Path::new(first.map_or(".", String::as_str)))
}

/// The configuration that the command line asks for.
pub fn config(choice: &Choice, start: &Path) -> Result<Config, Failure> {
    if choice.no_config {
        return Ok(Config::none());
    }
    Config::find(choice.config.as_deref(), start)
}

/// The name of the profile that is judged.
pub fn profile(choice: &Choice, config: &Config) -> String {
    let asked = choice.profile.as_ref().or(config.profile.as_ref());
    asked.map_or_else(|| "recommended".into(), Clone::clone)
}

/// The version of Kubernetes that is judged for.
pub fn version(choice: &Choice, config: &Config) -> KubernetesVersion {
    choice
        .kubernetes_version
        .or(config.kubernetes_version)
        .unwrap_or_default()
}

/// The judge that the command line and the configuration ask for.
pub fn judge(choice: &Choice, config: &Config) -> Result<Judge, Failure> {
    let mut rules = RuleSet::built_in_by(&config.settings, |files, load| {
        files.par_iter().map(load).collect()
    })
    .map_err(|errors| report(&errors))?;
    let folders: Vec<_> = config.rules.iter().chain(&choice.rules).cloned().collect();
    add_own(&mut rules, &folders, &config.settings)?;
    for id in config.settings.keys() {
        if rules.named(id).is_empty() {
            let hint = rules
                .nearest(id)
                .map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
            return Err(Failure(format!(
                "the configuration sets `{id}`, but there is no such rule{hint}"
            )));
        }
    }
    let given = !choice.only.is_empty();
    let selection = Selection {
        profile: profile(choice, config),
        own_profiles: config.profiles.clone(),
        // What the command line asks for counts more than what the configuration does.
        only: if given || choice.profile.is_some() {
            choice.only.clone()
        } else {
            config.only.clone()
        },
        skip: config
            .skip
            .iter()
            .filter(|_| !given)
            .chain(&choice.skip)
            .cloned()
            .collect(),
    };
    Ok(Judge::new(
        rules,
        &selection,
        version(choice, config),
        config.pods.clone(),
    )?)
}

/// All that is wrong with rules, for people.
pub fn report(errors: &[FileError]) -> Failure {
    let all: Vec<_> = errors.iter().map(ToString::to_string).collect();
    Failure(format!("a rule is wrong\n{}", all.join("\n\n")))
}

/// Adds the rules of users' folders.
fn add_own(rules: &mut RuleSet, folders: &[PathBuf], settings: &Settings) -> Result<(), Failure> {
    let mut files = Vec::new();
    for folder in folders {
        collect(folder, &mut files)?;
    }
    let files = files
        .iter()
        .map(|(path, text)| (path.as_str(), Cow::Owned(text.clone())));
    rules.extend(files, settings).map_err(|errors| report(&errors))
}

/// Adds the files of rules that `path` is or holds, each with its text.
pub fn collect(path: &Path, out: &mut Vec<(String, String)>) -> Result<(), Failure> {
    let cannot =
        |error: std::io::Error| Failure(format!("can't read rules from {}: {error}", path.display()));
    if path.is_dir() {
        let mut entries: Vec<_> = fs::read_dir(path)
            .map_err(cannot)?
            .map(|entry| entry.map(|entry| entry.path()))
            .collect::<Result<_, _>>()
            .map_err(cannot)?;
        entries.sort();
        for entry in entries {
            let is_rule = entry
                .extension()
                .is_some_and(|ending| ending == "yaml" || ending == "yml");
            if is_rule || entry.is_dir() && !entry.is_symlink() {
                collect(&entry, out)?;
            }
        }
        return Ok(());
    }
    let text = fs::read_to_string(path).map_err(cannot)?;
    out.push((path.display().to_string(), text));
    Ok(())
}
