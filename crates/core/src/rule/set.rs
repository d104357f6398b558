//! All rules that are known, and how a person names some of them.

use super::{Category, Rule, Severity, load};
use crate::algebra::Parameters;
use crate::fields::{FileError, distance};
use rustc_hash::FxHashMap;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

include!(concat!(env!("OUT_DIR"), "/built_in_rules.rs"));

/// The built-in rules, with those of users.
#[derive(Debug, Default)]
pub struct RuleSet {
    rules: Vec<Arc<Rule>>,
    by_name: FxHashMap<String, Vec<u32>>,
}

/// What a configuration says of one rule.
#[derive(Clone, Debug, Default)]
pub struct RuleSettings {
    /// Values of its parameters.
    pub parameters: Parameters,
    /// Another severity than its own.
    pub severity: Option<Severity>,
}

/// A built-in rule's file: its path below the folder of rules, and its text.
pub type BuiltIn = (&'static str, &'static str);

/// Loads one built-in rule.
pub type Loader<'l> = dyn Fn(&BuiltIn) -> Result<Rule, FileError> + Sync + 'l;

/// What a configuration says of rules, by their ids.
pub type Settings = BTreeMap<String, RuleSettings>;

/// Which rules a scan reports.
#[derive(Clone, Debug)]
pub struct Selection {
    /// `recommended`, `baseline`, `restricted`, `all`, the name of a standard, or one of `own_profiles`.
    pub profile: String,
    /// Profiles of the configuration: names with selectors.
    pub own_profiles: BTreeMap<String, Vec<String>>,
    /// Selectors of the only rules to report; instead of the profile, where there is one.
    pub only: Vec<String>,
    /// Selectors of rules not to report.
    pub skip: Vec<String>,
}

impl Default for Selection {
    fn default() -> Self {
        Self {
            profile: "recommended".into(),
            own_profiles: BTreeMap::new(),
            only: Vec::new(),
            skip: Vec::new(),
        }
    }
}

/// A name that stands for no rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SelectionError {
    /// What was asked for.
    pub name: String,
    /// What was expected: `rule`, `profile`.
    pub expected: &'static str,
    /// The nearest name that exists.
    pub nearest: Option<String>,
}

impl fmt::Display for SelectionError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "`{}` is no {}", self.name, self.expected)?;
        match &self.nearest {
            Some(nearest) => write!(out, "; did you mean `{nearest}`?"),
            None => write!(out, "; `hardtack rules` lists what there is"),
        }
    }
}

impl std::error::Error for SelectionError {}

