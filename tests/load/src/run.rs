use std::fs::File;
use std::io::BufWriter;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context as _, bail};
use forebay_kafka_wire::Compression;
use forebay_lifecycle::clock;
use futures_util::future::{Either, join, join_all, select};

use crate::addresses::Addresses;
use crate::connection::Connection;
use crate::deleter::Deleter;
use crate::history::{History, Recorder};
use crate::summary::Summary;
use crate::{laws, producer, reader, topics};

/// How many violations are told; the history has the rest.
const TOLD: usize = 10;

/// What clients do in a run.
#[derive(Debug, Clone)]
pub struct Load {
    pub partitions: i32,
    pub idempotent: u32,
    pub plain: u32,
    pub readers: usize,
    /// Of each producer.
    pub requests: usize,
    pub most_records: u32,
    pub value_bytes: usize,
    pub compression: Compression,
    /// How long a client waits for an answer.
    pub timeout: Duration,
    /// After so long without progress a producer gives up, which fails the run.
    pub patience: Duration,
}

impl Default for Load {
    fn default() -> Self {
        Self {
            partitions: 3,
            idempotent: 4,
            plain: 2,
            readers: 2,
            requests: 60,
            most_records: 4,
            value_bytes: 100,
            compression: Compression::None,
            timeout: Duration::from_secs(2),
            patience: Duration::from_secs(20),
        }
    }
}

/// Clients at work, what they are told, and what is to be said about it.
#[derive(Debug)]
pub struct Run {
    name: String,
    seed: u64,
    load: Load,
    pub addresses: Addresses,
    recorder: Recorder,
    /// The number of the first producer.
    first_client: u32,
    /// Producers make nothing more.
    stop: Arc<AtomicBool>,
    summary: Summary,
}

/// Where the records of runs are.
pub const TOPIC: &str = "load";

impl Run {
    #[must_use]
    pub fn new(name: impl Into<String>, seed: u64, load: Load, addresses: Addresses) -> Self {
        let name = name.into();
        let summary = Summary::new(&name, seed);
        let (recorder, stop) = (Recorder::default(), Arc::default());
        Self { name, seed, load, addresses, recorder, first_client: 0, stop, summary }
    }

    /// Makes the topic. It may be there already.
    ///
    /// # Errors
    /// When no agent makes it.
    pub async fn create_topic(&self) -> anyhow::Result<()> {
        let address = self.addresses.get(0).context("no agent is there")?;
        let mut connection = Connection::open(address, self.load.timeout).await?;
        topics::create(&mut connection, TOPIC, self.load.partitions).await
    }

    /// The topic has so many partitions from now on: who asked an agent for them says so here.
    pub fn grow(&mut self, partitions: i32) {
        self.load.partitions = partitions;
    }

    /// Lets the clients work, while `fault` does what it does. Ends when the producers have all their acknowledgements;
    /// whether `fault` had come to its end by then.
    pub async fn work(&mut self, fault: impl Future<Output = ()>) -> bool {
        let started = clock::now();
        let no_more = AtomicBool::new(false);
        let plans = self.producer_plans();
        let (addresses, recorder, seed) = (&self.addresses, &self.recorder, self.seed);
        let producers = plans.into_iter().map(|plan| {
            let seed = seed.wrapping_mul(1_000_003).wrapping_add(u64::from(plan.client));
            producer::run(plan, addresses, recorder, seed)
        });
        let reading = self.reader_plan();
        let readers = (0..self.load.readers)
            .map(|turn| reader::follow(&reading, addresses, recorder, (turn, &no_more)));
        let mut is_over = false;
        let producing = async {
            let produced = match select(Box::pin(join_all(producers)), Box::pin(fault)).await {
                Either::Left((produced, _)) => produced,
                Either::Right(((), producers)) => {
                    is_over = true;
                    producers.await
                }
            };
            no_more.store(true, Ordering::SeqCst);
            produced
        };
        let (produced, read) = Box::pin(join(producing, join_all(readers))).await;
        self.summary.add(&produced, &read, started.elapsed());
        is_over
    }

