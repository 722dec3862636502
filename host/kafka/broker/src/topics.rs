//! What is known about topics for a moment: every Produce and Fetch asks.

mod cache;

use std::sync::Arc;
use std::time::Instant;

use forebay_lifecycle::clock;
use forebay_model::{PartitionId, TopicId, TopicIdPartition, TopicName, VirtualClusterId};
use forebay_storage_metadata::{
    ConfigError, Configs, MetadataStore, StoreFailure, TopicDescription, TopicSelection,
};
use tokio::sync::Mutex;

use self::cache::Cache;
use crate::configs::{ClusterConfig, TopicConfig};

/// A topic as it was a moment ago. It may be deleted by now: then the stores refuse its id.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Topic {
    pub description: TopicDescription,
    pub config: TopicConfig,
}

impl Topic {
    /// The log of a partition, if there is such a partition.
    pub(crate) fn log(&self, partition: i32) -> Option<TopicIdPartition> {
        let partition = PartitionId::new(partition).ok()?;
        self.description
            .partitions
            .has(partition)
            .then(|| TopicIdPartition::new(self.description.id, partition))
    }
}

/// How a request names a topic: by name, or by id from some version on.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum TopicKey {
    Name(TopicName),
    Id(TopicId),
}

#[derive(Debug)]
pub(crate) struct Topics {
    cluster: VirtualClusterId,
    metadata: Arc<dyn MetadataStore>,
    cache: Cache,
    /// Whose turn it is to ask what holds for the virtual cluster, and how that failed the last time.
    asking: Mutex<Option<(Instant, StoreFailure)>>,
}

impl Topics {
    pub(crate) fn new(cluster: VirtualClusterId, metadata: Arc<dyn MetadataStore>) -> Self {
        Self { cluster, metadata, cache: Cache::default(), asking: Mutex::default() }
    }

    /// The virtual cluster whose topics these are.
    pub(crate) fn cluster(&self) -> &VirtualClusterId {
        &self.cluster
    }

    /// The topics that exist of those that are asked for, in one question for all that are not known.
    pub(crate) async fn find(&self, keys: &[TopicKey]) -> Result<Vec<Option<Arc<Topic>>>, StoreFailure> {
        let mut found: Vec<_> = keys.iter().map(|key| self.cache.get(key)).collect();
        if found.iter().any(Option::is_none) {
            self.load(keys.iter().zip(&found).filter(|(_, found)| found.is_none()).map(|(key, _)| key))
                .await?;
            for (key, found) in keys.iter().zip(&mut found) {
                if found.is_none() {
                    *found = self.cache.get(key);
                }
            }
        }
        Ok(found)
    }

    /// The same, for one topic whose partition `partition` is wanted: it may have been added a moment ago.
    pub(crate) async fn with_partition(
        &self,
        key: &TopicKey,
        known: Arc<Topic>,
        partition: i32,
    ) -> Result<Option<Arc<Topic>>, StoreFailure> {
        if known.log(partition).is_some() || partition < 0 || self.cache.is_fresh(key) {
            return Ok(Some(known));
        }
        self.load(std::iter::once(key)).await?;
        Ok(self.cache.get(key))
    }

    async fn load(&self, keys: impl Iterator<Item = &TopicKey>) -> Result<(), StoreFailure> {
        let (mut names, mut ids) = (Vec::new(), Vec::new());
        for key in keys {
            match key {
                TopicKey::Name(name) => names.push(name.clone()),
                TopicKey::Id(id) => ids.push(*id),
            }
        }
        let cluster = self.cluster_config().await?;
        for selection in [TopicSelection::Names(names), TopicSelection::Ids(ids)] {
            if matches!(&selection, TopicSelection::Names(names) if names.is_empty())
                || matches!(&selection, TopicSelection::Ids(ids) if ids.is_empty())
            {
                continue;
            }
            for description in self.metadata.describe_topics(&self.cluster, &selection).await? {
                self.cache.put(Arc::new(Topic::new(description, &cluster)));
            }
        }
        Ok(())
    }

    /// What holds for the virtual cluster. Whoever comes while it is asked for takes what is told then, be it a failure.
    pub(crate) async fn cluster_config(&self) -> Result<Arc<ClusterConfig>, StoreFailure> {
        if let Some(config) = self.cache.cluster() {
            return Ok(config);
        }
        let came = clock::now();
        let mut failed = self.asking.lock().await;
        if let Some(config) = self.cache.cluster() {
            return Ok(config);
        }
        // Those who wait for a store that is away do not ask it one behind the other.
        if let Some((at, failure)) = &*failed
            && *at >= came
        {
            return Err(failure.clone());
        }
        let cleared = self.cache.cleared();
        let config = Box::pin(self.ask_cluster()).await.inspect_err(|failure| {
            *failed = Some((clock::now(), failure.clone()));
        })?;
        self.cache.put_cluster(Arc::clone(&config), cleared);
        Ok(config)
    }

    async fn ask_cluster(&self) -> Result<Arc<ClusterConfig>, StoreFailure> {
        let configs = match self.metadata.cluster_configs(&self.cluster).await {
            Ok(configs) => configs,
            Err(ConfigError::Store(failure)) => return Err(failure),
            Err(
                ConfigError::NoVirtualCluster { .. } | ConfigError::NoTopic { .. } | ConfigError::Changed,
            ) => Configs::default(),
        };
        Ok(Arc::new(ClusterConfig::new(&configs)))
    }

    /// Asks again the next time: something has shown that what is known is old.
    pub(crate) fn forget(&self, topic: TopicId) {
        self.cache.forget(topic);
    }

    /// Asks again about everything: configurations of the cluster were changed.
    pub(crate) fn forget_all(&self) {
        self.cache.clear();
    }
}

impl Topic {
    fn new(description: TopicDescription, cluster: &ClusterConfig) -> Self {
        let config = TopicConfig::new(&description.configs, cluster);
        Self { description, config }
    }
}

#[cfg(test)]
mod tests;
