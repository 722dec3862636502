//! Readers: one that follows partitions while they are written, and the reading of everything at the end.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context as _, bail};
use bytes::Bytes;
use forebay_kafka_wire::RecordBatch;
use forebay_lifecycle::clock;
use kafka_protocol::messages::fetch_request::{FetchPartition, FetchTopic};
use kafka_protocol::messages::fetch_response::PartitionData;
use kafka_protocol::messages::{FetchRequest, TopicName};
use kafka_protocol::protocol::StrBytes;

use crate::addresses::Addresses;
use crate::connection::Connection;
use crate::history::{Event, Moment, Read, Recorder, Seen, Try};
use crate::value::Value;

const FETCH: i16 = 11;
const OUT_OF_RANGE: i16 = 1;
const PAUSE: Duration = Duration::from_millis(25);
/// How long an agent waits for something new, in milliseconds.
const FOLLOWING: i32 = 100;
const MOST_BYTES: i32 = 1 << 20;
/// Most that a batch of ours decompresses to.
const MOST_UNPACKED: usize = 64 << 20;

/// What a reader met.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Met {
    pub fetches: usize,
    pub records: u64,
    pub errors: usize,
    pub connections: usize,
}

/// What is read.
#[derive(Debug, Clone)]
pub struct Plan {
    pub topic: String,
    pub partitions: i32,
    pub timeout: Duration,
}

/// Follows all partitions from their start on until told to stop. Errors are met and nothing else.
pub async fn follow(
    plan: &Plan,
    addresses: &Addresses,
    recorder: &Recorder,
    (mut turn, stop): (usize, &AtomicBool),
) -> Met {
    let mut met = Met::default();
    let mut offsets = vec![0; usize::try_from(plan.partitions).unwrap_or_default()];
    while !stop.load(Ordering::SeqCst) {
        let address = addresses.get(turn);
        turn += 1;
        if let Some(address) = address
            && let Ok(mut connection) = Connection::open(address, plan.timeout).await
        {
            met.connections += 1;
            while !stop.load(Ordering::SeqCst) {
                let fetched = fetch(plan, &mut connection, recorder, &mut offsets, None).await;
                met.fetches += 1;
                match fetched {
                    Ok(records) => met.records += records,
                    Err(_) => {
                        met.errors += 1;
                        break;
                    }
                }
            }
        }
        tokio::time::sleep(PAUSE).await;
    }
    met
}

/// Reads all partitions from their start to their end, and writes it down as final.
///
/// # Errors
/// When that does not come to its end within `patience`.
pub async fn read_all(
    plan: &Plan,
    addresses: &Addresses,
    recorder: &Recorder,
    patience: Duration,
) -> anyhow::Result<u64> {
    let started = clock::now();
    let mut records = 0;
    for partition in 0..plan.partitions {
        let mut turn = 0;
        let mut offset = [0];
        let mut end = None;
        let mut trouble = None;
        while end != Some(offset[0]) {
            if started.elapsed() > patience {
                bail!("partition {partition} can't be read beyond {}: {trouble:?}", offset[0]);
            }
            let Some(address) = addresses.get(turn) else { bail!("nobody is there to read from") };
            turn += 1;
            let Ok(mut connection) = Connection::open(address, plan.timeout).await else {
                tokio::time::sleep(PAUSE).await;
                continue;
            };
            // Errors are tried again.
            while end != Some(offset[0]) && started.elapsed() <= patience {
                let one = Some((partition, &mut end));
                match fetch(plan, &mut connection, recorder, &mut offset, one).await {
                    Ok(more) => records += more,
                    Err(error) => {
                        trouble = Some(error);
                        tokio::time::sleep(PAUSE).await;
                        break;
                    }
                }
            }
        }
    }
    Ok(records)
}

/// Fetches once, from all partitions, or at the end from one of them; moves the offsets on.
async fn fetch(
    plan: &Plan,
    connection: &mut Connection,
    recorder: &Recorder,
    offsets: &mut [i64],
    mut one: Option<(i32, &mut Option<i64>)>,
) -> anyhow::Result<u64> {
    let first = one.as_ref().map_or(0, |(partition, _)| *partition);
    let wait = if one.is_some() { 0 } else { FOLLOWING };
    let began = recorder.moment();
    let answered = ask(plan, connection, (first, offsets), wait).await?;
    let during = Try { began, ended: recorder.moment() };
    let mut count = 0;
    for data in answered {
        let index = usize::try_from(data.partition_index - first).context("a partition")?;
        let offset = offsets.get_mut(index).context("a partition that was asked for")?;
        if data.error_code == OUT_OF_RANGE && data.log_start_offset > *offset {
            // What lay there has been deleted: on from where the log starts now.
            *offset = data.log_start_offset;
            continue;
        }
        let read = read(&data, *offset, during, one.is_some())?;
        count += u64::try_from(read.records.len()).unwrap_or_default();
        if let Some(last) = read.records.last() {
            *offset = last.offset + 1;
        }
        if let Some((_, end)) = &mut one {
            **end = Some(read.high_watermark);
        }
        recorder.add(Event::Read(read));
    }
    Ok(count)
}

