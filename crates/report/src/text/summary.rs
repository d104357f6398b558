//! The end of a report in text: what a tired person needs to know.

use super::{Paint, push_shown};
use crate::tally::{Tally, Worst};
use crate::{Context, Notice, Summary};
use hardtack_core::pss::Level;
use hardtack_core::{Counts, Failed, Inputs, Severity};
use std::collections::HashMap;
use std::fmt::Write as _;

/// How many lines each list may take.
const LISTED: usize = 5;
/// What could not be read is listed in full, up to a point.
const FAILED: usize = 20;

/// Writes it.
pub fn write(out: &mut String, summary: &Summary, tally: &mut Tally, context: &Context) {
    let paint = Paint(context.color);
    failed(out, &summary.inputs.failed, paint);
    skipped(out, &summary.inputs, paint);
    notices(out, "Exceptions to look at", &summary.unused_exceptions, paint);
    notices(out, "Notes", &summary.notices, paint);
    worst(
        out,
        "Worst objects",
        &mut tally.objects,
        paint,
        |out, (object, file)| {
            push_shown(out, &object.to_string());
            out.push_str("  ");
            push_shown(out, file);
        },
    );
    worst(out, "Worst files", &mut tally.files, paint, |out, file| {
        push_shown(out, file)
    });
    let rules = tally.rules();
    if rules.len() > 1 {
        title(out, "Worst rules", paint);
        for (rule, count) in rules.iter().take(LISTED) {
            let severity = rule.severity;
            let (color, end) = (paint.severity(severity), paint.end());
            let _ = writeln!(out, "  {count:>6}  {color}{severity:<8}{end}  {}", rule.id);
        }
        more(out, rules.len(), LISTED, "rules");
        out.push('\n');
    }
    pod_security(out, tally, paint);
    counts(out, &summary.counts, paint);
    about(out, summary, context);
    if let Some((rule, _)) = rules.first() {
        let _ = writeln!(out, "Why a rule matters: hardtack explain {}", rule.id);
    }
}

fn title(out: &mut String, text: &str, paint: Paint) {
    let _ = writeln!(out, "{}{text}{}", paint.bold(), paint.end());
}

fn more(out: &mut String, all: usize, listed: usize, noun: &str) {
    if all > listed {
        let _ = writeln!(out, "          and {} more {noun}", all - listed);
    }
}

fn failed(out: &mut String, failed: &[Failed], paint: Paint) {
    if failed.is_empty() {
        return;
    }
    let _ = writeln!(
        out,
        "{}Could not be read: {}{}",
        paint.severity(Severity::High),
        failed.len(),
        paint.end()
    );
    for one in failed.iter().take(FAILED) {
        out.push_str("  ");
        push_shown(out, &one.path);
        for number in [one.line, one.column].into_iter().map_while(|number| number) {
            let _ = write!(out, ":{number}");
        }
        out.push_str(": ");
        push_shown(out, &one.reason);
        out.push('\n');
        if let Some(help) = &one.help {
            let _ = write!(out, "    {}help{}: ", paint.note(), paint.end());
            push_shown(out, help);
            out.push('\n');
        }
    }
    more(out, failed.len(), FAILED, "files");
    out.push('\n');
}

/// What was left out, by reason: a repository has hundreds of files that are no manifests.
fn skipped(out: &mut String, inputs: &Inputs, paint: Paint) {
    if inputs.skipped.is_empty() {
        return;
    }
    let mut reasons: Vec<(&str, Vec<usize>)> = Vec::new();
    let mut places: HashMap<&str, usize> = HashMap::new();
    for (index, skipped) in inputs.skipped.iter().enumerate() {
        let place = *places.entry(&skipped.reason).or_insert_with(|| {
            reasons.push((&skipped.reason, Vec::new()));
            reasons.len() - 1
        });
        reasons[place].1.push(index);
    }
    reasons.sort_by_key(|(_, indices)| std::cmp::Reverse(indices.len()));
    title(out, &format!("Skipped: {}", inputs.skipped.len()), paint);
    for (reason, indices) in reasons.iter().take(LISTED) {
        let _ = write!(out, "  {:>6}  ", indices.len());
        push_shown(out, reason);
        for (nth, index) in indices.iter().take(3).enumerate() {
            out.push_str(if nth == 0 { ": " } else { ", " });
            let skipped = &inputs.skipped[*index];
            push_shown(out, &skipped.path);
            if let Some(line) = skipped.line {
                let _ = write!(out, ":{line}");
            }
        }
        out.push_str(if indices.len() > 3 { ", …\n" } else { "\n" });
    }
    more(out, reasons.len(), LISTED, "reasons");
    out.push('\n');
}

