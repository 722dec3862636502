//! Consumer groups under load: members of our own that join, leave, die and stand still while things go wrong, and what
//! they were told, which [`laws`] judge.

mod classic;
mod consumer;
mod history;
pub mod laws;
mod member;
mod rebalance;

use std::fmt;
use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context as _, bail};
use forebay_lifecycle::clock;
use futures_util::future::{join, join_all};
use kafka_protocol::messages::ListOffsetsRequest;
use kafka_protocol::messages::list_offsets_request::{ListOffsetsPartition, ListOffsetsTopic};

pub use history::{GroupEvent, GroupRecorder};
pub use laws::GroupViolation;
pub use member::Met;
pub use rebalance::Rebalance;

use crate::addresses::Addresses;
use crate::connection::Connection;
use crate::random::Random;
use crate::run::TOPIC;
use member::{Fate, Member};

const LIST_OFFSETS: i16 = 4;
const LATEST: i64 = -1;
const PAUSE: Duration = Duration::from_millis(50);
/// How many violations are told.
const TOLD: usize = 10;

/// How members of a group agree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// JoinGroup and SyncGroup.
    Classic,
    /// KIP-848.
    Consumer,
}

/// What a group does in a run.
#[derive(Debug, Clone)]
pub struct GroupLoad {
    pub protocol: Protocol,
    pub members: u32,
    pub topic: String,
    pub partitions: i32,
    /// How long a member may be silent; agents must allow it.
    pub session_timeout: Duration,
    /// How long a member waits for an answer, which may be that to JoinGroup.
    pub timeout: Duration,
    /// Something happens to members at times up to this one.
    pub mishaps_until: Duration,
    /// So long after the producers the group may take to consume everything.
    pub patience: Duration,
}

impl GroupLoad {
    /// Ten members, to four of which nothing happens.
    #[must_use]
    pub fn new(protocol: Protocol, partitions: i32) -> Self {
        Self {
            protocol,
            members: 10,
            topic: TOPIC.to_owned(),
            partitions,
            session_timeout: Duration::from_millis(900),
            timeout: Duration::from_secs(4),
            mishaps_until: Duration::from_millis(2_000),
            patience: Duration::from_secs(30),
        }
    }
}

/// What a group came to.
#[derive(Debug, Clone, Default)]
pub struct GroupSummary {
    name: String,
    pub records: i64,
    pub generations: usize,
    pub met: Met,
    pub violations: usize,
    pub took: Duration,
}

impl fmt::Display for GroupSummary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, records, generations, met, violations, took } = self;
        let Met { assignments, commits, fenced, errors } = met;
        write!(
            f,
            "{name}: {records} records, {generations} generations, {assignments} assignments, {commits} commits, \
             {fenced} fenced, {errors} errors, {violations} violations, {:.1} s",
            took.as_secs_f64()
        )
    }
}

/// A group at work.
#[derive(Debug)]
pub struct GroupRun {
    name: String,
    seed: u64,
    load: GroupLoad,
    addresses: Addresses,
    recorder: GroupRecorder,
    ends: Vec<i64>,
    summary: GroupSummary,
}

impl GroupRun {
    #[must_use]
    pub fn new(name: impl Into<String>, seed: u64, load: GroupLoad, addresses: Addresses) -> Self {
        let name = name.into();
        let summary = GroupSummary { name: name.clone(), ..GroupSummary::default() };
        let recorder = GroupRecorder::default();
        Self { name, seed, load, addresses, recorder, ends: Vec::new(), summary }
    }

    /// Lets the members work while `producing` produces; ends when they have consumed everything, or are too slow.
    pub async fn work<T>(&mut self, producing: impl Future<Output = T>) -> T {
        let started = clock::now();
        let stop = AtomicBool::new(false);
        let mut random = Random(self.seed);
        let fates: Vec<_> = (0..self.load.members).map(|number| self.fates(number, &mut random)).collect();
        let (load, addresses, recorder) = (&self.load, &self.addresses, &self.recorder);
        let members = (0..load.members).zip(&fates).map(|(number, fates)| {
            Box::pin(Member::new(load, number, recorder).run(addresses, fates, &stop))
        });
        let watching = async {
            let produced = producing.await;
            let ends = until_consumed(load, addresses, recorder).await;
            stop.store(true, Ordering::SeqCst);
            (produced, ends)
        };
        let ((produced, ends), met) = Box::pin(join(watching, join_all(members))).await;
        for Met { assignments, commits, fenced, errors } in met {
            let all = &mut self.summary.met;
            all.assignments += assignments;
            all.commits += commits;
            all.fenced += fenced;
            all.errors += errors;
        }
        self.summary.took = started.elapsed();
        self.ends = ends;
        produced
    }

