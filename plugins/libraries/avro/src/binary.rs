//! The flat part of the binary form: numbers and lengths.

/// Bytes that are read from their start.
#[derive(Debug)]
pub(crate) struct Input<'b> {
    pub(crate) rest: &'b [u8],
}

/// There are not as many bytes as a value needs.
pub(crate) const ENDS: &str = "the bytes end within a value";

impl<'b> Input<'b> {
    pub(crate) fn take(&mut self, count: usize) -> Result<&'b [u8], &'static str> {
        let (taken, rest) = self.rest.split_at_checked(count).ok_or(ENDS)?;
        self.rest = rest;
        Ok(taken)
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N], &'static str> {
        let (taken, rest) = self.rest.split_first_chunk::<N>().ok_or(ENDS)?;
        self.rest = rest;
        Ok(*taken)
    }

    /// A number of up to 64 bits: seven at a time, the lowest first, small ones of either sign in few bytes.
    pub(crate) fn long(&mut self) -> Result<i64, &'static str> {
        let mut bits = 0_u64;
        for (index, byte) in self.rest.iter().enumerate() {
            let low = u64::from(byte & 0x7f);
            let shift = 7 * index;
            if shift > 63 || shift == 63 && low > 1 {
                return Err("a number has more than 64 bits");
            }
            bits |= low << shift;
            if byte & 0x80 == 0 {
                self.rest = self.rest.get(index + 1..).unwrap_or_default();
                return Ok((bits >> 1).cast_signed() ^ -(bits & 1).cast_signed());
            }
        }
        Err(ENDS)
    }

    /// Bytes behind their length.
    pub(crate) fn bytes(&mut self) -> Result<&'b [u8], &'static str> {
        let length = usize::try_from(self.long()?).map_err(|_| "a length is negative, or too large")?;
        self.take(length)
    }
}

pub(crate) fn write_long(value: i64, out: &mut Vec<u8>) {
    let mut bits = (value << 1 ^ value >> 63).cast_unsigned();
    while bits >= 0x80 {
        out.push(u8::try_from(bits & 0x7f).unwrap_or_default() | 0x80);
        bits >>= 7;
    }
    out.push(u8::try_from(bits).unwrap_or_default());
}

/// A length or a count.
pub(crate) fn write_length(length: usize, out: &mut Vec<u8>) {
    write_long(i64::try_from(length).unwrap_or(i64::MAX), out);
}

pub(crate) fn write_bytes(bytes: &[u8], out: &mut Vec<u8>) {
    write_length(bytes.len(), out);
    out.extend_from_slice(bytes);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn numbers_are_as_the_specification_has_them() {
        for (value, expected) in [
            (0, &[0_u8][..]),
            (-1, &[1]),
            (1, &[2]),
            (-64, &[0x7f]),
            (64, &[0x80, 1]),
            (i64::MAX, &[0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1]),
            (i64::MIN, &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1]),
        ] {
            let mut out = Vec::new();
            write_long(value, &mut out);
            assert_eq!(out, expected, "{value}");
        }
        for bytes in
            [&[][..], &[0x80], &[0xff; 10], &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2]]
        {
            assert!(Input { rest: bytes }.long().is_err(), "{bytes:?}");
        }
    }

    proptest! {
        #[test]
        fn a_number_is_read_as_it_was_written(value: i64) {
            let mut out = Vec::new();
            write_long(value, &mut out);
            let mut input = Input { rest: &out };
            prop_assert_eq!(input.long(), Ok(value));
            prop_assert!(input.rest.is_empty());
        }
    }
}
