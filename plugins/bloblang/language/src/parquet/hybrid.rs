//! Runs of equal numbers and numbers of some bits, mixed: levels, indexes of dictionaries, booleans.

use super::bits::packed;
use super::thrift::{ends, varint};

/// The values of one run, at most; Bento has the same limit.
const RUN: usize = 16 * 1024 * 1024;

/// The first `count` numbers, for which there must be room, of `width` bits; fewer where the bytes hold no more.
///
/// # Errors
/// A run is cut off or too long.
pub(super) fn read(bytes: &[u8], width: u32, count: usize) -> Result<Vec<u32>, String> {
    let mut rest = bytes;
    if width > 32 {
        return Err(format!("cannot decode INT32 with invalid bit-width={width}"));
    }
    let mut out = Vec::with_capacity(count);
    let low = |value: u64| u32::try_from(value).unwrap_or_default();
    while out.len() < count && !rest.is_empty() {
        let header =
            varint(&mut rest).map_err(|error| format!("decoding run-length block header: {error}"))?;
        let length = usize::try_from(header >> 1).ok().filter(|length| *length <= RUN);
        let length =
            length.ok_or_else(|| format!("decoded run-length block cannot have more than {RUN} values"))?;
        let wanted = count - out.len();
        if header & 1 == 1 {
            let what = |error: String| format!("decoding bit-packed block of {} values: {error}", length * 8);
            let block = take(&mut rest, length * width as usize).map_err(what)?;
            out.extend((0..wanted.min(length * 8)).map(|index| low(packed(block, index, width))));
        } else {
            let what = |error: String| format!("decoding run-length block of {length} values: {error}");
            let word = take(&mut rest, width.div_ceil(8) as usize).map_err(what)?;
            out.extend(std::iter::repeat_n(low(packed(word, 0, width)), length.min(wanted)));
        }
    }
    Ok(out)
}

fn take<'b>(rest: &mut &'b [u8], length: usize) -> Result<&'b [u8], String> {
    let (taken, after) = rest.split_at_checked(length).ok_or_else(ends)?;
    *rest = after;
    Ok(taken)
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn runs_and_packed_numbers_mix() {
        let bytes = [10, 3, 3, 0b1000_1000, 0b1100_0110, 0b1111_1010];
        let numbers = read(&bytes, 3, 100).expect("numbers");
        assert_eq!(numbers, [3, 3, 3, 3, 3, 0, 1, 2, 3, 4, 5, 6, 7]);
        assert_eq!(read(&bytes, 3, 7).expect("numbers"), [3, 3, 3, 3, 3, 0, 1]);
    }

    #[test]
    fn what_is_cut_off_or_too_long_is_an_error() {
        assert!(read(&[3, 1], 3, 8).expect_err("cut off").contains("bit-packed"));
        assert!(read(&[10], 3, 8).expect_err("cut off").contains("run-length"));
        assert!(read(&[0x80], 3, 8).is_err());
        assert!(read(&[0xfe, 0xff, 0xff, 0xff, 0x0f, 1], 3, 8).expect_err("too long").contains("more than"));
        assert!(read(&[2, 1], 33, 1).is_err());
    }
}
