//! Where reports go.

use crate::Failure;
use crate::args::{Color, Scan};
use hardtack_report::{Context, Format, Report, report};
use std::fs::File;
use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::Path;

/// Opens all reports that were asked for: the one on standard output, and those in files.
pub fn open(scan: &Scan, context: &Context) -> Result<Vec<Box<dyn Report>>, Failure> {
    let mut reports = Vec::new();
    let on_stdout = !scan.outputs.iter().any(|output| output.file == Path::new("-"));
    if on_stdout {
        reports.push(one(scan.format, Box::new(io::stdout()), context));
    }
    for output in &scan.outputs {
        let writer: Box<dyn Write> = if output.file == Path::new("-") {
            Box::new(io::stdout())
        } else {
            let file = File::create(&output.file)
                .map_err(|error| Failure(format!("can't write {}: {error}", output.file.display())))?;
            Box::new(file)
        };
        let plain = Context {
            color: false,
            ..context.clone()
        };
        let context = if output.file == Path::new("-") {
            context
        } else {
            &plain
        };
        reports.push(one(output.format, writer, context));
    }
    Ok(reports)
}

fn one(format: Format, out: Box<dyn Write>, context: &Context) -> Box<dyn Report> {
    report(format, Box::new(BufWriter::with_capacity(1 << 16, out)), context)
}

/// Whether text may be coloured.
pub fn colored(choice: Color) -> bool {
    match choice {
        Color::Always => true,
        Color::Never => false,
        Color::Auto => {
            io::stdout().is_terminal()
                && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
                && std::env::var_os("TERM").is_none_or(|term| term != "dumb")
        }
    }
}
