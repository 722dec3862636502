//! What a consumer reads and how far it is: shared by whoever takes events, who fetches, and who decides what is
//! assigned. Nothing here waits.

mod room;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use forebay_lifecycle::Backoff;
use forebay_model::{Offset, TopicId};
use tokio::sync::{Notify, oneshot};
use tokio::time::Instant;

use super::Start;
use super::event::{ConsumeError, ConsumerEvent, Fetched, Revocation};
use super::signs::Signs;
use crate::failure::Failure;
use crate::topic_partition::TopicPartition;

/// Where reading of a partition stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// Where the group has committed, or there.
    Committed {
        or: Start,
    },
    /// To be asked for.
    Find(Start),
    At(Offset),
}

/// Who leads a partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Leader {
    pub broker: i32,
    pub epoch: i32,
    pub topic: Option<TopicId>,
    /// A broker that is nearer.
    pub replica: Option<i32>,
}

/// A partition that is read.
#[derive(Debug)]
pub(super) struct Owned {
    /// Which time of owning or seeking it is: what was asked for in an earlier one is not wanted any more.
    pub stint: u64,
    pub place: Place,
    pub leader: Option<Leader>,
    /// As the topic was when the place was found.
    pub topic: Option<TopicId>,
    pub is_paused: bool,
    /// Whether something was asked about it that is not answered yet.
    pub is_busy: bool,
    /// Whether there was nothing to fetch a moment ago.
    pub is_at_end: bool,
    /// Nothing is done until somebody seeks: there is no place to go on.
    pub is_stuck: bool,
    pub not_before: Option<Instant>,
    backoff: Backoff,
}

#[derive(Debug, Default)]
pub(super) struct State {
    pub partitions: BTreeMap<TopicPartition, Owned>,
    /// Whose offsets may be committed: those of which somebody was told that they are assigned, until they are lost or
    /// given up. A group checks who commits, not of which partition.
    committable: BTreeSet<TopicPartition>,
    events: VecDeque<ConsumerEvent>,
    /// Bytes of what is in `events`.
    pub buffered: u64,
    /// Bytes that were taken while others stayed that may share memory with them.
    overtaken: u64,
    is_closed: bool,
    stints: u64,
}

/// The state, and who waits for changes of it.
#[derive(Debug, Default)]
pub(super) struct Shared {
    state: Mutex<State>,
    /// There is an event, or there will be none.
    events: Notify,
    /// There may be something to fetch.
    pub work: Notify,
    pub signs: Signs,
}

/// Failures that wait to be seen; further ones are left out, and happen again.
const MOST_FAILURES: usize = 64;
/// Events that are looked through for one of a partition that is wanted.
const LOOK: usize = 256;
/// When so many bytes have overtaken others, what is left gets memory of its own.
const MOST_OVERTAKEN: u64 = 4 << 20;
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

impl Shared {
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next event; none when it is closed.
    pub(super) async fn next(&self) -> Option<ConsumerEvent> {
        self.next_of(|_| true).await
    }

    /// The same without what was fetched.
    pub(super) async fn next_but_fetched(&self) -> Option<ConsumerEvent> {
        self.next_of(|event| !matches!(event, ConsumerEvent::Fetched(_))).await
    }

    async fn next_of(&self, is_wanted: fn(&ConsumerEvent) -> bool) -> Option<ConsumerEvent> {
        loop {
            if let Some(event) = self.taken(|state| state.take(usize::MAX, is_wanted)) {
                return Some(event);
            }
            if self.lock().is_closed {
                return None;
            }
            self.events.notified().await;
        }
    }

    pub(super) fn try_next(&self) -> Option<ConsumerEvent> {
        self.taken(|state| state.take(usize::MAX, |_| true))
    }

