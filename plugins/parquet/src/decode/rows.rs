//! The rows of a file, one after the other.

use std::sync::Arc;

use forebay_json::{Html, write_string};
use parquet::column::reader::get_column_reader;
use parquet::errors::ParquetError;
use parquet::file::metadata::ColumnChunkMetaData;
use parquet::file::reader::{ChunkReader, FileReader, SerializedFileReader};

use super::columns::Column;
use super::pages::Pages;
use super::plan::{self, Around, Member, Node, Options, Repeat, Shape};
use crate::codec::Codec;

/// How many rows are taken of all columns at a time.
const AT_ONCE: usize = 512;

/// How many bytes a row group may hold once it is unpacked, as the file says.
const LARGEST_GROUP: i64 = 1 << 30;

/// Goes over the rows of a file.
pub(super) struct Rows<R: ChunkReader + 'static> {
    source: Arc<R>,
    file: SerializedFileReader<R>,
    row: Vec<Member>,
    columns: Vec<Column>,
    /// The row group that comes next, and the rows left of the one before it, and of what was taken of that.
    next_group: usize,
    left: usize,
    taken: usize,
}

impl<R: ChunkReader + Clone + 'static> Rows<R> {
    /// # Errors
    /// It is no file that can be read.
    pub(super) fn new(source: R, options: Options) -> Result<Self, String> {
        let file = SerializedFileReader::new(source.clone()).map_err(broken)?;
        let row = plan::rows(file.metadata().file_metadata().schema_descr(), options)?;
        let source = Arc::new(source);
        Ok(Self { source, file, row, columns: Vec::new(), next_group: 0, left: 0, taken: 0 })
    }

    /// Appends the next row. False if there is none.
    ///
    /// # Errors
    /// The file is broken.
    pub(super) fn next(&mut self, out: &mut Vec<u8>) -> Result<bool, String> {
        while self.taken == 0 {
            if self.left == 0 {
                if self.next_group == self.file.num_row_groups() {
                    return Ok(false);
                }
                self.open_group().map_err(broken)?;
                continue;
            }
            let rows = self.left.min(AT_ONCE);
            for column in &mut self.columns {
                let read = column.read(rows).map_err(broken)?;
                if read != rows {
                    return Err(format!(
                        "the Parquet file is broken: a column ends {} rows early",
                        rows - read
                    ));
                }
            }
            self.left -= rows;
            self.taken = rows;
        }
        self.taken -= 1;
        object(&self.row, &mut self.columns, out)
            .ok_or_else(|| "the Parquet file is broken: its columns do not make rows".to_owned())?;
        Ok(true)
    }

    fn open_group(&mut self) -> Result<(), ParquetError> {
        let group = self.file.get_row_group(self.next_group)?;
        let metadata = group.metadata();
        let size = metadata.total_byte_size();
        if size > LARGEST_GROUP {
            let message =
                format!("row group {} holds {size} bytes, and the limit is {LARGEST_GROUP}", self.next_group);
            return Err(ParquetError::General(message));
        }
        for column in metadata.columns() {
            check_place(column)?;
        }
        self.left = usize::try_from(metadata.num_rows()).unwrap_or_default();
        let schema = Arc::clone(&self.file.metadata().file_metadata().schema_descr_ptr());
        self.columns = (0..metadata.num_columns())
            .map(|index| {
                let described = schema.column(index);
                let most = described.max_def_level();
                let column = metadata.column(index);
                let reader = match Codec::of(column.compression()) {
                    None => group.get_column_reader(index)?,
                    Some(codec) => {
                        let pages = Pages::new(Arc::clone(&self.source), column, self.left, codec)?;
                        get_column_reader(described, Box::new(pages))
                    }
                };
                Ok(Column::new(reader, most))
            })
            .collect::<Result<_, ParquetError>>()?;
        self.next_group += 1;
        Ok(())
    }
}

/// The library takes it for granted that the places of a column's pages are numbers of bytes.
fn check_place(column: &ColumnChunkMetaData) -> Result<(), ParquetError> {
    let numbers = [
        column.data_page_offset(),
        column.dictionary_page_offset().unwrap_or_default(),
        column.compressed_size(),
        column.uncompressed_size(),
    ];
    if numbers.iter().any(|number| *number < 0) {
        let path = column.column_path().string();
        return Err(ParquetError::General(format!(
            "the metadata of column {path} has a place before the file"
        )));
    }
    Ok(())
}

