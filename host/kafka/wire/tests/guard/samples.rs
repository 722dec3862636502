//! For each API that is served and each version of it, a request that fills every array and every field that there is.

mod groups;

use bytes::{Bytes, BytesMut};
use forebay_kafka_wire::{DecodeError, decode};
use kafka_protocol::messages::alter_configs_request::{AlterConfigsResource, AlterableConfig};
use kafka_protocol::messages::create_partitions_request::{
    CreatePartitionsAssignment, CreatePartitionsTopic,
};
use kafka_protocol::messages::create_topics_request::{
    CreatableReplicaAssignment, CreatableTopic, CreatableTopicConfig,
};
use kafka_protocol::messages::delete_records_request::{DeleteRecordsPartition, DeleteRecordsTopic};
use kafka_protocol::messages::delete_topics_request::DeleteTopicState;
use kafka_protocol::messages::describe_configs_request::DescribeConfigsResource;
use kafka_protocol::messages::describe_topic_partitions_request::{Cursor, TopicRequest};
use kafka_protocol::messages::fetch_request::{FetchPartition, FetchTopic, ForgottenTopic, ReplicaState};
use kafka_protocol::messages::incremental_alter_configs_request::{
    AlterConfigsResource as IncrementalResource, AlterableConfig as IncrementalConfig,
};
use kafka_protocol::messages::list_offsets_request::{ListOffsetsPartition, ListOffsetsTopic};
use kafka_protocol::messages::metadata_request::MetadataRequestTopic;
use kafka_protocol::messages::offset_for_leader_epoch_request::{
    OffsetForLeaderPartition, OffsetForLeaderTopic,
};
use kafka_protocol::messages::produce_request::{PartitionProduceData, TopicProduceData};
use kafka_protocol::messages::{
    AlterConfigsRequest, ApiVersionsRequest, BrokerId, CreatePartitionsRequest, CreateTopicsRequest,
    DeleteRecordsRequest, DeleteTopicsRequest, DescribeClusterRequest, DescribeConfigsRequest,
    DescribeTopicPartitionsRequest, FetchRequest, FindCoordinatorRequest, IncrementalAlterConfigsRequest,
    InitProducerIdRequest, ListOffsetsRequest, MetadataRequest, OffsetForLeaderEpochRequest, ProduceRequest,
    TopicName,
};
use kafka_protocol::protocol::{Request, StrBytes};
use uuid::Uuid;

/// A request in bytes, and how those are decoded.
pub(crate) struct Sample {
    pub(crate) name: String,
    pub(crate) body: Bytes,
    /// What they were made of must come out again.
    pub(crate) agrees: Box<dyn Fn(Bytes) -> bool>,
    pub(crate) decode: Box<dyn Fn(Bytes) -> Result<(), DecodeError>>,
}

fn sample<R: Request + PartialEq + 'static>(version: i16, request: R) -> Sample {
    let mut body = BytesMut::new();
    request.encode(&mut body, version).unwrap();
    Sample {
        name: format!("{} version {version}", std::any::type_name::<R>()),
        body: body.freeze(),
        agrees: Box::new(move |body| decode::<R>(body, version).unwrap() == request),
        decode: Box::new(move |body| decode::<R>(body, version).map(drop)),
    }
}

fn text(text: &'static str) -> StrBytes {
    StrBytes::from_static_str(text)
}

fn topic() -> TopicName {
    TopicName(text("topic"))
}

fn twice<T: Clone>(element: T) -> Vec<T> {
    vec![element.clone(), element]
}

const ID: Uuid = Uuid::from_u128(0x1234_5678_9abc_def0_1234_5678_9abc_def0);

pub(crate) fn all() -> Vec<Sample> {
    let mut samples = Vec::new();
    samples.extend((3..=13).map(|version| sample(version, produce(version))));
    samples.extend((4..=18).map(|version| sample(version, fetch(version))));
    samples.extend((1..=10).map(|version| sample(version, list_offsets(version))));
    samples.extend((0..=13).map(|version| sample(version, metadata(version))));
    samples.extend((0..=6).map(|version| sample(version, find_coordinator(version))));
    samples.extend((0..=4).map(|version| sample(version, api_versions(version))));
    samples.extend((2..=7).map(|version| sample(version, create_topics())));
    samples.extend((1..=6).map(|version| sample(version, delete_topics(version))));
    samples.extend((0..=2).map(|version| sample(version, delete_records())));
    samples.extend((0..=5).map(|version| sample(version, init_producer_id(version))));
    samples.extend((2..=4).map(|version| sample(version, offset_for_leader_epoch(version))));
    samples.extend((1..=4).map(|version| sample(version, describe_configs(version))));
    samples.extend((0..=2).map(|version| sample(version, alter_configs())));
    samples.extend((0..=3).map(|version| sample(version, create_partitions())));
    samples.extend((0..=1).map(|version| sample(version, incremental_alter_configs())));
    samples.extend((0..=2).map(|version| sample(version, describe_cluster(version))));
    samples.push(sample(0, describe_topic_partitions()));
    samples.extend(groups::all());
    samples
}

