//! Producers that work while a scenario goes its way.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use forebay_lifecycle::Workers;
use forebay_tests_load::carrying::Input;
use forebay_tests_load::{Addresses, Connection, Load, Run, topics};
use forebay_tests_pipelines::Folder;

use crate::agent::Site;
use crate::outlet::CARRIED;

/// How long anybody waits for an answer.
pub(crate) const PATIENCE: Duration = Duration::from_secs(5);
/// The topic of what was carried has so many, whatever becomes of the other one.
pub(crate) const PARTITIONS: i32 = 6;

/// A folder, threads, and producers that write into the topic that pipelines read.
pub(crate) struct Workload {
    pub(crate) folder: Folder,
    workers: Workers,
    load: Load,
    seed: u64,
}

/// Producers of one topic, from its start to its end.
pub(crate) struct Producers<'w> {
    workload: &'w Workload,
    run: Run,
}

/// Says stop also when the scenario fails.
struct Stop<'s>(&'s AtomicBool);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

impl Workload {
    pub(crate) fn new(seed: u64) -> Self {
        let load = Load {
            partitions: 3,
            idempotent: 2,
            plain: 0,
            readers: 0,
            // Until they are stopped.
            requests: usize::MAX,
            most_records: 8,
            patience: Duration::from_mins(2),
            ..Load::default()
        };
        Self { folder: Folder::new(), workers: Workers::start("checker", 2).unwrap(), load, seed }
    }

    /// The same with records of so many bytes.
    pub(crate) fn with_large_records(mut self, bytes: usize) -> Self {
        self.load.value_bytes = bytes;
        self
    }

    /// Makes both topics, or the first of them on another agent than the second.
    pub(crate) fn producers(&self, from: &Site, to: &Site) -> Producers<'_> {
        self.make_outlet(to);
        self.producers_alone([from])
    }

    /// Makes the topic that pipelines write to.
    pub(crate) fn make_outlet(&self, to: &Site) {
        self.ask(to, async |connection| topics::create(connection, CARRIED, PARTITIONS).await);
    }

    /// Makes the topic of the workload alone; producers go to any of these agents.
    pub(crate) fn producers_alone<'s>(&self, sites: impl IntoIterator<Item = &'s Site>) -> Producers<'_> {
        let addresses = Addresses::of(sites.into_iter().map(Site::address));
        let run = Run::new("pipelines", self.seed, self.load.clone(), addresses);
        self.block_on(run.create_topic()).unwrap();
        Producers { workload: self, run }
    }

    pub(crate) fn block_on<T>(&self, work: impl Future<Output = T>) -> T {
        self.workers.block_on(work)
    }

    /// Lets so much time go by.
    pub(crate) fn pass(&self, time: Duration) {
        self.block_on(async { tokio::time::sleep(time).await });
    }

    /// Asks an agent for something.
    pub(crate) fn ask(&self, site: &Site, work: impl AsyncFnOnce(&mut Connection) -> anyhow::Result<()>) {
        self.block_on(async { work(&mut site.connect().await).await }).unwrap();
    }
}

impl Producers<'_> {
    /// Records come while something happens; ends when all that were sent are acknowledged.
    pub(crate) fn during<T>(&mut self, scenario: impl FnOnce() -> T) -> T {
        let Self { workload, run } = self;
        let stop = run.stop();
        stop.store(false, Ordering::SeqCst);
        let outcome = std::thread::scope(|scope| {
            let stop = Stop(&stop);
            scope.spawn(|| workload.block_on(run.work(std::future::pending())));
            let outcome = scenario();
            drop(stop);
            outcome
        });
        run.again();
        outcome
    }

    /// The same for clients that were not heard of before.
    pub(crate) fn of_other_clients(mut self) -> Self {
        self.run.again();
        self
    }

    /// The topic has so many partitions from now on.
    pub(crate) fn grow(&mut self, partitions: i32) {
        self.run.grow(partitions);
    }

    /// Everything that is in the topic.
    pub(crate) fn finish(self) -> Input {
        match self.workload.block_on(self.run.finish_with_history()) {
            Ok((_, history)) => Input::of(&history),
            Err(error) => panic!("the topic that the pipeline has read: {error:#}"),
        }
    }
}
