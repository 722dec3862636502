use zstd::stream::read::Decoder;
use zstd::zstd_safe::DParameter;

use super::{CompressError, DecompressError, read_all};

const ALGORITHM: &str = "zstd";
/// Java's default, and what its own calls its default level.
const LEVEL: i32 = 3;
/// The windows that a frame may ask for, as powers of two. The decoder makes room for one as soon as it
/// sees the frame's header. Producers that stream ask for their level's window, however little they
/// send: 8 MiB up to level 19, which is also what every decoder should grant.
const SMALLEST_LIMIT: u32 = 23;
const LARGEST_LIMIT: u32 = 27;

pub(super) fn decompress(bytes: &[u8], limit: usize) -> Result<Vec<u8>, DecompressError> {
    let refused = |error: std::io::Error| DecompressError::Malformed {
        algorithm: ALGORITHM,
        reason: error.to_string(),
    };
    let mut decoder = Decoder::with_buffer(bytes).map_err(refused)?;
    let window = limit.max(1).next_power_of_two().ilog2().clamp(SMALLEST_LIMIT, LARGEST_LIMIT);
    decoder.set_parameter(DParameter::WindowLogMax(window)).map_err(refused)?;
    read_all(decoder, ALGORITHM, limit)
}

pub(super) fn compress(bytes: &[u8]) -> Result<Vec<u8>, CompressError> {
    zstd::bulk::compress(bytes, LEVEL).map_err(|error| CompressError {
        algorithm: ALGORITHM,
        bytes: bytes.len(),
        reason: error.to_string(),
    })
}
