//! A member of a group: it takes what it is given, reads, commits, and gives signs of life; now and then something
//! happens to it.

use std::collections::BTreeMap;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use forebay_kafka_wire::RecordBatch;
use forebay_lifecycle::clock;
use kafka_protocol::messages::fetch_request::{FetchPartition, FetchTopic};
use kafka_protocol::messages::offset_commit_request::{
    OffsetCommitRequestPartition, OffsetCommitRequestTopic,
};
use kafka_protocol::messages::offset_fetch_request::OffsetFetchRequestTopic;
use kafka_protocol::messages::{FetchRequest, GroupId, OffsetCommitRequest, OffsetFetchRequest, TopicName};
use kafka_protocol::protocol::StrBytes;

use super::history::{GroupEvent, GroupRecorder};
use super::{GroupLoad, Protocol};
use crate::addresses::Addresses;
use crate::connection::{ClientError, Connection};
use crate::history::Try;

const FETCH: i16 = 11;
const OFFSET_COMMIT: i16 = 9;
const OFFSET_FETCH: i16 = 5;
const GROUP: &str = "consumers";
const PAUSE: Duration = Duration::from_millis(20);
const MOST_BYTES: i32 = 64 << 10;

pub(super) const UNKNOWN_MEMBER: i16 = 25;
pub(super) const ILLEGAL_GENERATION: i16 = 22;
pub(super) const REBALANCING: i16 = 27;
/// Others are quicker at the moment: what was asked is asked again.
pub(super) const BUSY: i16 = 14;
pub(super) const FENCED_EPOCH: i16 = 110;
const STALE_EPOCH: i16 = 113;

/// What happens to a member.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// It leaves, and comes back as somebody else.
    Leaves,
    /// It is gone without a word, and comes back as somebody else.
    Dies,
    /// It stands still for longer than its session, and then goes on as if nothing had happened.
    Pauses,
}

/// What a member met.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Met {
    pub assignments: usize,
    pub commits: usize,
    /// Commits of somebody who was no longer a member, or of another generation.
    pub fenced: usize,
    pub errors: usize,
}

pub(super) struct Member<'r> {
    pub(super) load: &'r GroupLoad,
    pub(super) number: u32,
    pub(super) id: StrBytes,
    /// The generation or the epoch in which it has what it has; none where it is nobody yet.
    pub(super) generation: Option<i32>,
    pub(super) events: &'r GroupRecorder,
    /// What it reads next, of all that it has.
    pub(super) positions: BTreeMap<i32, i64>,
    pub(super) topic: Option<uuid::Uuid>,
    pub(super) met: Met,
    committed: BTreeMap<i32, i64>,
    last_sign: Instant,
}

impl<'r> Member<'r> {
    pub(super) fn new(load: &'r GroupLoad, number: u32, events: &'r GroupRecorder) -> Self {
        Self {
            load,
            number,
            id: StrBytes::default(),
            generation: None,
            events,
            positions: BTreeMap::new(),
            topic: None,
            met: Met::default(),
            committed: BTreeMap::new(),
            last_sign: clock::now(),
        }
    }

    /// Is a member until `stop` is set. `fates` happen so long after the start.
    pub(super) async fn run(
        mut self,
        addresses: &Addresses,
        fates: &[(Duration, Fate)],
        stop: &AtomicBool,
    ) -> Met {
        let started = clock::now();
        let mut fates = fates.iter().copied().peekable();
        let mut turn = usize::try_from(self.number).unwrap_or_default();
        while !stop.load(Ordering::SeqCst) {
            turn += 1;
            let Some(address) = addresses.get(turn) else {
                tokio::time::sleep(PAUSE).await;
                continue;
            };
            if let Ok(mut connection) = Connection::open(address, self.load.timeout).await {
                while !stop.load(Ordering::SeqCst) {
                    if let Some((_, fate)) = fates.next_if(|(after, _)| started.elapsed() >= *after) {
                        self.meet(fate, &mut connection).await;
                        if fate == Fate::Dies {
                            break;
                        }
                    }
                    if self.step(&mut connection).await.is_err() {
                        self.met.errors += 1;
                        break;
                    }
                }
            }
            tokio::time::sleep(PAUSE).await;
        }
        self.met
    }

