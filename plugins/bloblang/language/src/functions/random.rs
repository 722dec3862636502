//! Random bytes, and numbers written with an alphabet.

use crate::world::Outside;

/// `N` random bytes.
pub(super) fn bytes<const N: usize>(outside: &dyn Outside) -> [u8; N] {
    let mut bytes = [0; N];
    for chunk in bytes.chunks_mut(8) {
        for (byte, random) in chunk.iter_mut().zip(outside.random_u64().to_le_bytes()) {
            *byte = random;
        }
    }
    bytes
}

/// A number below `limit`, each as likely as the others but for a part in 2^64 / `limit`.
pub(super) fn below(outside: &dyn Outside, limit: usize) -> usize {
    let scaled = (u128::from(outside.random_u64()) * limit as u128) >> 64;
    usize::try_from(scaled).unwrap_or(0)
}

/// The number that `bytes` are, in the digits of an alphabet, filled up to a width.
pub(super) fn digits(bytes: &[u8], alphabet: &[u8], width: usize) -> String {
    let mut number = bytes.to_vec();
    let mut digits = Vec::with_capacity(width);
    for _ in 0..width {
        let mut rest = 0;
        for byte in &mut number {
            let value = rest << 8 | usize::from(*byte);
            *byte = u8::try_from(value / alphabet.len()).unwrap_or(0);
            rest = value % alphabet.len();
        }
        digits.push(alphabet.get(rest).copied().unwrap_or(b'0'));
    }
    digits.iter().rev().map(|digit| char::from(*digit)).collect()
}

/// Milliseconds since 1970.
pub(super) fn milliseconds(outside: &dyn Outside) -> i64 {
    let (seconds, nanoseconds) = outside.now();
    seconds.saturating_mul(1_000).saturating_add(i64::from(nanoseconds / 1_000_000))
}
