//! What a body seems to be, by its first bytes: the part of the WHATWG's rules that servers usually go by.

/// The most bytes that are looked at.
const MOST: usize = 512;

/// The beginning of a document in HTML, behind blanks: in any case, and followed by a blank or `>`.
const HTML: [&str; 17] = [
    "<!DOCTYPE HTML",
    "<HTML",
    "<HEAD",
    "<SCRIPT",
    "<IFRAME",
    "<H1",
    "<DIV",
    "<FONT",
    "<TABLE",
    "<A",
    "<STYLE",
    "<TITLE",
    "<B",
    "<BODY",
    "<BR",
    "<P",
    "<!--",
];

/// First bytes, where `?` stands for any.
const BEGINNINGS: [(&[u8], &str); 24] = [
    (b"%PDF-", "application/pdf"),
    (b"%!PS-Adobe-", "application/postscript"),
    (b"\xFE\xFF??", "text/plain; charset=utf-16be"),
    (b"\xFF\xFE??", "text/plain; charset=utf-16le"),
    (b"\xEF\xBB\xBF?", "text/plain; charset=utf-8"),
    (b"\x00\x00\x01\x00", "image/x-icon"),
    (b"\x00\x00\x02\x00", "image/x-icon"),
    (b"BM", "image/bmp"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"RIFF????WEBPVP", "image/webp"),
    (b"\x89PNG\r\n\x1A\n", "image/png"),
    (b"\xFF\xD8\xFF", "image/jpeg"),
    (b"FORM????AIFF", "audio/aiff"),
    (b"ID3", "audio/mpeg"),
    (b"OggS\x00", "application/ogg"),
    (b"MThd\x00\x00\x00\x06", "audio/midi"),
    (b"RIFF????AVI ", "video/avi"),
    (b"RIFF????WAVE", "audio/wave"),
    (b"\x1A\x45\xDF\xA3", "video/webm"),
    (b"PK\x03\x04", "application/zip"),
    (b"Rar!\x1A\x07\x00", "application/x-rar-compressed"),
    (b"\x1F\x8B\x08", "application/x-gzip"),
    (b"\x00asm", "application/wasm"),
];

/// The content type of a body that has none.
pub(super) fn of(body: &[u8]) -> &'static str {
    let body = &body[..body.len().min(MOST)];
    let blanks = body.iter().take_while(|byte| b"\t\n\x0C\r ".contains(byte)).count();
    let text = &body[blanks..];
    if HTML.iter().any(|tag| begins_tag(text, tag.as_bytes())) {
        return "text/html; charset=utf-8";
    }
    if text.starts_with(b"<?xml") {
        return "text/xml; charset=utf-8";
    }
    let known = BEGINNINGS.iter().find(|(beginning, _)| begins(body, beginning));
    if let Some(name) = known.map(|(_, name)| *name) {
        return name;
    }
    let is_binary = |byte: &u8| matches!(byte, 0..=0x08 | 0x0B | 0x0E..=0x1A | 0x1C..=0x1F);
    if text.iter().any(is_binary) { "application/octet-stream" } else { "text/plain; charset=utf-8" }
}

fn begins(body: &[u8], beginning: &[u8]) -> bool {
    body.len() >= beginning.len()
        && beginning.iter().zip(body).all(|(expected, byte)| *expected == b'?' || expected == byte)
}

fn begins_tag(text: &[u8], tag: &[u8]) -> bool {
    let ends = |byte: &u8| *byte == b' ' || *byte == b'>';
    text.get(..tag.len()).is_some_and(|start| start.eq_ignore_ascii_case(tag))
        && text.get(tag.len()).is_some_and(ends)
}

#[cfg(test)]
mod tests {
    use super::of;

    #[test]
    fn bodies_are_told_by_their_first_bytes() {
        let cases: [(&[u8], &str); 9] = [
            (b"", "text/plain; charset=utf-8"),
            (b"plain {}", "text/plain; charset=utf-8"),
            (b"\x00\x01", "application/octet-stream"),
            (b" \n<html>", "text/html; charset=utf-8"),
            (b"<htmlx", "text/plain; charset=utf-8"),
            (b"<?xml version=\"1.0\"?>", "text/xml; charset=utf-8"),
            (b"\x89PNG\r\n\x1A\n\x00", "image/png"),
            (b"RIFF\x01\x02\x03\x04WAVE", "audio/wave"),
            (b"\x1F\x8B\x08\x00", "application/x-gzip"),
        ];
        for (body, expected) in cases {
            assert_eq!(of(body), expected, "{body:?}");
        }
    }
}
