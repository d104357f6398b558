#![no_main]

#[path = "../bodies/dockerfile.rs"]
mod dockerfile;

libfuzzer_sys::fuzz_target!(|text: &str| dockerfile::run(text));
