#![no_main]

#[path = "../bodies/json.rs"]
mod json;
#[allow(dead_code)]
#[path = "../bodies/yaml.rs"]
mod yaml;

libfuzzer_sys::fuzz_target!(|text: &str| json::run(text));
