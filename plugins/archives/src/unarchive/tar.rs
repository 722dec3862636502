//! The files of a tar.

use std::io::Read;

use forebay_sdk::Error;
use tar::{Archive, EntryType};

use super::parts::Parts;

const BLOCK: u64 = 512;

/// A part for every entry, also for folders and links, which are empty.
pub(super) fn read(parts: &mut Parts<'_, '_>) -> Result<(), Error> {
    let bytes = parts.source();
    let mut archive = Archive::new(bytes);
    // Up to where there are blocks that have been read.
    let mut next = 0;
    for entry in archive.entries()? {
        let mut entry = entry.map_err(|_| malformed(bytes, next))?;
        let name = entry.path_bytes().into_owned();
        let name = ("archive_filename", name.as_slice());
        let kind = entry.header().entry_type();
        if kind == EntryType::GNUSparse {
            let (size, left) = (entry.size(), parts.left());
            parts.write_named(name, |out| sparse(&mut entry, size, left, out))?;
            continue;
        }
        let (start, size) = (entry.raw_file_position(), entry.size());
        let end = start.checked_add(size).ok_or_else(truncated)?;
        let content = bytes.get(usize::try_from(start)?..usize::try_from(end)?).ok_or_else(truncated)?;
        parts.add_named(name, if has_content(kind) { content } else { &[] })?;
        next = usize::try_from(end.next_multiple_of(BLOCK))?;
        if next >= bytes.len() {
            // What fills the last block may be missing.
            break;
        }
    }
    Ok(())
}

fn has_content(kind: EntryType) -> bool {
    !matches!(
        kind,
        EntryType::Link
            | EntryType::Symlink
            | EntryType::Char
            | EntryType::Block
            | EntryType::Directory
            | EntryType::Fifo
            | EntryType::XGlobalHeader
    )
}

/// A file with holes.
fn sparse(entry: &mut impl Read, size: u64, left: usize, out: &mut Vec<u8>) -> Result<(), Error> {
    if size > u64::try_from(left)? {
        return Err(Error::new(format!("the content is longer than {left} bytes")));
    }
    let read = entry.take(size).read_to_end(out).map_err(|_| truncated())?;
    if u64::try_from(read)? == size { Ok(()) } else { Err(truncated()) }
}

fn truncated() -> Error {
    Error::new("unexpected EOF")
}

/// What is wrong where a header should be.
fn malformed(bytes: &[u8], at: usize) -> Error {
    match bytes.len().saturating_sub(at) {
        0..512 => truncated(),
        _ => Error::new("archive/tar: invalid tar header"),
    }
}
