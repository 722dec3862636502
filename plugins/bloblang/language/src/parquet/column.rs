//! The values of a column in a row group.

use super::budget::{Budget, Span};
use super::encoding::Decoder;
use super::footer::Chunk;
use super::hybrid;
use super::page::{Codec, Data, Data2, Header, content};
use super::schema::{Leaf, Meaning};
use super::thrift::{Thrift, ends};
use crate::hashing::Polynomial;
use crate::value::{Value, quoted};

const DATA: i32 = 0;
const DICTIONARY: i32 = 2;
const DATA2: i32 = 3;

/// Levels that are written in runs, the only way that is in use.
const RLE: i32 = 3;

/// What is held of each value while a page is read: two integers or an index, two levels, and the value.
const READING: usize = 2 * size_of::<i64>() + size_of::<u32>() + 2 + size_of::<Value>();

/// All values of a column, nulls included.
#[derive(Debug)]
pub(super) struct Column {
    pub(super) entries: Vec<Entry>,
}

/// A value, or that there is none, with its place in nested arrays and groups.
#[derive(Debug)]
pub(super) struct Entry {
    /// How many of the arrays around it go on; at zero a row begins.
    pub(super) repetition: u8,
    /// How many of the nodes around it are there, of those that may be missing.
    pub(super) definition: u8,
    pub(super) value: Value,
}

/// What is wrong with a column.
#[derive(Debug)]
pub(super) enum Mistake {
    Page(usize, String),
    Checksum { wanted: u32, got: u32 },
    Other(String),
}

impl Mistake {
    /// The text, for a column with that path.
    pub(super) fn text(self, path: &str) -> String {
        match self {
            Self::Page(page, error) => format!("decoding page {page} of column {}: {error}", quoted(path)),
            Self::Checksum { wanted, got } => format!(
                "crc32 checksum mismatch in page of column {}: want=0x{wanted:08X} got=0x{got:08X}: corrupted parquet page",
                quoted(path)
            ),
            Self::Other(error) => error,
        }
    }
}

impl From<String> for Mistake {
    fn from(error: String) -> Self {
        Self::Other(error)
    }
}

impl Column {
    /// Reads the pages of a chunk. `meaning` is in place of the meaning of the column itself.
    pub(super) fn read(
        file: &[u8],
        chunk: &Chunk,
        leaf: &Leaf,
        meaning: Meaning,
        budget: &mut Budget,
    ) -> Result<Self, Mistake> {
        let mut rest = section(file, chunk)?;
        let left = usize::try_from(chunk.values).unwrap_or_default();
        budget.hold(Span::RowGroup, left.saturating_mul(size_of::<Entry>()))?;
        let mut pages = Pages {
            leaf,
            meaning,
            codec: Codec(chunk.codec),
            left,
            dictionary: None,
            entries: Vec::with_capacity(left),
        };
        let mut page = usize::from(chunk.dictionary > 0);
        while !rest.is_empty() {
            let before = rest.len();
            let mut reader = Thrift::new(rest);
            let header = Header::read(&mut reader)?;
            rest = reader.rest();
            let bytes = content(&mut rest, &header)?;
            budget.stored(before - rest.len())?;
            let (wanted, got) = (header.checksum.cast_unsigned(), Polynomial::Ieee.checksum(bytes));
            if wanted != 0 && wanted != got {
                return Err(Mistake::Checksum { wanted, got });
            }
            pages.read(&header, bytes, budget).map_err(|error| Mistake::Page(page, error))?;
            budget.end_page();
            page += usize::from(header.kind != DICTIONARY);
        }
        Ok(Self { entries: pages.entries })
    }
}

/// The bytes of a chunk, which begin with its dictionary if it has one.
fn section<'f>(file: &'f [u8], chunk: &Chunk) -> Result<&'f [u8], Mistake> {
    let start = if chunk.dictionary == 0 { chunk.data } else { chunk.dictionary };
    if chunk.data < start {
        return Err(Mistake::Other("Seek: invalid offset".to_owned()));
    }
    let rest = usize::try_from(start).ok().and_then(|start| file.get(start..)).ok_or("EOF".to_owned())?;
    let size = usize::try_from(chunk.size).unwrap_or_default();
    Ok(rest.get(..size).unwrap_or(rest))
}

/// What has been read of a chunk.
struct Pages<'c> {
    leaf: &'c Leaf,
    meaning: Meaning,
    codec: Codec,
    /// As many values may follow.
    left: usize,
    dictionary: Option<Vec<Value>>,
    entries: Vec<Entry>,
}

