use super::{Algorithm, Pieces};

const NAMES: [&str; 7] = ["flate", "gzip", "pgzip", "zlib", "lz4", "snappy", "zstd"];
const LIMIT: usize = 1 << 24;

/// Contents of several kinds: nothing, letters, runs, words, noise, and more than a block.
fn contents() -> Vec<Vec<u8>> {
    let mut noise = Vec::new();
    let mut state = 1_u32;
    for _ in 0..70_000 {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        noise.push(state.to_be_bytes()[0]);
    }
    let words: Vec<u8> =
        (0..40_000_u32).flat_map(|number| format!("{} ", number % 997).into_bytes()).collect();
    vec![
        Vec::new(),
        b"a".to_vec(),
        b"hello world hello world hello world".to_vec(),
        vec![b'x'; 300_000],
        noise.iter().map(|byte| byte & 3).collect(),
        noise,
        words,
    ]
}

#[test]
fn what_is_compressed_comes_back_at_every_level() {
    for content in contents() {
        for name in NAMES {
            for level in [-1, 0, 5] {
                let algorithm = Algorithm::to_compress(name).expect("known");
                let compressed = algorithm.compress(&content, level).expect("a level");
                let back = algorithm.decompress(&compressed, LIMIT);
                assert!(back.as_deref() == Ok(&content), "{name} {level}: {} bytes", content.len());
            }
        }
    }
}

/// What is made of a content whose pieces are so long.
fn in_pieces(algorithm: Algorithm, level: i64, content: &[u8], length: usize) -> Vec<u8> {
    let mut out = Vec::new();
    let mut pieces = Pieces::begin(algorithm, level, &mut out).expect("can be begun");
    content.chunks(length).for_each(|piece| pieces.add(piece, &mut out));
    pieces.finish(&mut out);
    out
}

#[test]
fn what_is_compressed_in_pieces_comes_back() {
    let mut contents = contents();
    let long: Vec<u8> = contents.concat().into_iter().cycle().take((9 << 20) + 5).collect();
    contents.push(long);
    for content in contents {
        for name in ["flate", "gzip", "pgzip", "zlib", "lz4", "zstd"] {
            for level in [-1, 0] {
                let algorithm = Algorithm::to_compress(name).expect("known");
                for length in [1 << 16, (1 << 20) + 7] {
                    let compressed = in_pieces(algorithm, level, &content, length);
                    let back = algorithm.decompress(&compressed, LIMIT);
                    assert!(back.as_deref() == Ok(&content), "{name} {level} {length}: {}", content.len());
                    // These are cut in the same way when they come as a whole.
                    if name == "pgzip" || name == "lz4" {
                        assert!(algorithm.compress(&content, level).as_ref() == Ok(&compressed), "{name}");
                    }
                }
            }
        }
    }
}

#[test]
fn what_needs_the_whole_content_is_not_begun() {
    let begin = |name, level| {
        let algorithm = Algorithm::to_compress(name).expect("known");
        Pieces::begin(algorithm, level, &mut Vec::new()).map(drop)
    };
    assert_eq!(begin("snappy", -1), Err("snappy says first how long the content is".to_owned()));
    assert_eq!(begin("gzip", 10), Err("gzip: invalid compression level: 10".to_owned()));
}

#[test]
fn whatever_is_cut_or_changed_ends_without_a_panic() {
    let content = contents().remove(2);
    for name in NAMES {
        let algorithm = Algorithm::to_compress(name).expect("known");
        let compressed = algorithm.compress(&content, -1).expect("a level");
        for at in 0..compressed.len() {
            let _ = algorithm.decompress(&compressed[..at], LIMIT);
            for bit in 0..8 {
                let mut changed = compressed.clone();
                changed[at] ^= 1 << bit;
                let _ = algorithm.decompress(&changed, LIMIT);
            }
        }
    }
}

#[test]
fn content_beyond_the_limit_is_refused() {
    for name in NAMES {
        let algorithm = Algorithm::to_compress(name).expect("known");
        let compressed = algorithm.compress(&[0; 100_000], -1).expect("a level");
        assert!(algorithm.decompress(&compressed, 1000).is_err(), "{name}");
    }
}

#[test]
fn what_is_there_already_stays_and_is_not_referred_to() {
    for content in contents() {
        for name in NAMES {
            let algorithm = Algorithm::to_compress(name).expect("known");
            let compressed = algorithm.compress(&content, -1).expect("a level");
            let mut out = b"before".to_vec();
            for _ in 0..2 {
                algorithm.decompress_onto(&compressed, content.len(), &mut out).expect("compressed");
            }
            assert!(out == [b"before".as_slice(), &content, &content].concat(), "{name}");
        }
    }
    // A match that reaches back by one byte, where nothing was written yet.
    let mut out = b"before".to_vec();
    assert!(Algorithm::Flate.decompress_onto(&[0x03, 0x02, 0x00], 100, &mut out).is_err());
}

#[test]
fn a_limit_is_named() {
    for name in NAMES {
        let algorithm = Algorithm::to_compress(name).expect("known");
        let compressed = algorithm.compress(&[0; 100_000], -1).expect("a level");
        let error = algorithm.decompress(&compressed, 1000).expect_err("too long");
        assert!(error.contains("longer than 1000 bytes"), "{name}: {error}");
    }
}

#[test]
fn levels_are_those_of_bento() {
    let compress = |name: &str, level| Algorithm::to_compress(name).expect("known").compress(b"a", level);
    for (name, level) in [("gzip", -3), ("flate", -32), ("lz4", 9), ("lz4", 24), ("lz4", -5), ("zstd", 99)] {
        assert!(compress(name, level).is_ok(), "{name} {level}");
    }
    for (name, level, shown) in [("lz4", 10, "262144"), ("lz4", 23, "2147483648"), ("zlib", -3, "-3")] {
        let error = compress(name, level).expect_err("no level");
        assert_eq!(error, format!("{name}: invalid compression level: {shown}"));
    }
    assert!(compress("flate", -4).is_err() && compress("pgzip", -3).is_err());
}

#[test]
fn bzip2_is_read() {
    let compressed = [
        0x42, 0x5a, 0x68, 0x39, 0x31, 0x41, 0x59, 0x26, 0x53, 0x59, 0x19, 0x31, 0x65, 0x3d, 0x00, 0x00, 0x00,
        0x81, 0x00, 0x02, 0x44, 0xa0, 0x00, 0x21, 0x9a, 0x68, 0x33, 0x4d, 0x07, 0x33, 0x8b, 0xb9, 0x22, 0x9c,
        0x28, 0x48, 0x0c, 0x98, 0xb2, 0x9e, 0x80,
    ];
    let algorithm = Algorithm::to_decompress("bzip2").expect("known");
    assert_eq!(algorithm.decompress(&compressed, LIMIT).as_deref(), Ok(b"hello".as_slice()));
    assert!(Algorithm::to_compress("bzip2").is_err());
    assert_eq!(algorithm.decompress(b"no", LIMIT), Err("bzip2 data invalid: bad magic value".to_owned()));
}
