//! What reports are to those who read them: JSON that fits its schema, XML that is well-formed, commands that end
//! where they should. `tests/readers/run.sh` does the same with the readers that others use.

#![allow(clippy::unwrap_used, clippy::panic)] // A test may fail where it stands.

mod sample;

use hardtack_report::Format;
use quick_xml::Reader;
use quick_xml::events::Event;
use sample::Sample;
use serde_json::Value;
use std::collections::HashSet;

fn parsed(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

#[test]
fn json_fits_its_schema() {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../docs/schema/report.schema.json"
    );
    let schema = parsed(&std::fs::read_to_string(path).unwrap());
    for sample in [Sample::new(), Sample::clean()] {
        let report = parsed(&sample.write(Format::Json));
        if let Err(wrong) = fits(&report, &schema, &schema) {
            panic!("{wrong}\n{report:#}");
        }
        assert_eq!(
            report["findings"].as_array().unwrap().len(),
            sample.findings.len()
        );
    }
    let wrong = parsed(r#"{"schema": 2}"#);
    assert!(fits(&wrong, &schema, &schema).is_err());
}

/// As much of JSON Schema as ours uses; patterns are left to real validators.
fn fits(value: &Value, schema: &Value, root: &Value) -> Result<(), String> {
    let wrong = |what: &Value| Err(format!("{value} does not fit {what}"));
    for (keyword, wanted) in schema.as_object().unwrap() {
        let holds = match keyword.as_str() {
            "$ref" => {
                let target = wanted.as_str().unwrap().trim_start_matches('#');
                fits(value, root.pointer(target).unwrap(), root)?;
                true
            }
            "anyOf" => wanted
                .as_array()
                .unwrap()
                .iter()
                .any(|one| fits(value, one, root).is_ok()),
            "const" => value == wanted,
            "enum" => wanted.as_array().unwrap().contains(value),
            "type" => match wanted.as_str().unwrap() {
                "object" => value.is_object(),
                "array" => value.is_array(),
                "string" => value.is_string(),
                "integer" => value.is_u64(),
                "null" => value.is_null(),
                other => panic!("type {other}"),
            },
            "required" => wanted
                .as_array()
                .unwrap()
                .iter()
                .all(|name| value.get(name.as_str().unwrap()).is_some()),
            "properties" => {
                for (name, one) in wanted.as_object().unwrap() {
                    if let Some(member) = value.get(name) {
                        fits(member, one, root)?;
                    }
                }
                // What is written is described.
                let known = |name: &String| wanted.get(name).is_some();
                value.as_object().is_none_or(|map| map.keys().all(known))
            }
            "additionalProperties" => {
                for member in value.as_object().unwrap().values() {
                    fits(member, wanted, root)?;
                }
                true
            }
            "items" => {
                for item in value.as_array().into_iter().flatten() {
                    fits(item, wanted, root)?;
                }
                true
            }
            "minimum" => value.as_u64() >= wanted.as_u64(),
            "minItems" => value
                .as_array()
                .is_none_or(|list| list.len() as u64 >= wanted.as_u64().unwrap()),
            "$schema" | "$defs" | "title" | "description" | "pattern" => true,
            other => panic!("the schema uses `{other}`, which this test does not know"),
        };
        if !holds {
            return wrong(schema);
        }
    }
    Ok(())
}

#[test]
fn sarif_names_the_rule_of_each_result() {
    let log = parsed(&Sample::new().write(Format::Sarif));
    let run = &log["runs"][0];
    for result in run["results"].as_array().unwrap() {
        let index = result["ruleIndex"].as_u64().unwrap() as usize;
        assert_eq!(run["tool"]["driver"]["rules"][index]["id"], result["ruleId"]);
    }
    assert_eq!(run["results"].as_array().unwrap().len(), 8);
}

#[test]
fn sarif_replaces_exactly_the_value() {
    let log = parsed(&Sample::new().write(Format::Sarif));
    let results = log["runs"][0]["results"].as_array().unwrap();
    let fixes: Vec<_> = results.iter().filter_map(|result| result.get("fixes")).collect();
    let [fix] = fixes[..] else { panic!("{fixes:?}") };
    let replacement = &fix[0]["artifactChanges"][0]["replacements"][0];
    let wanted = serde_json::json!({
        "deletedRegion": {"startLine": 13, "startColumn": 40, "endLine": 13, "endColumn": 44},
        "insertedContent": {"text": "false"},
    });
    assert_eq!(*replacement, wanted);
}

#[test]
fn gitlab_sees_no_fingerprint_twice() {
    let report = parsed(&Sample::new().write(Format::Gitlab));
    let entries = report.as_array().unwrap();
    let prints: HashSet<_> = entries
        .iter()
        .map(|entry| entry["fingerprint"].as_str())
        .collect();
    assert_eq!(prints.len(), entries.len());
    assert_eq!(entries.len(), 7, "all but the accepted one");
}

#[test]
fn junit_is_well_formed_and_counts_right() {
    for sample in [Sample::new(), Sample::clean()] {
        let xml = sample.write(Format::Junit);
        let mut reader = Reader::from_str(&xml);
        let (mut tests, mut failures) = (0, 0);
        loop {
            match reader.read_event().unwrap() {
                Event::Start(element) | Event::Empty(element) => {
                    for attribute in element.attributes() {
                        attribute.unwrap().unescape_value().unwrap();
                    }
                    tests += usize::from(element.name().as_ref() == b"testcase");
                    failures += usize::from(element.name().as_ref() == b"failure");
                }
                Event::Eof => break,
                _ => {}
            }
        }
        let counted = sample.summary.counts.at_least(sample.context.fail_on);
        assert_eq!(failures, counted);
        assert!(tests > 0);
        assert!(
            !xml.contains(['\u{1b}', '\u{0}']),
            "XML 1.0 forbids control characters"
        );
    }
}

#[test]
fn each_line_for_github_is_one_command_and_the_worst_come_first() {
    let report = Sample::new().write(Format::Github);
    let (summary, commands) = report
        .trim_end()
        .rsplit_once('\n')
        .map(|(rest, last)| (last, rest))
        .unwrap();
    for line in commands.lines() {
        let level = line.strip_prefix("::").unwrap().split(' ').next().unwrap();
        assert!(["error", "warning", "notice"].contains(&level), "{line}");
    }
    assert!(summary.starts_with("3 objects judged by 6 rules"));
    let errors: Vec<_> = commands
        .lines()
        .filter(|line| line.starts_with("::error"))
        .collect();
    let place = |word: &str| errors.iter().position(|line| line.contains(word)).unwrap();
    assert!(place("title=critical") < place("title=high"));
}

#[test]
fn no_report_holds_what_would_command_a_terminal() {
    for format in [Format::Text, Format::Github] {
        let report = Sample::new().write(format);
        assert!(!report.contains(['\u{1b}', '\u{202e}']), "{format}");
    }
}

#[test]
fn a_page_runs_no_text_of_a_manifest() {
    let page = Sample::new().write(Format::Html);
    assert_eq!(page.matches("</script>").count(), 3, "two of data, one of code");
    assert!(!page.contains("<b>bold"));
    for id in ["findings", "summary"] {
        let open = format!("<script type=\"application/json\" id=\"{id}\">");
        let from = page.find(&open).unwrap() + open.len();
        let to = from + page[from..].find("</script>").unwrap();
        parsed(&page[from..to]);
    }
}

#[test]
fn what_is_accepted_is_shown_where_people_ask_for_it() {
    let mut sample = Sample::new();
    for format in [Format::Text, Format::Markdown] {
        sample.context.show_excepted = true;
        assert!(sample.write(format).contains("team-web"), "{format}");
        sample.context.show_excepted = false;
        assert!(!sample.write(format).contains("team-web"), "{format}");
    }
}

#[test]
fn a_quiet_report_is_its_summary() {
    let mut sample = Sample::new();
    sample.context.quiet = true;
    let report = sample.write(Format::Text);
    assert!(!report.contains("deploy, web.yaml:10:15"));
    assert!(report.contains("6 findings: 2 critical"));
}

#[test]
fn every_format_goes_by_its_name() {
    for (name, format) in Format::NAMED {
        assert_eq!(name.parse(), Ok(format));
        assert_eq!(format.to_string(), name);
    }
    let error = "pdf".parse::<Format>().unwrap_err();
    assert_eq!(
        error,
        "`pdf` is no format; expected one of text, json, sarif, junit, github, gitlab, markdown, html"
    );
}
