//! Consumers: partitions that are named, topics by name or by pattern, or what a group gives to its members.
//!
//! One task decides what is read (`assigning`, `heartbeats` or `classic`), another one fetches (`fetching`). Both only
//! change the state that all share (`state`), from which whoever uses the consumer takes events.

mod assigning;
mod classic;
mod committing;
mod coordinator;
mod event;
mod fetching;
mod group;
mod heartbeats;
mod membership;
mod names;
mod signs;
mod starting;
mod state;

use std::sync::Arc;
use std::time::Duration;

use forebay_lifecycle::{Shutdown, Tasks};
use forebay_model::{LeaderEpoch, Offset, Timestamp, TopicName};

pub use self::classic::Assignor;
pub use self::committing::{CommitError, CommitOffset};
pub use self::event::{ConsumeError, ConsumerEvent, Fetched, Revocation};
pub use self::group::{GroupProtocol, GroupSettings};
use self::membership::Membership;
use self::names::Names;
use self::state::{Shared, SharedState};
use crate::client::Client;
use crate::topic_partition::TopicPartition;
use crate::transport::Lane;

/// What a consumer does.
#[derive(Debug, Clone)]
pub struct ConsumerSettings {
    pub subscription: Subscription,
    /// Whose member it is, or at least whose offsets are committed.
    pub group: Option<GroupSettings>,
    /// Where to start where nothing is committed, and where the place to go on is gone.
    pub start: Start,
    pub isolation: Isolation,
    pub fetch: FetchSettings,
}

/// What is read.
#[derive(Debug, Clone)]
pub enum Subscription {
    /// All partitions of these, or those that the group gives.
    Topics(Vec<TopicName>),
    /// The same of all topics whose names one of these regular expressions finds something in, also later ones.
    Matching(Vec<String>),
    /// These partitions, without membership in a group.
    Partitions(Vec<(TopicPartition, Start)>),
    /// Both, without a group.
    Mixed { topics: Vec<TopicName>, partitions: Vec<(TopicPartition, Start)> },
}

/// Where reading of a partition starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// With the first record that there is.
    Earliest,
    /// Behind the last one.
    Latest,
    At(Offset),
    /// Where the group has committed. Where it has not, that is an error.
    Committed,
    /// With the first record that is not older.
    Time(Timestamp),
}

/// Which records of transactions are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Isolation {
    #[default]
    ReadUncommitted,
    /// Those of transactions that have ended well.
    ReadCommitted,
}

/// How much is fetched at a time.
#[derive(Debug, Clone)]
pub struct FetchSettings {
    /// A broker waits for so many bytes, and at most so long.
    pub min_bytes: u32,
    pub max_wait: Duration,
    /// The most bytes of an answer, and of one partition in it. A batch that is larger comes alone.
    pub max_bytes: u32,
    pub max_partition_bytes: u32,
    /// Nothing more is fetched while so many bytes wait to be taken; where all of those are of paused partitions, the newest
    /// make way for others and are fetched again.
    pub max_buffered_bytes: u64,
}

/// A consumer, from its start to [`Consumer::close`]. Dropping it leaves the group as well, but nobody waits for that.
#[derive(Debug)]
pub struct Consumer {
    shared: SharedState,
    membership: Option<Arc<Membership>>,
    /// Whether the group says what is read.
    is_member: bool,
    tasks: Tasks,
    client: Client,
    /// For commits, which wait for nothing else.
    lane: Lane,
}

/// Settings that no consumer can have.
#[derive(Debug, Clone, thiserror::Error)]
pub enum SubscriptionError {
    #[error("the pattern {pattern:?}: {reason}")]
    Pattern { pattern: String, reason: String },
    #[error("nothing is subscribed to: name topics, patterns or partitions")]
    Nothing,
    #[error("topics and partitions can't be mixed in a consumer group: leave out one of them, or the group")]
    MixedInGroup,
    #[error("committed offsets are those of a consumer group: name one")]
    NoGroup,
    #[error("{0:?} can't be the id of a member: choose another")]
    Instance(String),
}

impl ConsumerSettings {
    /// From the first record on, without a group.
    #[must_use]
    pub fn new(subscription: Subscription) -> Self {
        Self {
            subscription,
            group: None,
            start: Start::Earliest,
            isolation: Isolation::default(),
            fetch: FetchSettings::default(),
        }
    }

    /// As a member of a group.
    #[must_use]
    pub fn in_group(mut self, group: GroupSettings) -> Self {
        self.group = Some(group);
        self
    }
}

impl Default for FetchSettings {
    fn default() -> Self {
        Self {
            min_bytes: 1,
            max_wait: Duration::from_millis(500),
            max_bytes: 50 << 20,
            max_partition_bytes: 1 << 20,
            max_buffered_bytes: 50 << 20,
        }
    }
}

