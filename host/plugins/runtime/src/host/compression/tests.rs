#![cfg(test)]

use std::io::{Read, Write};

use super::{CompressionError, MOST_DECOMPRESSED, compress, decompress};

const ALL: [&str; 3] = ["zstd", "gzip", "snappy"];

/// Bytes of a kind: none, equal ones, text, and what can't be compressed.
fn samples() -> Vec<Vec<u8>> {
    let mut state = 0x9e37_79b9_u32;
    let mut random = || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state.to_le_bytes()[1]
    };
    let noise: Vec<u8> = (0..70_000).map(|_| random()).collect();
    let text: Vec<u8> = (0..5_000).flat_map(|line| format!("line {line}\n").into_bytes()).collect();
    vec![Vec::new(), b"a".to_vec(), vec![0; 300_000], text, noise]
}

fn unpack(name: &str, bytes: &[u8], most: usize) -> Result<Vec<u8>, CompressionError> {
    decompress(name, bytes, u32::try_from(most).unwrap())
}

/// What the library that a guest would have inside makes of it.
fn inside(name: &str, bytes: &[u8]) -> Vec<u8> {
    match name {
        "zstd" => zstd::stream::decode_all(bytes).unwrap(),
        "gzip" => {
            let mut out = Vec::new();
            flate2::read::GzDecoder::new(bytes).read_to_end(&mut out).unwrap();
            out
        }
        _ => snap::raw::Decoder::new().decompress_vec(bytes).unwrap(),
    }
}

fn is_malformed<T>(result: &Result<T, CompressionError>) -> bool {
    matches!(result, Err(CompressionError::Malformed(_)))
}

#[test]
fn what_is_compressed_is_what_the_libraries_read_and_comes_back() {
    for name in ALL {
        for sample in samples() {
            let levels = if name == "snappy" { vec![None] } else { vec![None, Some(1), Some(3), Some(6)] };
            for level in levels {
                let small = compress(name, level, &sample).unwrap();
                assert!(inside(name, &small) == sample, "{name} {level:?} {}", sample.len());
                assert!(unpack(name, &small, sample.len()).unwrap() == sample, "{name} {level:?}");
                if let Some(less) = sample.len().checked_sub(1) {
                    assert!(is_malformed(&unpack(name, &small, less)), "{name} {level:?}");
                }
            }
        }
    }
}

#[test]
fn frames_that_were_streamed_and_frames_in_a_row_are_read() {
    // A stream says nothing of its size.
    let mut encoder = zstd::stream::write::Encoder::new(Vec::new(), 3).unwrap();
    encoder.write_all(&vec![7; 400_000]).unwrap();
    let streamed = encoder.finish().unwrap();
    assert_eq!(unpack("zstd", &streamed, 400_000).unwrap(), vec![7; 400_000]);
    assert!(is_malformed(&unpack("zstd", &streamed, 399_999)));
    // Of this sequence only the first frame says a size, which is not that of all; a skippable frame is skipped.
    let skippable = [0x50, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3];
    let first = compress("zstd", None, b"one,").unwrap();
    let all = [first.as_slice(), &skippable, &streamed].concat();
    assert_eq!(unpack("zstd", &all, 400_004).unwrap().len(), 400_004);
    assert!(is_malformed(&unpack("zstd", &all, 400_003)));
    let members =
        [compress("gzip", None, b"one,").unwrap(), compress("gzip", None, b"two").unwrap()].concat();
    assert_eq!(unpack("gzip", &members, 7).unwrap(), b"one,two");
}

#[test]
fn bombs_and_false_sizes_cost_no_more_than_the_limit() {
    // 64 MiB of zeros.
    let zeros = vec![0; 64 << 20];
    let bomb = zstd::bulk::compress(&zeros, 1).unwrap();
    assert!(is_malformed(&unpack("zstd", &bomb, 1000)));
    assert!(matches!(unpack("zstd", &bomb, usize::from(u16::MAX) << 16), Err(CompressionError::TooLarge(_))));
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(&zeros).unwrap();
    let bomb = encoder.finish().unwrap();
    assert!(is_malformed(&unpack("gzip", &bomb, 1000)));
    let error = unpack("gzip", &bomb, MOST_DECOMPRESSED + 1);
    assert!(matches!(error, Err(CompressionError::TooLarge(_))));
    // Blocks that only claim much.
    assert!(is_malformed(&unpack("snappy", &[0xff, 0xff, 0xff, 0xff, 0x0f, 0], 1000)));
    assert!(is_malformed(&unpack("snappy", &[0xff, 0xff, 0x7f, 0], 1 << 21)));
    // A frame of one segment that claims 4 MiB and has none of it.
    let claim = [0x28, 0xb5, 0x2f, 0xfd, 0xa0, 0, 0, 0x40, 0, 1, 0, 0];
    assert!(is_malformed(&unpack("zstd", &claim, MOST_DECOMPRESSED)));
}

#[test]
fn frames_that_need_a_dictionary_are_refused() {
    let dictionary: Vec<u8> = (0..400).flat_map(|line| format!("line {line}\n").into_bytes()).collect();
    let mut compressor = zstd::bulk::Compressor::with_dictionary(1, &dictionary).unwrap();
    let frame = compressor.compress(b"line 17\nline 18\nline 19\nline 20\n").unwrap();
    // A raw dictionary has no name: what comes out is an error or other bytes, and never more than is allowed.
    assert!(unpack("zstd", &frame, 100).map_or(true, |bytes| bytes.len() <= 100));
    // A frame that names one.
    let mut named = compress("zstd", None, b"line 17\n").unwrap();
    named[4] |= 1;
    named.insert(5, 9);
    assert!(is_malformed(&unpack("zstd", &named, 100)));
}

#[test]
fn no_broken_bytes_make_more_than_is_allowed() {
    for name in ALL {
        for sample in samples().iter().take(4) {
            let whole = compress(name, None, &sample[..sample.len().min(3_000)]).unwrap();
            for length in 0..whole.len() {
                assert!(unpack(name, &whole[..length], 3_000).map_or(true, |bytes| bytes.len() <= 3_000));
            }
            for at in 0..whole.len() {
                for flip in [0x01, 0x10, 0x80, 0xff] {
                    let mut bad = whole.clone();
                    bad[at] ^= flip;
                    assert!(unpack(name, &bad, 3_000).map_or(true, |bytes| bytes.len() <= 3_000));
                }
            }
        }
    }
}

#[test]
fn what_the_host_does_not_have_is_said() {
    let unsupported = |result: Result<Vec<u8>, CompressionError>| match result {
        Err(CompressionError::Unsupported(message)) => message,
        other => format!("{other:?}"),
    };
    assert_eq!(unsupported(compress("lzma", None, b"")), "the host has no algorithm `lzma`");
    assert_eq!(unsupported(unpack("lzma", b"", 0)), "the host has no algorithm `lzma`");
    assert_eq!(unsupported(compress("zstd", Some(19), b"")), "the host has no zstd of level 19");
    assert_eq!(unsupported(compress("zstd", Some(0), b"")), "the host has no zstd of level 0");
    let large = vec![0; MOST_DECOMPRESSED + 1];
    assert!(matches!(unpack("zstd", &large, 1), Err(CompressionError::TooLarge(_))));
}
