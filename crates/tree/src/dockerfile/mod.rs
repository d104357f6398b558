//! Dockerfiles, as BuildKit reads them: instructions in stages, their variables expanded, their commands split into words.
//!
//! What comes out is described in `docs/dockerfile-tree.md`. A file goes through here in five steps: `lines` joins
//! its lines into instructions, `instruction` reads one of them (`words`, `expand` and `mount` know the parts),
//! `shell` finds the commands that it runs, `stage` gathers what a stage hands on, `history` says what one instruction has to
//! do with those before it, and `emit` writes the tree.
//! Where BuildKit accepts, this does too, but for one thing: a file that ends in the middle of an instruction.

mod emit;
mod expand;
mod history;
mod instruction;
mod lines;
mod mapped;
mod mount;
mod shell;
mod stage;
#[cfg(test)]
mod tests;
mod value;
mod words;

use crate::{Limits, SyntaxError, Tree};

/// Reads a Dockerfile. The first thing that Docker would refuse is the error.
pub fn parse<'t>(text: &'t str, limits: &Limits) -> Result<Tree<'t>, SyntaxError> {
    if u32::try_from(text.len()).is_err() {
        return Err(SyntaxError::new(0, "the file is larger than 4 GiB").with_help("split it"));
    }
    let file = stage::read(text)?;
    emit::tree(text, &file, *limits).map_err(|error| {
        let Limits { nodes, depth } = limits;
        let message = format!("the file has more than {nodes} values, or values in more than {depth} levels");
        SyntaxError::new(error.at, message).with_help("split the file, or the instruction here")
    })
}

/// Whether a text of unknown kind begins as a Dockerfile does: with `FROM image` or `ARG NAME`, after comments at most.
pub fn looks_like_dockerfile(text: &str) -> bool {
    let text = text.strip_prefix('\u{FEFF}').unwrap_or(text);
    let first = text
        .lines()
        .map(str::trim)
        .find(|line| !line.is_empty() && !line.starts_with('#'));
    let mut words = first.unwrap_or_default().split_whitespace();
    let keyword = words.next().unwrap_or_default();
    let rest: Vec<&str> = words.skip_while(|word| word.starts_with("--")).take(4).collect();
    if keyword.eq_ignore_ascii_case("ARG") {
        let name = rest
            .first()
            .and_then(|word| word.split('=').next())
            .unwrap_or_default();
        return !name.is_empty()
            && name
                .bytes()
                .all(|byte| byte == b'_' || byte.is_ascii_alphanumeric());
    }
    let continued = |word: &&&str| matches!(**word, "\\" | "`");
    keyword.eq_ignore_ascii_case("FROM")
        && match &rest[..] {
            [image] => !image.ends_with(':'),
            [_, r#as, _] => r#as.eq_ignore_ascii_case("AS"),
            rest => rest.last().filter(continued).is_some(),
        }
}
