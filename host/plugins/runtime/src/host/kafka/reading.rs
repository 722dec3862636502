//! Consumers.

mod committing;
mod rests;

use std::collections::VecDeque;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use forebay_kafka_client as client;
use forebay_kafka_client::{CommitOffset, Consumer, ConsumerEvent, Revocation};
use forebay_model::Offset;
use forebay_pipeline_message::Batch;
use forebay_plugins_api::Wakes;

use self::committing::Committing;
use self::rests::Rests;
use super::messages::Shape;
use super::meter::{self, ReadMeter};
use super::open::HostCluster;
use super::subscribing::{check, place, read};
use super::{failures, invalid, partition, shown};
use crate::bindings::forebay::kafka::kafka::{
    ConsumerSettings, Event, Failure, FailureKind, KafkaError, Position, Start, TopicPartition,
};
use crate::grants::{Access, ClusterPermit};
use crate::held::Share;
use crate::scope::Scope;

/// A consumer of a guest.
#[derive(Debug)]
#[expect(unreachable_pub, reason = "the generated bindings name it")]
pub struct HostConsumer {
    consumer: Arc<Consumer>,
    permit: Arc<ClusterPermit>,
    shape: Shape,
    /// The most messages of a piece.
    most: usize,
    /// The most bytes that a batch decompresses to.
    decompressed: usize,
    rests: Rests,
    /// What waits to be released.
    revoked: VecDeque<Revocation>,
    /// What is committed while reading goes on.
    committing: Option<Committing>,
    meter: ReadMeter,
    scope: Arc<Scope>,
    wakes: Arc<Wakes>,
    /// For what is fetched ahead.
    _held: Share,
}

/// What is next for the guest.
pub(super) enum Taken {
    Event(Event),
    Fetched(Piece),
}

/// Records that are given together.
pub(super) struct Piece {
    pub(super) source: TopicPartition,
    pub(super) first: i64,
    pub(super) next: i64,
    pub(super) high_watermark: i64,
    pub(super) messages: Batch,
}

/// Bytes that are fetched ahead, where there is room.
const AHEAD: usize = 64 << 20;
/// With less than this it is no use.
const LEAST_AHEAD: usize = 2 << 20;
/// The share of them that partitions may keep which are paused in the middle of something; and that of those which are
/// given in turns.
const KEPT: usize = 4;
/// The messages of a piece where nothing is said.
const MOST: u32 = 10_000;
/// A batch that claims to hold more than that is not decompressed.
const DECOMPRESSED: usize = 128 << 20;

impl HostConsumer {
    pub(super) fn start(
        cluster: &HostCluster,
        settings: ConsumerSettings,
        scope: &Arc<Scope>,
        wakes: &Arc<Wakes>,
    ) -> Result<Self, KafkaError> {
        check(cluster, &settings, scope).map_err(|missing| {
            meter::failed(scope, "denied");
            KafkaError::Denied(missing)
        })?;
        let (most, shape) = (settings.most, Shape { multi_header: settings.multi_header, lag: settings.lag });
        let limit = scope.account.limits.batches;
        // The instances of a component share its limit: who comes later fetches less ahead.
        let mut ahead = AHEAD.min(limit / 8);
        let held = loop {
            // As much again is left for what the guest holds.
            let room = scope.account.held.take(ahead * 2).map(drop);
            match room.and_then(|()| scope.account.held.take(ahead)) {
                Ok(held) => break held,
                Err(_) if ahead > LEAST_AHEAD => ahead /= 2,
                Err(full) => {
                    let reason = format!("there is no room for what is fetched ahead: {full}");
                    return Err(failures::error(FailureKind::Retriable, reason));
                }
            }
        };
        let kept = ahead / KEPT;
        let consumer = cluster.client().consumer(read(settings, ahead - 2 * kept)?).map_err(invalid)?;
        let handing_over = Arc::clone(wakes);
        consumer.while_revoking(move || Box::new(handing_over.hand_over()));
        Ok(Self {
            consumer: Arc::new(consumer),
            permit: Arc::clone(cluster.permit()),
            shape,
            most: most.unwrap_or(MOST).clamp(1, 1 << 20) as usize,
            decompressed: DECOMPRESSED.min(limit),
            rests: Rests::new(kept),
            revoked: VecDeque::new(),
            committing: None,
            meter: ReadMeter::of(scope),
            scope: Arc::clone(scope),
            wakes: Arc::clone(wakes),
            _held: held,
        })
    }

