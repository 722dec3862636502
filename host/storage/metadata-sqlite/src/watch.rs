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

#[cfg(test)]
mod tests {
    use forebay_model::TopicId;
    use forebay_storage_metadata::{Log as _, VirtualClusters as _};

    use super::*;
    use crate::Location;

    #[tokio::test]
    async fn who_no_longer_waits_is_forgotten() {
        let store = SqliteMetadataStore::open(&Location::Memory).unwrap();
        let cluster = "vci_1".parse().unwrap();
        store.create_virtual_cluster(&cluster).await.unwrap();
        let log = TopicIdPartition::new(TopicId::from_random(1), 0.try_into().unwrap());
        let known = vec![(log, Offset::ZERO), (log, Offset::ZERO)];
        let told = store.watch_offsets(&cluster, known.clone(), Duration::from_secs(9)).await.unwrap();
        assert_eq!(told, [(log, None), (log, None)]);
        assert!(store.ends.is_idle());
        drop(store.watch_offsets(&cluster, known, Duration::from_secs(9)));
        assert!(store.ends.is_idle());
    }
}
