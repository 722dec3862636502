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

#[cfg(test)]
mod tests {
    use super::contains;

    #[test]
    fn bytes_are_found_whether_they_are_text_or_not() {
        assert!(contains(b"a\xffbc", b"\xffb") && !contains(b"a\xffbc", b"cb") && contains(b"abc", b""));
    }
}
