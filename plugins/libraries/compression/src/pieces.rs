//! Compressing what comes piece by piece.

use super::flate::{self, Effort};
use super::{Algorithm, framed, lz4, zstd};

/// Bytes that become one frame of Zstandard.
const FRAME: usize = 4 << 20;

/// Compresses one content whose pieces come one after the other. It holds a few MiB at most.
pub struct Pieces {
    form: Form,
    /// What is not enough for a part yet.
    waiting: Vec<u8>,
    /// Whether nothing was written of the content.
    is_empty: bool,
}

enum Form {
    Flate { effort: Effort, trailer: Trailer },
    Lz4(lz4::Frame),
    Zstd,
}

/// What comes behind the deflated bytes.
enum Trailer {
    None,
    Gzip { checksum: crc32fast::Hasher, length: usize },
    Zlib { checksum: u32 },
}

impl Pieces {
    /// Begins, and writes what stands before the content to `out`.
    ///
    /// # Errors
    /// The algorithm has no such level, or its format needs the whole content at once.
    pub fn begin(algorithm: Algorithm, level: i64, out: &mut Vec<u8>) -> Result<Self, String> {
        // It says what is wrong with the level.
        algorithm.compress(&[], level)?;
        let effort = || Effort::of(level).unwrap_or(Effort::Matched);
        let form = match algorithm {
            Algorithm::Flate => Form::Flate { effort: effort(), trailer: Trailer::None },
            Algorithm::Gzip | Algorithm::Pgzip => {
                out.extend(framed::gzip_start(level));
                let trailer = Trailer::Gzip { checksum: crc32fast::Hasher::new(), length: 0 };
                Form::Flate { effort: effort(), trailer }
            }
            Algorithm::Zlib => {
                out.extend(framed::zlib_start(level));
                Form::Flate { effort: effort(), trailer: Trailer::Zlib { checksum: 1 } }
            }
            Algorithm::Lz4 => {
                out.extend(lz4::start());
                Form::Lz4(lz4::Frame::default())
            }
            Algorithm::Zstd => Form::Zstd,
            Algorithm::Snappy => return Err("snappy says first how long the content is".to_owned()),
            Algorithm::Bzip2 => return Err("compression type not recognised: bzip2".to_owned()),
        };
        Ok(Self { form, waiting: Vec::new(), is_empty: true })
    }

    /// Takes the next piece, and writes to `out` what can be written.
    pub fn add(&mut self, piece: &[u8], out: &mut Vec<u8>) {
        match &mut self.form {
            Form::Flate { trailer: Trailer::Gzip { checksum, length }, .. } => {
                checksum.update(piece);
                *length += piece.len();
            }
            Form::Flate { trailer: Trailer::Zlib { checksum }, .. } => {
                *checksum = framed::adler_behind(*checksum, piece);
            }
            Form::Flate { trailer: Trailer::None, .. } | Form::Lz4(_) | Form::Zstd => {}
        }
        let part = match self.form {
            Form::Flate { .. } => flate::PART,
            Form::Lz4(_) => lz4::BLOCK,
            Form::Zstd => FRAME,
        };
        self.waiting.extend_from_slice(piece);
        let whole = self.waiting.len() / part * part;
        for bytes in self.waiting.get(..whole).unwrap_or_default().chunks(part) {
            self.is_empty = false;
            match &mut self.form {
                Form::Flate { effort, .. } => out.extend(flate::deflate_part(bytes, *effort)),
                Form::Lz4(frame) => frame.block(bytes, out),
                Form::Zstd => out.extend(zstd::compress(bytes)),
            }
        }
        self.waiting.drain(..whole);
    }

    /// Writes what is left, and the end.
    pub fn finish(self, out: &mut Vec<u8>) {
        let Self { form, waiting: rest, is_empty } = self;
        let has_more = is_empty || !rest.is_empty();
        match form {
            Form::Flate { effort, trailer } => {
                if has_more {
                    out.extend(flate::deflate_part(&rest, effort));
                }
                out.extend(flate::deflate_end());
                match trailer {
                    Trailer::None => {}
                    Trailer::Gzip { checksum, length } => {
                        out.extend(checksum.finalize().to_le_bytes());
                        out.extend(framed::low(length).to_le_bytes());
                    }
                    Trailer::Zlib { checksum } => out.extend(checksum.to_be_bytes()),
                }
            }
            Form::Lz4(frame) => frame.finish(&rest, out),
            Form::Zstd if has_more => out.extend(zstd::compress(&rest)),
            Form::Zstd => {}
        }
    }
}

impl std::fmt::Debug for Pieces {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pieces").field("waiting", &self.waiting.len()).finish_non_exhaustive()
    }
}
