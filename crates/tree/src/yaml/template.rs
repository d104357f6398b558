//! Templates of Helm and other users of Go's text/template, which are no YAML until they are rendered.

use memchr::memmem;

/// Whether a document is a template that was not rendered: `{{` begins a line or a value, or what is known to Helm
/// alone (`{{ .Values.x }}`, `{{ include "x" . }}`) stands within one.
///
/// To be asked before a document is parsed: `{{ .Values.x }}` is by accident a map in a map. Rendered manifests hold
/// `{{` too (alerts of Prometheus, policies of Kyverno, workflows of Argo): comments, quotes, block scalars and the
/// middle of any text are theirs.
pub fn looks_like_template(document: &str) -> bool {
    if memmem::find(document.as_bytes(), b"{{").is_none() {
        return false;
    }
    // The indentation of the line that opened the block scalar we are in.
    let mut block: Option<usize> = None;
    let mut quote: Option<u8> = None;
    for line in document.lines() {
        let content = line.trim_start_matches(' ');
        let indent = line.len() - content.len();
        if let Some(above) = block {
            if content.trim_ascii().is_empty() || indent > above {
                continue;
            }
            block = None;
        }
        let state = Line::read(content.as_bytes(), quote);
        if state.template {
            return true;
        }
        quote = state.quote;
        if quote.is_none() && state.block {
            // Below a dash, the text of `- key: |` is deeper than the key; below `- |`, deeper than the dash.
            let dashes = content.len() - content.trim_start_matches("- ").trim_start_matches(' ').len();
            let key = content.contains(": ");
            block = Some(if key { indent + dashes } else { indent });
        }
    }
    false
}

/// What one line of a document tells.
struct Line {
    /// `{{` stands in the open.
    template: bool,
    /// The quote that is open at its end.
    quote: Option<u8>,
    /// A block scalar begins at its end.
    block: bool,
}

impl Line {
    fn read(line: &[u8], quote: Option<u8>) -> Self {
        let mut state = Line {
            template: false,
            quote,
            block: false,
        };
        let mut at = 0;
        // Quotes count only where a value begins.
        let mut begins = true;
        let mut last_word = 0..0;
        while let Some(&byte) = line.get(at) {
            match (state.quote, byte) {
                (Some(b'"'), b'\\') => at += 1,
                (Some(b'\''), b'\'') if line.get(at + 1) == Some(&b'\'') => at += 1,
                (Some(open), byte) if open == byte => state.quote = None,
                (Some(_), _) => {}
                (None, b'#') if at == 0 || line[at - 1].is_ascii_whitespace() => break,
                (None, b'{') if line.get(at + 1) == Some(&b'{') => {
                    if begins || is_helm(&line[at..]) {
                        state.template = true;
                        return state;
                    }
                }
                (None, b'"' | b'\'') if begins => state.quote = Some(byte),
                (None, b' ' | b'\t') => {
                    at += 1;
                    continue;
                }
                (None, _) => {
                    if at == 0 || line[at - 1].is_ascii_whitespace() {
                        last_word.start = at;
                    }
                    last_word.end = at + 1;
                }
            }
            let separates = matches!(byte, b':' | b'-' | b'?' | b'!' | b'&')
                && line.get(at + 1).is_none_or(u8::is_ascii_whitespace);
            begins = state.quote.is_none() && (separates || matches!(byte, b'[' | b'{' | b','));
            at += 1;
        }
        let word = line.get(last_word).unwrap_or(&[]);
        state.block = matches!(word, [b'|' | b'>', rest @ ..] if rest.len() <= 2
            && rest.iter().all(|byte| matches!(byte, b'+' | b'-' | b'0'..=b'9')));
        state
    }
}

/// Whether an action, which begins with `{{`, is one of a chart's template.
fn is_helm(action: &[u8]) -> bool {
    let action = &action[..memmem::find(action, b"}}").unwrap_or(action.len())];
    [
        &b".Values"[..],
        b".Release.",
        b".Chart.",
        b".Capabilities.",
        b".Template.",
        b"include \"",
        b"template \"",
        b"tpl ",
    ]
    .iter()
    .any(|word| memmem::find(action, word).is_some())
}

#[cfg(test)]
mod tests {
    use super::looks_like_template;

    #[test]
    fn raw_templates_are_recognised() {
        for text in [
            "name: {{ .Values.name }}\n",
            "{{- if .Values.x }}\na: 1\n{{- end }}\n",
            "metadata:\n  labels:\n    {{- include \"x.labels\" . | nindent 4 }}\n",
            "a: |\n  text\nb: {{ x }}\n",
            "name: x-{{ .Release.Name }}\n",
            "a: it's {{ .Values.x }}\n",
            "a: [b, {{ x }}]\n",
            "- key: |\n    text\n  other: {{ x }}\n",
        ] {
            assert!(looks_like_template(text), "{text}");
        }
    }

    #[test]
    fn rendered_manifests_that_quote_templates_are_none() {
        for text in [
            "summary: \"{{ $labels.pod }} is down\"\n",
            "summary: '{{ $labels.pod }} isn''t up'\n",
            "a: |\n  {{ x }}\n\n  {{ y }}\nb: 1\n",
            "- |-\n  {{ x }}\n- >2\n   {{ y }}\n",
            "- key: |\n    {{ x }}\n  other: 1\n",
            "# {{ x }}\na: 1 # {{ y }}\n",
            "a: \"x\n  {{ y }}\n  \\\" {{ z }}\"\n",
            "args: [\"{{ x }}\", '{{ y }}']\n",
            "description: Pod {{ $labels.pod }} isn't up since {{ $value }}\n",
            "key.example/{{element.name}}: runtime/default\n",
            "a: 1\n",
            "a: { b: { c: 1 } }\n",
        ] {
            assert!(!looks_like_template(text), "{text}");
        }
    }
}