    /// The next event but for those of partitions that are not wanted.
    pub(super) fn try_next_of(&self, wants: impl Fn(&TopicPartition) -> bool) -> Option<ConsumerEvent> {
        let is_wanted = |event: &ConsumerEvent| match event {
            ConsumerEvent::Fetched(fetched) => wants(&fetched.partition),
            ConsumerEvent::Failed(error) => error.partition.as_ref().is_none_or(&wants),
            _ => true,
        };
        self.taken(|state| state.take(LOOK, is_wanted))
    }

    fn taken(&self, take: impl FnOnce(&mut State) -> Option<ConsumerEvent>) -> Option<ConsumerEvent> {
        let mut state = self.lock();
        let event = take(&mut state)?;
        let has_more = !state.events.is_empty();
        drop(state);
        if matches!(event, ConsumerEvent::Fetched(_)) {
            self.work.notify_one();
        }
        if has_more {
            self.events.notify_one();
        }
        Some(event)
    }

    pub(super) fn close(&self) {
        let mut state = self.lock();
        state.is_closed = true;
        state.events.clear();
        state.partitions.clear();
        state.buffered = 0;
        drop(state);
        self.events.notify_one();
        self.work.notify_one();
    }

    /// Reads these too, from there.
    pub(super) fn assign(&self, partitions: impl IntoIterator<Item = (TopicPartition, Place)>) {
        let mut state = self.lock();
        let mut assigned = Vec::new();
        for (partition, place) in partitions {
            let stint = state.new_stint();
            state.partitions.entry(partition.clone()).or_insert_with(|| Owned::new(stint, place));
            assigned.push(partition);
        }
        if assigned.is_empty() {
            return;
        }
        state.tell(ConsumerEvent::Assigned(assigned));
        drop(state);
        self.events.notify_one();
        self.work.notify_one();
    }

    /// Stops reading these: what tells that whoever reads is done with them.
    pub(super) fn revoke(&self, partitions: Vec<TopicPartition>) -> oneshot::Receiver<()> {
        let (sender, receiver) = oneshot::channel();
        let sign = self.signs.give();
        let mut state = self.lock();
        state.remove(&partitions);
        state.tell(ConsumerEvent::Revoked(Revocation { partitions, _done: sender, _sign: sign }));
        drop(state);
        self.events.notify_one();
        // There is room again for others.
        self.work.notify_one();
        receiver
    }

    /// These are not ours any more.
    pub(super) fn lose(&self, partitions: Vec<TopicPartition>) {
        if partitions.is_empty() {
            return;
        }
        let mut state = self.lock();
        state.remove(&partitions);
        state.forbid(&partitions);
        state.tell(ConsumerEvent::Lost(partitions));
        drop(state);
        self.events.notify_one();
        self.work.notify_one();
    }

    /// What was revoked is given up: it is somebody else's from now on.
    pub(super) fn given_up(&self, partitions: &[TopicPartition]) {
        self.lock().forbid(partitions);
    }

    /// Whether a member may commit offsets of it.
    pub(super) fn may_commit(&self, partition: &TopicPartition) -> bool {
        self.lock().committable.contains(partition)
    }

    pub(super) fn failed(&self, error: ConsumeError) {
        self.lock().fail(error);
        self.events.notify_one();
    }

    /// Somebody may have an event to take: for whoever changed the state by itself.
    pub(super) fn wake(&self) {
        self.events.notify_one();
    }

    pub(super) fn seek(&self, partition: &TopicPartition, start: Start) {
        let mut state = self.lock();
        let stint = state.new_stint();
        state.purge(std::slice::from_ref(partition));
        if let Some(owned) = state.partitions.get_mut(partition) {
            let place = Place::from_start(start);
            *owned = Owned { is_paused: owned.is_paused, leader: owned.leader, ..Owned::new(stint, place) };
        }
        drop(state);
        self.work.notify_one();
    }

    pub(super) fn pause(&self, partitions: &[TopicPartition], is_paused: bool) {
        let mut state = self.lock();
        for partition in partitions {
            if let Some(owned) = state.partitions.get_mut(partition) {
                owned.is_paused = is_paused;
            }
        }
        if is_paused {
            state.detach(partitions);
        }
        drop(state);
        if !is_paused {
            self.events.notify_one();
        }
        // What is paused makes way for others.
        self.work.notify_one();
    }
}

