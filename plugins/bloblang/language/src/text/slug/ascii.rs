//! How a character is written in ASCII, as far as a slug can tell: letters and digits as they are read, a dash for
//! whatever is neither. The readings are those of the crate `unidecode`, but for the few that Bento has otherwise.

/// Hands every part of the reading of a character to `push`.
pub(super) fn reading(character: char, mut push: impl FnMut(char)) {
    let code = u32::from(character);
    if let Some(reading) = own(code) {
        reading.chars().for_each(push);
        return;
    }
    let reading = unidecode::unidecode_char(character);
    if reading.starts_with(UNKNOWN) {
        if !is_silent(code) {
            push('-');
        }
        return;
    }
    for part in reading.chars() {
        push(if part.is_ascii_alphanumeric() || part == '_' { part.to_ascii_lowercase() } else { '-' });
    }
}

/// What the crate has for characters without a reading.
const UNKNOWN: &str = "[?]";

/// Whether a character without a reading is left out: those of whole scripts that have none, and the last of 256.
fn is_silent(code: u32) -> bool {
    let page = code >> 8;
    let scripts = [0x08..=0x08, 0x19..=0x1d, 0x29..=0x2d, 0x34..=0x4c, 0xa5..=0xab, 0xe0..=0xf8, 0xfc..=0xfc];
    code & 0xff == 0xff || scripts.iter().any(|pages| pages.contains(&page))
}

/// The readings that Bento has otherwise.
fn own(code: u32) -> Option<&'static str> {
    const CIRCLED: [&str; 26] = [
        "a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m", "n", "o", "p", "q", "r", "s", "t",
        "u", "v", "w", "x", "y", "z",
    ];
    Some(match code {
        0x80..=0x9f | 0x2e5..=0x2eb | 0x5c0 | 0x2122 => "",
        0x404 => "ie",
        0x2b0 | 0x1d84 | 0x212a | 0x2c69 | 0x2c6a => "k",
        0x20ac => "eu",
        0x24d0..=0x24e9 => return CIRCLED.get(usize::try_from(code - 0x24d0).ok()?).copied(),
        0x24ea => "0",
        0x212b | 0x2c65 | 0x2c6f => "a",
        0x1d6c | 0x1d80 => "b",
        0x1d6d | 0x1d81 => "d",
        0x1d6e | 0x1d82 | 0x2132 | 0x214e => "f",
        0x1d77 | 0x1d83 => "g",
        0x2c67 | 0x2c68 => "h",
        0x1d85 | 0x2c60..=0x2c62 => "l",
        0x1d6f | 0x1d86 | 0x2c6e => "m",
        0x1d70 | 0x1d87 => "n",
        0x1d71 | 0x1d7d | 0x1d88 | 0x2c63 => "p",
        0x1d72 | 0x1d73 | 0x1d89 | 0x2c64 => "r",
        0x1d74 | 0x1d8a => "s",
        0x1d75 | 0x2c66 => "t",
        0x1d8c => "v",
        0x1d8d => "x",
        0x1d76 | 0x1d8e | 0x2c6b | 0x2c6c => "z",
        0x3057 | 0x30b7 => "shi",
        0x3061 | 0x30c1 => "chi",
        0x3063 | 0x3064 | 0x30c3 | 0x30c4 => "tsu",
        0x2ef..=0x2fe | 0x3f4..=0x3fe | 0x42a | 0x44a | 0x1e9c..=0x1e9f | 0x1efa..=0x1efe => "-",
        _ => return None,
    })
}
