//! What is done to topics as a whole.

use anyhow::{Result, bail};
use kafka_protocol::messages::create_partitions_request::CreatePartitionsTopic;
use kafka_protocol::messages::create_topics_request::CreatableTopic;
use kafka_protocol::messages::{
    CreatePartitionsRequest, CreateTopicsRequest, DeleteTopicsRequest, TopicName,
};
use kafka_protocol::protocol::StrBytes;

use crate::connection::Connection;

const CREATE_TOPICS: i16 = 5;
const DELETE_TOPICS: i16 = 4;
const CREATE_PARTITIONS: i16 = 1;
const TOPIC_EXISTS: i16 = 36;
/// How long an agent may take, in milliseconds.
const PATIENCE: i32 = 5_000;

/// Makes a topic. It may be there already.
///
/// # Errors
/// When the agent does not make it.
pub async fn create(connection: &mut Connection, topic: &str, partitions: i32) -> Result<()> {
    let wanted = CreatableTopic::default()
        .with_name(name(topic))
        .with_num_partitions(partitions)
        .with_replication_factor(1);
    let request = CreateTopicsRequest::default().with_topics(vec![wanted]).with_timeout_ms(PATIENCE);
    let answer = connection.ask(CREATE_TOPICS, &request).await?;
    match answer.topics.first().map(|topic| topic.error_code) {
        Some(0 | TOPIC_EXISTS) => Ok(()),
        other => bail!("the topic {topic} was not made: {other:?}"),
    }
}

/// Deletes a topic.
///
/// # Errors
/// When the agent does not.
pub async fn delete(connection: &mut Connection, topic: &str) -> Result<()> {
    let request =
        DeleteTopicsRequest::default().with_topic_names(vec![name(topic)]).with_timeout_ms(PATIENCE);
    let answer = connection.ask(DELETE_TOPICS, &request).await?;
    match answer.responses.first().map(|topic| topic.error_code) {
        Some(0) => Ok(()),
        other => bail!("the topic {topic} was not deleted: {other:?}"),
    }
}

/// Gives a topic so many partitions in all.
///
/// # Errors
/// When the agent does not.
pub async fn grow(connection: &mut Connection, topic: &str, partitions: i32) -> Result<()> {
    let wanted =
        CreatePartitionsTopic::default().with_name(name(topic)).with_count(partitions).with_assignments(None);
    let request = CreatePartitionsRequest::default().with_topics(vec![wanted]).with_timeout_ms(PATIENCE);
    let answer = connection.ask(CREATE_PARTITIONS, &request).await?;
    match answer.results.first().map(|topic| topic.error_code) {
        Some(0) => Ok(()),
        other => bail!("the topic {topic} has not grown: {other:?}"),
    }
}

fn name(topic: &str) -> TopicName {
    TopicName(StrBytes::from_string(topic.to_owned()))
}
