use forebay_kafka_broker::{RequestBody, Response};
use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::create_partitions_request::CreatePartitionsTopic;
use kafka_protocol::messages::describe_configs_request::DescribeConfigsResource;
use kafka_protocol::messages::describe_topic_partitions_request::{Cursor, TopicRequest};
use kafka_protocol::messages::incremental_alter_configs_request::{AlterConfigsResource, AlterableConfig};
use kafka_protocol::messages::{
    CreatePartitionsRequest, DescribeConfigsRequest, DescribeTopicPartitionsRequest,
    IncrementalAlterConfigsRequest,
};
use kafka_protocol::protocol::StrBytes;

use crate::node::Node;
use crate::requests::{name, topic};

const TOPIC: i8 = 2;
pub(crate) const BROKER: i8 = 4;

pub(crate) async fn alter(
    node: &Node,
    kind: i8,
    of: &'static str,
    config: &'static str,
    value: &'static str,
) -> i16 {
    let config = AlterableConfig::default()
        .with_name(StrBytes::from_static_str(config))
        .with_value(Some(StrBytes::from_static_str(value)));
    let resource = AlterConfigsResource::default()
        .with_resource_type(kind)
        .with_resource_name(StrBytes::from_static_str(of))
        .with_configs(vec![config]);
    let request = IncrementalAlterConfigsRequest::default().with_resources(vec![resource]);
    let answer = node.ask(1, RequestBody::IncrementalAlterConfigs(request)).await;
    let Response::IncrementalAlterConfigs(response) = answer else { panic!() };
    response.responses[0].error_code
}

/// The value of retention.ms, and where it comes from.
async fn retention(node: &Node) -> (String, i8) {
    let resource = DescribeConfigsResource::default()
        .with_resource_type(TOPIC)
        .with_resource_name(StrBytes::from_static_str("t"))
        .with_configuration_keys(Some(vec![StrBytes::from_static_str("retention.ms")]));
    let request =
        DescribeConfigsRequest::default().with_resources(vec![resource]).with_include_synonyms(true);
    let Response::DescribeConfigs(response) = node.ask(4, RequestBody::DescribeConfigs(request)).await else {
        panic!()
    };
    let config = &response.results[0].configs[0];
    assert_eq!(config.synonyms[0].value, config.value);
    (config.value.as_ref().unwrap().to_string(), config.config_source)
}

#[tokio::test]
async fn configurations_are_the_topics_or_the_clusters_or_defaults() {
    let node = Node::start().await;
    topic(&node, "t").await;
    assert_eq!(retention(&node).await, ("604800000".to_owned(), 5));
    assert_eq!(alter(&node, BROKER, "", "log.retention.ms", "7").await, 0);
    assert_eq!(retention(&node).await, ("7".to_owned(), 3));
    assert_eq!(alter(&node, TOPIC, "t", "retention.ms", "9").await, 0);
    assert_eq!(retention(&node).await, ("9".to_owned(), 1));
    let refused = [
        (alter(&node, TOPIC, "t", "segment.ms", "9").await, ResponseError::InvalidConfig),
        (alter(&node, TOPIC, "t", "retention.ms", "soon").await, ResponseError::InvalidConfig),
        (alter(&node, TOPIC, "u", "retention.ms", "9").await, ResponseError::UnknownTopicOrPartition),
        (alter(&node, BROKER, "1234", "log.retention.ms", "9").await, ResponseError::InvalidRequest),
    ];
    for (code, expected) in refused {
        assert_eq!(code, expected.code(), "{expected:?}");
    }
}

#[tokio::test]
async fn partitions_are_added_and_told_by_the_page() {
    let node = Node::start().await;
    for one in ["a", "b"] {
        topic(&node, one).await;
    }
    let add = async |count| {
        let asked =
            CreatePartitionsTopic::default().with_name(name("a")).with_count(count).with_assignments(None);
        let request = CreatePartitionsRequest::default().with_topics(vec![asked]);
        let Response::CreatePartitions(response) = node.ask(3, RequestBody::CreatePartitions(request)).await
        else {
            panic!()
        };
        response.results[0].error_code
    };
    assert_eq!(add(1).await, ResponseError::InvalidPartitions.code());
    assert_eq!(add(5).await, 0);
    assert_eq!(topic(&node, "a").await.partitions.len(), 5);

    let asked = ["a", "b", "c"].map(|one| TopicRequest::default().with_name(name(one)));
    let mut request = DescribeTopicPartitionsRequest::default()
        .with_topics(asked.to_vec())
        .with_response_partition_limit(3);
    let mut pages = Vec::new();
    loop {
        let answer = node.ask(0, RequestBody::DescribeTopicPartitions(request.clone())).await;
        let Response::DescribeTopicPartitions(response) = answer else { panic!() };
        let partitions = || response.topics.iter().flat_map(|topic| &topic.partitions);
        // Java's client can't read an answer without these lists.
        assert!(
            partitions().all(|one| one.eligible_leader_replicas.is_some() && one.last_known_elr.is_some())
        );
        let page: Vec<_> = response
            .topics
            .iter()
            .map(|topic| {
                let partitions: Vec<_> = topic.partitions.iter().map(|one| one.partition_index).collect();
                (topic.name.clone().unwrap().0.to_string(), topic.error_code, partitions)
            })
            .collect();
        pages.push(page);
        let Some(next) = response.next_cursor else { break };
        let cursor =
            Cursor::default().with_topic_name(next.topic_name).with_partition_index(next.partition_index);
        request = request.with_cursor(Some(cursor));
    }
    let unknown = ResponseError::UnknownTopicOrPartition.code();
    let told = |name: &str, code, partitions: &[i32]| (name.to_owned(), code, partitions.to_vec());
    let expected = [
        vec![told("a", 0, &[0, 1, 2])],
        vec![told("a", 0, &[3, 4]), told("b", 0, &[0]), told("c", unknown, &[])],
    ];
    assert_eq!(pages, expected);
}
