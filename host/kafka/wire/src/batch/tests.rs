use forebay_model::{LeaderEpoch, Offset, ProducerEpoch, ProducerId, Sequence, Timestamp};
use proptest::prelude::*;

use super::*;
use crate::compression::Compression;

const ALL: [Compression; 5] =
    [Compression::None, Compression::Gzip, Compression::Snappy, Compression::Lz4, Compression::Zstd];

fn offset(offset: i64) -> Offset {
    Offset::new(offset).unwrap()
}

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis)
}

/// A batch of one record, key `k`, value `v`, one header `h` without a value, as bytes: written by hand after
/// the description of the format.
fn golden() -> Vec<u8> {
    let mut bytes = vec![
        0, 0, 0, 0, 0, 0, 0, 0, // base offset
        0, 0, 0, 61, // length: 49 and a record of 12
        0xff, 0xff, 0xff, 0xff, // leader epoch
        2,    // format
        0, 0, 0, 0, // checksum, below
        0, 0, // attributes
        0, 0, 0, 0, // last offset delta
        0, 0, 0, 0, 0, 0, 3, 0xe8, // base timestamp
        0, 0, 0, 0, 0, 0, 3, 0xe8, // max timestamp
        0, 0, 0, 0, 0, 0, 0, 7, // producer id
        0, 1, // producer epoch
        0, 0, 0, 9, // base sequence
        0, 0, 0, 1, // records
        22, 0, 0, 0, 2, b'k', 2, b'v', 2, 2, b'h', 1,
    ];
    let crc = crc32c::crc32c(&bytes[21..]).to_be_bytes();
    bytes[17..21].copy_from_slice(&crc);
    bytes
}

#[test]
fn a_batch_is_written_byte_by_byte_as_described() {
    let mut builder = BatchBuilder::new(Offset::ZERO, Compression::None).producer(
        ProducerId::new(7).unwrap(),
        ProducerEpoch::new(1).unwrap(),
        Sequence::new(9).ok(),
    );
    let header = RecordHeader { key: Bytes::from_static(b"h"), value: None };
    builder.push(at(1000), Some(b"k"), Some(b"v"), &[header]).unwrap();
    assert_eq!(builder.build().unwrap().into_bytes(), golden());
}

#[test]
fn a_changed_byte_is_found() {
    for index in 21..golden().len() {
        let mut bytes = golden();
        bytes[index] ^= 0x10;
        if let Ok(batch) = RecordBatch::parse(bytes.into()) {
            assert!(matches!(batch.check_crc(), Err(BatchError::Crc { .. })), "byte {index}");
        }
    }
}

#[test]
fn batches_are_split_from_each_other() {
    let mut bytes = Bytes::from([golden(), golden(), vec![1, 2, 3]].concat());
    for _ in 0..2 {
        assert_eq!(RecordBatch::split_from(&mut bytes).unwrap().bytes(), &golden());
    }
    assert_eq!(RecordBatch::split_from(&mut bytes), Err(BatchError::Header(HeaderError::Short { found: 3 })));
    let cut = Bytes::from(golden()).slice(..70);
    assert_eq!(RecordBatch::parse(cut), Err(BatchError::Truncated { said: 73, found: 70 }));
    let longer = Bytes::from([golden(), vec![0]].concat());
    assert_eq!(RecordBatch::parse(longer), Err(BatchError::Trailing { extra: 1 }));
}

#[test]
fn message_sets_of_older_formats_are_told_from_broken_batches() {
    // A message of format 1 is shorter than a header of format 2.
    let mut old = vec![0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 14, 1, 2, 3, 4, 1, 0];
    old.extend_from_slice(&[0; 8]);
    assert_eq!(RecordBatch::parse(old.into()), Err(BatchError::Header(HeaderError::Magic { magic: 1 })));
}

