//! Whoever stands still for longer than a session, and goes on as if nothing had happened, with others in its place.

use std::time::Duration;

use forebay_tests_postgres::Server;

use crate::agent::Site;
use crate::carrier::{self, Order};
use crate::kills::{IN_ORDER, SOME};
use crate::outlet::{Outlet, Topic, begun};
use crate::scenario::{Outcome, ended};
use crate::workload::Workload;

/// How long anybody may be silent in a group is 45 seconds.
const BEYOND: Duration = Duration::from_secs(49);

pub(crate) fn of_run(seed: u64) -> Outcome {
    let workload = Workload::new(seed);
    let site = Site::new(&workload.folder, "agent");
    let _agent = site.start(&workload.folder);
    let mut producers = workload.producers(&site, &site);
    let mut outlet = Topic::of(&site);
    let pipeline = carrier::outside(&site, Order::Strict);
    let mut paused = carrier::run(&workload.folder, "paused", &pipeline);
    let other = producers.during(|| {
        begun(&workload, &mut outlet, SOME);
        paused.signal("STOP");
        let other = carrier::run(&workload.folder, "other", &pipeline);
        workload.pass(Duration::from_secs(2));
        other
    });
    workload.pass(BEYOND);
    producers.during(|| {
        let came = outlet.lanes().iter().map(Vec::len).sum::<usize>();
        begun(&workload, &mut outlet, came + SOME);
        paused.signal("CONT");
        workload.pass(Duration::from_secs(2));
    });
    Some(ended(&workload, producers, &mut outlet, IN_ORDER, || {
        for mut running in [paused, other] {
            running.signal("TERM");
            let _ = running.finish().well();
        }
    }))
}

pub(crate) fn of_one_of_two_agents(seed: u64) -> Outcome {
    let workload = Workload::new(seed);
    let server = Server::start().unwrap();
    let url = server.url_of_new_schema().unwrap();
    let site = Site::new(&workload.folder, "agent").on(&url).with_pipelines();
    let other = site.beside();
    carrier::manage(&workload.folder, Order::Strict);
    let mut paused = site.start(&workload.folder);
    let _left = other.start(&workload.folder);
    let mut outlet = Topic::of(&other);
    workload.make_outlet(&other);
    let mut producers = workload.producers_alone([&site, &other]);
    producers.during(|| {
        begun(&workload, &mut outlet, SOME);
        workload.pass(Duration::from_secs(3));
        paused.signal("STOP");
        workload.pass(Duration::from_secs(2));
    });
    workload.pass(BEYOND);
    producers.during(|| {
        let came = outlet.lanes().iter().map(Vec::len).sum::<usize>();
        begun(&workload, &mut outlet, came + SOME);
        paused.signal("CONT");
        workload.pass(Duration::from_secs(2));
    });
    Some(ended(&workload, producers, &mut outlet, IN_ORDER, || {}))
}
