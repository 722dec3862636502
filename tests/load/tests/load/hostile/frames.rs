//! Frames that are none.

use std::net::SocketAddr;

use bytes::{BufMut as _, Bytes, BytesMut};
use forebay_tests_load::{Effort, Random, Value, frame};
use kafka_protocol::messages::create_topics_request::CreatableTopic;
use kafka_protocol::messages::fetch_request::{FetchPartition, FetchTopic};
use kafka_protocol::messages::list_offsets_request::{ListOffsetsPartition, ListOffsetsTopic};
use kafka_protocol::messages::produce_request::{PartitionProduceData, TopicProduceData};
use kafka_protocol::messages::*;
use kafka_protocol::protocol::{Encodable, StrBytes};

use super::{attacked, connect};

/// Those that are served, with their last versions.
const SERVED: [(ApiKey, i16); 17] = [
    (ApiKey::Produce, 13),
    (ApiKey::Fetch, 17),
    (ApiKey::ListOffsets, 10),
    (ApiKey::Metadata, 13),
    (ApiKey::FindCoordinator, 6),
    (ApiKey::ApiVersions, 4),
    (ApiKey::CreateTopics, 7),
    (ApiKey::DeleteTopics, 6),
    (ApiKey::DeleteRecords, 2),
    (ApiKey::InitProducerId, 5),
    (ApiKey::OffsetForLeaderEpoch, 4),
    (ApiKey::DescribeConfigs, 4),
    (ApiKey::AlterConfigs, 2),
    (ApiKey::IncrementalAlterConfigs, 1),
    (ApiKey::CreatePartitions, 3),
    (ApiKey::DescribeTopicPartitions, 0),
    (ApiKey::DescribeCluster, 2),
];

const ATTACKS: usize = 1_500;

fn name() -> TopicName {
    TopicName(StrBytes::from_static_str("hostile"))
}

fn encoded(api: ApiKey, version: i16, body: &impl Encodable) -> Bytes {
    frame(api, version, 1, |into| body.encode(into, version)).unwrap()
}

/// Requests as they should be, to be spoiled.
fn samples() -> Vec<Bytes> {
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
    let data = TopicProduceData::default().with_name(name()).with_partition_data(vec![partition]);
    let produce =
        ProduceRequest::default().with_transactional_id(None).with_acks(-1).with_topic_data(vec![data]);
    let topic = FetchTopic::default()
        .with_topic(name())
        .with_partitions(vec![FetchPartition::default().with_partition_max_bytes(1 << 20)]);
    let fetch = FetchRequest::default().with_max_bytes(1 << 20).with_topics(vec![topic]);
    let topic =
        ListOffsetsTopic::default().with_name(name()).with_partitions(vec![ListOffsetsPartition::default()]);
    let list = ListOffsetsRequest::default().with_topics(vec![topic]);
    let topic = CreatableTopic::default().with_name(name()).with_num_partitions(1).with_replication_factor(1);
    let create = CreateTopicsRequest::default().with_topics(vec![topic]);
    vec![
        encoded(ApiKey::Produce, 9, &produce),
        encoded(ApiKey::Produce, 3, &produce),
        encoded(ApiKey::Fetch, 12, &fetch),
        encoded(ApiKey::Fetch, 4, &fetch),
        encoded(ApiKey::ListOffsets, 7, &list),
        encoded(ApiKey::CreateTopics, 7, &create),
        encoded(ApiKey::CreateTopics, 2, &create),
        encoded(ApiKey::Metadata, 12, &MetadataRequest::default()),
        encoded(ApiKey::ApiVersions, 3, &ApiVersionsRequest::default()),
    ]
}

/// A frame that is not what it seems, and whether a length in front fits it.
fn spoiled(random: &mut Random, samples: &[Bytes]) -> Bytes {
    let sample = || samples.to_vec();
    let pick = random.index(samples.len());
    let mut bytes = BytesMut::from(&sample()[pick][..]);
    match random.below(7) {
        // Random bytes behind a header.
        0 | 1 => {
            let (api, last) = SERVED[random.index(SERVED.len())];
            let version = i16::try_from(random.below(u64::from(last.unsigned_abs()) + 1)).unwrap();
            let length = random.index(200);
            let body: Vec<u8> = (0..length).map(|_| random_byte(random)).collect();
            return frame(api, version, 1, |into| {
                into.put_slice(&body);
                Ok::<_, std::convert::Infallible>(())
            })
            .unwrap();
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

async fn attack(address: SocketAddr, seed: u64) {
    let mut random = Random(seed);
    let samples = samples();
    for _ in 0..ATTACKS {
        let mut connection = connect(address).await;
        let bytes = spoiled(&mut random, &samples);
        // It may be closed while we still send.
        let _ = connection.send_bytes(&bytes).await;
        let _ = connection.finish_sending().await;
        connection.closed().await.unwrap();
    }
}

#[test]
fn that_are_none_hurt_nobody() {
    for seed in Effort::from_environment().seeds() {
        attacked("random frames, huge counts, cut off, spoiled", |address| attack(address, seed));
    }
}