    async fn meet(&mut self, fate: Fate, connection: &mut Connection) {
        match fate {
            Fate::Pauses => {
                tokio::time::sleep(self.load.session_timeout.mul_f64(1.5)).await;
                // It does not know yet that others go on in its place: nobody may take from it what it commits now.
                if self.consume(connection).await.is_ok() {
                    let _ = self.commit(connection).await;
                }
            }
            Fate::Dies => self.forget(),
            Fate::Leaves => {
                // Whether anybody has heard it or not.
                let _ = match self.load.protocol {
                    Protocol::Classic => self.leave_classic(connection).await,
                    Protocol::Consumer => self.leave_consumer(connection).await,
                };
                self.forget();
            }
        }
    }

    /// It is nobody from now on.
    pub(super) fn forget(&mut self) {
        self.id = StrBytes::default();
        self.lose();
    }

    /// Nothing is its own from now on.
    pub(super) fn lose(&mut self) {
        self.generation = None;
        self.positions.clear();
        self.committed.clear();
    }

    async fn step(&mut self, connection: &mut Connection) -> anyhow::Result<()> {
        if self.generation.is_none() || self.last_sign.elapsed() >= self.load.session_timeout / 8 {
            self.last_sign = clock::now();
            match self.load.protocol {
                Protocol::Classic => self.sign_classic(connection).await?,
                Protocol::Consumer => self.sign_consumer(connection).await?,
            }
        }
        if self.positions.is_empty() {
            tokio::time::sleep(PAUSE).await;
            return Ok(());
        }
        self.consume(connection).await?;
        self.commit(connection).await
    }

    /// What was assigned in a generation.
    pub(super) fn assigned(&mut self, generation: i32, partitions: &[i32]) {
        self.met.assignments += 1;
        let (member, partitions) = (self.number, partitions.to_vec());
        self.events.add(GroupEvent::Assigned { member, generation, partitions });
        self.generation = Some(generation);
    }

    /// Begins where the group has come to in partitions that are new.
    pub(super) async fn begin(&mut self, connection: &mut Connection, new: &[i32]) -> anyhow::Result<()> {
        for (partition, offset) in committed(connection, &self.load.topic, new, self.events).await? {
            self.positions.insert(partition, offset);
            self.committed.insert(partition, offset);
        }
        Ok(())
    }

    /// Reads something, if there is anything.
    async fn consume(&mut self, connection: &mut Connection) -> anyhow::Result<()> {
        let partitions = self.positions.iter().map(|(partition, offset)| {
            FetchPartition::default()
                .with_partition(*partition)
                .with_fetch_offset(*offset)
                .with_partition_max_bytes(MOST_BYTES)
        });
        let topic =
            FetchTopic::default().with_topic(topic(&self.load.topic)).with_partitions(partitions.collect());
        let request = FetchRequest::default()
            .with_max_wait_ms(30)
            .with_min_bytes(1)
            .with_max_bytes(MOST_BYTES * 16)
            .with_session_epoch(-1)
            .with_topics(vec![topic]);
        let answer = connection.ask(FETCH, &request).await?;
        for data in answer.responses.into_iter().flat_map(|topic| topic.partitions) {
            let position = self.positions.get_mut(&data.partition_index).context("it was not asked for")?;
            if data.error_code != 0 {
                bail!("error {} of a fetch", data.error_code);
            }
            let mut bytes = data.records.unwrap_or_default();
            while !bytes.is_empty() {
                let batch = RecordBatch::split_from(&mut bytes)?;
                batch.check_crc()?;
                let base = batch.header().base_offset.get();
                let to = batch.header().last_offset().context("an offset")?.get() + 1;
                let (member, partition, from) = (self.number, data.partition_index, base.max(*position));
                if to > *position {
                    self.events.add(GroupEvent::Consumed { member, partition, from, to });
                    *position = to;
                }
            }
        }
        Ok(())
    }

