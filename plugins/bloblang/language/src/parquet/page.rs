//! Pages: a header, and bytes that may be compressed.

use std::borrow::Cow;

use forebay_compression::{self as compression, Algorithm};

use super::budget::Budget;
use super::thrift::{Kind, Thrift, ends};

/// What a page holds. Sizes and counts are as they are written down, which may be wrong.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Header {
    pub(super) kind: i32,
    pub(super) compressed: i32,
    pub(super) checksum: i32,
    pub(super) data: Option<Data>,
    pub(super) dictionary: Option<Dictionary>,
    pub(super) data2: Option<Data2>,
}

/// A data page of the first version.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Data {
    pub(super) values: i32,
    pub(super) encoding: i32,
    pub(super) definitions: i32,
    pub(super) repetitions: i32,
}

#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Dictionary {
    pub(super) values: i32,
    pub(super) encoding: i32,
}

/// A data page of the second version, whose levels have their lengths here and are not compressed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Data2 {
    pub(super) values: i32,
    pub(super) nulls: i32,
    pub(super) encoding: i32,
    pub(super) definitions: i32,
    pub(super) repetitions: i32,
    pub(super) compressed: bool,
}

impl Header {
    pub(super) fn read(reader: &mut Thrift<'_>) -> Result<Self, String> {
        let mut header = Self::default();
        let mut parts = [false; 3];
        reader.fields(|reader, number, kind| {
            match number {
                1 => header.kind = reader.int32(kind)?,
                2 => drop(reader.int32(kind)?),
                3 => header.compressed = reader.int32(kind)?,
                4 => header.checksum = reader.int32(kind)?,
                5 => header.data = Some(data(reader, kind)?),
                7 => header.dictionary = Some(dictionary(reader, kind)?),
                8 => header.data2 = Some(data2(reader, kind)?),
                _ => reader.skip(kind)?,
            }
            if let Some(part) =
                usize::from(number.unsigned_abs()).checked_sub(1).and_then(|at| parts.get_mut(at))
            {
                *part = true;
            }
            Ok(())
        })?;
        match parts.iter().position(|part| !part) {
            None => Ok(header),
            Some(missing) => Err(format!("missing required field: {}:FIELD<I32>", missing + 1)),
        }
    }
}

fn data(reader: &mut Thrift<'_>, kind: Kind) -> Result<Data, String> {
    let mut data = Data::default();
    reader.structure(kind, |reader, number, kind| {
        match number {
            1 => data.values = reader.int32(kind)?,
            2 => data.encoding = reader.int32(kind)?,
            3 => data.definitions = reader.int32(kind)?,
            4 => data.repetitions = reader.int32(kind)?,
            _ => reader.skip(kind)?,
        }
        Ok(())
    })?;
    Ok(data)
}

fn dictionary(reader: &mut Thrift<'_>, kind: Kind) -> Result<Dictionary, String> {
    let mut dictionary = Dictionary::default();
    reader.structure(kind, |reader, number, kind| {
        match number {
            1 => dictionary.values = reader.int32(kind)?,
            2 => dictionary.encoding = reader.int32(kind)?,
            _ => reader.skip(kind)?,
        }
        Ok(())
    })?;
    Ok(dictionary)
}

fn data2(reader: &mut Thrift<'_>, kind: Kind) -> Result<Data2, String> {
    let mut data =
        Data2 { values: 0, nulls: 0, encoding: 0, definitions: 0, repetitions: 0, compressed: true };
    reader.structure(kind, |reader, number, kind| {
        match number {
            1 => data.values = reader.int32(kind)?,
            2 => data.nulls = reader.int32(kind)?,
            4 => data.encoding = reader.int32(kind)?,
            5 => data.definitions = reader.int32(kind)?,
            6 => data.repetitions = reader.int32(kind)?,
            7 => data.compressed = reader.boolean(kind)?,
            _ => reader.skip(kind)?,
        }
        Ok(())
    })?;
    Ok(data)
}

/// How pages are compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Codec(pub(super) i32);

impl Codec {
    /// What bytes hold.
    ///
    /// # Errors
    /// They are broken, hold more than the budget has left, or are compressed in a way that Bento does not know either.
    pub(super) fn decompress<'b>(
        self,
        bytes: &'b [u8],
        budget: &mut Budget,
    ) -> Result<Cow<'b, [u8]>, String> {
        let limit = budget.page();
        let mut least = 0;
        let content = match self.0 {
            0 => return Ok(Cow::Borrowed(bytes)),
            _ if bytes.is_empty() => return Ok(Cow::Borrowed(bytes)),
            1 => Algorithm::Snappy.decompress(bytes, limit),
            2 => Algorithm::Gzip.decompress(bytes, limit),
            4 => {
                // The window is filled with zeros first, which is faster than to decompress as much.
                least = compression::brotli_window(bytes) / 16;
                compression::brotli(bytes, limit)
            }
            6 => Algorithm::Zstd.decompress(bytes, limit),
            7 => compression::lz4_block(bytes, limit),
            other => Err(format!("unsupported compression codec: {}", name(other))),
        }?;
        budget.decompressed(content.len(), least)?;
        Ok(Cow::Owned(content))
    }
}

fn name(codec: i32) -> String {
    match codec {
        3 => "LZO".to_owned(),
        5 => "LZ4".to_owned(),
        other => other.to_string(),
    }
}

/// Takes the bytes of a page off.
pub(super) fn content<'b>(rest: &mut &'b [u8], header: &Header) -> Result<&'b [u8], String> {
    let length = usize::try_from(header.compressed).map_err(|_| "a page has a negative size".to_owned())?;
    let (content, after) = rest.split_at_checked(length).ok_or_else(ends)?;
    *rest = after;
    Ok(content)
}
