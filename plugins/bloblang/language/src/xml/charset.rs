//! Documents that are not in UTF-8.

/// The bytes of Windows-1252 from 0x80 to 0x9f.
const WINDOWS: [u16; 32] = [
    0x20ac, 0x81, 0x201a, 0x192, 0x201e, 0x2026, 0x2020, 0x2021, 0x2c6, 0x2030, 0x160, 0x2039, 0x152, 0x8d,
    0x17d, 0x8f, 0x90, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014, 0x2dc, 0x2122, 0x161, 0x203a,
    0x153, 0x9d, 0x17e, 0x178,
];

/// `bytes` in UTF-8; `None` if the charset is not known. Those of Western Europe and of Unicode are.
pub(super) fn decode(name: &str, bytes: &[u8]) -> Option<Vec<u8>> {
    match name.trim().to_ascii_lowercase().as_str() {
        "utf8" | "unicode-1-1-utf-8" => Some(bytes.to_vec()),
        "ascii" | "us-ascii" | "ansi_x3.4-1968" | "iso-8859-1" | "iso8859-1" | "iso88591" | "iso_8859-1"
        | "latin1" | "l1" | "cp819" | "ibm819" | "windows-1252" | "cp1252" | "x-cp1252" => {
            Some(bytes.iter().map(|byte| western(*byte)).collect::<String>().into_bytes())
        }
        "utf-16" | "utf-16le" => Some(wide(bytes, u16::from_le_bytes)),
        "utf-16be" => Some(wide(bytes, u16::from_be_bytes)),
        _ => None,
    }
}

fn western(byte: u8) -> char {
    let place = byte.checked_sub(0x80).map(usize::from);
    match place.and_then(|place| WINDOWS.get(place)) {
        Some(code) => char::from_u32(u32::from(*code)).unwrap_or(char::REPLACEMENT_CHARACTER),
        None => char::from(byte),
    }
}

fn wide(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Vec<u8> {
    let (pairs, _) = bytes.as_chunks::<2>();
    let units = pairs.iter().map(|pair| unit(*pair));
    let characters = char::decode_utf16(units).map(|decoded| decoded.unwrap_or(char::REPLACEMENT_CHARACTER));
    characters.collect::<String>().into_bytes()
}
