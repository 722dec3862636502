//! Record batches, with whatever they are compressed.

use bytes::Bytes;
use forebay_kafka_wire::{BatchBuilder, Compression, HEADER_BYTES, Record, RecordBatch, RecordHeader};
use forebay_model::{LeaderEpoch, Offset, Timestamp};

use super::compressions::{LIMIT, room};
use super::{Broken, Outcome, Target, law, outcome};

/// Inputs are batches.
pub const BATCHES: Target =
    Target { name: "record batches", corpus, read, room: |bytes| room(bytes) + 400 * bytes };

const ALL: [Compression; 5] =
    [Compression::None, Compression::Gzip, Compression::Snappy, Compression::Lz4, Compression::Zstd];

fn corpus() -> Vec<Vec<u8>> {
    let batch = |compression, records: u32| {
        let mut builder = BatchBuilder::new(Offset::ZERO, compression);
        for number in 0..records {
            let header = RecordHeader { key: Bytes::from_static(b"h"), value: None };
            let value = format!("value {number}");
            let (key, value) = (Some(&b"key"[..]), (number != 1).then_some(value.as_bytes()));
            // Four records never have too much for a batch.
            let _ = builder.push(Timestamp::from_millis(i64::from(number)), key, value, &[header]);
        }
        builder.build().map(|batch| batch.into_bytes().to_vec()).unwrap_or_default()
    };
    ALL.into_iter().flat_map(|compression| [batch(compression, 1), batch(compression, 4)]).collect()
}

fn read(input: &[u8]) -> Result<Outcome, Broken> {
    let mut rest = Bytes::copy_from_slice(input);
    let batch = match RecordBatch::split_from(&mut rest) {
        Ok(batch) => batch,
        Err(error) => {
            law(rest == input, || "a batch that is none was taken off".to_owned())?;
            return Ok(outcome(&error));
        }
    };
    let header = batch.header();
    law(batch.bytes().len() == header.total_bytes(), || "a batch of another length".to_owned())?;
    law(batch.bytes().len() + rest.len() == input.len(), || "bytes are lost".to_owned())?;
    law(header.total_bytes() >= HEADER_BYTES, || "a batch without a header".to_owned())?;
    let crc = batch.check_crc().map_or("another checksum", |()| "its checksum");
    let epoch = LeaderEpoch::new(3).map_err(|error| Broken(error.to_string()))?;
    let stamped = header.stamped(header.base_offset, epoch, Some(Timestamp::from_millis(5)));
    let stamped = batch.with_header(stamped);
    // What the header owes to the checksum is exchanged: it is right as it was before.
    law(stamped.check_crc().is_ok() == batch.check_crc().is_ok(), || "another checksum".to_owned())?;
    let records = match records(&batch)? {
        Ok(records) => records,
        Err(error) => return Ok(format!("{crc}, {error}")),
    };
    let packed = match batch.recompressed(Compression::Lz4, LIMIT) {
        Ok(packed) => packed,
        Err(error) => return Ok(format!("{crc}, {}", outcome(&error))),
    };
    let same = self::records(&packed)?.map_err(Broken)?;
    law(same == records, || "records are others when they are compressed anew".to_owned())?;
    law(packed.check_crc().is_ok(), || "a new batch has a wrong checksum".to_owned())?;
    Ok(format!("{crc}, {} records", records.len().next_power_of_two()))
}

/// All records, or what is wrong with the first that is none.
fn records(batch: &RecordBatch) -> Result<Result<Vec<Record>, Outcome>, Broken> {
    let records = match batch.records(LIMIT) {
        Ok(records) => records,
        Err(error) => return Ok(Err(outcome(&error))),
    };
    let mut all = Vec::new();
    let mut bytes = 0;
    for record in records {
        let record = match record {
            Ok(record) => record,
            Err(error) => return Ok(Err(outcome(&error))),
        };
        bytes += record.key.as_ref().map_or(0, Bytes::len) + record.value.as_ref().map_or(0, Bytes::len);
        law(bytes <= LIMIT, || format!("records have {bytes} bytes"))?;
        all.push(record);
    }
    law(all.len() == batch.header().record_count.get() as usize, || format!("{} records", all.len()))?;
    Ok(Ok(all))
}
