//! JUnit's XML, for whoever shows test reports (Jenkins, GitLab, Azure and many more).
//!
//! A file is a test suite, a finding a test case. A finding that makes the scan fail (`--fail-on`) is a failure;
//! one below passes and is told in `system-out`; unknown and accepted ones are skipped tests, with the reason. An
//! input that could not be read is an error. The last suite says what was judged, so that a clean scan has a test.

use crate::advice::advice;
use crate::markup::push_xml;
use crate::{Context, Report, Summary, TOOL, text};
use hardtack_core::pss::Workload;
use hardtack_core::{Finding, FindingResult, Severity};
use std::fmt::Write as _;
use std::io::{self, Write};
use std::sync::Arc;

/// A report in JUnit's XML.
pub struct Junit {
    out: Box<dyn Write>,
    fail_on: Severity,
    begun: bool,
    suite: Option<Suite>,
}

/// The suite of one file, held until its counts are known.
struct Suite {
    file: Arc<str>,
    cases: String,
    tests: usize,
    failures: usize,
    errors: usize,
    skipped: usize,
}

impl Suite {
    fn new(file: Arc<str>) -> Self {
        Self {
            file,
            cases: String::new(),
            tests: 0,
            failures: 0,
            errors: 0,
            skipped: 0,
        }
    }

    /// Adds a test case with what came of it: an element's name, its message and its text.
    fn case(&mut self, class: &str, name: &str, outcome: Option<(&str, &str, &str)>) {
        self.tests += 1;
        let out = &mut self.cases;
        attribute(out, "    <testcase classname", class);
        attribute(out, " name", name);
        attribute(out, " file", &self.file);
        let Some((element, message, body)) = outcome else {
            out.push_str("/>\n");
            return;
        };
        match element {
            "failure" => self.failures += 1,
            "error" => self.errors += 1,
            "skipped" => self.skipped += 1,
            _ => {}
        }
        let _ = write!(out, ">\n      <{element}");
        if element != "system-out" {
            attribute(out, " message", message);
        }
        if body.is_empty() {
            out.push_str("/>");
        } else {
            out.push('>');
            // Inside of an element a line end may stand as it is, and is easier to read.
            for (index, line) in body.split('\n').enumerate() {
                out.push_str(if index > 0 { "\n" } else { "" });
                push_xml(out, line);
            }
            let _ = write!(out, "</{element}>");
        }
        out.push_str("\n    </testcase>\n");
    }
}

fn attribute(out: &mut String, name: &str, value: &str) {
    let _ = write!(out, "{name}=\"");
    push_xml(out, value);
    out.push('"');
}

impl Junit {
    /// Begins a report.
    pub fn new(out: Box<dyn Write>, context: &Context) -> Self {
        Self {
            out,
            fail_on: context.fail_on,
            begun: false,
            suite: None,
        }
    }

    fn suite(&mut self, file: &Arc<str>) -> io::Result<&mut Suite> {
        if self.suite.as_ref().is_some_and(|suite| suite.file != *file) {
            self.flush()?;
        }
        Ok(self.suite.get_or_insert_with(|| Suite::new(file.clone())))
    }

    fn flush(&mut self) -> io::Result<()> {
        let mut out = String::new();
        if !self.begun {
            self.begun = true;
            let _ = write!(
                out,
                "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"{TOOL}\">\n"
            );
        }
        if let Some(suite) = self.suite.take() {
            attribute(&mut out, "  <testsuite name", &suite.file);
            let Suite {
                tests,
                failures,
                errors,
                skipped,
                ..
            } = suite;
            let _ = write!(
                out,
                " tests=\"{tests}\" failures=\"{failures}\" errors=\"{errors}\" skipped=\"{skipped}\" time=\"0\">\n{}  </testsuite>\n",
                suite.cases
            );
        }
        self.out.write_all(out.as_bytes())
    }
}

impl Report for Junit {
    fn finding(&mut self, finding: &Finding) -> io::Result<()> {
        let fail_on = self.fail_on;
        let suite = self.suite(&finding.location.file)?;
        let mut name = finding.rule.id.to_string();
        if let Some(object) = &finding.object {
            let _ = write!(name, ": {object}");
        }
        let path = finding.field.as_ref().unwrap_or(&finding.path);
        if !path.is_empty() {
            let _ = write!(name, ", {}", crate::advice::dotted(path));
        }
        let class = format!("{}.{}", finding.rule.area, finding.rule.id);
        if let Some(excepted) = &finding.excepted {
            let why = format!("accepted {}", text::accepted(excepted));
            suite.case(&class, &name, Some(("skipped", &why, "")));
            return Ok(());
        }
        if finding.result == FindingResult::Unknown {
            let why = format!("unknown: {}", finding.message);
            suite.case(&class, &name, Some(("skipped", &why, "")));
            return Ok(());
        }
        let element = if finding.rule.severity >= fail_on {
            "failure"
        } else {
            "system-out"
        };
        suite.case(&class, &name, Some((element, &finding.message, &body(finding))));
        Ok(())
    }

    fn workload(&mut self, _: &Workload) -> io::Result<()> {
        Ok(())
    }

    fn finish(&mut self, summary: &Summary) -> io::Result<()> {
        for failed in &summary.inputs.failed {
            let mut at = String::new();
            for number in [failed.line, failed.column]
                .into_iter()
                .map_while(|number| number)
            {
                let _ = write!(at, ":{number}");
            }
            let help = failed
                .help
                .as_deref()
                .map(|help| format!("\nhelp: {help}"))
                .unwrap_or_default();
            let body = format!("{}{at}: {}{help}", failed.path, failed.reason);
            self.suite(&failed.path)?.case(
                TOOL,
                "the input can be read",
                Some(("error", &failed.reason, &body)),
            );
        }
        for skipped in &summary.inputs.skipped {
            let name = match skipped.line {
                Some(line) => format!("the document at line {line} is judged"),
                None => "the file is judged".into(),
            };
            self.suite(&skipped.path)?
                .case(TOOL, &name, Some(("skipped", &skipped.reason, "")));
        }
        self.flush()?;
        let notices = summary.unused_exceptions.iter().chain(&summary.notices);
        let notes: Vec<_> = notices.map(crate::Notice::to_string).collect();
        let name = format!(
            "{} objects are judged by {} rules",
            summary.inputs.read, summary.rules
        );
        let outcome = (!notes.is_empty()).then(|| notes.join("\n"));
        let mut suite = Suite::new(TOOL.into());
        suite.case(
            TOOL,
            &name,
            outcome.as_deref().map(|notes| ("system-out", "", notes)),
        );
        self.suite = Some(suite);
        self.flush()?;
        self.out.write_all(b"</testsuites>\n")?;
        self.out.flush()
    }
}

fn body(finding: &Finding) -> String {
    let place = &finding.location;
    let (severity, message) = (finding.rule.severity, &finding.message);
    let mut out = format!(
        "{}:{}:{}: {severity}: {message}\n",
        place.file, place.start.line, place.start.column
    );
    let _ = write!(out, "{}\n{}", place.line, finding.rule.why);
    if let Some((label, text)) = advice(finding) {
        let _ = write!(out, "\n{label}: {text}");
    }
    out
}
