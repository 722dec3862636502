use bytes::Bytes;
use forebay_model::{
    PartitionId, ProducerEpoch, ProducerId, RecordCount, Sequence, Timestamp, TopicId, TopicIdPartition,
};
use forebay_storage_metadata::{IdempotentBatch, TimestampType};
use proptest::prelude::*;

use super::*;
use crate::writer::NewBatch;

fn new_batch(topic: u128, partition: i32, bytes: Vec<u8>, sequence: Option<i32>) -> NewBatch {
    NewBatch {
        log: TopicIdPartition {
            topic: TopicId::from_random(topic),
            partition: PartitionId::new(partition).unwrap(),
        },
        crc: crc32c::crc32c(&bytes),
        bytes: bytes.into(),
        records: RecordCount::new(3),
        max_timestamp: Timestamp::from_millis(-7),
        timestamps: if partition % 2 == 0 { TimestampType::CreateTime } else { TimestampType::LogAppendTime },
        producer: sequence.map(|sequence| IdempotentBatch {
            id: ProducerId::new(1 << 40).unwrap(),
            epoch: ProducerEpoch::new(7).unwrap(),
            base_sequence: Sequence::new(sequence).unwrap(),
        }),
    }
}

fn joined(contents: &SegmentContents) -> Bytes {
    contents.payload.pieces().concat().into()
}

#[test]
fn the_layout_is_as_documented() {
    let segment = joined(&SegmentContents::lay_out(&[vec![new_batch(1, 2, b"batch".to_vec(), Some(9))]]));
    assert_eq!(segment.len(), 8 + 5 + 72 + 32);
    assert_eq!(&segment[..13], b"FBSEG\0\0\x01batch");
    let entry = &segment[13..85];
    assert_eq!(&entry[..16], TopicId::from_random(1).uuid().as_bytes());
    assert_eq!(
        &entry[16..40],
        [[0, 0, 0, 2, 0, 0, 0, 3], [0, 0, 0, 0, 0, 0, 0, 8], [0, 0, 0, 0, 0, 0, 0, 5]].concat()
    );
    assert_eq!(&entry[40..48], (-7_i64).to_be_bytes());
    assert_eq!(&entry[48..64], [0, 0, 1, 0, 0, 0, 0, 0, 0, 7, 0, 0, 0, 0, 0, 9]);
    assert_eq!(&entry[64..68], crc32c::crc32c(b"batch").to_be_bytes());
    let trailer = &segment[85..];
    assert_eq!(&trailer[..16], [0, 0, 0, 0, 0, 0, 0, 13, 0, 0, 0, 1, 0, 0, 0, 0]);
    assert_eq!(&trailer[16..20], crc32c::crc32c(&segment[13..101]).to_be_bytes());
    assert_eq!(&trailer[20..], b"\0\0\0\0FBEND\0\0\x01");
}

#[test]
fn batches_of_a_partition_lie_side_by_side_in_the_order_of_requests() {
    let batch = |topic, partition, text: &str| new_batch(topic, partition, text.into(), None);
    let requests = [
        vec![batch(2, 0, "a"), batch(1, 1, "b")],
        vec![batch(1, 1, "c"), batch(1, 0, "d")],
        vec![batch(2, 0, "e")],
    ];
    let contents = SegmentContents::lay_out(&requests);
    let first_topic = TopicId::from_random(1) < TopicId::from_random(2);
    let expected: &[u8] = if first_topic { b"dbcae" } else { b"aedbc" };
    assert_eq!(&joined(&contents)[8..13], expected);
    for (request, commit) in requests.iter().zip(&contents.requests) {
        for (new, committed) in request.iter().zip(&commit.batches) {
            let at = usize::try_from(committed.position.get()).unwrap();
            assert_eq!(&joined(&contents)[at..at + 1], &new.bytes);
            assert_eq!((committed.log, committed.length.get()), (new.log, 1));
        }
    }
}

#[test]
fn what_is_no_segment_or_of_another_version_is_refused() {
    let segment = joined(&SegmentContents::lay_out(&[vec![new_batch(1, 0, vec![1; 100], None)]]));
    let size = segment.len() as u64;
    let parse = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut bytes = segment.to_vec();
        change(&mut bytes);
        SegmentFooter::parse(&bytes.into(), size).unwrap_err()
    };
    assert_eq!(
        parse(&|bytes| *bytes.last_mut().unwrap() = 2),
        FooterError::Version { version: 2, expected: 1 }
    );
    assert_eq!(parse(&|bytes| bytes.truncate(20)), FooterError::Short { size, least: 40 });
    assert_eq!(parse(&|bytes| bytes.extend(b"x")), FooterError::NoSegment);
    assert!(matches!(SegmentFooter::parse(&segment, size + 1), Err(FooterError::Layout { .. })));
    // Only the end is needed.
    let tail = segment.slice(108..);
    assert_eq!(SegmentFooter::parse(&tail, size).unwrap().entries.len(), 1);
}

proptest! {
    #[test]
    fn a_footer_says_what_was_laid_out(
        requests in prop::collection::vec(
            prop::collection::vec(
                (0..4_u128, 0..4, prop::collection::vec(any::<u8>(), 1..50), prop::option::of(0..i32::MAX)),
                1..4,
            ),
            0..6,
        ),
    ) {
        let requests: Vec<Vec<_>> = requests
            .into_iter()
            .map(|batches| batches.into_iter().map(|(t, p, b, s)| new_batch(t, p, b, s)).collect())
            .collect();
        let segment = joined(&SegmentContents::lay_out(&requests));
        let footer = SegmentFooter::parse(&segment, segment.len() as u64).unwrap();
        prop_assert_eq!(footer.entries.len(), requests.iter().map(Vec::len).sum::<usize>());
        for entry in &footer.entries {
            let at = usize::try_from(entry.position.get()).unwrap();
            let bytes = &segment[at..at + usize::try_from(entry.length.get()).unwrap()];
            let of_request = &requests[usize::try_from(entry.request).unwrap()];
            let is_there = of_request.iter().any(|new| {
                new.bytes == bytes && new.log == entry.log && new.producer == entry.producer
                    && new.crc == entry.crc && new.timestamps == entry.timestamps
                    && new.records == entry.records && new.max_timestamp == entry.max_timestamp
            });
            prop_assert!(is_there);
        }
    }

    #[test]
    fn no_change_of_a_footer_goes_unnoticed(at in 0..200_usize, bit in 0..8_u8) {
        let batches = vec![new_batch(1, 0, vec![1; 30], Some(1)), new_batch(1, 1, vec![2; 30], None)];
        let segment = joined(&SegmentContents::lay_out(&[batches]));
        let mut changed = segment.to_vec();
        let at = 68 + at % (changed.len() - 68);
        changed[at] ^= 1 << bit;
        // The two spare fields are not looked at: a later version may use them.
        let spare = segment.len() - 12..segment.len() - 8;
        let parsed = SegmentFooter::parse(&changed.into(), segment.len() as u64);
        prop_assert_eq!(parsed.is_err(), !spare.contains(&at));
    }

    #[test]
    fn random_bytes_are_no_segment(bytes in prop::collection::vec(any::<u8>(), 0..300), size in any::<u64>()) {
        let bytes = Bytes::from(bytes);
        prop_assert!(SegmentFooter::parse(&bytes, size).is_err());
        // With a trailer that is one, but of nothing that is there.
        let mut with_end = bytes.to_vec();
        with_end.extend_from_slice(&END);
        let length = with_end.len() as u64;
        prop_assert!(SegmentFooter::parse(&with_end.into(), length).is_err());
    }
}
