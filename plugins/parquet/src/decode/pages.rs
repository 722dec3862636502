//! The pages of a column that the host can decompress.

use std::sync::Arc;

use bytes::Bytes;
use parquet::basic::Compression;
use parquet::column::page::{Page, PageMetadata, PageReader};
use parquet::errors::{ParquetError, Result};
use parquet::file::metadata::ColumnChunkMetaData;
use parquet::file::reader::ChunkReader;
use parquet::file::serialized_reader::SerializedPageReader;

use crate::codec::Codec;

/// Pages as the library reads them off a file, decompressed.
pub(super) struct Pages<R: ChunkReader> {
    compressed: SerializedPageReader<R>,
    codec: Codec,
    /// The bytes of all pages, as the file says.
    most: usize,
}

impl<R: ChunkReader> Pages<R> {
    /// # Errors
    /// The library refuses the place of the column.
    pub(super) fn new(file: Arc<R>, column: &ColumnChunkMetaData, rows: usize, codec: Codec) -> Result<Self> {
        let most = usize::try_from(column.uncompressed_size()).unwrap_or(usize::MAX);
        // Told that nothing is compressed, the library leaves pages as they are.
        let plain = column.clone().into_builder().set_compression(Compression::UNCOMPRESSED).build()?;
        Ok(Self { compressed: SerializedPageReader::new(file, &plain, rows, None)?, codec, most })
    }

    fn unpack(&self, mut page: Page) -> Result<Page> {
        match &mut page {
            Page::DataPage { buf, .. } | Page::DictionaryPage { buf, .. } => {
                *buf = self.decompress(buf)?.into();
            }
            Page::DataPageV2 {
                buf, def_levels_byte_len, rep_levels_byte_len, is_compressed: true, ..
            } => {
                let levels = u64::from(*def_levels_byte_len) + u64::from(*rep_levels_byte_len);
                *buf = self.after_levels(buf, levels)?;
            }
            Page::DataPageV2 { .. } => {}
        }
        Ok(page)
    }

    /// The levels stand before what is compressed.
    fn after_levels(&self, page: &Bytes, levels: u64) -> Result<Bytes> {
        let (levels, values) = usize::try_from(levels)
            .ok()
            .and_then(|levels| page.split_at_checked(levels))
            .ok_or_else(|| ParquetError::EOF(format!("a page ends within its {levels} bytes of levels")))?;
        let values = self.decompress(values)?;
        if levels.is_empty() {
            return Ok(values.into());
        }
        Ok([levels, &values].concat().into())
    }

    /// A page without values may have nothing where they would be.
    fn decompress(&self, bytes: &[u8]) -> Result<Vec<u8>> {
        if bytes.is_empty() { Ok(Vec::new()) } else { self.codec.decompress(bytes, self.most) }
    }
}

impl<R: ChunkReader> Iterator for Pages<R> {
    type Item = Result<Page>;

    fn next(&mut self) -> Option<Self::Item> {
        self.get_next_page().transpose()
    }
}

impl<R: ChunkReader> PageReader for Pages<R> {
    fn get_next_page(&mut self) -> Result<Option<Page>> {
        let page = self.compressed.get_next_page()?;
        page.map(|page| self.unpack(page)).transpose()
    }

    fn peek_next_page(&mut self) -> Result<Option<PageMetadata>> {
        self.compressed.peek_next_page()
    }

    fn skip_next_page(&mut self) -> Result<()> {
        self.compressed.skip_next_page()
    }

    fn supports_deferred_dictionary(&self) -> bool {
        self.compressed.supports_deferred_dictionary()
    }

    fn take_deferred_dictionary(&mut self) -> Result<Option<Page>> {
        let page = self.compressed.take_deferred_dictionary()?;
        page.map(|page| self.unpack(page)).transpose()
    }

    fn at_record_boundary(&mut self) -> Result<bool> {
        self.compressed.at_record_boundary()
    }
}
