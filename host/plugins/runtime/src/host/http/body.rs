//! Bodies of responses: in pieces, unpacked, and never more of them than was agreed on.

use std::time::Duration;

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use flate2::{Decompress, FlushDecompress, Status};
use forebay_metrics::Counter;
use forebay_plugins_api::ByteStream;
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use tokio::sync::OwnedSemaphorePermit;

use super::error::{ErrorKind, HttpError, chain};
use crate::held::Share;

/// A body that comes in.
pub(super) struct Pieces {
    incoming: Incoming,
    gunzip: Option<Gunzip>,
    /// What has come and is not unpacked yet.
    packed: Bytes,
    bytes_in: Counter,
}

impl Pieces {
    pub(super) fn new(incoming: Incoming, is_gzip: bool, bytes_in: Counter) -> Self {
        Self { incoming, gunzip: is_gzip.then(Gunzip::new), packed: Bytes::new(), bytes_in }
    }

    /// The next piece, of at least one byte.
    ///
    /// # Cancel safety
    /// Safe: what has come is kept.
    async fn next(&mut self) -> Result<Option<Bytes>, HttpError> {
        loop {
            if let Some(gunzip) = &mut self.gunzip {
                let out = gunzip.unpack(&mut self.packed)?;
                if !out.is_empty() {
                    return Ok(Some(out));
                }
            }
            let frame = match self.incoming.frame().await {
                None => {
                    return match &self.gunzip {
                        Some(gunzip) if !gunzip.is_whole() => {
                            Err(HttpError::new(ErrorKind::Protocol, "the gzip of the body ends too early"))
                        }
                        _ => Ok(None),
                    };
                }
                Some(frame) => frame.map_err(|error| HttpError::new(ErrorKind::Protocol, chain(&error)))?,
            };
            // Trailers are of no use to anybody here.
            let Ok(bytes) = frame.into_data() else { continue };
            self.bytes_in.inc_by(bytes.len() as u64);
            match &self.gunzip {
                Some(_) => self.packed = bytes,
                None if bytes.is_empty() => {}
                None => return Ok(Some(bytes)),
            }
        }
    }

    /// All of it, if it is no more than `most` bytes.
    pub(super) async fn collect(mut self, most: u64, share: &mut Share) -> Result<Bytes, HttpError> {
        let mut body = BytesMut::new();
        while let Some(piece) = self.next().await? {
            if (body.len() + piece.len()) as u64 > most {
                return Err(too_large(most));
            }
            share.grow(piece.len()).map_err(|error| HttpError::new(ErrorKind::TooLarge, error))?;
            body.extend_from_slice(&piece);
        }
        Ok(body.freeze())
    }
}

fn too_large(most: u64) -> HttpError {
    HttpError::new(ErrorKind::TooLarge, format!("the body is larger than {most} bytes"))
}

/// Unpacks gzip, step by step: a few bytes may become a thousand times as many.
struct Gunzip {
    inflate: Decompress,
    /// Something came of the member that is unpacked now.
    is_begun: bool,
    is_ended: bool,
    buffer: Vec<u8>,
}

/// What one step gives at most.
const STEP: usize = 64 << 10;
/// zlib's largest window; smaller ones fit.
const WINDOW_BITS: u8 = 15;

impl Gunzip {
    fn new() -> Self {
        let inflate = Decompress::new_gzip(WINDOW_BITS);
        Self { inflate, is_begun: false, is_ended: false, buffer: Vec::new() }
    }

    /// Nothing came, or all of it.
    fn is_whole(&self) -> bool {
        self.is_ended || !self.is_begun
    }

    /// Takes what it needs of `packed`; nothing where it needs more.
    fn unpack(&mut self, packed: &mut Bytes) -> Result<Bytes, HttpError> {
        loop {
            if self.is_ended && !packed.is_empty() {
                // Several members in a row are one text.
                *self = Self::new();
            }
            if self.is_ended || (packed.is_empty() && !self.is_begun) {
                return Ok(Bytes::new());
            }
            self.is_begun = true;
            self.buffer.resize(STEP, 0);
            let (in_before, out_before) = (self.inflate.total_in(), self.inflate.total_out());
            let stepped = self.inflate.decompress(packed, &mut self.buffer, FlushDecompress::None);
            let status = stepped.map_err(|error| {
                HttpError::new(ErrorKind::Protocol, format!("the gzip of the body: {error}"))
            })?;
            let taken = usize::try_from(self.inflate.total_in() - in_before).unwrap_or_default();
            let given = usize::try_from(self.inflate.total_out() - out_before).unwrap_or_default();
            drop(packed.split_to(taken.min(packed.len())));
            self.is_ended = status == Status::StreamEnd;
            if given > 0 {
                return Ok(Bytes::copy_from_slice(&self.buffer[..given]));
            }
            if taken == 0 || packed.is_empty() {
                return Ok(Bytes::new());
            }
        }
    }
}

/// A body that a guest, or a scanner after it, reads as a stream.
pub(super) struct BodyStream {
    pub(super) pieces: Pieces,
    pub(super) rest: Bytes,
    /// How many bytes may still come.
    pub(super) left: Option<u64>,
    pub(super) most: Option<u64>,
    /// How long one piece may take.
    pub(super) patience: Duration,
    /// Its place among the requests of the instance.
    pub(super) _place: OwnedSemaphorePermit,
}

#[async_trait]
impl ByteStream for BodyStream {
    async fn read(&mut self, most: usize) -> Result<Bytes, String> {
        if self.rest.is_empty() {
            let next = tokio::time::timeout(self.patience, self.pieces.next()).await;
            let next = next.map_err(|_| format!("nothing came for {:?}", self.patience))?;
            let piece = next.map_err(|error| error.to_string())?.unwrap_or_default();
            if let Some(left) = &mut self.left {
                let size = piece.len() as u64;
                *left = left
                    .checked_sub(size)
                    .ok_or_else(|| too_large(self.most.unwrap_or_default()).to_string())?;
            }
            self.rest = piece;
        }
        Ok(self.rest.split_to(most.min(self.rest.len())))
    }
}

#[cfg(test)]
mod tests {
    use flate2::{Compress, Compression, FlushCompress};

    use super::*;

    fn gzip(text: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(text.len() + 1000);
        Compress::new_gzip(Compression::default(), WINDOW_BITS)
            .compress_vec(text, &mut out, FlushCompress::Finish)
            .unwrap();
        out
    }

    fn unpack(packed: &[u8], size: usize) -> Result<Vec<u8>, HttpError> {
        let mut gunzip = Gunzip::new();
        let mut out = Vec::new();
        for chunk in packed.chunks(size) {
            let mut chunk = Bytes::copy_from_slice(chunk);
            loop {
                let piece = gunzip.unpack(&mut chunk)?;
                if piece.is_empty() {
                    break;
                }
                out.extend_from_slice(&piece);
            }
        }
        assert!(gunzip.is_whole());
        Ok(out)
    }

    #[test]
    fn gzip_is_unpacked_however_it_is_cut() {
        let text: Vec<u8> = (0..300_000_u32).flat_map(|number| (number % 251).to_le_bytes()).collect();
        let packed = [gzip(&text), gzip(b"more")].concat();
        let expected = [&text[..], b"more"].concat();
        for size in [1, 7, 4096, packed.len()] {
            assert!(unpack(&packed, size).unwrap() == expected, "in pieces of {size}");
        }
    }

    #[test]
    fn what_is_no_gzip_is_an_error() {
        assert!(unpack(b"plain text", 100).is_err());
    }
}
