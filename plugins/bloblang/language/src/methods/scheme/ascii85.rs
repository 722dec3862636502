//! Ascii85: four bytes as five characters from `!` to `u`, and four zeros as `z`.

/// Encodes bytes; the last group is cut to what its bytes need.
pub(super) fn encode(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(4) * 5);
    for group in bytes.chunks(4) {
        let mut word = [0; 4];
        word.iter_mut().zip(group).for_each(|(slot, byte)| *slot = *byte);
        let mut value = u32::from_be_bytes(word);
        if value == 0 && group.len() == 4 {
            text.push('z');
            continue;
        }
        let mut digits = [0; 5];
        for digit in digits.iter_mut().rev() {
            *digit = b'!' + u8::try_from(value % 85).unwrap_or_default();
            value /= 85;
        }
        text.extend(digits.iter().take(group.len() + 1).map(|digit| char::from(*digit)));
    }
    text
}

/// Decodes text; white space and control characters are skipped.
pub(super) fn decode(text: &[u8]) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut digits = 0;
    // Where the bytes of the group begin, since Go counts from there when the text ends in it.
    let mut group = 0;
    let mut value: u32 = 0;
    for (at, byte) in text.iter().enumerate() {
        match byte {
            0..=b' ' => {}
            b'z' if digits == 0 => {
                bytes.extend_from_slice(&[0; 4]);
                group = at + 1;
            }
            b'!'..=b'u' => {
                value = value.wrapping_mul(85).wrapping_add(u32::from(byte - b'!'));
                digits += 1;
                if digits == 5 {
                    bytes.extend_from_slice(&value.to_be_bytes());
                    (digits, value, group) = (0, 0, at + 1);
                }
            }
            _ => return Err(format!("illegal ascii85 data at input byte {at}")),
        }
    }
    match digits {
        0 => Ok(bytes),
        1 => Err(format!("illegal ascii85 data at input byte {}", text.len() - group)),
        _ => {
            for _ in digits..5 {
                value = value.wrapping_mul(85).wrapping_add(84);
            }
            bytes.extend(value.to_be_bytes().iter().take(digits - 1));
            Ok(bytes)
        }
    }
}
