//! Frames that are none.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::{BufMut as _, Bytes, BytesMut};
use forebay_kafka_broker::served;
use forebay_tests_load::{Effort, Random, Value, frame};
use kafka_protocol::messages::produce_request::{PartitionProduceData, TopicProduceData};
use kafka_protocol::messages::{ApiKey, ProduceRequest, TopicName};
use kafka_protocol::protocol::{Encodable as _, StrBytes};

use super::{attacked, connect};
use crate::guard::samples as guard;

const ATTACKS: usize = 1_500;
/// These may wait for others; then we do not wait for them.
const WAITING: [ApiKey; 3] = [ApiKey::Fetch, ApiKey::JoinGroup, ApiKey::SyncGroup];
const SOON: Duration = Duration::from_millis(20);

/// Requests of every API and version that is served as they should be, to be spoiled; and some with records in them.
fn samples() -> Vec<Bytes> {
    let mut samples: Vec<Bytes> =
        guard::all().into_iter().map(|sample| framed(sample.api, sample.version, &sample.body)).collect();
    let asked: BTreeSet<i16> = guard::all().into_iter().map(|sample| sample.api).collect();
    for (api, version) in served() {
        assert!(asked.contains(&(api as i16)), "{api:?} {version} is served, and no sample asks for it");
    }
    samples.extend([9, 3].map(|version| framed(ApiKey::Produce as i16, version, &produce(version))));
    samples
}

fn framed(api: i16, version: i16, body: &[u8]) -> Bytes {
    let api = ApiKey::try_from(api).unwrap();
    let put = |into: &mut BytesMut| {
        into.put_slice(body);
        Ok::<_, std::convert::Infallible>(())
    };
    frame(api, version, 1, put).unwrap()
}

fn produce(version: i16) -> Bytes {
    let mut batch = forebay_kafka_wire::BatchBuilder::new(
        forebay_model::Offset::ZERO,
        forebay_kafka_wire::Compression::Lz4,
    );
    for number in 0..20 {
        let value = Value { client: 1, partition: 0, number }.bytes(50);
        batch.push(forebay_model::Timestamp::from_millis(1), Some(b"k"), Some(&value), &[]).unwrap();
    }
    let records = batch.build().unwrap().into_bytes();
    let partition = PartitionProduceData::default().with_records(Some(records));
    let name = TopicName(StrBytes::from_static_str("hostile"));
    let data = TopicProduceData::default().with_name(name).with_partition_data(vec![partition]);
    let request =
        ProduceRequest::default().with_transactional_id(None).with_acks(-1).with_topic_data(vec![data]);
    let mut body = BytesMut::new();
    request.encode(&mut body, version).unwrap();
    body.freeze()
}

/// A frame that is not what it seems, and whether a length in front fits it.
fn spoiled(random: &mut Random, samples: &[Bytes]) -> Bytes {
    let mut bytes = BytesMut::from(&samples[random.index(samples.len())][..]);
    match random.below(7) {
        // Random bytes behind a header.
        0 | 1 => {
            let all: Vec<(ApiKey, i16)> = served().collect();
            let (api, last) = all[random.index(all.len())];
            let version = i16::try_from(random.below(u64::from(last.unsigned_abs()) + 1)).unwrap();
            let length = random.index(200);
            let body: Vec<u8> = (0..length).map(|_| random_byte(random)).collect();
            return framed(api as i16, version, &body);
        }
        // A count that no frame has room for.
        2 => {
            let at = 4 + random.index(bytes.len() - 8);
            bytes[at..at + 4].copy_from_slice(&[0x7f, 0xff, 0xff, 0xff]);
        }
        3 => {
            let at = 4 + random.index(bytes.len() - 9);
            bytes[at..at + 5].copy_from_slice(&[0xff, 0xff, 0xff, 0xff, 0x0f]);
        }
        // Cut off, with a length that fits.
        4 => {
            bytes.truncate(12 + random.index(bytes.len() - 12));
            let length = u32::try_from(bytes.len() - 4).unwrap();
            bytes[..4].copy_from_slice(&length.to_be_bytes());
        }
        // Some bits turned.
        5 => {
            for _ in 0..=random.below(6) {
                let at = 4 + random.index(bytes.len() - 4);
                bytes[at] ^= 1 << random.below(8);
            }
        }
        // No frames at all.
        _ => return (0..random.index(300)).map(|_| random_byte(random)).collect(),
    }
    bytes.freeze()
}

fn random_byte(random: &mut Random) -> u8 {
    // Zeroes and ones are what makes bytes look like a request.
    match random.below(3) {
        0 => 0,
        1 => 1,
        _ => u8::try_from(random.below(256)).unwrap(),
    }
}

/// Whether a frame may ask for something that others must do first.
fn may_wait(frame: &[u8]) -> bool {
    frame.get(4..6).is_some_and(|key| WAITING.iter().any(|api| (*api as i16).to_be_bytes() == key))
}

async fn attack(address: SocketAddr, seed: u64) {
    let mut random = Random(seed);
    let samples = samples();
    for _ in 0..ATTACKS {
        let mut connection = connect(address).await;
        let bytes = spoiled(&mut random, &samples);
        // It may be closed while we still send.
        let _ = connection.send_bytes(&bytes).await;
        let _ = connection.finish_sending().await;
        match tokio::time::timeout(SOON, connection.closed()).await {
            Ok(closed) => closed.unwrap(),
            Err(_) if may_wait(&bytes) => drop(connection),
            Err(_) => connection.closed().await.unwrap(),
        }
    }
}

#[test]
fn that_are_none_hurt_nobody() {
    for seed in Effort::from_environment().seeds() {
        attacked("random frames, huge counts, cut off, spoiled", |address| attack(address, seed));
    }
}