#[test]
fn numbers_that_no_batch_has_are_refused() {
    let with = |at: usize, part: &[u8]| {
        let mut bytes = golden();
        bytes[at..at + part.len()].copy_from_slice(part);
        BatchHeader::parse(&bytes).unwrap_err()
    };
    assert_eq!(with(8, &48_i32.to_be_bytes()), HeaderError::Length { length: 48 });
    assert_eq!(with(8, &[0xff; 4]), HeaderError::Length { length: -1 });
    assert_eq!(with(0, &[0xff; 8]), HeaderError::Negative { field: "base offset", value: -1 });
    assert_eq!(with(23, &[0xff; 4]), HeaderError::Negative { field: "last offset delta", value: -1 });
    assert_eq!(with(57, &[0xff; 4]), HeaderError::Negative { field: "number of records", value: -1 });
}

#[test]
fn duplicate_header_keys_and_keys_of_any_bytes_survive() {
    let headers =
        [(&b"same"[..], Some(&b"1"[..])), (b"same", None), (b"\xff\xfe", Some(b"\x00")), (b"", None)];
    let headers = headers.map(|(key, value)| RecordHeader {
        key: Bytes::copy_from_slice(key),
        value: value.map(Bytes::copy_from_slice),
    });
    let mut builder = BatchBuilder::new(offset(5), Compression::Zstd);
    builder.push(at(1), None, None, &headers).unwrap();
    let record = builder.build().unwrap().records(1000).unwrap().next().unwrap().unwrap();
    assert_eq!(record.headers, headers);
    assert_eq!((record.key, record.value), (None, None));
}

#[test]
fn all_records_have_the_time_of_the_append_where_the_batch_says_so() {
    let mut builder = BatchBuilder::new(Offset::ZERO, Compression::Lz4);
    for time in [30, 10, 20] {
        builder.push(at(time), None, Some(b"value"), &[]).unwrap();
    }
    let batch = builder.build().unwrap();
    assert_eq!(batch.header().max_timestamp, at(30));
    let epoch = LeaderEpoch::new(0).unwrap();
    let stamped = batch.with_header(batch.header().stamped(offset(100), epoch, Some(at(99))));
    stamped.check_crc().unwrap();
    let records: Vec<_> = stamped.records(1000).unwrap().map(Result::unwrap).collect();
    assert_eq!(records.iter().map(|record| record.offset.get()).collect::<Vec<_>>(), [100, 101, 102]);
    assert!(records.iter().all(|record| record.timestamp == at(99)));
}

#[test]
fn a_wrong_number_of_records_is_an_error() {
    let mut builder = BatchBuilder::new(Offset::ZERO, Compression::None);
    builder.push(at(1), None, Some(b"one"), &[]).unwrap();
    builder.push(at(1), None, Some(b"two"), &[]).unwrap();
    let bytes = builder.build().unwrap().into_bytes();
    let says = |count: i32| {
        let mut bytes = bytes.to_vec();
        bytes[57..61].copy_from_slice(&count.to_be_bytes());
        let records: Result<Vec<_>, _> =
            RecordBatch::parse(bytes.into()).unwrap().records(1000).unwrap().collect();
        records
    };
    assert_eq!(says(2).unwrap().len(), 2);
    assert!(matches!(says(1), Err(RecordError::Trailing { .. })));
    assert!(matches!(says(3), Err(RecordError::Malformed { index: 2, .. })));
    assert!(matches!(says(i32::MAX), Err(RecordError::Malformed { index: 2, .. })));
}

#[test]
fn offsets_with_gaps_are_kept() {
    let mut builder = BatchBuilder::new(offset(10), Compression::None);
    builder.push_at(offset(12), at(1), (None, None), &[]).unwrap();
    builder.push_at(offset(20), at(1), (None, None), &[]).unwrap();
    assert!(matches!(builder.push_at(offset(20), at(1), (None, None), &[]), Err(BuildError::Order { .. })));
    assert!(matches!(builder.push_at(offset(9), at(1), (None, None), &[]), Err(BuildError::Order { .. })));
    let batch = builder.build().unwrap();
    assert_eq!(batch.header().last_offset(), Some(offset(20)));
    let offsets: Vec<_> = batch.records(1000).unwrap().map(|record| record.unwrap().offset.get()).collect();
    assert_eq!(offsets, [12, 20]);
}

