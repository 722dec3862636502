//! `kill -9` of whoever carries, and of who is behind.

use std::time::Duration;

use forebay_tests_load::carrying::Promise;
use forebay_tests_postgres::Server;

use crate::agent::Site;
use crate::carrier::{self, Order};
use crate::outlet::{Outlet, Topic, begun};
use crate::scenario::{Outcome, ended};
use crate::workload::Workload;

/// Records that come out before anything happens.
pub(crate) const SOME: usize = 300;
/// Repeats are explained, order is kept.
pub(crate) const IN_ORDER: Promise = Promise { in_order: true, once: false };

/// The process ends, and another one goes on when its session is over.
pub(crate) fn of_run(seed: u64) -> Outcome {
    let workload = Workload::new(seed);
    let site = Site::new(&workload.folder, "agent");
    let _agent = site.start(&workload.folder);
    let mut producers = workload.producers(&site, &site);
    let mut outlet = Topic::of(&site);
    let pipeline = carrier::outside(&site, Order::Strict);
    let mut first = carrier::run(&workload.folder, "first", &pipeline);
    let mut second = producers.during(|| {
        begun(&workload, &mut outlet, SOME);
        assert!(first.kill());
        let second = carrier::run(&workload.folder, "second", &pipeline);
        workload.pass(Duration::from_secs(3));
        second
    });
    Some(ended(&workload, producers, &mut outlet, IN_ORDER, || {
        second.signal("TERM");
        let _ = second.finish().well();
    }))
}

/// The agent comes back, three times, and the pipeline goes on.
pub(crate) fn of_the_agent_behind(seed: u64) -> Outcome {
    let workload = Workload::new(seed);
    let site = Site::new(&workload.folder, "agent");
    let mut agent = site.start(&workload.folder);
    let mut producers = workload.producers(&site, &site);
    let mut outlet = Topic::of(&site);
    let pipeline = carrier::outside(&site, Order::Strict);
    let mut running = carrier::run(&workload.folder, "carry", &pipeline);
    producers.during(|| {
        for _ in 0..3 {
            let came = outlet.lanes().iter().map(Vec::len).sum::<usize>();
            begun(&workload, &mut outlet, came + SOME);
            assert!(agent.kill());
            workload.pass(Duration::from_millis(500));
            agent = site.start(&workload.folder);
        }
        workload.pass(Duration::from_secs(1));
    });
    Some(ended(&workload, producers, &mut outlet, IN_ORDER, || {
        running.signal("TERM");
        let _ = running.finish().well();
    }))
}

/// Metadata in a file has one agent: it is started again, and its pipeline goes on when its own session is over.
pub(crate) fn of_the_only_agent(seed: u64) -> Outcome {
    let workload = Workload::new(seed);
    let site = Site::new(&workload.folder, "agent").with_pipelines();
    carrier::manage(&workload.folder, Order::Strict);
    let mut agent = site.start(&workload.folder);
    let mut producers = workload.producers(&site, &site);
    let mut outlet = Topic::of(&site);
    let mut agent = producers.during(|| {
        begun(&workload, &mut outlet, SOME);
        assert!(agent.kill());
        let agent = site.start(&workload.folder);
        workload.pass(Duration::from_secs(3));
        agent
    });
    Some(ended(&workload, producers, &mut outlet, IN_ORDER, || {
        agent.until("it runs", |_| true);
    }))
}

/// The other agent goes on with the partitions of the one that is gone.
pub(crate) fn of_one_of_two_agents(seed: u64) -> Outcome {
    let workload = Workload::new(seed);
    let server = Server::start().unwrap();
    let url = server.url_of_new_schema().unwrap();
    let site = Site::new(&workload.folder, "agent").on(&url).with_pipelines();
    let other = site.beside();
    carrier::manage(&workload.folder, Order::Strict);
    let mut killed = site.start(&workload.folder);
    let _left = other.start(&workload.folder);
    let mut outlet = Topic::of(&other);
    workload.make_outlet(&other);
    let mut producers = workload.producers_alone([&site, &other]);
    producers.during(|| {
        begun(&workload, &mut outlet, SOME);
        // Both have their shares by now.
        workload.pass(Duration::from_secs(3));
        assert!(killed.kill());
        workload.pass(Duration::from_secs(3));
    });
    Some(ended(&workload, producers, &mut outlet, IN_ORDER, || {}))
}
