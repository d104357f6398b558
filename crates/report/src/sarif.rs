//! SARIF 2.1.0 (OASIS), for code scanning and editors.
//!
//! The rules are known before the first finding, so results are written as they come. An unknown is a result of
//! kind `open`; an accepted finding has a suppression; an input that failed is a notification of the invocation.

use crate::advice::{flow, is_plain, label, steps};
use crate::json::Shown;
use crate::{Context, Notice, Report, Summary, TOOL, VERSION, text};
use hardtack_core::algebra::PatchKind;
use hardtack_core::pss::Workload;
use hardtack_core::{ExceptedBy, Finding, FindingResult, Location, Rule, Severity};
use serde::Serialize;
use serde_json::{Value, json};
use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt::Write as _;
use std::io::{self, Write};
use std::sync::Arc;

/// The name of the root that relative addresses start from, as GitHub has it.
const ROOT: &str = "%SRCROOT%";

/// A report in SARIF.
pub struct Sarif {
    out: Box<dyn Write>,
    line: Vec<u8>,
    rules: Arc<Vec<Arc<Rule>>>,
    indices: HashMap<Box<str>, usize>,
    begun: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SarifResult<'a> {
    rule_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    rule_index: Option<usize>,
    kind: &'static str,
    level: &'static str,
    message: Message<'a>,
    locations: [Place<'a>; 1],
    partial_fingerprints: Fingerprints,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    fixes: Vec<Value>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    suppressions: Vec<Value>,
    properties: Properties<'a>,
}

#[derive(Serialize)]
struct Message<'a> {
    text: Cow<'a, str>,
}

#[derive(Serialize)]
struct Fingerprints {
    #[serde(rename = "hardtack/v1")]
    own: Shown<hardtack_core::Fingerprint>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Place<'a> {
    physical_location: Physical<'a>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    logical_locations: Vec<Logical<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Physical<'a> {
    artifact_location: Artifact<'a>,
    region: Region<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Artifact<'a> {
    uri: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    uri_base_id: Option<&'static str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Region<'a> {
    start_line: u32,
    start_column: u32,
    end_line: u32,
    end_column: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    snippet: Option<Message<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Logical<'a> {
    name: &'a str,
    fully_qualified_name: String,
    kind: &'static str,
}

#[derive(Serialize)]
struct Properties<'a> {
    severity: &'static str,
    category: &'static str,
    path: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    template: Option<&'a str>,
}

impl Sarif {
    /// Begins a report.
    pub fn new(out: Box<dyn Write>, context: &Context) -> Self {
        let rules = context.rules.clone();
        let indices = rules
            .iter()
            .enumerate()
            .map(|(index, rule)| (rule.id.clone(), index));
        Self {
            out,
            line: Vec::with_capacity(2048),
            indices: indices.collect(),
            rules,
            begun: false,
        }
    }

    /// What comes before the first result: the tool and its rules.
    fn begin(&mut self) -> io::Result<()> {
        if self.begun {
            return Ok(());
        }
        self.begun = true;
        write!(
            self.out,
            "{{\"$schema\":\"https://json.schemastore.org/sarif-2.1.0.json\",\"version\":\"2.1.0\",\"runs\":[{{\
             \"tool\":{{\"driver\":{{\"name\":\"{TOOL}\",\"version\":\"{VERSION}\",\"semanticVersion\":\"{VERSION}\",\"rules\":["
        )?;
        for (index, rule) in self.rules.iter().enumerate() {
            self.out.write_all(if index > 0 { b",\n" } else { b"\n" })?;
            serde_json::to_writer(&mut self.out, &descriptor(rule))?;
        }
        let bases = json!({ ROOT: {"description": {"text": "The folder the scan was started in."}} });
        write!(
            self.out,
            "]}}}},\"columnKind\":\"unicodeCodePoints\",\"originalUriBaseIds\":{bases},\"results\":["
        )
    }
}

impl Report for Sarif {
    fn finding(&mut self, finding: &Finding) -> io::Result<()> {
        let separator: &[u8] = if self.begun { b",\n" } else { b"\n" };
        self.begin()?;
        self.line.clear();
        self.line.extend_from_slice(separator);
        let rule_index = self.indices.get(&finding.rule.id).copied();
        serde_json::to_writer(&mut self.line, &result(finding, rule_index))?;
        self.out.write_all(&self.line)
    }

    fn workload(&mut self, _: &Workload) -> io::Result<()> {
        Ok(())
    }

