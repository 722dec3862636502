//! A member by the protocol of KIP-848: the broker shares out partitions, and tells each member its own with the answers
//! to heartbeats. A member first lets go of what it is to give up, then takes what is new, and says what it has.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use forebay_lifecycle::{Backoff, Shutdown, chance};
use forebay_model::{PartitionId, TopicId, TopicName};
use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::consumer_group_heartbeat_request::TopicPartitions;
use kafka_protocol::messages::{
    ApiKey, ConsumerGroupHeartbeatRequest, ConsumerGroupHeartbeatResponse, GroupId as WireGroup,
};
use kafka_protocol::protocol::StrBytes;
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::event::ConsumeError;
use super::group::{Ended, FIRST_PAUSE, LONGEST_PAUSE, Member};
use super::membership::Identity;
use super::state::Place;
use crate::failure::Failure;
use crate::topic_partition::TopicPartition;
use crate::topics::wire_name;
use crate::transport::Destination;

/// Partitions by the ids of their topics, as the protocol has them.
type ById = BTreeMap<TopicId, BTreeSet<i32>>;

pub(super) struct Heartbeats<'a> {
    member: &'a Member,
    id: StrBytes,
    /// 0 for one who is to join.
    epoch: i32,
    interval: Duration,
    /// What is subscribed to, and when that was looked at.
    names: BTreeSet<TopicName>,
    looked: Option<Instant>,
    /// Whether the broker must be told everything.
    is_full: bool,
    are_names_new: bool,
    /// What it has been told that this member has.
    reported: Option<ById>,
    /// What the broker wants this member to have.
    assignment: Option<ById>,
    ids: BTreeMap<TopicName, TopicId>,
    owned: BTreeSet<TopicPartition>,
    revoking: Option<Revoking>,
    heard: Instant,
    backoff: Backoff,
}

/// Partitions that are given up, as soon as whoever reads them is done.
struct Revoking {
    done: oneshot::Receiver<()>,
    deadline: Instant,
    partitions: Vec<TopicPartition>,
}

const JOINS: i32 = 0;
const LEAVES: i32 = -1;
/// A member with a name of its own leaves and will be back.
const LEAVES_FOR_NOW: i32 = -2;

impl<'a> Heartbeats<'a> {
    pub(super) fn new(member: &'a Member) -> Self {
        Self {
            member,
            id: StrBytes::from_string(format!("{:032x}", chance::bits())),
            epoch: JOINS,
            interval: Duration::from_secs(5),
            names: BTreeSet::new(),
            looked: None,
            is_full: true,
            are_names_new: false,
            reported: None,
            assignment: None,
            ids: BTreeMap::new(),
            owned: BTreeSet::new(),
            revoking: None,
            heard: Instant::now(),
            backoff: Backoff::new(FIRST_PAUSE, LONGEST_PAUSE),
        }
    }

    /// Stays a member until the shutdown.
    pub(super) async fn run(mut self, shutdown: &Shutdown) -> Ended {
        loop {
            let pause = tokio::select! {
                () = shutdown.cancelled() => break,
                pause = self.turn() => match pause {
                    Ok(pause) => pause,
                    Err(ended) => return ended,
                },
            };
            tokio::select! {
                () = shutdown.cancelled() => break,
                () = tokio::time::sleep(pause) => {}
                () = given_up(&mut self.revoking), if self.revoking.is_some() => self.has_given_up(),
            }
        }
        self.leave().await;
        Ended::Done
    }

    /// One heartbeat, and what follows from its answer: how long to wait for the next.
    async fn turn(&mut self) -> Result<Duration, Ended> {
        if let Err(failure) = self.look().await {
            // A member goes on with the topics that it knows.
            self.tell(failure);
            if self.names.is_empty() && self.looked.is_none() {
                return Ok(self.backoff.pause());
            }
        }
        match self.beat().await {
            Ok(response) => {
                self.backoff.reset();
                self.take(response);
            }
            Err(failure) => {
                let paused = self.failed(failure)?;
                if self.heard.elapsed() > self.member.membership.settings.session_timeout {
                    self.is_out();
                }
                return Ok(paused);
            }
        }
        self.reconcile().await;
        if self.revoking.is_none() && self.reported.as_ref() != Some(&self.report()) {
            return Ok(Duration::ZERO);
        }
        Ok(self.interval)
    }

