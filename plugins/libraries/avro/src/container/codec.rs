use forebay_compression::Algorithm;

use super::BLOCK;

/// How the blocks of a file are compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Codec {
    Null,
    Deflate,
    Snappy,
    Zstandard,
    /// It can be read.
    Bzip2,
}

impl Codec {
    /// The codec that files call so.
    #[must_use]
    pub fn find(name: &[u8]) -> Option<Self> {
        Some(match name {
            b"null" => Self::Null,
            b"deflate" => Self::Deflate,
            b"snappy" => Self::Snappy,
            b"zstandard" => Self::Zstandard,
            b"bzip2" => Self::Bzip2,
            _ => return None,
        })
    }

    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Deflate => "deflate",
            Self::Snappy => "snappy",
            Self::Zstandard => "zstandard",
            Self::Bzip2 => "bzip2",
        }
    }

    /// The usual level of each algorithm.
    const LEVEL: i64 = -1;

    pub(super) fn compress(self, bytes: Vec<u8>) -> Result<Vec<u8>, String> {
        match self {
            Self::Null => Ok(bytes),
            Self::Deflate => Algorithm::Flate.compress(&bytes, Self::LEVEL),
            Self::Zstandard => Algorithm::Zstd.compress(&bytes, Self::LEVEL),
            Self::Bzip2 => Algorithm::Bzip2.compress(&bytes, Self::LEVEL),
            Self::Snappy => {
                let mut compressed = Algorithm::Snappy.compress(&bytes, Self::LEVEL)?;
                compressed.extend_from_slice(&crc32fast::hash(&bytes).to_be_bytes());
                Ok(compressed)
            }
        }
    }

    pub(super) fn decompress(self, bytes: &[u8]) -> Result<Vec<u8>, String> {
        match self {
            Self::Null => Ok(bytes.to_vec()),
            Self::Deflate => Algorithm::Flate.decompress(bytes, BLOCK),
            Self::Zstandard => Algorithm::Zstd.decompress(bytes, BLOCK),
            Self::Bzip2 => Algorithm::Bzip2.decompress(bytes, BLOCK),
            Self::Snappy => {
                let (bytes, checksum) = bytes.split_last_chunk::<4>().ok_or("it has no checksum")?;
                let content = Algorithm::Snappy.decompress(bytes, BLOCK)?;
                if crc32fast::hash(&content) == u32::from_be_bytes(*checksum) {
                    Ok(content)
                } else {
                    Err("its checksum is another".to_owned())
                }
            }
        }
    }
}
