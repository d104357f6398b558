//! How far a block scalar reaches, for readers and editors alike.

/// The end of a block scalar whose header begins at `start` and whose lines end no later than `limit`: the end of
/// its last line that is not blank, without the line end; without any such line, the end of its indicators.
pub(super) fn end(bytes: &[u8], start: usize, limit: usize) -> usize {
    let body = memchr::memchr2(b'\n', b'\r', &bytes[start..limit]).map_or(limit, |found| start + found);
    let mut end = limit;
    while end > body && matches!(bytes[end - 1], b' ' | b'\t' | b'\r' | b'\n') {
        end -= 1;
    }
    if end > body {
        // White space at the end of the last line is content.
        return memchr::memchr2(b'\n', b'\r', &bytes[end..limit]).map_or(limit, |found| end + found);
    }
    let mut end = start;
    while end < body && matches!(bytes[end], b'|' | b'>' | b'+' | b'-' | b'0'..=b'9') {
        end += 1;
    }
    end
}
