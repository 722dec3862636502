#![cfg(test)]

use std::io::{Read, Write};
use std::time::Duration;

use super::{CompressionError, MOST_DECOMPRESSED, Patience};

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

fn patient() -> Patience {
    Patience::new(Duration::from_hours(1))
}

fn impatient() -> Patience {
    Patience::new(Duration::ZERO)
}

fn compress(name: &str, level: Option<i32>, bytes: &[u8]) -> Result<Vec<u8>, CompressionError> {
    super::compress(name, level, bytes, &mut patient())
}

fn unpack(name: &str, bytes: &[u8], most: usize) -> Result<Vec<u8>, CompressionError> {
    super::decompress(name, bytes, u32::try_from(most).unwrap(), &mut patient())
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
fn frames_that_name_a_dictionary_are_refused() {
    let mut named = compress("zstd", None, b"line 17\n").unwrap();
    named[4] |= 1;
    named.insert(5, 9);
    assert!(is_malformed(&unpack("zstd", &named, 100)));
}

/// Much work that nothing comes of: a member of empty blocks.
fn empty_blocks(count: usize) -> Vec<u8> {
    let mut member = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3];
    member.extend([0, 0, 0, 0xff, 0xff].repeat(count));
    member.extend([1, 0, 0, 0xff, 0xff]);
    member.extend([0; 8]);
    member
}

fn is_late(result: &Result<Vec<u8>, CompressionError>) -> bool {
    matches!(result, Err(CompressionError::Unsupported(message)) if message.ends_with("it takes too long"))
}

#[test]
fn what_takes_too_long_is_left_to_the_guest() {
    let letters = b"acgt".repeat(250_000);
    for (name, level) in [("zstd", 1), ("zstd", 6), ("gzip", 1), ("gzip", 6)] {
        let small = compress(name, Some(level), &letters).unwrap();
        assert!(inside(name, &small) == letters, "{name} {level}");
        assert!(is_late(&super::compress(name, Some(level), &letters, &mut impatient())), "{name} {level}");
    }
    let frame = compress("zstd", None, b"a").unwrap();
    let zeros = vec![0; 4 << 20];
    let cases = [
        ("gzip", empty_blocks(200_000), Vec::new()),
        ("gzip", compress("gzip", None, &[]).unwrap().repeat(50_000), Vec::new()),
        ("gzip", compress("gzip", None, &letters).unwrap(), letters.clone()),
        ("zstd", frame.repeat(50_000), vec![b'a'; 50_000]),
        // A frame that says nothing of its size.
        ("zstd", zstd::stream::encode_all(zeros.as_slice(), 1).unwrap(), zeros),
    ];
    for (name, bytes, content) in cases {
        assert!(unpack(name, &bytes, content.len()).unwrap() == content, "{name} {}", bytes.len());
        let most = u32::try_from(content.len()).unwrap();
        assert!(is_late(&super::decompress(name, &bytes, most, &mut impatient())), "{name} {}", bytes.len());
    }
}

#[test]
fn pages_of_usual_sizes_do_not_depend_on_the_clock() {
    let page = &samples()[3][..8_000];
    for name in ALL {
        let small = super::compress(name, None, page, &mut impatient()).unwrap();
        assert_eq!(super::decompress(name, &small, 8_000, &mut impatient()).unwrap(), page, "{name}");
    }
    let large = samples()[4].repeat(4);
    let small = super::compress("zstd", None, &large[..200_000], &mut impatient()).unwrap();
    assert!(super::decompress("zstd", &small, 200_000, &mut impatient()).unwrap() == large[..200_000]);
}

#[test]
fn large_frames_are_read_in_pieces() {
    let mut state = 1_u32;
    let noise: Vec<u8> = std::iter::repeat_with(|| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_be_bytes()[0]
    })
    .take(1 << 20)
    .collect();
    let frame = compress("zstd", None, &noise).unwrap();
    assert!(frame.len() > noise.len());
    assert!(unpack("zstd", &frame, noise.len()).unwrap() == noise);
    assert!(is_malformed(&unpack("zstd", &frame, noise.len() - 1)));
    for cut in [1, 4, 300_000] {
        assert!(is_malformed(&unpack("zstd", &frame[..frame.len() - cut], noise.len())), "{cut}");
    }
    let twice = unpack("zstd", &frame.repeat(2), 2 * noise.len()).unwrap();
    assert!(twice == noise.repeat(2));
}

#[test]
fn windows_that_need_much_memory_are_left_to_the_guest() {
    // A byte that describes the window, and a last block of one letter.
    let frame = |window| [0x28, 0xb5, 0x2f, 0xfd, 0x00, window, 0x09, 0x00, 0x00, b'a'];
    assert_eq!(unpack("zstd", &frame(13 << 3), 10).unwrap(), b"a");
    for window in [14 << 3, 20 << 3, 0xff] {
        let unpacked = unpack("zstd", &frame(window), 10);
        assert!(matches!(unpacked, Err(CompressionError::Unsupported(_))), "{unpacked:?}");
    }
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
    assert_eq!(unsupported(compress(&"x".repeat(33), None, b"")), "the host has no such algorithm");
    assert_eq!(unsupported(compress("zstd", Some(19), b"")), "the host has no zstd of level 19");
    assert_eq!(unsupported(compress("zstd", Some(0), b"")), "the host has no zstd of level 0");
    let large = vec![0; MOST_DECOMPRESSED + 1];
    assert!(matches!(unpack("zstd", &large, 1), Err(CompressionError::TooLarge(_))));
}
