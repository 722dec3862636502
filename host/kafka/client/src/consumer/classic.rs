//! A member by the classic protocol: members join, one of them shares out the partitions, and all are told through the
//! broker. With cooperative assignors everybody keeps reading what stays; otherwise all is given up before joining.

mod assignor;
mod codec;
mod leading;
mod requests;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use forebay_lifecycle::{Backoff, Shutdown};
use forebay_model::{PartitionId, TopicName};
use kafka_protocol::error::ResponseError;
use kafka_protocol::protocol::StrBytes;
use tokio::time::Instant;

pub use self::assignor::Assignor;
use self::codec::{Named, Subscribed};
use self::requests::Generation;
use super::event::ConsumeError;
use super::group::{Ended, FIRST_PAUSE, LONGEST_PAUSE, Member};
use super::membership::Identity;
use super::state::Place;
use crate::failure::Failure;
use crate::topic_partition::TopicPartition;

pub(super) struct Classic<'a> {
    member: &'a Member,
    /// Empty until the group has given one.
    id: StrBytes,
    generation: i32,
    owned: BTreeSet<TopicPartition>,
    /// What was given up in order to join, and in which generation it was had.
    before: Option<(BTreeSet<Named>, i32)>,
    names: BTreeSet<TopicName>,
    looked: Option<Instant>,
    /// For the leader: the partitions that it has shared out.
    counts: Option<BTreeMap<String, i32>>,
    heard: Instant,
    backoff: Backoff,
}

/// What follows from a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    Join,
    Beat,
}

impl<'a> Classic<'a> {
    pub(super) fn new(member: &'a Member) -> Self {
        Self {
            member,
            id: StrBytes::default(),
            generation: -1,
            owned: BTreeSet::new(),
            before: None,
            names: BTreeSet::new(),
            looked: None,
            counts: None,
            heard: Instant::now(),
            backoff: Backoff::new(FIRST_PAUSE, LONGEST_PAUSE),
        }
    }

    /// Whether members keep what they have while they join: as with Kafka, when all their assignors can deal with it.
    fn is_cooperative(&self) -> bool {
        let mut assignors = self.member.membership.settings.assignors.iter();
        assignors.all(|assignor| *assignor == Assignor::CooperativeSticky)
    }

    /// Stays a member until the shutdown.
    pub(super) async fn run(mut self, shutdown: &Shutdown) -> Ended {
        tokio::select! {
            () = shutdown.cancelled() => {}
            () = self.stay() => return Ended::Done,
        }
        self.leave().await;
        Ended::Done
    }

    /// Joins and gives signs of life, again and again; ends when it can't be a member any more.
    async fn stay(&mut self) {
        let mut next = Next::Join;
        loop {
            let done = match next {
                Next::Join => self.join().await,
                Next::Beat => self.beat().await,
            };
            match done {
                Ok(then) => next = then,
                Err(failure) => {
                    if failure.code() == Some(ResponseError::FencedInstanceId) {
                        // Another one has taken the name.
                        self.is_out();
                        self.tell(failure);
                        return;
                    }
                    next = self.failed(failure, next);
                    tokio::time::sleep(self.backoff.pause()).await;
                }
            }
        }
    }

    async fn join(&mut self) -> Result<Next, Failure> {
        self.look().await?;
        if !self.is_cooperative() && !self.owned.is_empty() {
            let all: Vec<_> = self.owned.iter().cloned().collect();
            self.before = Some((named(&self.owned), self.generation));
            self.give_up(all).await;
        }
        let said = Subscribed {
            topics: self.names.iter().map(|name| name.as_str().to_owned()).collect(),
            owned: named(&self.owned),
            generation: if self.owned.is_empty() { -1 } else { self.generation },
            before: self.before.clone().filter(|_| !self.is_cooperative()),
        };
        let Some(joined) = self.ask_to_join(&said.to_bytes()).await? else { return Ok(Next::Join) };
        let Generation { id, generation, .. } = &joined;
        (self.id, self.generation) = (id.clone(), *generation);
        let identity = Identity::Classic { member: self.id.clone(), generation: self.generation };
        self.member.membership.set_identity(identity);
        let shares = self.lead(&joined).await?;
        let assigned = self.sync(&joined, shares).await?;
        self.heard = Instant::now();
        self.backoff.reset();
        Ok(self.take(assigned).await)
    }

