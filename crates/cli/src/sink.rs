//! Where findings come together: sorted, counted and handed to the reports.

use crate::baseline::Writer;
use hardtack_core::{Counts, Finding, Inputs, pss::Workload};
use hardtack_report::{Notice, Report};
use std::cmp::Ordering;
use std::io;
use std::sync::Arc;

/// So many findings are held, so that those about several objects can be sorted in with the others; with more than
/// that, findings are written as they come, and those about several objects last.
const HELD: usize = 50_000;

/// Collects what a scan finds.
pub struct Sink<'r> {
    reports: &'r mut [Box<dyn Report>],
    held: Vec<Finding>,
    workloads: Vec<Workload>,
    streaming: bool,
    /// Findings for a new baseline, where one is to be written.
    pub new_baseline: Option<Writer>,
    /// How many workloads there were.
    pub workload_count: usize,
    /// Findings, counted.
    pub counts: Counts,
    /// The account of inputs.
    pub inputs: Inputs,
    /// What else there is to say about the scan.
    pub notices: Vec<Notice>,
}

impl<'r> Sink<'r> {
    /// A sink that writes to `reports`.
    pub fn new(reports: &'r mut [Box<dyn Report>], new_baseline: bool) -> Self {
        Self {
            reports,
            held: Vec::new(),
            workloads: Vec::new(),
            streaming: false,
            new_baseline: new_baseline.then(Writer::default),
            workload_count: 0,
            counts: Counts::default(),
            inputs: Inputs::default(),
            notices: Vec::new(),
        }
    }

    /// Takes what was found in one file. Files come in the order of the report.
    pub fn file(&mut self, findings: Vec<Finding>, workloads: Vec<Workload>) -> io::Result<()> {
        self.workload_count += workloads.len();
        self.held.extend(findings);
        self.workloads.extend(workloads);
        if self.held.len() > HELD {
            self.streaming = true;
        }
        if !self.streaming {
            return Ok(());
        }
        self.write()?;
        self.held.clear();
        self.workloads.clear();
        Ok(())
    }

    /// Takes what was found about several objects together, and writes what is held.
    pub fn together(&mut self, findings: Vec<Finding>) -> io::Result<()> {
        if !findings.is_empty() {
            self.held.extend(findings);
            self.held.sort_by(|a, b| {
                let (a, b) = (&a.location, &b.location);
                let same = Arc::ptr_eq(&a.file, &b.file);
                let file = if same {
                    Ordering::Equal
                } else {
                    a.file.cmp(&b.file)
                };
                file.then(a.span.cmp(&b.span))
            });
        }
        self.write()?;
        // The process ends soon, and gives all memory back at once.
        std::mem::forget(std::mem::take(&mut self.held));
        Ok(())
    }

    fn write(&mut self) -> io::Result<()> {
        for finding in &self.held {
            self.counts.add(finding);
            if let Some(baseline) = &mut self.new_baseline {
                baseline.add(finding);
            }
        }
        for report in self.reports.iter_mut() {
            report.findings(&self.held)?;
            for workload in &self.workloads {
                report.workload(workload)?;
            }
        }
        Ok(())
    }
}
