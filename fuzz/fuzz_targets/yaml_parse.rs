#![no_main]

#[path = "../bodies/yaml.rs"]
mod yaml;

libfuzzer_sys::fuzz_target!(|text: &str| yaml::run(text));
