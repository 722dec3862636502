//! Where the bytes of a file are read from.

use std::io::{self, Read};
use std::sync::Arc;

use bytes::Bytes;
use forebay_sdk::files::Reader;
use parquet::errors::ParquetError;
use parquet::file::reader::{ChunkReader, Length};

/// What is read ahead of whoever reads on: the headers of pages, which say how long the pages are.
const AHEAD: u32 = 4 << 10;

/// The most that is asked of the host at once.
const AT_ONCE: usize = 16 << 20;

/// A file on the host's side, of which no more is in memory than is looked at.
#[derive(Clone)]
pub(super) struct Places(Arc<Reader>);

/// Reads on from a place.
pub(super) struct From {
    places: Places,
    offset: u64,
    ahead: Bytes,
}

impl Places {
    pub(super) fn new(reader: Reader) -> Self {
        Self(Arc::new(reader))
    }

    fn at(&self, offset: u64, length: u32) -> io::Result<Bytes> {
        self.0.read(offset, length).map(Bytes::from).map_err(io::Error::other)
    }
}

impl Length for Places {
    fn len(&self) -> u64 {
        self.0.size()
    }
}

impl ChunkReader for Places {
    type T = From;

    fn get_read(&self, start: u64) -> Result<From, ParquetError> {
        Ok(From { places: self.clone(), offset: start, ahead: Bytes::new() })
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes, ParquetError> {
        // What a broken file claims must not be kept free before it is there.
        let left = self.len().saturating_sub(start);
        if length as u64 > left {
            return Err(ParquetError::EOF(format!(
                "{length} bytes at {start} are wanted, and there are {left}"
            )));
        }
        let mut bytes = Vec::new();
        while bytes.len() < length {
            let wanted = (length - bytes.len()).min(AT_ONCE);
            let part = self.at(start + bytes.len() as u64, u32::try_from(wanted).unwrap_or(u32::MAX))?;
            if part.is_empty() {
                return Err(ParquetError::EOF("the file has become shorter".to_owned()));
            }
            if part.len() == length {
                return Ok(part);
            }
            bytes.extend_from_slice(&part);
        }
        Ok(bytes.into())
    }
}

impl Read for From {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.ahead.is_empty() {
            self.ahead = self.places.at(self.offset, AHEAD)?;
            self.offset += self.ahead.len() as u64;
        }
        let length = out.len().min(self.ahead.len());
        let (Some(out), taken) = (out.get_mut(..length), self.ahead.split_to(length)) else { return Ok(0) };
        out.copy_from_slice(&taken);
        Ok(length)
    }
}
