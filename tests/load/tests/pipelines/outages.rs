//! An output that is away, while records go on coming.

use std::time::Duration;

use forebay_lifecycle::clock;
use forebay_tests_pipelines::Running;

use crate::agent::Site;
use crate::carrier::{self, Order};
use crate::kills::{IN_ORDER, SOME};
use crate::outlet::{Topic, begun};
use crate::scenario::{Outcome, ended};
use crate::workload::Workload;

/// What a pipeline may have in memory while nothing goes out.
pub(crate) const MOST_MEMORY: u64 = 400 << 20;
/// A record of this length and the others soon are more than that.
pub(crate) const LARGE: usize = 8_000;

/// Lets time go by, and looks how much memory a process has at most.
pub(crate) fn watched(workload: &Workload, running: &Running, time: Duration) -> u64 {
    let since = clock::now();
    let mut most = 0;
    while since.elapsed() < time {
        most = most.max(running.resident());
        workload.pass(Duration::from_millis(100));
    }
    most
}

/// The agent that is written to stands still, is killed, stays away, and comes back.
pub(crate) fn of_the_output(seed: u64) -> Outcome {
    let workload = Workload::new(seed).with_large_records(LARGE);
    let (from, to) = (Site::new(&workload.folder, "from"), Site::new(&workload.folder, "to"));
    let (_source, mut sink) = (from.start(&workload.folder), to.start(&workload.folder));
    let mut producers = workload.producers(&from, &to);
    let mut outlet = Topic::of(&to);
    let pipeline = carrier::pipeline(
        carrier::at(&from, carrier::input(Order::Strict)),
        carrier::at(&to, carrier::output(Order::Strict)),
    );
    let mut running = carrier::run(&workload.folder, "carry", &pipeline);
    let (most, _sink) = producers.during(|| {
        begun(&workload, &mut outlet, SOME);
        sink.signal("STOP");
        let still = watched(&workload, &running, Duration::from_secs(12));
        assert!(sink.kill());
        let away = watched(&workload, &running, Duration::from_secs(8));
        (still.max(away), to.start(&workload.folder))
    });
    assert!(most < MOST_MEMORY, "{most} bytes while the output was away");
    let came = ended(&workload, producers, &mut outlet, IN_ORDER, || {
        running.signal("TERM");
        let _ = running.finish().well();
    });
    Some(came.with_note(format!("at most {} MiB resident", most >> 20)))
}
