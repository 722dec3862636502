//! `kill -9` of whoever carries, and of who is behind.

use std::time::Duration;

use forebay_tests_load::Random;

use crate::agent::{SHORT_SESSION, Site};
use crate::carrier;
use crate::outlet::{Topic, begun, more};
use crate::pair::Pair;
use crate::scenario::{Outcome, Setting, ended};
use crate::workload::Workload;

/// Records that come out before anything happens.
pub(crate) const SOME: usize = 300;
/// The process ends, and another one goes on when its session is over.
pub(crate) fn of_run(setting: Setting) -> Outcome {
    let workload = Workload::new(setting.seed);
    let site = Site::new(&workload.folder, "agent").with_short_sessions();
    let _agent = site.start(&workload.folder);
    let mut producers = workload.producers(&site, &site);
    let mut outlet = Topic::of(&site);
    let pipeline = carrier::outside(&site, setting.order);
    let mut first = carrier::run(&workload.folder, "first", &pipeline);
    let mut second = producers.during(|| {
        begun(&workload, &mut outlet, SOME);
        assert!(first.kill());
        let second = carrier::run(&workload.folder, "second", &pipeline);
        workload.pass(Duration::from_secs(3));
        second
    });
    Some(ended(&workload, producers, &mut outlet, setting.at_least_once(), || {
        second.signal("TERM");
        let _ = second.finish().well();
    }))
}

/// The agent comes back, three times, and the pipeline goes on.
pub(crate) fn of_the_agent_behind(setting: Setting) -> Outcome {
    let workload = Workload::new(setting.seed);
    let site = Site::new(&workload.folder, "agent");
    let mut agent = site.start(&workload.folder);
    let mut producers = workload.producers(&site, &site);
    let mut outlet = Topic::of(&site);
    let pipeline = carrier::outside(&site, setting.order);
    let mut running = carrier::run(&workload.folder, "carry", &pipeline);
    producers.during(|| {
        for _ in 0..3 {
            more(&workload, &mut outlet, SOME);
            assert!(agent.kill());
            workload.pass(Duration::from_millis(500));
            agent = site.start(&workload.folder);
        }
        workload.pass(Duration::from_secs(1));
    });
    Some(ended(&workload, producers, &mut outlet, setting.at_least_once(), || {
        running.signal("TERM");
        let _ = running.finish().well();
    }))
}

/// Metadata in a file has one agent: it is started again, and its pipeline goes on when its own session is over.
pub(crate) fn of_the_only_agent(setting: Setting) -> Outcome {
    let workload = Workload::new(setting.seed);
    let site = Site::new(&workload.folder, "agent").with_pipelines().with_short_sessions();
    carrier::manage(&workload.folder, setting.order);
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
    Some(ended(&workload, producers, &mut outlet, setting.at_least_once(), || {
        carrier::unmanage(&workload.folder, &mut agent);
    }))
}

/// The other agent goes on with the partitions of the one that is gone.
pub(crate) fn of_one_of_two_agents(setting: Setting) -> Outcome {
    let workload = Workload::new(setting.seed);
    let (mut pair, mut producers) = Pair::start(&workload, setting.order);
    producers.during(|| {
        begun(&workload, &mut pair.outlet, SOME);
        // Both have their shares by now.
        workload.pass(Duration::from_secs(3));
        assert!(pair.one.kill());
        workload.pass(Duration::from_secs(3));
    });
    Some(ended(&workload, producers, &mut pair.outlet, setting.at_least_once(), || {
        carrier::unmanage(&workload.folder, &mut pair.other);
    }))
}

/// Either of both, again and again, and what comes back is killed in the middle of its start too.
pub(crate) fn of_both(setting: Setting) -> Outcome {
    let workload = Workload::new(setting.seed);
    let mut random = Random(setting.seed);
    let site = Site::new(&workload.folder, "agent").with_short_sessions();
    let mut agent = site.start(&workload.folder);
    let mut producers = workload.producers(&site, &site);
    let mut outlet = Topic::of(&site);
    let pipeline = carrier::outside(&site, setting.order);
    let mut running = carrier::run(&workload.folder, "carry", &pipeline);
    producers.during(|| {
        begun(&workload, &mut outlet, SOME);
        for _ in 0..12 {
            workload.pass(Duration::from_millis(random.below(1_500)));
            if random.below(2) == 0 {
                assert!(agent.kill());
                workload.pass(Duration::from_millis(random.below(700)));
                agent = site.start(&workload.folder);
            } else {
                assert!(running.kill());
                running = carrier::run(&workload.folder, "carry", &pipeline);
            }
        }
        // The sessions of those that were killed are over by then.
        workload.pass(SHORT_SESSION + Duration::from_secs(5));
        assert!(running.kill());
        running = carrier::run(&workload.folder, "carry", &pipeline);
    });
    Some(ended(&workload, producers, &mut outlet, setting.at_least_once(), || {
        running.signal("TERM");
        let _ = running.finish().well();
    }))
}
