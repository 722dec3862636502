mod batch;
mod buffer;
mod error;
mod failed;
mod feed;
mod flusher;
mod lane;
mod load;
mod metrics;
mod settings;
mod shared;
mod upload;

use std::sync::Arc;

use forebay_lifecycle::Spawner;
use forebay_model::VirtualClusterId;
use forebay_storage_metadata::{MetadataStore, ProduceOutcome};
use forebay_storage_objects::Objects;

pub use batch::NewBatch;
pub use error::AppendError;
pub use load::{Load, Signal};
pub use metrics::WriterMetrics;
pub use settings::WriterSettings;
use shared::Shared;

use crate::blocks::BlockSource;
use crate::index::Index;
use feed::Feed;

/// Takes the batches of all clients and makes them durable, many at a time. Cheap to clone; when the last clone is
/// dropped, what was taken is still flushed, but [`Writer::close`] is the one that waits for it.
///
/// A batch goes through these steps, and is acknowledged only behind the last one:
///
/// 1. It waits in the buffer of its virtual cluster, for the batch timeout at most, or until there is enough for a
///    segment.
/// 2. The segment is put under a name that is fresh. Many puts are under way at once, and one that is slow is put
///    again under a second name.
/// 3. The segments of a virtual cluster are committed in the order in which they were flushed, one after the other. A
///    commit whose outcome is not known is asked for again under the same id until it is.
/// 4. Each request gets its own answer.
///
/// When a segment fails, so do the batches in later ones that follow one of it: same partition, same producer. Its
/// client sends all of them again, in order; if a later one were committed first, the failed one could never be.
#[derive(Debug, Clone)]
pub struct Writer {
    shared: Arc<Shared>,
    _open: Arc<Open>,
}

/// What the last clone of a writer leaves behind: nothing more comes.
#[derive(Debug)]
struct Open(Arc<Shared>);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.close();
    }
}

impl Writer {
    /// Starts the tasks of a writer. `objects` should try again what fails, for as long as a client waits.
    #[must_use]
    pub fn spawn(
        objects: Arc<dyn Objects>,
        metadata: Arc<dyn MetadataStore>,
        settings: WriterSettings,
        metrics: WriterMetrics,
        spawner: &Spawner,
    ) -> Self {
        let shared = Arc::new(Shared::new(objects, metadata, settings, metrics));
        spawner.spawn(flusher::run(Arc::clone(&shared), spawner.clone()));
        Self { _open: Arc::new(Open(Arc::clone(&shared))), shared }
    }

    /// Tells `index` of everything that is committed from now on, and gives `blocks` what somebody waits for. Only the
    /// first ones are told.
    pub fn feed(&self, index: Arc<Index>, blocks: Arc<dyn BlockSource>) {
        // Others ask the stores instead.
        let _ = self.shared.feed.set(Feed { index, blocks });
    }

    /// Appends the batches of one Produce request, committed together or not at all, and waits until they are.
    ///
    /// # Errors
    /// When the batches are not known to be committed. Those of another request are not concerned.
    ///
    /// # Cancel safety
    /// What was taken is written also when nobody waits for it.
    pub async fn append(
        &self,
        cluster: &VirtualClusterId,
        batches: Vec<NewBatch>,
    ) -> Result<ProduceOutcome, AppendError> {
        let answer = self.shared.push(cluster, batches)?;
        answer.await.unwrap_or(Err(AppendError::Lost))
    }

    /// What was taken and is not written yet.
    #[must_use]
    pub fn load(&self) -> Load {
        self.shared.load()
    }

    /// Waits while there is too much of it.
    pub async fn relief(&self) {
        self.shared.wait_until(|load| load.over().is_none()).await;
    }

    /// Takes nothing more, flushes at once, and waits until everything that was taken has its answer.
    pub async fn close(&self) {
        self.shared.close();
        self.shared.wait_until(Load::is_none).await;
    }
}