    /// Comes to have what was assigned: whether to join again, so that others get what was given up.
    async fn take(&mut self, assigned: BTreeSet<Named>) -> Next {
        let target: BTreeSet<_> = assigned.iter().filter_map(partition_of).collect();
        let gone: Vec<_> = self.owned.difference(&target).cloned().collect();
        let next = if gone.is_empty() { Next::Beat } else { Next::Join };
        if !gone.is_empty() {
            self.give_up(gone).await;
        }
        let place = Place::Committed { or: self.member.start };
        let new: Vec<_> = target.difference(&self.owned).cloned().collect();
        self.member.shared.assign(new.into_iter().map(|partition| (partition, place)));
        self.owned = target;
        next
    }

    /// Lets go of partitions, when whoever reads them is done, and gives signs of life meanwhile.
    async fn give_up(&mut self, partitions: Vec<TopicPartition>) {
        let settings = &self.member.membership.settings;
        let (deadline, interval) = (Instant::now() + settings.rebalance_timeout, settings.heartbeat_interval);
        let mut done = self.member.shared.revoke(partitions.clone());
        loop {
            let wait = interval.min(deadline.saturating_duration_since(Instant::now()));
            // Told or dropped: both say that it is done.
            if tokio::time::timeout(wait, &mut done).await.is_ok() || Instant::now() >= deadline {
                break;
            }
            // What the answer says is seen when this is over.
            let _ = self.ask_heartbeat().await;
        }
        self.member.shared.given_up(&partitions);
        for partition in &partitions {
            self.owned.remove(partition);
        }
    }

    async fn beat(&mut self) -> Result<Next, Failure> {
        tokio::time::sleep(self.member.membership.settings.heartbeat_interval).await;
        if self.has_changed().await {
            return Ok(Next::Join);
        }
        match self.ask_heartbeat().await {
            Ok(()) => {
                self.heard = Instant::now();
                self.backoff.reset();
                Ok(Next::Beat)
            }
            Err(failure) if failure.code() == Some(ResponseError::RebalanceInProgress) => Ok(Next::Join),
            Err(failure) => Err(failure),
        }
    }

    /// Which topics are meant now, where that may have changed.
    async fn look(&mut self) -> Result<(), Failure> {
        let max_age = self.member.client.parts.settings.metadata_max_age;
        if self.looked.is_none_or(|looked| looked.elapsed() >= max_age) {
            self.names = self.member.names.now(&self.member.client).await?;
            self.looked = Some(Instant::now());
        }
        Ok(())
    }

    /// Whether there are other topics than those that were subscribed to, or, for the leader, more partitions.
    async fn has_changed(&mut self) -> bool {
        let max_age = self.member.client.parts.settings.metadata_max_age;
        if self.looked.is_some_and(|looked| looked.elapsed() < max_age) {
            return false;
        }
        let before = self.names.clone();
        if let Err(failure) = self.look().await {
            self.tell(failure);
            return false;
        }
        if before != self.names {
            return true;
        }
        let Some(counts) = self.counts.clone() else { return false };
        let topics = counts.keys().cloned().collect();
        self.count(&topics).await != counts
    }

    /// After something went wrong.
    fn failed(&mut self, failure: Failure, at: Next) -> Next {
        self.member.membership.saw(&failure);
        let next = match failure.code() {
            Some(ResponseError::RebalanceInProgress) => return Next::Join,
            Some(ResponseError::UnknownMemberId | ResponseError::IllegalGeneration) => {
                self.is_out();
                return Next::Join;
            }
            _ => at,
        };
        self.tell(failure);
        if self.heard.elapsed() > self.member.membership.settings.session_timeout {
            self.is_out();
            return Next::Join;
        }
        next
    }

    fn tell(&self, failure: Failure) {
        self.member.shared.failed(ConsumeError::general(failure));
    }

    /// The group goes on without this member, which joins anew.
    fn is_out(&mut self) {
        self.member.shared.lose(std::mem::take(&mut self.owned).into_iter().collect());
        self.member.membership.set_identity(Identity::None);
        (self.id, self.generation, self.before, self.counts) = (StrBytes::default(), -1, None, None);
        self.heard = Instant::now();
    }

    /// How long a member may be silent, in milliseconds.
    fn session_millis(&self) -> i32 {
        millis(self.member.membership.settings.session_timeout)
    }
}

fn millis(duration: Duration) -> i32 {
    i32::try_from(duration.as_millis()).unwrap_or(i32::MAX)
}

fn named(partitions: &BTreeSet<TopicPartition>) -> BTreeSet<Named> {
    let named = |partition: &TopicPartition| (partition.topic.as_str().to_owned(), partition.partition.get());
    partitions.iter().map(named).collect()
}

fn partition_of((topic, partition): &Named) -> Option<TopicPartition> {
    Some(TopicPartition::new(topic.parse().ok()?, PartitionId::new(*partition).ok()?))
}