    /// What is next; no records while the guest is held back.
    ///
    /// # Cancel safety
    /// Nothing is lost.
    pub(super) async fn next(&mut self) -> Taken {
        loop {
            if let Some(ended) = self.committing.as_mut().and_then(Committing::has_ended) {
                self.committing = None;
                return Taken::Event(Event::Committed(ended));
            }
            let is_held_back = self.wakes.is_held_back();
            let wants = self.rests.wants();
            // What is told passes all that was fetched, and every partition that has something gets its turn.
            let ready = self.consumer.try_next_of(|partition| !is_held_back && wants(partition));
            drop(wants);
            let next = match ready {
                Some(ready) => Some(ready),
                None => {
                    if !is_held_back && let Some(taken) = self.piece() {
                        return taken;
                    }
                    tokio::select! {
                        biased;
                        () = committing::ended(self.committing.as_mut()) => continue,
                        next = self.consumer.next_but_fetched(), if is_held_back => next,
                        next = self.consumer.next(), if !is_held_back => next,
                    }
                }
            };
            if let Some(event) = self.told(next) {
                return Taken::Event(event);
            }
        }
    }

    /// What the guest is to be told of it, if it is.
    fn told(&mut self, next: Option<ConsumerEvent>) -> Option<Event> {
        Some(match next {
            Some(ConsumerEvent::Fetched(fetched)) => {
                self.meter.fetched(fetched.bytes());
                self.rests.push(fetched);
                return None;
            }
            Some(ConsumerEvent::Assigned(partitions)) => Event::Assigned(all(&partitions)),
            Some(ConsumerEvent::Revoked(revocation)) => {
                let partitions = all(revocation.partitions());
                self.rests.forget(revocation.partitions());
                self.revoked.push_back(revocation);
                Event::Revoked(partitions)
            }
            Some(ConsumerEvent::Lost(partitions)) => {
                self.rests.forget(&partitions);
                Event::Lost(all(&partitions))
            }
            Some(ConsumerEvent::Failed(error)) => self.failed(failures::of_consuming(&error)),
            None => {
                let reason = "the consumer is closed".to_owned();
                Event::Failed(Failure { kind: FailureKind::Disconnected, reason })
            }
        })
    }

    pub(super) fn pause(&mut self, partitions: Vec<TopicPartition>) {
        // Those that are none are paused as it is.
        let partitions: Vec<_> = partitions.into_iter().filter_map(|name| partition(name).ok()).collect();
        self.consumer.pause(&partitions);
        for (partition, at) in self.rests.pause(&partitions) {
            self.consumer.seek(&partition, client::Start::At(at));
        }
    }

    pub(super) fn resume(&mut self, partitions: Vec<TopicPartition>) {
        let partitions: Vec<_> = partitions.into_iter().filter_map(|name| partition(name).ok()).collect();
        self.consumer.resume(&partitions);
        self.rests.resume(&partitions);
    }

    pub(super) fn seek(&mut self, source: TopicPartition, start: Start) {
        if let (Ok(source), Ok(start)) = (partition(source), place(start)) {
            self.rests.drop_of(&source);
            self.consumer.seek(&source, start);
        }
    }

