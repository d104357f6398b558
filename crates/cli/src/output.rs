//! Where reports go, and all else that is printed.

use crate::Failure;
use crate::args::{Color, Output, Scan};
use hardtack_core::{Inputs, Skipped};
use hardtack_report::{Context, Format, Report, report};
use hardtack_source::{Body, Input};
use std::fs::File;
use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::Path;

/// Opens all reports that were asked for: the one on standard output, and those in files.
pub fn open(scan: &Scan, context: &Context) -> Result<Vec<Box<dyn Report>>, Failure> {
    let mut reports = Vec::new();
    for output in &scan.outputs {
        if scan
            .place
            .targets
            .iter()
            .any(|target| is_same(Path::new(target), &output.file))
        {
            let file = output.file.display();
            return Err(Failure(format!(
                "{file} is to be read: write the report to another file"
            )));
        }
    }
    let on_stdout = !scan.outputs.iter().any(|output| output.file == Path::new("-"));
    if on_stdout {
        reports.push(one(scan.format, Box::new(Stdout::default()), context));
    }
    for output in &scan.outputs {
        let writer: Box<dyn Write> = if output.file == Path::new("-") {
            Box::new(Stdout::default())
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

/// Takes the files that reports are written to out of what a directory holds: no report is about itself.
pub fn leave_out(outputs: &[Output], inputs: &mut Vec<Input>, account: &mut Inputs) {
    inputs.retain(|input| {
        let Body::File(path) = &input.body else {
            return true;
        };
        let written = outputs.iter().any(|output| is_same(path, &output.file));
        if written {
            account.skipped.push(Skipped {
                path: input.name.clone(),
                line: None,
                reason: "a report of this scan".into(),
            });
        }
        !written
    });
}

fn is_same(path: &Path, other: &Path) -> bool {
    path.file_name() == other.file_name()
        && matches!((path.canonicalize(), other.canonicalize()), (Ok(a), Ok(b)) if a == b && a.is_file())
}

/// Prints to standard output.
pub fn print(text: &str) -> io::Result<()> {
    let mut out = Stdout::default();
    out.write_all(text.as_bytes())?;
    out.flush()
}

/// Prints a line to standard error. When nobody can read it, there is nobody to tell.
pub fn say(text: &str) {
    let _ = writeln!(io::stderr(), "{text}");
}

/// Standard output. When its reader has gone, as `head` goes, the rest is swallowed: the exit code is still to be told.
#[derive(Default)]
struct Stdout {
    gone: bool,
}

impl Stdout {
    fn unless_gone<T>(&mut self, result: io::Result<T>, else_: T) -> io::Result<T> {
        match result {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                self.gone = true;
                Ok(else_)
            }
            other => other,
        }
    }
}

impl Write for Stdout {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.gone {
            return Ok(bytes.len());
        }
        let written = io::stdout().write(bytes);
        self.unless_gone(written, bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.gone {
            return Ok(());
        }
        let flushed = io::stdout().flush();
        self.unless_gone(flushed, ())
    }
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