type Field = Option<Vec<u8>>;
type Fields = (i64, Field, Field, Vec<(Vec<u8>, Field)>);

fn fields() -> impl Strategy<Value = Vec<Fields>> {
    let bytes = || prop::collection::vec(any::<u8>(), 0..40);
    let field = move || prop::option::of(bytes());
    let headers = prop::collection::vec((bytes(), field()), 0..4);
    prop::collection::vec((any::<i64>(), field(), field(), headers), 1..20)
}

proptest! {
    #[test]
    fn what_is_built_is_read_again(fields in fields(), base in 0..i64::MAX / 2, moved in 0..i64::MAX / 2, time: i64) {
        for compression in ALL {
            let mut builder = BatchBuilder::new(offset(base), compression);
            for (time, key, value, headers) in &fields {
                let headers: Vec<_> = headers
                    .iter()
                    .map(|(key, value)| RecordHeader {
                        key: key.clone().into(),
                        value: value.clone().map(Bytes::from),
                    })
                    .collect();
                builder.push(at(*time), key.as_deref(), value.as_deref(), &headers).unwrap();
            }
            let batch = RecordBatch::parse(builder.build().unwrap().into_bytes()).unwrap();
            batch.check_crc().unwrap();
            for (index, record) in batch.records(1 << 20).unwrap().enumerate() {
                let record = record.unwrap();
                let (time, key, value, headers) = &fields[index];
                prop_assert_eq!(record.offset.get(), base + i64::try_from(index).unwrap());
                prop_assert_eq!(record.timestamp, at(*time));
                prop_assert_eq!(record.key.as_deref(), key.as_deref());
                prop_assert_eq!(record.value.as_deref(), value.as_deref());
                prop_assert_eq!(record.headers.len(), headers.len());
            }
            // The checksum of a stamped header follows without the records.
            let epoch = LeaderEpoch::new(3).unwrap();
            for stamp in [None, Some(at(time))] {
                let stamped = batch.header().stamped(offset(moved), epoch, stamp);
                let whole = RecordBatch::parse(batch.with_header(stamped.clone()).into_bytes()).unwrap();
                whole.check_crc().unwrap();
                prop_assert_eq!(whole.header(), &stamped);
            }
            // Compressed in another way it holds the same.
            let repacked = batch.recompressed(Compression::Gzip, 1 << 20).unwrap();
            repacked.check_crc().unwrap();
            let of = |batch: &RecordBatch| batch.records(1 << 20).unwrap().map(Result::unwrap).collect::<Vec<_>>();
            prop_assert_eq!(of(&repacked), of(&batch));
        }
    }

    #[test]
    fn any_bytes_are_a_batch_or_refused(mut bytes in prop::collection::vec(any::<u8>(), 0..200), attributes in 0_u8..8) {
        // Mostly past the first checks, or little else would be tried.
        for (index, byte) in [(0, 0), (8, 0), (9, 0), (10, 0), (16, 2), (22, attributes), (57, 0), (58, 0)] {
            if let Some(place) = bytes.get_mut(index) {
                *place = byte;
            }
        }
        if let Ok(batch) = RecordBatch::split_from(&mut Bytes::from(bytes))
            && let Ok(records) = batch.records(1 << 16)
        {
            records.for_each(drop);
        }
    }
}

/// The memory that a batch which nobody shares takes.
fn memory(batch: RecordBatch) -> usize {
    batch.into_bytes().try_into_mut().unwrap().capacity()
}

#[test]
fn a_batch_keeps_no_room_that_was_made_for_more() {
    for compression in ALL {
        let mut builder = BatchBuilder::new(Offset::ZERO, compression).reserved(4 << 20);
        builder.push(at(0), None, Some(&[0; 1 << 20]), &[]).unwrap();
        let batch = builder.build().unwrap();
        for other in ALL {
            let other = batch.recompressed(other, 2 << 20).unwrap();
            let length = other.bytes().len();
            assert!(memory(other) <= 2 * length, "{length} bytes recompressed");
        }
        let length = batch.bytes().len();
        assert!(memory(batch) <= 2 * length, "{} of {length} bytes", compression.name());
    }
}
