//! One HTML page with everything in it: it is opened from disk, loads nothing and can be passed on.
//!
//! Findings are data in the page, written as they come; a script shows them. The page's policy (CSP) allows that
//! script and no other, by its hash, so that no text of a manifest could run even if it got out of the data.

use crate::advice::advice;
use crate::{Context, Report, Summary, VERSION, text};
use hardtack_core::pss::Workload;
use hardtack_core::{Applicability, Finding, FindingResult, ObjectRef, Rule};
use serde::Serialize;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::io::{self, Write};
use std::sync::Arc;

const PAGE: &str = include_str!("page.html");
const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");
/// The base64 of the SHA-256 of `page.css` and `page.js`; a test says what they must be.
const STYLE_HASH: &str = "TebZRpwByWsQGKlk7Ws7whNaCKT5/wnv1eb1PzfOjsQ=";
const SCRIPT_HASH: &str = "MLsnJZSFn+UWoNSHY5gAQ1j71Dnnr0BpbRj8orvvH4E=";

/// A page with thousands of skipped files is of no use to anyone.
const SKIPPED: usize = 500;

/// A report as a page.
pub struct Html {
    out: Box<dyn Write>,
    context: Context,
    line: Vec<u8>,
    workloads: Vec<u8>,
    rules: Vec<Arc<Rule>>,
    indices: HashMap<Box<str>, usize>,
    last: Option<Finding>,
}

/// A finding as the page's script reads it: its rule by number, and 0 for what is the same as in the row before.
#[derive(Serialize)]
struct Row<'a>(
    usize,
    u8,
    OrSame<&'a str>,
    u32,
    u32,
    u32,
    u32,
    OrSame<&'a str>,
    &'a str,
    OrSame<Option<Object<'a>>>,
    OrSame<&'a str>,
    OrSame<&'a str>,
    crate::json::Shown<hardtack_core::Fingerprint>,
    Option<String>,
    Option<&'a str>,
    Option<Advice<'a>>,
);

/// A value, or 0.
#[derive(Serialize)]
#[serde(untagged)]
enum OrSame<T> {
    Value(T),
    Same(u8),
}

impl<T> OrSame<T> {
    fn of(value: T, same: bool) -> Self {
        if same { Self::Same(0) } else { Self::Value(value) }
    }
}

/// An object: group and version, kind, namespace, name.
#[derive(Serialize)]
struct Object<'a>(&'a str, &'a str, Option<&'a str>, &'a str);

impl<'a> Object<'a> {
    fn of(object: &'a ObjectRef) -> Self {
        Self(
            &object.api_version,
            &object.kind,
            object.namespace.as_deref(),
            &object.name,
        )
    }
}

/// A label, what to do, and for a fix its patch and applicability.
#[derive(Serialize)]
struct Advice<'a>(
    &'static str,
    String,
    Option<&'a [hardtack_core::algebra::PatchOp]>,
    Option<Applicability>,
);

impl Html {
    /// Begins a report.
    pub fn new(out: Box<dyn Write>, context: &Context) -> Self {
        Self {
            out,
            context: context.clone(),
            line: Vec::with_capacity(1024),
            workloads: Vec::new(),
            rules: Vec::new(),
            indices: HashMap::new(),
            last: None,
        }
    }

    /// What comes before the findings.
    fn begin(&mut self) -> io::Result<()> {
        let policy = format!(
            "default-src 'none'; style-src 'sha256-{STYLE_HASH}'; script-src 'sha256-{SCRIPT_HASH}'; base-uri 'none'; form-action 'none'"
        );
        let (before, _) = part("data");
        let page = before
            .replace("<!--policy-->", &policy)
            .replace("<!--style-->", STYLE);
        self.out.write_all(page.as_bytes())?;
        self.out
            .write_all(b"<script type=\"application/json\" id=\"findings\">[")
    }

    fn rule(&mut self, rule: &Arc<Rule>) -> usize {
        if let Some(index) = self.indices.get(&rule.id) {
            return *index;
        }
        let index = self.rules.len();
        self.rules.push(rule.clone());
        self.indices.insert(rule.id.clone(), index);
        index
    }
}

/// What stands before and after a marker of the page.
fn part(marker: &str) -> (&'static str, &'static str) {
    PAGE.split_once(&format!("<!--{marker}-->")).unwrap_or((PAGE, ""))
}

impl Report for Html {
    fn finding(&mut self, finding: &Finding) -> io::Result<()> {
        let separator: &[u8] = if self.last.is_some() { b",\n" } else { b"\n" };
        if self.last.is_none() {
            self.begin()?;
        }
        let rule = self.rule(&finding.rule);
        self.line.clear();
        serde_json::to_writer(&mut self.line, &row(finding, rule, self.last.as_ref()))?;
        self.out.write_all(separator)?;
        write_embedded(&mut self.out, &self.line)?;
        self.last = Some(finding.clone());
        Ok(())
    }

