//! Formats that hold nothing but the messages.

use forebay_sdk::Error;

use super::members::Members;

/// The messages with `between` between them.
pub(super) fn join(members: &Members<'_>, between: &[u8], out: &mut Vec<u8>) -> Result<(), Error> {
    out.reserve(members.size(between.len())?);
    for (index, member) in members.iter().enumerate() {
        if index > 0 {
            out.extend_from_slice(between);
        }
        out.extend_from_slice(member.bytes);
    }
    Ok(())
}

/// How many there are, and before each its length: numbers of four bytes, the highest first.
pub(super) fn binary(members: &Members<'_>, out: &mut Vec<u8>) -> Result<(), Error> {
    let number = |number: usize| u32::try_from(number).map(u32::to_be_bytes);
    out.reserve(members.size(4)? + 4);
    out.extend(number(members.len())?);
    for member in members.iter() {
        out.extend(number(member.bytes.len())?);
        out.extend_from_slice(member.bytes);
    }
    Ok(())
}
