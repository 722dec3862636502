//! A connected consumer, and what of it is under way.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use forebay_sdk::kafka::{
    self, Cluster, Consumer, FailureKind, Fetched, KafkaError, KafkaFailure, Position, Start, TopicPartition,
};
use forebay_sdk::rate_limits::{self, Waited};
use forebay_sdk::waits::Woken;
use forebay_sdk::{Event, Outcome, Settlement, Token, log, time};

use super::fields::Plan;
use super::places::Places;

/// How long what is under way of a partition is waited for that goes to another member.
const REVOCATION: Duration = Duration::from_secs(20);
/// How long a commit may take, and leaving a group.
const COMMIT: Duration = Duration::from_secs(10);
const LEAVING: Duration = Duration::from_secs(5);
/// How long the rate limit is asked before something else is looked after.
const ASKING: Duration = Duration::from_secs(1);
/// How much waits for the rate limit while it is seen what else there is.
const MOST_HELD: usize = 2;

/// A consumer at work.
pub(super) struct Reading {
    consumer: Consumer,
    _cluster: Cluster,
    is_member: bool,
    places: Places,
    /// Without a group: where partitions are read from that were read before.
    starts: BTreeMap<TopicPartition, i64>,
    last_token: Token,
    paused: BTreeSet<TopicPartition>,
    /// What goes to others, in the order in which it has to be released.
    revoked: VecDeque<Leaving>,
    next_commit: Duration,
    /// What is committed while reading goes on.
    committing: Option<Vec<Position>>,
    /// What waits for the rate limit, or for room in its partition.
    held: VecDeque<Fetched>,
    /// Since when the rate limit has let nothing go on.
    refused: Option<Duration>,
    /// Whether all partitions are paused, so that nothing more comes that would have to be held.
    is_stopped: bool,
    /// Why it is of no more use.
    broken: Option<String>,
    /// What was said of the last failure, which is not said again and again.
    said: String,
}

/// Partitions that go to others.
struct Leaving {
    partitions: Vec<TopicPartition>,
    step: Step,
    /// Until when that is waited for.
    until: Duration,
}

/// What is waited for before partitions are released.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// That what is under way is delivered.
    Delivering,
    /// That the commit before has ended, so that the last one can begin.
    Delivered,
    /// That the last commit has ended.
    Committing,
}

/// What is left of a consumer that has ended.
#[derive(Debug, Default)]
pub(super) struct Ended {
    /// Without a group: where reading goes on.
    pub(super) starts: BTreeMap<TopicPartition, i64>,
    /// Tokens are not used again: what was handed out may still be under way.
    pub(super) last_token: Token,
}

impl Reading {
    /// One that goes on where another one has ended.
    pub(super) fn new(cluster: Cluster, consumer: Consumer, before: Ended, is_member: bool) -> Self {
        let Ended { starts, last_token } = before;
        Self {
            consumer,
            _cluster: cluster,
            is_member,
            places: Places::default(),
            starts,
            last_token,
            paused: BTreeSet::new(),
            revoked: VecDeque::new(),
            next_commit: Duration::ZERO,
            committing: None,
            held: VecDeque::new(),
            refused: None,
            is_stopped: false,
            broken: None,
            said: String::new(),
        }
    }

    /// What there is next.
    pub(super) fn read(&mut self, plan: &Plan, settled: Vec<Settlement>) -> Event {
        self.settle(plan, settled, false);
        loop {
            if let Some(reason) = self.broken.take() {
                return Event::NotConnected(reason);
            }
            let due = self.look_after(plan);
            let ready = self.ready();
            if ready.is_none() {
                self.go_on();
            }
            let wait = match ready {
                // Nothing more is to be held than can be handed out.
                Some(_) if plan.rate_limit.is_none() || !self.can_hear() => None,
                Some(_) => Some(Some(Duration::ZERO)),
                None => Some(due.map(|due| due.saturating_sub(time::monotonic()))),
            };
            match wait.map(|wait| self.consumer.poll(wait)) {
                Some(kafka::Event::Woken(woken)) if woken != Woken::DEADLINE => return Event::Idle,
                Some(kafka::Event::Woken(_)) | None => {}
                Some(event) => {
                    self.hear(plan, event);
                    continue;
                }
            }
            let Some(ready) = ready else { continue };
            match self.admit(plan, due) {
                Ok(true) => {
                    if let Some(fetched) = self.held.remove(ready) {
                        return self.hand_out(plan, fetched);
                    }
                }
                Ok(false) => {}
                Err(event) => return event,
            }
        }
    }

    /// What of that which is held can be handed out when the rate limit allows it. Where there are no messages nothing
    /// has to be.
    fn ready(&mut self) -> Option<usize> {
        loop {
            let ready = self.held.iter().position(|fetched| !self.paused.contains(&fetched.source))?;
            let fetched = self.held.remove(ready)?;
            if !fetched.messages.is_empty() {
                self.held.insert(ready, fetched);
                return Some(ready);
            }
            self.places.pass_over(&fetched.source, (fetched.first, fetched.next));
        }
    }