    /// What happens to a member, and when.
    fn fates(&self, number: u32, random: &mut Random) -> Vec<(Duration, Fate)> {
        let fate = match number % 5 {
            1 => Fate::Leaves,
            2 => Fate::Dies,
            3 => Fate::Pauses,
            _ => return Vec::new(),
        };
        let most = u64::try_from(self.load.mishaps_until.as_millis()).unwrap_or(u64::MAX);
        let mut at = || Duration::from_millis(most / 5 + random.below(most * 4 / 5));
        let mut fates = vec![(at(), fate), (at(), fate)];
        fates.sort_unstable_by_key(|(at, _)| *at);
        fates
    }

    /// Judges.
    ///
    /// # Errors
    /// When a law is broken. Then what happened is kept.
    pub async fn finish(mut self) -> anyhow::Result<GroupSummary> {
        self.see_committed().await?;
        let events = self.recorder.events();
        let mut generations: Vec<i32> = events
            .iter()
            .filter_map(|event| match event {
                GroupEvent::Assigned { generation, .. } => Some(*generation),
                _ => None,
            })
            .collect();
        generations.sort_unstable();
        generations.dedup();
        self.summary.generations = generations.len();
        self.summary.records = self.ends.iter().sum();
        let mut broken = laws::check(&events, &self.ends);
        self.summary.violations = broken.len();
        if broken.is_empty() {
            return Ok(self.summary);
        }
        broken.truncate(TOLD);
        let told: Vec<_> = broken.iter().map(|violation| format!("\n  {violation}")).collect();
        let kept =
            std::env::temp_dir().join(format!("forebay-group-{}-{}.jsonl", self.file_name(), self.seed));
        let mut file = BufWriter::new(File::create(&kept)?);
        for event in &events {
            serde_json::to_writer(&mut file, event)?;
            file.write_all(b"\n")?;
        }
        bail!("{}\nwhat happened is in {}{}", self.summary, kept.display(), told.concat());
    }

    /// What is committed at the end.
    async fn see_committed(&self) -> anyhow::Result<()> {
        let address = self.addresses.get(0).context("an agent is there")?;
        let mut connection = Connection::open(address, self.load.timeout).await?;
        let partitions: Vec<i32> = (0..self.load.partitions).collect();
        member::committed(&mut connection, &self.load.topic, &partitions, &self.recorder).await.map(drop)
    }

    fn file_name(&self) -> String {
        self.name.replace(|letter: char| !letter.is_ascii_alphanumeric(), "-")
    }
}

/// Waits until every record is consumed, and tells where partitions end.
async fn until_consumed(load: &GroupLoad, addresses: &Addresses, recorder: &GroupRecorder) -> Vec<i64> {
    let since = clock::now();
    let count = usize::try_from(load.partitions).unwrap_or_default();
    let mut turn = 0;
    let mut ends = None;
    while since.elapsed() < load.patience {
        if ends.is_none() {
            ends = ends_of(load, addresses, turn).await.ok();
            turn += 1;
        }
        if ends.as_ref().is_some_and(|ends| *ends == laws::consumed(&recorder.events(), count)) {
            break;
        }
        tokio::time::sleep(PAUSE).await;
    }
    // Where nobody says how much there is, nobody has consumed it.
    ends.unwrap_or_else(|| vec![i64::MAX; count])
}

async fn ends_of(load: &GroupLoad, addresses: &Addresses, turn: usize) -> anyhow::Result<Vec<i64>> {
    let address = addresses.get(turn).context("an agent is there")?;
    let mut connection = Connection::open(address, load.timeout).await?;
    let of =
        |partition| ListOffsetsPartition::default().with_partition_index(partition).with_timestamp(LATEST);
    let topic = ListOffsetsTopic::default()
        .with_name(member::topic(&load.topic))
        .with_partitions((0..load.partitions).map(of).collect());
    let request = ListOffsetsRequest::default().with_topics(vec![topic]);
    let answer = connection.ask(LIST_OFFSETS, &request).await?;
    let mut ends = vec![0; usize::try_from(load.partitions).unwrap_or_default()];
    for told in answer.topics.into_iter().flat_map(|topic| topic.partitions) {
        let end = usize::try_from(told.partition_index).ok().and_then(|at| ends.get_mut(at));
        match (told.error_code, end) {
            (0, Some(end)) => *end = told.offset,
            (other, _) => bail!("error {other} of where a partition ends"),
        }
    }
    Ok(ends)
}
