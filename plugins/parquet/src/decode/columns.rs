//! Columns of a row group, read some rows at a time.

use parquet::column::reader::ColumnReader;
use parquet::data_type::{ByteArray, FixedLenByteArray, Int96};
use parquet::errors::Result;

use super::render::{self, Render};

/// A column, and where in what was read of it the next value is.
pub(super) struct Column {
    reader: ColumnReader,
    most_definition: i16,
    definitions: Vec<i16>,
    repetitions: Vec<i16>,
    values: Values,
    level: usize,
    value: usize,
    /// How many levels there are: values, where all are there.
    levels: usize,
}

enum Values {
    Bool(Vec<bool>),
    Int32(Vec<i32>),
    Int64(Vec<i64>),
    Int96(Vec<Int96>),
    Float(Vec<f32>),
    Double(Vec<f64>),
    Bytes(Vec<ByteArray>),
    Fixed(Vec<FixedLenByteArray>),
}

impl Column {
    pub(super) fn new(reader: ColumnReader, most_definition: i16) -> Self {
        let values = match &reader {
            ColumnReader::BoolColumnReader(_) => Values::Bool(Vec::new()),
            ColumnReader::Int32ColumnReader(_) => Values::Int32(Vec::new()),
            ColumnReader::Int64ColumnReader(_) => Values::Int64(Vec::new()),
            ColumnReader::Int96ColumnReader(_) => Values::Int96(Vec::new()),
            ColumnReader::FloatColumnReader(_) => Values::Float(Vec::new()),
            ColumnReader::DoubleColumnReader(_) => Values::Double(Vec::new()),
            ColumnReader::ByteArrayColumnReader(_) => Values::Bytes(Vec::new()),
            ColumnReader::FixedLenByteArrayColumnReader(_) => Values::Fixed(Vec::new()),
        };
        let (definitions, repetitions) = (Vec::new(), Vec::new());
        Self { reader, most_definition, definitions, repetitions, values, level: 0, value: 0, levels: 0 }
    }

    /// Reads the values of the next rows; how many rows that were.
    pub(super) fn read(&mut self, rows: usize) -> Result<usize> {
        self.definitions.clear();
        self.repetitions.clear();
        (self.level, self.value) = (0, 0);
        let (definitions, repetitions) = (Some(&mut self.definitions), Some(&mut self.repetitions));
        macro_rules! read {
            ($reader:ident, $values:ident) => {{
                $values.clear();
                $reader.read_records(rows, definitions, repetitions, $values)?
            }};
        }
        let (rows, _, levels) = match (&mut self.reader, &mut self.values) {
            (ColumnReader::BoolColumnReader(reader), Values::Bool(values)) => read!(reader, values),
            (ColumnReader::Int32ColumnReader(reader), Values::Int32(values)) => read!(reader, values),
            (ColumnReader::Int64ColumnReader(reader), Values::Int64(values)) => read!(reader, values),
            (ColumnReader::Int96ColumnReader(reader), Values::Int96(values)) => read!(reader, values),
            (ColumnReader::FloatColumnReader(reader), Values::Float(values)) => read!(reader, values),
            (ColumnReader::DoubleColumnReader(reader), Values::Double(values)) => read!(reader, values),
            (ColumnReader::ByteArrayColumnReader(reader), Values::Bytes(values)) => read!(reader, values),
            (ColumnReader::FixedLenByteArrayColumnReader(reader), Values::Fixed(values)) => {
                read!(reader, values)
            }
            _ => (0, 0, 0),
        };
        self.levels = levels;
        Ok(rows)
    }

    /// The definition level of the next place; none where there is no more.
    pub(super) fn definition(&self) -> Option<i16> {
        if self.level >= self.levels {
            return None;
        }
        Some(self.definitions.get(self.level).copied().unwrap_or(self.most_definition))
    }

    /// Its repetition level.
    pub(super) fn repetition(&self) -> Option<i16> {
        if self.level >= self.levels {
            return None;
        }
        Some(self.repetitions.get(self.level).copied().unwrap_or_default())
    }

    /// Goes over a place without a value.
    pub(super) fn skip(&mut self) {
        self.level += 1;
    }

    /// Writes the value of the next place. False if there is none, which no file has that is whole.
    pub(super) fn write(&mut self, render: Render, out: &mut Vec<u8>) -> bool {
        let at = self.value;
        match &self.values {
            Values::Bool(values) => {
                let Some(value) = values.get(at) else { return false };
                out.extend_from_slice(if *value { b"true" } else { b"false" });
            }
            Values::Int32(values) => {
                let Some(value) = values.get(at) else { return false };
                render.int(i64::from(*value), 32, out);
            }
            Values::Int64(values) => {
                let Some(value) = values.get(at) else { return false };
                render.int(*value, 64, out);
            }
            Values::Int96(values) => {
                let Some(value) = values.get(at) else { return false };
                render.int96(value, out);
            }
            Values::Float(values) => {
                let Some(value) = values.get(at) else { return false };
                render::single(*value, out);
            }
            Values::Double(values) => {
                let Some(value) = values.get(at) else { return false };
                render::float(*value, out);
            }
            Values::Bytes(values) => {
                let Some(value) = values.get(at) else { return false };
                render.bytes(value.data(), out);
            }
            Values::Fixed(values) => {
                let Some(value) = values.get(at) else { return false };
                render.bytes(value.data(), out);
            }
        }
        self.level += 1;
        self.value += 1;
        true
    }
}
