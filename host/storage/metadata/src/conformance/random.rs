use forebay_model::{PartitionCount, ProducerId, Timestamp, TopicId, TopicIdPartition};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use super::Site;
use super::model::Model;
use super::scene::{Scene, at, batch, count, log, new_topic, of, offset, request, unexpected};
use crate::{
    AddPartitionsError, BatchCommit, CommitError, CommitOutcome, CreateTopicError, DeleteBefore, OffsetQuery,
    OffsetsFound, RecordsKept, Replaced, RetentionLimits, SegmentCommit, Verdict,
};

const NAMES: [&str; 3] = ["a", "b", "c"];

/// A call, before it is known what there is.
#[derive(Debug, Clone)]
enum Call {
    Create {
        name: usize,
        partitions: i32,
    },
    Delete {
        name: usize,
    },
    AddPartitions {
        name: usize,
        total: i32,
    },
    Commit {
        requests: Vec<Vec<Batch>>,
    },
    /// A commit is asked for again.
    Repeat {
        nth: usize,
    },
    /// A segment is condemned before, or after, its commit.
    Condemn {
        nth: usize,
    },
    CommitCondemned {
        batch: Batch,
    },
    DeleteRecords {
        name: usize,
        partition: i32,
        at: i64,
    },
    Trim {
        name: usize,
        partition: i32,
        bytes: u64,
    },
    /// Some runs of a partition become one.
    Compact {
        name: usize,
        partition: i32,
        first: usize,
        count: usize,
    },
    Purge,
    Reopen,
}

#[derive(Debug, Clone)]
struct Batch {
    name: usize,
    partition: i32,
    records: u32,
    time: i64,
    producer: Option<(i64, i16, Sent)>,
}

/// What a producer sends.
#[derive(Debug, Clone)]
enum Sent {
    /// What comes next.
    Next,
    /// What it sent that many batches ago.
    Again(usize),
    /// Anything.
    Any(i32),
}

/// Random calls, each beside a model of Kafka, on stores that are closed and opened in between.
pub fn random_calls<S: Site>(make: impl Fn() -> S) {
    let mut runner = TestRunner::new(Config { cases: 96, failure_persistence: None, ..Config::default() });
    let calls = prop::collection::vec(call(), 1..60);
    let run = runner.run(&calls, |calls| {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .expect("the system has a timer");
        runtime.block_on(Box::pin(play(&make(), calls)));
        Ok(())
    });
    if let Err(failure) = run {
        unexpected(&failure.to_string());
    }
}

fn call() -> impl Strategy<Value = Call> {
    let name = 0..NAMES.len();
    let requests = prop::collection::vec(prop::collection::vec(a_batch(), 1..4), 1..5);
    prop_oneof![
        2 => (name.clone(), 1..4).prop_map(|(name, partitions)| Call::Create { name, partitions }),
        1 => name.clone().prop_map(|name| Call::Delete { name }),
        1 => (name.clone(), 1..5).prop_map(|(name, total)| Call::AddPartitions { name, total }),
        12 => requests.prop_map(|requests| Call::Commit { requests }),
        2 => (0_usize..9).prop_map(|nth| Call::Repeat { nth }),
        1 => (0_usize..9).prop_map(|nth| Call::Condemn { nth }),
        1 => a_batch().prop_map(|batch| Call::CommitCondemned { batch }),
        2 => (name.clone(), 0..3, 0_i64..30).prop_map(|(name, partition, at)| Call::DeleteRecords { name, partition, at }),
        1 => (name.clone(), 0..3, 0_u64..900).prop_map(|(name, partition, bytes)| Call::Trim { name, partition, bytes }),
        2 => (name, 0..3, 0_usize..4, 1_usize..5).prop_map(|(name, partition, first, count)| Call::Compact {
            name, partition, first, count
        }),
        1 => Just(Call::Purge),
        1 => Just(Call::Reopen),
    ]
}

fn a_batch() -> impl Strategy<Value = Batch> {
    let sent = prop_oneof![
        6 => Just(Sent::Next),
        2 => (0_usize..7).prop_map(Sent::Again),
        1 => (0..8).prop_map(Sent::Any),
        1 => (i32::MAX - 4..=i32::MAX).prop_map(Sent::Any),
    ];
    let epoch = prop_oneof![8 => Just(0_i16), 2 => Just(1), 1 => Just(2)];
    let producer = prop::option::weighted(0.7, (0_i64..2, epoch, sent));
    (0..NAMES.len(), 0..4, 1_u32..4, 0_i64..40, producer).prop_map(
        |(name, partition, records, time, producer)| Batch {
            // Mostly one topic, so that something comes together.
            name: name / 2,
            partition: partition / 2,
            records,
            time,
            producer,
        },
    )
}

