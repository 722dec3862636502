//! The same work with the library alone, in this process.

use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use forebay_lifecycle::clock;
use parquet::basic::{Compression, ZstdLevel};
use parquet::column::writer::ColumnWriter;
use parquet::data_type::ByteArray;
use parquet::file::properties::WriterProperties;
use parquet::file::reader::{FileReader as _, SerializedFileReader};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use serde_json::Value;

use crate::programs::Took;

const SCHEMA: &str = "message event {
    required int64 id; required binary user (UTF8); required binary kind (UTF8); required double price;
    required int64 at; required boolean ok; required binary note (UTF8);
}";

/// How many rows are a row group.
const GROUP: usize = 50_000;

#[derive(Default)]
struct Columns {
    id: Vec<i64>,
    user: Vec<ByteArray>,
    kind: Vec<ByteArray>,
    price: Vec<f64>,
    at: Vec<i64>,
    ok: Vec<bool>,
    note: Vec<ByteArray>,
}

impl Columns {
    fn push(&mut self, row: &Value) {
        let text = |name: &str| ByteArray::from(row[name].as_str().unwrap().as_bytes().to_vec());
        self.id.push(row["id"].as_i64().unwrap());
        self.user.push(text("user"));
        self.kind.push(text("kind"));
        self.price.push(row["price"].as_f64().unwrap());
        self.at.push(row["at"].as_i64().unwrap());
        self.ok.push(row["ok"].as_bool().unwrap());
        self.note.push(text("note"));
    }

    fn write(&mut self, file: &mut SerializedFileWriter<File>) {
        let mut group = file.next_row_group().unwrap();
        let mut index = 0;
        while let Some(mut column) = group.next_column().unwrap() {
            match (index, column.untyped()) {
                (0, ColumnWriter::Int64ColumnWriter(writer)) => writer.write_batch(&self.id, None, None),
                (1, ColumnWriter::ByteArrayColumnWriter(writer)) => {
                    writer.write_batch(&self.user, None, None)
                }
                (2, ColumnWriter::ByteArrayColumnWriter(writer)) => {
                    writer.write_batch(&self.kind, None, None)
                }
                (3, ColumnWriter::DoubleColumnWriter(writer)) => writer.write_batch(&self.price, None, None),
                (4, ColumnWriter::Int64ColumnWriter(writer)) => writer.write_batch(&self.at, None, None),
                (5, ColumnWriter::BoolColumnWriter(writer)) => writer.write_batch(&self.ok, None, None),
                (_, ColumnWriter::ByteArrayColumnWriter(writer)) => {
                    writer.write_batch(&self.note, None, None)
                }
                _ => continue,
            }
            .unwrap();
            column.close().unwrap();
            index += 1;
        }
        group.close().unwrap();
        *self = Self::default();
    }
}

pub(crate) fn encode(lines: &Path, out: &Path) -> Took {
    measured(|| {
        let schema = Arc::new(parse_message_type(SCHEMA).unwrap());
        let compression = Compression::ZSTD(ZstdLevel::default());
        let properties = Arc::new(WriterProperties::builder().set_compression(compression).build());
        let mut file = SerializedFileWriter::new(File::create(out).unwrap(), schema, properties).unwrap();
        let mut columns = Columns::default();
        for line in BufReader::new(File::open(lines).unwrap()).lines() {
            columns.push(&serde_json::from_str(&line.unwrap()).unwrap());
            if columns.id.len() == GROUP {
                columns.write(&mut file);
            }
        }
        if !columns.id.is_empty() {
            columns.write(&mut file);
        }
        file.close().unwrap();
    })
}

pub(crate) fn decode(file: &Path) -> Took {
    measured(|| {
        let reader = SerializedFileReader::new(File::open(file).unwrap()).unwrap();
        let mut bytes = 0;
        for row in reader.get_row_iter(None).unwrap() {
            bytes += row.unwrap().to_string().len();
        }
        std::hint::black_box(bytes);
    })
}

/// The memory is not told: it would be that of the bench.
fn measured(work: impl FnOnce()) -> Took {
    let (begun, before) = (clock::now(), cpu());
    work();
    Took { wall: begun.elapsed(), cpu: cpu() - before, peak: 0 }
}

/// The processor time of this process.
fn cpu() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    let ticks: u64 = fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap();
    Duration::from_millis(ticks * 10)
}
