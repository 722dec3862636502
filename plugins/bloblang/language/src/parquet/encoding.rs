//! The values of a page or of a dictionary.

use super::budget::{Budget, Span};
use super::delta;
use super::hybrid;
use super::schema::{Leaf, Meaning, Physical};
use super::shown::{Stored, cost, show};
use super::thrift::ends;
use crate::value::Value;

const PLAIN: i32 = 0;
const PLAIN_DICTIONARY: i32 = 2;
const RLE: i32 = 3;
const DELTA_BINARY_PACKED: i32 = 5;
const DELTA_LENGTH_BYTE_ARRAY: i32 = 6;
const DELTA_BYTE_ARRAY: i32 = 7;
const RLE_DICTIONARY: i32 = 8;
const BYTE_STREAM_SPLIT: i32 = 9;

/// What values of a column are decoded with.
#[derive(Debug)]
pub(super) struct Decoder<'c> {
    pub(super) leaf: &'c Leaf,
    /// In place of the meaning of the column itself.
    pub(super) meaning: Meaning,
    pub(super) dictionary: Option<&'c [Value]>,
    pub(super) budget: &'c mut Budget,
}

impl Decoder<'_> {
    /// The first `count` values, for which there must be room; what they are made of is taken off the budget.
    ///
    /// # Errors
    /// There are fewer, or values of this type are not encoded so.
    pub(super) fn decode(mut self, encoding: i32, bytes: &[u8], count: usize) -> Result<Vec<Value>, String> {
        if count == 0 {
            return Ok(Vec::new());
        }
        if let (Physical::Fixed(length), Meaning::InMap) = (self.leaf.physical, self.meaning) {
            self.budget.values(count.saturating_mul(length))?;
        }
        let values = match (encoding, self.leaf.physical) {
            (_, Physical::Nothing) => vec![Value::Null; count],
            (PLAIN_DICTIONARY | RLE_DICTIONARY, _) => self.indexed(bytes, count)?,
            (PLAIN, physical) => self.plain(physical, bytes, count)?,
            (RLE, Physical::Boolean) => booleans(bytes, count)?,
            (DELTA_BINARY_PACKED, Physical::Int32) => {
                let integers = delta::take(&mut &*bytes, count)?;
                self.each(count, integers.into_iter().map(|integer| Stored::Int32(low(integer))))?
            }
            (DELTA_BINARY_PACKED, Physical::Int64) => {
                let integers = delta::take(&mut &*bytes, count)?;
                self.each(count, integers.into_iter().map(Stored::Int64))?
            }
            (DELTA_LENGTH_BYTE_ARRAY, Physical::Bytes) => self.delta_lengths(bytes, count)?,
            (DELTA_BYTE_ARRAY, Physical::Bytes | Physical::Fixed(_)) => self.delta_bytes(bytes, count)?,
            (BYTE_STREAM_SPLIT, Physical::Float) => self.split::<4>(bytes, count)?,
            (BYTE_STREAM_SPLIT, Physical::Double) => self.split::<8>(bytes, count)?,
            (0..=9, physical) => {
                return Err(format!("encoding not supported for type {}", physical.name()));
            }
            _ => return Err("encoding not supported".to_owned()),
        };
        if values.len() < count {
            return Err(format!("expected {count} values but got only {}", values.len()));
        }
        if self.meaning == Meaning::Json {
            // Each becomes a document of its own, also where all come from one entry of a dictionary.
            for value in &values {
                self.budget.made(value.size() as usize)?;
            }
        }
        Ok(values)
    }

    /// The values of a dictionary, which are plain.
    pub(super) fn decode_dictionary(
        self,
        encoding: i32,
        bytes: &[u8],
        count: usize,
    ) -> Result<Vec<Value>, String> {
        self.decode(if encoding == PLAIN_DICTIONARY { PLAIN } else { encoding }, bytes, count)
    }

    fn show(&mut self, stored: Stored<'_>) -> Result<Value, String> {
        self.budget.hold(Span::File, cost(stored, self.meaning))?;
        show(stored, self.meaning)
    }

    fn each<'b>(
        &mut self,
        count: usize,
        stored: impl Iterator<Item = Stored<'b>>,
    ) -> Result<Vec<Value>, String> {
        let mut values = Vec::with_capacity(count);
        for stored in stored.take(count) {
            values.push(self.show(stored)?);
        }
        Ok(values)
    }

    fn indexed(&self, bytes: &[u8], count: usize) -> Result<Vec<Value>, String> {
        let dictionary = self.dictionary.ok_or("missing page header")?;
        let (width, rest) = bytes.split_first().ok_or_else(ends)?;
        let indexes = hybrid::read(rest, u32::from(*width), count)
            .map_err(|error| format!("RLE_DICTIONARY: {error}"))?;
        let mut values = Vec::with_capacity(indexes.len());
        for index in indexes {
            let value = usize::try_from(index).ok().and_then(|index| dictionary.get(index));
            let size = dictionary.len();
            values.push(
                value
                    .cloned()
                    .ok_or_else(|| format!("index {index} is not in a dictionary of {size} values"))?,
            );
        }
        Ok(values)
    }

    fn plain(&mut self, physical: Physical, bytes: &[u8], count: usize) -> Result<Vec<Value>, String> {
        let mut fixed = |length: usize, stored: fn(&[u8]) -> Stored<'_>| {
            self.each(count, bytes.chunks_exact(length).map(stored))
        };
        match physical {
            Physical::Boolean => {
                let mut values = Vec::with_capacity(count);
                values.extend(bits(bytes).take(count).map(Value::Bool));
                Ok(values)
            }
            Physical::Int32 => fixed(4, |chunk| Stored::Int32(i32::from_le_bytes(array(chunk)))),
            Physical::Int64 => fixed(8, |chunk| Stored::Int64(i64::from_le_bytes(array(chunk)))),
            Physical::Int96 => fixed(12, |chunk| Stored::Int96(array(chunk))),
            Physical::Float => fixed(4, |chunk| Stored::Float(f32::from_le_bytes(array(chunk)))),
            Physical::Double => fixed(8, |chunk| Stored::Double(f64::from_le_bytes(array(chunk)))),
            Physical::Fixed(length) => fixed(length.max(1), |chunk| Stored::Fixed(chunk)),
            Physical::Bytes => self.plain_bytes(bytes, count),
            Physical::Nothing => Ok(Vec::new()),
        }
    }

    /// Every value behind its length.
    fn plain_bytes(&mut self, bytes: &[u8], count: usize) -> Result<Vec<Value>, String> {
        let mut rest = bytes;
        let mut values = Vec::with_capacity(count);
        let short = |length: usize| {
            format!(
                "input of length {length} is too short to contain a PLAIN encoded byte array value: {}",
                ends()
            )
        };
        while values.len() < count && !rest.is_empty() {
            let (length, after) = rest.split_first_chunk::<4>().ok_or_else(|| short(rest.len()))?;
            let length = usize::try_from(u32::from_le_bytes(*length)).unwrap_or(usize::MAX);
            let (value, after) = after.split_at_checked(length).ok_or_else(|| short(after.len()))?;
            values.push(self.show(Stored::Bytes(value))?);
            rest = after;
        }
        Ok(values)
    }

    /// All lengths, and then all values.
    fn delta_lengths(&mut self, bytes: &[u8], count: usize) -> Result<Vec<Value>, String> {
        let mut rest = bytes;
        let mut values = Vec::with_capacity(count);
        for length in delta::take(&mut rest, count)? {
            let value = take(&mut rest, length)?;
            values.push(self.show(Stored::Bytes(value))?);
        }
        Ok(values)
    }

    /// How much of the value before is repeated, and what follows that.
    fn delta_bytes(&mut self, bytes: &[u8], count: usize) -> Result<Vec<Value>, String> {
        let mut rest = bytes;
        let prefixes = delta::take(&mut rest, count)?;
        let lengths = delta::take(&mut rest, count)?;
        let mut values = Vec::with_capacity(count);
        let mut last = Vec::new();
        for (prefix, length) in prefixes.into_iter().zip(lengths) {
            let kept =
                usize::try_from(prefix).map_err(|_| format!("invalid negative prefix length: {prefix}"))?;
            if kept > last.len() {
                let error =
                    format!("prefix length {prefix} is larger than the last value of size {}", last.len());
                return Err(error);
            }
            last.truncate(kept);
            last.extend_from_slice(take(&mut rest, length)?);
            self.budget.made(last.len())?;
            values.push(match self.leaf.physical {
                Physical::Fixed(length) if length != last.len() => {
                    return Err(format!("a value has {} bytes instead of {length}", last.len()));
                }
                Physical::Fixed(_) => self.show(Stored::Fixed(&last))?,
                _ => self.show(Stored::Bytes(&last))?,
            });
        }
        Ok(values)
    }

    /// The first bytes of all values, then the second bytes, and so on.
    fn split<const N: usize>(&mut self, bytes: &[u8], count: usize) -> Result<Vec<Value>, String> {
        let length = bytes.len() / N;
        let physical = self.leaf.physical;
        let values = (0..length).map(|index| {
            let mut value = [0; N];
            for (place, byte) in value.iter_mut().enumerate() {
                *byte = bytes.get(place * length + index).copied().unwrap_or_default();
            }
            match physical {
                Physical::Float => Stored::Float(f32::from_le_bytes(array(&value))),
                _ => Stored::Double(f64::from_le_bytes(array(&value))),
            }
        });
        self.each(count, values)
    }
}

