//! `cargo xtask bench`: whole runs of the release binary, as ratios from one session.
//!
//! Every pair of commands is run in turn (A B A B ...), so that a machine whose speed drifts does not favour one of them;
//! the ratio is that of the medians. Peers are measured where they are on PATH.

use hardtack_source::{Language, Options, Parsed, plan};
use hardtack_tree::{Limits, yaml};
use rayon::prelude::*;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const RUNS: usize = 9;

/// What a run of a command cost.
#[derive(Clone, Copy)]
struct Cost {
    wall: Duration,
    /// Peak resident memory in bytes, where the system tells it.
    memory: u64,
}

/// Only parses what a scan of `paths` reads, in parallel as a scan does; with `full`, YAML by the full reader alone.
pub fn parse(paths: &[&str], full: bool) -> Result<(), String> {
    let targets: Vec<String> = paths.iter().map(|path| (*path).to_owned()).collect();
    let plan = plan(&targets, &Options::default());
    let limits = Limits::default();
    let nodes: usize = plan
        .inputs
        .par_iter()
        .map(|input| {
            let Ok(text) = input.read() else { return 0 };
            let documents = text.documents();
            let trees = documents.iter().map(|span| {
                if full && text.language == Language::Yaml {
                    let tree = yaml::parse_full(text.as_str(), *span, &limits);
                    return tree.ok().flatten().map_or(0, |tree| tree.len());
                }
                match text.parse(*span, &limits) {
                    Some(Parsed::Manifest { tree, .. } | Parsed::Dockerfile(tree)) => tree.len(),
                    _ => 0,
                }
            });
            trees.sum::<usize>()
        })
        .sum();
    println!("{nodes} nodes");
    Ok(())
}

/// Measures and prints.
pub fn run(large: bool) -> Result<(), String> {
    let root = crate::root();
    build(&root)?;
    let bin = target(&root).join("release");
    let hardtack = bin.join("hardtack").display().to_string();
    let xtask = bin.join("xtask").display().to_string();
    let work = target(&root).join("bench");
    fs::create_dir_all(&work).map_err(|error| error.to_string())?;
    let corpus = corpus(&root, &work)?;
    let shown = corpus.display().to_string();
    println!(
        "corpus: {} files, {:.1} MB",
        files(&corpus).len(),
        size(&corpus) as f64 / 1e6
    );

    let scan = [
        hardtack.as_str(),
        "scan",
        "--no-config",
        "--profile",
        "all",
        &shown,
    ];
    let parse = [xtask.as_str(), "parse", &shown];
    let full = [xtask.as_str(), "parse", "--full", &shown];
    let (ours, bare) = pair(&scan, &full)?;
    print_pair(
        "scan with all rules / only parsing, by the full reader",
        ours,
        bare,
        "at most 2",
    );
    let (again, bare) = pair(&scan, &parse)?;
    print_pair(
        "scan with all rules / only parsing, by the fast reader",
        again,
        bare,
        "the hope is 2",
    );
    println!(
        "  peak memory of the scan: {:.0} MB (at most 60)",
        ours.memory as f64 / 1e6
    );

    let peers: [(&str, Vec<&str>, &str); 3] = [
        ("kube-linter", vec!["lint", &shown], "at least 5"),
        (
            "checkov",
            vec!["--compact", "--quiet", "--framework", "kubernetes", "-d", &shown],
            "more than 1",
        ),
        ("polaris", vec!["audit", "--audit-path", &shown], "more than 1"),
    ];
    for (name, arguments, wanted) in peers {
        if !on_path(name) {
            println!("{name}: not on PATH, not measured");
            continue;
        }
        let command: Vec<&str> = std::iter::once(name).chain(arguments).collect();
        let runs = if name == "kube-linter" { RUNS } else { 2 };
        let (theirs, ours) = pair_of(&command, &scan, runs)?;
        print_pair(&format!("{name} / hardtack with all rules"), theirs, ours, wanted);
        println!("  peak memory of {name}: {:.0} MB", theirs.memory as f64 / 1e6);
    }

    let one = root
        .join("examples/squishy-bin/deploy/squishy-bin.yaml")
        .display()
        .to_string();
    let single = cost_of(&[&hardtack, "scan", "--no-config", "--profile", "all", &one], 21)?;
    println!(
        "one file, start to exit: {:.1} ms (at most 15)",
        single.wall.as_secs_f64() * 1e3
    );

    let steps: &[u64] = if large {
        &[16, 64, 256, 1024]
    } else {
        &[16, 64, 256]
    };
    let mut last = None;
    for megabytes in steps {
        let folder = grown(&corpus, &work, *megabytes)?;
        let path = folder.display().to_string();
        let cost = cost_of(
            &[
                &hardtack,
                "scan",
                "--no-config",
                "--profile",
                "all",
                "--quiet",
                &path,
            ],
            1,
        )?;
        let rate = *megabytes as f64 / cost.wall.as_secs_f64();
        print!(
            "{megabytes:>5} MB: {:.2} s, {rate:.0} MB/s, peak {:.0} MB",
            cost.wall.as_secs_f64(),
            cost.memory as f64 / 1e6
        );
        match last {
            Some((before, wall)) => {
                let grown: f64 = *megabytes as f64 / before;
                let slower = cost.wall.as_secs_f64() / wall;
                println!("; {grown:.0} times the input took {slower:.1} times the time");
            }
            None => println!(),
        }
        last = Some((*megabytes as f64, cost.wall.as_secs_f64()));
        fs::remove_dir_all(&folder).map_err(|error| error.to_string())?;
    }
    Ok(())
}

