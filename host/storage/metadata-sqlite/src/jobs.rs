use std::time::Duration;

use async_trait::async_trait;
use forebay_model::{Timestamp, VirtualClusterId};
use forebay_storage_metadata::{JobError, JobHolder, JobName, JobOutcome, JobTerms, Jobs, Lease, LeaseEpoch};
use rusqlite::{Connection, OptionalExtension as _, params};

use crate::SqliteMetadataStore;
use crate::rows::{Vc, vc_of};
use crate::trouble::Trouble;

#[async_trait]
impl Jobs for SqliteMetadataStore {
    async fn acquire_job(
        &self,
        cluster: &VirtualClusterId,
        job: &JobName,
        holder: JobHolder,
        terms: JobTerms,
    ) -> Result<Option<Lease>, JobError> {
        let (cluster, job) = (cluster.clone(), job.clone());
        self.write(move |writing| {
            writing.leaves_logs();
            let Some(vc) = vc_of(writing.connection, &cluster)? else {
                return Ok(Err(JobError::NoVirtualCluster { cluster }));
            };
            acquire(writing.connection, vc, job, holder, terms, writing.now).map(Ok)
        })
        .await
    }

    async fn renew_job(
        &self,
        cluster: &VirtualClusterId,
        lease: &Lease,
        time: Duration,
    ) -> Result<Lease, JobError> {
        let (cluster, lease) = (cluster.clone(), lease.clone());
        self.write(move |writing| {
            writing.leaves_logs();
            let Some(vc) = vc_of(writing.connection, &cluster)? else {
                return Ok(Err(JobError::NoVirtualCluster { cluster }));
            };
            let until = writing.now.after(time);
            let mut renew = writing.connection.prepare_cached(
                "UPDATE jobs SET expires_at = ?4 WHERE vc = ?1 AND job = ?2 AND epoch = ?3",
            )?;
            let renewed =
                renew.execute(params![vc.0, lease.job.as_str(), lease.epoch.get(), until.millis()])?;
            Ok(if renewed == 1 {
                Ok(Lease { until, ..lease })
            } else {
                Err(JobError::Lost { job: lease.job })
            })
        })
        .await
    }

    async fn release_job(
        &self,
        cluster: &VirtualClusterId,
        lease: &Lease,
        outcome: JobOutcome,
    ) -> Result<(), JobError> {
        let (cluster, lease) = (cluster.clone(), lease.clone());
        self.write(move |writing| {
            writing.leaves_logs();
            let Some(vc) = vc_of(writing.connection, &cluster)? else {
                return Ok(Err(JobError::NoVirtualCluster { cluster }));
            };
            let mut release = writing.connection.prepare_cached(
                "UPDATE jobs SET expires_at = min(expires_at, ?4), \
                 done_at = CASE WHEN ?5 THEN began_at ELSE done_at END \
                 WHERE vc = ?1 AND job = ?2 AND epoch = ?3",
            )?;
            let is_done = outcome == JobOutcome::Done;
            let released = release.execute(params![
                vc.0,
                lease.job.as_str(),
                lease.epoch.get(),
                writing.now.millis(),
                is_done
            ])?;
            Ok(if released == 1 { Ok(()) } else { Err(JobError::Lost { job: lease.job }) })
        })
        .await
    }
}

fn acquire(
    connection: &Connection,
    vc: Vc,
    job: JobName,
    holder: JobHolder,
    terms: JobTerms,
    now: Timestamp,
) -> Result<Option<Lease>, Trouble> {
    let until = now.after(terms.lease);
    let bits = holder.bits().to_be_bytes();
    let mut put = connection.prepare_cached(
        "INSERT INTO jobs (vc, job, epoch, holder, began_at, expires_at) VALUES (?1, ?2, 1, ?3, ?4, ?5) \
         ON CONFLICT (vc, job) DO UPDATE SET epoch = epoch + 1, holder = excluded.holder, \
         began_at = excluded.began_at, expires_at = excluded.expires_at \
         WHERE (expires_at <= ?4 OR holder = ?3) AND (done_at IS NULL OR done_at <= ?6) RETURNING epoch",
    )?;
    let due = now.before(terms.every).millis();
    let got = params![vc.0, job.as_str(), bits, now.millis(), until.millis(), due];
    let epoch: Option<i64> = put.query_row(got, |row| row.get(0)).optional()?;
    Ok(epoch.map(|epoch| Lease { job, holder, epoch: LeaseEpoch::new(epoch), until }))
}

/// Whether a lease is the youngest of its job. Without one there is nothing to be lost.
pub(crate) fn is_held(connection: &Connection, vc: Vc, lease: Option<&Lease>) -> Result<bool, Trouble> {
    let Some(lease) = lease else { return Ok(true) };
    let mut find = connection.prepare_cached("SELECT epoch FROM jobs WHERE vc = ?1 AND job = ?2")?;
    let epoch: Option<i64> =
        find.query_row(params![vc.0, lease.job.as_str()], |row| row.get(0)).optional()?;
    Ok(epoch == Some(lease.epoch.get()))
}
