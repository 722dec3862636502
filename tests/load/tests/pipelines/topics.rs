//! Topics that change underneath a pipeline.

use std::time::Duration;

use forebay_tests_load::{TOPIC, topics};

use crate::agent::Site;
use crate::carrier;
use crate::kills::SOME;
use crate::outlet::{CARRIED, Topic, begun, drained};
use crate::scenario::{Outcome, Setting, ended};
use crate::workload::{PARTITIONS, Workload};

/// The topic is deleted when all of it is carried, and made again: what comes then is carried from its start on.
pub(crate) fn made_again(setting: Setting) -> Outcome {
    let workload = Workload::new(setting.seed);
    let site = Site::new(&workload.folder, "agent");
    let _agent = site.start(&workload.folder);
    let mut producers = workload.producers(&site, &site);
    let mut outlet = Topic::of(&site);
    let mut running = carrier::run(&workload.folder, "carry", &carrier::outside(&site, setting.order));
    producers.during(|| begun(&workload, &mut outlet, SOME));
    let before = producers.finish();
    drained(&workload, &mut outlet, &before);
    // What was carried is out of the way, so that offsets which come again are not taken for repeats.
    workload.ask(&site, async |connection| topics::delete(connection, CARRIED).await);
    workload.ask(&site, async |connection| topics::create(connection, CARRIED, PARTITIONS).await);
    workload.ask(&site, async |connection| topics::delete(connection, TOPIC).await);
    let mut outlet = Topic::of(&site);
    let mut producers = workload.producers_alone([&site]).of_other_clients();
    producers.during(|| {
        begun(&workload, &mut outlet, SOME);
        workload.pass(Duration::from_secs(1));
    });
    Some(ended(&workload, producers, &mut outlet, setting.once(), || {
        running.signal("TERM");
        let _ = running.finish().well();
    }))
}

/// The topic has twice as many partitions while records come.
pub(crate) fn grown(setting: Setting) -> Outcome {
    let workload = Workload::new(setting.seed);
    let site = Site::new(&workload.folder, "agent");
    let _agent = site.start(&workload.folder);
    let mut producers = workload.producers(&site, &site);
    let mut outlet = Topic::of(&site);
    let mut running = carrier::run(&workload.folder, "carry", &carrier::outside(&site, setting.order));
    producers.during(|| {
        begun(&workload, &mut outlet, SOME);
        workload.ask(&site, async |connection| topics::grow(connection, TOPIC, PARTITIONS).await);
    });
    producers.grow(PARTITIONS);
    producers.during(|| workload.pass(Duration::from_secs(2)));
    Some(ended(&workload, producers, &mut outlet, setting.once(), || {
        running.signal("TERM");
        let _ = running.finish().well();
    }))
}