impl Place {
    pub(super) fn from_start(start: Start) -> Self {
        match start {
            Start::At(offset) => Self::At(offset),
            Start::Committed => Self::Committed { or: Start::Committed },
            start => Self::Find(start),
        }
    }
}

impl Owned {
    fn new(stint: u64, place: Place) -> Self {
        Self {
            stint,
            place,
            leader: None,
            topic: None,
            is_paused: false,
            is_busy: false,
            is_at_end: false,
            is_stuck: false,
            not_before: None,
            backoff: Backoff::new(FIRST_PAUSE, LONGEST_PAUSE),
        }
    }

    /// Whether something may be asked about it now.
    pub(super) fn is_free(&self, now: Instant) -> bool {
        !self.is_busy && !self.is_stuck && self.not_before.is_none_or(|not_before| not_before <= now)
    }

    /// Something went wrong: nothing is tried for a while.
    pub(super) fn pause(&mut self) {
        self.not_before = Some(Instant::now() + self.backoff.pause());
    }

    pub(super) fn went_well(&mut self) {
        self.not_before = None;
        self.backoff.reset();
    }
}

impl State {
    fn new_stint(&mut self) -> u64 {
        self.stints += 1;
        self.stints
    }

    fn tell(&mut self, event: ConsumerEvent) {
        if !self.is_closed {
            self.events.push_back(event);
        }
    }

    /// The first of so many events that is wanted and not of a partition that is paused.
    fn take(&mut self, look: usize, is_wanted: impl Fn(&ConsumerEvent) -> bool) -> Option<ConsumerEvent> {
        let is_due = |event: &ConsumerEvent| match event {
            ConsumerEvent::Fetched(Fetched { partition, .. }) => {
                self.partitions.get(partition).is_none_or(|owned| !owned.is_paused)
            }
            _ => true,
        };
        let mut events = self.events.iter().take(look);
        let index = events.position(|event| is_wanted(event) && is_due(event))?;
        let event = self.events.remove(index)?;
        if let ConsumerEvent::Fetched(fetched) = &event {
            let bytes = fetched.bytes as u64;
            self.buffered = self.buffered.saturating_sub(bytes);
            if index > 0 {
                self.overtake(bytes);
            }
        }
        if let ConsumerEvent::Assigned(assigned) = &event {
            // Some may be gone again by now.
            let still = assigned.iter().filter(|partition| self.partitions.contains_key(*partition));
            self.committable.extend(still.cloned());
        }
        Some(event)
    }

    fn forbid(&mut self, partitions: &[TopicPartition]) {
        for partition in partitions {
            self.committable.remove(partition);
        }
    }

    fn remove(&mut self, partitions: &[TopicPartition]) {
        for partition in partitions {
            self.partitions.remove(partition);
        }
        self.purge(partitions);
    }

    /// Forgets what was fetched of these.
    fn purge(&mut self, partitions: &[TopicPartition]) {
        let mut given_back = 0;
        self.events.retain(|event| match event {
            ConsumerEvent::Fetched(fetched) if partitions.contains(&fetched.partition) => {
                given_back += fetched.bytes as u64;
                false
            }
            _ => true,
        });
        self.buffered = self.buffered.saturating_sub(given_back);
    }

    /// What was fetched of these waits for long, and keeps nothing of others in memory.
    fn detach(&mut self, partitions: &[TopicPartition]) {
        for event in &mut self.events {
            if let ConsumerEvent::Fetched(fetched) = event
                && partitions.contains(&fetched.partition)
            {
                *fetched = fetched.detached(0, fetched.first);
            }
        }
    }

    /// So many bytes were taken before their turn. What was fetched with them would keep them in memory, and nobody
    /// counts that.
    fn overtake(&mut self, bytes: u64) {
        self.overtaken += bytes;
        if self.overtaken < MOST_OVERTAKEN {
            return;
        }
        self.overtaken = 0;
        for event in &mut self.events {
            if let ConsumerEvent::Fetched(fetched) = event
                && !fetched.is_detached
            {
                *fetched = fetched.detached(0, fetched.first);
            }
        }
    }