    /// Commits, in the place of what is being committed; nothing is done before the future is polled.
    pub(super) fn commit(
        &mut self,
        positions: Vec<Position>,
    ) -> Result<impl Future<Output = Result<(), KafkaError>> + Send + use<>, KafkaError> {
        let work = self.storing(positions)?;
        let before = self.committing.take();
        Ok(async move {
            // Or it could store what it was to store behind this.
            if let Some(before) = before {
                before.give_up().await;
            }
            work.await
        })
    }

    /// Begins to commit; [`HostConsumer::next`] tells how it ended.
    pub(super) fn start_commit(
        &mut self,
        positions: Vec<Position>,
        nanoseconds: u64,
    ) -> Result<(), KafkaError> {
        if self.committing.is_some() {
            return Err(KafkaError::Invalid("the commit before this one has not ended".to_owned()));
        }
        let work = self.storing(positions)?;
        self.committing = Some(Committing::start(&self.scope.http, nanoseconds, work)?);
        Ok(())
    }

    fn storing(
        &self,
        positions: Vec<Position>,
    ) -> Result<impl Future<Output = Result<(), KafkaError>> + Send + use<>, KafkaError> {
        let offset = |Position { partition: source, next }: Position| {
            // Others may be members of the group for topics that this guest is not granted.
            self.scope.allowed.topic(&self.permit, &source.topic, Access::Read).map_err(|missing| {
                meter::failed(&self.scope, "denied");
                KafkaError::Denied(missing)
            })?;
            Ok(CommitOffset::new(partition(source)?, Offset::new(next).map_err(invalid)?))
        };
        let offsets: Vec<_> = positions.into_iter().map(offset).collect::<Result<_, KafkaError>>()?;
        let consumer = Arc::clone(&self.consumer);
        Ok(async move {
            let committed = consumer.commit(&offsets).await;
            committed.map_err(|error| failures::of_committing(&error))
        })
    }

    pub(super) fn release(&mut self) {
        if let Some(revocation) = self.revoked.pop_front() {
            revocation.done();
        }
    }

    /// Leaves the group.
    pub(super) async fn close(self, patience: Duration) {
        let Self { consumer, revoked, committing, .. } = self;
        revoked.into_iter().for_each(Revocation::done);
        if let Some(committing) = committing {
            committing.give_up().await;
        }
        // A commit that was given up may have it for a moment more: then it leaves when that ends.
        if let Ok(consumer) = Arc::try_unwrap(consumer) {
            consumer.close(patience).await;
        }
    }

    /// The next piece of what was fetched of a partition that is not paused.
    fn piece(&mut self) -> Option<Taken> {
        let (at, mut rest) = self.rests.take()?;
        let first = rest.at;
        let records = match rest.take(self.most, self.decompressed) {
            Ok(records) => records,
            Err(error) => {
                // What can't be read must not be passed over: it is fetched again.
                let source = rest.fetched.partition.clone();
                self.rests.drop_of(&source);
                self.consumer.seek(&source, client::Start::At(rest.at));
                let reason = format!(
                    "read the records of {source} at offset {}: {}",
                    rest.at,
                    failures::report(&error)
                );
                return Some(Taken::Event(self.failed(Failure { kind: FailureKind::Other, reason })));
            }
        };
        self.meter.given(records.len());
        let fetched = &rest.fetched;
        let piece = Piece {
            source: shown(&fetched.partition),
            first: records.first().map_or(first, |record| record.offset).get(),
            next: rest.at.get(),
            high_watermark: fetched.high_watermark.get(),
            messages: self.shape.batch(&records, &fetched.partition, fetched.high_watermark),
        };
        if rest.has_more() {
            // In its place: later ones of the partition are behind it.
            self.rests.put_back(at, rest);
        }
        Some(Taken::Fetched(piece))
    }

    fn failed(&self, failure: Failure) -> Event {
        meter::failed(&self.scope, meter::label(failure.kind));
        Event::Failed(failure)
    }
}

fn all(partitions: &[client::TopicPartition]) -> Vec<TopicPartition> {
    partitions.iter().map(shown).collect()
}
