//! The compressions of record batches, with output that is bounded: a batch of a few bytes may claim to
//! hold any number of them.

mod gzip;
mod lz4;
mod snappy;
mod zstd;

use bytes::Bytes;

/// How the records of a batch are compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Compression {
    #[default]
    None,
    Gzip,
    Snappy,
    Lz4,
    Zstd,
}

/// Bytes that can't be decompressed.
#[derive(Debug, thiserror::Error)]
pub enum DecompressError {
    #[error("the records take more than {limit} bytes decompressed; send smaller batches")]
    Limit { limit: usize },
    #[error("the bytes are not {algorithm}: {reason}")]
    Malformed { algorithm: &'static str, reason: String },
}

/// Records that can't be compressed.
#[derive(Debug, thiserror::Error)]
#[error("compress {bytes} bytes as {algorithm}: {reason}")]
pub struct CompressError {
    algorithm: &'static str,
    bytes: usize,
    reason: String,
}

impl Compression {
    /// Kafka's name, as in the topic configuration `compression.type`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "uncompressed",
            Self::Gzip => "gzip",
            Self::Snappy => "snappy",
            Self::Lz4 => "lz4",
            Self::Zstd => "zstd",
        }
    }

    /// What `bytes` are decompressed, at most `limit` bytes. Not compressed bytes are shared, not copied.
    ///
    /// # Errors
    /// When the bytes are something else, end early, or hold more.
    pub fn decompress(self, bytes: &Bytes, limit: usize) -> Result<Bytes, DecompressError> {
        let decompressed = match self {
            Self::None if bytes.len() > limit => return Err(DecompressError::Limit { limit }),
            Self::None => return Ok(bytes.clone()),
            Self::Gzip => gzip::decompress(bytes, limit),
            Self::Snappy => snappy::decompress(bytes, limit),
            Self::Lz4 => lz4::decompress(bytes, limit),
            Self::Zstd => zstd::decompress(bytes, limit),
        };
        decompressed.map(Bytes::from)
    }

    /// Puts `bytes` behind what there is, compressed as Kafka's own clients do.
    ///
    /// # Errors
    /// When the algorithm has no room for so many bytes.
    pub fn compress(self, bytes: &[u8], into: &mut Vec<u8>) -> Result<(), CompressError> {
        let packed = match self {
            Self::Snappy => return snappy::compress(bytes, into),
            Self::None => {
                into.extend_from_slice(bytes);
                return Ok(());
            }
            Self::Gzip => gzip::compress(bytes),
            Self::Lz4 => lz4::compress(bytes),
            Self::Zstd => zstd::compress(bytes),
        }?;
        into.extend_from_slice(&packed);
        Ok(())
    }
}

/// Reads all that `from` has, at most `limit` bytes.
fn read_all(
    from: impl std::io::Read,
    algorithm: &'static str,
    limit: usize,
) -> Result<Vec<u8>, DecompressError> {
    use std::io::Read as _;

    let mut read = Vec::new();
    let most = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    from.take(most)
        .read_to_end(&mut read)
        .map_err(|error| DecompressError::Malformed { algorithm, reason: error.to_string() })?;
    if read.len() > limit {
        return Err(DecompressError::Limit { limit });
    }
    Ok(read)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ALL: [Compression; 5] =
        [Compression::None, Compression::Gzip, Compression::Snappy, Compression::Lz4, Compression::Zstd];

    fn packed(compression: Compression, bytes: &[u8]) -> Vec<u8> {
        let mut packed = Vec::new();
        compression.compress(bytes, &mut packed).unwrap();
        packed
    }

    proptest! {
        #[test]
        fn what_is_compressed_is_decompressed_to_the_same(
            pattern in prop::collection::vec(any::<u8>(), 0..300), times in 0_usize..400,
        ) {
            let bytes = pattern.repeat(times);
            for compression in ALL {
                let packed = Bytes::from(packed(compression, &bytes));
                let unpacked = compression.decompress(&packed, bytes.len()).unwrap();
                prop_assert_eq!(&unpacked, &bytes, "{}", compression.name());
            }
        }

        #[test]
        fn any_bytes_are_decompressed_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
            for compression in ALL {
                if let Ok(unpacked) = compression.decompress(&Bytes::from(bytes.clone()), 1000) {
                    prop_assert!(unpacked.len() <= 1000);
                }
            }
        }
    }

    #[test]
    fn what_is_compressed_stands_behind_what_there_was() {
        for compression in ALL {
            let mut bytes = b"before".to_vec();
            compression.compress(b"something to compress", &mut bytes).unwrap();
            let (before, behind) = bytes.split_at(6);
            assert_eq!(
                (before, behind),
                (&b"before"[..], packed(compression, b"something to compress").as_slice())
            );
        }
    }

    #[test]
    fn a_bomb_is_refused_at_the_limit() {
        for compression in ALL {
            let packed = Bytes::from(packed(compression, &vec![0; 10_000_000]));
            let refused = compression.decompress(&packed, 1_000_000);
            assert!(
                matches!(refused, Err(DecompressError::Limit { limit: 1_000_000 })),
                "{}: {refused:?}",
                compression.name()
            );
        }
    }

    #[test]
    fn compressed_bytes_that_end_early_are_refused() {
        for compression in ALL.into_iter().skip(1) {
            let mut packed = packed(compression, &b"something to compress".repeat(50));
            packed.truncate(packed.len() / 2);
            let refused = compression.decompress(&Bytes::from(packed), 100_000);
            assert!(matches!(refused, Err(DecompressError::Malformed { .. })), "{}", compression.name());
        }
    }
}
