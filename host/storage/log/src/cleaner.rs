mod orphans;

use std::sync::Arc;
use std::time::Duration;

use forebay_model::{SegmentName, TopicIdPartition, VirtualClusterId};
use forebay_storage_metadata::{
    Kind, Lease, MetadataStore, RetentionLimits, StoreFailure, TrimError, Verdict,
};
use forebay_storage_objects::{ErrorKind, InvalidName, ObjectError, ObjectName, Objects};
use futures_util::StreamExt as _;

pub use orphans::OrphanSearch;

/// Removes what is no longer wanted: records past what their partitions keep, segments without records, objects that
/// were never committed.
///
/// **Nothing committed is ever deleted.** A name is condemned in the metadata store first, which refuses where a record
/// is found in it, and which refuses from then on to commit it. Only then the object is deleted. A stop between the two
/// leaves a condemned name, which the next round deletes. Any number of cleaners may work at once.
///
/// All work is bounded: one call does so much, and says whether there is more.
#[derive(Debug, Clone)]
pub struct Cleaner {
    metadata: Arc<dyn MetadataStore>,
    objects: Arc<dyn Objects>,
    settings: CleanerSettings,
}

/// How long to wait, and how much at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CleanerSettings {
    /// For so long a segment stays after its last record is gone: who reads may have an index that is as old.
    pub unused_grace: Duration,
    /// So old an object must be to be looked at as an orphan. A younger one may be about to be committed; if that
    /// takes longer, the commit is refused, and the client sends its records again.
    pub orphan_grace: Duration,
    /// How many segments, runs or objects one call looks at.
    pub batch: usize,
    /// How many objects are deleted at once.
    pub deletions: usize,
}

impl Default for CleanerSettings {
    fn default() -> Self {
        Self {
            unused_grace: Duration::from_mins(10),
            orphan_grace: Duration::from_hours(1),
            batch: 1000,
            deletions: 16,
        }
    }
}

/// What one call did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Cleaned {
    /// Runs of records that are no longer in the index.
    pub runs: usize,
    /// Objects that are gone.
    pub objects: usize,
    /// Objects that could not be deleted; the next call tries again.
    pub failed: usize,
    /// Whether the call stopped before there was nothing more to do.
    pub is_more: bool,
}

/// Why cleaning stopped.
#[derive(Debug, thiserror::Error)]
pub enum CleanerError {
    /// The metadata store.
    #[error("ask the metadata store")]
    Store(#[from] StoreFailure),
    /// The object store.
    #[error("ask the object store")]
    Objects(#[from] ObjectError),
    /// Another agent does this now.
    #[error("the lease of the job was lost: another agent does it now")]
    Fenced,
    /// A fault of this program.
    #[error("name what is to be cleaned")]
    Name(#[from] InvalidName),
    /// A fault of this program.
    #[error("{asked} names were to be condemned, and there are {got} verdicts")]
    Answers {
        /// How many were asked for.
        asked: usize,
        /// How many answers there are.
        got: usize,
    },
}

impl CleanerError {
    /// What to do about it.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self {
            Self::Store(failure) => failure.kind(),
            Self::Objects(error) => match error.kind() {
                ErrorKind::Retry => Kind::Retry,
                ErrorKind::NotFound => Kind::NotFound,
                ErrorKind::Invalid => Kind::Invalid,
                ErrorKind::Internal => Kind::Internal,
            },
            Self::Fenced => Kind::Fenced,
            Self::Name(_) | Self::Answers { .. } => Kind::Internal,
        }
    }
}

impl Cleaner {
    /// Cleans what `metadata` says is no longer wanted from `objects`.
    #[must_use]
    pub fn new(
        metadata: Arc<dyn MetadataStore>,
        objects: Arc<dyn Objects>,
        settings: CleanerSettings,
    ) -> Self {
        Self { metadata, objects, settings }
    }

