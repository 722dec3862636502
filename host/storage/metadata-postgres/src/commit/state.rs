use std::collections::{BTreeSet, HashMap};

use forebay_model::{ProducerId, Timestamp};
use forebay_storage_metadata::{LogBounds, Past, SegmentCommit};
use futures_util::future::{join, join4};
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use super::past;
use super::ranges::Ranges;
use super::statements::{HEADS, LOCK, NAMED, PASTS, RECORDED};
use super::{Recorded, logs, outcome};
use crate::find;
use crate::pool::{Lease, patiently};
use crate::rows::{LogKey, ProducerKey, Vc, columns, place};
use crate::segments::State as SegmentState;
use crate::trouble::Trouble;

/// What a commit is judged by: nobody changes it before the transaction is over.
#[derive(Debug)]
pub(super) struct State {
    pub(super) now: Timestamp,
    /// Where the partitions that exist start and end.
    pub(super) heads: HashMap<LogKey, LogBounds>,
    pub(super) pasts: HashMap<ProducerKey, Past>,
    /// The commit with the same id.
    pub(super) recorded: Option<Recorded>,
    pub(super) name_in_use: Option<SegmentState>,
}

impl State {
    /// Locks what a commit names and reads it, in two flights: the first ends when nobody else is at the first partition.
    pub(super) async fn read(
        lease: &mut Lease,
        vc: Vc,
        commit: &SegmentCommit,
        given_time: Option<i64>,
    ) -> Result<Self, Trouble> {
        let logs = logs(commit);
        let producers: Vec<ProducerKey> = producers(commit).into_iter().collect();
        let (topics, partitions) = columns(logs.iter().copied());
        let (past_topics, past_partitions) = columns(producers.iter().map(|(log, _)| *log));
        let ids: Vec<i64> = producers.iter().map(|(_, id)| id.get()).collect();
        let (lock, heads) = (lease.prepare(LOCK).await?, lease.prepare(HEADS).await?);
        let (pasts, recorded) = (lease.prepare(PASTS).await?, lease.prepare(RECORDED).await?);
        let named = lease.prepare(NAMED).await?;
        let client = lease.client();
        let (id, name) = (commit.id.uuid(), commit.segment.as_str());
        let ranges = Ranges::of(logs.iter().copied());
        let first = ranges.first();
        let of_first = first.lock(&vc);
        let of_lock = ranges.lock(&vc);
        let of_heads: [&(dyn ToSql + Sync); 3] = [&vc.0, &topics, &partitions];
        let of_pasts: [&(dyn ToSql + Sync); 4] = [&vc.0, &past_topics, &past_partitions, &ids];
        let of_recorded: [&(dyn ToSql + Sync); 3] = [&vc.0, &id, &given_time];
        let of_named: [&(dyn ToSql + Sync); 2] = [&vc.0, &name];
        patiently(client.query(&lock, &of_first)).await?;
        // All but the first begin when everything is locked.
        let flight = Box::pin(join(
            join4(
                client.query(&lock, &of_lock),
                client.query(&heads, &of_heads),
                client.query(&pasts, &of_pasts),
                client.query(&recorded, &of_recorded),
            ),
            client.query(&named, &of_named),
        ));
        let ((locked, heads, pasts, recorded), named) =
            patiently(async { Ok::<_, tokio_postgres::Error>(flight.await) }).await?;
        locked?;
        let (now, recorded) = read_recorded(&recorded?)?;
        let named = named?;
        let name_in_use = named.first().map(|row| SegmentState::of(row.try_get(0)?)).transpose()?;
        let (heads, pasts) = (read_heads(&heads?, &logs)?, read_pasts(&pasts?, &producers)?);
        Ok(Self { now, heads, pasts, recorded, name_in_use })
    }
}

fn producers(commit: &SegmentCommit) -> BTreeSet<(LogKey, ProducerId)> {
    let batches = commit.requests.iter().flat_map(|request| &request.batches);
    batches.filter_map(|batch| Some((batch.log.into(), batch.producer?.id))).collect()
}

fn read_heads(rows: &[Row], logs: &[LogKey]) -> Result<HashMap<LogKey, LogBounds>, Trouble> {
    let mut heads = HashMap::with_capacity(rows.len());
    for row in rows {
        if let Some(key) = logs.get(place(row.try_get(0)?)?) {
            heads.insert(*key, find::bounds(row, 1)?);
        }
    }
    Ok(heads)
}

fn read_pasts(rows: &[Row], producers: &[ProducerKey]) -> Result<HashMap<ProducerKey, Past>, Trouble> {
    let mut pasts = HashMap::with_capacity(rows.len());
    for row in rows {
        if let Some(key) = producers.get(place(row.try_get(0)?)?) {
            pasts.insert(*key, past::read(row.try_get(1)?, row.try_get(2)?)?);
        }
    }
    Ok(pasts)
}

/// The time, and the commit that has the same id.
fn read_recorded(rows: &[Row]) -> Result<(Timestamp, Option<Recorded>), Trouble> {
    let row = rows.first().ok_or_else(|| Trouble::Corrupt("the database has no clock".to_owned()))?;
    let now = Timestamp::from_millis(row.try_get(0)?);
    let Some(name) = row.try_get::<_, Option<String>>(1)? else { return Ok((now, None)) };
    let committed_at = Timestamp::from_millis(row.try_get(2)?);
    let kept: Option<Vec<u8>> = row.try_get(3)?;
    let outcome = match kept {
        None => None,
        Some(kept) => {
            let (ends, starts): (Vec<i64>, Vec<i64>) = (row.try_get(4)?, row.try_get(5)?);
            Some(outcome::decode(&kept, committed_at, &ends, &starts)?)
        }
    };
    Ok((now, Some(Recorded { name, committed_at, outcome })))
}
