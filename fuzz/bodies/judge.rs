use hardtack_core::rule::Settings;
use hardtack_core::world::World;
use hardtack_core::{Counts, Document, Finding, Judge, Judged, KubernetesVersion, RuleSet, Selection};
use hardtack_report::{Context, Format, Summary, report};
use hardtack_tree::{Limits, dockerfile, json, yaml};
use std::cell::RefCell;
use std::io::{self, Write};
use std::rc::Rc;
use std::sync::{Arc, LazyLock};

static JUDGE: LazyLock<Judge> = LazyLock::new(|| {
    let all = Selection {
        profile: "all".into(),
        ..Selection::default()
    };
    let rules = RuleSet::built_in(&Settings::new()).unwrap_or_default();
    Judge::new(rules, &all, KubernetesVersion::LATEST, Default::default())
        .expect("a profile that is built in")
});

/// Whatever the text: judged by all rules, as every language, and reported in every format without a panic.
pub fn run(text: &str) {
    let mut document = Document::new("a \"b\"/<c>.yaml".into(), text);
    document.template = Some("d.yaml".into());
    let mut all = Judged::default();
    let limits = Limits {
        depth: 64,
        nodes: 5_000,
    };
    for span in yaml::split(text) {
        if let Ok(Some(tree)) = yaml::parse(text, span, &limits) {
            absorb(&mut all, JUDGE.manifest(tree.root(), span, &document));
        }
    }
    for span in json::split(text) {
        if let Ok(Some(tree)) = json::parse_at(text, span, &limits) {
            absorb(&mut all, JUDGE.manifest(tree.root(), span, &document));
        }
    }
    if let Ok(tree) = dockerfile::parse(text, &limits) {
        absorb(&mut all, JUDGE.dockerfile_findings(tree.root(), &document));
    }
    let mut world = World::default();
    all.facts.drain(..).for_each(|fact| world.add(fact));
    let together = JUDGE.world(&world).into_iter();
    all.findings
        .extend(together.map(|(rule, failure)| Finding::of_world(&rule, failure)));
    for finding in &all.findings {
        let span = finding.location.span;
        assert!(
            text.get(span.range()).is_some(),
            "{text:?}: {} at {span:?}",
            finding.rule.id
        );
    }
    for (name, format) in Format::NAMED {
        let written = write(format, &all);
        if matches!(format, Format::Json | Format::Sarif | Format::Gitlab) {
            let read: Result<serde_json::Value, _> = serde_json::from_str(&written);
            assert!(read.is_ok(), "{text:?}: the {name} report is no JSON: {written}");
        }
        // What a manifest says never drives a terminal.
        assert!(
            !written.contains('\u{1b}'),
            "{text:?}: an escape in the {name} report: {written}"
        );
    }
}

fn absorb(all: &mut Judged, more: Judged) {
    all.findings.extend(more.findings);
    all.workloads.extend(more.workloads);
    all.facts.extend(more.facts);
}

#[derive(Clone, Default)]
struct Memory(Rc<RefCell<Vec<u8>>>);

impl Write for Memory {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn write(format: Format, judged: &Judged) -> String {
    let mut counts = Counts::default();
    judged.findings.iter().for_each(|finding| counts.add(finding));
    let mut rules: Vec<_> = judged
        .findings
        .iter()
        .map(|finding| finding.rule.clone())
        .collect();
    rules.sort_by(|a, b| a.id.cmp(&b.id));
    rules.dedup_by(|a, b| a.id == b.id);
    let context = Context {
        rules: Arc::new(rules),
        fail_on: hardtack_core::Severity::High,
        color: false,
        width: 60,
        profile: "all".into(),
        kubernetes_version: KubernetesVersion::LATEST.to_string(),
        show_excepted: true,
        quiet: false,
    };
    let memory = Memory::default();
    let mut report = report(format, Box::new(memory.clone()), &context);
    let summary = Summary {
        counts,
        workloads: judged.workloads.len(),
        ..Summary::default()
    };
    let done = judged
        .findings
        .iter()
        .try_for_each(|finding| report.finding(finding))
        .and_then(|()| {
            judged
                .workloads
                .iter()
                .try_for_each(|workload| report.workload(workload))
        })
        .and_then(|()| report.finish(&summary));
    drop(report);
    assert!(done.is_ok(), "memory can be written to");
    String::from_utf8(memory.0.take()).expect("reports are UTF-8")
}