    /// Which topics are meant now, where that may have changed.
    async fn look(&mut self) -> Result<(), Failure> {
        let max_age = self.member.client.parts.settings.metadata_max_age;
        if self.looked.is_some_and(|looked| looked.elapsed() < max_age) {
            return Ok(());
        }
        let names = self.member.names.now(&self.member.client).await?;
        self.looked = Some(Instant::now());
        self.are_names_new |= names != self.names;
        self.names = names;
        Ok(())
    }

    async fn beat(&mut self) -> Result<ConsumerGroupHeartbeatResponse, Failure> {
        let member = self.member;
        let coordinator = member.membership.coordinator(&member.client).await?;
        let report = self.report();
        let is_report_new = self.is_full || self.reported.as_ref() != Some(&report);
        let request = self.request(is_report_new.then_some(&report));
        let to = (Destination::Broker(coordinator), member.lane);
        let asked = member.client.ask(to, 0..=1, |_| request).await;
        // Without an answer nobody knows what the broker has seen.
        let (_, response) = asked.inspect_err(|_| self.is_full = true)?;
        let api = ApiKey::ConsumerGroupHeartbeat;
        Failure::check(api, response.error_code, response.error_message.as_deref())
            .inspect_err(|_| self.is_full = true)?;
        if is_report_new {
            self.reported = Some(report);
        }
        (self.is_full, self.are_names_new) = (false, false);
        Ok(response)
    }

    fn request(&self, report: Option<&ById>) -> ConsumerGroupHeartbeatRequest {
        let settings = &self.member.membership.settings;
        let text = |text: &String| StrBytes::from_string(text.clone());
        let mut request = ConsumerGroupHeartbeatRequest::default()
            .with_group_id(WireGroup(StrBytes::from_string(settings.group.as_str().to_owned())))
            .with_member_id(self.id.clone())
            .with_member_epoch(self.epoch)
            .with_instance_id(settings.instance.as_ref().map(text))
            .with_rebalance_timeout_ms(-1)
            .with_subscribed_topic_names(None)
            .with_topic_partitions(None);
        if self.is_full {
            let millis = i32::try_from(settings.rebalance_timeout.as_millis()).unwrap_or(i32::MAX);
            request.rebalance_timeout_ms = millis;
            request.rack_id = self.member.client.parts.settings.rack.as_ref().map(text);
            request.server_assignor = settings.server_assignor.as_ref().map(text);
        }
        if self.is_full || self.are_names_new {
            request.subscribed_topic_names = Some(self.names.iter().map(wire_name).collect());
        }
        request.topic_partitions = report.map(|report| {
            let topics = report.iter().map(|(topic, partitions)| {
                TopicPartitions::default()
                    .with_topic_id(topic.uuid())
                    .with_partitions(partitions.iter().copied().collect())
            });
            topics.collect()
        });
        request
    }

    /// What this member has; also what it is giving up, until that is done.
    fn report(&self) -> ById {
        let mut report = ById::new();
        for partition in &self.owned {
            if let Some(id) = self.ids.get(&partition.topic) {
                report.entry(*id).or_default().insert(partition.partition.get());
            }
        }
        report
    }

    fn take(&mut self, response: ConsumerGroupHeartbeatResponse) {
        self.heard = Instant::now();
        if let Some(id) = response.member_id.filter(|id| !id.is_empty()) {
            self.id = id;
        }
        self.epoch = response.member_epoch;
        if let Ok(millis) = u64::try_from(response.heartbeat_interval_ms)
            && millis > 0
        {
            self.interval = Duration::from_millis(millis);
        }
        let identity = Identity::Consumer { member: self.id.clone(), epoch: self.epoch };
        self.member.membership.set_identity(identity);
        if let Some(assignment) = response.assignment {
            let topics = assignment
                .topic_partitions
                .into_iter()
                .map(|topic| (TopicId::from_uuid(topic.topic_id), topic.partitions.into_iter().collect()));
            self.assignment = Some(topics.collect());
        }
    }

