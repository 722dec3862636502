//! Bodies of requests as they should be, and as they should not: decoding never makes room for what a body does not hold.

#[cfg(test)]
mod allocations;
#[cfg(test)]
mod samples;

use allocations::largest_during;
use bytes::{BufMut as _, Bytes, BytesMut};
use forebay_kafka_wire::{
    BatchBuilder, Compression, DecodeError, MOST_ELEMENTS, Malformed, RecordBatch, decode,
};
use forebay_model::{Offset, Timestamp};
use kafka_protocol::messages::MetadataRequest;
use proptest::prelude::*;

/// What decoding a body of a few hundred bytes may ask for at once: far above what any of them does, and far below
/// what a count could.
const ROOM: usize = 64 << 10;

#[test]
fn every_version_is_walked_as_it_is_decoded() {
    for sample in samples::all() {
        let samples::Sample { name, api, version, .. } = &sample;
        assert!((sample.agrees)(sample.body.clone()), "{name}: API {api} version {version}");
    }
}

#[test]
fn a_body_that_ends_early_is_refused() {
    for sample in samples::all() {
        for length in 0..sample.body.len() {
            assert!((sample.decode)(sample.body.slice(..length)).is_err(), "{} at {length}", sample.name);
        }
    }
}

#[test]
fn what_follows_a_body_is_ignored_as_kafka_does() {
    for sample in samples::all() {
        let longer = Bytes::from([&sample.body[..], &[1, 0, 0]].concat());
        assert!((sample.agrees)(longer), "{}", sample.name);
    }
    // What librdkafka 2.16 sends when it asks for all topics: no topics, and three bytes that mean nothing.
    let body = Bytes::from_static(&[0, 0, 0, 0, 1, 0, 0]);
    assert_eq!(decode::<MetadataRequest>(body, 13).unwrap().topics, None);
}

#[test]
fn a_huge_count_anywhere_makes_no_room() {
    // As plain and as compact counts and lengths; each replaces what is at its place, and is put in front of it.
    let huge: [&[u8]; 6] = [
        &[0x7f, 0xff, 0xff, 0xff],
        &[0x00, 0xff, 0xff, 0xff],
        &[0xff, 0xff, 0xff, 0xff, 0x0f],
        &[0xff, 0xff, 0xff, 0x7f],
        &[0x7f, 0xff],
        &[0x80, 0x80, 0x80, 0x80, 0x08],
    ];
    for sample in samples::all() {
        for at in 0..=sample.body.len() {
            for huge in huge {
                let end = (at + huge.len()).min(sample.body.len());
                for from in [at, end] {
                    let body = Bytes::from([&sample.body[..at], huge, &sample.body[from..]].concat());
                    let room = largest_during(|| drop((sample.decode)(body)));
                    assert!(room <= ROOM, "{}: {huge:?} at {at} asked for {room} bytes", sample.name);
                }
            }
        }
    }
}

#[test]
fn a_known_tagged_field_of_another_size_than_it_says_is_refused() {
    let fetch =
        samples::all().into_iter().find(|sample| sample.name.ends_with("FetchRequest version 12")).unwrap();
    // The last tagged field: tag 0, size 8, and a compact string of 7 bytes.
    let mut body = fetch.body.to_vec();
    let size = body.len() - 9;
    assert_eq!(body[size], 8);
    body[size] = 7;
    let refused = (fetch.decode)(body.into());
    let Err(DecodeError::Malformed { source: Malformed::Tag { tag: 0, said: 7, found: 8 }, .. }) = refused
    else {
        panic!("{refused:?}")
    };
}

#[test]
fn more_elements_than_anybody_asks_for_are_refused() {
    let body = |count: usize| {
        let mut body = BytesMut::new();
        body.put_i32(i32::try_from(count).unwrap());
        body.put_bytes(0, count * 2);
        body.freeze()
    };
    assert_eq!(
        decode::<MetadataRequest>(body(MOST_ELEMENTS), 1).unwrap().topics.unwrap().len(),
        MOST_ELEMENTS
    );
    let refused = decode::<MetadataRequest>(body(MOST_ELEMENTS + 1), 1);
    assert!(
        matches!(refused, Err(DecodeError::Malformed { source: Malformed::Elements, .. })),
        "{refused:?}"
    );
}

#[test]
fn no_count_inside_of_a_batch_makes_room() {
    for compression in [Compression::None, Compression::Gzip, Compression::Snappy, Compression::Zstd] {
        let mut builder = BatchBuilder::new(Offset::ZERO, compression);
        for _ in 0..3 {
            let header = forebay_kafka_wire::RecordHeader { key: Bytes::from_static(b"h"), value: None };
            builder.push(Timestamp::from_millis(1), Some(b"key"), Some(b"value"), &[header]).unwrap();
        }
        let good = builder.build().unwrap().into_bytes();
        for at in 0..good.len() {
            for huge in
                [[0x7f, 0xff, 0xff, 0xff, 0xff], [0xff, 0xff, 0xff, 0xff, 0x0f], [0xfe, 0xff, 0xff, 0x7f, 0]]
            {
                let mut bytes = good.to_vec();
                for (place, byte) in bytes[at..].iter_mut().zip(huge) {
                    *place = byte;
                }
                let room = largest_during(|| {
                    let batch = RecordBatch::parse(bytes.into());
                    let records = batch.ok().and_then(|batch| batch.records(ROOM).ok());
                    drop(records.map(Iterator::collect::<Vec<_>>));
                });
                // A frame of zstd may ask for the window that every decoder should grant.
                let most = if compression == Compression::Zstd { 9 << 20 } else { ROOM * 4 };
                assert!(room <= most, "{}: {huge:?} at {at} asked for {room} bytes", compression.name());
            }
        }
    }
}

proptest! {
    #[test]
    fn any_body_is_decoded_or_refused(
        which in any::<prop::sample::Index>(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..12),
        random in prop::collection::vec(any::<u8>(), 0..300),
    ) {
        let samples = samples::all();
        let sample = which.get(&samples);
        let mut body = sample.body.to_vec();
        for (at, byte) in changes {
            // Some bodies are empty.
            if !body.is_empty() {
                let at = at.index(body.len());
                body[at] = byte;
            }
        }
        for body in [Bytes::from(body), Bytes::from(random)] {
            let room = largest_during(|| drop((sample.decode)(body)));
            prop_assert!(room <= ROOM, "{} asked for {} bytes", sample.name, room);
        }
    }
}
