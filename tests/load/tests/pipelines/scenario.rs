//! All scenarios, and the table of what they came to.

use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use forebay_lifecycle::clock;
use forebay_tests_load::Effort;
use forebay_tests_load::carrying::{Judgement, Promise};

use crate::carrier::Order::{self, Loose, Strict};
use crate::outlet::{Outlet, drained, judged};
use crate::workload::{Producers, Workload};
use crate::{changes, kills, outages, pauses, rebalances, stores, topics};

/// So many at once: they wait more than they work, most of all for sessions to end.
const AT_ONCE: usize = 8;

/// What a scenario came to; none where something that it needs is not installed.
pub(crate) type Outcome = Option<Came>;

/// What came out, and what else there is to say.
pub(crate) struct Came {
    judged: Judgement,
    note: String,
}

/// What a scenario is told.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Setting {
    pub(crate) seed: u64,
    /// What its pipeline promises.
    pub(crate) order: Order,
}

struct Scenario {
    name: &'static str,
    order: Order,
    /// Whether it is run each time.
    is_short: bool,
    run: fn(Setting) -> Outcome,
}

const fn short(name: &'static str, order: Order, run: fn(Setting) -> Outcome) -> Scenario {
    Scenario { name, order, is_short: true, run }
}

const fn long(name: &'static str, order: Order, run: fn(Setting) -> Outcome) -> Scenario {
    Scenario { name, order, is_short: false, run }
}

/// Those that wait for a session come first.
const SCENARIOS: &[Scenario] = &[
    short("SIGSTOP of forebay run beyond its session", Strict, pauses::of_run),
    short("kill -9 of forebay run", Strict, kills::of_run),
    short("kill -9 of forebay run", Loose, kills::of_run),
    short("kill -9 of forebay run that writes to S3", Loose, stores::killed),
    short("kill -9 of the agent with the pipeline, which is started again", Strict, kills::of_the_only_agent),
    short("kill -9 of one of two agents with the pipeline", Strict, kills::of_one_of_two_agents),
    long("SIGSTOP of forebay run beyond its session", Loose, pauses::of_run),
    long("kill -9 of the agent with the pipeline, which is started again", Loose, kills::of_the_only_agent),
    long("kill -9 of one of two agents with the pipeline", Loose, kills::of_one_of_two_agents),
    long("SIGSTOP of one of two agents with the pipeline", Strict, pauses::of_one_of_two_agents),
    long("kill -9 of forebay run and of the agent behind, at any time", Strict, kills::of_both),
    long("kill -9 of forebay run and of the agent behind, at any time", Loose, kills::of_both),
    long("SIGSTOP of forebay run beyond its session, classic", Strict, pauses::of_run_in_a_classic_group),
    short(
        "PostgreSQL behind two agents with the pipeline killed and paused",
        Strict,
        outages::of_the_metadata,
    ),
    long("PostgreSQL behind two agents with the pipeline killed and paused", Loose, outages::of_the_metadata),
    long("SIGSTOP of the agent behind forebay run", Strict, pauses::of_the_agent_behind),
    short("kill -9 of the agent behind forebay run", Strict, kills::of_the_agent_behind),
    short("kill -9 of the agent behind forebay run", Loose, kills::of_the_agent_behind),
    short("output stands still, is killed and stays away", Strict, outages::of_the_output),
    long("output stands still, is killed and stays away", Loose, outages::of_the_output),
    short("S3 is away", Loose, stores::away),
    short("S3 fails half of the time", Loose, stores::half_of_the_time),
    long("S3 fails half of the time, Parquet", Loose, stores::half_of_the_time_for_parquet),
    short("rebalances every second, KIP-848", Strict, rebalances::newer),
    long("rebalances every second, KIP-848", Loose, rebalances::newer),
    short("rebalances every second, classic", Loose, rebalances::classic),
    long("rebalances every second, classic", Strict, rebalances::classic),
    short("topic deleted and made again", Strict, topics::made_again),
    long("topic deleted and made again", Loose, topics::made_again),
    short("partitions added", Strict, topics::grown),
    short("pipeline changed every second", Strict, changes::of_the_pipeline),
    long("pipeline changed every second", Loose, changes::of_the_pipeline),
    short("agent with the pipeline stopped and started", Strict, changes::of_the_agent),
    long("agent with the pipeline stopped and started", Loose, changes::of_the_agent),
    short("forebay run stopped and started", Loose, changes::of_run),
    long("forebay run stopped and started", Strict, changes::of_run),
];