    pub(super) fn fetched(&mut self, mut fetched: Fetched) {
        if self.partitions.get(&fetched.partition).is_some_and(|owned| owned.is_paused) {
            fetched = fetched.detached(0, fetched.first);
        }
        self.buffered += fetched.bytes as u64;
        self.tell(ConsumerEvent::Fetched(fetched));
    }

    pub(super) fn fail(&mut self, error: ConsumeError) {
        let failures = self.events.iter().filter_map(|event| match event {
            ConsumerEvent::Failed(error) => Some(&error.partition),
            _ => None,
        });
        let (mut count, mut is_known) = (0, false);
        for partition in failures {
            count += 1;
            is_known |= *partition == error.partition;
        }
        if !is_known && count < MOST_FAILURES {
            self.tell(ConsumerEvent::Failed(error));
        }
    }

    /// Something about a partition went wrong: it is told, and tried again after a pause, with its leader asked for anew.
    pub(super) fn fail_partition(
        &mut self,
        partition: &TopicPartition,
        broker: Option<i32>,
        reason: Failure,
    ) {
        let Some(owned) = self.partitions.get_mut(partition) else { return };
        owned.leader = None;
        owned.pause();
        let offset = match owned.place {
            Place::At(offset) => Some(offset),
            Place::Committed { .. } | Place::Find(_) => None,
        };
        self.fail(ConsumeError { partition: Some(partition.clone()), offset, broker, reason });
    }
}

pub(super) type SharedState = Arc<Shared>;

#[cfg(test)]
mod tests {
    use forebay_kafka_wire::{BatchBuilder, Compression};
    use forebay_model::{PartitionId, Timestamp};
    use futures_util::FutureExt as _;

    use super::*;

    fn partition(number: i32) -> TopicPartition {
        TopicPartition::new("t".parse().unwrap(), PartitionId::new(number).unwrap())
    }

    fn assigned() -> Shared {
        let shared = Shared::default();
        let place = Place::Find(Start::Earliest);
        shared.assign([0, 1].map(|number| (partition(number), place)));
        shared
    }

    #[test]
    fn a_member_commits_what_it_knows_that_it_has_until_it_is_given_up_or_lost() {
        let shared = assigned();
        assert!(!shared.may_commit(&partition(0)), "nobody was told of it");
        assert!(matches!(shared.try_next(), Some(ConsumerEvent::Assigned(_))));
        let _done = shared.revoke(vec![partition(0)]);
        assert!(shared.may_commit(&partition(0)), "there is time to finish");
        shared.given_up(&[partition(0)]);
        assert!(!shared.may_commit(&partition(0)));
        assert!(shared.may_commit(&partition(1)));
        shared.lose(vec![partition(1)]);
        shared.assign([(partition(1), Place::Find(Start::Earliest))]);
        assert!(!shared.may_commit(&partition(1)), "it may be from before it was lost");
        while shared.try_next().is_some() {}
        assert!(shared.may_commit(&partition(1)));
    }

    /// One record of so many bytes.
    fn fetched(number: i32, offset: i64, bytes: usize) -> Fetched {
        let first = Offset::new(offset).unwrap();
        let mut builder = BatchBuilder::new(first, Compression::None);
        builder.push(Timestamp::from_millis(0), None, Some(&vec![b'x'; bytes]), &[]).unwrap();
        Fetched::new(partition(number), first, vec![builder.build().unwrap()])
    }