fn notices(out: &mut String, name: &str, notices: &[Notice], paint: Paint) {
    if notices.is_empty() {
        return;
    }
    title(out, name, paint);
    for notice in notices.iter().take(FAILED) {
        out.push_str("  ");
        push_shown(out, &notice.to_string());
        out.push('\n');
    }
    more(out, notices.len(), FAILED, "notes");
    out.push('\n');
}

fn worst<T>(
    out: &mut String,
    name: &str,
    worst: &mut Worst<T>,
    paint: Paint,
    write: impl Fn(&mut String, &T),
) {
    let (top, all) = worst.ranked();
    if all < 2 {
        return;
    }
    let _ = writeln!(
        out,
        "{}{name}{} (critical, high, medium, low)",
        paint.bold(),
        paint.end()
    );
    for (one, counts) in top.iter().take(LISTED) {
        out.push_str("  ");
        for severity in [
            Severity::Critical,
            Severity::High,
            Severity::Medium,
            Severity::Low,
        ] {
            let count = counts.of(severity);
            let color = if count > 0 {
                paint.severity(severity)
            } else {
                paint.dim()
            };
            let _ = write!(out, "{color}{count:>4}{}", paint.end());
        }
        out.push_str("  ");
        write(out, one);
        out.push('\n');
    }
    more(out, all, LISTED.min(top.len()), "with findings");
    out.push('\n');
}

fn pod_security(out: &mut String, tally: &Tally, paint: Paint) {
    let levels =
        [Level::Privileged, Level::Baseline, Level::Restricted].map(|level| (level, tally.level(level)));
    let all: usize = levels.iter().map(|(_, count)| count).sum();
    if all == 0 {
        return;
    }
    let (bold, end) = (paint.bold(), paint.end());
    let _ = write!(out, "{bold}Pod Security{end} of {all} workload{}: ", plural(all));
    for (index, (level, count)) in levels.iter().filter(|(_, count)| *count > 0).enumerate() {
        let comma = if index > 0 { ", " } else { "" };
        let _ = write!(out, "{comma}{count} {level}");
    }
    out.push('\n');
}

fn counts(out: &mut String, counts: &Counts, paint: Paint) {
    let total = counts.total();
    let (bold, end) = (paint.bold(), paint.end());
    if total == 0 {
        let _ = write!(out, "{bold}No findings{end}");
    } else {
        let _ = write!(out, "{bold}{total} finding{}{end}: ", plural(total));
        let all = [
            Severity::Critical,
            Severity::High,
            Severity::Medium,
            Severity::Low,
        ];
        for (index, severity) in all.into_iter().filter(|one| counts.of(*one) > 0).enumerate() {
            let comma = if index > 0 { ", " } else { "" };
            let color = paint.severity(severity);
            let _ = write!(out, "{comma}{color}{} {severity}{end}", counts.of(severity));
        }
        let _ = write!(out, "; {} with a fix", counts.fixable);
    }
    for (count, word) in [(counts.unknown, "unknown"), (counts.excepted, "excepted")] {
        if count > 0 {
            let _ = write!(out, "; {count} {word}");
        }
    }
    out.push('\n');
}

fn about(out: &mut String, summary: &Summary, context: &Context) {
    let read = summary.inputs.read;
    let _ = writeln!(
        out,
        "{read} object{} judged by {} rules (profile {}, Kubernetes {}) in {:.2} s",
        plural(read),
        summary.rules,
        context.profile,
        context.kubernetes_version,
        summary.elapsed.as_secs_f64(),
    );
}

fn plural(count: usize) -> &'static str {
    if count == 1 { "" } else { "s" }
}