    /// Whether the next event can be taken while something waits for the rate limit. Where that takes long nothing is to
    /// come that has to be held, so that the rest is heard.
    fn can_hear(&mut self) -> bool {
        if self.held.len() >= MOST_HELD
            && !self.is_stopped
            && self.refused.is_some_and(|since| time::monotonic().saturating_sub(since) >= ASKING)
        {
            self.consumer.pause(&self.running());
            self.is_stopped = true;
        }
        self.held.len() < MOST_HELD || self.is_stopped
    }

    /// Has everything come again.
    fn go_on(&mut self) {
        self.refused = None;
        if std::mem::take(&mut self.is_stopped) {
            self.consumer.resume(&self.running());
        }
    }

    /// The partitions that are read and not paused for themselves.
    fn running(&self) -> Vec<TopicPartition> {
        let is_leaving =
            |source: &TopicPartition| self.revoked.iter().any(|leaving| leaving.partitions.contains(source));
        let running = |source: &&TopicPartition| !self.paused.contains(*source) && !is_leaving(source);
        self.places.sources().filter(running).cloned().collect()
    }

    fn hear(&mut self, plan: &Plan, event: kafka::Event) {
        match event {
            kafka::Event::Fetched(fetched) => self.held.push_back(fetched),
            kafka::Event::Assigned(partitions) => self.begin(&partitions),
            kafka::Event::Revoked(partitions) => {
                // Whoever gets it reads what waits here as well.
                self.held.retain(|fetched| !partitions.contains(&fetched.source));
                let (step, until) = (Step::Delivering, time::monotonic() + REVOCATION);
                self.revoked.push_back(Leaving { partitions, step, until });
            }
            kafka::Event::Lost(partitions) => {
                log::warn(format!("lost to other members of the group: {}", list(&partitions)));
                self.forget(&partitions);
                // Should it come back, it may be another one of this name.
                self.starts.retain(|source, _| !partitions.contains(source));
            }
            kafka::Event::Committed(ended) => {
                let positions = self.committing.take().unwrap_or_default();
                self.has_committed(&positions, ended);
            }
            kafka::Event::Failed(failure) => self.fail(plan, failure),
            kafka::Event::Woken(_) => {}
        }
    }

    /// Takes what became of messages. `at_end`: what is rejected was not tried to the end.
    pub(super) fn settle(&mut self, plan: &Plan, settled: Vec<Settlement>, at_end: bool) {
        let mut resumed = Vec::new();
        for Settlement { token, outcome, .. } in settled {
            let source = match outcome {
                Outcome::Rejected { reason, .. } if plan.replays || at_end => {
                    // Nobody tries it again: everything from there on has to be read once more.
                    if self.places.leave(token).is_some() {
                        self.broken.get_or_insert_with(|| {
                            format!("messages were rejected, and are read again: {reason}")
                        });
                    }
                    continue;
                }
                Outcome::Acknowledged | Outcome::Rejected { .. } => self.places.settle(token),
            };
            if let Some(source) = source
                && self.places.under_way(&source) < plan.limit
                && self.paused.remove(&source)
            {
                resumed.push(source);
            }
        }
        // What is stopped goes on with all others.
        if !resumed.is_empty() && !self.is_stopped {
            self.consumer.resume(&resumed);
        }
    }

    /// Commits what is done and leaves.
    pub(super) fn end(mut self) -> Ended {
        self.commit();
        let Self { consumer, places, mut starts, last_token, is_member, .. } = self;
        if !is_member {
            starts.extend(places.starts());
        }
        consumer.close(LEAVING);
        Ended { starts, last_token }
    }

    /// Does what is due, and says when something is next.
    fn look_after(&mut self, plan: &Plan) -> Option<Duration> {
        let now = time::monotonic();
        while self.give_up(now) {}
        let may_commit = self.is_member && self.committing.is_none();
        if may_commit && self.next_commit <= now {
            self.start_commit(COMMIT);
            self.next_commit = now + plan.commit_period;
        }
        let is_commit_due = self.is_member && self.committing.is_none() && self.places.has_to_commit();
        let commit = is_commit_due.then_some(self.next_commit);
        let revocation = self.revoked.front().map(|leaving| leaving.until);
        [commit, revocation].into_iter().flatten().min()
    }

