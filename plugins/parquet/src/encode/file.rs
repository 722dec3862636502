//! A file that grows row by row.
//!
//! Every column of a row group has a writer of its own, which encodes and compresses what it is given at once; finished
//! pages wait until the group is complete, since a file has one column after the other. So a group is in memory as it will be
//! in the file, and never twice.

use std::io::{self, Read, Write};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::{Buf, Bytes};
use parquet::basic::Compression;
use parquet::column::page::{CompressedPage, Page, PageWriteSpec, PageWriter};
use parquet::column::writer::{ColumnWriter, get_column_writer};
use parquet::errors::Result;
use parquet::file::properties::WriterPropertiesPtr;
use parquet::file::reader::{ChunkReader, Length};
use parquet::file::writer::{SerializedFileWriter, SerializedPageWriter, TrackedWrite};
use parquet::schema::types::TypePtr;

use super::columns::{Column, Levels};
use super::shred::Shredder;
use crate::codec::Codec;
use crate::leaf::Leaf;
use crate::schema::{Field, Kind, Schema};

/// A file that is being written.
pub(super) struct File {
    schema: Arc<Schema>,
    writer: SerializedFileWriter<Written>,
    /// What was written and not taken yet.
    written: Written,
    shredder: Shredder,
    /// With which columns are encoded: as those of the file, but nothing is compressed that the host may compress.
    plain: WriterPropertiesPtr,
    /// The columns of the row group that is open.
    group: Vec<OpenColumn>,
    rows: usize,
    /// Bytes of the messages in the group that is open, and how many there may be.
    bytes: usize,
    most: usize,
}

struct OpenColumn {
    writer: ColumnWriter<'static>,
    pages: Pages,
}

impl File {
    /// # Errors
    /// The library refuses the schema or the properties.
    pub(super) fn new(
        schema: &Arc<Schema>,
        root: &TypePtr,
        properties: &WriterPropertiesPtr,
        most: usize,
    ) -> Result<Self> {
        let written = Written::default();
        let writer = SerializedFileWriter::new(written.clone(), Arc::clone(root), Arc::clone(properties))?;
        let leaves = leaves(&schema.fields);
        let columns = writer.schema_descr().columns().iter().zip(leaves).map(|(column, leaf)| {
            Column::new(
                leaf,
                Levels { definition: column.max_def_level(), repetition: column.max_rep_level() },
            )
        });
        let shredder = Shredder::new(columns.collect());
        let schema = Arc::clone(schema);
        let plain = plain(properties, &writer);
        Ok(Self { schema, writer, written, shredder, plain, group: Vec::new(), rows: 0, bytes: 0, most })
    }

