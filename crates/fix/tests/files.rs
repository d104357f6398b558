//! Files are written whole or not at all.

// A panic is how a test says what went wrong.
#![allow(clippy::unwrap_used, clippy::panic)]

use hardtack_fix::{Proven, Syntax};
use std::fs;

fn proven(text: &str) -> Proven {
    Proven::of(text, Syntax::Yaml, &[]).unwrap()
}

#[test]
fn a_file_that_changed_meanwhile_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("web.yaml");
    fs::write(&file, "a: 3\n").unwrap();
    let error = proven("a: 2\n").write(&file, "a: 1\n").unwrap_err();
    assert!(error.contains("changed meanwhile"), "{error}");
    assert_eq!(fs::read_to_string(&file).unwrap(), "a: 3\n");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);

    proven("a: 2\n").write(&file, "a: 3\n").unwrap();
    assert_eq!(fs::read_to_string(&file).unwrap(), "a: 2\n");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);

    fs::remove_file(&file).unwrap();
    assert!(proven("a: 1\n").write(&file, "a: 2\n").is_err());
    assert!(!file.exists());
}

#[test]
fn a_file_in_utf_16_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("web.yaml");
    let bytes: Vec<u8> = "\u{FEFF}a: 1\n"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    fs::write(&file, &bytes).unwrap();
    let error = proven("a: 2\n").write(&file, "a: 1\n").unwrap_err();
    assert!(error.contains("not UTF-8"), "{error}");
    assert_eq!(fs::read(&file).unwrap(), bytes);
}
