use forebay_sdk::Error;

use super::members::Members;
use crate::budget::BYTES;
use crate::unarchive::json;

/// An array of documents.
pub(super) fn array(members: &Members<'_>, out: &mut Vec<u8>) -> Result<(), Error> {
    out.push(b'[');
    items(members, true, out)?;
    out.push(b']');
    Ok(())
}

/// The documents without the brackets; `first`: none stand before them.
pub(super) fn items(members: &Members<'_>, first: bool, out: &mut Vec<u8>) -> Result<(), Error> {
    out.reserve(members.size(1)? + 1);
    let start = out.len();
    for (index, member) in members.iter().enumerate() {
        if index > 0 || !first {
            out.push(b',');
        }
        json::document(member.bytes, out)
            .map_err(|error| Error::new(error).context("failed to parse message as JSON"))?;
        // Text outside of UTF-8 grows.
        if out.len() - start > BYTES {
            return Err(Error::new(format!(
                "an array of documents is larger than the limit of {BYTES} bytes"
            )));
        }
    }
    Ok(())
}
