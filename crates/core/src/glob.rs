//! Patterns of names and paths, as configuration files write them.

/// Whether `text` fits `pattern`: `*` is any run of characters but `/`, `**` any run, `?` one character but `/`.
///
/// Linear in the product of both lengths at worst; nothing is allocated.
pub fn fits(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (pattern.as_bytes(), text.as_bytes());
    let (mut p, mut t) = (0, 0);
    // Where the last `**` and the last `*` stand, and up to where each has eaten: the places to go back to.
    let mut deep: Option<(usize, usize)> = None;
    let mut flat: Option<(usize, usize)> = None;
    while t < text.len() {
        let matched = match pattern.get(p) {
            Some(b'*') if pattern.get(p + 1) == Some(&b'*') => {
                // `a/**/b` fits `a/b` too.
                let next =
                    if pattern.get(p + 2) == Some(&b'/') && (p == 0 || pattern.get(p - 1) == Some(&b'/')) {
                        p + 3
                    } else {
                        p + 2
                    };
                deep = Some((next, t));
                flat = None;
                p = next;
                continue;
            }
            Some(b'*') => {
                flat = Some((p + 1, t));
                p += 1;
                continue;
            }
            Some(b'?') => text[t] != b'/',
            Some(byte) => *byte == text[t],
            None => false,
        };
        if matched {
            p += 1;
            t += 1;
            continue;
        }
        if let Some((after, eaten)) = flat
            && text.get(eaten).is_some_and(|byte| *byte != b'/')
        {
            flat = Some((after, eaten + 1));
            (p, t) = (after, eaten + 1);
        } else if let Some((after, eaten)) = deep {
            deep = Some((after, eaten + 1));
            flat = None;
            (p, t) = (after, eaten + 1);
        } else {
            return false;
        }
    }
    pattern[p..].iter().all(|byte| *byte == b'*')
}

#[cfg(test)]
mod tests {
    use super::fits;

    #[test]
    fn one_star_stays_in_its_folder_and_two_do_not() {
        assert!(fits("web", "web"));
        assert!(fits("web-*", "web-1"));
        assert!(!fits("web-*", "web"));
        assert!(fits("deploy/*.yaml", "deploy/a.yaml"));
        assert!(!fits("deploy/*.yaml", "deploy/sub/a.yaml"));
        assert!(fits("deploy/**", "deploy/sub/a.yaml"));
        assert!(fits("**/a.yaml", "a.yaml"));
        assert!(fits("**/a.yaml", "x/y/a.yaml"));
        assert!(fits("a/**/b", "a/b"));
        assert!(fits("a?c", "abc"));
        assert!(!fits("a?c", "a/c"));
        assert!(fits("*", ""));
        assert!(!fits("", "a"));
    }
}