    /// Adds rows; none of them if one can't be.
    ///
    /// # Errors
    /// The index of that one, and what is wrong with it.
    pub(super) fn add<'t>(
        &mut self,
        rows: impl Iterator<Item = &'t [u8]>,
    ) -> std::result::Result<(), Refused> {
        let marks: Vec<_> = self.shredder.columns().iter().map(Column::mark).collect();
        let (mut count, mut bytes) = (0, 0);
        for (index, text) in rows.enumerate() {
            if let Err(reason) = self.shredder.row(&self.schema.fields, text) {
                for (column, mark) in self.shredder.columns().iter_mut().zip(marks) {
                    column.truncate(mark);
                }
                return Err(Refused { row: Some(index), reason });
            }
            count += 1;
            bytes += text.len();
        }
        self.rows += count;
        self.bytes += bytes;
        self.encode().map_err(|error| Refused { row: None, reason: error.to_string() })
    }

    fn encode(&mut self) -> Result<()> {
        if self.rows == 0 {
            return Ok(());
        }
        if self.group.is_empty() {
            self.group = self
                .writer
                .schema_descr()
                .columns()
                .iter()
                .map(|column| {
                    let compression = self.writer.properties().compression(column.path());
                    let pages = Pages::new(compression);
                    let writer = get_column_writer(
                        Arc::clone(column),
                        Arc::clone(&self.plain),
                        Box::new(pages.clone()),
                    );
                    OpenColumn { writer, pages }
                })
                .collect();
        }
        for (column, open) in self.shredder.columns().iter_mut().zip(&mut self.group) {
            column.drain_into(&mut open.writer)?;
        }
        if self.bytes >= self.most { self.end_group() } else { Ok(()) }
    }

    fn end_group(&mut self) -> Result<()> {
        if self.group.is_empty() {
            return Ok(());
        }
        let mut group = self.writer.next_row_group()?;
        for OpenColumn { writer, pages } in self.group.drain(..) {
            let mut close = writer.close()?;
            close.metadata = close.metadata.into_builder().set_compression(pages.compression).build()?;
            group.append_column(&pages.take(), close)?;
        }
        group.close()?;
        self.writer.flush()?;
        (self.rows, self.bytes) = (0, 0);
        Ok(())
    }

    /// What has been written since this was asked for last.
    pub(super) fn take(&self) -> Vec<u8> {
        std::mem::take(&mut *self.written.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Ends the file; what is left of it.
    pub(super) fn finish(mut self) -> Result<Vec<u8>> {
        self.end_group()?;
        self.writer.finish()?;
        Ok(self.take())
    }
}

/// Why rows were not added.
#[derive(Debug)]
pub(super) struct Refused {
    /// The row that is at fault, if one is.
    pub(super) row: Option<usize>,
    pub(super) reason: String,
}

/// The properties, without the compression that [`Pages`] do.
fn plain(properties: &WriterPropertiesPtr, writer: &SerializedFileWriter<Written>) -> WriterPropertiesPtr {
    let mut builder = properties.as_ref().clone().into_builder();
    for column in writer.schema_descr().columns() {
        if Codec::of(properties.compression(column.path())).is_some() {
            builder = builder.set_column_compression(column.path().clone(), Compression::UNCOMPRESSED);
        }
    }
    Arc::new(builder.build())
}

fn leaves(fields: &[Field]) -> Vec<Leaf> {
    fields
        .iter()
        .flat_map(|field| match &field.kind {
            Kind::Leaf(leaf) => vec![*leaf],
            Kind::Struct(fields) => leaves(fields),
            Kind::List(element) => leaves(std::slice::from_ref(element)),
            Kind::Map(entry) => leaves(&**entry),
        })
        .collect()
}

/// Bytes of a file that wait to be taken. The library wants to be able to move it to other threads.
#[derive(Clone, Debug, Default)]
struct Written(Arc<Mutex<Vec<u8>>>);

impl Write for Written {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The finished pages of one column, each with its header.
#[derive(Clone, Debug)]
struct Pages {
    compression: Compression,
    chunk: Arc<Mutex<Chunk>>,
}

/// Bytes in pieces.
#[derive(Clone, Debug, Default)]
struct Chunk {
    pieces: Vec<Bytes>,
    length: u64,
}

impl Pages {
    fn new(compression: Compression) -> Self {
        Self { compression, chunk: Arc::default() }
    }

    fn take(&self) -> Chunk {
        std::mem::take(&mut *self.chunk.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl PageWriter for Pages {
    fn write_page(&mut self, page: CompressedPage) -> Result<PageWriteSpec> {
        let page = match Codec::of(self.compression) {
            Some(codec) => compress(page, codec)?,
            None => page,
        };
        let mut piece = TrackedWrite::new(Vec::with_capacity(page.compressed_size() + 64));
        let mut spec = SerializedPageWriter::new(&mut piece).write_page(page)?;
        let piece = piece.into_inner()?;
        let mut chunk = self.chunk.lock().unwrap_or_else(PoisonError::into_inner);
        spec.offset += chunk.length;
        chunk.length += piece.len() as u64;
        chunk.pieces.push(Bytes::from(piece));
        Ok(spec)
    }

    fn close(&mut self) -> Result<()> {
        Ok(())
    }
}

/// The page that an encoder has finished, compressed.
fn compress(page: CompressedPage, codec: Codec) -> Result<CompressedPage> {
    let size = page.uncompressed_size();
    let mut page = page.compressed_page().clone();
    match &mut page {
        Page::DataPage { buf, .. } | Page::DictionaryPage { buf, .. } => *buf = codec.compress(buf)?.into(),
        // Such pages may stay as they are; none are made.
        Page::DataPageV2 { .. } => {}
    }
    Ok(CompressedPage::new(page, size))
}

impl Length for Chunk {
    fn len(&self) -> u64 {
        self.length
    }
}

impl ChunkReader for Chunk {
    type T = Unread;

    fn get_read(&self, start: u64) -> Result<Unread> {
        let mut rest = Unread(self.pieces.iter().cloned().collect());
        io::copy(&mut rest.by_ref().take(start), &mut io::sink())?;
        Ok(rest)
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes> {
        let mut bytes = Vec::with_capacity(length);
        self.get_read(start)?.take(length as u64).read_to_end(&mut bytes)?;
        Ok(bytes.into())
    }
}

/// Pieces that are read one after the other.
#[derive(Debug)]
struct Unread(std::collections::VecDeque<Bytes>);

impl Read for Unread {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.0.front().is_some_and(Bytes::is_empty) {
            self.0.pop_front();
        }
        let Some(piece) = self.0.front_mut() else { return Ok(0) };
        let length = piece.len().min(buffer.len());
        piece.copy_to_slice(buffer.get_mut(..length).unwrap_or_default());
        Ok(length)
    }
}