    fn finish(&mut self, summary: &Summary) -> io::Result<()> {
        self.begin()?;
        writeln!(self.out, "],\"invocations\":[{}]}}]}}", invocation(summary))?;
        self.out.flush()
    }
}

fn result(finding: &Finding, rule_index: Option<usize>) -> SarifResult<'_> {
    let place = &finding.location;
    let rule = &finding.rule;
    let logical = finding.object.as_deref().map(|object| Logical {
        name: &object.name,
        fully_qualified_name: object.to_string(),
        kind: "object",
    });
    // The standard wants the level `none` for whatever is not of kind `fail` (3.27.10).
    let (kind, level) = match finding.result {
        FindingResult::Fail => ("fail", self::level(rule.severity)),
        FindingResult::Unknown => ("open", "none"),
    };
    SarifResult {
        rule_id: &rule.id,
        rule_index,
        kind,
        level,
        message: Message {
            text: unlinked(&finding.message),
        },
        locations: [Place {
            physical_location: Physical {
                artifact_location: artifact(&place.file),
                region: Region {
                    start_line: place.start.line,
                    start_column: place.start.column,
                    end_line: place.end.line,
                    end_column: place.end.column,
                    snippet: Some(Message {
                        text: Cow::Borrowed(&place.line),
                    }),
                },
            },
            logical_locations: logical.into_iter().collect(),
        }],
        partial_fingerprints: Fingerprints {
            own: Shown(finding.fingerprint),
        },
        fixes: replacement(finding).into_iter().collect(),
        suppressions: suppression(finding).into_iter().collect(),
        properties: Properties {
            severity: rule.severity.name(),
            category: rule.category.name(),
            path: &finding.path,
            field: finding.field.as_deref(),
            template: place.template.as_deref(),
        },
    }
}

/// Text in which no `[text](target)` is a link (3.11.6).
fn unlinked(text: &str) -> Cow<'_, str> {
    if text.contains("](") {
        Cow::Owned(text.replace('[', "\\[").replace(']', "\\]"))
    } else {
        Cow::Borrowed(text)
    }
}

/// A rule, as a `reportingDescriptor`.
fn descriptor(rule: &Rule) -> Value {
    let mut tags = vec![
        "security".to_owned(),
        rule.category.name().to_owned(),
        rule.area.to_string(),
    ];
    tags.extend(
        rule.standards
            .iter()
            .map(|standard| format!("{}/{}", standard.name, standard.control)),
    );
    tags.sort();
    tags.dedup();
    // GitHub takes no more than 20 tags of a rule.
    tags.truncate(20);
    let mut descriptor = json!({
        "id": rule.id,
        "shortDescription": {"text": rule.title},
        "fullDescription": {"text": rule.why},
        "help": {"text": help(rule, ""), "markdown": help(rule, "**")},
        "defaultConfiguration": {"level": level(rule.severity)},
        "properties": {"tags": tags, "precision": "high", "security-severity": score(rule.severity)},
    });
    if let Some(link) = rule.links.first() {
        descriptor["helpUri"] = Value::from(&**link);
    }
    descriptor
}

fn help(rule: &Rule, strong: &str) -> String {
    let mut out = rule.why.to_string();
    if let Some(requirement) = rule.requirement() {
        let _ = write!(out, "\n\n{strong}What must hold:{strong} {requirement}");
    }
    if let Some(remedy) = &rule.remedy {
        let _ = write!(out, "\n\n{strong}What to do:{strong} {remedy}");
    }
    for (index, standard) in rule.standards.iter().enumerate() {
        let before = if index == 0 {
            format!("\n\n{strong}Standards:{strong}")
        } else {
            ",".into()
        };
        let _ = write!(out, "{before} {} {}", standard.name, standard.control);
    }
    for link in &rule.links {
        let _ = write!(
            out,
            "\n\n{}",
            if strong.is_empty() {
                link.to_string()
            } else {
                format!("<{link}>")
            }
        );
    }
    out
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical | Severity::High => "error",
        Severity::Medium => "warning",
        Severity::Low => "note",
    }
}

/// GitHub's `security-severity`: over 9.0 is critical, from 7.0 high, from 4.0 medium.
fn score(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "9.5",
        Severity::High => "8.0",
        Severity::Medium => "5.5",
        Severity::Low => "2.5",
    }
}

/// The fix as a replacement of text, where it gives another value to what the finding points at.
/// Other fixes need the file to become text.
fn replacement(finding: &Finding) -> Option<Value> {
    let fix = finding.fixes.first()?;
    let [op] = &fix.patch[..] else { return None };
    let place = &finding.location;
    let fits = op.op == PatchKind::Replace
        && *op.path == *finding.path
        && finding.object.is_some()
        && finding.field.is_none()
        && !finding.rule.sensitive
        && place.template.is_none();
    let value = op
        .value
        .as_ref()
        .filter(|value| !value.is_array() && !value.is_object())?;
    let old = scalar(place).filter(|_| fits)?;
    let new = match value {
        Value::String(text) if is_plain(text) && is_plain(old) && !place.file.ends_with(".json") => {
            text.clone()
        }
        Value::String(_) => value.to_string(),
        other => flow(other),
    };
    Some(json!({
        "description": {"text": format!("{}: {}", label(fix.applicability), steps(finding, fix))},
        "artifactChanges": [{
            "artifactLocation": artifact(&place.file),
            "replacements": [{
                "deletedRegion": Region {
                    start_line: place.start.line,
                    start_column: place.start.column,
                    end_line: place.end.line,
                    end_column: place.end.column,
                    snippet: None,
                },
                "insertedContent": {"text": new},
            }],
        }],
    }))
}

