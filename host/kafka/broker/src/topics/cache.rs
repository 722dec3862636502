use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use forebay_lifecycle::clock;
use forebay_model::{TopicId, TopicName};

use super::{Topic, TopicKey};
use crate::configs::ClusterConfig;

/// For so long something is taken for true. What writes is judged by the stores anyway.
const KEPT: Duration = Duration::from_secs(1);
/// Something younger is not asked for again to see whether it has changed.
const FRESH: Duration = Duration::from_millis(50);
/// Topics that are kept at most. With more in use, all are asked for again from time to time.
const MOST: usize = 50_000;

#[derive(Debug, Default)]
pub(super) struct Cache {
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    topics: HashMap<TopicId, (Arc<Topic>, Instant)>,
    names: HashMap<TopicName, TopicId>,
    cluster: Option<(Arc<ClusterConfig>, Instant)>,
    /// How often all was forgotten.
    cleared: u64,
}

impl Known {
    fn entry(&self, key: &TopicKey) -> Option<&(Arc<Topic>, Instant)> {
        let id = match key {
            TopicKey::Name(name) => self.names.get(name)?,
            TopicKey::Id(id) => id,
        };
        self.topics.get(id)
    }

    fn remove(&mut self, id: TopicId) {
        if let Some((topic, _)) = self.topics.remove(&id)
            && self.names.get(&topic.description.name) == Some(&id)
        {
            self.names.remove(&topic.description.name);
        }
    }
}

impl Cache {
    pub(super) fn get(&self, key: &TopicKey) -> Option<Arc<Topic>> {
        let known = self.lock();
        let (topic, since) = known.entry(key)?;
        (clock::now().duration_since(*since) < KEPT).then(|| Arc::clone(topic))
    }

    pub(super) fn is_fresh(&self, key: &TopicKey) -> bool {
        self.lock().entry(key).is_some_and(|(_, since)| clock::now().duration_since(*since) < FRESH)
    }

    pub(super) fn put(&self, topic: Arc<Topic>) {
        let mut known = self.lock();
        if known.topics.len() >= MOST {
            known.topics.clear();
            known.names.clear();
        }
        let id = topic.description.id;
        if let Some(older) = known.names.insert(topic.description.name.clone(), id)
            && older != id
        {
            known.topics.remove(&older);
        }
        known.topics.insert(id, (topic, clock::now()));
    }

    pub(super) fn cluster(&self) -> Option<Arc<ClusterConfig>> {
        let known = self.lock();
        let (config, since) = known.cluster.as_ref()?;
        (clock::now().duration_since(*since) < KEPT).then(|| Arc::clone(config))
    }

    /// Keeps what was asked for when all had been forgotten so often: what was told before the last time may be old.
    pub(super) fn put_cluster(&self, config: Arc<ClusterConfig>, cleared: u64) {
        let mut known = self.lock();
        if known.cleared == cleared {
            known.cluster = Some((config, clock::now()));
        }
    }

    /// How often all was forgotten.
    pub(super) fn cleared(&self) -> u64 {
        self.lock().cleared
    }

    pub(super) fn forget(&self, id: TopicId) {
        self.lock().remove(id);
    }

    pub(super) fn clear(&self) {
        let mut known = self.lock();
        *known = Known { cleared: known.cleared + 1, ..Known::default() };
    }

    /// What is known of the virtual cluster is as old as it would be when that much time has passed.
    #[cfg(test)]
    pub(super) fn age(&self, by: Duration) {
        if let Some((_, since)) = &mut self.lock().cluster {
            *since = since.checked_sub(by).unwrap_or(*since);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        // Nothing under the lock can leave it half changed.
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
