//! Numbers of some bits each, one after another, the lowest bit first.

/// The number at `index` among numbers of `width` bits, at most 64. What lies behind the end is zero.
pub(super) fn packed(bytes: &[u8], index: usize, width: u32) -> u64 {
    let start = index.saturating_mul(width as usize);
    let (first, shift) = (start / 8, start % 8);
    let mut window = [0; 16];
    let rest = bytes.get(first..).unwrap_or_default();
    let length = rest.len().min(9);
    if let (Some(into), Some(from)) = (window.get_mut(..length), rest.get(..length)) {
        into.copy_from_slice(from);
    }
    let mask = if width >= 64 { u64::MAX } else { (1 << width) - 1 };
    let shifted = u128::from_le_bytes(window) >> shift;
    u64::try_from(shifted & u128::from(mask)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::packed;

    #[test]
    fn numbers_of_three_bits_are_those_of_the_specification() {
        let bytes = [0b1000_1000, 0b1100_0110, 0b1111_1010];
        let numbers: Vec<u64> = (0..8).map(|index| packed(&bytes, index, 3)).collect();
        assert_eq!(numbers, [0, 1, 2, 3, 4, 5, 6, 7]);
    }

    #[test]
    fn wide_numbers_may_begin_anywhere() {
        let bytes = [0xff; 20];
        assert_eq!(packed(&bytes, 1, 63), u64::MAX >> 1);
        assert_eq!(packed(&bytes, 1, 64), u64::MAX);
        assert_eq!(packed(&bytes, 0, 0), 0);
        assert_eq!(packed(&bytes, 2, 64), 0xffff_ffff);
        assert_eq!(packed(&bytes, usize::MAX, 64), 0);
    }
}