impl RuleSet {
    /// The profiles that need no configuration, besides the names of standards.
    pub const PROFILES: [&'static str; 4] = ["recommended", "baseline", "restricted", "all"];

    /// The rules that are built into the binary.
    pub fn built_in(settings: &Settings) -> Result<Self, Vec<FileError>> {
        Self::built_in_by(settings, |files, load| files.iter().map(load).collect())
    }

    /// The same, loaded by a caller who may have threads for it: `each` calls the loader for every file.
    pub fn built_in_by(
        settings: &Settings,
        each: impl FnOnce(&[BuiltIn], &Loader<'_>) -> Vec<Result<Rule, FileError>>,
    ) -> Result<Self, Vec<FileError>> {
        let loaded = each(BUILT_IN, &|(path, text)| {
            load_with(path, Cow::Borrowed(*text), settings)
        });
        let mut set = Self::default();
        set.take(loaded)?;
        Ok(set)
    }

    /// Only those of the Pod Security Standards, which tell the level of a workload.
    pub(crate) fn pod_security() -> Result<Self, Vec<FileError>> {
        let mut set = Self::default();
        let files = BUILT_IN.iter().filter(|(_, text)| text.contains("pss:"));
        set.extend(
            files.map(|(path, text)| (*path, Cow::Borrowed(*text))),
            &Settings::default(),
        )?;
        Ok(set)
    }

    /// Adds rules from files: paths below the folder of rules, and texts. A rule with the id of another replaces it.
    pub fn extend<'p>(
        &mut self,
        files: impl IntoIterator<Item = (&'p str, Cow<'static, str>)>,
        settings: &Settings,
    ) -> Result<(), Vec<FileError>> {
        self.take(
            files
                .into_iter()
                .map(|(path, text)| load_with(path, text, settings)),
        )
    }

    fn take(
        &mut self,
        loaded: impl IntoIterator<Item = Result<Rule, FileError>>,
    ) -> Result<(), Vec<FileError>> {
        let mut errors = Vec::new();
        for result in loaded {
            match result {
                Ok(rule) => self.insert(rule),
                Err(error) => errors.push(error),
            }
        }
        if errors.is_empty() { Ok(()) } else { Err(errors) }
    }

    pub(super) fn insert(&mut self, rule: Rule) {
        let rule = Arc::new(rule);
        let same = self.rules.iter().position(|known| known.id == rule.id);
        let index = same.unwrap_or(self.rules.len());
        for name in std::iter::once(&rule.id).chain(&rule.aliases) {
            let rules = self.by_name.entry(canonical(name)).or_default();
            if !rules.contains(&(index as u32)) {
                rules.push(index as u32);
            }
        }
        match self.rules.get_mut(index) {
            Some(slot) => *slot = rule,
            None => self.rules.push(rule),
        }
    }

    /// All rules, built-in ones in the order of their files' paths.
    pub fn rules(&self) -> &[Arc<Rule>] {
        &self.rules
    }

    /// The rules of that name: one of ours, or all that another tool's id leads to. A rule's own id comes before others' aliases.
    pub fn named(&self, name: &str) -> Vec<&Arc<Rule>> {
        let of = |index: &u32| self.rules.get(*index as usize);
        let mut found: Vec<_> = self
            .by_name
            .get(&canonical(name))
            .into_iter()
            .flatten()
            .filter_map(of)
            .collect();
        if let Some(own) = found.iter().position(|rule| *rule.id == *name) {
            found = vec![found.swap_remove(own)];
        }
        found
    }

    /// The rules that a selector stands for: a rule's id, another tool's id, a category, an area, a severity's
    /// name, a standard (`nsa`) or a control of one (`cis:5.2.6`).
    pub fn select(&self, selector: &str) -> Result<Vec<&Arc<Rule>>, SelectionError> {
        let named = self.named(selector);
        if !named.is_empty() {
            return Ok(named);
        }
        let lower = selector.to_lowercase();
        let control = lower.split_once(':');
        let fits = |rule: &&Arc<Rule>| match control {
            Some((standard, control)) => rule
                .standards
                .iter()
                .any(|own| *own.name == *standard && own.control.eq_ignore_ascii_case(control)),
            None => {
                *rule.area == *lower
                    || rule.standards.iter().any(|own| *own.name == *lower)
                    || rule.severity.name() == lower
                    || lower.parse::<Category>() == Ok(rule.category)
            }
        };
        let found: Vec<_> = self.rules.iter().filter(fits).collect();
        if found.is_empty() && lower.parse::<Category>().is_err() {
            return Err(SelectionError {
                name: selector.into(),
                expected: "rule, category, area, severity or standard",
                nearest: self.nearest(selector),
            });
        }
        Ok(found)
    }

    /// Whether each rule is reported under `selection`, in the order of [`RuleSet::rules`].
    pub fn chosen(&self, selection: &Selection) -> Result<Vec<bool>, SelectionError> {
        let mut chosen = vec![false; self.rules.len()];
        let mut mark = |selector: &str, value: bool| -> Result<(), SelectionError> {
            for rule in self.select(selector)? {
                if let Some(index) = self.rules.iter().position(|own| own.id == rule.id)
                    && let Some(slot) = chosen.get_mut(index)
                {
                    *slot = value;
                }
            }
            Ok(())
        };
        if !selection.only.is_empty() {
            for selector in &selection.only {
                mark(selector, true)?;
            }
        } else if let Some(selectors) = selection.own_profiles.get(&selection.profile) {
            for selector in selectors {
                match selector.strip_prefix('!') {
                    Some(out) => mark(out, false)?,
                    None if Self::PROFILES.contains(&selector.as_str()) => {
                        for rule in self.rules.iter().filter(|rule| rule.in_profile(selector)) {
                            mark(&rule.id, true)?;
                        }
                    }
                    None => mark(selector, true)?,
                }
            }
        } else {
            let profile = selection.profile.as_str();
            let known = Self::PROFILES.contains(&profile);
            for (slot, rule) in chosen.iter_mut().zip(&self.rules) {
                *slot = rule.in_profile(profile);
            }
            if !known && !chosen.contains(&true) {
                let own = selection.own_profiles.keys().map(String::as_str);
                return Err(SelectionError {
                    name: profile.into(),
                    expected: "profile",
                    nearest: nearest(profile, own.chain(Self::PROFILES)),
                });
            }
        }
        for selector in &selection.skip {
            for rule in self.select(selector)? {
                if let Some(index) = self.rules.iter().position(|own| own.id == rule.id)
                    && let Some(slot) = chosen.get_mut(index)
                {
                    *slot = false;
                }
            }
        }
        Ok(chosen)
    }

    /// The nearest name of a rule, for `did you mean`.
    pub fn nearest(&self, name: &str) -> Option<String> {
        nearest(name, self.rules.iter().map(|rule| &*rule.id))
    }
}

/// Loads a rule as the configuration wants it.
fn load_with(path: &str, text: Cow<'static, str>, settings: &Settings) -> Result<Rule, FileError> {
    let name = path.rsplit('/').next().unwrap_or(path);
    let id = name.trim_end_matches(".yml").trim_end_matches(".yaml");
    match settings.get(id) {
        None => load(path, text, &Parameters::new()),
        Some(own) => load(path, text, &own.parameters).map(|rule| Rule {
            severity: own.severity.unwrap_or(rule.severity),
            ..rule
        }),
    }
}

fn nearest<'n>(name: &str, names: impl Iterator<Item = &'n str>) -> Option<String> {
    let lower = name.to_lowercase();
    let (far, best) = names
        .map(|candidate| (distance(&lower, candidate), candidate))
        .min()?;
    (far <= 2 + name.len() / 5).then(|| best.to_owned())
}

/// A name as it is looked up: in lower case; `AVD-KSV-0017`, `KSV017` and `ksv-17` are the same.
fn canonical(name: &str) -> String {
    let lower = name.to_lowercase();
    let bare = lower.strip_prefix("avd-").unwrap_or(&lower);
    let letters = bare.trim_end_matches(|character: char| character.is_ascii_digit());
    let digits = &bare[letters.len()..];
    let stem = letters.trim_end_matches('-');
    if digits.is_empty() || !matches!(stem, "ksv" | "ds" | "c" | "kcv") {
        return lower;
    }
    format!("{stem}-{}", digits.trim_start_matches('0'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peers_id_is_found_however_it_is_written() {
        for name in ["KSV-0017", "ksv017", "AVD-KSV-0017", "KSV17"] {
            assert_eq!(canonical(name), "ksv-17", "{name}");
        }
        assert_eq!(canonical("C-0057"), "c-57");
        assert_eq!(canonical("sha256"), "sha256");
    }
}
