//! Charts and kustomizations, rendered by the tools that define them.

use hardtack_core::Failed;
use hardtack_tree::{Limits, Span, yaml};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

/// A renderer that takes longer is stopped.
const LONGEST: Duration = Duration::from_secs(120);
/// More than this is not read from a renderer.
const LARGEST: u64 = 256 << 20;

/// What renders a folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Renderer {
    /// `helm template`
    Helm,
    /// `kubectl kustomize`, or `kustomize build` where only that is there
    Kustomize,
}

impl Renderer {
    /// The programs that can do it, the first one that is on PATH is taken.
    fn programs(self) -> &'static [&'static str] {
        match self {
            Renderer::Helm => &["helm"],
            Renderer::Kustomize => &["kubectl", "kustomize"],
        }
    }

    /// The program on PATH that does it.
    pub fn program(self) -> Option<(&'static str, PathBuf)> {
        let path = std::env::var_os("PATH")?;
        let folders: Vec<_> = std::env::split_paths(&path).collect();
        self.programs().iter().find_map(|name| {
            let file = format!("{name}{}", std::env::consts::EXE_SUFFIX);
            let found = folders
                .iter()
                .map(|folder| folder.join(&file))
                .find(|path| path.is_file())?;
            Some((*name, found))
        })
    }

    /// What it is called when it is missing.
    pub fn wanted(self) -> &'static str {
        match self {
            Renderer::Helm => "helm",
            Renderer::Kustomize => "kubectl (or kustomize)",
        }
    }

    fn arguments(self, program: &str, folder: &Path, values: &[PathBuf]) -> Vec<std::ffi::OsString> {
        let mut arguments: Vec<std::ffi::OsString> = match (self, program) {
            (Renderer::Helm, _) => vec![
                "template".into(),
                "release".into(),
                folder.into(),
                "--include-crds".into(),
            ],
            (Renderer::Kustomize, "kubectl") => vec!["kustomize".into(), folder.into()],
            (Renderer::Kustomize, _) => vec!["build".into(), folder.into()],
        };
        if self == Renderer::Helm {
            for file in values {
                arguments.push("--values".into());
                arguments.push(file.into());
            }
        }
        arguments
    }

    fn remedy(self, said: &str) -> &'static str {
        match self {
            Renderer::Helm if said.contains("dependency") || said.contains("dependencies") => {
                "fetch what the chart depends on: `helm dependency build`"
            }
            Renderer::Helm => {
                "see that `helm template` renders the chart; give values it needs with --helm-values"
            }
            Renderer::Kustomize => "see that `kubectl kustomize` renders the folder",
        }
    }
}

/// Whether the chart in `folder` is a library, which helm does not render by itself.
pub fn is_library(folder: &Path) -> bool {
    let Ok(text) = std::fs::read_to_string(folder.join("Chart.yaml")) else {
        return false;
    };
    let whole = Span::new(0, text.len() as u32);
    let tree = yaml::parse(&text, whole, &Limits::default()).ok().flatten();
    tree.is_some_and(|tree| tree.root().str_at(&["type"]) == Some("library"))
}

/// Renders `folder`, which reports call `name`. The text is all objects, as YAML.
pub fn render(
    renderer: Renderer,
    (program, path): (&str, &Path),
    folder: &Path,
    name: &Arc<str>,
    values: &[PathBuf],
) -> Result<String, Failed> {
    let failed = |reason: String, help: &str| Failed {
        path: name.clone(),
        line: None,
        column: None,
        reason,
        help: Some(help.to_owned()),
    };
    let child = Command::new(path)
        .args(renderer.arguments(program, folder, values))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| failed(format!("{program} can't be started: {error}"), "check PATH"))?;
    match wait(child) {
        Ok(Done {
            success: true, out, ..
        }) if out.len() as u64 > LARGEST => Err(failed(
            format!("rendered to more than {} MB", LARGEST >> 20),
            "render a part of it",
        )),
        Ok(Done {
            success: true, out, ..
        }) => String::from_utf8(out).map_err(|_| {
            failed(
                "rendered to something that is not UTF-8".into(),
                renderer.remedy(""),
            )
        }),
        Ok(Done { said, .. }) => {
            let said = String::from_utf8_lossy(&said);
            let reason = first_error(&said);
            Err(failed(
                format!("{program} does not render it: {reason}"),
                renderer.remedy(&said),
            ))
        }
        Err(reason) => Err(failed(format!("{program} {reason}"), renderer.remedy(""))),
    }
}

/// The line of a renderer's error output that says what is wrong.
fn first_error(said: &str) -> String {
    let mut lines = said.lines().map(str::trim).filter(|line| !line.is_empty());
    let line = lines
        .clone()
        .find(|line| line.to_ascii_lowercase().starts_with("error"))
        .or_else(|| lines.next_back())
        .unwrap_or("it gives no reason");
    let line = line.split_once(": ").map_or(line, |(word, rest)| {
        if word.eq_ignore_ascii_case("error") {
            rest
        } else {
            line
        }
    });
    line.chars().take(400).collect()
}

struct Done {
    success: bool,
    out: Vec<u8>,
    said: Vec<u8>,
}

/// Waits for the child and takes what it writes; both pipes are read at once, so that neither fills up.
fn wait(mut child: Child) -> Result<Done, String> {
    let read = |pipe: Option<Box<dyn Read + Send>>, most: u64| {
        thread::spawn(move || {
            let mut bytes = Vec::new();
            if let Some(pipe) = pipe {
                let _ = pipe.take(most).read_to_end(&mut bytes);
            }
            bytes
        })
    };
    let out = child
        .stdout
        .take()
        .map(|pipe| Box::new(pipe) as Box<dyn Read + Send>);
    let said = child
        .stderr
        .take()
        .map(|pipe| Box::new(pipe) as Box<dyn Read + Send>);
    let (out, said) = (read(out, LARGEST + 1), read(said, 1 << 20));
    let started = Instant::now();
    let mut pause = Duration::from_millis(1);
    let status = loop {
        match child.try_wait() {
            Ok(Some(status)) => break status,
            Ok(None)
                if started.elapsed() > LONGEST || out.is_finished() && started.elapsed() > LONGEST / 2 =>
            {
                let _ = child.kill();
                let _ = child.wait();
                return Err(format!(
                    "was stopped after {} seconds",
                    started.elapsed().as_secs()
                ));
            }
            Ok(None) => {
                thread::sleep(pause);
                pause = (pause * 2).min(Duration::from_millis(20));
            }
            Err(error) => return Err(format!("can't be waited for: {error}")),
        }
    };
    Ok(Done {
        success: status.success(),
        out: out.join().unwrap_or_default(),
        said: said.join().unwrap_or_default(),
    })
}
