use std::io::Write as _;

use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::testing::{Messages, cut_in, refused};

/// The text of the samples that other programs have compressed.
fn sample() -> Vec<u8> {
    (0..2500)
        .flat_map(|line| format!("line {line} of the sample, {} squared\n", line * line).into_bytes())
        .collect()
}

fn compress(algorithm: &str, bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    match algorithm {
        "gzip" | "pgzip" => GzEncoder::new(&mut out, Compression::default()).write_all(bytes),
        "zlib" => ZlibEncoder::new(&mut out, Compression::default()).write_all(bytes),
        "flate" => DeflateEncoder::new(&mut out, Compression::default()).write_all(bytes),
        "bzip2" => bzip2::write::BzEncoder::new(&mut out, bzip2::Compression::fast()).write_all(bytes),
        "snappy" => snap::write::FrameEncoder::new(&mut out).write_all(bytes),
        "zstd" => {
            let level = ruzstd::encoding::CompressionLevel::Fastest;
            out = ruzstd::encoding::compress_to_vec(bytes, level);
            Ok(())
        }
        other => panic!("nothing compresses {other} here"),
    }
    .expect("memory takes all bytes");
    out
}

const ALGORITHMS: [&str; 7] = ["gzip", "pgzip", "zlib", "flate", "bzip2", "snappy", "zstd"];

fn config(algorithm: &str) -> Value {
    json!({"decompress": {"algorithm": algorithm, "into": {"lines": {}}}})
}

fn read(algorithm: &str, bytes: &[u8], size: usize) -> Messages {
    cut_in(&config(algorithm), bytes, size, "")
}

/// What came back, with the line feeds that were cut off.
fn joined(messages: &Messages) -> Vec<u8> {
    messages.texts().iter().flat_map(|line| format!("{line}\n").into_bytes()).collect()
}

#[test]
fn what_was_compressed_comes_back() {
    let text = sample();
    for algorithm in ALGORITHMS {
        let compressed = compress(algorithm, &text);
        for size in [1, 7, 4096, usize::MAX] {
            assert!(joined(&read(algorithm, &compressed, size)) == text, "{algorithm} in chunks of {size}");
        }
    }
}

#[test]
fn what_other_programs_compressed_comes_back() {
    let samples: [(&str, &[u8]); 3] = [
        ("lz4", include_bytes!("samples/linked.lz4")),
        ("zstd", include_bytes!("samples/checked.zst")),
        ("bzip2", include_bytes!("samples/two.bz2")),
    ];
    for (algorithm, compressed) in samples {
        for size in [1, 4096, usize::MAX] {
            assert!(joined(&read(algorithm, compressed, size)) == sample(), "{algorithm}, {size}");
        }
    }
}

#[test]
fn streams_that_follow_one_another_are_one() {
    for algorithm in ["gzip", "bzip2", "zstd", "snappy"] {
        let twice = [compress(algorithm, b"a\nb"), compress(algorithm, b"c\n")].concat();
        assert_eq!(read(algorithm, &twice, 3).texts(), ["a", "bc"], "{algorithm}");
    }
    for algorithm in ["zlib", "flate"] {
        let more = [compress(algorithm, b"a\n"), b"what follows".to_vec()].concat();
        assert_eq!(read(algorithm, &more, 3).texts(), ["a"], "{algorithm}");
    }
}

#[test]
fn lines_before_a_mistake_are_returned() {
    let text = sample();
    for algorithm in ALGORITHMS {
        let compressed = compress(algorithm, &text);
        let messages = read(algorithm, &compressed[..compressed.len() - 1], 4096);
        assert_eq!(messages.error.as_deref(), Some("unexpected EOF"), "{algorithm}");
        // These keep what they made until a block, or a window, is complete.
        assert!(!messages.batches.is_empty() || matches!(algorithm, "bzip2" | "zstd"), "{algorithm}");
    }
    let mut wrong = compress("gzip", &text);
    let checksum = wrong.len() - 6;
    wrong[checksum] ^= 1;
    let messages = read("gzip", &wrong, 4096);
    assert_eq!((messages.all().len(), messages.error.as_deref()), (2500, Some("gzip: invalid checksum")));
}

#[test]
fn bytes_of_another_kind_are_mistakes() {
    for (algorithm, reason) in [
        ("gzip", "gzip: invalid header"),
        ("zlib", "zlib: invalid header"),
        ("bzip2", "bzip2 data invalid: bad magic value"),
        ("snappy", "s2: corrupt input"),
        ("lz4", "lz4: bad magic number"),
        ("zstd", "zstd: magic number mismatch"),
    ] {
        let error = read(algorithm, b"neither of these at all", 3).error;
        assert_eq!(error.as_deref(), Some(reason));
    }
    let garbage = [compress("gzip", b"a\n"), b"garbage".to_vec()].concat();
    let messages = read("gzip", &garbage, 64);
    assert_eq!(
        (messages.all(), messages.error.as_deref()),
        (vec!["a".to_owned()], Some("gzip: invalid header"))
    );
}

#[test]
fn a_bomb_is_cut_as_it_grows() {
    let zeros = vec![b'\n'; 4 << 20];
    for algorithm in ["gzip", "bzip2", "zstd"] {
        let bomb = compress(algorithm, &zeros);
        assert!(bomb.len() < zeros.len() / 100, "{algorithm}");
        let messages = read(algorithm, &bomb, usize::MAX);
        let largest = messages.batches.iter().map(forebay_sdk::Batch::len).max();
        assert!(largest.is_some_and(|largest| largest <= 128 << 10), "{algorithm}: {largest:?}");
        assert_eq!(messages.batches.iter().map(forebay_sdk::Batch::len).sum::<usize>(), zeros.len());
    }
}

#[test]
fn scanners_nest() {
    let twice = compress("zstd", &compress("gzip", b"\xef\xbb\xbfa,b\n1,2\n"));
    let config = json!({"decompress": {"algorithm": "zstd", "into": {
        "decompress": {"algorithm": "gzip", "into": {"skip_bom": {"into": {"csv": {}}}}}
    }}});
    assert_eq!(cut_in(&config, &twice, 5, "").details(), [r#"{"a":"1","b":"2"} csv_row=0"#]);
}

#[test]
fn an_algorithm_that_nobody_knows_is_refused() {
    assert_eq!(refused(&config("lzma")), "/decompress/algorithm: compression type not recognised: lzma");
}

proptest! {
    #[test]
    fn damaged_bytes_fail_or_give_something(
        at in 0_usize..1000,
        bit in 0_u8..8,
        text in proptest::collection::vec(any::<u8>(), 0..300),
    ) {
        for algorithm in ALGORITHMS {
            let mut compressed = compress(algorithm, &text);
            // An empty text has no frames in snappy.
            let at = at % compressed.len().max(1);
            compressed.get_mut(at).into_iter().for_each(|byte| *byte ^= 1 << bit);
            read(algorithm, &compressed, 64);
        }
    }
}