fn produce(version: i16) -> ProduceRequest {
    let partition =
        PartitionProduceData::default().with_index(3).with_records(Some(Bytes::from_static(b"records")));
    let data = TopicProduceData::default().with_partition_data(twice(partition));
    let data = if version < 13 { data.with_name(topic()) } else { data.with_topic_id(ID) };
    ProduceRequest::default()
        .with_transactional_id(Some(text("transaction").into()))
        .with_acks(-1)
        .with_timeout_ms(30_000)
        .with_topic_data(twice(data))
}

fn fetch(version: i16) -> FetchRequest {
    let mut partition =
        FetchPartition::default().with_partition(1).with_fetch_offset(9).with_partition_max_bytes(10);
    let mut fetched = FetchTopic::default();
    let mut forgotten = ForgottenTopic::default().with_partitions(twice(4));
    let mut request = FetchRequest::default().with_max_wait_ms(5).with_min_bytes(1).with_isolation_level(1);
    if version >= 5 {
        partition = partition.with_log_start_offset(2);
    }
    if version >= 9 {
        partition = partition.with_current_leader_epoch(0);
    }
    if version >= 12 {
        partition =
            partition.with_last_fetched_epoch(0).with_unknown_tagged_field(77, Bytes::from_static(b"new"));
        request = request.with_cluster_id(Some(text("cluster")));
    }
    if version >= 17 {
        partition = partition.with_replica_directory_id(ID);
    }
    if version >= 18 {
        partition = partition.with_high_watermark(5);
    }
    if version < 13 {
        (fetched, forgotten) = (fetched.with_topic(topic()), forgotten.with_topic(topic()));
    } else {
        (fetched, forgotten) = (fetched.with_topic_id(ID), forgotten.with_topic_id(ID));
    }
    request = request.with_topics(twice(fetched.with_partitions(twice(partition))));
    if version >= 7 {
        request =
            request.with_session_id(8).with_session_epoch(2).with_forgotten_topics_data(twice(forgotten));
    }
    if version >= 11 {
        request = request.with_rack_id(text("rack"));
    }
    if version >= 15 {
        request = request
            .with_replica_state(ReplicaState::default().with_replica_id(BrokerId(7)).with_replica_epoch(8));
    } else {
        request = request.with_replica_id(BrokerId(7));
    }
    request
}

fn list_offsets(version: i16) -> ListOffsetsRequest {
    let mut partition = ListOffsetsPartition::default().with_partition_index(1).with_timestamp(-2);
    if version >= 4 {
        partition = partition.with_current_leader_epoch(0);
    }
    let mut request = ListOffsetsRequest::default()
        .with_replica_id(BrokerId(-1))
        .with_topics(twice(ListOffsetsTopic::default().with_name(topic()).with_partitions(twice(partition))));
    if version >= 2 {
        request = request.with_isolation_level(1);
    }
    if version >= 10 {
        request = request.with_timeout_ms(9);
    }
    request
}

fn metadata(version: i16) -> MetadataRequest {
    let mut asked = MetadataRequestTopic::default().with_name(Some(topic()));
    let mut request = MetadataRequest::default();
    if version >= 4 {
        request = request.with_allow_auto_topic_creation(false);
    }
    if (8..=10).contains(&version) {
        request = request.with_include_cluster_authorized_operations(true);
    }
    if version >= 8 {
        request = request.with_include_topic_authorized_operations(true);
    }
    if version >= 10 {
        asked = asked.with_topic_id(ID);
    }
    request.with_topics(Some(twice(asked)))
}

fn find_coordinator(version: i16) -> FindCoordinatorRequest {
    let request = FindCoordinatorRequest::default();
    let request = if version < 4 {
        request.with_key(text("group"))
    } else {
        request.with_coordinator_keys(twice(text("group")))
    };
    if version >= 1 { request.with_key_type(1) } else { request }
}

fn api_versions(version: i16) -> ApiVersionsRequest {
    let request = ApiVersionsRequest::default();
    if version < 3 {
        return request;
    }
    request.with_client_software_name(text("client")).with_client_software_version(text("1.0"))
}

