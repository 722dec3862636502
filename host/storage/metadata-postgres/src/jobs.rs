use std::time::Duration;

use async_trait::async_trait;
use forebay_model::{Timestamp, VirtualClusterId};
use forebay_storage_metadata::{JobError, JobHolder, JobName, JobOutcome, JobTerms, Jobs, Lease, LeaseEpoch};
use uuid::Uuid;

use crate::PostgresMetadataStore;
use crate::rows::Vc;
use crate::transaction::Transaction;
use crate::tries::tried;
use crate::trouble::Trouble;

/// Takes a job that is free and due. Of two at once the second waits for the row, and looks at it as it is then.
const ACQUIRE: &str = "\
    INSERT INTO jobs AS j (vc, job, epoch, holder, began_at, expires_at) VALUES ($1, $2, 1, $3, $4, $5) \
    ON CONFLICT (vc, job) DO UPDATE SET epoch = j.epoch + 1, holder = excluded.holder, \
    began_at = excluded.began_at, expires_at = excluded.expires_at \
    WHERE (j.expires_at <= $4 OR j.holder = $3) AND (j.done_at IS NULL OR j.done_at <= $6) RETURNING j.epoch";
const RENEW: &str = "UPDATE jobs SET expires_at = $4 WHERE vc = $1 AND job = $2 AND epoch = $3 RETURNING 1";
const RELEASE: &str = "UPDATE jobs SET expires_at = least(expires_at, $4), \
                       done_at = CASE WHEN $5 THEN began_at ELSE done_at END \
                       WHERE vc = $1 AND job = $2 AND epoch = $3 RETURNING 1";

#[async_trait]
impl Jobs for PostgresMetadataStore {
    async fn acquire_job(
        &self,
        cluster: &VirtualClusterId,
        job: &JobName,
        holder: JobHolder,
        terms: JobTerms,
    ) -> Result<Option<Lease>, JobError> {
        let vc = self.job_cluster(cluster).await?;
        Ok(tried!(&self.pool, self.acquire(vc, job, holder, terms)))
    }

    async fn renew_job(
        &self,
        cluster: &VirtualClusterId,
        lease: &Lease,
        time: Duration,
    ) -> Result<Lease, JobError> {
        let vc = self.job_cluster(cluster).await?;
        let until = tried!(&self.pool, self.time_now()).after(time);
        let (job, epoch, millis) = (lease.job.as_str(), lease.epoch.get(), until.millis());
        let renewed = tried!(&self.pool, self.pool.query(RENEW, &[&vc.0, &job, &epoch, &millis]));
        if renewed.is_empty() {
            return Err(JobError::Lost { job: lease.job.clone() });
        }
        Ok(Lease { until, ..lease.clone() })
    }

    async fn release_job(
        &self,
        cluster: &VirtualClusterId,
        lease: &Lease,
        outcome: JobOutcome,
    ) -> Result<(), JobError> {
        let vc = self.job_cluster(cluster).await?;
        let now = tried!(&self.pool, self.time_now()).millis();
        let (job, epoch, is_done) = (lease.job.as_str(), lease.epoch.get(), outcome == JobOutcome::Done);
        let released = tried!(&self.pool, self.pool.query(RELEASE, &[&vc.0, &job, &epoch, &now, &is_done]));
        if released.is_empty() {
            return Err(JobError::Lost { job: lease.job.clone() });
        }
        Ok(())
    }
}

impl PostgresMetadataStore {
    async fn job_cluster(&self, cluster: &VirtualClusterId) -> Result<Vc, JobError> {
        let vc = tried!(&self.pool, self.vc(cluster));
        vc.ok_or_else(|| JobError::NoVirtualCluster { cluster: cluster.clone() })
    }

    async fn acquire(
        &self,
        vc: Vc,
        job: &JobName,
        holder: JobHolder,
        terms: JobTerms,
    ) -> Result<Option<Lease>, Trouble> {
        let now: Timestamp = self.time_now().await?;
        let (until, due) = (now.after(terms.lease), now.before(terms.every).millis());
        let id = Uuid::from_u128(holder.bits());
        let rows = self
            .pool
            .query(ACQUIRE, &[&vc.0, &job.as_str(), &id, &now.millis(), &until.millis(), &due])
            .await?;
        let Some(row) = rows.first() else { return Ok(None) };
        let epoch = LeaseEpoch::new(row.try_get(0)?);
        Ok(Some(Lease { job: job.clone(), holder, epoch, until }))
    }
}

/// Whether a lease is the youngest of its job, and stays so until the end of the transaction: whoever takes the next one
/// waits. Without a lease there is nothing to be lost.
pub(crate) async fn is_held(
    transaction: &mut Transaction<'_>,
    vc: Vc,
    lease: Option<&Lease>,
) -> Result<bool, Trouble> {
    let Some(lease) = lease else { return Ok(true) };
    let find = "SELECT 1 FROM jobs WHERE vc = $1 AND job = $2 AND epoch = $3 FOR SHARE";
    let held = transaction.query_first(find, &[&vc.0, &lease.job.as_str(), &lease.epoch.get()]).await?;
    Ok(held.is_some())
}
