//! Whatever it is pointed at, the binary ends, says why it left something out, and never panics.

#![allow(clippy::unwrap_used, clippy::panic)] // A test may fail where it stands.

mod common;

use common::{Folder, PRIVILEGED, account, found};
use std::fmt::Write as _;
use std::fs;
use std::io::Read;
use std::process::{Command, Stdio};

const ONLY: [&str; 2] = ["--only", "privileged-container"];

fn binary(folder: &Folder, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hardtack"));
    command
        .args(arguments)
        .current_dir(folder.path())
        .stdin(Stdio::null());
    command
}

/// Runs the binary with a standard output that is closed after `bytes`. Gives the exit code and what it complained of.
fn cut_short(folder: &Folder, arguments: &[&str], bytes: usize) -> (Option<i32>, String) {
    let mut command = binary(folder, arguments);
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut out = child.stdout.take().unwrap();
    let mut first = vec![0; bytes];
    let _ = out.read(&mut first).unwrap();
    drop(out);
    let done = child.wait_with_output().unwrap();
    (
        done.status.code(),
        String::from_utf8_lossy(&done.stderr).into_owned(),
    )
}

#[test]
fn a_reader_that_leaves_early_is_no_error() {
    let folder = Folder::new(&[]);
    let many: String = (0..4_000)
        .map(|index| {
            format!(
                "---\n{}",
                PRIVILEGED.replace("name: web", &format!("name: web-{index}"))
            )
        })
        .collect();
    folder.write("many.yaml", many.as_bytes());
    for format in [
        "text", "json", "sarif", "junit", "github", "gitlab", "markdown", "html",
    ] {
        let said = cut_short(
            &folder,
            &["scan", "many.yaml", "--format", format, ONLY[0], ONLY[1]],
            10,
        );
        assert_eq!(said, (Some(1), String::new()), "{format}");
    }
    for arguments in [
        &["rules"][..],
        &["rules", "--json"],
        &["explain", "privileged-container"],
        &["schema", "rule"],
        &["completions", "bash"],
        &["--help"],
    ] {
        let (code, said) = cut_short(&folder, arguments, 0);
        assert_eq!((code, &*said), (Some(0), ""), "{arguments:?}");
    }
}

#[test]
fn errors_that_nobody_reads_are_no_panic() {
    let folder = Folder::new(&[]);
    let mut command = binary(&folder, &["scan", "--profile", "no-such-profile"]);
    let mut child = command
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stderr.take());
    assert_eq!(child.wait().unwrap().code(), Some(2));
}

// The three that follow stay within a bound of memory whatever the number of files: as much is read at once as fits
// in a batch (32 MB), or one file of at most 64 MB; trees live as long as their document. Findings are held up to a
// bound and then written as they come.