fn create_topics() -> CreateTopicsRequest {
    let assignment =
        CreatableReplicaAssignment::default().with_partition_index(0).with_broker_ids(twice(BrokerId(1)));
    let config = CreatableTopicConfig::default().with_name(text("retention.ms")).with_value(Some(text("1")));
    let creatable = CreatableTopic::default()
        .with_name(topic())
        .with_num_partitions(3)
        .with_replication_factor(1)
        .with_assignments(twice(assignment))
        .with_configs(twice(config));
    CreateTopicsRequest::default().with_topics(twice(creatable)).with_timeout_ms(5).with_validate_only(true)
}

fn delete_topics(version: i16) -> DeleteTopicsRequest {
    let request = DeleteTopicsRequest::default().with_timeout_ms(5);
    if version < 6 {
        return request.with_topic_names(twice(topic()));
    }
    request.with_topics(twice(DeleteTopicState::default().with_name(Some(topic())).with_topic_id(ID)))
}

fn delete_records() -> DeleteRecordsRequest {
    let partition = DeleteRecordsPartition::default().with_partition_index(1).with_offset(7);
    let records = DeleteRecordsTopic::default().with_name(topic()).with_partitions(twice(partition));
    DeleteRecordsRequest::default().with_topics(twice(records)).with_timeout_ms(9)
}

fn init_producer_id(version: i16) -> InitProducerIdRequest {
    let request = InitProducerIdRequest::default()
        .with_transactional_id(Some(text("transaction").into()))
        .with_transaction_timeout_ms(5);
    if version < 3 {
        return request;
    }
    request.with_producer_id(5.into()).with_producer_epoch(1)
}

fn offset_for_leader_epoch(version: i16) -> OffsetForLeaderEpochRequest {
    let partition = OffsetForLeaderPartition::default()
        .with_partition(1)
        .with_current_leader_epoch(0)
        .with_leader_epoch(0);
    let request = OffsetForLeaderEpochRequest::default().with_topics(twice(
        OffsetForLeaderTopic::default().with_topic(topic()).with_partitions(twice(partition)),
    ));
    if version >= 3 { request.with_replica_id(BrokerId(-1)) } else { request }
}

fn describe_configs(version: i16) -> DescribeConfigsRequest {
    let resource = DescribeConfigsResource::default()
        .with_resource_type(2)
        .with_resource_name(text("topic"))
        .with_configuration_keys(Some(twice(text("retention.ms"))));
    let request =
        DescribeConfigsRequest::default().with_resources(twice(resource)).with_include_synonyms(true);
    if version >= 3 { request.with_include_documentation(true) } else { request }
}

fn alter_configs() -> AlterConfigsRequest {
    let config = AlterableConfig::default().with_name(text("retention.ms")).with_value(Some(text("1")));
    let resource = AlterConfigsResource::default()
        .with_resource_type(2)
        .with_resource_name(text("topic"))
        .with_configs(twice(config));
    AlterConfigsRequest::default().with_resources(twice(resource)).with_validate_only(true)
}

fn create_partitions() -> CreatePartitionsRequest {
    let assignment = CreatePartitionsAssignment::default().with_broker_ids(twice(BrokerId(1)));
    let grown = CreatePartitionsTopic::default()
        .with_name(topic())
        .with_count(9)
        .with_assignments(Some(twice(assignment)));
    CreatePartitionsRequest::default().with_topics(twice(grown)).with_timeout_ms(5).with_validate_only(true)
}

fn incremental_alter_configs() -> IncrementalAlterConfigsRequest {
    let config = IncrementalConfig::default()
        .with_name(text("retention.ms"))
        .with_config_operation(1)
        .with_value(Some(text("1")));
    let resource = IncrementalResource::default()
        .with_resource_type(2)
        .with_resource_name(text("topic"))
        .with_configs(twice(config));
    IncrementalAlterConfigsRequest::default().with_resources(twice(resource)).with_validate_only(true)
}

fn describe_cluster(version: i16) -> DescribeClusterRequest {
    let mut request = DescribeClusterRequest::default().with_include_cluster_authorized_operations(true);
    if version >= 1 {
        request = request.with_endpoint_type(1);
    }
    if version >= 2 {
        request = request.with_include_fenced_brokers(true);
    }
    request
}

fn describe_topic_partitions() -> DescribeTopicPartitionsRequest {
    DescribeTopicPartitionsRequest::default()
        .with_topics(twice(TopicRequest::default().with_name(topic())))
        .with_response_partition_limit(9)
        .with_cursor(Some(Cursor::default().with_topic_name(topic()).with_partition_index(2)))
}
