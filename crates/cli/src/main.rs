//! The `hardtack` binary: arguments come in, reports and an exit code go out.

mod args;
mod baseline;
mod choose;
mod config;
mod explain;
mod fix;
mod output;
mod rules;
mod scan;
mod schema;
mod sink;
mod today;

use args::{Cli, Command};
use clap::{CommandFactory, Parser};
use std::process::ExitCode;

/// Threads that judge make and drop many small texts, for which most systems' allocators are slow. It takes no huge
/// pages, which would be most of the memory of a scan.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// What went wrong before anything could be judged: a usage error, for people.
#[derive(Debug)]
pub struct Failure(pub String);

impl<T: std::fmt::Display> From<T> for Failure {
    fn from(error: T) -> Self {
        Self(error.to_string())
    }
}

/// Nothing at or above `--fail-on`.
pub const CLEAN: u8 = 0;
/// Findings at or above `--fail-on`.
pub const FINDINGS: u8 = 1;
/// The command line, the configuration or a rule is wrong.
pub const USAGE: u8 = 2;
/// An input could not be read.
pub const UNREADABLE: u8 = 3;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let code = match &cli.command {
        Command::Scan(scan) => scan::run(scan),
        Command::Fix(fix) => fix::run(fix),
        Command::Explain(explain) => explain::run(explain),
        Command::Rules(rules) => rules::run(rules),
        Command::Schema { of } => schema::run(*of),
        Command::Completions { shell } => completions(*shell),
    };
    ExitCode::from(code.unwrap_or_else(|failure| {
        output::say(&format!("hardtack: {}", failure.0));
        USAGE
    }))
}

fn completions(shell: clap_complete::Shell) -> Result<u8, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "hardtack", &mut script);
    output::print(&String::from_utf8_lossy(&script))?;
    Ok(CLEAN)
}
