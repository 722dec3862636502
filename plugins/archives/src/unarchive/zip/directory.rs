//! The directory at the end of a zip.

use forebay_sdk::Error;

use super::malformed;

const ENTRY: [u8; 4] = *b"PK\x01\x02";
const END: [u8; 4] = *b"PK\x05\x06";
const END_64: [u8; 4] = *b"PK\x06\x06";
const LOCATOR_64: [u8; 4] = *b"PK\x06\x07";
/// The lengths of an entry without its name, and of the end without its comment.
const ENTRY_BYTES: usize = 46;
const END_BYTES: usize = 22;
const LOCATOR_BYTES: usize = 20;
/// The longest comment.
const COMMENT: usize = 0xffff;
/// The extra field with numbers of 64 bits.
const WIDE: u16 = 1;

/// What the directory says of a file.
pub(super) struct File<'b> {
    pub(super) name: &'b [u8],
    pub(super) flags: u16,
    pub(super) method: u16,
    pub(super) checksum: u32,
    pub(super) compressed: usize,
    pub(super) size: usize,
    /// Where its own header is.
    pub(super) offset: usize,
}

/// Where the directory is.
struct End {
    files: u64,
    size: u64,
    offset: u64,
}

/// All files, in order. What follows the directory, and what comes before the archive, is passed over.
pub(super) fn directory(bytes: &[u8]) -> Result<impl Iterator<Item = Result<File<'_>, Error>>, Error> {
    let (end, at) = find_end(bytes)?;
    let start = usize::try_from(end.size).ok().and_then(|size| at.checked_sub(size)).ok_or_else(malformed)?;
    // What was put before the archive moved all its offsets.
    let offset = usize::try_from(end.offset).map_err(|_| malformed())?;
    let mut before = start.checked_sub(offset).ok_or_else(malformed)?;
    if before > 0 && bytes.get(offset..).is_some_and(|rest| entry(rest).is_some()) {
        before = 0;
    }
    let mut rest = bytes.get(before + offset..).unwrap_or_default();
    // The count may be cut to 16 bits, so that the entries are counted themselves.
    let mut found = 0_u64;
    Ok(std::iter::from_fn(move || match entry(rest) {
        Some((mut file, length)) => {
            rest = rest.get(length..).unwrap_or_default();
            found += 1;
            file.offset = file.offset.saturating_add(before);
            Some(Ok(file))
        }
        None if found & 0xffff == end.files & 0xffff => None,
        None => {
            found = end.files;
            Some(Err(malformed()))
        }
    }))
}

/// The end of the directory, and where it begins.
fn find_end(bytes: &[u8]) -> Result<(End, usize), Error> {
    let from = bytes.len().saturating_sub(END_BYTES + COMMENT);
    let tail = bytes.get(from..).unwrap_or_default();
    let fits = |at: &usize| {
        let end = tail.get(*at..).unwrap_or_default();
        end.starts_with(&END)
            && end.len() >= END_BYTES
            && end.len() - END_BYTES >= usize::from(word(end, END_BYTES - 2))
    };
    let at = (0..tail.len()).rev().find(fits).ok_or_else(malformed)?;
    let end = tail.get(at..).unwrap_or_default();
    let at = from + at;
    let narrow =
        End { files: word(end, 10).into(), size: double(end, 12).into(), offset: double(end, 16).into() };
    if narrow.files == 0xffff || narrow.size == 0xffff_ffff || narrow.offset == 0xffff_ffff {
        return Ok(find_wide(bytes, at)?.unwrap_or((narrow, at)));
    }
    Ok((narrow, at))
}

/// The end with numbers of 64 bits, if there is one before the usual one.
fn find_wide(bytes: &[u8], end: usize) -> Result<Option<(End, usize)>, Error> {
    let locator = end.checked_sub(LOCATOR_BYTES).and_then(|at| bytes.get(at..end));
    let Some(locator) = locator.filter(|locator| locator.starts_with(&LOCATOR_64)) else { return Ok(None) };
    let at = usize::try_from(quad(locator, 8)).map_err(|_| malformed())?;
    let wide =
        bytes.get(at..).filter(|wide| wide.starts_with(&END_64) && wide.len() >= 56).ok_or_else(malformed)?;
    Ok(Some((End { files: quad(wide, 32), size: quad(wide, 40), offset: quad(wide, 48) }, at)))
}

/// The entry at the beginning of some bytes, and its length.
fn entry(bytes: &[u8]) -> Option<(File<'_>, usize)> {
    if !bytes.starts_with(&ENTRY) || bytes.len() < ENTRY_BYTES {
        return None;
    }
    let [name, extra, comment] = [28, 30, 32].map(|at| usize::from(word(bytes, at)));
    let length = ENTRY_BYTES + name + extra + comment;
    let fields = bytes.get(ENTRY_BYTES..length)?;
    let (name, rest) = fields.split_at_checked(name)?;
    let numbers = [double(bytes, 24), double(bytes, 20), double(bytes, 42)];
    let [size, compressed, offset] = wide(numbers, rest.get(..extra)?)?;
    let [flags, method] = [8, 10].map(|at| word(bytes, at));
    Some((File { name, flags, method, checksum: double(bytes, 16), compressed, size, offset }, length))
}

/// Numbers of which those that are too large for 32 bits are in an extra field, one after the other.
fn wide(numbers: [u32; 3], mut extra: &[u8]) -> Option<[usize; 3]> {
    let mut found: &[u8] = &[];
    while extra.len() >= 4 {
        let (tag, length) = (word(extra, 0), usize::from(word(extra, 2)));
        let Some(field) = extra.get(4..4 + length) else { break };
        if tag == WIDE {
            found = field;
            break;
        }
        extra = extra.get(4 + length..).unwrap_or_default();
    }
    let mut all = [0; 3];
    for (slot, number) in all.iter_mut().zip(numbers) {
        *slot = if number == u32::MAX {
            let (wide, after) = found.split_first_chunk()?;
            found = after;
            usize::try_from(u64::from_le_bytes(*wide)).ok()?
        } else {
            usize::try_from(number).ok()?
        };
    }
    Some(all)
}

/// A number of two bytes; zero where there is none.
pub(super) fn word(bytes: &[u8], at: usize) -> u16 {
    bytes.get(at..).and_then(<[u8]>::first_chunk).map_or(0, |number| u16::from_le_bytes(*number))
}

fn double(bytes: &[u8], at: usize) -> u32 {
    bytes.get(at..).and_then(<[u8]>::first_chunk).map_or(0, |number| u32::from_le_bytes(*number))
}

fn quad(bytes: &[u8], at: usize) -> u64 {
    bytes.get(at..).and_then(<[u8]>::first_chunk).map_or(0, |number| u64::from_le_bytes(*number))
}
