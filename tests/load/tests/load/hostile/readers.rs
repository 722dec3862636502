//! Readers that ask for much and take none of it.

use std::net::SocketAddr;

use forebay_kafka_wire::{BatchBuilder, Compression};
use forebay_model::{Offset, Timestamp};
use forebay_tests_load::Connection;
use futures_util::future::join_all;
use kafka_protocol::messages::fetch_request::{FetchPartition, FetchTopic};
use kafka_protocol::messages::produce_request::{PartitionProduceData, TopicProduceData};
use kafka_protocol::messages::{FetchRequest, MetadataRequest, ProduceRequest, TopicName};
use kafka_protocol::protocol::StrBytes;

use super::{attacked, connect};

/// How many there are.
const MANY: usize = 300;
/// So much there is to read: a few answers of this length take all memory that there is for whole ones.
const BATCHES: usize = 40;
const BATCH: usize = 1_000_000;

fn name() -> TopicName {
    TopicName(StrBytes::from_static_str("much"))
}

/// A topic with so much in it.
async fn fill(address: SocketAddr) {
    let mut connection = connect(address).await;
    let topic = kafka_protocol::messages::metadata_request::MetadataRequestTopic::default();
    let request = MetadataRequest::default()
        .with_topics(Some(vec![topic.with_name(Some(name()))]))
        .with_allow_auto_topic_creation(true);
    connection.ask(4, &request).await.unwrap();
    let mut batch = BatchBuilder::new(Offset::ZERO, Compression::None);
    batch.push(Timestamp::from_millis(1), None, Some(&vec![b'x'; BATCH]), &[]).unwrap();
    let records = batch.build().unwrap().into_bytes();
    for _ in 0..BATCHES {
        let partition = PartitionProduceData::default().with_records(Some(records.clone()));
        let topic = TopicProduceData::default().with_name(name()).with_partition_data(vec![partition]);
        let request =
            ProduceRequest::default().with_acks(1).with_timeout_ms(30_000).with_topic_data(vec![topic]);
        let answer = connection.ask(9, &request).await.unwrap();
        assert_eq!(answer.responses[0].partition_responses[0].error_code, 0);
    }
}

/// Asks for all of it, and never reads.
async fn ask(connection: &mut Connection) {
    let partition = FetchPartition::default().with_partition_max_bytes(i32::MAX);
    let topic = FetchTopic::default().with_topic(name()).with_partitions(vec![partition]);
    let request = FetchRequest::default()
        .with_min_bytes(1)
        .with_max_bytes(i32::MAX)
        .with_session_epoch(-1)
        .with_topics(vec![topic]);
    connection.send(11, &request).await.unwrap();
}

#[test]
fn who_asks_for_much_and_takes_nothing_holds_up_nobody() {
    attacked("300 readers of 40 MB that take nothing", |address| async move {
        fill(address).await;
        let mut connections = join_all((0..MANY).map(|_| connect(address))).await;
        join_all(connections.iter_mut().map(ask)).await;
        connections
    });
}
