//! JSON, for other programs. The schema is `docs/schema/report.schema.json`.
//!
//! One finding stands on one line. What is only known at the end (`inputs`, `summary`) comes after the findings:
//! nothing but the workloads is held until then.

use crate::{Context, Notice, Report, Summary, TOOL, VERSION};
use hardtack_core::pss::Workload;
use hardtack_core::rule::Standard;
use hardtack_core::{Excepted, Finding, FindingFix, FindingResult, ObjectRef};
use serde::ser::{Serialize, SerializeMap, Serializer};
use std::io::{self, Write};

/// The version of the format: it changes only when a reader of the old one would misread the new one.
const SCHEMA: u32 = 1;

/// A report in JSON.
pub struct Json {
    out: Box<dyn Write>,
    line: Vec<u8>,
    workloads: Vec<u8>,
    context: Context,
    begun: bool,
}

/// A finding, as JSON has it.
#[derive(serde::Serialize)]
#[serde(rename_all = "camelCase")]
struct Entry<'a> {
    rule: &'a str,
    result: FindingResult,
    severity: &'a str,
    category: &'a str,
    message: &'a str,
    file: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    template: Option<&'a str>,
    line: u32,
    column: u32,
    end_line: u32,
    end_column: u32,
    object: Option<&'a ObjectRef>,
    path: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<&'a str>,
    fingerprint: Shown<hardtack_core::Fingerprint>,
    standards: Standards<'a>,
    excepted: Option<&'a Excepted>,
    fixes: &'a [FindingFix],
}

impl<'a> Entry<'a> {
    fn of(finding: &'a Finding) -> Self {
        let place = &finding.location;
        Self {
            rule: &finding.rule.id,
            result: finding.result,
            severity: finding.rule.severity.name(),
            category: finding.rule.category.name(),
            message: &finding.message,
            file: &place.file,
            template: place.template.as_deref(),
            line: place.start.line,
            column: place.start.column,
            end_line: place.end.line,
            end_column: place.end.column,
            object: finding.object.as_deref(),
            path: &finding.path,
            field: finding.field.as_deref(),
            fingerprint: Shown(finding.fingerprint),
            standards: Standards(&finding.rule.standards),
            excepted: finding.excepted.as_deref(),
            fixes: &finding.fixes,
        }
    }
}

/// Serializes as it displays.
pub struct Shown<T>(pub T);

impl<T: std::fmt::Display> Serialize for Shown<T> {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        out.collect_str(&self.0)
    }
}

/// Standards as a map: `{"pss": "restricted", "cis": ["5.2.8", "5.2.10"]}`.
pub struct Standards<'a>(pub &'a [Standard]);

impl Serialize for Standards<'_> {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        let mut map = out.serialize_map(None)?;
        for (index, standard) in self.0.iter().enumerate() {
            if self.0[..index].iter().any(|before| before.name == standard.name) {
                continue;
            }
            let of_name = self.0.iter().filter(|other| other.name == standard.name);
            let controls: Vec<&str> = of_name.map(|other| &*other.control).collect();
            match controls[..] {
                [only] => map.serialize_entry(&*standard.name, only)?,
                _ => map.serialize_entry(&*standard.name, &controls)?,
            }
        }
        map.end()
    }
}

impl Json {
    /// Begins a report.
    pub fn new(out: Box<dyn Write>, context: &Context) -> Self {
        Self {
            out,
            line: Vec::with_capacity(1024),
            workloads: Vec::new(),
            context: context.clone(),
            begun: false,
        }
    }

    /// What comes before the first finding.
    fn begin(&mut self) -> io::Result<()> {
        if self.begun {
            return Ok(());
        }
        self.begun = true;
        let tool = serde_json::json!({"name": TOOL, "version": VERSION});
        let Context {
            profile,
            kubernetes_version,
            ..
        } = &self.context;
        write!(
            self.out,
            "{{\n  \"schema\": {SCHEMA},\n  \"tool\": {tool},\n  \"profile\": {},\n  \"kubernetesVersion\": {},\n  \"findings\": [",
            serde_json::Value::from(profile.as_str()),
            serde_json::Value::from(kubernetes_version.as_str()),
        )
    }

    fn member(&mut self, name: &str, value: &impl Serialize) -> io::Result<()> {
        write!(self.out, ",\n  \"{name}\": ")?;
        self.line.clear();
        serde_json::to_writer(&mut self.line, value)?;
        self.out.write_all(&self.line)
    }
}

impl Report for Json {
    fn finding(&mut self, finding: &Finding) -> io::Result<()> {
        let separator: &[u8] = if self.begun { b",\n    " } else { b"\n    " };
        self.begin()?;
        self.line.clear();
        self.line.extend_from_slice(separator);
        serde_json::to_writer(&mut self.line, &Entry::of(finding))?;
        self.out.write_all(&self.line)
    }

    fn workload(&mut self, workload: &Workload) -> io::Result<()> {
        let separator: &[u8] = if self.workloads.is_empty() {
            b"\n    "
        } else {
            b",\n    "
        };
        self.workloads.extend_from_slice(separator);
        Ok(serde_json::to_writer(&mut self.workloads, workload)?)
    }

    fn finish(&mut self, summary: &Summary) -> io::Result<()> {
        let end: &[u8] = if self.begun { b"\n  ]" } else { b"]" };
        self.begin()?;
        self.out.write_all(end)?;
        self.out.write_all(b",\n  \"workloads\": [")?;
        self.out.write_all(&self.workloads)?;
        self.out
            .write_all(if self.workloads.is_empty() { b"]" } else { b"\n  ]" })?;
        self.member("inputs", &summary.inputs)?;
        let some = |notices: &[Notice]| !notices.is_empty();
        if some(&summary.unused_exceptions) {
            self.member("unusedExceptions", &summary.unused_exceptions)?;
        }
        if some(&summary.notices) {
            self.member("notices", &summary.notices)?;
        }
        self.member("summary", &summary.counts)?;
        self.out.write_all(b"\n}\n")?;
        self.out.flush()
    }
}
