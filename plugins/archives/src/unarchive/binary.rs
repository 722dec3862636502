use forebay_sdk::Error;

use super::parts::Parts;

/// A count, and before each part its length: numbers of four bytes, the highest first.
pub(super) fn read(parts: &mut Parts<'_, '_>) -> Result<(), Error> {
    let mut rest = parts.source();
    let length = rest.len();
    let count = number(&mut rest)?;
    if count >= length {
        return Err(unexpected());
    }
    for _ in 0..count {
        let length = number(&mut rest)?;
        let (part, after) = rest.split_at_checked(length).ok_or_else(unexpected)?;
        rest = after;
        parts.add(part)?;
    }
    Ok(())
}

fn number(rest: &mut &[u8]) -> Result<usize, Error> {
    let (number, after) = rest.split_first_chunk().ok_or_else(unexpected)?;
    *rest = after;
    Ok(usize::try_from(u32::from_be_bytes(*number))?)
}

fn unexpected() -> Error {
    Error::new("serialised message bytes were in unexpected format")
}
