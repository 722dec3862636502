use std::collections::HashMap;

use forebay_model::{ProducerId, TopicIdPartition};
use rusqlite::Connection;

use crate::commit::{Head, PastRow};
use crate::rows::{LogRow, Vc};
use crate::trouble::Trouble;

/// Partitions and producers as the last commits have left them, so that the next one need not read them again.
///
/// It is right because only one connection writes, and every call that writes says what it did to these, or has all
/// of it forgotten; so has one that fails, and a transaction of which it is not known whether it was committed. If
/// somebody else has written to the file all the same, SQLite tells.
#[derive(Debug, Default)]
pub(crate) struct Recent {
    heads: HashMap<(Vc, TopicIdPartition), Head>,
    pasts: HashMap<(LogRow, ProducerId), PastRow>,
    /// What SQLite counts when another connection has changed the file.
    version: Option<i64>,
}

/// With more partitions or producers than these in use, they are read anew from time to time.
const MOST: usize = 50_000;

impl Recent {
    pub(crate) fn head(&self, vc: Vc, log: TopicIdPartition) -> Option<Head> {
        self.heads.get(&(vc, log)).copied()
    }

    pub(crate) fn keep_head(&mut self, vc: Vc, log: TopicIdPartition, head: Head) {
        if self.heads.len() >= MOST {
            self.heads.clear();
        }
        self.heads.insert((vc, log), head);
    }

    /// What a partition remembers of a producer. Who takes it keeps it again, as it has become.
    pub(crate) fn take_past(&mut self, key: (LogRow, ProducerId)) -> Option<PastRow> {
        self.pasts.remove(&key)
    }

    pub(crate) fn keep_past(&mut self, key: (LogRow, ProducerId), past: PastRow) {
        if self.pasts.len() >= MOST {
            self.pasts.clear();
        }
        self.pasts.insert(key, past);
    }

    pub(crate) fn forget(&mut self) {
        self.heads.clear();
        self.pasts.clear();
    }