    #[test]
    fn what_is_wanted_and_what_is_told_pass_what_is_not_wanted() {
        let shared = assigned();
        assert!(shared.try_next_of(|_| false).is_some(), "they are told of");
        for (number, offset) in [(0, 0), (0, 1), (1, 0), (0, 2), (1, 1)] {
            shared.lock().fetched(fetched(number, offset, 10));
        }
        let reason = Failure::NothingCommitted;
        shared.failed(ConsumeError { partition: Some(partition(0)), offset: None, broker: None, reason });
        let taken = |wants: fn(&TopicPartition) -> bool| match shared.try_next_of(wants)? {
            ConsumerEvent::Fetched(Fetched { partition, first, .. }) => {
                Some((partition.partition.get(), first.get()))
            }
            other => panic!("{other:?}"),
        };
        assert_eq!(taken(|wanted| *wanted != partition(0)), Some((1, 0)));
        assert_eq!(taken(|_| true), Some((0, 0)));
        assert_eq!(taken(|wanted| *wanted != partition(0)), Some((1, 1)));
        assert_eq!(taken(|wanted| *wanted != partition(0)), None);
        let _done = shared.revoke(vec![partition(1)]);
        assert!(matches!(shared.try_next_of(|_| false), Some(ConsumerEvent::Revoked(_))));
        assert_eq!([taken(|_| true), taken(|_| true)], [Some((0, 1)), Some((0, 2))]);
        assert!(matches!(shared.try_next(), Some(ConsumerEvent::Failed(_))));
        assert!(shared.try_next().is_none());
        assert_eq!(shared.lock().buffered, 0);
    }

    #[test]
    fn what_is_overtaken_by_much_gets_memory_of_its_own() {
        let shared = assigned();
        assert!(shared.try_next().is_some());
        for (number, offset) in [(0, 0), (1, 0), (1, 1)] {
            shared.lock().fetched(fetched(number, offset, 3 << 20));
        }
        for is_detached in [false, true] {
            assert!(shared.try_next_of(|wanted| *wanted == partition(1)).is_some());
            let state = shared.lock();
            let Some(ConsumerEvent::Fetched(left)) = state.events.front() else { panic!() };
            assert_eq!(left.is_detached, is_detached);
            assert!(state.buffered >= 3 << 20);
        }
    }

    #[test]
    fn what_is_given_up_makes_room_for_fetching() {
        for gives_up in [
            |shared: &Shared| drop(shared.revoke(vec![partition(0)])),
            |shared: &Shared| {
                shared.lose(vec![partition(0)]);
            },
        ] {
            let shared = assigned();
            assert!(shared.work.notified().now_or_never().is_some(), "there is something to fetch");
            gives_up(&shared);
            assert!(shared.work.notified().now_or_never().is_some());
        }
    }

    #[test]
    fn who_asked_knows_of_a_revocation_before_it_is_taken_and_until_it_is_done() {
        let shared = assigned();
        let sign = Arc::new(());
        let kept = Arc::clone(&sign);
        shared.signs.ask(move || Box::new(Arc::clone(&kept)));
        let is_shown = || Arc::strong_count(&sign) > 2;
        assert!(!is_shown());
        let _done = shared.revoke(vec![partition(0)]);
        assert!(is_shown());
        assert!(matches!(shared.try_next(), Some(ConsumerEvent::Assigned(_))));
        let Some(ConsumerEvent::Revoked(revocation)) = shared.try_next() else { unreachable!() };
        assert!(is_shown());
        revocation.done();
        assert!(!is_shown());
    }

    #[test]
    fn what_was_fetched_stays_while_it_is_not_wanted() {
        let shared = assigned();
        assert!(matches!(shared.try_next(), Some(ConsumerEvent::Assigned(_))));
        let fetched = Fetched::new(partition(1), Offset::ZERO, Vec::new());
        shared.lock().tell(ConsumerEvent::Fetched(fetched));
        let _done = shared.revoke(vec![partition(0)]);
        let next = shared.next_but_fetched().now_or_never();
        assert!(matches!(next, Some(Some(ConsumerEvent::Revoked(_)))));
        assert!(shared.next_but_fetched().now_or_never().is_none());
        assert!(matches!(shared.next().now_or_never(), Some(Some(ConsumerEvent::Fetched(_)))));
    }
}
