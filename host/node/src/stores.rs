use std::sync::Arc;

use forebay_lifecycle::chance;
use forebay_metrics::{MetricError, Metrics};
use forebay_storage_metadata::{Measured as MeasuredMetadata, MetadataStore};
use forebay_storage_objects::{
    HedgePolicy, Hedged, Limited, Limits, Measured, Objects, OpenError, RetryPolicy, Retrying,
};

use crate::metadata::{self, MetadataError};

/// What lasts: the bucket and the metadata store.
#[derive(Debug, Clone)]
pub struct Stores {
    /// For those whom a client waits for.
    pub(crate) objects: Arc<dyn Objects>,
    /// For those whom nobody waits for.
    pub(crate) background: Arc<dyn Objects>,
    pub(crate) metadata: Arc<dyn MetadataStore>,
    pub(crate) metrics: Arc<Metrics>,
}

/// Why the stores can't be opened.
#[derive(Debug, thiserror::Error)]
pub enum StoresError {
    #[error("open the bucket {url}")]
    Bucket { url: String, source: OpenError },
    #[error(transparent)]
    Metadata(#[from] MetadataError),
    #[error("measure the stores")]
    Metric(#[from] MetricError),
}

/// Requests to the object store at a time, and bytes that are on their way from it.
const OBJECT_LIMITS: Limits = Limits { puts: 64, others: 128, get_bytes: 512 << 20 };

impl Stores {
    /// Opens both by URL. `variables` are the environment, for the keys of buckets. Blocks while it does.
    ///
    /// # Errors
    /// When a URL is none, or what it names can't be opened.
    pub fn open(
        bucket: &str,
        metadata: &str,
        variables: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, StoresError> {
        let location = metadata.parse::<metadata::MetadataLocation>()?;
        let objects = forebay_storage_objects::open(bucket, variables).map_err(|source| {
            // What stands behind a question mark may be a key.
            let url = bucket.split('?').next().unwrap_or_default().to_owned();
            StoresError::Bucket { url, source }
        })?;
        Self::of(objects, metadata::open(location)?, Arc::default())
    }

    /// Opens the metadata store alone, by URL. Blocks while it does.
    ///
    /// # Errors
    /// When the URL is none, or what it names can't be opened.
    pub fn open_metadata(url: &str) -> Result<Arc<dyn MetadataStore>, StoresError> {
        Ok(metadata::open(url.parse::<metadata::MetadataLocation>()?)?)
    }

    /// Both in memory, with nobody else in them.
    ///
    /// # Errors
    /// When the system refuses a thread.
    pub fn in_memory() -> Result<Self, StoresError> {
        Self::open(&format!("mem://{:032x}", chance::bits()), "sqlite://:memory:", [])
    }

    /// Of parts that are open. `objects` is what tries nothing twice: limits, measuring, retries and hedging come around
    /// it here.
    ///
    /// # Errors
    /// When a name in `metrics` is taken by a metric of another kind.
    pub fn of(
        objects: Arc<dyn Objects>,
        metadata: Arc<dyn MetadataStore>,
        metrics: Arc<Metrics>,
    ) -> Result<Self, StoresError> {
        let limited = Arc::new(Limited::new(objects, OBJECT_LIMITS));
        let measured: Arc<dyn Objects> = Arc::new(Measured::new(limited, &metrics)?);
        let hedged = Arc::new(Hedged::new(Arc::clone(&measured), HedgePolicy::default()));
        Ok(Self {
            objects: Arc::new(Retrying::new(hedged, RetryPolicy::produce())),
            background: Arc::new(Retrying::new(measured, RetryPolicy::background())),
            metadata: Arc::new(MeasuredMetadata::new(metadata, &metrics)?),
            metrics,
        })
    }

    /// Where everything that works on these counts.
    #[must_use]
    pub fn metrics(&self) -> &Arc<Metrics> {
        &self.metrics
    }

    /// The metadata store.
    #[must_use]
    pub fn metadata(&self) -> &Arc<dyn MetadataStore> {
        &self.metadata
    }

    /// The bucket, with retries.
    #[must_use]
    pub fn objects(&self) -> &Arc<dyn Objects> {
        &self.objects
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_not_be_opened_is_refused_by_name() {
        let refusal = |bucket: &str, metadata: &str| {
            Stores::open(bucket, metadata, []).map(drop).unwrap_err().to_string()
        };
        assert!(refusal("mem://a", "postgres://u:secret@host/db?sslmode=no").contains("sslmode"));
        assert!(!refusal("mem://a", "postgres://u:secret@host/db?sslmode=no").contains("secret"));
        assert!(refusal("mem://a", "meta.db").contains("sqlite://PATH"));
        assert_eq!(refusal("ftp://a?key=secret", "sqlite://:memory:"), "open the bucket ftp://a");
    }
}