fn broken(error: ParquetError) -> String {
    format!("read a Parquet file: {error}")
}

/// Writes an object of the next places of its columns; none where they do not fit together.
fn object(members: &[Member], columns: &mut [Column], out: &mut Vec<u8>) -> Option<()> {
    out.push(b'{');
    for (index, member) in members.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        out.extend_from_slice(&member.key);
        value(&member.node, columns, out)?;
    }
    out.push(b'}');
    Some(())
}

fn value(node: &Node, columns: &mut [Column], out: &mut Vec<u8>) -> Option<()> {
    let (first, end) = node.columns;
    // A group without columns is there whenever what it is in is.
    if let Some(column) = columns.get(first).filter(|_| first < end)
        && column.definition()? < node.definition
    {
        skip(node, columns);
        out.extend_from_slice(b"null");
        return Some(());
    }
    match &node.shape {
        Shape::Leaf(render) => columns.get_mut(first)?.write(*render, out).then_some(()),
        Shape::Object(members) => object(members, columns, out),
        Shape::List(repeat) => list(node, repeat, columns, out),
        Shape::Map { repeat, value } => map(node, repeat, value.as_deref(), columns, out),
    }
}

fn list(node: &Node, repeat: &Repeat, columns: &mut [Column], out: &mut Vec<u8>) -> Option<()> {
    let [open, before, after, close]: [&[u8]; 4] = match repeat.around {
        Around::Plain => [b"[", b"", b"", b"]"],
        Around::Format => [b"{\"list\":[", b"{\"element\":", b"}", b"]}"],
    };
    out.extend_from_slice(open);
    each(node, repeat, columns, |columns, is_first| {
        if !is_first {
            out.push(b',');
        }
        out.extend_from_slice(before);
        value(&repeat.element, columns, out)?;
        out.extend_from_slice(after);
        Some(())
    })?;
    out.extend_from_slice(close);
    Some(())
}

/// Entries are sorted by their keys, and the last of several with one key counts, as in a map of Go.
fn map(
    node: &Node,
    repeat: &Repeat,
    of_value: Option<&Node>,
    columns: &mut [Column],
    out: &mut Vec<u8>,
) -> Option<()> {
    let mut entries: Vec<(Vec<u8>, Vec<u8>)> = Vec::new();
    each(node, repeat, columns, |columns, _| {
        let (mut key, mut entry) = (Vec::new(), Vec::new());
        value(&repeat.element, columns, &mut key)?;
        match of_value {
            Some(node) => value(node, columns, &mut entry)?,
            None => entry.extend_from_slice(b"null"),
        }
        entries.push((key, entry));
        Some(())
    })?;
    entries.sort_by(|(one, _), (other, _)| one.cmp(other));
    out.push(b'{');
    let mut entries = entries.into_iter().peekable();
    let mut is_first = true;
    while let Some((key, entry)) = entries.next() {
        if entries.peek().is_some_and(|(next, _)| *next == key) {
            continue;
        }
        if !std::mem::take(&mut is_first) {
            out.push(b',');
        }
        if key.first() == Some(&b'"') {
            out.extend_from_slice(&key);
        } else {
            write_string(&key, Html::Plain, out);
        }
        out.push(b':');
        out.extend_from_slice(&entry);
    }
    out.push(b'}');
    Some(())
}

/// Calls for every element of what repeats.
fn each(
    node: &Node,
    repeat: &Repeat,
    columns: &mut [Column],
    mut element: impl FnMut(&mut [Column], bool) -> Option<()>,
) -> Option<()> {
    let (first, _) = node.columns;
    if columns.get(first)?.definition()? < repeat.definition {
        skip(node, columns);
        return Some(());
    }
    let mut is_first = true;
    loop {
        element(columns, std::mem::take(&mut is_first))?;
        if columns.get(first)?.repetition() != Some(repeat.repetition) {
            return Some(());
        }
    }
}

/// Goes over one place of every column below a node.
fn skip(node: &Node, columns: &mut [Column]) {
    let (first, end) = node.columns;
    for column in columns.get_mut(first..end).unwrap_or_default() {
        column.skip();
    }
}
