use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use forebay_model::{SegmentName, Timestamp, VirtualClusterId};
use forebay_storage_metadata::{Segments, StoreFailure, Verdict};

use crate::PostgresMetadataStore;
use crate::pool::Parameters;
use crate::rows::{Vc, limit as rows_of, segment_name};
use crate::transaction::Transaction;
use crate::tries::tried;
use crate::trouble::Trouble;

/// What `segments.state` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    /// Its records are found.
    Committed = 0,
    /// It must never be committed; its object may be deleted.
    Condemned = 1,
    /// Its object is deleted.
    Deleted = 2,
}

impl State {
    pub(crate) fn of(number: i64) -> Result<Self, Trouble> {
        match number {
            0 => Ok(Self::Committed),
            1 => Ok(Self::Condemned),
            2 => Ok(Self::Deleted),
            _ => Err(Trouble::number("segments.state", number)),
        }
    }
}

const UNREFERENCED: &str = "SELECT name FROM segments WHERE vc = $1 AND state = 0 AND runs = 0 \
                            AND changed_at <= $2 ORDER BY changed_at LIMIT $3";
const CONDEMNED: &str = "SELECT name FROM segments WHERE vc = $1 AND state = 1 AND runs = 0 \
                         ORDER BY changed_at LIMIT $2";

#[async_trait]
impl Segments for PostgresMetadataStore {
    async fn unreferenced(
        &self,
        cluster: &VirtualClusterId,
        grace: Duration,
        limit: usize,
    ) -> Result<Vec<SegmentName>, StoreFailure> {
        let Some(vc) = tried!(&self.pool, self.vc(cluster)) else { return Ok(Vec::new()) };
        let before = tried!(&self.pool, self.time_now()).before(grace).millis();
        self.names(UNREFERENCED, &[&vc.0, &before, &rows_of(limit)]).await
    }

    async fn condemn(
        &self,
        cluster: &VirtualClusterId,
        names: Vec<SegmentName>,
    ) -> Result<Vec<Verdict>, StoreFailure> {
        let Some(vc) = tried!(&self.pool, self.vc(cluster)) else {
            let reason = format!("there is no virtual cluster {cluster}, so its segments can't be condemned");
            return Err(StoreFailure::Internal { reason });
        };
        Ok(tried!(&self.pool, self.condemn_all(vc, &names)))
    }

    async fn condemned(
        &self,
        cluster: &VirtualClusterId,
        limit: usize,
    ) -> Result<Vec<SegmentName>, StoreFailure> {
        let Some(vc) = tried!(&self.pool, self.vc(cluster)) else { return Ok(Vec::new()) };
        self.names(CONDEMNED, &[&vc.0, &rows_of(limit)]).await
    }

    async fn report_deleted(
        &self,
        cluster: &VirtualClusterId,
        names: Vec<SegmentName>,
    ) -> Result<(), StoreFailure> {
        let Some(vc) = tried!(&self.pool, self.vc(cluster)) else { return Ok(()) };
        let now = tried!(&self.pool, self.time_now());
        tried!(&self.pool, self.mark_deleted(vc, &names, now));
        Ok(())
    }
}

impl PostgresMetadataStore {
    /// Names of segments by a statement that gives them.
    async fn names(
        &self,
        statement: &'static str,
        parameters: Parameters<'_>,
    ) -> Result<Vec<SegmentName>, StoreFailure> {
        let rows = tried!(&self.pool, self.pool.query(statement, parameters));
        let names = rows.iter().map(|row| segment_name(row.try_get(0)?));
        Ok(names.collect::<Result<Vec<_>, Trouble>>()?)
    }

