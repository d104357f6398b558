#![no_main]

#[path = "../bodies/judge.rs"]
mod judge;

libfuzzer_sys::fuzz_target!(|text: &str| judge::run(text));