    /// Producers make nothing more and end soon: for runs that are measured in time.
    #[must_use]
    pub fn stop(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.stop)
    }

    /// Deletes records of its topic.
    #[must_use]
    pub fn deleter(&self, seed: u64) -> Deleter {
        let Load { partitions, timeout, .. } = self.load;
        Deleter::new(TOPIC, partitions, (self.addresses.clone(), timeout), self.recorder.clone(), seed)
    }

    /// What it came to so far.
    #[must_use]
    pub fn summary(&self) -> &Summary {
        &self.summary
    }

    /// The next work is that of other clients, in the same topic.
    pub fn again(&mut self) {
        self.first_client += self.load.idempotent + self.load.plain;
    }

    /// Reads everything, and judges.
    ///
    /// # Errors
    /// When a law is broken, a producer gave up, or not everything can be read. Then the history is kept.
    pub async fn finish(self) -> anyhow::Result<Summary> {
        self.finish_with_history().await.map(|(summary, _)| summary)
    }

    /// The same for who wants to know what was read.
    ///
    /// # Errors
    /// As [`Run::finish`].
    pub async fn finish_with_history(mut self) -> anyhow::Result<(Summary, History)> {
        let plan = self.reader_plan();
        let read = reader::read_all(&plan, &self.addresses, &self.recorder, self.load.patience).await;
        let history = self.recorder.history();
        let mut broken = laws::check(&history);
        self.summary.violations = broken.len();
        self.summary.read_back = *read.as_ref().unwrap_or(&0);
        if broken.is_empty() && read.is_ok() && self.summary.gave_up == 0 {
            return Ok((self.summary, history));
        }
        let kept = self.keep(&history)?;
        broken.truncate(TOLD);
        let told: Vec<_> = broken.iter().map(|violation| format!("\n  {violation}")).collect();
        let unread = read.err().map(|error| format!("\n  {error:#}")).unwrap_or_default();
        bail!("{}\nthe history is in {}{unread}{}", self.summary, kept.display(), told.concat());
    }

    /// Where its clients write down what happens, for who does something when they have met something.
    #[must_use]
    pub fn recorder(&self) -> Recorder {
        self.recorder.clone()
    }

    /// What was written down so far.
    #[must_use]
    pub fn history(&self) -> History {
        self.recorder.history()
    }

    fn keep(&self, history: &History) -> anyhow::Result<PathBuf> {
        let folder = std::env::var_os("FOREBAY_LOAD_HISTORIES")
            .map_or_else(|| std::env::temp_dir().join("forebay-histories"), PathBuf::from);
        std::fs::create_dir_all(&folder)?;
        let name = self.name.replace(|letter: char| !letter.is_ascii_alphanumeric(), "-");
        let path = folder.join(format!("{name}-{}.jsonl", self.seed));
        history.save(BufWriter::new(File::create(&path)?))?;
        Ok(path)
    }

    fn reader_plan(&self) -> reader::Plan {
        let Load { partitions, timeout, .. } = self.load;
        reader::Plan { topic: TOPIC.to_owned(), partitions, timeout }
    }

    fn producer_plans(&self) -> Vec<producer::Plan> {
        let load = &self.load;
        let plan = |client| producer::Plan {
            client: self.first_client + client,
            is_idempotent: client < load.idempotent,
            topic: TOPIC.to_owned(),
            partitions: load.partitions,
            requests: load.requests,
            window: if client % 3 == 0 { 1 } else { 5 },
            most_records: load.most_records,
            value_bytes: load.value_bytes,
            compression: load.compression,
            timeout: load.timeout,
            patience: load.patience,
            stop: Arc::clone(&self.stop),
        };
        (0..load.idempotent + load.plain).map(plan).collect()
    }
}
