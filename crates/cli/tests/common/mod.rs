//! Runs the binary in a folder of its own.

// Each test file uses its own part of this; a panic is how a test says what went wrong.
#![allow(dead_code, clippy::panic)]

use serde_json::Value;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A folder with files, in which the binary is run.
pub struct Folder {
    folder: tempfile::TempDir,
}

/// What a run of the binary gave.
pub struct Run {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Folder {
    pub fn new(files: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().expect("a folder for temporary files");
        let made = Self { folder };
        for (name, text) in files {
            made.write(name, text.as_bytes());
        }
        made
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    pub fn write(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.path().join(name);
        fs::create_dir_all(path.parent().expect("a file has a folder")).expect("folder");
        fs::write(&path, bytes).expect("file");
        path
    }

    pub fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path().join(name)).expect("a file that was written")
    }

    pub fn run(&self, arguments: &[&str]) -> Run {
        self.run_with(arguments, None, None)
    }

    /// With something on standard input, or another PATH.
    pub fn run_with(&self, arguments: &[&str], input: Option<&[u8]>, path: Option<&str>) -> Run {
        let mut command = Command::new(env!("CARGO_BIN_EXE_hardtack"));
        command
            .args(arguments)
            .current_dir(self.path())
            .env_remove("NO_COLOR")
            .stdin(if input.is_some() {
                Stdio::piped()
            } else {
                Stdio::null()
            })
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        if let Some(path) = path {
            command.env("PATH", path);
        }
        let mut child = command.spawn().expect("the binary starts");
        if let (Some(bytes), Some(mut pipe)) = (input, child.stdin.take()) {
            // The binary may stop reading where a limit is passed.
            let _ = pipe.write_all(bytes);
        }
        let done = child.wait_with_output().expect("the binary ends");
        Run {
            code: done.status.code().unwrap_or(-1),
            out: String::from_utf8(done.stdout).expect("reports are UTF-8"),
            err: String::from_utf8(done.stderr).expect("messages are UTF-8"),
        }
    }

    /// A scan with a JSON report.
    pub fn scan(&self, arguments: &[&str]) -> (Value, i32) {
        let all: Vec<&str> = ["scan", "--format", "json"]
            .iter()
            .chain(arguments)
            .copied()
            .collect();
        let run = self.run(&all);
        let report = serde_json::from_str(&run.out);
        (
            report.unwrap_or_else(|error| panic!("{error}: {}{}", run.out, run.err)),
            run.code,
        )
    }
}

/// `rule file:line` of each finding, sorted.
pub fn found(report: &Value) -> Vec<String> {
    let findings = report["findings"].as_array().expect("findings");
    let mut found: Vec<_> = findings
        .iter()
        .map(|finding| {
            let text = |key: &str| finding[key].as_str().unwrap_or_default().to_owned();
            format!("{} {}:{}", text("rule"), text("file"), finding["line"])
        })
        .collect();
    found.sort();
    found
}

/// The reasons why inputs failed or were skipped: `path: reason`.
pub fn account(report: &Value, kind: &str) -> Vec<String> {
    let inputs = report["inputs"][kind].as_array().expect("an account of inputs");
    let text = |input: &Value, key: &str| input[key].as_str().unwrap_or_default().to_owned();
    inputs
        .iter()
        .map(|input| format!("{}: {}", text(input, "path"), text(input, "reason")))
        .collect()
}

/// Says aloud that something was not tested, past the harness that swallows what passing tests print.
///
/// On a machine that claims to be CI nothing may be skipped.
pub fn skip(what: &str) {
    let _ = writeln!(std::io::stderr(), "SKIPPED: {what}");
    assert!(
        std::env::var_os("CI").is_none(),
        "{what}, and CI must skip nothing"
    );
}

pub fn on_path(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
}

/// A pod that is soft in exactly one way that `recommended` knows: privileged.
pub const PRIVILEGED: &str = "\
apiVersion: v1
kind: Pod
metadata:
  name: web
  namespace: shop
spec:
  containers:
    - name: web
      image: example.com/web:1.2.3
      securityContext:
        privileged: true
";
