use std::ops::Range;

use crate::{ENTRY_BYTES, HEADER_BYTES, LayoutError, Metadata, Nulls, Payload, Sparse, narrow, u32_at, wide};

const MAGIC: u32 = u32::from_le_bytes(*b"FBC1");
const INDEPENDENT: u32 = 1;
const NAME: &str = "header";
/// Ids are bits of a mask.
const MOST_COLUMNS: u32 = 32;

/// The id of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ColumnId(u32);

impl ColumnId {
    pub const PAYLOAD: Self = Self(1);
    pub const NULLS: Self = Self(2);
    pub const METADATA: Self = Self(3);
    pub const ERRORS: Self = Self(4);
    pub const TRACES: Self = Self(5);

    /// The id as the layout stores it.
    #[must_use]
    pub fn number(self) -> u32 {
        self.0
    }

    /// The bit of this column in a mask of columns.
    #[must_use]
    pub fn bit(self) -> u32 {
        1 << self.0
    }
}

/// The mask of several columns.
#[must_use]
pub fn mask(columns: &[ColumnId]) -> u32 {
    columns.iter().fold(0, |mask, column| mask | column.bit())
}

/// One column of a block: its id and where it lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub id: ColumnId,
    pub range: Range<usize>,
}

/// A batch in the layout of columns, with its header checked.
#[derive(Debug, Clone)]
pub struct Block<'a> {
    bytes: &'a [u8],
    messages: u32,
    independent: bool,
    columns: Vec<Entry>,
}

impl<'a> Block<'a> {
    /// Checks the header. The columns are checked when they are looked at, or all at once by
    /// [`Block::check`].
    ///
    /// # Errors
    /// When the header is not one, or a column lies outside or is out of order.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, LayoutError> {
        let short = || LayoutError::new(NAME, format!("{} bytes are too few", bytes.len()));
        if bytes.len() < HEADER_BYTES {
            return Err(short());
        }
        if u32_at(bytes, 0) != MAGIC {
            return Err(LayoutError::new(NAME, "the magic number is not FBC1"));
        }
        let (messages, count, flags) = (u32_at(bytes, 4), u32_at(bytes, 8), u32_at(bytes, 12));
        if flags & !INDEPENDENT != 0 {
            return Err(LayoutError::new(NAME, format!("unknown flags {flags:#x}")));
        }
        if count > MOST_COLUMNS || bytes.len() < HEADER_BYTES + wide(count) * ENTRY_BYTES {
            return Err(short());
        }
        let mut columns = Vec::with_capacity(wide(count));
        let mut least = 1;
        for index in 0..wide(count) {
            let at = HEADER_BYTES + index * ENTRY_BYTES;
            let (id, offset, length) = (u32_at(bytes, at), u32_at(bytes, at + 4), u32_at(bytes, at + 8));
            if id < least || id >= MOST_COLUMNS {
                return Err(LayoutError::new(NAME, format!("column id {id} is out of order or range")));
            }
            least = id + 1;
            let range = wide(offset)..wide(offset).saturating_add(wide(length));
            if range.end > bytes.len() || offset % 8 != 0 {
                return Err(LayoutError::new(
                    NAME,
                    format!("column {id} lies at {range:?} of {}", bytes.len()),
                ));
            }
            columns.push(Entry { id: ColumnId(id), range });
        }
        Ok(Self { bytes, messages, independent: flags & INDEPENDENT != 0, columns })
    }

    /// Checks every column whose layout is known.
    ///
    /// # Errors
    /// The first column that breaks it.
    pub fn check(&self) -> Result<(), LayoutError> {
        if self.column(ColumnId::PAYLOAD).is_some() {
            self.payload()?;
        }
        self.nulls()?;
        self.metadata()?;
        self.errors()?;
        self.traces()?;
        Ok(())
    }

    #[must_use]
    pub fn messages(&self) -> u32 {
        self.messages
    }

    #[must_use]
    pub fn independent(&self) -> bool {
        self.independent
    }

    /// Where every column lies.
    #[must_use]
    pub fn columns(&self) -> &[Entry] {
        &self.columns
    }

    /// The bytes of a column.
    #[must_use]
    pub fn column(&self, id: ColumnId) -> Option<&'a [u8]> {
        self.columns.iter().find(|entry| entry.id == id).map(|entry| &self.bytes[entry.range.clone()])
    }

    /// The payload column.
    ///
    /// # Errors
    /// When it is malformed or there is none.
    pub fn payload(&self) -> Result<Payload<'a>, LayoutError> {
        let column = self
            .column(ColumnId::PAYLOAD)
            .ok_or_else(|| LayoutError::new("payload", "the column is missing"))?;
        Payload::parse(column, self.messages)
    }

    /// The nulls column, if there is one.
    ///
    /// # Errors
    /// When it is malformed.
    pub fn nulls(&self) -> Result<Option<Nulls<'a>>, LayoutError> {
        self.column(ColumnId::NULLS).map(|column| Nulls::parse(column, self.messages)).transpose()
    }

    /// The metadata column; an empty one when there is none.
    ///
    /// # Errors
    /// When it is malformed.
    pub fn metadata(&self) -> Result<Metadata<'a>, LayoutError> {
        match self.column(ColumnId::METADATA) {
            Some(column) => Metadata::parse(column, self.messages),
            None => Ok(Metadata::EMPTY),
        }
    }

    /// The errors column, if there is one.
    ///
    /// # Errors
    /// When it is malformed.
    pub fn errors(&self) -> Result<Option<Sparse<'a>>, LayoutError> {
        self.sparse("errors", ColumnId::ERRORS)
    }

    /// The traces column, if there is one.
    ///
    /// # Errors
    /// When it is malformed.
    pub fn traces(&self) -> Result<Option<Sparse<'a>>, LayoutError> {
        self.sparse("traces", ColumnId::TRACES)
    }

    fn sparse(&self, name: &'static str, id: ColumnId) -> Result<Option<Sparse<'a>>, LayoutError> {
        self.column(id).map(|column| Sparse::parse(name, column, self.messages)).transpose()
    }
}

/// Writes the header and the table of columns to the front of `buffer`, which has room for them
/// and holds the columns already.
pub(crate) fn write_header(buffer: &mut [u8], messages: u32, independent: bool, columns: &[Entry]) {
    let flags = if independent { INDEPENDENT } else { 0 };
    let mut numbers = vec![MAGIC, messages, narrow(columns.len()), flags];
    for Entry { id, range } in columns {
        numbers.extend([id.0, narrow(range.start), narrow(range.len()), 0]);
    }
    for (slot, number) in buffer.chunks_exact_mut(4).zip(numbers) {
        slot.copy_from_slice(&number.to_le_bytes());
    }
}

/// A block of columns that exist already, in rising order of their ids.
#[must_use]
pub fn assemble(messages: u32, independent: bool, columns: &[(ColumnId, &[u8])]) -> Vec<u8> {
    let header = HEADER_BYTES + columns.len() * ENTRY_BYTES;
    let total = columns.iter().fold(header, |total, (_, bytes)| total.next_multiple_of(8) + bytes.len());
    let mut buffer = Vec::with_capacity(total);
    buffer.resize(header, 0);
    let mut entries = Vec::with_capacity(columns.len());
    for (id, bytes) in columns {
        buffer.resize(buffer.len().next_multiple_of(8), 0);
        entries.push(Entry { id: *id, range: buffer.len()..buffer.len() + bytes.len() });
        buffer.extend_from_slice(bytes);
    }
    write_header(&mut buffer, messages, independent, &entries);
    buffer
}
