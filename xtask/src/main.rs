//! What the project does to itself: `cargo xtask generate`, `cargo xtask bench`.

mod bench;
mod cost;
mod generate;

use std::path::PathBuf;
use std::process::ExitCode;

const USAGE: &str = "\
cargo xtask generate [--check]   write docs/rules and docs/schema from the rules; with --check, only tell what is stale
cargo xtask bench [--large]      measure scans against parsing and against peers on PATH; --large goes up to 1 GB
cargo xtask parse [--full] PATH  only parse what a scan of PATH reads, for `bench`
cargo xtask rules PATH...        what each rule costs on PATH, the dearest first; build it with --release";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match &words[..] {
        ["generate"] => generate::run(false),
        ["generate", "--check"] => generate::run(true),
        ["bench"] => bench::run(false),
        ["bench", "--large"] => bench::run(true),
        ["parse", "--full", paths @ ..] if !paths.is_empty() => bench::parse(paths, true),
        ["parse", paths @ ..] if !paths.is_empty() => bench::parse(paths, false),
        ["rules", paths @ ..] if !paths.is_empty() => cost::run(paths),
        _ => Err(USAGE.to_owned()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}

/// The project's root.
fn root() -> PathBuf {
    let here = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    here.parent().map_or(here.clone(), PathBuf::from)
}
