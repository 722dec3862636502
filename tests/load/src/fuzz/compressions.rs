//! Compressed bytes.

use bytes::Bytes;
use forebay_kafka_wire::Compression;

use super::{Broken, Outcome, Target, law, outcome};

/// The first byte of an input says which compression, the others are compressed.
pub const COMPRESSIONS: Target = Target { name: "compressions", corpus, read, room };
/// Inputs are snappy, in one block or as the library Xerial writes it.
pub const XERIAL: Target = Target { name: "xerial snappy", corpus: snappy, read: read_snappy, room };

const ALL: [Compression; 5] =
    [Compression::None, Compression::Gzip, Compression::Snappy, Compression::Lz4, Compression::Zstd];
/// What may come out, in bytes.
pub(super) const LIMIT: usize = 64 << 10;

/// Twice what may come out; lz4 has blocks of up to 4 MiB, which are kept with the one before, and zstd's window is not
/// ours to count. What is compressed again takes as much.
pub(super) fn room(bytes: usize) -> usize {
    6 * LIMIT + (17 << 20) + 2 * bytes
}

fn texts() -> [Vec<u8>; 4] {
    [
        b"x".repeat(3),
        b"something to compress, again and again; ".repeat(20),
        vec![0; 40_000],
        (0..=255).collect(),
    ]
}

fn corpus() -> Vec<Vec<u8>> {
    let packed = |(which, compression): (u8, Compression), text: Vec<u8>| {
        let mut bytes = vec![which];
        compressed(compression, &text, &mut bytes);
        bytes
    };
    (0..).zip(ALL).flat_map(|of| texts().map(|text| packed(of, text))).collect()
}

/// Nothing is added where it can't be compressed.
fn compressed(compression: Compression, text: &[u8], bytes: &mut Vec<u8>) {
    let before = bytes.len();
    if compression.compress(text, bytes).is_err() {
        bytes.truncate(before);
    }
}

fn read(input: &[u8]) -> Result<Outcome, Broken> {
    let Some((which, packed)) = input.split_first() else { return Ok("nothing".to_owned()) };
    let compression = ALL.get(usize::from(*which) % ALL.len()).copied().unwrap_or_default();
    unpacked(compression, packed)
}

fn snappy() -> Vec<Vec<u8>> {
    // One block: its length and one literal; and what we write.
    let block = vec![5, 4 << 2, b'b', b'l', b'o', b'c', b'k'];
    let written = texts().map(|text| {
        let mut bytes = Vec::new();
        compressed(Compression::Snappy, &text, &mut bytes);
        bytes
    });
    written.into_iter().chain([block]).collect()
}

fn read_snappy(input: &[u8]) -> Result<Outcome, Broken> {
    unpacked(Compression::Snappy, input)
}

fn unpacked(compression: Compression, packed: &[u8]) -> Result<Outcome, Broken> {
    let unpacked = match compression.decompress(&Bytes::copy_from_slice(packed), LIMIT) {
        Ok(unpacked) => unpacked,
        Err(error) => return Ok(format!("{}: {}", compression.name(), outcome(&error))),
    };
    law(unpacked.len() <= LIMIT, || format!("{} bytes came out", unpacked.len()))?;
    let mut again = Vec::new();
    compression.compress(&unpacked, &mut again).map_err(|error| Broken(error.to_string()))?;
    let same = compression.decompress(&again.into(), LIMIT).map_err(|error| Broken(error.to_string()))?;
    law(same == unpacked, || "what is compressed again is not the same".to_owned())?;
    Ok(format!("{}: {} bits of it", compression.name(), unpacked.len().next_power_of_two()))
}
