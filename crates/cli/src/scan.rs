//! `hardtack scan`: from targets to reports.

use crate::args::{FailOn, Place, Scan};
use crate::config::Config;
use crate::sink::Sink;
use crate::{CLEAN, FINDINGS, Failure, UNREADABLE, baseline, choose, output};
use hardtack_core::exception::Exception;
use hardtack_core::world::{Fact, World};
use hardtack_core::{Document, Failed, Finding, Inputs, Judge, Judged, Severity, Skipped};
use hardtack_report::{Context, Notice, Summary};
use hardtack_source::{Input, Options, Parsed, Plan, Text, plan};
use hardtack_tree::{Limits, Span};
use rayon::prelude::*;
use std::sync::Arc;
use std::time::Instant;

/// So many bytes of files are read at once: what bounds the memory of a scan, with the largest file.
const BATCH: u64 = 32 << 20;
/// Documents of a file larger than this are judged in parallel.
const PARALLEL_FROM: usize = 256 << 10;

/// Runs the command.
pub fn run(scan: &Scan) -> Result<u8, Failure> {
    let started = Instant::now();
    let config = choose::config_near(&scan.choice, &scan.place)?;
    let fail_on = choose::fail_on(scan.fail_on, &config);
    let baseline = scan.baseline.as_ref().or(config.baseline.as_ref());
    let known = match baseline {
        // A baseline that is written anew by this very scan need not exist yet.
        Some(path) if scan.write_baseline.as_ref() == Some(path) && !path.exists() => Default::default(),
        Some(path) => baseline::read(path)?,
        None => Default::default(),
    };
    let judge = choose::accepting_judge(&scan.choice, &config, known)?;
    let context = context(scan, &config, &judge, fail_on);
    let mut reports = output::open(scan, &context)?;
    let mut sink = Sink::new(&mut reports, scan.write_baseline.is_some());
    let Plan {
        mut inputs,
        mut account,
    } = plan_of(&scan.place, &config);
    output::leave_out(&scan.outputs, &mut inputs, &mut account);
    sink.inputs.absorb(account);
    let exceptions = judge_all(&judge, &inputs, &mut sink)?;
    let new_baseline = sink.new_baseline.take();
    let summary = Summary {
        rules: judge.reported(),
        workloads: sink.workload_count,
        counts: sink.counts,
        inputs: std::mem::take(&mut sink.inputs),
        unused_exceptions: complaints(&judge, &exceptions),
        notices: std::mem::take(&mut sink.notices),
        elapsed: started.elapsed(),
    };
    for report in &mut reports {
        report.finish(&summary)?;
    }
    if let (Some(writer), Some(path)) = (new_baseline, &scan.write_baseline) {
        let count = writer.write(path)?;
        output::say(&format!(
            "hardtack: {count} findings written to the baseline {}",
            path.display()
        ));
        return Ok(if summary.inputs.failed.is_empty() {
            CLEAN
        } else {
            UNREADABLE
        });
    }
    let code = exit_code(&summary, fail_on);
    // As with the world: to take hundreds of rules apart would be work for nothing.
    std::mem::forget(judge);
    Ok(code)
}

fn context(scan: &Scan, config: &Config, judge: &Judge, fail_on: FailOn) -> Context {
    Context {
        rules: Arc::new(judge.reported_rules()),
        fail_on: match fail_on {
            FailOn::At(severity) => severity,
            FailOn::Never => Severity::Critical,
        },
        color: output::colored(scan.color),
        width: 100,
        profile: choose::profile(&scan.choice, config),
        kubernetes_version: choose::version(&scan.choice, config).to_string(),
        show_excepted: scan.show_excepted,
        quiet: scan.quiet,
    }
}

/// What the command line asks to read.
pub fn plan_of(place: &Place, config: &Config) -> Plan {
    let options = Options {
        exclude: place.exclude.iter().chain(&config.exclude).cloned().collect(),
        render: config.render && !place.no_render,
        helm_values: config
            .helm_values
            .iter()
            .chain(&place.helm_values)
            .cloned()
            .collect(),
    };
    plan(&place.targets, &options)
}

/// What is to be said of exceptions: unused, expired, unknown rules.
fn complaints(judge: &Judge, in_files: &[Arc<Exception>]) -> Vec<Notice> {
    let reported: std::collections::HashSet<_> = judge
        .reported_rules()
        .iter()
        .map(|rule| rule.id.clone())
        .collect();
    let acceptance = judge.acceptance();
    let all = in_files
        .iter()
        .map(|exception| &**exception)
        .chain(&acceptance.configured);
    all.flat_map(|exception| {
        let said = exception.complaints(&acceptance.today, |id| reported.contains(id));
        said.into_iter().map(|complaint| Notice {
            message: format!("the exception for {} {complaint}", exception.written),
            file: Some(exception.file.clone()),
            line: Some(exception.line),
        })
    })
    .collect()
}

/// The one place that decides what a scan's exit code says.
fn exit_code(summary: &Summary, fail_on: FailOn) -> u8 {
    let broken = match fail_on {
        FailOn::At(severity) => summary.counts.at_least(severity) > 0,
        FailOn::Never => false,
    };
    if !summary.inputs.failed.is_empty() {
        UNREADABLE
    } else if broken {
        FINDINGS
    } else {
        CLEAN
    }
}

