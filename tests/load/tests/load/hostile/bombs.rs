//! Batches that are small and claim to be huge.

use std::net::SocketAddr;

use bytes::Bytes;
use forebay_kafka_wire::{BatchBuilder, Compression};
use forebay_model::{Offset, Timestamp};
use futures_util::future::join_all;
use kafka_protocol::messages::create_topics_request::{CreatableTopic, CreatableTopicConfig};
use kafka_protocol::messages::produce_request::{PartitionProduceData, TopicProduceData};
use kafka_protocol::messages::{CreateTopicsRequest, ProduceRequest, TopicName};
use kafka_protocol::protocol::StrBytes;

use super::{attacked, connect};

/// More than an agent unpacks.
const UNPACKED: usize = 140 << 20;

fn bomb(compression: Compression) -> Bytes {
    let mut batch = BatchBuilder::new(Offset::ZERO, compression);
    batch.push(Timestamp::from_millis(1), None, Some(&vec![0; UNPACKED]), &[]).unwrap();
    batch.build().unwrap().into_bytes()
}

fn text(text: &'static str) -> StrBytes {
    StrBytes::from_static_str(text)
}

/// A topic that wants its records compressed in a way of its own, so that they have to be unpacked.
async fn create_topic(address: SocketAddr) {
    let config =
        |name, value| CreatableTopicConfig::default().with_name(text(name)).with_value(Some(text(value)));
    let topic = CreatableTopic::default()
        .with_name(TopicName(text("bombs")))
        .with_num_partitions(1)
        .with_replication_factor(1)
        .with_configs(vec![
            config("compression.type", "uncompressed"),
            config("max.message.bytes", "100000000"),
        ]);
    let request = CreateTopicsRequest::default().with_topics(vec![topic]).with_timeout_ms(5_000);
    let answer = connect(address).await.ask(5, &request).await.unwrap();
    assert_eq!(answer.topics[0].error_code, 0, "{answer:?}");
}

async fn send(address: SocketAddr, records: Bytes) -> i16 {
    let partition = PartitionProduceData::default().with_records(Some(records));
    let data =
        TopicProduceData::default().with_name(TopicName(text("bombs"))).with_partition_data(vec![partition]);
    // Nobody is in a hurry: a build without optimisation takes seconds for each.
    let request = ProduceRequest::default()
        .with_transactional_id(None)
        .with_acks(-1)
        .with_timeout_ms(10_000)
        .with_topic_data(vec![data]);
    let answer = connect(address).await.ask(9, &request).await.unwrap();
    answer.responses[0].partition_responses[0].error_code
}

#[test]
fn are_refused() {
    let bombs: Vec<_> = [Compression::Gzip, Compression::Snappy, Compression::Lz4, Compression::Zstd]
        .map(bomb)
        .into_iter()
        .collect();
    let sizes: Vec<_> = bombs.iter().map(|bomb| bomb.len() >> 10).collect();
    println!("bombs of {sizes:?} KiB for {} MiB", UNPACKED >> 20);
    attacked("compression bombs", |address| async move {
        create_topic(address).await;
        // All at once, twice.
        let sent = bombs.iter().chain(&bombs).map(|bomb| send(address, bomb.clone()));
        for code in join_all(sent).await {
            assert_ne!(code, 0, "a bomb was taken");
        }
    });
}
