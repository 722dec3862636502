use std::sync::Arc;
use std::time::{Duration, Instant};

use forebay_kafka_groups::TopicCounts;
use forebay_lifecycle::clock;
use forebay_model::VirtualClusterId;
use forebay_storage_metadata::{MetadataStore, StoreFailure, TopicSelection};
use tokio::sync::Mutex;

/// How old the list may be for who joins or changes a group: not older than the question. Many ask at the same time, and
/// one look serves them.
pub(super) const NOW: Duration = Duration::ZERO;
/// And for everybody else: new topics and partitions are noticed that much later.
pub(super) const STAYING: Duration = Duration::from_secs(5);

/// All topics, which members of the KIP-848 protocol may subscribe to by regular expressions.
#[derive(Debug)]
pub(super) struct AllTopics {
    cluster: VirtualClusterId,
    metadata: Arc<dyn MetadataStore>,
    known: Mutex<Option<(Instant, Arc<TopicCounts>)>>,
}

impl AllTopics {
    pub(super) fn new(cluster: VirtualClusterId, metadata: Arc<dyn MetadataStore>) -> Self {
        Self { cluster, metadata, known: Mutex::default() }
    }

    /// The list, not older than `patience`. Who comes while it is read waits for it.
    pub(super) async fn get(&self, patience: Duration) -> Result<Arc<TopicCounts>, StoreFailure> {
        let asked = clock::now();
        let mut known = self.known.lock().await;
        let now = clock::now();
        // What began to be read after this was asked is new enough, however long that took: those who wait do not read
        // it one behind the other.
        if let Some((at, topics)) = &*known
            && (*at >= asked || now.saturating_duration_since(*at) < patience)
        {
            return Ok(Arc::clone(topics));
        }
        let all = self.metadata.describe_topics(&self.cluster, &TopicSelection::All).await?;
        let counts =
            all.into_iter().map(|topic| (topic.name.as_str().to_owned(), (topic.id, topic.partitions.get())));
        let topics = Arc::new(counts.collect::<TopicCounts>());
        *known = Some((now, Arc::clone(&topics)));
        Ok(topics)
    }
}
