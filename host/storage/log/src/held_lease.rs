use std::sync::Arc;
use std::time::{Duration, Instant};

use forebay_lifecycle::clock;
use forebay_model::VirtualClusterId;
use forebay_storage_metadata::{JobError, JobHolder, JobName, JobOutcome, JobTerms, Lease, MetadataStore};

/// A lease that is held as long as its job goes on: whoever does it calls [`keep`](Self::keep) now and then, which asks
/// the store seldom.
#[derive(Debug)]
pub struct HeldLease {
    metadata: Arc<dyn MetadataStore>,
    cluster: VirtualClusterId,
    lease: Lease,
    length: Duration,
    renewed: Instant,
}

impl HeldLease {
    /// The lease of a job, if it is due and nobody else has it.
    ///
    /// # Errors
    /// When the store can't be asked.
    pub async fn acquire(
        metadata: &Arc<dyn MetadataStore>,
        cluster: &VirtualClusterId,
        job: &JobName,
        holder: JobHolder,
        terms: JobTerms,
    ) -> Result<Option<Self>, JobError> {
        let renewed = clock::now();
        let lease = metadata.acquire_job(cluster, job, holder, terms).await?;
        Ok(lease.map(|lease| Self {
            metadata: Arc::clone(metadata),
            cluster: cluster.clone(),
            lease,
            length: terms.lease,
            renewed,
        }))
    }

    /// What shows the store that the job is still this one's.
    #[must_use]
    pub fn lease(&self) -> &Lease {
        &self.lease
    }

    /// Renews the lease when a third of it is over.
    ///
    /// # Errors
    /// When somebody else has got the job: whoever does it must stop.
    pub async fn keep(&mut self) -> Result<(), JobError> {
        let now = clock::now();
        if now.saturating_duration_since(self.renewed) >= self.length / 3 {
            self.lease = self.metadata.renew_job(&self.cluster, &self.lease, self.length).await?;
            self.renewed = now;
        }
        Ok(())
    }

    /// Ends it.
    ///
    /// # Errors
    /// When somebody else has got the job, or the store can't be asked: then it ends by itself.
    pub async fn release(self, outcome: JobOutcome) -> Result<(), JobError> {
        self.metadata.release_job(&self.cluster, &self.lease, outcome).await
    }
}
