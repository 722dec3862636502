//! Bytes within bytes, in time that grows with their sum.

/// Where `part` is in `whole`, from the left and not overlapping.
fn places(whole: &[u8], part: &[u8]) -> Vec<usize> {
    if let (Ok(whole), Ok(part)) = (std::str::from_utf8(whole), std::str::from_utf8(part)) {
        return whole.match_indices(part).map(|(at, _)| at).collect();
    }
    // As text of one character per byte, whose searcher never takes quadratic time.
    let widen = |bytes: &[u8]| bytes.iter().map(|byte| char::from(*byte)).collect::<String>();
    let (wide, part) = (widen(whole), widen(part));
    let (mut places, mut bytes, mut characters) = (Vec::new(), 0, 0);
    for (at, _) in wide.match_indices(&part) {
        characters += wide.get(bytes..at).map_or(0, |between| between.chars().count());
        bytes = at;
        places.push(characters);
    }
    places
}

pub(super) fn contains(whole: &[u8], part: &[u8]) -> bool {
    match (std::str::from_utf8(whole), std::str::from_utf8(part)) {
        (Ok(whole), Ok(part)) => whole.contains(part),
        _ => !places(whole, part).is_empty(),
    }
}

/// The parts between a delimiter. An empty one cuts between characters, and bytes that are no text.
pub(super) fn split<'b>(bytes: &'b [u8], delimiter: &[u8]) -> Vec<&'b [u8]> {
    let mut parts = Vec::new();
    let mut rest = bytes;
    if delimiter.is_empty() {
        for chunk in bytes.utf8_chunks() {
            let lengths = chunk.valid().chars().map(char::len_utf8);
            for length in lengths.chain(chunk.invalid().iter().map(|_| 1)) {
                let (part, after) = rest.split_at(length);
                parts.push(part);
                rest = after;
            }
        }
        return parts;
    }
    let mut start = 0;
    for at in places(bytes, delimiter) {
        parts.push(bytes.get(start..at).unwrap_or_default());
        start = at + delimiter.len();
    }
    parts.push(bytes.get(start..).unwrap_or_default());
    parts
}

#[cfg(test)]
mod tests {
    use super::{contains, split};

    #[test]
    fn bytes_are_found_whether_they_are_text_or_not() {
        assert!(contains(b"a\xffbc", b"\xffb") && !contains(b"a\xffbc", b"cb") && contains(b"abc", b""));
        assert_eq!(split(b"a\xff-b\xfe-c", b"-"), [&b"a\xff"[..], b"b\xfe", b"c"]);
        assert_eq!(split(b"a--b", b"-"), [&b"a"[..], b"", b"b"]);
        assert_eq!(split("h\u{e9}\n".as_bytes(), b""), ["h".as_bytes(), "\u{e9}".as_bytes(), b"\n"]);
    }
}
