use std::collections::HashMap;
use std::time::Duration;

use forebay_model::{Offset, TopicIdPartition};
use forebay_storage_metadata::{LogBounds, StoreFailure};

use crate::SqliteMetadataStore;
use crate::ends::Key;
use crate::log::head;
use crate::rows::Vc;

/// The bounds of logs: from memory, or else from the tables.
pub(crate) async fn bounds(
    store: &SqliteMetadataStore,
    keys: &[Key],
) -> Result<Vec<Option<LogBounds>>, StoreFailure> {
    let (mut known, deletions) = store.ends.known(keys);
    let missing: Vec<Key> =
        keys.iter().zip(&known).filter(|(_, bounds)| bounds.is_none()).map(|(key, _)| *key).collect();
    if missing.is_empty() {
        return Ok(known);
    }
    let read = store.read(move |connection| {
        let mut read = HashMap::with_capacity(missing.len());
        for (vc, log) in missing {
            if let Some(head) = head(connection, vc, log)? {
                let bounds = LogBounds { log_start: head.log_start, high_watermark: head.high_watermark };
                read.insert((vc, log), bounds);
            }
        }
        Ok(Ok::<_, StoreFailure>(read))
    });
    let read = read.await?;
    for (key, bounds) in keys.iter().zip(&mut known) {
        if bounds.is_none() {
            *bounds = read.get(key).copied();
        }
    }
    store.ends.remember(read, deletions);
    Ok(known)
}

/// Waits for one of the logs to end elsewhere than is known.
pub(crate) async fn watch(
    store: &SqliteMetadataStore,
    vc: Vc,
    known: Vec<(TopicIdPartition, Offset)>,
    timeout: Duration,
) -> Result<Vec<(TopicIdPartition, Option<LogBounds>)>, StoreFailure> {
    let keys: Vec<Key> = known.iter().map(|(log, _)| (vc, *log)).collect();
    // Registered before looking: a commit in between leaves a permit.
    let waiting = store.ends.wait(keys.clone());
    let changed = async {
        loop {
            let now = bounds(store, &keys).await?;
            let changed: Vec<_> = known
                .iter()
                .zip(now)
                .filter(|((_, offset), bounds)| bounds.is_none_or(|bounds| bounds.high_watermark != *offset))
                .map(|((log, _), bounds)| (*log, bounds))
                .collect();
            if !changed.is_empty() {
                return Ok(changed);
            }
            waiting.woken.notified().await;
        }
    };
    tokio::time::timeout(timeout, changed).await.unwrap_or_else(|_| Ok(Vec::new()))
}