    /// Comes closer to what the broker wants: gives up what is somebody else's, then takes what is new.
    async fn reconcile(&mut self) {
        if self.revoking.is_some() {
            return;
        }
        let Some(assignment) = self.assignment.clone() else { return };
        self.learn(&assignment).await;
        let names: BTreeMap<TopicId, &TopicName> = self.ids.iter().map(|(name, id)| (*id, name)).collect();
        let mut target = BTreeSet::new();
        for (id, partitions) in &assignment {
            // A topic that is so new that nobody knows its name: with the next heartbeat, then.
            let Some(name) = names.get(id) else { continue };
            let numbers = partitions.iter().filter_map(|partition| PartitionId::new(*partition).ok());
            target.extend(numbers.map(|number| TopicPartition::new((*name).clone(), number)));
        }
        let revoked: Vec<_> = self.owned.difference(&target).cloned().collect();
        if !revoked.is_empty() {
            let deadline = Instant::now() + self.member.membership.settings.rebalance_timeout;
            let done = self.member.shared.revoke(revoked.clone());
            self.revoking = Some(Revoking { done, deadline, partitions: revoked });
            return;
        }
        let place = Place::Committed { or: self.member.start };
        let new = target.difference(&self.owned).map(|partition| (partition.clone(), place));
        self.member.shared.assign(new);
        self.owned = target;
    }

    /// The names of topics in an assignment.
    async fn learn(&mut self, assignment: &ById) {
        let client = &self.member.client;
        for is_second in [false, true] {
            let mut known = BTreeMap::new();
            for name in self.names.iter().chain(self.owned.iter().map(|owned| &owned.topic)) {
                if known.contains_key(name) {
                    continue;
                }
                let asked = client.topic(name).await.ok().and_then(|topic| topic.id);
                // That nobody can be asked just now takes nothing away.
                if let Some(id) = asked.or_else(|| self.ids.get(name).copied()) {
                    known.insert(name.clone(), id);
                }
            }
            let is_complete = assignment.keys().all(|id| known.values().any(|known| known == id));
            if is_complete || is_second {
                self.ids = known;
                return;
            }
            self.names.iter().for_each(|name| client.parts.metadata.is_wrong(name));
        }
    }

    fn has_given_up(&mut self) {
        if let Some(revoking) = self.revoking.take() {
            self.member.shared.given_up(&revoking.partitions);
            for partition in &revoking.partitions {
                self.owned.remove(partition);
            }
        }
    }

    /// After a heartbeat that was not answered well: how long to wait for the next.
    fn failed(&mut self, failure: Failure) -> Result<Duration, Ended> {
        self.member.membership.saw(&failure);
        match failure.code() {
            Some(ResponseError::UnknownMemberId | ResponseError::FencedMemberEpoch) => {
                let was_member = self.epoch != JOINS;
                self.is_out();
                Ok(if was_member { Duration::ZERO } else { self.backoff.pause() })
            }
            Some(
                ResponseError::UnsupportedVersion
                | ResponseError::InconsistentGroupProtocol
                | ResponseError::GroupIdNotFound,
            ) if self.epoch == JOINS => {
                let protocol = self.member.membership.settings.protocol;
                if protocol == super::GroupProtocol::Consumer {
                    self.tell(failure);
                }
                Err(Ended::OtherProtocol)
            }
            Some(ResponseError::FencedInstanceId) => {
                // Another one has taken the name.
                self.is_out();
                self.tell(failure);
                Err(Ended::Done)
            }
            _ => {
                self.tell(failure);
                Ok(self.backoff.pause())
            }
        }
    }

    fn tell(&self, failure: Failure) {
        self.member.shared.failed(ConsumeError::general(failure));
    }

    /// The group goes on without this member, which joins anew.
    fn is_out(&mut self) {
        self.member.shared.lose(std::mem::take(&mut self.owned).into_iter().collect());
        self.member.membership.set_identity(Identity::None);
        (self.revoking, self.assignment, self.reported) = (None, None, None);
        (self.epoch, self.is_full) = (JOINS, true);
        self.heard = Instant::now();
    }

    async fn leave(&mut self) {
        if self.epoch == JOINS {
            return;
        }
        let is_static = self.member.membership.settings.instance.is_some();
        self.epoch = if is_static { LEAVES_FOR_NOW } else { LEAVES };
        (self.is_full, self.are_names_new) = (false, false);
        let request = self.request(None);
        let Ok(coordinator) = self.member.membership.coordinator(&self.member.client).await else { return };
        let to = (Destination::Broker(coordinator), self.member.lane);
        // The group finds out by itself, if this does not arrive.
        let _ = self.member.client.ask(to, 0..=1, |_| request).await;
    }
}

/// Waits until what is given up may go.
async fn given_up(revoking: &mut Option<Revoking>) {
    if let Some(Revoking { done, deadline, .. }) = revoking {
        // Dropped, or told: both say that it is done; and so does the end of the time.
        let _ = tokio::time::timeout_at(*deadline, done).await;
    }
}
