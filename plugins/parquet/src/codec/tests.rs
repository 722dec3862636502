use std::cell::Cell;
use std::rc::Rc;

use forebay_sdk::testing;

use super::{Codec, CompressionError};

const ALL: [Codec; 3] = [Codec::Zstd, Codec::Gzip, Codec::Snappy];

fn sentences() -> Vec<u8> {
    b"rows of a file, one after the other; ".repeat(1000)
}

#[test]
fn what_the_host_does_not_do_is_done_inside() {
    for codec in ALL {
        let compressed = codec.compress(&sentences()).expect("compressed");
        assert!(compressed.len() < sentences().len() / 10);
        assert_eq!(
            codec.decompress(&compressed, sentences().len()).expect("whole"),
            sentences(),
            "{codec:?}"
        );
        let error = codec.decompress(&compressed, sentences().len() - 1).expect_err("too much");
        assert!(error.to_string().contains("decompress a page: "), "{error}");
        assert!(codec.decompress(&compressed[..compressed.len() / 2], 1 << 20).is_err());
        assert!(codec.decompress(b"no such frame", 1 << 20).is_err());
    }
}

#[test]
fn what_the_host_does_is_taken_from_it() {
    let calls = Rc::new(Cell::new(0));
    let counted = {
        let calls = Rc::clone(&calls);
        move || calls.set(calls.get() + 1)
    };
    let counted_too = counted.clone();
    testing::set_compression(
        move |_, level, bytes| {
            assert_eq!(level, None);
            counted();
            Ok([b"host ", bytes].concat())
        },
        move |_, bytes, _| {
            counted_too();
            let malformed = || CompressionError::Malformed("not the host's".to_owned());
            Ok(bytes.strip_prefix(b"host ").ok_or_else(malformed)?.to_vec())
        },
    );
    for codec in ALL {
        assert_eq!(codec.compress(b"page").expect("compressed"), b"host page");
        assert_eq!(codec.decompress(b"host page", 0).expect("decompressed"), b"page");
        let error = codec.decompress(b"a page", 100).expect_err("malformed");
        assert_eq!(error.to_string(), "Parquet error: decompress a page: not the host's");
    }
    assert_eq!(calls.get(), 9);
}
