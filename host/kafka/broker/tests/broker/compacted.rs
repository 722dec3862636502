//! Topics that are compacted by key, as clients see them.

use bytes::Bytes;
use forebay_kafka_broker::{RequestBody, Response};
use forebay_kafka_wire::{BatchBuilder, Compression};
use forebay_model::{Offset, Timestamp};
use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::CreateTopicsRequest;
use kafka_protocol::messages::create_topics_request::{CreatableTopic, CreatableTopicConfig};
use kafka_protocol::protocol::StrBytes;

use crate::node::Node;
use crate::requests::{name, produce, produced};

async fn create(node: &Node, topic: &str, configs: &[(&'static str, &'static str)]) -> i16 {
    let configs = configs.iter().map(|(name, value)| {
        CreatableTopicConfig::default()
            .with_name(StrBytes::from_static_str(name))
            .with_value(Some(StrBytes::from_static_str(value)))
    });
    let topic = CreatableTopic::default()
        .with_name(name(topic))
        .with_num_partitions(1)
        .with_replication_factor(1)
        .with_configs(configs.collect());
    let request = CreateTopicsRequest::default().with_topics(vec![topic]);
    let Response::CreateTopics(response) = node.ask(5, RequestBody::CreateTopics(request)).await else {
        panic!()
    };
    response.topics[0].error_code
}

fn batch(keys: &[Option<&str>], compression: Compression) -> Bytes {
    let mut builder = BatchBuilder::new(Offset::ZERO, compression);
    for key in keys {
        builder.push(Timestamp::from_millis(1), key.map(str::as_bytes), None, &[]).unwrap();
    }
    builder.build().unwrap().into_bytes()
}

#[tokio::test]
async fn a_compacted_topic_takes_no_record_without_a_key() {
    let node = Node::start().await;
    assert_eq!(create(&node, "compacted", &[("cleanup.policy", "compact,delete")]).await, 0);
    assert_eq!(create(&node, "plain", &[]).await, 0);
    let invalid = ResponseError::InvalidRecord.code();
    for compression in [Compression::None, Compression::Zstd] {
        let with = batch(&[Some("a"), Some("")], compression);
        let without = batch(&[Some("a"), None], compression);
        assert_eq!(produced(&node, produce("compacted", &[(0, with)])).await[0].error_code, 0);
        assert_eq!(
            produced(&node, produce("compacted", &[(0, without.clone())])).await[0].error_code,
            invalid
        );
        assert_eq!(produced(&node, produce("plain", &[(0, without)])).await[0].error_code, 0);
    }
}

#[tokio::test]
async fn what_compaction_can_not_be_told_is_refused() {
    let node = Node::start().await;
    let refused = ResponseError::InvalidConfig.code();
    for (number, wrong) in [
        ("cleanup.policy", "archive"),
        ("cleanup.policy", ""),
        ("min.cleanable.dirty.ratio", "1.5"),
        ("min.compaction.lag.ms", "-1"),
        ("max.compaction.lag.ms", "0"),
        ("delete.retention.ms", "soon"),
    ]
    .into_iter()
    .enumerate()
    {
        assert_eq!(create(&node, &format!("t{number}"), &[wrong]).await, refused, "{wrong:?}");
    }
}
