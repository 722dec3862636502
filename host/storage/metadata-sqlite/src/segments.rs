use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use forebay_model::{SegmentName, VirtualClusterId};
use forebay_storage_metadata::{Segments, StoreFailure, Verdict};
use rusqlite::{OptionalExtension as _, Params, params};

use crate::SqliteMetadataStore;
use crate::rows::{Vc, limit as rows_of, segment_name, vc_of};
use crate::trouble::Trouble;
use crate::writer::Writing;

/// What `segments.state` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
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

    pub(crate) const fn number(self) -> u8 {
        self as u8
    }
}

#[async_trait]
impl Segments for SqliteMetadataStore {
    async fn unreferenced(
        &self,
        cluster: &VirtualClusterId,
        grace: Duration,
        limit: usize,
    ) -> Result<Vec<SegmentName>, StoreFailure> {
        let before = self.time().before(grace).millis();
        let state = State::Committed.number();
        self.names(
            cluster,
            "SELECT name FROM segments WHERE vc = ?1 AND state = ?2 AND runs = 0 AND changed_at <= ?3 \
             ORDER BY changed_at LIMIT ?4",
            move |vc| (vc.0, state, before, rows_of(limit)),
        )
        .await
    }

    async fn condemn(
        &self,
        cluster: &VirtualClusterId,
        names: Vec<SegmentName>,
    ) -> Result<Vec<Verdict>, StoreFailure> {
        let cluster = cluster.clone();
        self.write(move |writing| {
            writing.leaves_logs();
            let Some(vc) = vc_of(writing.connection, &cluster)? else {
                let reason =
                    format!("there is no virtual cluster {cluster}, so its segments can't be condemned");
                return Ok(Err(StoreFailure::Internal { reason }));
            };
            names.iter().map(|name| condemn(writing, vc, name)).collect::<Result<Vec<_>, _>>().map(Ok)
        })
        .await
    }

    async fn condemned(
        &self,
        cluster: &VirtualClusterId,
        limit: usize,
    ) -> Result<Vec<SegmentName>, StoreFailure> {
        let state = State::Condemned.number();
        self.names(
            cluster,
            "SELECT name FROM segments WHERE vc = ?1 AND state = ?2 AND runs = 0 ORDER BY changed_at LIMIT ?3",
            move |vc| (vc.0, state, rows_of(limit)),
        )
        .await
    }

    async fn report_deleted(
        &self,
        cluster: &VirtualClusterId,
        names: Vec<SegmentName>,
    ) -> Result<(), StoreFailure> {
        let cluster = cluster.clone();
        self.write(move |writing| {
            writing.leaves_logs();
            let Some(vc) = vc_of(writing.connection, &cluster)? else { return Ok(Ok(())) };
            let mut update = writing.connection.prepare_cached(
                "UPDATE segments SET state = ?3, changed_at = ?4 WHERE vc = ?1 AND name = ?2 AND state = ?5",
            )?;
            for name in names {
                update.execute(params![
                    vc.0,
                    name.as_str(),
                    State::Deleted.number(),
                    writing.now.millis(),
                    State::Condemned.number(),
                ])?;
            }
            Ok(Ok(()))
        })
        .await
    }
}

impl SqliteMetadataStore {
    /// Names of segments by a statement that gives them.
    async fn names<P: Params>(
        &self,
        cluster: &VirtualClusterId,
        statement: &'static str,
        parameters: impl FnOnce(Vc) -> P + Send + 'static,
    ) -> Result<Vec<SegmentName>, StoreFailure> {
        let cluster = cluster.clone();
        self.read(move |connection| {
            let Some(vc) = vc_of(connection, &cluster)? else { return Ok(Ok(Vec::new())) };
            let mut find = connection.prepare_cached(statement)?;
            let names =
                find.query_map(parameters(vc), |row| row.get(0))?.collect::<Result<Vec<String>, _>>()?;
            names.iter().map(|name| segment_name(name)).collect::<Result<Vec<_>, _>>().map(Ok)
        })
        .await
    }
}

fn condemn(writing: &Writing<'_>, vc: Vc, name: &SegmentName) -> Result<Verdict, Trouble> {
    let connection = writing.connection;
    let mut find =
        connection.prepare_cached("SELECT segment, state, runs FROM segments WHERE vc = ?1 AND name = ?2")?;
    let found: Option<(i64, i64, i64)> =
        find.query_row(params![vc.0, name.as_str()], |row| row.try_into()).optional()?;
    let (now, condemned) = (writing.now.millis(), State::Condemned.number());
    let Some((segment, state, runs)) = found else {
        connection
            .prepare_cached(
                "INSERT INTO segments (vc, name, state, size, runs, changed_at) VALUES (?1, ?2, ?3, 0, 0, ?4)",
            )?
            .execute(params![vc.0, name.as_str(), condemned, now])?;
        return Ok(Verdict::Condemned);
    };
    match State::of(state)? {
        State::Committed if runs > 0 => return Ok(Verdict::Referenced),
        State::Committed => {
            connection
                .prepare_cached("UPDATE segments SET state = ?2, changed_at = ?3 WHERE segment = ?1")?
                .execute(params![segment, condemned, now])?;
        }
        State::Condemned | State::Deleted => {}
    }
    Ok(Verdict::Condemned)
}

/// Runs in these segments are gone, one for each time that a segment is named.
pub(crate) fn release(writing: &Writing<'_>, segments: impl Iterator<Item = i64>) -> Result<(), Trouble> {
    let mut counts: BTreeMap<i64, i64> = BTreeMap::new();
    for segment in segments {
        *counts.entry(segment).or_default() += 1;
    }
    let mut update = writing.connection.prepare_cached(
        "UPDATE segments SET runs = runs - ?2, changed_at = CASE WHEN runs = ?2 THEN ?3 ELSE changed_at END \
         WHERE segment = ?1",
    )?;
    for (segment, runs) in counts {
        update.execute(params![segment, runs, writing.now.millis()])?;
    }
    Ok(())
}
