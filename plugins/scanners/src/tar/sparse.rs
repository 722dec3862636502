//! Files with holes, of which an archive holds only the rest.

use forebay_sdk::Error;

use super::header::{self, BLOCK, Header};
use super::pax::{Pax, SparseForm, integer};
use super::{Sparse, invalid};

/// Bytes that the map of a file may take, as in Go.
pub(super) const MAP: usize = 1 << 20;
/// Bytes that a file may have with its holes. A few bytes of an archive could state any number.
const FILE: u64 = 128 << 20;

/// A part of a file that is no hole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Piece {
    pub(super) start: i64,
    pub(super) length: i64,
}

impl Sparse {
    /// What the header says of holes. It takes the file's own name and size over.
    pub(super) fn of(header: &mut Header, pax: &Pax, block: &[u8]) -> Result<Self, Error> {
        if header.kind == b'S' {
            let pieces = header::own_pieces(block).ok_or_else(invalid)?;
            let size = header::real_size(block).ok_or_else(invalid)?;
            return Ok(Self::Pieces { pieces, size: whole(size)?, blocks: 1 });
        }
        let Some(form) = pax.sparse_form() else { return Ok(Self::No) };
        if let Some(name) = pax.sparse_name() {
            header.name = name.to_vec();
        }
        let size = match pax.sparse_size() {
            Some(size) => integer(size).ok_or_else(invalid)?,
            None => header.size,
        };
        let size = whole(size)?;
        if form == SparseForm::InContent {
            return Ok(Self::InContent { size });
        }
        let numbers = pax.sparse_map().ok_or_else(invalid)?;
        Ok(Self::Pieces { pieces: pairs(&numbers), size, blocks: 1 })
    }
}

fn whole(size: i64) -> Result<u64, Error> {
    let size = u64::try_from(size).map_err(|_| invalid())?;
    if size > FILE {
        return Err(Error::new(format!(
            "a sparse file of {size} bytes is in the archive; {FILE} bytes are the limit"
        )));
    }
    Ok(size)
}

fn pairs(numbers: &[i64]) -> Vec<Piece> {
    let (pairs, _) = numbers.as_chunks::<2>();
    pairs.iter().map(|[start, length]| Piece { start: *start, length: *length }).collect()
}

/// Reads the map that stands before the content, in blocks of its own: numbers on lines, first how many pieces there
/// are.
pub(super) fn read_map(content: &[u8]) -> Result<(Vec<Piece>, &[u8]), Error> {
    let mut numbers = Vec::new();
    let mut rest = content;
    let mut wanted = 1;
    while numbers.len() < wanted {
        let end = rest.iter().position(|byte| *byte == b'\n').ok_or_else(|| Error::new("unexpected EOF"))?;
        let (line, after) = rest.split_at(end);
        rest = after.get(1..).unwrap_or_default();
        numbers.push(integer(line).ok_or_else(invalid)?);
        if content.len() - rest.len() > MAP {
            return Err(Error::new("archive/tar: sparse map too long"));
        }
        if let [count] = numbers.as_slice() {
            let count = usize::try_from(*count).ok().and_then(|count| count.checked_mul(2));
            wanted = count.and_then(|count| count.checked_add(1)).ok_or_else(invalid)?;
        }
    }
    let used = (content.len() - rest.len()).next_multiple_of(BLOCK);
    let rest = content.get(used..).ok_or_else(|| Error::new("unexpected EOF"))?;
    Ok((pairs(numbers.get(1..).unwrap_or_default()), rest))
}

/// The file with its holes, which are zeros.
pub(super) fn expand(pieces: &[Piece], size: u64, content: &[u8]) -> Result<Vec<u8>, Error> {
    let mut end = 0_u64;
    let mut file = Vec::new();
    let mut rest = content;
    for Piece { start, length } in pieces {
        let (Ok(start), Ok(length)) = (u64::try_from(*start), u64::try_from(*length)) else {
            return Err(invalid());
        };
        let after = start.checked_add(length).filter(|after| *after <= size).ok_or_else(invalid)?;
        if start < end {
            return Err(invalid());
        }
        end = after;
        file.resize(usize::try_from(start).unwrap_or(usize::MAX), 0);
        let data = rest.split_at_checked(usize::try_from(length).unwrap_or(usize::MAX));
        let (data, others) =
            data.ok_or_else(|| Error::new("archive/tar: sparse file references non-existent data"))?;
        file.extend_from_slice(data);
        rest = others;
    }
    if !rest.is_empty() {
        return Err(Error::new("archive/tar: sparse file contains unreferenced data"));
    }
    file.resize(usize::try_from(size).unwrap_or(usize::MAX), 0);
    Ok(file)
}