    /// Commits what is new in its positions.
    pub(super) async fn commit(&mut self, connection: &mut Connection) -> anyhow::Result<()> {
        let Some(generation) = self.generation else { return Ok(()) };
        let is_new = |(partition, offset): &(&i32, &i64)| self.committed.get(partition) != Some(*offset);
        let new: Vec<(i32, i64)> = self.positions.iter().filter(is_new).map(|(at, to)| (*at, *to)).collect();
        if new.is_empty() {
            return Ok(());
        }
        let partitions = new.iter().map(|(partition, offset)| {
            OffsetCommitRequestPartition::default()
                .with_partition_index(*partition)
                .with_committed_offset(*offset)
        });
        let of_topic = OffsetCommitRequestTopic::default()
            .with_name(topic(&self.load.topic))
            .with_partitions(partitions.collect());
        let request = OffsetCommitRequest::default()
            .with_group_id(group())
            .with_generation_id_or_member_epoch(generation)
            .with_member_id(self.id.clone())
            .with_topics(vec![of_topic]);
        let began = self.events.moment();
        let answer = connection.ask(OFFSET_COMMIT, &request).await?;
        let during = Try { began, ended: self.events.moment() };
        let told = answer.topics.into_iter().flat_map(|topic| topic.partitions);
        for (told, (partition, offset)) in told.zip(new) {
            match told.error_code {
                0 => {
                    self.met.commits += 1;
                    self.committed.insert(partition, offset);
                    let member = self.number;
                    self.events.add(GroupEvent::Committed { during, member, generation, partition, offset });
                }
                // The next sign of life says what becomes of it.
                STALE_EPOCH | REBALANCING => {}
                UNKNOWN_MEMBER | ILLEGAL_GENERATION | FENCED_EPOCH => {
                    self.met.fenced += 1;
                    self.forget();
                    return Ok(());
                }
                other => bail!("error {other} of a commit"),
            }
        }
        Ok(())
    }
}

/// What is committed for partitions; 0 where nothing is.
pub(super) async fn committed(
    connection: &mut Connection,
    of: &str,
    partitions: &[i32],
    events: &GroupRecorder,
) -> anyhow::Result<Vec<(i32, i64)>> {
    let of =
        OffsetFetchRequestTopic::default().with_name(topic(of)).with_partition_indexes(partitions.to_vec());
    let request = OffsetFetchRequest::default().with_group_id(group()).with_topics(Some(vec![of]));
    let began = events.moment();
    let answer = connection.ask(OFFSET_FETCH, &request).await?;
    let during = Try { began, ended: events.moment() };
    let mut committed = Vec::new();
    for told in answer.topics.into_iter().flat_map(|topic| topic.partitions) {
        if answer.error_code != 0 || told.error_code != 0 {
            bail!("errors {} and {} of what is committed", answer.error_code, told.error_code);
        }
        let (partition, offset) = (told.partition_index, told.committed_offset.max(0));
        events.add(GroupEvent::Told { during, partition, offset });
        committed.push((partition, offset));
    }
    Ok(committed)
}

pub(super) fn group() -> GroupId {
    GroupId(StrBytes::from_static_str(GROUP))
}

pub(super) fn topic(name: &str) -> TopicName {
    TopicName(StrBytes::from_string(name.to_owned()))
}

/// An answer that a member can do nothing with: it comes again on another connection.
pub(super) fn refused(what: &str, code: i16) -> ClientError {
    io::Error::other(format!("error {code} of {what}")).into()
}
