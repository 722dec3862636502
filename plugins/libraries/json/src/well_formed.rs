use std::borrow::Cow;

/// Bytes as text, with a replacement character for each byte that is part of none, as Go's `encoding/json` does it.
#[must_use]
pub fn well_formed(bytes: &[u8]) -> Cow<'_, str> {
    if let Ok(text) = std::str::from_utf8(bytes) {
        return Cow::Borrowed(text);
    }
    let mut text = String::with_capacity(bytes.len() + 16);
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend(chunk.invalid().iter().map(|_| char::REPLACEMENT_CHARACTER));
    }
    Cow::Owned(text)
}

#[cfg(test)]
mod tests {
    use super::well_formed;

    #[test]
    fn each_byte_is_replaced() {
        assert_eq!(well_formed(b"a\xe2\x80b\xff"), "a\u{fffd}\u{fffd}b\u{fffd}");
        assert_eq!(well_formed("\u{e9}".as_bytes()), "\u{e9}");
    }
}