/// Asks once for what lies from `offsets` on, which are those of `first` and the partitions after it.
async fn ask(
    plan: &Plan,
    connection: &mut Connection,
    (first, offsets): (i32, &[i64]),
    wait: i32,
) -> anyhow::Result<Vec<PartitionData>> {
    let partitions = (first..).zip(offsets).map(|(partition, offset)| {
        FetchPartition::default()
            .with_partition(partition)
            .with_fetch_offset(*offset)
            .with_partition_max_bytes(MOST_BYTES)
    });
    let topic = FetchTopic::default()
        .with_topic(TopicName(StrBytes::from_string(plan.topic.clone())))
        .with_partitions(partitions.collect());
    let request = FetchRequest::default()
        .with_max_wait_ms(wait)
        .with_min_bytes(1)
        // So much that no partition goes without because of the others.
        .with_max_bytes(MOST_BYTES.saturating_mul(plan.partitions.max(1)))
        .with_session_epoch(-1)
        .with_topics(vec![topic]);
    let answer = connection.ask(FETCH, &request).await?;
    if answer.error_code != 0 {
        bail!("error {}", answer.error_code);
    }
    Ok(answer.responses.into_iter().flat_map(|topic| topic.partitions).collect())
}

/// What the records of all partitions hold from `offsets` on, which move on, with the partition of each; and whether that
/// was all there is. Nobody writes it down.
///
/// # Errors
/// When an agent does not answer, or refuses one of the partitions.
pub async fn values(
    plan: &Plan,
    connection: &mut Connection,
    offsets: &mut [i64],
) -> anyhow::Result<(Vec<(i32, Bytes)>, bool)> {
    let (mut found, mut is_all) = (Vec::new(), true);
    for data in ask(plan, connection, (0, offsets), 0).await? {
        if data.error_code != 0 {
            bail!("error {} of partition {}", data.error_code, data.partition_index);
        }
        let offset = usize::try_from(data.partition_index).ok().and_then(|index| offsets.get_mut(index));
        let offset = offset.context("a partition that was asked for")?;
        let mut bytes = data.records.unwrap_or_default();
        while !bytes.is_empty() {
            for (at, value) in unpacked(&mut bytes)? {
                if at >= *offset {
                    *offset = at + 1;
                    found.push((data.partition_index, value.unwrap_or_default()));
                }
            }
        }
        is_all &= *offset >= data.high_watermark;
    }
    Ok((found, is_all))
}

fn read(data: &PartitionData, from: i64, during: Try, is_final: bool) -> anyhow::Result<Read> {
    if data.error_code != 0 {
        bail!("error {} of partition {}", data.error_code, data.partition_index);
    }
    let mut bytes = data.records.clone().unwrap_or_default();
    let mut records = Vec::new();
    while !bytes.is_empty() {
        records.extend(seen(&mut bytes)?.into_iter().filter(|seen| seen.offset >= from));
    }
    Ok(Read {
        during,
        partition: data.partition_index,
        from,
        log_start: data.log_start_offset,
        high_watermark: data.high_watermark,
        records,
        is_final,
    })
}

/// The records of the batch in front.
fn seen(bytes: &mut Bytes) -> anyhow::Result<Vec<Seen>> {
    let records = unpacked(bytes)?.into_iter();
    Ok(records.map(|(offset, value)| Seen { offset, value: value.as_deref().and_then(Value::of) }).collect())
}

/// The same with the bytes that they hold.
fn unpacked(bytes: &mut Bytes) -> anyhow::Result<Vec<(i64, Option<Bytes>)>> {
    let batch = RecordBatch::split_from(bytes)?;
    batch.check_crc()?;
    let records = batch.records(MOST_UNPACKED)?;
    records
        .map(|record| {
            let record = record?;
            Ok((record.offset.get(), record.value))
        })
        .collect()
}

/// For histories that are made up.
impl Read {
    /// Everything of a partition, read at the end.
    #[must_use]
    pub fn everything(partition: i32, at: (Moment, Moment), values: &[Option<Value>]) -> Self {
        let records = (0..).zip(values).map(|(offset, value)| Seen { offset, value: *value });
        Self {
            during: Try { began: at.0, ended: at.1 },
            partition,
            from: 0,
            log_start: 0,
            high_watermark: i64::try_from(values.len()).unwrap_or(i64::MAX),
            records: records.collect(),
            is_final: true,
        }
    }
}
