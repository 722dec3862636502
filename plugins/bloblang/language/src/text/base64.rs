//! Base64, read as Go reads it: line breaks are skipped, and bits that are left over do not matter.

/// `extra` are the digits 62 and 63.
pub(crate) fn decode(text: &[u8], extra: [u8; 2], padded: bool) -> Result<Vec<u8>, String> {
    let packed: Vec<u8> = text.iter().copied().filter(|byte| !matches!(byte, b'\r' | b'\n')).collect();
    let wrong = |at: usize| Err(format!("illegal base64 data at input byte {at}"));
    let mut bytes = Vec::with_capacity(packed.len() / 4 * 3 + 3);
    for (index, group) in packed.chunks(4).enumerate() {
        // Go reads a last group without padding by itself, and counts from its start.
        let start = if group.len() < 4 { 0 } else { index * 4 };
        if padded && group.len() < 4 {
            return Err("unexpected EOF".to_owned());
        }
        let mut value: u32 = 0;
        let mut digits = 0;
        for (at, byte) in group.iter().enumerate() {
            match digit(*byte, extra) {
                Some(digit) => {
                    value |= u32::from(digit) << (18 - 6 * at);
                    digits += 1;
                }
                None if padded && *byte == b'=' && at >= 2 => {
                    if at == 2 && group.get(3) != Some(&b'=') {
                        return wrong(start + 2);
                    }
                    break;
                }
                None => return wrong(start + at),
            }
        }
        if digits == 1 {
            return wrong(0);
        }
        let [_, word @ ..] = value.to_be_bytes();
        bytes.extend(word.iter().take(digits * 6 / 8));
        if padded && digits < 4 && start + 8 <= packed.len() {
            return wrong(start + 4);
        }
    }
    Ok(bytes)
}

fn digit(byte: u8, extra: [u8; 2]) -> Option<u8> {
    match byte {
        b'A'..=b'Z' => Some(byte - b'A'),
        b'a'..=b'z' => Some(byte - b'a' + 26),
        b'0'..=b'9' => Some(byte - b'0' + 52),
        _ if byte == extra[0] => Some(62),
        _ if byte == extra[1] => Some(63),
        _ => None,
    }
}
