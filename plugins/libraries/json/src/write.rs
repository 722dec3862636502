//! Strings, written. U+2028 and U+2029 are always escaped, as Go does it.

use crate::Html;
use crate::plain::until_escape;

/// Appends a string in its quotes. Each byte that is not UTF-8 becomes the escape of the replacement character.
pub fn write_string(bytes: &[u8], html: Html, out: &mut Vec<u8>) {
    out.push(b'"');
    for chunk in bytes.utf8_chunks() {
        write_inside(chunk.valid().as_bytes(), html, out);
        for _ in chunk.invalid() {
            out.extend_from_slice(b"\\ufffd");
        }
    }
    out.push(b'"');
}

/// Appends the inside of a string, which is UTF-8.
#[inline]
pub fn write_inside(bytes: &[u8], html: Html, out: &mut Vec<u8>) {
    let mut plain = 0;
    let mut at = until_escape(bytes, 0);
    while let Some(byte) = bytes.get(at) {
        let special = match byte {
            0..0x20 | b'"' | b'\\' => true,
            b'<' | b'>' | b'&' => html == Html::Escaped,
            // The first byte of U+2028 and U+2029, whose other bytes are looked at below.
            0xe2 => matches!(bytes.get(at + 1..at + 3), Some([0x80, 0xa8 | 0xa9])),
            _ => false,
        };
        if special {
            out.extend_from_slice(&bytes[plain..at]);
            at += write_escape(*byte, bytes.get(at + 2).copied(), out);
            plain = at;
            at = until_escape(bytes, at);
        } else {
            at = until_escape(bytes, at + 1);
        }
    }
    out.extend_from_slice(&bytes[plain..]);
}

/// Writes the escape of a byte and returns how many bytes of the text it stands for.
fn write_escape(byte: u8, third: Option<u8>, out: &mut Vec<u8>) -> usize {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    let short = match byte {
        b'"' | b'\\' => byte,
        8 => b'b',
        12 => b'f',
        b'\n' => b'n',
        b'\r' => b'r',
        b'\t' => b't',
        0xe2 => {
            out.extend_from_slice(if third == Some(0xa8) { b"\\u2028" } else { b"\\u2029" });
            return 3;
        }
        _ => {
            out.extend_from_slice(b"\\u00");
            out.push(HEX[usize::from(byte >> 4)]);
            out.push(HEX[usize::from(byte & 15)]);
            return 1;
        }
    };
    out.extend_from_slice(&[b'\\', short]);
    1
}
