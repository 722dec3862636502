use async_trait::async_trait;
use forebay_model::{PartitionCount, Timestamp, TopicId, TopicName, VirtualClusterId};

use crate::{ConfigError, Configs, Kind, StoreFailure};

/// Topics, by id or name.
#[async_trait]
pub trait Topics: Send + Sync {
    /// Makes a topic with empty partitions.
    ///
    /// # Errors
    /// When there is a topic of that name, or of one that Kafka takes for the same.
    async fn create_topic(
        &self,
        cluster: &VirtualClusterId,
        topic: &NewTopic,
    ) -> Result<TopicDescription, CreateTopicError>;

    /// The topics that were selected, without those that do not exist: all by name, the others in the order of the
    /// selection.
    ///
    /// # Errors
    /// When the store can't be asked. A virtual cluster that does not exist has no topics.
    async fn describe_topics(
        &self,
        cluster: &VirtualClusterId,
        selection: &TopicSelection,
    ) -> Result<Vec<TopicDescription>, StoreFailure>;

    /// Deletes a topic. From now on its name is free, nothing of it is found, and commits to it are refused; what it
    /// holds goes bit by bit ([`Retention::purge_deleted_topics`](crate::Retention::purge_deleted_topics)).
    ///
    /// # Errors
    /// When there is no such topic.
    async fn delete_topic(&self, cluster: &VirtualClusterId, topic: TopicId) -> Result<(), DeleteTopicError>;

    /// Gives a topic more partitions, `total` with those it has.
    ///
    /// # Errors
    /// When there is no such topic, or it has as many already.
    async fn add_partitions(
        &self,
        cluster: &VirtualClusterId,
        topic: TopicId,
        total: PartitionCount,
    ) -> Result<(), AddPartitionsError>;

    /// Replaces the configurations of a topic, if they still are what the caller saw.
    ///
    /// # Errors
    /// When there is no such topic, or its configurations are not `seen`.
    async fn replace_topic_configs(
        &self,
        cluster: &VirtualClusterId,
        topic: TopicId,
        seen: &Configs,
        new: &Configs,
    ) -> Result<(), ConfigError>;
}

/// A topic to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewTopic {
    /// Its name.
    pub name: TopicName,
    /// How many partitions it starts with.
    pub partitions: PartitionCount,
    /// What is set for it.
    pub configs: Configs,
}

/// A topic as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopicDescription {
    /// What it is known by.
    pub id: TopicId,
    /// Its name.
    pub name: TopicName,
    /// How many partitions it has.
    pub partitions: PartitionCount,
    /// What is set for it.
    pub configs: Configs,
    /// When it was made.
    pub created_at: Timestamp,
}

/// Which topics.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TopicSelection {
    /// All of the virtual cluster.
    All,
    /// Those with these names.
    Names(Vec<TopicName>),
    /// Those with these ids.
    Ids(Vec<TopicId>),
}

/// Why a topic was not made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CreateTopicError {
    /// There is no such virtual cluster.
    #[error("there is no virtual cluster {cluster}")]
    NoVirtualCluster {
        /// Which.
        cluster: VirtualClusterId,
    },
    /// There is one already.
    #[error("there is a topic {name} already")]
    Exists {
        /// Which.
        name: TopicName,
    },
    /// There is one whose name differs only by `.` and `_`.
    #[error("topic {name} collides with {other}: '.' and '_' are the same in the names of metrics")]
    Collides {
        /// The new one.
        name: TopicName,
        /// The one that exists.
        other: TopicName,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreFailure),
}

/// Why a topic was not deleted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DeleteTopicError {
    /// There is none, or no longer.
    #[error("there is no topic {topic} in {cluster}")]
    NoTopic {
        /// Where.
        cluster: VirtualClusterId,
        /// Which.
        topic: TopicId,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreFailure),
}

/// Why a topic got no more partitions.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AddPartitionsError {
    /// There is no such topic.
    #[error("there is no topic {topic} in {cluster}")]
    NoTopic {
        /// Where.
        cluster: VirtualClusterId,
        /// Which.
        topic: TopicId,
    },
    /// It has as many, or more.
    #[error("the topic has {has} partitions already: partitions are only added", has = .has.get())]
    NotMore {
        /// How many it has.
        has: PartitionCount,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreFailure),
}

impl CreateTopicError {
    /// What to do about it.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        match self {
            Self::NoVirtualCluster { .. } => Kind::NotFound,
            Self::Exists { .. } => Kind::Conflict,
            Self::Collides { .. } => Kind::Invalid,
            Self::Store(failure) => failure.kind(),
        }
    }
}

impl DeleteTopicError {
    /// What to do about it.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        match self {
            Self::NoTopic { .. } => Kind::NotFound,
            Self::Store(failure) => failure.kind(),
        }
    }
}

impl AddPartitionsError {
    /// What to do about it.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        match self {
            Self::NoTopic { .. } => Kind::NotFound,
            Self::NotMore { .. } => Kind::Invalid,
            Self::Store(failure) => failure.kind(),
        }
    }
}
