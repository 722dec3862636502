//! Values of columns, collected for one batch.

use bytes::Bytes;
use parquet::basic::Type as Physical;
use parquet::column::writer::ColumnWriter;
use parquet::data_type::{ByteArray, FixedLenByteArray};
use parquet::errors::Result;

use crate::leaf::Leaf;

/// Where in its row a value stands.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Levels {
    pub(super) definition: i16,
    pub(super) repetition: i16,
}

/// What one column gets of a batch.
#[derive(Debug)]
pub(super) struct Column {
    pub(super) leaf: Leaf,
    /// The levels of a value that is there, and of one that begins no row at most.
    most: Levels,
    values: Values,
    definitions: Vec<i16>,
    repetitions: Vec<i16>,
}

#[derive(Debug)]
enum Values {
    Bool(Vec<bool>),
    Int32(Vec<i32>),
    Int64(Vec<i64>),
    Float(Vec<f32>),
    Double(Vec<f64>),
    /// All bytes one after the other, and where each value ends.
    Bytes(Vec<u8>, Vec<usize>),
    Fixed(Vec<u8>, Vec<usize>),
}

/// A value on its way to its column.
#[derive(Clone, Copy, Debug)]
pub(super) enum Value<'v> {
    Bool(bool),
    Int(i64),
    Float(f64),
    Bytes(&'v [u8]),
}

/// How much a column holds, to return to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mark {
    values: usize,
    levels: usize,
}

impl Column {
    pub(super) fn new(leaf: Leaf, most: Levels) -> Self {
        let values = match leaf.physical() {
            Physical::BOOLEAN => Values::Bool(Vec::new()),
            Physical::INT32 => Values::Int32(Vec::new()),
            Physical::FLOAT => Values::Float(Vec::new()),
            Physical::DOUBLE => Values::Double(Vec::new()),
            Physical::BYTE_ARRAY => Values::Bytes(Vec::new(), Vec::new()),
            Physical::FIXED_LEN_BYTE_ARRAY => Values::Fixed(Vec::new(), Vec::new()),
            Physical::INT64 | Physical::INT96 => Values::Int64(Vec::new()),
        };
        Self { leaf, most, values, definitions: Vec::new(), repetitions: Vec::new() }
    }

    /// Adds a value; one of another type than the column's is refused by whoever made it.
    pub(super) fn push(&mut self, value: Value<'_>, levels: Levels) {
        match (&mut self.values, value) {
            (Values::Bool(values), Value::Bool(value)) => values.push(value),
            // Unsigned numbers lie in the same bits.
            #[expect(clippy::cast_possible_truncation, reason = "the range was looked at")]
            (Values::Int32(values), Value::Int(value)) => values.push(value as i32),
            (Values::Int64(values), Value::Int(value)) => values.push(value),
            #[expect(clippy::cast_possible_truncation, reason = "the column is as precise as its type")]
            (Values::Float(values), Value::Float(value)) => values.push(value as f32),
            (Values::Double(values), Value::Float(value)) => values.push(value),
            (Values::Bytes(bytes, ends) | Values::Fixed(bytes, ends), Value::Bytes(value)) => {
                bytes.extend_from_slice(value);
                ends.push(bytes.len());
            }
            (values, value) => debug_assert!(false, "{value:?} for {values:?}"),
        }
        self.level(levels);
    }

    /// Says that there is no value.
    pub(super) fn push_null(&mut self, levels: Levels) {
        self.level(levels);
    }

    fn level(&mut self, levels: Levels) {
        if self.most.definition > 0 {
            self.definitions.push(levels.definition);
        }
        if self.most.repetition > 0 {
            self.repetitions.push(levels.repetition);
        }
    }

    pub(super) fn mark(&self) -> Mark {
        let values = match &self.values {
            Values::Bool(values) => values.len(),
            Values::Int32(values) => values.len(),
            Values::Int64(values) => values.len(),
            Values::Float(values) => values.len(),
            Values::Double(values) => values.len(),
            Values::Bytes(_, ends) | Values::Fixed(_, ends) => ends.len(),
        };
        Mark { values, levels: self.definitions.len().max(self.repetitions.len()) }
    }

    /// Takes back what was pushed after a mark.
    pub(super) fn truncate(&mut self, mark: Mark) {
        match &mut self.values {
            Values::Bool(values) => values.truncate(mark.values),
            Values::Int32(values) => values.truncate(mark.values),
            Values::Int64(values) => values.truncate(mark.values),
            Values::Float(values) => values.truncate(mark.values),
            Values::Double(values) => values.truncate(mark.values),
            Values::Bytes(bytes, ends) | Values::Fixed(bytes, ends) => {
                ends.truncate(mark.values);
                bytes.truncate(ends.last().copied().unwrap_or_default());
            }
        }
        self.definitions.truncate(mark.levels);
        self.repetitions.truncate(mark.levels);
    }

    /// Hands everything to the writer of the column, and is empty then.
    pub(super) fn drain_into(&mut self, writer: &mut ColumnWriter<'_>) -> Result<()> {
        let definitions = (self.most.definition > 0).then_some(self.definitions.as_slice());
        let repetitions = (self.most.repetition > 0).then_some(self.repetitions.as_slice());
        match (&mut self.values, writer) {
            (Values::Bool(values), ColumnWriter::BoolColumnWriter(writer)) => {
                writer.write_batch(values, definitions, repetitions)?;
                values.clear();
            }
            (Values::Int32(values), ColumnWriter::Int32ColumnWriter(writer)) => {
                writer.write_batch(values, definitions, repetitions)?;
                values.clear();
            }
            (Values::Int64(values), ColumnWriter::Int64ColumnWriter(writer)) => {
                writer.write_batch(values, definitions, repetitions)?;
                values.clear();
            }
            (Values::Float(values), ColumnWriter::FloatColumnWriter(writer)) => {
                writer.write_batch(values, definitions, repetitions)?;
                values.clear();
            }
            (Values::Double(values), ColumnWriter::DoubleColumnWriter(writer)) => {
                writer.write_batch(values, definitions, repetitions)?;
                values.clear();
            }
            (Values::Bytes(bytes, ends), ColumnWriter::ByteArrayColumnWriter(writer)) => {
                let values: Vec<ByteArray> = cut(bytes, ends).map(ByteArray::from).collect();
                writer.write_batch(&values, definitions, repetitions)?;
            }
            (Values::Fixed(bytes, ends), ColumnWriter::FixedLenByteArrayColumnWriter(writer)) => {
                let values: Vec<FixedLenByteArray> =
                    cut(bytes, ends).map(|value| FixedLenByteArray::from(ByteArray::from(value))).collect();
                writer.write_batch(&values, definitions, repetitions)?;
            }
            _ => debug_assert!(false, "the column has another type in the file"),
        }
        self.definitions.clear();
        self.repetitions.clear();
        Ok(())
    }
}

/// The values as slices of the memory that they share.
fn cut(bytes: &mut Vec<u8>, ends: &mut Vec<usize>) -> impl Iterator<Item = Bytes> {
    let all = Bytes::from(std::mem::take(bytes));
    let mut start = 0;
    std::mem::take(ends).into_iter().map(move |end| {
        let value = all.slice(start..end);
        start = end;
        value
    })
}
