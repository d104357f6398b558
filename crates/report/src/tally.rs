//! What a report keeps of findings that it has written: counts, in bounded memory.

use hardtack_core::pss::{Level, Workload};
use hardtack_core::{Counts, Finding, FindingResult, ObjectRef, Rule};
use rustc_hash::FxHashMap;
use std::sync::Arc;

/// Counts by rule, and the worst files and objects.
#[derive(Debug, Default)]
pub struct Tally {
    rules: FxHashMap<Box<str>, (Arc<Rule>, usize)>,
    /// Files with findings, the worst first.
    pub files: Worst<Arc<str>>,
    /// Objects with findings, the worst first, each with its file.
    pub objects: Worst<(Arc<ObjectRef>, Arc<str>)>,
    levels: [usize; 3],
}

impl Tally {
    /// Counts a finding; those that are accepted or unknown don't count.
    pub fn add(&mut self, finding: &Finding) {
        if finding.excepted.is_some() || finding.result == FindingResult::Unknown {
            return;
        }
        match self.rules.get_mut(&finding.rule.id) {
            Some((_, count)) => *count += 1,
            None => {
                let one = (finding.rule.clone(), 1);
                self.rules.insert(finding.rule.id.clone(), one);
            }
        }
        let file = &finding.location.file;
        self.files.add(finding, |known| known == file, || file.clone());
        if let Some(object) = &finding.object {
            self.objects.add(
                finding,
                |(known, in_file)| (Arc::ptr_eq(known, object) || known == object) && in_file == file,
                || (object.clone(), file.clone()),
            );
        }
    }

    /// Counts a workload by the Pod Security level that would admit it.
    pub fn add_workload(&mut self, workload: &Workload) {
        self.levels[workload.pss.level as usize] += 1;
    }

    /// How many workloads that level admits and no stricter one.
    pub fn level(&self, level: Level) -> usize {
        self.levels[level as usize]
    }

    /// Rules that are broken, with how often: the most severe first, then those broken most.
    pub fn rules(&self) -> Vec<(&Rule, usize)> {
        let mut all: Vec<_> = self
            .rules
            .values()
            .map(|(rule, count)| (&**rule, *count))
            .collect();
        all.sort_by(|(a, many), (b, more)| (b.severity, more, &a.id).cmp(&(a.severity, many, &b.id)));
        all
    }
}

/// The worst of many. Findings of one come together; only the worst of those that are complete are kept.
#[derive(Debug)]
pub struct Worst<T> {
    top: Vec<(T, Counts)>,
    current: Option<(T, Counts)>,
    seen: usize,
}

impl<T> Default for Worst<T> {
    fn default() -> Self {
        Self {
            top: Vec::new(),
            current: None,
            seen: 0,
        }
    }
}

const KEPT: usize = 10;

impl<T> Worst<T> {
    fn add(&mut self, finding: &Finding, is_it: impl Fn(&T) -> bool, it: impl FnOnce() -> T) {
        if !self.current.as_ref().is_some_and(|(current, _)| is_it(current)) {
            self.settle();
            // Findings about several objects come last in a large scan: what they are about may be known already.
            let known = self.top.iter().position(|(known, _)| is_it(known));
            self.seen += usize::from(known.is_none());
            self.current = Some(match known {
                Some(index) => self.top.remove(index),
                None => (it(), Counts::default()),
            });
        }
        if let Some((_, counts)) = &mut self.current {
            counts.add(finding);
        }
    }

    fn settle(&mut self) {
        let Some(done) = self.current.take() else { return };
        let place = self
            .top
            .partition_point(|(_, counts)| rank(counts) >= rank(&done.1));
        self.top.insert(place, done);
        self.top.truncate(KEPT);
    }

    /// The worst, with their counts, and how many there are in all.
    pub fn ranked(&mut self) -> (&[(T, Counts)], usize) {
        self.settle();
        (&self.top, self.seen)
    }
}

fn rank(counts: &Counts) -> [usize; 4] {
    [counts.critical, counts.high, counts.medium, counts.low]
}
