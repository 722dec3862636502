use super::sparse::Piece;

pub(super) const BLOCK: usize = 512;

/// What matters of the block before an entry.
pub(super) struct Header {
    pub(super) name: Vec<u8>,
    pub(super) kind: u8,
    pub(super) size: i64,
}

#[derive(PartialEq)]
enum Format {
    V7,
    Ustar,
    Star,
    Gnu,
}

impl Header {
    /// `None` where the block is no header.
    pub(super) fn parse(block: &[u8]) -> Option<Self> {
        let format = format(block)?;
        let mut name = text(block.get(..100)?).to_vec();
        let size = number(block.get(124..136)?)?;
        // Mode, owner, group and time mean nothing here, but must be numbers.
        for range in [100..108, 108..116, 116..124, 136..148] {
            number(block.get(range)?)?;
        }
        if format != Format::V7 {
            for range in [329..337, 337..345] {
                number(block.get(range)?)?;
            }
        }
        let prefix = match format {
            Format::V7 => &[],
            Format::Ustar => text(block.get(345..500)?),
            Format::Star => {
                number(block.get(476..488)?)?;
                number(block.get(488..500)?)?;
                text(block.get(345..476)?)
            }
            Format::Gnu => prefix_of_gnu(block)?,
        };
        if !prefix.is_empty() {
            name = [prefix, b"/", &name].concat();
        }
        Some(Self { name, kind: *block.get(156)?, size })
    }

    /// Links, devices and folders: whatever size they state, nothing follows.
    pub(super) fn is_without_content(&self) -> bool {
        matches!(self.kind, b'1'..=b'6')
    }

    /// Bytes in the archive; `None` where the size makes no sense.
    pub(super) fn content_size(&self) -> Option<u64> {
        if self.is_without_content() { Some(0) } else { u64::try_from(self.size).ok() }
    }
}

fn format(block: &[u8]) -> Option<Format> {
    let stated = octal(block.get(148..156)?)?;
    let mut unsigned = 0_i64;
    let mut signed = 0_i64;
    for (at, byte) in block.iter().enumerate() {
        let byte = if (148..156).contains(&at) { b' ' } else { *byte };
        unsigned += i64::from(byte);
        signed += i64::from(byte.cast_signed());
    }
    if stated != unsigned && stated != signed {
        return None;
    }
    Some(match (block.get(257..263)?, block.get(263..265)?, block.get(508..512)?) {
        (b"ustar\0", _, b"tar\0") => Format::Star,
        (b"ustar\0", ..) => Format::Ustar,
        (b"ustar ", b" \0", _) => Format::Gnu,
        _ => Format::V7,
    })
}

/// Early versions of Go wrote a prefix where GNU has two times.
fn prefix_of_gnu(block: &[u8]) -> Option<&[u8]> {
    let is_time = |bytes: &[u8]| bytes.first() == Some(&0) || number(bytes).is_some();
    if is_time(block.get(345..357)?) && is_time(block.get(357..369)?) {
        return Some(&[]);
    }
    let prefix = text(block.get(345..500)?);
    Some(if prefix.is_ascii() { prefix } else { &[] })
}

/// The bytes before the first zero.
pub(super) fn text(bytes: &[u8]) -> &[u8] {
    bytes.split(|byte| *byte == 0).next().unwrap_or_default()
}

/// A number in octal digits or, where the first bit is set, in two's complement.
fn number(bytes: &[u8]) -> Option<i64> {
    let first = *bytes.first()?;
    if first & 0x80 == 0 {
        return octal(bytes);
    }
    let inverted = if first & 0x40 == 0 { 0 } else { 0xff };
    let mut number = 0_u64;
    for (index, byte) in bytes.iter().enumerate() {
        let byte = (byte ^ inverted) & if index == 0 { 0x7f } else { 0xff };
        if number >> 56 > 0 {
            return None;
        }
        number = number << 8 | u64::from(byte);
    }
    let number = i64::try_from(number).ok()?;
    Some(if inverted == 0 { number } else { !number })
}

fn octal(bytes: &[u8]) -> Option<i64> {
    let is_filler = |byte: &u8| matches!(byte, b' ' | 0);
    let start = bytes.iter().position(|byte| !is_filler(byte)).unwrap_or(bytes.len());
    let end = bytes.iter().rposition(|byte| !is_filler(byte)).map_or(start, |last| last + 1);
    let digits = text(bytes.get(start..end)?);
    if start == end {
        return Some(0);
    }
    let digits = std::str::from_utf8(digits).ok().filter(|digits| !digits.starts_with('+'))?;
    // Go wraps what is too large for its sign.
    Some(u64::from_str_radix(digits, 8).ok()?.cast_signed())
}

/// The whole size of a sparse file of GNU.
pub(super) fn real_size(block: &[u8]) -> Option<i64> {
    number(block.get(483..495)?)
}

/// Whether a block with more pieces of a sparse file follows.
pub(super) fn has_more_pieces(block: &[u8]) -> bool {
    block.get(482).is_some_and(|more| *more > 0)
}

/// The pieces in the header of a sparse file of GNU.
pub(super) fn own_pieces(block: &[u8]) -> Option<Vec<Piece>> {
    let mut own = Vec::new();
    if format(block)? != Format::Gnu {
        return None;
    }
    pieces(block.get(386..482)?, &mut own)?;
    Some(own)
}

/// Adds pieces up to the first that is empty.
pub(super) fn pieces(bytes: &[u8], to: &mut Vec<Piece>) -> Option<()> {
    for piece in bytes.chunks_exact(24) {
        let (start, length) = piece.split_at(12);
        if start.first() == Some(&0) {
            break;
        }
        to.push(Piece { start: number(start)?, length: number(length)? });
    }
    Some(())
}
