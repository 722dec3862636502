use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use forebay_kafka_client::Transport;
use forebay_plugins_api::PipelineName;

/// The Kafka clusters that the process itself has, by the names that plugins open them by: `forebay://NAME`.
///
/// Clones share what is in it, so that a cluster may come when the plugins are loaded already.
#[derive(Clone, Default)]
pub struct Clusters(Arc<RwLock<BTreeMap<String, Cluster>>>);

/// A cluster as a pipeline has it.
type Cluster = Arc<dyn Fn(&PipelineName) -> Arc<dyn Transport> + Send + Sync>;

impl Clusters {
    /// Adds a cluster, or puts another one in its place for what is opened from now on.
    pub fn add(&self, name: impl Into<String>, transport: Arc<dyn Transport>) {
        self.add_for_each(name, move |_| Arc::clone(&transport));
    }

    /// The same where each pipeline comes to it in its own name.
    pub fn add_for_each(
        &self,
        name: impl Into<String>,
        cluster: impl Fn(&PipelineName) -> Arc<dyn Transport> + Send + Sync + 'static,
    ) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).insert(name.into(), Arc::new(cluster));
    }

    /// Takes a cluster away. What has it open keeps it.
    pub fn remove(&self, name: &str) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).remove(name);
    }

    /// The cluster of a name, for a pipeline.
    pub(super) fn get(&self, name: &str, pipeline: &PipelineName) -> Option<Arc<dyn Transport>> {
        let cluster = self.0.read().unwrap_or_else(PoisonError::into_inner).get(name).map(Arc::clone)?;
        Some(cluster(pipeline))
    }
}

impl fmt::Debug for Clusters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let clusters = self.0.read().unwrap_or_else(PoisonError::into_inner);
        f.debug_set().entries(clusters.keys()).finish()
    }
}