    /// Removes the oldest records of partitions that have more than they keep, from the index. Partitions that do not
    /// exist, or no longer, are passed over. The limits were read under `lease`: where that is lost, nothing goes.
    ///
    /// # Errors
    /// When the metadata store can't be asked. What was done before stays done.
    pub async fn trim(
        &self,
        cluster: &VirtualClusterId,
        partitions: impl IntoIterator<Item = (TopicIdPartition, RetentionLimits)> + Send,
        lease: Option<&Lease>,
    ) -> Result<Cleaned, CleanerError> {
        let mut cleaned = Cleaned::default();
        let partitions: Vec<_> = partitions.into_iter().collect();
        for (log, limits) in partitions {
            let left = self.settings.batch.saturating_sub(cleaned.runs);
            if left == 0 {
                cleaned.is_more = true;
                break;
            }
            match self.metadata.trim(cluster, log, limits, left, lease).await {
                Ok(trimmed) => {
                    cleaned.runs += trimmed.runs;
                    cleaned.is_more |= trimmed.is_more;
                }
                Err(TrimError::NoPartition { .. }) => {}
                Err(TrimError::Fenced) => return Err(CleanerError::Fenced),
                Err(TrimError::Store(failure)) => return Err(failure.into()),
            }
        }
        Ok(cleaned)
    }

    /// Removes what deleted topics have left and what the store need not remember any more, and deletes segments in
    /// which no record has been left for long enough.
    ///
    /// # Errors
    /// When the metadata store can't be asked. What was done before stays done.
    pub async fn clean(&self, cluster: &VirtualClusterId) -> Result<Cleaned, CleanerError> {
        let CleanerSettings { unused_grace, batch, .. } = self.settings;
        let purged = self.metadata.purge_deleted_topics(cluster, batch).await?;
        self.metadata.expire(cluster, batch).await?;
        let unused = self.metadata.unreferenced(cluster, unused_grace, batch).await?;
        let was_full = unused.len() >= batch;
        self.condemn(cluster, unused).await?;
        // With those that an earlier call has condemned and not deleted.
        let condemned = self.metadata.condemned(cluster, batch).await?;
        let is_more = purged.is_more || was_full || condemned.len() >= batch;
        let deleted = self.delete(cluster, condemned).await?;
        Ok(Cleaned { runs: purged.runs, is_more, ..deleted })
    }

    /// Those of the names that may be deleted now.
    async fn condemn(
        &self,
        cluster: &VirtualClusterId,
        names: Vec<SegmentName>,
    ) -> Result<Vec<SegmentName>, CleanerError> {
        if names.is_empty() {
            return Ok(names);
        }
        let verdicts = self.metadata.condemn(cluster, names.clone()).await?;
        if verdicts.len() != names.len() {
            return Err(CleanerError::Answers { asked: names.len(), got: verdicts.len() });
        }
        let condemned = names.into_iter().zip(verdicts).filter_map(|(name, verdict)| match verdict {
            Verdict::Condemned => Some(name),
            Verdict::Referenced => None,
        });
        Ok(condemned.collect())
    }

    /// Deletes the objects of condemned names, and reports those that are gone.
    async fn delete(
        &self,
        cluster: &VirtualClusterId,
        condemned: Vec<SegmentName>,
    ) -> Result<Cleaned, CleanerError> {
        let asked = condemned.len();
        let deletions = condemned.into_iter().map(|name| async move {
            // A name that is none of an object has no object.
            let Ok(object) = name.as_str().parse::<ObjectName>() else { return Some(name) };
            match self.objects.delete(&object).await {
                Ok(()) => Some(name),
                Err(error) => {
                    tracing::debug!(%error, "an object was not deleted, which is tried again");
                    None
                }
            }
        });
        let gone: Vec<_> = futures_util::stream::iter(deletions)
            .buffer_unordered(self.settings.deletions.max(1))
            .filter_map(std::future::ready)
            .collect()
            .await;
        let objects = gone.len();
        if !gone.is_empty() {
            self.metadata.report_deleted(cluster, gone).await?;
        }
        Ok(Cleaned { objects, failed: asked - objects, ..Cleaned::default() })
    }
}
