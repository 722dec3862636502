//! Requests as clients make them, and what is in their answers.

use bytes::{Bytes, BytesMut};
use forebay_kafka_broker::{RequestBody, Response};
use forebay_kafka_wire::{BatchBuilder, Compression, RecordBatch};
use forebay_model::{Offset, ProducerEpoch, ProducerId, Sequence, Timestamp};
use kafka_protocol::messages::fetch_request::{FetchPartition, FetchTopic};
use kafka_protocol::messages::fetch_response::PartitionData;
use kafka_protocol::messages::metadata_request::MetadataRequestTopic;
use kafka_protocol::messages::metadata_response::MetadataResponseTopic;
use kafka_protocol::messages::produce_request::{PartitionProduceData, TopicProduceData};
use kafka_protocol::messages::produce_response::PartitionProduceResponse;
use kafka_protocol::messages::{
    ApiKey, FetchRequest, FetchResponse, MetadataRequest, ProduceRequest, RequestHeader, TopicName,
};
use kafka_protocol::protocol::{Encodable as _, StrBytes};

use crate::node::Node;

pub(crate) fn name(name: &str) -> TopicName {
    TopicName(StrBytes::from_string(name.to_owned()))
}

pub(crate) fn batch(values: &[&str]) -> Bytes {
    built(BatchBuilder::new(Offset::ZERO, Compression::None), values)
}

pub(crate) fn idempotent(producer: i64, sequence: i32, values: &[&str]) -> Bytes {
    let builder = BatchBuilder::new(Offset::ZERO, Compression::Lz4);
    let (id, epoch) = (ProducerId::new(producer).unwrap(), ProducerEpoch::new(0).unwrap());
    built(builder.producer(id, epoch, Sequence::new(sequence).ok()), values)
}

fn built(mut builder: BatchBuilder, values: &[&str]) -> Bytes {
    for value in values {
        builder.push(Timestamp::from_millis(1000), None, Some(value.as_bytes()), &[]).unwrap();
    }
    builder.build().unwrap().into_bytes()
}

pub(crate) fn produce(topic: &str, partitions: &[(i32, Bytes)]) -> ProduceRequest {
    let partitions = partitions.iter().map(|(partition, records)| {
        PartitionProduceData::default().with_index(*partition).with_records(Some(records.clone()))
    });
    let data = TopicProduceData::default().with_name(name(topic)).with_partition_data(partitions.collect());
    ProduceRequest::default().with_acks(-1).with_timeout_ms(30_000).with_topic_data(vec![data])
}

pub(crate) async fn produced(node: &Node, request: ProduceRequest) -> Vec<PartitionProduceResponse> {
    let Response::Produce(response) = node.ask(9, RequestBody::Produce(request)).await else { panic!() };
    response.responses.into_iter().flat_map(|topic| topic.partition_responses).collect()
}

pub(crate) async fn topic(node: &Node, topic: &str) -> MetadataResponseTopic {
    let asked = MetadataRequestTopic::default().with_name(Some(name(topic)));
    let request = MetadataRequest::default().with_topics(Some(vec![asked]));
    let Response::Metadata(response) = node.ask(12, RequestBody::Metadata(request)).await else { panic!() };
    response.topics.into_iter().next().unwrap()
}

/// Makes a topic, for admin.
pub(crate) async fn make(node: &Node, topic: &str) {
    let asked = MetadataRequestTopic::default().with_name(Some(name(topic)));
    let request = MetadataRequest::default().with_topics(Some(vec![asked]));
    let Response::Metadata(response) = node.ask_as("admin", 12, RequestBody::Metadata(request)).await else {
        panic!()
    };
    assert_eq!(response.topics[0].error_code, 0);
}

pub(crate) fn fetch(topic: &str, partitions: &[(i32, i64)]) -> FetchRequest {
    let partitions = partitions.iter().map(|(partition, offset)| {
        FetchPartition::default()
            .with_partition(*partition)
            .with_fetch_offset(*offset)
            .with_partition_max_bytes(1 << 20)
    });
    let topic = FetchTopic::default().with_topic(name(topic)).with_partitions(partitions.collect());
    FetchRequest::default().with_max_bytes(1 << 20).with_session_epoch(-1).with_topics(vec![topic])
}

pub(crate) async fn fetched(node: &Node, request: FetchRequest) -> FetchResponse {
    let Response::Fetch(answer) = node.ask(11, RequestBody::Fetch(request)).await else { panic!() };
    answer.into_response()
}

pub(crate) fn partitions(response: &FetchResponse) -> Vec<&PartitionData> {
    response.responses.iter().flat_map(|topic| &topic.partitions).collect()
}

/// Offsets and values of all records.
pub(crate) fn values(data: &PartitionData) -> Vec<(i64, String)> {
    let mut bytes = data.records.clone().unwrap_or_default();
    let mut values = Vec::new();
    while !bytes.is_empty() {
        let batch = RecordBatch::split_from(&mut bytes).unwrap();
        batch.check_crc().unwrap();
        for record in batch.records(1 << 20).unwrap().map(Result::unwrap) {
            let value = String::from_utf8(record.value.unwrap().to_vec()).unwrap();
            values.push((record.offset.get(), value));
        }
    }
    values
}

/// A frame with a request, the length in front.
pub(crate) fn frame(api: ApiKey, version: i16, correlation_id: i32, body: &[u8]) -> Bytes {
    let mut frame = BytesMut::from(&[0; 4][..]);
    let header = RequestHeader::default()
        .with_request_api_key(api as i16)
        .with_request_api_version(version)
        .with_correlation_id(correlation_id)
        .with_client_id(Some(StrBytes::from_static_str("test")));
    header.encode(&mut frame, api.request_header_version(version)).unwrap();
    frame.extend_from_slice(body);
    let length = u32::try_from(frame.len() - 4).unwrap();
    frame[..4].copy_from_slice(&length.to_be_bytes());
    frame.freeze()
}
