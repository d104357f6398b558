//! A rule's page: what `explain` prints, and what the book and editors show.

use super::examples::examples_of;
use super::{Applicability, Rule};
use hardtack_tree::{Kind, Limits, Node, Span, Style, yaml};
use std::fmt::Write as _;

/// So many examples of either sort are shown.
const SHOWN: usize = 2;

impl Rule {
    /// The rule's page in Markdown, without a heading for its id. `level` is the number of `#` of its own headings.
    pub fn page(&self, level: usize) -> String {
        let mut out = String::new();
        let heading = "#".repeat(level);
        let _ = writeln!(
            out,
            "**{}** ({}, {}, for each {})\n",
            self.title, self.severity, self.category, self.each
        );
        let _ = writeln!(out, "{}\n", self.why);
        if let Some(requirement) = self.requirement() {
            let _ = writeln!(out, "{heading} What must hold\n\n{requirement}\n");
        }
        self.params_into(&mut out, &heading);
        let _ = writeln!(out, "{heading} What to do\n");
        if let Some(remedy) = &self.remedy {
            let _ = writeln!(out, "{remedy}\n");
        }
        let _ = writeln!(out, "{}\n", self.fix_in_words());
        self.examples_into(&mut out, &heading);
        self.names_into(&mut out);
        out
    }

    fn fix_in_words(&self) -> &'static str {
        match self.fix.applicability {
            None => "There is no mechanical fix.",
            Some(Applicability::Safe) => "The fix is safe: it does not change how a working program behaves.",
            Some(Applicability::NeedsValue) => "The fix needs a value that only you know.",
            Some(Applicability::MayBreak) => {
                "The fix is right, but a program may rely on the soft setting: try it before you roll it out."
            }
        }
    }

    fn params_into(&self, out: &mut String, heading: &str) {
        if self.params.is_empty() {
            return;
        }
        let _ = writeln!(out, "{heading} Parameters\n");
        for param in &self.params {
            let _ = write!(out, "- `{}`: {}", param.name, param.about);
            let _ = match &param.default {
                Some(default) => writeln!(out, "; by default `{default}`"),
                None => writeln!(out, "; the rule judges nothing until it is given"),
            };
        }
        let _ = writeln!(
            out,
            "\nThey are set in the configuration, under `parameters` and `{}`.\n",
            self.id
        );
    }

    fn examples_into(&self, out: &mut String, heading: &str) {
        let whole = Span::new(0, self.source.len() as u32);
        let Ok(Some(tree)) = yaml::parse(&self.source, whole, &Limits::default()) else {
            return;
        };
        let examples = examples_of(tree.root());
        let language = if self.each.is_dockerfile() {
            "dockerfile"
        } else {
            "yaml"
        };
        for (key, title) in [("bad", "Soft"), ("good", "Hard")] {
            let shown = examples
                .iter()
                .filter(|example| example.get(key).is_some())
                .take(SHOWN);
            for (index, example) in shown.enumerate() {
                if index == 0 {
                    let _ = writeln!(out, "{heading} {title}\n");
                }
                if let Some(about) = example.str_at(&["about"]) {
                    let _ = writeln!(out, "{}:\n", capital(about));
                }
                for (key, before) in [(key, ""), ("fixed", "Fixed:\n\n")] {
                    if let Some(value) = example.get(key) {
                        let _ = writeln!(out, "{before}```{language}\n{}\n```\n", written(value));
                    }
                }
            }
        }
    }

    fn names_into(&self, out: &mut String) {
        let mut line = |name: &str, values: Vec<String>| {
            if !values.is_empty() {
                let _ = writeln!(out, "- {name}: {}", values.join(", "));
            }
        };
        let standards = self
            .standards
            .iter()
            .map(|standard| format!("{} {}", standard.name, standard.control));
        line("Standards", standards.collect());
        line(
            "Profiles",
            self.profiles.iter().map(ToString::to_string).collect(),
        );
        line(
            "Other tools call it",
            self.aliases.iter().map(ToString::to_string).collect(),
        );
        line("Read more", self.links.iter().map(ToString::to_string).collect());
    }
}

fn capital(text: &str) -> String {
    let mut characters = text.chars();
    match characters.next() {
        Some(first) => first.to_uppercase().chain(characters).collect(),
        None => String::new(),
    }
}

/// The value as the rule file writes it, moved to the left margin.
fn written(value: Node<'_>) -> String {
    if value.kind() == Kind::Str && matches!(value.style(), Style::Literal | Style::Folded) {
        return value.raw().trim_end().to_owned();
    }
    let text = value.tree().text();
    let start = value.span().start as usize;
    let line = text[..start].rfind('\n').map_or(0, |at| at + 1);
    let indent = text[line..start].chars().count();
    let mut lines = value.span().of(text).lines();
    let mut out = lines.next().unwrap_or_default().to_owned();
    for line in lines {
        let margin = line
            .chars()
            .take(indent)
            .take_while(|character| *character == ' ')
            .count();
        out.push('\n');
        out.push_str(line[margin..].trim_end());
    }
    out
}