impl Setting {
    /// Nothing is lost; what a fault explains comes again.
    pub(crate) fn at_least_once(self) -> Promise {
        Promise { in_order: self.order == Strict, once: false }
    }

    /// Nothing has gone wrong that anything would come twice for.
    pub(crate) fn once(self) -> Promise {
        Promise { once: true, ..self.at_least_once() }
    }
}

/// Waits until everything that the producers have sent has come out, has the pipeline stopped, and judges.
pub(crate) fn ended(
    workload: &Workload,
    producers: Producers<'_>,
    outlet: &mut impl Outlet,
    promise: Promise,
    stop: impl FnOnce(),
) -> Came {
    let input = producers.finish();
    drained(workload, outlet, &input);
    stop();
    Came { judged: judged(workload, outlet, &input, promise), note: String::new() }
}

impl Came {
    pub(crate) fn with_note(self, note: String) -> Self {
        Self { note, ..self }
    }
}

/// A row of the table.
struct Row {
    scenario: &'static Scenario,
    took: Duration,
    came: Came,
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { scenario: Scenario { name, order, .. }, took, came: Came { judged, note } } = self;
        let Judgement { records, came, duplicates, violations: _ } = judged;
        write!(
            f,
            "| {name} | {order} | {records} | {came} | {duplicates} | {:.0} | {note} |",
            took.as_secs_f64()
        )
    }
}

/// What is left to do, and what was done.
#[derive(Default)]
struct Progress {
    next: usize,
    rows: Vec<Row>,
    failed: Vec<&'static str>,
}

/// Runs scenarios until there are none left.
fn work(chosen: &[&'static Scenario], seed: u64, progress: &Mutex<Progress>) {
    let locked = || progress.lock().unwrap_or_else(PoisonError::into_inner);
    loop {
        let scenario = {
            let mut progress = locked();
            let Some(scenario) = chosen.get(progress.next) else { return };
            progress.next += 1;
            *scenario
        };
        let started = clock::now();
        // What went wrong is printed where it does.
        let outcome = std::thread::scope(|scope| {
            scope.spawn(|| (scenario.run)(Setting { seed, order: scenario.order })).join()
        });
        let (Scenario { name, order, .. }, took) = (scenario, started.elapsed());
        match outcome {
            Ok(Some(came)) => {
                let row = Row { scenario, took, came };
                println!("{row}");
                locked().rows.push(row);
            }
            Ok(None) => println!("NOT DONE: {name}"),
            Err(_) => {
                println!("FAILED: {name}, {order}, after {:.0} s", took.as_secs_f64());
                locked().failed.push(name);
            }
        }
    }
}

#[test]
fn everything_that_is_acknowledged_is_carried_whatever_goes_wrong() {
    let effort = Effort::from_environment();
    let asked = std::env::var("FOREBAY_LOAD_PIPELINES").ok();
    let is_chosen = |scenario: &&Scenario| match asked.as_deref() {
        Some("all") => true,
        Some(text) => scenario.name.contains(text),
        None => scenario.is_short || effort.time > Duration::ZERO,
    };
    let chosen: Vec<&Scenario> = SCENARIOS.iter().filter(is_chosen).collect();
    assert!(!chosen.is_empty(), "there is no such scenario");
    for seed in effort.seeds() {
        let progress = Mutex::new(Progress::default());
        std::thread::scope(|scope| {
            for _ in 0..AT_ONCE {
                scope.spawn(|| work(&chosen, seed, &progress));
            }
        });
        let progress = progress.into_inner().unwrap_or_else(PoisonError::into_inner);
        println!(
            "\nseed {seed}\n\n| scenario | order | records | came out | duplicates | seconds | |\n|---|---|---|---|---|---|---|"
        );
        progress.rows.iter().for_each(|row| println!("{row}"));
        assert!(progress.failed.is_empty(), "these failed: {:?}", progress.failed);
    }
}
