//! Integers as differences to the one before: blocks of small blocks, which have a width of bits each.

use super::bits::packed;
use super::thrift::{ends, varint, zigzag};

/// The values of a block, at most; Bento has the same limit.
const BLOCK: usize = 65_536;

/// Takes `count` integers, for which there must be room, off the front of `rest`.
///
/// # Errors
/// The header is wrong, there are fewer, or the bytes end.
pub(super) fn take(rest: &mut &[u8], count: usize) -> Result<Vec<i64>, String> {
    let header = |rest: &mut &[u8], what: &str| {
        let number = varint(rest).map_err(|error| format!("decoding {what}: {error}"))?;
        Ok::<_, String>(usize::try_from(number).unwrap_or(usize::MAX))
    };
    let block = header(rest, "block size")?;
    let parts = header(rest, "number of mini-blocks")?;
    let total = header(rest, "total values")?;
    let mut last = varint(rest).map(zigzag).map_err(|error| format!("decoding first value: {error}"))?;
    let part = checked(block, parts)?;
    if total < count {
        return Err(format!("{} missing values: {}", count - total, ends()));
    }
    // How many have been passed; those beyond `count` are not unpacked.
    let mut passed = total.min(1);
    let mut out = Vec::with_capacity(count);
    if count > 0 {
        out.push(last);
    }
    while passed < total && passed <= count {
        let least = varint(rest).map(zigzag).map_err(|_| missing(total - passed))?;
        let (widths, after) = rest.split_at_checked(parts).ok_or_else(|| missing(total - passed))?;
        *rest = after;
        for width in widths {
            let left = total - passed;
            if left == 0 {
                break;
            }
            let width = u32::from(*width);
            if width > 64 {
                return Err(format!("a mini-block has numbers of {width} bits"));
            }
            let length = part / 8 * width as usize;
            if length > 0 && rest.is_empty() {
                return Err(missing(left));
            }
            let (numbers, after) = rest.split_at_checked(length).unwrap_or((rest, &[]));
            *rest = after;
            for index in 0..part.min(count - out.len()) {
                let step = packed(numbers, index, width).cast_signed();
                last = last.wrapping_add(least).wrapping_add(step);
                out.push(last);
            }
            passed += part.min(left);
        }
    }
    Ok(out)
}

/// The values of a small block.
fn checked(block: usize, parts: usize) -> Result<usize, String> {
    if parts == 0 {
        return Err(format!("invalid number of mini block ({parts})"));
    }
    if block == 0 || !block.is_multiple_of(128) {
        return Err(format!("invalid block size is not a multiple of 128 ({block})"));
    }
    if block > BLOCK {
        return Err(format!("invalid block size is too large ({block})"));
    }
    match block / parts {
        part if part == 0 || !part.is_multiple_of(32) => {
            Err(format!("invalid mini block size is not a multiple of 32 ({part})"))
        }
        part => Ok(part),
    }
}

fn missing(values: usize) -> String {
    format!("{values} missing values: {}", ends())
}

#[cfg(test)]
mod tests {
    use super::take;

    #[test]
    fn a_header_of_its_own_holds_the_first_integer() {
        let mut rest: &[u8] = &[0x80, 1, 4, 1, 9, 7];
        assert_eq!(take(&mut rest, 1).expect("one"), [-5]);
        assert_eq!(rest, [7]);
    }

    #[test]
    fn differences_add_up() {
        let mut rest: &[u8] = &[0x80, 1, 4, 5, 2, 3, 0, 0, 0, 0];
        assert_eq!(take(&mut rest, 5).expect("five"), [1, -1, -3, -5, -7]);
    }

    #[test]
    fn only_what_is_wanted_is_unpacked() {
        // A block of 65,536 values, of which one more than the first is wanted.
        let bytes = [0x80, 0x80, 4, 1, 0xff, 0xff, 3, 2, 4, 0, 7];
        for count in [1, 2] {
            let mut rest = &bytes[..];
            let numbers = take(&mut rest, count).expect("numbers");
            assert_eq!(numbers, [1, 3].get(..count).expect("few"));
            assert!(numbers.capacity() < 100, "room for {}", numbers.capacity());
            assert_eq!(rest, [7]);
        }
    }

    #[test]
    fn wrong_headers_are_errors() {
        for (bytes, reason) in [
            (&[0x80_u8, 1, 0, 1, 0][..], "number of mini block"),
            (&[5, 1, 1, 0], "multiple of 128"),
            (&[0x80, 0x80, 8, 1, 1, 0], "too large"),
            (&[0x80, 1, 3, 1, 0], "multiple of 32"),
            (&[0x80, 1, 4, 1, 0], "1 missing values"),
            (&[0x80, 1, 4, 2, 0], "1 missing values"),
            (&[0x80, 1, 4, 2, 0, 0, 65, 0, 0, 0], "65 bits"),
            (&[0x80], "decoding block size"),
        ] {
            let mut rest = bytes;
            let error = take(&mut rest, 2).expect_err("wrong");
            assert!(error.contains(reason), "{error} lacks {reason}");
        }
    }
}