impl Consumer {
    pub(crate) fn spawn(client: Client, settings: ConsumerSettings) -> Result<Self, SubscriptionError> {
        let ConsumerSettings { subscription, group, start, isolation, fetch } = settings;
        let explicit = |partitions: &[(TopicPartition, Start)]| {
            partitions.iter().any(|(_, start)| *start == Start::Committed)
        };
        let needs_group = match &subscription {
            Subscription::Mixed { .. } if group.is_some() => return Err(SubscriptionError::MixedInGroup),
            Subscription::Partitions(partitions) | Subscription::Mixed { partitions, .. } => {
                explicit(partitions)
            }
            Subscription::Topics(_) | Subscription::Matching(_) => false,
        };
        if needs_group && group.is_none() {
            return Err(SubscriptionError::NoGroup);
        }
        let (names, partitions) = match subscription {
            Subscription::Topics(topics) => (Names::Listed(topics), Vec::new()),
            Subscription::Matching(patterns) => (Names::matching(&patterns)?, Vec::new()),
            Subscription::Partitions(partitions) => (Names::Listed(Vec::new()), partitions),
            Subscription::Mixed { topics, partitions } => (Names::Listed(topics), partitions),
        };
        if names.is_empty() && partitions.is_empty() {
            return Err(SubscriptionError::Nothing);
        }
        let shared = SharedState::new(Shared::default());
        let lane = client.lane();
        let tasks = Tasks::new(client.parts.spawner.clone(), Shutdown::new());
        let is_member = partitions.is_empty() && group.is_some();
        let membership = group.map(|group| Arc::new(Membership::new(group, lane)));
        let fetching = fetching::Fetching {
            client: client.clone(),
            shared: Arc::clone(&shared),
            membership: membership.clone(),
            settings: fetch,
            start,
            isolation,
            lanes: [client.lane(), client.lane(), client.lane()],
        };
        tasks.spawn(fetching.run(tasks.shutdown().clone()));
        match &membership {
            Some(membership) if is_member => {
                let member = group::Member {
                    client: client.clone(),
                    shared: Arc::clone(&shared),
                    membership: Arc::clone(membership),
                    names,
                    start,
                    lane: client.lane(),
                };
                tasks.spawn(member.run(tasks.shutdown().clone()));
            }
            _ => {
                let assigning =
                    assigning::Assigning::new(client.clone(), Arc::clone(&shared), names, partitions, start);
                tasks.spawn(assigning.run(tasks.shutdown().clone()));
            }
        }
        Ok(Self { shared, membership, is_member, tasks, client, lane })
    }

    /// What happens next; none when it is closed.
    ///
    /// # Cancel safety
    /// Nothing is lost. One call at a time gets all events.
    pub async fn next(&self) -> Option<ConsumerEvent> {
        self.shared.next().await
    }

    /// What has happened already.
    #[must_use]
    pub fn try_next(&self) -> Option<ConsumerEvent> {
        self.shared.try_next()
    }

    /// The same without waiting for its turn: what was fetched of partitions that are not wanted is passed, a few hundred
    /// events at most. What happens to a partition keeps its order.
    #[must_use]
    pub fn try_next_of(&self, wants: impl Fn(&TopicPartition) -> bool) -> Option<ConsumerEvent> {
        self.shared.try_next_of(wants)
    }

    /// What happens next but for what was fetched, which stays where it is.
    ///
    /// # Cancel safety
    /// As that of [`Consumer::next`].
    pub async fn next_but_fetched(&self) -> Option<ConsumerEvent> {
        self.shared.next_but_fetched().await
    }

    /// Calls `sign` whenever partitions are asked back, at once and not only when somebody takes the event of it. What
    /// that gives is dropped when they may go. To be said once, and quickly: what was asked back before is left out.
    pub fn while_revoking(&self, sign: impl Fn() -> Box<dyn Send + Sync> + Send + Sync + 'static) {
        self.shared.signs.ask(sign);
    }

    /// Nothing of these is handed out until [`Consumer::resume`], nor fetched.
    pub fn pause(&self, partitions: &[TopicPartition]) {
        self.shared.pause(partitions, true);
    }

    /// Goes on with these.
    pub fn resume(&self, partitions: &[TopicPartition]) {
        self.shared.pause(partitions, false);
    }

    /// Goes on elsewhere in a partition that is assigned.
    pub fn seek(&self, partition: &TopicPartition, start: Start) {
        self.shared.seek(partition, start);
    }

    /// What is read at the moment.
    #[must_use]
    pub fn assignment(&self) -> Vec<TopicPartition> {
        self.shared.lock().partitions.keys().cloned().collect()
    }

    /// Commits for the group where to go on. What may go better is tried again for half a minute.
    ///
    /// # Errors
    /// When one of them is refused; the others are committed. A member may commit only what it has been told that it is
    /// assigned, and has not lost or given up.
    ///
    /// # Cancel safety
    /// It may be done or not.
    pub async fn commit(&self, offsets: &[CommitOffset]) -> Result<(), CommitError> {
        let Some(membership) = &self.membership else { return Err(CommitError::NoGroup) };
        let shared = self.is_member.then_some(&self.shared);
        committing::commit(&self.client, membership, shared, offsets).await
    }

    /// Leaves the group and lets go of everything; what is to be committed was committed before.
    pub async fn close(self, patience: Duration) {
        self.shared.close();
        self.tasks.shutdown().cancel();
        // Whoever does not answer in time finds out by itself that this member is gone.
        let _ = tokio::time::timeout(patience, self.tasks.finished()).await;
    }
}

impl Drop for Consumer {
    fn drop(&mut self) {
        self.shared.close();
        self.tasks.shutdown().cancel();
        // The tasks release theirs.
        self.client.parts.transport.release(self.lane);
    }
}

/// As the protocol writes an epoch that nobody knows.
fn epoch_number(epoch: Option<LeaderEpoch>) -> i32 {
    epoch.map_or(-1, LeaderEpoch::get)
}