    fn workload(&mut self, workload: &Workload) -> io::Result<()> {
        if !self.workloads.is_empty() {
            self.workloads.extend_from_slice(b",\n");
        }
        let object = Object::of(&workload.object);
        let entry = (
            object,
            &workload.file,
            workload.pss.level as u8,
            &workload.pss.blockers,
        );
        Ok(serde_json::to_writer(&mut self.workloads, &entry)?)
    }

    fn finish(&mut self, summary: &Summary) -> io::Result<()> {
        if self.last.is_none() {
            self.begin()?;
        }
        self.out
            .write_all(b"]</script>\n<script type=\"application/json\" id=\"summary\">{\"rules\":")?;
        let rules: Vec<_> = self.rules.iter().map(|rule| described(rule)).collect();
        let summary = totals(summary, &self.context);
        write_embedded(&mut self.out, &serde_json::to_vec(&rules)?)?;
        self.out.write_all(b",\n\"workloads\":[")?;
        write_embedded(&mut self.out, &self.workloads)?;
        self.out.write_all(b"],\n\"summary\":")?;
        write_embedded(&mut self.out, &serde_json::to_vec(&summary)?)?;
        self.out.write_all(b"}</script>")?;
        let (_, after) = part("data");
        self.out
            .write_all(after.replace("<!--script-->", SCRIPT).as_bytes())?;
        self.out.flush()
    }
}

fn row<'a>(finding: &'a Finding, rule: usize, last: Option<&Finding>) -> Row<'a> {
    let place = &finding.location;
    let same = |is: &dyn Fn(&Finding) -> bool| last.is_some_and(is);
    let field = finding
        .field
        .as_deref()
        .and_then(|field| field.strip_prefix(&*finding.path));
    Row(
        rule,
        u8::from(finding.result == FindingResult::Unknown),
        OrSame::of(&*place.file, same(&|last| last.location.file == place.file)),
        place.start.line,
        place.start.column,
        place.end.line,
        place.end.column,
        OrSame::of(&*place.line, same(&|last| last.location.line == place.line)),
        &finding.message,
        OrSame::of(
            finding.object.as_deref().map(Object::of),
            same(&|last| last.object == finding.object),
        ),
        OrSame::of(&*finding.path, same(&|last| last.path == finding.path)),
        OrSame::of(field.unwrap_or_default(), field.is_none()),
        crate::json::Shown(finding.fingerprint),
        finding.excepted.as_deref().map(text::accepted),
        place.template.as_deref(),
        advice(finding).map(|(label, text)| {
            let fix = finding.fixes.first();
            Advice(
                label,
                text,
                fix.map(|fix| &fix.patch[..]),
                fix.map(|fix| fix.applicability),
            )
        }),
    )
}

fn described(rule: &Rule) -> Value {
    let standards = rule
        .standards
        .iter()
        .map(|standard| json!([standard.name, standard.control]));
    json!({
        "id": rule.id,
        "title": rule.title,
        "severity": rule.severity,
        "category": rule.category,
        "why": rule.why,
        "remedy": rule.remedy,
        "standards": standards.collect::<Vec<_>>(),
        "aliases": rule.aliases,
        "links": rule.links,
    })
}

fn totals(summary: &Summary, context: &Context) -> Value {
    let skipped = &summary.inputs.skipped;
    json!({
        "version": VERSION,
        "profile": context.profile,
        "kubernetes": context.kubernetes_version,
        "failOn": context.fail_on,
        "rules": summary.rules,
        "read": summary.inputs.read,
        "failed": summary.inputs.failed,
        "skipped": skipped[..skipped.len().min(SKIPPED)],
        "skippedCount": skipped.len(),
        "exceptions": summary.unused_exceptions,
        "notices": summary.notices,
    })
}

/// Writes JSON into a script element. In JSON `<` stands only inside of strings, where it may be escaped: then
/// nothing in it can end the element.
fn write_embedded(out: &mut impl Write, json: &[u8]) -> io::Result<()> {
    for (index, piece) in json.split(|byte| *byte == b'<').enumerate() {
        if index > 0 {
            out.write_all(b"\\u003c")?;
        }
        out.write_all(piece)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::prelude::{BASE64_STANDARD, Engine};
    use sha2::{Digest, Sha256};

    #[test]
    fn the_pages_policy_allows_its_own_style_and_script() {
        let hash = |text: &str| BASE64_STANDARD.encode(Sha256::digest(text));
        assert_eq!(hash(STYLE), STYLE_HASH, "write this into STYLE_HASH");
        assert_eq!(hash(SCRIPT), SCRIPT_HASH, "write this into SCRIPT_HASH");
    }

    #[test]
    fn data_cannot_end_its_script_element() {
        let mut out = Vec::new();
        write_embedded(&mut out, b"[\"</script><!--\"]").unwrap();
        assert_eq!(out, b"[\"\\u003c/script>\\u003c!--\"]");
    }
}
