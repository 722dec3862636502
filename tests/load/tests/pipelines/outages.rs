//! An output that is away, while records go on coming.

use std::time::Duration;

use forebay_lifecycle::clock;
use forebay_tests_pipelines::Running;

use crate::agent::Site;
use crate::carrier;
use crate::kills::SOME;
use crate::outlet::{Topic, begun};
use crate::pair::Pair;
use crate::scenario::{Outcome, Setting, ended};
use crate::workload::Workload;

/// What a process may have in memory while nothing goes out: its pipeline may have 32 MiB in flight, beside what is fetched
/// ahead and what is made of it.
const MOST_MEMORY: u64 = 320 << 20;
/// What it may have more after twice the time.
const MOST_GROWTH: u64 = 48 << 20;
/// Records of this length are soon more than that together.
pub(crate) const LARGE: usize = 8_000;

/// How much memory a process has while it can't get rid of anything.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    /// At most, after each look.
    most: Vec<u64>,
}

impl Memory {
    /// Lets time go by, and looks at the process meanwhile.
    pub(crate) fn watch(&mut self, workload: &Workload, running: &Running, time: Duration) {
        let since = clock::now();
        while since.elapsed() < time {
            let before = self.most.last().copied().unwrap_or_default();
            self.most.push(before.max(running.resident()));
            workload.pass(Duration::from_millis(100));
        }
    }

    /// Checks that it has come to its end; how much that is.
    pub(crate) fn bounded(&self) -> String {
        let half = self.most.get(self.most.len() / 2).copied().unwrap_or_default();
        let all = self.most.last().copied().unwrap_or_default();
        assert!(all < MOST_MEMORY && all < half + MOST_GROWTH, "{half} bytes, and then {all}");
        format!("at most {} MiB resident", all >> 20)
    }
}

/// The agent that is written to stands still, is killed, stays away, and comes back.
pub(crate) fn of_the_output(setting: Setting) -> Outcome {
    let workload = Workload::new(setting.seed).with_large_records(LARGE);
    let (from, to) = (Site::new(&workload.folder, "from"), Site::new(&workload.folder, "to"));
    let (_source, mut sink) = (from.start(&workload.folder), to.start(&workload.folder));
    let mut producers = workload.producers(&from, &to);
    let mut outlet = Topic::of(&to);
    let pipeline = carrier::pipeline(
        carrier::at(&from, carrier::input(setting.order)),
        carrier::at(&to, carrier::output(setting.order)),
    );
    let mut running = carrier::run(&workload.folder, "carry", &pipeline);
    let mut memory = Memory::default();
    let _sink = producers.during(|| {
        begun(&workload, &mut outlet, SOME);
        sink.signal("STOP");
        memory.watch(&workload, &running, Duration::from_secs(12));
        assert!(sink.kill());
        memory.watch(&workload, &running, Duration::from_secs(8));
        to.start(&workload.folder)
    });
    let memory = memory.bounded();
    let came = ended(&workload, producers, &mut outlet, setting.at_least_once(), || {
        running.signal("TERM");
        let _ = running.finish().well();
    });
    Some(came.with_note(memory))
}

/// The database behind two agents with the pipeline is killed, twice, and stands still once.
pub(crate) fn of_the_metadata(setting: Setting) -> Outcome {
    let workload = Workload::new(setting.seed);
    let (mut pair, mut producers) = Pair::start(&workload, setting.order);
    producers.during(|| {
        begun(&workload, &mut pair.outlet, SOME);
        for _ in 0..2 {
            workload.pass(Duration::from_secs(2));
            pair.server.kill().unwrap();
            workload.pass(Duration::from_secs(1));
            pair.server.start_again().unwrap();
        }
        workload.pass(Duration::from_secs(2));
        pair.server.pause().unwrap();
        workload.pass(Duration::from_secs(5));
        pair.server.resume().unwrap();
        workload.pass(Duration::from_secs(2));
    });
    Some(ended(&workload, producers, &mut pair.outlet, setting.at_least_once(), || {
        for agent in [&mut pair.one, &mut pair.other] {
            carrier::unmanage(&workload.folder, agent);
        }
    }))
}