fn bits(bytes: &[u8]) -> impl Iterator<Item = bool> {
    bytes.iter().flat_map(|byte| (0..8).map(move |bit| byte >> bit & 1 == 1))
}

/// Behind the length of what they take.
fn booleans(bytes: &[u8], count: usize) -> Result<Vec<Value>, String> {
    let (length, rest) = bytes
        .split_first_chunk::<4>()
        .ok_or_else(|| format!("RLE: input shorter than 4 bytes: {}", ends()))?;
    let length = usize::try_from(u32::from_le_bytes(*length)).unwrap_or(usize::MAX);
    let runs = rest.get(..length).ok_or_else(|| {
        format!("RLE: input shorter than length prefix: {} < {length}: {}", rest.len(), ends())
    })?;
    let bits = hybrid::read(runs, 1, count).map_err(|error| format!("RLE: {error}"))?;
    Ok(bits.into_iter().map(|bit| Value::Bool(bit == 1)).collect())
}

fn take<'b>(rest: &mut &'b [u8], length: i64) -> Result<&'b [u8], String> {
    let size = usize::try_from(length).map_err(|_| format!("invalid negative value length: {length}"))?;
    let (taken, after) = rest
        .split_at_checked(size)
        .ok_or_else(|| format!("value length is larger than the input size: {length} > {}", rest.len()))?;
    *rest = after;
    Ok(taken)
}

/// The low half; sums of 32 bits may have been carried over.
#[expect(clippy::cast_possible_truncation, reason = "the high half is what was carried over")]
fn low(integer: i64) -> i32 {
    integer as i32
}

/// The bytes of a chunk of that length.
fn array<const N: usize>(chunk: &[u8]) -> [u8; N] {
    chunk.first_chunk().copied().unwrap_or([0; N])
}