    /// Hands the partitions that were revoked first over to other members of the group, as soon as what is done of them
    /// is committed. Whether it did.
    fn give_up(&mut self, now: Duration) -> bool {
        let Some(leaving) = self.revoked.front_mut() else { return false };
        if leaving.step == Step::Delivering {
            if now < leaving.until && !self.places.are_done(&leaving.partitions) {
                return false;
            }
            for source in &leaving.partitions {
                let messages = self.places.under_way(source);
                if messages > 0 {
                    log::warn(format!(
                        "{source} goes to another member of the group although {messages} messages of it are not \
                         delivered: it may deliver them again"
                    ));
                }
            }
            (leaving.step, leaving.until) = (Step::Delivered, now + COMMIT);
        }
        let until = leaving.until;
        if now < until && self.is_member && self.places.have_to_commit(&leaving.partitions) {
            if self.committing.is_none() && leaving.step == Step::Delivered {
                leaving.step = Step::Committing;
                self.start_commit(until - now);
            }
            if self.committing.is_some() {
                return false;
            }
        }
        let Some(Leaving { partitions, .. }) = self.revoked.pop_front() else { return false };
        self.consumer.release();
        self.forget(&partitions);
        true
    }

    fn forget(&mut self, partitions: &[TopicPartition]) {
        self.places.forget(partitions);
        for source in partitions {
            self.paused.remove(source);
        }
        self.held.retain(|fetched| !partitions.contains(&fetched.source));
        if let Some(committing) = &mut self.committing {
            committing.retain(|position| !partitions.contains(&position.source));
        }
    }

    fn begin(&mut self, partitions: &[TopicPartition]) {
        log::debug(format!("reads {}", list(partitions)));
        // One that was asked back and is here again is not given up. What is left of that, be it nothing, stays in its
        // turn: releases go by their order.
        for leaving in &mut self.revoked {
            leaving.partitions.retain(|source| !partitions.contains(source));
        }
        // What was handed out of them before says nothing about what is read from now on.
        self.forget(partitions);
        self.places.begin(partitions);
        if self.is_stopped {
            self.consumer.pause(partitions);
        }
        for source in partitions {
            if let Some(offset) = self.starts.get(source) {
                self.consumer.seek(source, Start::At(*offset));
            }
        }
    }

    /// Begins to commit what is done: reading goes on meanwhile, also where the group's coordinator is away.
    fn start_commit(&mut self, limit: Duration) {
        let positions = self.places.to_commit();
        if positions.is_empty() {
            return;
        }
        match self.consumer.start_commit(&positions, limit) {
            Ok(()) => self.committing = Some(positions),
            Err(error) => self.has_committed(&positions, Err(error)),
        }
    }

    /// Commits what is done, also what is being committed, and waits for it: the last word of all.
    fn commit(&mut self) {
        let positions = if self.is_member { self.places.to_commit() } else { Vec::new() };
        if positions.is_empty() {
            return;
        }
        self.committing = None;
        let ended = self.consumer.commit(&positions, COMMIT);
        self.has_committed(&positions, ended);
    }

    fn has_committed(&mut self, positions: &[Position], ended: Result<(), KafkaError>) {
        match ended {
            Ok(()) => self.places.committed(positions),
            Err(error) => {
                // Of what is given up since nobody wants to know.
                let Some(Position { source, next }) = positions.first() else { return };
                let count = positions.len();
                log::warn(format!("{count} partitions were not committed, {source} at {next}: {error}"));
            }
        }
    }

    /// Asks the rate limit, up to a time. What came instead is an event.
    fn admit(&mut self, plan: &Plan, due: Option<Duration>) -> Result<bool, Event> {
        let Some(label) = &plan.rate_limit else { return Ok(true) };
        let now = time::monotonic();
        self.refused.get_or_insert(now);
        let time = due.map_or(ASKING, |due| due.saturating_sub(now).min(ASKING));
        match rate_limits::wait(label, None, Some(time)) {
            Ok(Waited::Admitted) => Ok(true),
            Ok(Waited::Woken(woken)) if woken == Woken::DEADLINE => Ok(false),
            Ok(Waited::Woken(_)) => Err(Event::Idle),
            Err(error) => Err(Event::NotConnected(format!("rate limit {}: {error}", &**label))),
        }
    }

    fn hand_out(&mut self, plan: &Plan, fetched: Fetched) -> Event {
        let Fetched { source, first, next, messages, .. } = fetched;
        self.said.clear();
        self.refused = None;
        self.last_token += 1;
        let token = self.last_token;
        self.places.hand_out(token, &source, (first, next), messages.len());
        if self.places.under_way(&source) >= plan.limit && self.paused.insert(source.clone()) {
            self.consumer.pause(&[source]);
        }
        Event::Batch { token, batch: messages.with_independent(!plan.whole) }
    }

    /// What can't go on by itself has to be connected anew.
    fn fail(&mut self, plan: &Plan, failure: KafkaFailure) {
        let goes_on = match failure.kind {
            FailureKind::UnknownTopic => !plan.reconnects,
            _ => failure.is_retriable(),
        };
        if !goes_on {
            self.broken.get_or_insert(failure.reason);
        } else if self.said != failure.reason {
            log::warn(&failure.reason);
            self.said = failure.reason;
        }
    }
}

fn list(partitions: &[TopicPartition]) -> String {
    let names: Vec<_> = partitions.iter().map(ToString::to_string).collect();
    names.join(", ")
}
