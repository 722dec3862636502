//! Integers of variable length: seven bits to a byte, the lowest first; signed ones as zigzag.

use crate::cursor::{Cursor, Ended};

/// Bytes of the longest 32-bit and 64-bit integers.
const MOST_32: u32 = 5;
const MOST_64: u32 = 10;

/// What is no integer: it goes on past the bits that it may have, or past the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum VarintError {
    #[error("an integer of variable length has more bits than its type")]
    Long,
    #[error(transparent)]
    Ended(#[from] Ended),
}

pub(crate) fn unsigned(from: &mut Cursor<'_>) -> Result<u32, VarintError> {
    let value = bits(from, MOST_32)?;
    u32::try_from(value).map_err(|_| VarintError::Long)
}

pub(crate) fn signed(from: &mut Cursor<'_>) -> Result<i32, VarintError> {
    let value = unsigned(from)?;
    Ok((value >> 1).cast_signed() ^ -(value & 1).cast_signed())
}

pub(crate) fn signed_long(from: &mut Cursor<'_>) -> Result<i64, VarintError> {
    let value = bits(from, MOST_64)?;
    Ok((value >> 1).cast_signed() ^ -(value & 1).cast_signed())
}

fn bits(from: &mut Cursor<'_>, most: u32) -> Result<u64, VarintError> {
    let mut value = 0_u64;
    for index in 0..most {
        let byte = from.byte()?;
        let part = u64::from(byte & 0x7f);
        // The tenth byte has room for one bit.
        if index == MOST_64 - 1 && part > 1 {
            return Err(VarintError::Long);
        }
        value |= part << (7 * index);
        if byte < 0x80 {
            return Ok(value);
        }
    }
    Err(VarintError::Long)
}

pub(crate) fn put_unsigned(into: &mut Vec<u8>, value: u32) {
    put_bits(into, u64::from(value));
}

pub(crate) fn put_signed(into: &mut Vec<u8>, value: i32) {
    put_unsigned(into, ((value << 1) ^ (value >> 31)).cast_unsigned());
}

pub(crate) fn put_signed_long(into: &mut Vec<u8>, value: i64) {
    put_bits(into, ((value << 1) ^ (value >> 63)).cast_unsigned());
}

fn put_bits(into: &mut Vec<u8>, mut value: u64) {
    loop {
        let part = (value & 0x7f) as u8;
        value >>= 7;
        if value == 0 {
            into.push(part);
            return;
        }
        into.push(part | 0x80);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_written_is_read_again(small: i32, large: i64, plain: u32) {
            let mut bytes = Vec::new();
            put_signed(&mut bytes, small);
            put_signed_long(&mut bytes, large);
            put_unsigned(&mut bytes, plain);
            let mut from = Cursor::new(&bytes);
            prop_assert_eq!(signed(&mut from), Ok(small));
            prop_assert_eq!(signed_long(&mut from), Ok(large));
            prop_assert_eq!(unsigned(&mut from), Ok(plain));
            prop_assert_eq!(from.remaining(), 0);
        }
    }

    #[test]
    fn integers_are_written_as_kafka_does() {
        let written = |value| {
            let mut bytes = Vec::new();
            put_signed(&mut bytes, value);
            bytes
        };
        assert_eq!(written(-1), [1]);
        assert_eq!(written(300), [0xd8, 4]);
        assert_eq!(written(i32::MIN), [0xff, 0xff, 0xff, 0xff, 0x0f]);
    }

    #[test]
    fn an_integer_with_too_many_bits_is_refused() {
        assert_eq!(unsigned(&mut Cursor::new(&[0xff, 0xff, 0xff, 0xff, 0x1f])), Err(VarintError::Long));
        assert_eq!(unsigned(&mut Cursor::new(&[0x80; 6])), Err(VarintError::Long));
        assert_eq!(signed_long(&mut Cursor::new(&[0xff; 11])), Err(VarintError::Long));
        assert_eq!(unsigned(&mut Cursor::new(&[0x80])), Err(VarintError::Ended(Ended)));
    }
}
