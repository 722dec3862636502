//! The end of a file: its columns, and where their pages are.

use super::thrift::{Kind, Thrift, ends};
use crate::value::{Text, quoted};

const MAGIC: &[u8; 4] = b"PAR1";

/// The most groups and columns. There can be 32,767 columns.
const ELEMENTS: usize = 100_000;
/// As many row groups as Bento allows.
const ROW_GROUPS: usize = 32_767;

#[derive(Debug)]
pub(super) struct Footer {
    /// The tree of columns, every group before what is in it.
    pub(super) elements: Vec<Element>,
    pub(super) row_groups: Vec<RowGroup>,
}

/// A group or a column, as it is written down.
#[derive(Debug)]
pub(super) struct Element {
    pub(super) name: Text,
    /// The physical type, which only columns have.
    pub(super) physical: Option<i32>,
    pub(super) length: Option<i32>,
    pub(super) repetition: i32,
    pub(super) children: i32,
    pub(super) converted: Option<i32>,
    pub(super) scale: Option<i32>,
    pub(super) precision: Option<i32>,
    pub(super) logical: Option<Logical>,
}

/// What the values of a column mean, as far as that changes anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Logical {
    Text,
    Map,
    List,
    Decimal { scale: i32 },
    Date,
    Time { millis: bool },
    Timestamp,
    Integer { bits: i64, signed: bool },
    Unknown,
    Json,
    Uuid,
    Other,
}

#[derive(Debug, Default)]
pub(super) struct RowGroup {
    pub(super) chunks: Vec<Chunk>,
}

/// The pages of one column in one row group.
#[derive(Debug, Default)]
pub(super) struct Chunk {
    pub(super) codec: i32,
    /// Nulls included.
    pub(super) values: i64,
    pub(super) size: i64,
    pub(super) data: i64,
    pub(super) dictionary: i64,
}

impl Footer {
    pub(super) fn read(file: &[u8]) -> Result<Self, String> {
        let metadata = metadata(file)?;
        let footer = Self::parse(&mut Thrift::new(metadata))
            .map_err(|error| format!("reading parquet file metadata: {error}"))?;
        if footer.elements.is_empty() {
            return Err("parquet file is missing a root column".to_owned());
        }
        Ok(footer)
    }

    fn parse(reader: &mut Thrift<'_>) -> Result<Self, String> {
        if reader.rest().is_empty() {
            return Err("EOF".to_owned());
        }
        let mut footer = Self { elements: Vec::new(), row_groups: Vec::new() };
        let [mut version, mut schema, mut rows, mut groups] = [false; 4];
        reader.fields(|reader, number, kind| match number {
            1 => {
                version = true;
                reader.int32(kind).map(|_| ())
            }
            2 => {
                schema = true;
                reader.list(kind, |reader, kind| {
                    if footer.elements.len() >= ELEMENTS {
                        return Err(format!("there are more than {ELEMENTS} columns and groups"));
                    }
                    footer.elements.push(element(reader, kind)?);
                    Ok(())
                })
            }
            3 => {
                rows = true;
                reader.integer(kind).map(|_| ())
            }
            4 => {
                groups = true;
                reader.list(kind, |reader, kind| {
                    if footer.row_groups.len() >= ROW_GROUPS {
                        return Err(format!("the limit of {ROW_GROUPS} row groups has been reached"));
                    }
                    footer.row_groups.push(row_group(reader, kind)?);
                    Ok(())
                })
            }
            _ => reader.skip(kind),
        })?;
        for (there, field) in [(version, "1:FIELD<I32>"), (schema, "2:FIELD<LIST>"), (rows, "3:FIELD<I64>")] {
            if !there {
                return Err(format!("missing required field: {field}"));
            }
        }
        if groups { Ok(footer) } else { Err("missing required field: 4:FIELD<LIST>".to_owned()) }
    }
}

/// The bytes before the length and the mark at the end.
fn metadata(file: &[u8]) -> Result<&[u8], String> {
    let shown = |magic: &[u8]| quoted(&String::from_utf8_lossy(magic));
    let first = file.first_chunk::<4>().ok_or("reading magic header of parquet file: EOF")?;
    if first != MAGIC {
        return Err(format!("invalid magic header of parquet file: {}", shown(first)));
    }
    let negative = "bytes.Reader.ReadAt: negative offset";
    let (rest, last) = file
        .split_last_chunk::<8>()
        .ok_or_else(|| format!("reading magic footer of parquet file: {negative} (read: 0)"))?;
    let [a, b, c, d, magic @ ..] = last;
    if magic != MAGIC {
        return Err(format!("invalid magic footer of parquet file: {}", shown(magic)));
    }
    let length = usize::try_from(u32::from_le_bytes([*a, *b, *c, *d])).ok();
    let start = length.and_then(|length| rest.len().checked_sub(length));
    let start = start.ok_or_else(|| format!("reading footer of parquet file: {negative}"))?;
    rest.get(start..).ok_or_else(ends)
}