    /// Forgets everything if somebody else has written since this was asked last. To be asked in a transaction.
    pub(crate) fn check(&mut self, connection: &Connection) -> Result<(), Trouble> {
        let version =
            connection.prepare_cached("PRAGMA data_version")?.query_row([], |row| row.get::<_, i64>(0))?;
        if self.version.replace(version) != Some(version) {
            self.forget();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use forebay_model::{
        ByteCount, CommitId, Offset, PartitionCount, ProducerEpoch, ProducerId, RecordCount, Sequence,
        TopicId, VirtualClusterId,
    };
    use forebay_storage_metadata::{
        BatchCommit, CommitError, Configs, IdempotentBatch, Log as _, MetadataStore as _, NewTopic,
        ProduceCommit, ProduceOutcome, SegmentCommit, StoreFailure, TimestampType, Topics as _,
        VirtualClusters as _,
    };

    use super::*;
    use crate::{Location, SqliteMetadataStore};

    struct Scene {
        store: SqliteMetadataStore,
        cluster: VirtualClusterId,
        log: TopicIdPartition,
    }

    impl Scene {
        async fn new(location: &Location) -> Self {
            let store = SqliteMetadataStore::open(location).unwrap();
            let cluster: VirtualClusterId = "vci_1".parse().unwrap();
            store.create_virtual_cluster(&cluster).await.unwrap();
            let (name, partitions) = ("a".parse().unwrap(), PartitionCount::ONE);
            let topic = NewTopic { name, partitions, configs: Configs::default() };
            let topic: TopicId = store.create_topic(&cluster, &topic).await.unwrap().id;
            Self { store, cluster, log: TopicIdPartition::new(topic, 0.try_into().unwrap()) }
        }

        /// Commits one record, the `nth` of its producer.
        async fn append(&self, nth: i32) -> Result<ProduceOutcome, CommitError> {
            let id = forebay_lifecycle::chance::bits();
            let named_at = self.store.now().await?;
            let producer = IdempotentBatch {
                id: ProducerId::new(7).unwrap(),
                epoch: ProducerEpoch::ZERO,
                base_sequence: Sequence::new(nth).unwrap(),
            };
            let batch = BatchCommit {
                log: self.log,
                position: ByteCount::ZERO,
                length: ByteCount::new(10),
                records: RecordCount::new(1),
                max_timestamp: named_at,
                timestamps: TimestampType::CreateTime,
                producer: Some(producer),
            };
            let commit = SegmentCommit {
                id: CommitId::from_random(id),
                segment: format!("segments/{id:032x}").parse().unwrap(),
                named_at,
                size: ByteCount::new(10),
                requests: vec![ProduceCommit { batches: vec![batch] }],
            };
            Ok(self.store.commit(&self.cluster, commit).await?.requests.remove(0))
        }

        async fn pragma(&self, pragma: String) {
            let run = move |writing: &mut crate::writer::Writing<'_>| {
                writing.connection.execute_batch(&pragma)?;
                Ok(Ok::<_, StoreFailure>(()))
            };
            self.store.write(run).await.unwrap();
        }
    }

    fn base(outcome: &ProduceOutcome) -> Option<i64> {
        match outcome {
            ProduceOutcome::Committed(batches) => Some(batches[0].base_offset.get()),
            ProduceOutcome::Refused(_) => None,
        }
    }

    /// Whatever of it had been remembered when it failed.
    #[tokio::test]
    async fn a_commit_that_fails_leaves_nothing_behind() {
        let scene = Scene::new(&Location::Memory).await;
        let mut done = 0;
        for _ in 0..3 {
            let pages = move |writing: &mut crate::writer::Writing<'_>| {
                let pages: i64 = writing.connection.query_row("PRAGMA page_count", [], |row| row.get(0))?;
                Ok(Ok::<_, StoreFailure>(pages))
            };
            let pages = scene.store.write(pages).await.unwrap();
            scene.pragma(format!("PRAGMA max_page_count = {}", pages + 1)).await;
            // The store is full at some point, and stays so for a while.
            let mut failures = 0;
            while failures < 3 {
                match scene.append(done).await {
                    Ok(outcome) => {
                        assert_eq!(base(&outcome), Some(done.into()));
                        done += 1;
                    }
                    Err(error) => {
                        assert!(
                            matches!(error, CommitError::Store(StoreFailure::Unavailable { .. })),
                            "{error}"
                        );
                        failures += 1;
                    }
                }
            }
            scene.pragma("PRAGMA max_page_count = 1000000".to_owned()).await;
            assert_eq!(base(&scene.append(done).await.unwrap()), Some(done.into()));
            assert_eq!(base(&scene.append(done).await.unwrap()), Some(done.into()), "a duplicate");
            done += 1;
        }
        let bounds = scene.store.bounds(&scene.cluster, vec![scene.log]).await.unwrap();
        assert_eq!(bounds[0].unwrap().high_watermark, Offset::new(done.into()).unwrap());
    }

    #[tokio::test]
    async fn what_somebody_else_writes_to_the_file_is_noticed() {
        let path =
            std::env::temp_dir().join(format!("forebay-recent-{:032x}", forebay_lifecycle::chance::bits()));
        let scene = Scene::new(&Location::File(path.join("metadata.db"))).await;
        assert_eq!(base(&scene.append(0).await.unwrap()), Some(0));
        let other = Connection::open(path.join("metadata.db")).unwrap();
        other.execute("UPDATE logs SET high_watermark = 100", []).unwrap();
        other.execute("DELETE FROM producers", []).unwrap();
        // Any sequence will do, since nothing is known of the producer.
        assert_eq!(base(&scene.append(50).await.unwrap()), Some(100));
        drop((scene, other));
        std::fs::remove_dir_all(path).unwrap();
    }
}
