use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use forebay_kafka_client::Transport;

/// The Kafka clusters that the process itself has, by the names that plugins open them by: `forebay://NAME`.
///
/// Clones share what is in it, so that a cluster may come when the plugins are loaded already.
#[derive(Clone, Default)]
pub struct Clusters(Arc<RwLock<BTreeMap<String, Arc<dyn Transport>>>>);

impl Clusters {
    /// Adds a cluster, or puts another one in its place for what is opened from now on.
    pub fn add(&self, name: impl Into<String>, transport: Arc<dyn Transport>) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).insert(name.into(), transport);
    }

    /// Takes a cluster away. What has it open keeps it.
    pub fn remove(&self, name: &str) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).remove(name);
    }

    /// The cluster of a name.
    pub(super) fn get(&self, name: &str) -> Option<Arc<dyn Transport>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(name).map(Arc::clone)
    }
}

impl fmt::Debug for Clusters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let clusters = self.0.read().unwrap_or_else(PoisonError::into_inner);
        f.debug_set().entries(clusters.keys()).finish()
    }
}
