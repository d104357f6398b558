//! YAML as Kubernetes reads it.
//!
//! A file is cut into documents first ([`split`]) and each is read alone ([`parse`]), so that a broken one costs
//! only itself. Values are those that sigs.k8s.io/yaml (on go-yaml v2) would hand to the API server: see
//! `resolve.rs` for scalars.
//!
//! Two readers stand behind [`parse`]. `fast.rs` reads the small part of YAML that manifests are written in, and
//! gives up on anything else; `full.rs` reads all of YAML. They make the same trees, bit for bit: `tests/` proves it.

mod block_scalar;
mod comments;
mod explain;
mod fast;
mod full;
pub(crate) mod resolve;
mod split;
mod template;

pub use comments::comments;
pub use split::split;
pub use template::looks_like_template;

use crate::{Limits, Span, SyntaxError, Tree};

/// Reads the one YAML document that stands at `document` in `text`, the text of the whole file.
///
/// `None` when it holds nothing but comments, whitespace or `null`. Spans in the tree are offsets in `text`:
/// scalars with their quotes, block scalars from `|` or `>` to the end of their last line that is not blank,
/// block maps and lists from their first key or dash to the end of their last value. The span of an empty value
/// is empty and stands right after its `:` or `-`.
pub fn parse<'t>(text: &'t str, document: Span, limits: &Limits) -> Result<Option<Tree<'t>>, SyntaxError> {
    match parse_fast(text, document, limits) {
        Some(tree) => Ok(tree),
        None => parse_full(text, document, limits),
    }
}

/// [`parse`] by the fast reader alone, `None` where it gives up: for tests and measurements.
#[doc(hidden)]
pub fn parse_fast<'t>(text: &'t str, document: Span, limits: &Limits) -> Option<Option<Tree<'t>>> {
    check_range(text, document).ok()?;
    fast::read(text, document, *limits).ok()
}

/// [`parse`] by the full reader alone: for tests and measurements.
#[doc(hidden)]
pub fn parse_full<'t>(
    text: &'t str,
    document: Span,
    limits: &Limits,
) -> Result<Option<Tree<'t>>, SyntaxError> {
    check_range(text, document)?;
    full::read(text, document, *limits)
}

fn check_range(text: &str, document: Span) -> Result<(), SyntaxError> {
    if u32::try_from(text.len()).is_err() {
        return Err(SyntaxError::new(0, "the file is larger than 4 GiB").with_help("split it"));
    }
    if text.get(document.range()).is_none() {
        return Err(SyntaxError::new(
            document.start,
            "the document lies outside of its file",
        ));
    }
    Ok(())
}
