use std::cell::Cell;
use std::rc::Rc;

use forebay_sdk::testing;

use super::{ANY, Codec, CompressionError};

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
        // What a file claims of small pages may be false, as it may where the host does it.
        assert_eq!(codec.decompress(&compressed, 1).expect("whole"), sentences(), "{codec:?}");
        assert!(codec.decompress(&compressed[..compressed.len() / 2], 1 << 20).is_err());
        assert!(codec.decompress(b"no such frame", 1 << 20).is_err());
    }
}

#[test]
fn large_pages_are_as_large_as_the_file_claims_at_most() {
    let large = vec![7; ANY + 1];
    for codec in ALL {
        let compressed = codec.compress(&large).expect("compressed");
        assert!(codec.decompress(&compressed, large.len()).expect("whole") == large, "{codec:?}");
        let error = codec.decompress(&compressed, ANY).expect_err("too much");
        assert!(error.to_string().contains("decompress a page: "), "{error}");
    }
}

#[test]
fn no_room_is_made_for_what_is_only_claimed() {
    // Who says nothing of the size, while the file claims that there is no limit.
    let streamed = zstd::stream::encode_all(sentences().as_slice(), 1).expect("compressed");
    assert_eq!(Codec::Zstd.decompress(&streamed, usize::MAX).expect("whole"), sentences());
    // Of several frames the first one says something.
    let first = Codec::Zstd.compress(b"one,").expect("compressed");
    let both = Codec::Zstd.decompress(&[first, streamed].concat(), usize::MAX).expect("whole");
    assert_eq!(both, [b"one,".to_vec(), sentences()].concat());
    // Frames of one segment and a block that claim as much as they can.
    for claim in [u64::MAX - 2, 3 << 30] {
        let mut frame = vec![0x28, 0xb5, 0x2f, 0xfd, 0xe0];
        frame.extend(claim.to_le_bytes());
        frame.extend([1, 0, 0]);
        assert!(Codec::Zstd.decompress(&frame, usize::MAX).is_err(), "{claim}");
    }
    assert!(Codec::Snappy.decompress(&[0xff, 0xff, 0xff, 0xff, 0x0f, 0], usize::MAX).is_err());
    let gzip = Codec::Gzip.compress(&sentences()).expect("compressed");
    assert_eq!(Codec::Gzip.decompress(&gzip, usize::MAX).expect("whole"), sentences());
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
