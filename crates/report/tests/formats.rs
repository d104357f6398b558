//! Whole reports, compared with those in `tests/expected`. `UPDATE=1 cargo test -p hardtack-report` rewrites them:
//! read the difference before you commit it.

#![allow(clippy::unwrap_used, clippy::panic)] // A test may fail where it stands.

mod sample;

use hardtack_report::Format;
use sample::Sample;
use std::path::Path;

fn check(format: Format, sample: &Sample, name: &str) {
    compare(name, &sample.write(format));
}

fn compare(name: &str, written: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/expected")
        .join(name);
    // The version changes with every release, the report does not.
    let written = written.replace(env!("CARGO_PKG_VERSION"), "VERSION");
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, &written).unwrap();
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    for (number, (found, wanted)) in written.lines().zip(expected.lines()).enumerate() {
        assert_eq!(found, wanted, "{name}:{}", number + 1);
    }
    assert_eq!(
        written.len(),
        expected.len(),
        "{name} is longer or shorter than what is written"
    );
}

#[test]
fn text_is_what_is_expected() {
    check(Format::Text, &Sample::new(), "report.txt");
}

#[test]
fn text_of_a_clean_scan_is_what_is_expected() {
    check(Format::Text, &Sample::clean(), "clean.txt");
}

#[test]
fn text_in_colour_is_what_is_expected() {
    let mut sample = Sample::new();
    sample.context.color = true;
    sample.context.width = 72;
    check(Format::Text, &sample, "color.txt");
}

#[test]
fn json_is_what_is_expected() {
    check(Format::Json, &Sample::new(), "report.json");
}

#[test]
fn json_of_a_clean_scan_is_what_is_expected() {
    check(Format::Json, &Sample::clean(), "clean.json");
}

#[test]
fn sarif_is_what_is_expected() {
    check(Format::Sarif, &Sample::new(), "report.sarif");
}

#[test]
fn sarif_of_a_clean_scan_is_what_is_expected() {
    check(Format::Sarif, &Sample::clean(), "clean.sarif");
}

#[test]
fn junit_is_what_is_expected() {
    check(Format::Junit, &Sample::new(), "report.xml");
}

#[test]
fn junit_of_a_clean_scan_is_what_is_expected() {
    check(Format::Junit, &Sample::clean(), "clean.xml");
}

#[test]
fn github_is_what_is_expected() {
    check(Format::Github, &Sample::new(), "report.github.txt");
}

#[test]
fn github_of_a_clean_scan_is_what_is_expected() {
    check(Format::Github, &Sample::clean(), "clean.github.txt");
}

#[test]
fn gitlab_is_what_is_expected() {
    check(Format::Gitlab, &Sample::new(), "report.gitlab.json");
}

#[test]
fn gitlab_of_a_clean_scan_is_what_is_expected() {
    check(Format::Gitlab, &Sample::clean(), "clean.gitlab.json");
}

#[test]
fn markdown_is_what_is_expected() {
    check(Format::Markdown, &Sample::new(), "report.md");
}

#[test]
fn markdown_of_a_clean_scan_is_what_is_expected() {
    check(Format::Markdown, &Sample::clean(), "clean.md");
}

/// Only what the scan puts into the page: its style and its script are beside the code.
#[test]
fn html_holds_the_data_that_is_expected() {
    let page = Sample::new().write(Format::Html);
    let from = page.find("<script type=").unwrap();
    let to = page.rfind("<script>").unwrap();
    compare("report.html.txt", &page[from..to]);
}