fn build(root: &Path) -> Result<(), String> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let built = Command::new(cargo)
        .current_dir(root)
        .args(["build", "--quiet", "--release", "-p", "hardtack", "-p", "xtask"])
        .status()
        .map_err(|error| error.to_string())?;
    if built.success() {
        Ok(())
    } else {
        Err("the release build failed".into())
    }
}

fn target(root: &Path) -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from)
}

/// Real charts where the shared data lies beside the project, else the example, many times over.
fn corpus(root: &Path, work: &Path) -> Result<PathBuf, String> {
    let shared = std::env::var_os("HARDTACK_SHARED").map_or_else(|| root.join("../shared"), PathBuf::from);
    let rendered = shared.join("corpus/rendered");
    if rendered.is_dir() {
        return fs::canonicalize(&rendered).map_err(|error| error.to_string());
    }
    println!(
        "the corpus of charts is not here (HARDTACK_SHARED may name its folder): measuring copies of the example"
    );
    grown(&root.join("examples/squishy-bin/deploy"), work, 5)
}

/// A folder with copies of the corpus' files, of that size.
fn grown(corpus: &Path, work: &Path, megabytes: u64) -> Result<PathBuf, String> {
    let folder = work.join(format!("grown-{megabytes}"));
    let _ = fs::remove_dir_all(&folder);
    let failed = |error: std::io::Error| error.to_string();
    fs::create_dir_all(&folder).map_err(failed)?;
    let sources = files(corpus);
    let (mut written, mut round) = (0, 0);
    while written < megabytes << 20 {
        let below = folder.join(format!("{round:05}"));
        fs::create_dir(&below).map_err(failed)?;
        for source in &sources {
            if written >= megabytes << 20 {
                break;
            }
            let name = source.file_name().unwrap_or_default();
            written += fs::copy(source, below.join(name)).map_err(failed)?;
        }
        round += 1;
    }
    Ok(folder)
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut files: Vec<_> = entries
        .map(|entry| entry.path())
        .filter(|path| path.is_file())
        .collect();
    files.sort();
    files
}

fn size(folder: &Path) -> u64 {
    files(folder)
        .iter()
        .filter_map(|path| path.metadata().ok())
        .map(|found| found.len())
        .sum()
}

fn on_path(name: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(name).is_file())
}

fn pair(a: &[&str], b: &[&str]) -> Result<(Cost, Cost), String> {
    pair_of(a, b, RUNS)
}

/// The medians of both commands, run in turn after one run of each that does not count.
fn pair_of(a: &[&str], b: &[&str], runs: usize) -> Result<(Cost, Cost), String> {
    once(a)?;
    once(b)?;
    let (mut of_a, mut of_b) = (Vec::new(), Vec::new());
    for _ in 0..runs {
        of_a.push(once(a)?);
        of_b.push(once(b)?);
    }
    Ok((median(of_a), median(of_b)))
}

fn cost_of(command: &[&str], runs: usize) -> Result<Cost, String> {
    let costs: Result<Vec<_>, _> = (0..runs).map(|_| once(command)).collect();
    Ok(median(costs?))
}

fn median(mut costs: Vec<Cost>) -> Cost {
    costs.sort_by_key(|cost| cost.wall);
    let memory = costs.iter().map(|cost| cost.memory).max().unwrap_or_default();
    let wall = costs
        .get(costs.len() / 2)
        .map_or(Duration::ZERO, |cost| cost.wall);
    Cost { wall, memory }
}

fn print_pair(what: &str, a: Cost, b: Cost, wanted: &str) {
    let ratio = a.wall.as_secs_f64() / b.wall.as_secs_f64();
    println!(
        "{what}: {ratio:.2} ({wanted}); {:.1} ms / {:.1} ms",
        a.wall.as_secs_f64() * 1e3,
        b.wall.as_secs_f64() * 1e3
    );
    let _ = std::io::stdout().flush();
}

/// Runs a command to its end. What it prints is thrown away, what its exit code says is not asked.
fn once(command: &[&str]) -> Result<Cost, String> {
    let (program, arguments) = command.split_first().ok_or("no command")?;
    let started = Instant::now();
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| format!("{program}: {error}"))?;
    let status = format!("/proc/{}/status", child.id());
    let sampler = std::thread::spawn(move || {
        let mut peak = 0;
        while let Ok(text) = fs::read_to_string(&status) {
            // A process that has ended but was not waited for has no memory any more.
            match text.lines().find_map(|line| line.strip_prefix("VmHWM:")) {
                Some(kilobytes) => {
                    let number = kilobytes.trim().trim_end_matches(" kB").parse::<u64>();
                    peak = peak.max(number.unwrap_or_default() * 1024);
                }
                None => break,
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        peak
    });
    child.wait().map_err(|error| error.to_string())?;
    let wall = started.elapsed();
    Ok(Cost {
        wall,
        memory: sampler.join().unwrap_or_default(),
    })
}