#[test]
fn one_line_of_fifty_megabytes_ends() {
    let folder = Folder::new(&[("good.yaml", PRIVILEGED)]);
    let mut text = String::from(
        r#"{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": {"a": "#,
    );
    let _ = write!(text, "\"{}\"", "x".repeat(25 << 20));
    for index in 0..420_000 {
        let _ = write!(text, r#", "key-{index:08}": "{}""#, "y".repeat(40));
    }
    text.push_str("}}");
    assert!(text.len() > 47 << 20 && !text.contains('\n'));
    folder.write("line.json", text.as_bytes());
    let (report, code) = folder.scan(&["."]);
    assert!(
        found(&report).contains(&"privileged-container good.yaml:11".to_owned()),
        "{code}"
    );
    assert!(matches!(code, 1 | 3), "{code}");
}

#[test]
fn two_hundred_thousand_documents_end() {
    let folder = Folder::new(&[]);
    let mut text = String::new();
    for index in 0..200_000 {
        let _ = write!(
            text,
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {{ name: config-{index}, namespace: shop }}\n\
             data: {{ color: \"a setting that is {index} long, or about so\", size: \"{index}\" }}\n---\n"
        );
    }
    text.push_str(PRIVILEGED);
    assert!(text.len() > 28 << 20);
    folder.write("many.yaml", text.as_bytes());
    let (report, code) = folder.scan(&[".", "--profile", "all", "--fail-on", "none"]);
    let privileged = found(&report)
        .into_iter()
        .filter(|line| line.starts_with("privileged-container"));
    assert_eq!((privileged.count(), code), (1, 0));
}

#[test]
fn twenty_thousand_files_end() {
    let folder = Folder::new(&[]);
    for index in 0..20_000 {
        let text = PRIVILEGED.replace("name: web", &format!("name: web-{index}"));
        folder.write(&format!("{}/{index}.yaml", index % 40), text.as_bytes());
    }
    let (report, code) = folder.scan(&[".", ONLY[0], ONLY[1]]);
    assert_eq!((found(&report).len(), code), (20_000, 1));
}

#[test]
fn a_target_given_twice_is_judged_once() {
    let folder = Folder::new(&[("a/web.yaml", PRIVILEGED)]);
    for targets in [
        ["a/web.yaml", "a/web.yaml"],
        ["a", "a/web.yaml"],
        ["./a", "a"],
        ["a/web.yaml", "./a"],
    ] {
        let (report, code) = folder.scan(&[targets[0], targets[1], ONLY[0], ONLY[1]]);
        assert_eq!((found(&report).len(), code), (1, 1), "{targets:?}");
    }
}

#[test]
fn a_report_never_replaces_what_is_to_be_read() {
    let folder = Folder::new(&[("web.yaml", PRIVILEGED)]);
    for target in ["web.yaml", "./web.yaml"] {
        let run = folder.run(&["scan", target, "--output", "json=web.yaml"]);
        assert_eq!(run.code, 2, "{}", run.err);
        assert!(run.err.contains("web.yaml is to be read"), "{}", run.err);
        assert_eq!(folder.read("web.yaml"), PRIVILEGED);
    }
}

#[test]
fn a_report_in_the_folder_is_not_read_as_a_manifest() {
    let folder = Folder::new(&[
        ("web.yaml", PRIVILEGED),
        ("report.json", "{\"an\": \"older one\"}"),
    ]);
    let (report, code) = folder.scan(&[
        ".",
        "--output",
        "sarif=report.json",
        "--output",
        "json=-",
        ONLY[0],
        ONLY[1],
    ]);
    assert_eq!(code, 1);
    assert_eq!(
        account(&report, "skipped"),
        ["report.json: a report of this scan"]
    );
    assert!(folder.read("report.json").contains("privileged-container"));
}

#[cfg(unix)]
mod unix {
    use super::*;
    use std::ffi::OsStr;
    use std::fs::Permissions;
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::fs::PermissionsExt;
    use std::os::unix::net::UnixListener;
    use std::os::unix::process::CommandExt;
    use std::thread;

    fn pipe(folder: &Folder, name: &str) {
        let made = Command::new("mkfifo")
            .arg(folder.path().join(name))
            .status()
            .unwrap();
        assert!(made.success());
    }

    #[test]
    fn a_name_that_is_not_utf_8_is_read() {
        let folder = Folder::new(&[]);
        let name = OsStr::from_bytes(b"caf\xe9.yaml");
        if fs::write(folder.path().join(name), PRIVILEGED).is_err() {
            return println!("this file system takes no such name");
        }
        let (report, code) = folder.scan(&[".", ONLY[0], ONLY[1]]);
        assert_eq!(found(&report), ["privileged-container caf\u{FFFD}.yaml:11"]);
        assert_eq!(code, 1);
        let named = binary(&folder, &["scan"]).arg(name).output().unwrap();
        assert_eq!(
            named.status.code(),
            Some(2),
            "an argument that is no text is refused"
        );
    }

    #[test]
    fn pipes_and_sockets_in_a_folder_are_skipped_with_a_reason() {
        let folder = Folder::new(&[("web.yaml", PRIVILEGED)]);
        for name in ["pipe.yaml", "Dockerfile", "Chart.yaml", "kustomization.yaml"] {
            pipe(&folder, name);
        }
        let _socket = UnixListener::bind(folder.path().join("socket.json")).unwrap();
        let (report, code) = folder.scan(&[".", ONLY[0], ONLY[1]]);
        assert_eq!(found(&report), ["privileged-container web.yaml:11"]);
        assert_eq!(code, 1);
        let skipped = account(&report, "skipped");
        for name in [
            "pipe.yaml",
            "Dockerfile",
            "Chart.yaml",
            "kustomization.yaml",
            "socket.json",
        ] {
            let line = format!("{name}: a pipe, a socket or a device, not a file");
            assert!(skipped.contains(&line), "{name}: {skipped:?}");
        }
    }

    #[test]
    fn a_pipe_in_the_place_of_an_ignore_file_fails_with_a_reason() {
        let folder = Folder::new(&[("a/web.yaml", PRIVILEGED), ("web.yaml", PRIVILEGED)]);
        pipe(&folder, "a/.gitignore");
        let (report, code) = folder.scan(&[".", ONLY[0], ONLY[1]]);
        let reason = "a/.gitignore: a pipe, where a file is expected; its folder was not read";
        assert_eq!((account(&report, "failed"), code), (vec![reason.to_owned()], 3));
        assert_eq!(found(&report), ["privileged-container web.yaml:11"]);
        let (report, code) = folder.scan(&["a", ONLY[0], ONLY[1]]);
        assert_eq!((account(&report, "failed").len(), code), (1, 3));
    }

    #[test]
    fn a_pipe_or_device_that_someone_names_is_read() {
        let folder = Folder::new(&[]);
        pipe(&folder, "pipe");
        let path = folder.path().join("pipe");
        let writer = thread::spawn(move || fs::write(path, PRIVILEGED).unwrap());
        let (report, code) = folder.scan(&["pipe", ONLY[0], ONLY[1]]);
        writer.join().unwrap();
        assert_eq!(
            (found(&report), code),
            (vec!["privileged-container pipe:11".to_owned()], 1)
        );
        // It has no end; reading has.
        let (report, code) = folder.scan(&["/dev/zero", ONLY[0], ONLY[1]]);
        assert_eq!((account(&report, "failed").len(), code), (1, 3));
        let (report, code) = folder.scan(&["/dev/null", ONLY[0], ONLY[1]]);
        assert_eq!((account(&report, "skipped").len(), code), (1, 0));
    }

    #[test]
    fn a_file_that_is_gone_when_its_turn_comes_fails_with_a_reason() {
        let folder = Folder::new(&[("files/gone.yaml", PRIVILEGED), ("files/kept.yaml", PRIVILEGED)]);
        pipe(&folder, "a-pipe");
        let arguments = ["scan", "a-pipe", "files", "--format", "json", ONLY[0], ONLY[1]];
        let mut command = binary(&folder, &arguments);
        // One thread reads by name: the pipe first, when all files are listed.
        command
            .env("RAYON_NUM_THREADS", "1")
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let child = command.spawn().unwrap();
        let mut writer = fs::OpenOptions::new()
            .write(true)
            .open(folder.path().join("a-pipe"))
            .unwrap();
        fs::remove_file(folder.path().join("files/gone.yaml")).unwrap();
        std::io::Write::write_all(&mut writer, PRIVILEGED.as_bytes()).unwrap();
        drop(writer);
        let done = child.wait_with_output().unwrap();
        let report = serde_json::from_slice(&done.stdout).unwrap();
        assert_eq!(
            account(&report, "failed"),
            ["files/gone.yaml: no such file or directory"]
        );
        assert_eq!(
            found(&report),
            [
                "privileged-container a-pipe:11",
                "privileged-container files/kept.yaml:11"
            ]
        );
        assert_eq!(done.status.code(), Some(3));
    }

    #[test]
    fn a_folder_that_may_not_be_read_fails_with_a_reason() {
        let folder = Folder::new(&[("web.yaml", PRIVILEGED), ("closed/web.yaml", PRIVILEGED)]);
        let closed = folder.path().join("closed");
        fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).unwrap();
        fs::set_permissions(&closed, Permissions::from_mode(0o000)).unwrap();
        let mut command = binary(&folder, &["scan", "--format", "json", ONLY[0], ONLY[1]]);
        if fs::read_dir(&closed).is_ok() {
            // Root may read all: run it as nobody.
            command.uid(65_534).gid(65_534);
        }
        let done = command.output();
        fs::set_permissions(&closed, Permissions::from_mode(0o755)).unwrap();
        let Ok(done) = done else {
            return println!("another user may not run the binary here");
        };
        let report = serde_json::from_slice(&done.stdout).unwrap();
        assert_eq!(account(&report, "failed"), ["closed: permission denied"]);
        assert_eq!(found(&report), ["privileged-container web.yaml:11"]);
        assert_eq!(done.status.code(), Some(3));
    }
}