/// Judges all inputs. Gives the exceptions that stand in them.
fn judge_all(judge: &Judge, inputs: &[Input], sink: &mut Sink<'_>) -> Result<Vec<Arc<Exception>>, Failure> {
    let mut world = World::default();
    let mut exceptions = Vec::new();
    let mut rest = inputs;
    while !rest.is_empty() {
        let (now, later) = rest.split_at(batch(rest));
        rest = later;
        let outcomes: Vec<Outcome> = now.par_iter().map(|input| Outcome::of(judge, input)).collect();
        for outcome in outcomes {
            sink.inputs.absorb(outcome.inputs);
            outcome.facts.into_iter().for_each(|fact| world.add(fact));
            exceptions.extend(outcome.exceptions);
            sink.file(outcome.findings, outcome.workloads)?;
        }
    }
    if judge.needs_world() && world.left_out() > 0 {
        sink.notices.push(Notice {
            message: format!(
                "{} objects are too many to be compared (at most {}): rules about several objects were not judged; \
                 scan fewer at once",
                world.left_out(),
                World::MOST_FACTS
            ),
            file: None,
            line: None,
        });
    }
    let together = judge.world_by(&world, |rules, judge| rules.par_iter().map(judge).collect());
    let mut findings: Vec<_> = together
        .into_iter()
        .map(|(rule, failure)| Finding::of_world(&rule, failure))
        .collect();
    for finding in &mut findings {
        judge.acceptance().apply(finding, &exceptions);
    }
    sink.together(findings)?;
    // The process ends soon, and gives all memory back at once.
    std::mem::forget(world);
    Ok(exceptions)
}

/// How many of the inputs are read at once.
fn batch(inputs: &[Input]) -> usize {
    let mut bytes = 0;
    let fits = inputs.iter().take_while(|input| {
        bytes += input.size;
        bytes <= BATCH
    });
    fits.count().clamp(1, 4096)
}

/// What came of one input.
#[derive(Default)]
struct Outcome {
    findings: Vec<Finding>,
    workloads: Vec<hardtack_core::pss::Workload>,
    facts: Vec<Fact>,
    exceptions: Vec<Arc<Exception>>,
    inputs: Inputs,
}

impl Outcome {
    fn of(judge: &Judge, input: &Input) -> Self {
        let mut outcome = Self::default();
        let text = match input.read() {
            Ok(text) => text,
            Err(failed) => {
                outcome.inputs.failed.push(failed);
                return outcome;
            }
        };
        let documents = text.documents();
        let document = Document::new(text.name.clone(), text.as_str());
        let parts: Vec<Part> = if text.as_str().len() > PARALLEL_FROM && documents.len() > 1 {
            let size = documents.len().div_ceil(rayon::current_num_threads() * 4).max(1);
            documents
                .par_chunks(size)
                .map(|part| Part::of(judge, &text, document.clone(), part))
                .collect()
        } else {
            vec![Part::of(judge, &text, document, &documents)]
        };
        for part in parts {
            outcome.findings.extend(part.judged.findings);
            outcome.workloads.extend(part.judged.workloads);
            outcome.facts.extend(part.judged.facts);
            outcome.exceptions.extend(part.judged.exceptions);
            outcome.inputs.read += part.judged.objects;
            outcome.inputs.skipped.extend(part.skipped);
            outcome.inputs.failed.extend(part.failed);
        }
        let nothing = outcome.inputs.read + outcome.inputs.skipped.len() + outcome.inputs.failed.len() == 0;
        if nothing {
            outcome.inputs.skipped.push(Skipped {
                path: text.name.clone(),
                line: None,
                reason: if text.as_str().trim().is_empty() {
                    "empty"
                } else {
                    "nothing but comments"
                }
                .into(),
            });
        }
        outcome
    }
}

/// What came of some documents of a file.
#[derive(Default)]
pub struct Part {
    /// What was found.
    pub judged: Judged,
    /// What was left out.
    pub skipped: Vec<Skipped>,
    /// What is broken.
    pub failed: Vec<Failed>,
}

impl Part {
    /// Judges the documents at these places.
    pub fn of<'t>(judge: &Judge, text: &'t Text, mut document: Document<'t>, documents: &[Span]) -> Self {
        let mut part = Self::default();
        for span in documents {
            let judged = match text.parse(*span, &Limits::default()) {
                None => continue,
                Some(Parsed::Skipped(skipped)) => {
                    part.skipped.push(skipped);
                    continue;
                }
                Some(Parsed::Failed(failed)) => {
                    part.failed.push(failed);
                    continue;
                }
                Some(Parsed::Dockerfile(tree)) => judge.dockerfile_findings(tree.root(), &document),
                Some(Parsed::Manifest { tree, span, template }) => {
                    document.template = template.as_deref().map(Arc::from);
                    judge.manifest(tree.root(), span, &document)
                }
            };
            part.judged.findings.extend(judged.findings);
            part.judged.workloads.extend(judged.workloads);
            part.judged.facts.extend(judged.facts);
            part.judged.exceptions.extend(judged.exceptions);
            part.judged.objects += judged.objects;
            for (at, reason) in judged.not_objects {
                part.skipped.push(Skipped {
                    path: text.name.clone(),
                    line: Some(document.lines().position(at.start).line),
                    reason,
                });
            }
        }
        part
    }
}