impl Pages<'_> {
    fn read(&mut self, header: &Header, bytes: &[u8], budget: &mut Budget) -> Result<(), String> {
        let missing = "missing page header";
        match header.kind {
            DATA => {
                let page = header.data.ok_or(missing)?;
                let bytes = self.codec.decompress(bytes, budget);
                let bytes = bytes.map_err(|error| format!("decompressing data page v1: {error}"))?;
                self.data(page, &bytes, budget)
            }
            DATA2 => self.data2(header.data2.ok_or(missing)?, bytes, budget),
            // Of several dictionaries the first counts.
            DICTIONARY if self.dictionary.is_some() => Ok(()),
            DICTIONARY => {
                let page = header.dictionary.ok_or(missing)?;
                let bytes = self.codec.decompress(bytes, budget);
                let bytes = bytes.map_err(|error| format!("decompressing dictionary page: {error}"))?;
                let count = counted(page.values)?;
                budget.values(count)?;
                budget.hold(Span::Page, count.saturating_mul(READING))?;
                budget.hold(Span::RowGroup, count.saturating_mul(size_of::<Value>()))?;
                let values = self.decoder(budget).decode_dictionary(page.encoding, &bytes, count)?;
                self.dictionary = Some(values);
                Ok(())
            }
            other => {
                let name = if other == 1 { "INDEX_PAGE".to_owned() } else { other.to_string() };
                Err(format!("cannot read values of type {name} from page"))
            }
        }
    }

    fn decoder<'p>(&'p self, budget: &'p mut Budget) -> Decoder<'p> {
        Decoder { leaf: self.leaf, meaning: self.meaning, dictionary: self.dictionary.as_deref(), budget }
    }

    fn data(&mut self, page: Data, bytes: &[u8], budget: &mut Budget) -> Result<(), String> {
        let count = self.count(page.values, budget)?;
        let mut rest = bytes;
        let mut levels = |what: &str, encoding: i32, most: u8| {
            if most == 0 {
                return Ok(Vec::new());
            }
            let error = |error| format!("decoding {what} levels of data page v1: {error}");
            let (length, after) = rest.split_first_chunk::<4>().ok_or_else(ends).map_err(error)?;
            let length = usize::try_from(u32::from_le_bytes(*length)).unwrap_or(usize::MAX);
            let (bytes, after) = after.split_at_checked(length).ok_or_else(ends).map_err(error)?;
            rest = after;
            read_levels(encoding, bytes, most, count).map_err(error)
        };
        let repetitions = levels("repetition", page.repetitions, self.leaf.repetitions)?;
        let definitions = levels("definition", page.definitions, self.leaf.definitions)?;
        self.values(page.encoding, rest, &Levels { count, repetitions, definitions }, budget)
    }

    fn data2(&mut self, page: Data2, bytes: &[u8], budget: &mut Budget) -> Result<(), String> {
        let count = self.count(page.values, budget)?;
        let mut rest = bytes;
        let mut levels = |what: &str, length: i32, most: u8| {
            let error = |error| format!("decoding {what} levels of data page v2: {error}");
            let length = usize::try_from(length).map_err(|_| error(ends()))?;
            let (bytes, after) = rest.split_at_checked(length).ok_or_else(|| error(ends()))?;
            rest = after;
            if most == 0 || length == 0 {
                return Ok(Vec::new());
            }
            read_levels(RLE, bytes, most, count).map_err(error)
        };
        let repetitions = levels("repetition", page.repetitions, self.leaf.repetitions)?;
        let definitions = levels("definition", page.definitions, self.leaf.definitions)?;
        if count > 0 && counted(page.nulls)? > count {
            return Err(format!("{} of {count} values are null", page.nulls));
        }
        let codec = if page.compressed { self.codec } else { Codec(0) };
        let bytes = codec.decompress(rest, budget);
        let bytes = bytes.map_err(|error| format!("decompressing data page v2: {error}"))?;
        self.values(page.encoding, &bytes, &Levels { count, repetitions, definitions }, budget)
    }

    /// The values of a page, which must be among those that the chunk has.
    fn count(&mut self, values: i32, budget: &mut Budget) -> Result<usize, String> {
        let count = counted(values)?;
        self.left = self.left.checked_sub(count).ok_or("pages have more values than their column")?;
        budget.values(count)?;
        budget.hold(Span::Page, count.saturating_mul(READING))?;
        Ok(count)
    }

    fn values(
        &mut self,
        encoding: i32,
        bytes: &[u8],
        levels: &Levels,
        budget: &mut Budget,
    ) -> Result<(), String> {
        let Levels { count, repetitions, definitions } = levels;
        let most = self.leaf.definitions;
        // Levels that a page leaves out are zero.
        let definition = |index: usize| definitions.get(index).copied().unwrap_or_default();
        let there = (0..*count).filter(|index| definition(*index) == most).count();
        let mut values = self.decoder(budget).decode(encoding, bytes, there)?.into_iter();
        for index in 0..*count {
            let definition = definition(index);
            let value = if definition == most { values.next().unwrap_or(Value::Null) } else { Value::Null };
            let repetition = repetitions.get(index).copied().unwrap_or_default();
            self.entries.push(Entry { repetition, definition, value });
        }
        Ok(())
    }
}

/// The levels of the values of a page; empty where all are zero.
struct Levels {
    count: usize,
    repetitions: Vec<u8>,
    definitions: Vec<u8>,
}

fn counted(values: i32) -> Result<usize, String> {
    usize::try_from(values).map_err(|_| format!("a page has {values} values"))
}

fn read_levels(encoding: i32, bytes: &[u8], most: u8, count: usize) -> Result<Vec<u8>, String> {
    if encoding != RLE {
        return Err("encoding not supported".to_owned());
    }
    let width = u8::BITS - most.leading_zeros();
    let levels = hybrid::read(bytes, width, count).map_err(|error| format!("RLE: {error}"))?;
    if levels.len() < count {
        return Err(format!("decoding level expected {count} values but got only {}", levels.len()));
    }
    let mut narrow = Vec::with_capacity(count);
    for level in levels {
        match u8::try_from(level) {
            Ok(level) if level <= most => narrow.push(level),
            _ => return Err(format!("level {level} is higher than {most}")),
        }
    }
    Ok(narrow)
}