/// The value at a place, if it is a value that stands whole on its line: not a key, not the start of something longer.
fn scalar(place: &Location) -> Option<&str> {
    let offset = |column: u32| {
        let index = column as usize - 1;
        place
            .line
            .char_indices()
            .map(|(at, _)| at)
            .chain([place.line.len()])
            .nth(index)
    };
    let (from, to) = (offset(place.start.column)?, offset(place.end.column)?);
    let text = place.line.get(from..to)?;
    let whole = place.start.line == place.end.line && text.len() as u32 == place.span.end - place.span.start;
    let is_key = place.line[to..].trim_start().starts_with(':');
    (whole && !is_key && !text.is_empty() && !text.starts_with(['|', '>', '&', '*', '!'])).then_some(text)
}

fn suppression(finding: &Finding) -> Option<Value> {
    let excepted = finding.excepted.as_deref()?;
    let kind = match excepted.by {
        ExceptedBy::Comment | ExceptedBy::Annotation => "inSource",
        ExceptedBy::Configuration | ExceptedBy::Baseline => "external",
    };
    Some(json!({"kind": kind, "status": "accepted", "justification": text::accepted(excepted)}))
}

fn invocation(summary: &Summary) -> Value {
    let mut notifications = Vec::new();
    for failed in &summary.inputs.failed {
        let help = failed
            .help
            .as_deref()
            .map(|help| format!(" ({help})"))
            .unwrap_or_default();
        let region = failed.line.map(|line| (line, failed.column));
        notifications.push(notification(
            "error",
            format!("{}{help}", failed.reason),
            Some(&failed.path),
            region,
        ));
    }
    for skipped in &summary.inputs.skipped {
        let region = skipped.line.map(|line| (line, None));
        notifications.push(notification(
            "note",
            format!("skipped: {}", skipped.reason),
            Some(&skipped.path),
            region,
        ));
    }
    for Notice { message, file, line } in summary.unused_exceptions.iter().chain(&summary.notices) {
        notifications.push(notification(
            "warning",
            message.clone(),
            file.as_deref(),
            line.map(|line| (line, None)),
        ));
    }
    json!({
        "executionSuccessful": summary.inputs.failed.is_empty(),
        "toolExecutionNotifications": notifications,
    })
}

fn notification(level: &str, text: String, file: Option<&str>, at: Option<(u32, Option<u32>)>) -> Value {
    let mut out = json!({"level": level, "message": {"text": text}});
    if let Some(file) = file {
        let mut physical = json!({"artifactLocation": artifact(file)});
        if let Some((line, column)) = at {
            physical["region"] = match column {
                Some(column) => json!({"startLine": line, "startColumn": column}),
                None => json!({"startLine": line}),
            };
        }
        out["locations"] = json!([{"physicalLocation": physical}]);
    }
    out
}

/// A file's address: relative to the root, or absolute.
fn artifact(file: &str) -> Artifact<'_> {
    let file = file.strip_prefix("./").unwrap_or(file);
    match file.strip_prefix('/') {
        Some(absolute) => Artifact {
            uri: Cow::Owned(format!("file:///{}", percent(absolute))),
            uri_base_id: None,
        },
        None => Artifact {
            uri: percent(file),
            uri_base_id: Some(ROOT),
        },
    }
}

/// A path as part of a URI (RFC 3986): all but unreserved characters and slashes are percent-encoded.
fn percent(path: &str) -> Cow<'_, str> {
    let stays = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte);
    if path.bytes().all(stays) {
        return Cow::Borrowed(path);
    }
    let mut out = String::with_capacity(path.len() + 16);
    for byte in path.bytes() {
        match byte {
            b'\\' => out.push('/'),
            byte if stays(byte) => out.push(char::from(byte)),
            byte => {
                let _ = write!(out, "%{byte:02X}");
            }
        }
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_cannot_hold_a_link() {
        assert_eq!(
            unlinked("see [here](https://a.example)"),
            "see \\[here\\](https://a.example)"
        );
        assert_eq!(unlinked("containers[0]"), "containers[0]");
    }

    #[test]
    fn addresses_are_percent_encoded() {
        assert_eq!(artifact("./a b/ü#%.yaml").uri, "a%20b/%C3%BC%23%25.yaml");
        assert_eq!(artifact("/etc/x.yaml").uri, "file:///etc/x.yaml");
        assert_eq!(artifact("a.yaml").uri_base_id, Some(ROOT));
    }
}
