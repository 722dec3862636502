use std::io::Write as _;

use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;

use super::{CompressError, DecompressError, read_all};

const ALGORITHM: &str = "gzip";

pub(super) fn decompress(bytes: &[u8], limit: usize) -> Result<Vec<u8>, DecompressError> {
    read_all(MultiGzDecoder::new(bytes), ALGORITHM, limit)
}

pub(super) fn compress(bytes: &[u8]) -> Result<Vec<u8>, CompressError> {
    let mut encoder = GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).and_then(|()| encoder.finish()).map_err(|error| CompressError {
        algorithm: ALGORITHM,
        bytes: bytes.len(),
        reason: error.to_string(),
    })
}
