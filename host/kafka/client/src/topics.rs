use forebay_model::TopicName;
use kafka_protocol::messages::create_partitions_request::CreatePartitionsTopic;
use kafka_protocol::messages::create_topics_request::CreatableTopic;
use kafka_protocol::messages::metadata_request::MetadataRequestTopic;
use kafka_protocol::messages::{
    ApiKey, CreatePartitionsRequest, CreateTopicsRequest, DeleteTopicsRequest, MetadataRequest,
    TopicName as WireName,
};
use kafka_protocol::protocol::StrBytes;

use crate::connection::Connection;
use crate::error::{ClientError, Refused};

/// What a broker tells of its cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cluster {
    pub id: Option<String>,
    /// Where clients are told to go.
    pub brokers: Vec<BrokerAddress>,
    pub topics: Vec<TopicPartitions>,
}

/// A broker as clients are told of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BrokerAddress {
    pub node: i32,
    pub host: String,
    pub port: i32,
}

/// A topic and how many partitions it has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopicPartitions {
    pub name: String,
    pub partitions: usize,
}

pub(crate) fn wire_name(name: &TopicName) -> WireName {
    WireName(StrBytes::from_string(name.as_str().to_owned()))
}

impl Connection {
    /// Makes a topic; with `partitions` of -1 it has as many as the cluster says.
    ///
    /// # Errors
    /// When there is one already, or the broker refuses.
    pub async fn create_topic(&mut self, name: &TopicName, partitions: i32) -> Result<(), ClientError> {
        let topic = CreatableTopic::default()
            .with_name(wire_name(name))
            .with_num_partitions(partitions)
            .with_replication_factor(-1);
        let request = CreateTopicsRequest::default().with_topics(vec![topic]).with_timeout_ms(30_000);
        // Before version 4 nobody can leave the partitions to the cluster.
        let (_, response) = self.ask(4..=6, &request).await?;
        let api = ApiKey::CreateTopics;
        let missing = || ClientError::Missing { api, what: format!("topic {name}") };
        let answered = response.topics.first().ok_or_else(missing)?;
        Refused::check(api, answered.error_code, answered.error_message.as_deref())?;
        Ok(())
    }

    /// Deletes a topic with all that is in it.
    ///
    /// # Errors
    /// When there is none, or the broker refuses.
    pub async fn delete_topic(&mut self, name: &TopicName) -> Result<(), ClientError> {
        let request =
            DeleteTopicsRequest::default().with_topic_names(vec![wire_name(name)]).with_timeout_ms(30_000);
        // From 6 on topics go by name or by id, in a list of their own.
        let (_, response) = self.ask(1..=5, &request).await?;
        let api = ApiKey::DeleteTopics;
        let missing = || ClientError::Missing { api, what: format!("topic {name}") };
        let answered = response.responses.first().ok_or_else(missing)?;
        Refused::check(api, answered.error_code, answered.error_message.as_deref())?;
        Ok(())
    }

    /// Gives a topic so many partitions, which are more than it has.
    ///
    /// # Errors
    /// When there is no such topic, or the broker refuses.
    pub async fn add_partitions(&mut self, name: &TopicName, partitions: i32) -> Result<(), ClientError> {
        let topic = CreatePartitionsTopic::default()
            .with_name(wire_name(name))
            .with_count(partitions)
            .with_assignments(None);
        let request = CreatePartitionsRequest::default().with_topics(vec![topic]).with_timeout_ms(30_000);
        let (_, response) = self.ask(0..=3, &request).await?;
        let api = ApiKey::CreatePartitions;
        let missing = || ClientError::Missing { api, what: format!("topic {name}") };
        let answered = response.results.first().ok_or_else(missing)?;
        Refused::check(api, answered.error_code, answered.error_message.as_deref())?;
        Ok(())
    }

    /// The cluster with all its topics. Nothing is made by asking.
    ///
    /// # Errors
    /// As [`Connection::call`].
    pub async fn cluster(&mut self) -> Result<Cluster, ClientError> {
        let request = MetadataRequest::default().with_topics(None).with_allow_auto_topic_creation(false);
        let (_, response) = self.ask(4..=9, &request).await?;
        let brokers = response.brokers.iter().map(|broker| BrokerAddress {
            node: broker.node_id.0,
            host: broker.host.to_string(),
            port: broker.port,
        });
        let topics = response.topics.iter().map(|topic| TopicPartitions {
            name: topic.name.as_ref().map(|name| name.to_string()).unwrap_or_default(),
            partitions: topic.partitions.len(),
        });
        Ok(Cluster {
            id: response.cluster_id.as_ref().map(StrBytes::to_string),
            brokers: brokers.collect(),
            topics: topics.collect(),
        })
    }

    /// How many partitions a topic has. A topic that there is not is made, where the cluster says so.
    ///
    /// # Errors
    /// When there is no such topic, or the broker refuses.
    pub async fn partitions(&mut self, name: &TopicName) -> Result<usize, ClientError> {
        let asked = MetadataRequestTopic::default().with_name(Some(wire_name(name)));
        let request = MetadataRequest::default().with_topics(Some(vec![asked]));
        let (_, response) = self.ask(4..=9, &request).await?;
        let api = ApiKey::Metadata;
        let missing = || ClientError::Missing { api, what: format!("topic {name}") };
        let topic = response.topics.first().ok_or_else(missing)?;
        Refused::check(api, topic.error_code, None)?;
        Ok(topic.partitions.len())
    }
}