fn element(reader: &mut Thrift<'_>, kind: Kind) -> Result<Element, String> {
    let mut element = Element {
        name: Text::fixed(""),
        physical: None,
        length: None,
        repetition: 0,
        children: 0,
        converted: None,
        scale: None,
        precision: None,
        logical: None,
    };
    reader.structure(kind, |reader, number, kind| {
        match number {
            1 => element.physical = Some(reader.int32(kind)?),
            2 => element.length = Some(reader.int32(kind)?),
            3 => element.repetition = reader.int32(kind)?,
            4 => element.name = Text::of(reader.binary(kind)?),
            5 => element.children = reader.int32(kind)?,
            6 => element.converted = Some(reader.int32(kind)?),
            7 => element.scale = Some(reader.int32(kind)?),
            8 => element.precision = Some(reader.int32(kind)?),
            10 => element.logical = logical(reader, kind)?,
            _ => reader.skip(kind)?,
        }
        Ok(())
    })?;
    Ok(element)
}

fn logical(reader: &mut Thrift<'_>, kind: Kind) -> Result<Option<Logical>, String> {
    let mut logical = None;
    reader.structure(kind, |reader, number, kind| {
        logical = Some(match number {
            5 => Logical::Decimal { scale: decimal(reader, kind)? },
            7 => Logical::Time { millis: is_millis(reader, kind)? },
            10 => integer(reader, kind)?,
            plain => {
                reader.skip(kind)?;
                match plain {
                    1 | 4 | 13 | 17 | 18 => Logical::Text,
                    2 => Logical::Map,
                    3 => Logical::List,
                    6 => Logical::Date,
                    8 => Logical::Timestamp,
                    11 => Logical::Unknown,
                    12 => Logical::Json,
                    14 => Logical::Uuid,
                    _ => Logical::Other,
                }
            }
        });
        Ok(())
    })?;
    Ok(logical)
}

fn decimal(reader: &mut Thrift<'_>, kind: Kind) -> Result<i32, String> {
    let mut scale = 0;
    reader.structure(kind, |reader, number, kind| {
        match number {
            1 => scale = reader.int32(kind)?,
            _ => reader.skip(kind)?,
        }
        Ok(())
    })?;
    Ok(scale)
}

/// Whether the unit of a time of the day is the millisecond.
fn is_millis(reader: &mut Thrift<'_>, kind: Kind) -> Result<bool, String> {
    let mut millis = false;
    reader.structure(kind, |reader, number, kind| match number {
        2 => reader.structure(kind, |reader, number, kind| {
            millis = number == 1;
            reader.skip(kind)
        }),
        _ => reader.skip(kind),
    })?;
    Ok(millis)
}

fn integer(reader: &mut Thrift<'_>, kind: Kind) -> Result<Logical, String> {
    let (mut bits, mut signed) = (0, false);
    reader.structure(kind, |reader, number, kind| {
        match number {
            1 => bits = reader.integer(kind)?,
            2 => signed = reader.boolean(kind)?,
            _ => reader.skip(kind)?,
        }
        Ok(())
    })?;
    Ok(Logical::Integer { bits, signed })
}

fn row_group(reader: &mut Thrift<'_>, kind: Kind) -> Result<RowGroup, String> {
    let mut group = RowGroup::default();
    reader.structure(kind, |reader, number, kind| match number {
        1 => reader.list(kind, |reader, kind| {
            group.chunks.push(chunk(reader, kind)?);
            Ok(())
        }),
        _ => reader.skip(kind),
    })?;
    Ok(group)
}

fn chunk(reader: &mut Thrift<'_>, kind: Kind) -> Result<Chunk, String> {
    let mut chunk = Chunk::default();
    let mut is_described = false;
    reader.structure(kind, |reader, number, kind| match number {
        3 => reader.structure(kind, |reader, number, kind| {
            match number {
                4 => chunk.codec = reader.int32(kind)?,
                5 => chunk.values = reader.integer(kind)?,
                7 => chunk.size = reader.integer(kind)?,
                9 => {
                    chunk.data = reader.integer(kind)?;
                    is_described = true;
                }
                11 => chunk.dictionary = reader.integer(kind)?,
                _ => reader.skip(kind)?,
            }
            Ok(())
        }),
        _ => reader.skip(kind),
    })?;
    if is_described { Ok(chunk) } else { Err("missing required field: 9:FIELD<I64>".to_owned()) }
}