    async fn condemn_all(&self, vc: Vc, names: &[SegmentName]) -> Result<Vec<Verdict>, Trouble> {
        let all = sorted(names);
        let mut transaction = Transaction::begin(&self.pool).await?;
        let now = self.time(&mut transaction).await?.millis();
        // A commit of the same name that is under way waits here, or is waited for.
        let insert = "INSERT INTO segments (vc, name, state, size, runs, changed_at) \
                      SELECT $1::BIGINT, n, 1, 0, 0, $3::BIGINT FROM unnest($2::TEXT[]) AS n \
                      ON CONFLICT (vc, name) DO NOTHING";
        transaction.execute(insert, &[&vc.0, &all, &now]).await?;
        lock(&mut transaction, vc, &all).await?;
        // Those that were there: the check is made on the row as it is locked.
        let condemn = "UPDATE segments SET state = 1, changed_at = $3 \
                       WHERE vc = $1 AND name = ANY($2::TEXT[]) AND state = 0 AND runs = 0";
        transaction.execute(condemn, &[&vc.0, &all, &now]).await?;
        let kept = "SELECT name FROM segments WHERE vc = $1 AND name = ANY($2::TEXT[]) AND state = 0";
        let kept = transaction.query(kept, &[&vc.0, &all]).await?;
        transaction.commit().await?;
        let kept = kept.iter().map(|row| row.try_get(0)).collect::<Result<Vec<String>, _>>()?;
        let verdict = |name: &SegmentName| match kept.iter().any(|kept| kept == name.as_str()) {
            true => Verdict::Referenced,
            false => Verdict::Condemned,
        };
        Ok(names.iter().map(verdict).collect())
    }

    async fn mark_deleted(&self, vc: Vc, names: &[SegmentName], now: Timestamp) -> Result<(), Trouble> {
        let all = sorted(names);
        let mut transaction = Transaction::begin(&self.pool).await?;
        lock(&mut transaction, vc, &all).await?;
        let update = "UPDATE segments SET state = 2, changed_at = $3 \
                      WHERE vc = $1 AND name = ANY($2::TEXT[]) AND state = 1";
        transaction.execute(update, &[&vc.0, &all, &now.millis()]).await?;
        transaction.commit().await
    }
}

fn sorted(names: &[SegmentName]) -> Vec<&str> {
    let mut all: Vec<&str> = names.iter().map(SegmentName::as_str).collect();
    all.sort_unstable();
    all.dedup();
    all
}

/// Locks rows in the order in which everybody does.
pub(crate) async fn lock(transaction: &mut Transaction<'_>, vc: Vc, names: &[&str]) -> Result<(), Trouble> {
    let lock =
        "SELECT segment FROM segments WHERE vc = $1 AND name = ANY($2::TEXT[]) ORDER BY segment FOR UPDATE";
    transaction.execute(lock, &[&vc.0, &names]).await?;
    Ok(())
}

/// Runs in these segments are gone, one for each time that a segment is named.
pub(crate) async fn release(
    transaction: &mut Transaction<'_>,
    vc: Vc,
    segments: impl Iterator<Item = i64>,
    now: Timestamp,
) -> Result<(), Trouble> {
    let mut counts: BTreeMap<i64, i64> = BTreeMap::new();
    for segment in segments {
        *counts.entry(segment).or_default() += 1;
    }
    let (segments, runs): (Vec<i64>, Vec<i64>) = counts.into_iter().unzip();
    let lock = "SELECT segment FROM segments WHERE vc = $1 AND segment = ANY($2::BIGINT[]) \
                ORDER BY segment FOR UPDATE";
    transaction.execute(lock, &[&vc.0, &segments]).await?;
    let update = "UPDATE segments s SET runs = s.runs - r.runs, \
                  changed_at = CASE WHEN s.runs = r.runs THEN $4 ELSE s.changed_at END \
                  FROM unnest($2::BIGINT[], $3::BIGINT[]) AS r(segment, runs) \
                  WHERE s.vc = $1 AND s.segment = r.segment";
    transaction.execute(update, &[&vc.0, &segments, &runs, &now.millis()]).await?;
    Ok(())
}
