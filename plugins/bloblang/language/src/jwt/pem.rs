//! PEM: base64 between two lines that say what it is.

use crate::text::base64;

const BEGIN: &str = "-----BEGIN ";
const END: &str = "\n-----END ";
const DASHES: &str = "-----";

/// The bytes of the first block in a text.
pub(super) fn decode(text: &str) -> Option<Vec<u8>> {
    let mut rest = text;
    loop {
        // The end comes first: what begins before it without an end of its own is skipped.
        let end = rest.find(END)?;
        let (before, after) = rest.split_at(end + END.len());
        if let Some(bytes) = block(before.get(..end).unwrap_or_default(), after) {
            return Some(bytes);
        }
        rest = after;
    }
}

/// The block that begins last in `before`, if its end goes on in `after` as it must.
fn block(before: &str, after: &str) -> Option<Vec<u8>> {
    let begin = before.rfind(BEGIN)?;
    if begin > 0 && !before.get(..begin)?.ends_with('\n') {
        return None;
    }
    let (first, mut body) = match before.get(begin + BEGIN.len()..)?.split_once('\n') {
        Some((first, body)) => (first, body),
        None => (before.get(begin + BEGIN.len()..)?, ""),
    };
    let kind = first.trim_end().strip_suffix(DASHES)?;
    while let Some((line, next)) = body.split_once('\n')
        && line.contains(':')
    {
        body = next;
    }
    let tail = after.strip_prefix(kind)?.strip_prefix(DASHES)?;
    if !tail.split('\n').next()?.trim_end().is_empty() {
        return None;
    }
    let packed: Vec<u8> = body.bytes().filter(|byte| !matches!(byte, b' ' | b'\t')).collect();
    base64::decode(&packed, [b'+', b'/'], true).ok()
}

#[cfg(test)]
mod tests {
    use super::decode;

    #[test]
    fn the_first_whole_block_is_read() {
        let block = "-----BEGIN X-----\nA: b\n\naGVs\nbG8=\n-----END X-----";
        assert_eq!(decode(block).as_deref(), Some(b"hello".as_slice()));
        assert_eq!(decode(&format!("text\n{block}\nmore")).as_deref(), Some(b"hello".as_slice()));
        assert_eq!(decode(&block.replace('\n', "\r\n")).as_deref(), Some(b"hello".as_slice()));
        assert_eq!(decode(&block.replace("END X", "END Y")), None);
        assert_eq!(decode(&format!("  {block}")), None);
        assert_eq!(decode(""), None);
    }
}
