//! What is changed, stopped and started on purpose: what was read is delivered and committed first, so nothing comes twice.

use std::time::Duration;

use crate::agent::Site;
use crate::carrier::{self, MANAGED};
use crate::kills::SOME;
use crate::outlet::{Topic, begun, more};
use crate::scenario::{Outcome, Setting, ended};
use crate::workload::Workload;

/// The file of the pipeline is another one every second.
pub(crate) fn of_the_pipeline(setting: Setting) -> Outcome {
    let workload = Workload::new(setting.seed);
    let site = Site::new(&workload.folder, "agent").with_pipelines();
    carrier::manage(&workload.folder, setting.order);
    let mut agent = site.start(&workload.folder);
    let mut producers = workload.producers(&site, &site);
    let mut outlet = Topic::of(&site);
    producers.during(|| {
        begun(&workload, &mut outlet, SOME);
        for round in 0..8 {
            let text = workload.folder.read(MANAGED);
            workload.folder.write(MANAGED, format!("{text}\n# {round}\n"));
            workload.pass(Duration::from_secs(1));
        }
    });
    let came = ended(&workload, producers, &mut outlet, setting.once(), || {
        carrier::unmanage(&workload.folder, &mut agent);
    });
    let versions = agent.log().matches("the new version takes the place").count();
    assert!(versions > 3, "only {versions} versions have run");
    Some(came.with_note(format!("{versions} versions")))
}

/// The agent stops gracefully, twice, and comes back.
pub(crate) fn of_the_agent(setting: Setting) -> Outcome {
    let workload = Workload::new(setting.seed);
    let site = Site::new(&workload.folder, "agent").with_pipelines();
    carrier::manage(&workload.folder, setting.order);
    let mut agent = Some(site.start(&workload.folder));
    let mut producers = workload.producers(&site, &site);
    let mut outlet = Topic::of(&site);
    producers.during(|| {
        for _ in 0..2 {
            more(&workload, &mut outlet, SOME);
            let mut stopping = agent.take().unwrap();
            stopping.signal("TERM");
            let stopped = stopping.finish().well();
            assert!(stopped.stderr.contains("stopped gracefully"), "{stopped:?}");
            agent = Some(site.start(&workload.folder));
        }
        workload.pass(Duration::from_secs(1));
    });
    Some(ended(&workload, producers, &mut outlet, setting.once(), || {
        carrier::unmanage(&workload.folder, agent.as_mut().unwrap());
    }))
}

/// `forebay run` stops gracefully, three times, and another one goes on at once.
pub(crate) fn of_run(setting: Setting) -> Outcome {
    let workload = Workload::new(setting.seed);
    let site = Site::new(&workload.folder, "agent");
    let _agent = site.start(&workload.folder);
    let mut producers = workload.producers(&site, &site);
    let mut outlet = Topic::of(&site);
    let pipeline = carrier::outside(&site, setting.order);
    let mut last = producers.during(|| {
        let mut running = carrier::run(&workload.folder, "carry", &pipeline);
        for _ in 0..3 {
            more(&workload, &mut outlet, SOME);
            running.signal("TERM");
            let _ = running.finish().well();
            running = carrier::run(&workload.folder, "carry", &pipeline);
        }
        running
    });
    Some(ended(&workload, producers, &mut outlet, setting.once(), || {
        last.signal("TERM");
        let _ = last.finish().well();
    }))
}
