//! Z85: four bytes as five characters of another alphabet than Ascii85 has, whole groups only.

const DIGITS: &[u8; 85] =
    b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#";

fn misaligned() -> String {
    "z85: wrongly aligned input data".to_owned()
}

pub(super) fn encode(bytes: &[u8]) -> Result<String, String> {
    let (groups, []) = bytes.as_chunks::<4>() else { return Err(misaligned()) };
    let mut text = String::with_capacity(groups.len() * 5);
    for group in groups {
        let value = u32::from_be_bytes(*group);
        for power in [85_u32.pow(4), 85_u32.pow(3), 85_u32.pow(2), 85, 1] {
            text.push(char::from(DIGITS[(value / power % 85) as usize]));
        }
    }
    Ok(text)
}

pub(super) fn decode(text: &[u8]) -> Result<Vec<u8>, String> {
    let (groups, []) = text.as_chunks::<5>() else { return Err(misaligned()) };
    let mut bytes = Vec::with_capacity(groups.len() * 4);
    for group in groups {
        let mut value: u32 = 0;
        for byte in group {
            let digit = DIGITS.iter().position(|digit| digit == byte).and_then(|at| u32::try_from(at).ok());
            let digit = digit.ok_or_else(|| format!("z85: invalid input byte: {}", super::shown(*byte)))?;
            value = value.wrapping_mul(85).wrapping_add(digit);
        }
        bytes.extend_from_slice(&value.to_be_bytes());
    }
    Ok(bytes)
}