struct Play<'a> {
    site: &'a dyn Site,
    scene: Scene,
    model: Model,
    topics: [Option<(TopicId, i32)>; 3],
    commits: Vec<(SegmentCommit, CommitOutcome)>,
}

async fn play(site: &dyn Site, calls: Vec<Call>) {
    let scene = Scene::new(site).await;
    let mut play = Play { site, scene, model: Model::default(), topics: [None; 3], commits: Vec::new() };
    for call in calls {
        Box::pin(play.call(call)).await;
    }
    play.check().await;
}

impl Play<'_> {
    async fn call(&mut self, call: Call) {
        match call {
            Call::Create { name, partitions } => self.create(name, partitions).await,
            Call::Delete { name } => {
                let Some((topic, _)) = self.topics[name].take() else { return };
                self.scene.store.delete_topic(&self.scene.cluster, topic).await.expect("it exists");
                self.model.delete_topic(topic);
            }
            Call::AddPartitions { name, total } => self.add_partitions(name, total).await,
            Call::Commit { requests } => self.commit(requests).await,
            Call::Repeat { nth } => {
                if let Some((commit, outcome)) = self.commits.iter().rev().nth(nth) {
                    assert_eq!(self.scene.commit(commit).await.as_ref(), Ok(outcome));
                }
            }
            Call::Condemn { nth } => self.condemn(nth).await,
            Call::CommitCondemned { batch } => {
                let commit = self.scene.segment(vec![request(vec![self.batch(&batch)])]);
                let names = vec![commit.segment.clone()];
                let verdicts = self.scene.store.condemn(&self.scene.cluster, names).await.expect("there");
                assert_eq!(verdicts, [Verdict::Condemned]);
                let error = self.scene.commit(&commit).await.expect_err("it is condemned");
                assert!(matches!(error, CommitError::Condemned { .. }), "{error:?}");
            }
            Call::DeleteRecords { name, partition, at } => {
                self.delete_records(self.log(name, partition), at).await;
            }
            Call::Trim { name, partition, bytes } => self.trim(self.log(name, partition), bytes).await,
            Call::Compact { name, partition, first, count } => {
                self.compact(self.log(name, partition), first, count).await;
            }
            Call::Purge => {
                self.scene.store.purge_deleted_topics(&self.scene.cluster, 3).await.expect("there");
            }
            Call::Reopen => {
                self.check().await;
                if self.site.is_durable() {
                    self.scene.reopen(self.site).await;
                }
            }
        }
    }

    /// A partition, perhaps one that does not exist.
    fn log(&self, name: usize, partition: i32) -> TopicIdPartition {
        log(self.topics[name].map_or(TopicId::from_random(1), |(topic, _)| topic), partition)
    }

    async fn create(&mut self, name: usize, partitions: i32) {
        let created =
            self.scene.store.create_topic(&self.scene.cluster, &new_topic(NAMES[name], partitions)).await;
        match self.topics[name] {
            Some(_) => assert!(matches!(created, Err(CreateTopicError::Exists { .. })), "{created:?}"),
            None => {
                let topic = created.expect("the name is free").id;
                self.topics[name] = Some((topic, partitions));
                self.model.add_topic(topic, 0..partitions);
            }
        }
    }

    async fn add_partitions(&mut self, name: usize, total: i32) {
        let Some((topic, has)) = self.topics[name] else { return };
        let added = self.scene.store.add_partitions(&self.scene.cluster, topic, count(total)).await;
        if total <= has {
            let has = PartitionCount::new(has).expect("one at least");
            assert_eq!(added, Err(AddPartitionsError::NotMore { has }));
        } else {
            added.expect("more than it has");
            self.topics[name] = Some((topic, total));
            self.model.add_topic(topic, has..total);
        }
    }

    fn batch(&self, spec: &Batch) -> BatchCommit {
        let to = self.log(spec.name, spec.partition);
        let batch = at(batch(to, spec.records), spec.time);
        let Some((producer, epoch, sent)) = &spec.producer else { return batch };
        let id = ProducerId::new(*producer).expect("a producer");
        let past = self.model.logs.get(&to).map_or(&[][..], |log| log.past(id));
        match sent {
            Sent::Any(sequence) => of(batch, *producer, *epoch, *sequence),
            Sent::Next => match past.last() {
                Some((last, records, _)) if last.epoch.get() == *epoch => {
                    of(batch, *producer, *epoch, last.base_sequence.advanced(*records).get())
                }
                _ => of(batch, *producer, *epoch, 0),
            },
            Sent::Again(ago) => match past.iter().rev().nth(*ago) {
                Some((sent, records, _)) => BatchCommit { producer: Some(*sent), records: *records, ..batch },
                None => of(batch, *producer, *epoch, 0),
            },
        }
    }

    async fn commit(&mut self, requests: Vec<Vec<Batch>>) {
        let requests =
            requests.iter().map(|batches| request(batches.iter().map(|spec| self.batch(spec)).collect()));
        let commit = self.scene.segment(requests.collect());
        let expected = self.model.commit(&commit);
        let outcome = self.scene.commit(&commit).await.expect("the segment is new");
        assert_eq!(outcome.requests, expected, "{commit:#?}");
        self.commits.push((commit, outcome));
    }

    /// What records are found in is never condemned; what was committed can be asked for anyway.
    async fn condemn(&mut self, nth: usize) {
        let Some((commit, outcome)) = self.commits.iter().rev().nth(nth) else { return };
        let names = vec![commit.segment.clone()];
        let verdicts = self.scene.store.condemn(&self.scene.cluster, names).await.expect("there");
        let is_found = self.model.logs.values().any(|log| log.is_in(&commit.segment));
        if is_found {
            assert_eq!(verdicts, [Verdict::Referenced]);
        }
        assert_eq!(self.scene.commit(commit).await.as_ref(), Ok(outcome));
    }

    async fn delete_records(&mut self, log: TopicIdPartition, at: i64) {
        let before = vec![(log, DeleteBefore::Offset(offset(at)))];
        let deleted = self.scene.store.delete_records(&self.scene.cluster, before).await.expect("there")[0];
        match self.model.logs.get_mut(&log) {
            None => assert_eq!(deleted, Err(RecordsKept::NoPartition)),
            Some(model) if at > model.end() => {
                assert_eq!(deleted, Err(RecordsKept::OutOfRange { high_watermark: offset(model.end()) }));
            }
            Some(model) => {
                model.start = model.start.max(at);
                assert_eq!(deleted, Ok(offset(model.start)));
            }
        }
    }

    async fn trim(&mut self, log: TopicIdPartition, bytes: u64) {
        let limits = RetentionLimits { age: None, size: Some(forebay_model::ByteCount::new(bytes)) };
        let trimmed = self.scene.store.trim(&self.scene.cluster, log, limits, 4, None).await;
        let Some(model) = self.model.logs.get_mut(&log) else {
            assert!(trimmed.is_err());
            return;
        };
        let before = model.left().map(|batch| batch.length()).sum::<u64>();
        let start = trimmed.expect("it exists").log_start.get();
        assert!((model.start..=model.end()).contains(&start));
        model.start = start;
        let left = model.left().map(|batch| batch.length()).sum::<u64>();
        assert!(left >= bytes.min(before), "{left} of {before} left, wanted {bytes}");
    }

    async fn compact(&mut self, log: TopicIdPartition, first: usize, count: usize) {
        let Some(model) = self.model.logs.get_mut(&log) else { return };
        let found = self.scene.find(log, model.start, u64::MAX).await.expect("in range");
        let Some(old) = found.runs.get(first..found.runs.len().min(first + count)) else { return };
        if old.is_empty() {
            return;
        }
        let new = super::compaction::compacted(&self.scene).await;
        let replacement = super::compaction::merged(log, old, &new.segment);
        model.moved(&replacement.new[0]);
        let replaced = super::compaction::replace(&self.scene, &new.segment, vec![replacement]).await;
        assert_eq!(replaced, [Replaced::Done]);
    }

    /// Everything is where the model has it.
    async fn check(&self) {
        for (log, model) in &self.model.logs {
            let found = self.scene.find(*log, model.start, u64::MAX).await.expect("in range");
            model.check(&found);
            for millis in [0, 10, 25, 39] {
                let query = OffsetQuery::At { timestamp: Timestamp::from_millis(millis), from: offset(0) };
                let listed = self.scene.store.list_offsets(&self.scene.cluster, vec![(*log, query)]).await;
                let expected = model.left().find(|batch| batch.time >= millis);
                match (listed.expect("there")[0].as_ref().expect("it exists"), expected) {
                    (OffsetsFound::None, None) => {}
                    (OffsetsFound::Within { run, .. }, Some(batch)) => {
                        // A deleted head of the run may have been as late.
                        assert!(run.base_offset.get() <= batch.base, "{run:?} for {batch:?}");
                        assert!(run.max_timestamp.millis() >= millis);
                    }
                    (OffsetsFound::Within { run, .. }, None) => assert!(run.base_offset.get() < model.start),
                    (other, expected) => unexpected(&(other, expected)),
                }
            }
        }
    }
}
