//! Telling what a file is by looking.

use crate::Language;
use hardtack_tree::dockerfile;

/// The language a file's name stands for; `None` for names that say nothing.
pub fn language_of_name(name: &str) -> Option<Language> {
    let lower = name.to_ascii_lowercase();
    match lower.rsplit_once('.') {
        Some((_, "yaml" | "yml")) => return Some(Language::Yaml),
        Some((_, "json")) => return Some(Language::Json),
        Some((_, "dockerfile" | "containerfile")) => return Some(Language::Dockerfile),
        Some((_, "dockerignore")) => return None,
        _ => {}
    }
    let stem = lower.split(['.', '-', '_']).next().unwrap_or_default();
    let code = [
        "go", "rs", "py", "js", "ts", "sh", "md", "txt", "tmpl", "tpl", "j2", "erb", "html",
    ];
    let is_code = lower
        .rsplit_once('.')
        .is_some_and(|(_, extension)| code.contains(&extension));
    (matches!(stem, "dockerfile" | "containerfile") && !is_code).then_some(Language::Dockerfile)
}

/// The language of a text without a telling name: standard input, or a file that was asked for.
pub fn language_of_text(text: &str) -> Language {
    match text.trim_start().as_bytes().first() {
        Some(b'{' | b'[') => Language::Json,
        _ if dockerfile::looks_like_dockerfile(text) => Language::Dockerfile,
        _ => Language::Yaml,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_the_language() {
        for name in [
            "Dockerfile",
            "Dockerfile.prod",
            "api.Dockerfile",
            "Containerfile",
            "dockerfile-alpine",
        ] {
            assert_eq!(language_of_name(name), Some(Language::Dockerfile), "{name}");
        }
        for name in [
            "dockerfile.go",
            "dockerfile_parser.rs",
            ".dockerignore",
            "README.md",
            "main.py",
            "Dockerfile.j2",
        ] {
            assert_eq!(language_of_name(name), None, "{name}");
        }
        assert_eq!(language_of_name("a.YAML"), Some(Language::Yaml));
        assert_eq!(language_of_name("a.json"), Some(Language::Json));
    }
}
