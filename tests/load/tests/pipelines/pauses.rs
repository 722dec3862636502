//! Whoever stands still for longer than a session, and goes on as if nothing had happened, with others in its place.

use std::time::Duration;

use crate::agent::{SHORT_SESSION, Site};
use crate::carrier;
use crate::classic::Founder;
use crate::kills::SOME;
use crate::outlet::{Topic, begun, more};
use crate::pair::Pair;
use crate::scenario::{Outcome, Setting, ended};
use crate::workload::Workload;

/// Longer than anybody may be silent.
const LONGER: Duration = Duration::from_secs(4);
/// How long members of the classic protocol say that they may be silent.
const CLASSIC_SESSION: Duration = Duration::from_secs(45);

pub(crate) fn of_run(setting: Setting) -> Outcome {
    paused(setting, false)
}

/// In a group whose members share out partitions among themselves.
pub(crate) fn of_run_in_a_classic_group(setting: Setting) -> Outcome {
    paused(setting, true)
}

fn paused(setting: Setting, is_classic: bool) -> Outcome {
    let workload = Workload::new(setting.seed);
    let site = Site::new(&workload.folder, "agent").with_short_sessions();
    let _agent = site.start(&workload.folder);
    let mut producers = workload.producers(&site, &site);
    let mut outlet = Topic::of(&site);
    let pipeline = carrier::outside(&site, setting.order);
    let founder = is_classic.then(|| Founder::start(&workload, &site));
    let mut paused = carrier::run(&workload.folder, "paused", &pipeline);
    if let Some(founder) = founder {
        founder.leave_to_another(&workload);
    }
    let other = producers.during(|| {
        begun(&workload, &mut outlet, SOME);
        paused.signal("STOP");
        let other = carrier::run(&workload.folder, "other", &pipeline);
        workload.pass(Duration::from_secs(2));
        other
    });
    workload.pass(LONGER + if is_classic { CLASSIC_SESSION } else { SHORT_SESSION });
    producers.during(|| {
        more(&workload, &mut outlet, SOME);
        paused.signal("CONT");
        workload.pass(Duration::from_secs(2));
    });
    Some(ended(&workload, producers, &mut outlet, setting.at_least_once(), || {
        for mut running in [paused, other] {
            running.signal("TERM");
            let _ = running.finish().well();
        }
    }))
}

pub(crate) fn of_one_of_two_agents(setting: Setting) -> Outcome {
    let workload = Workload::new(setting.seed);
    let (mut pair, mut producers) = Pair::start(&workload, setting.order);
    producers.during(|| {
        begun(&workload, &mut pair.outlet, SOME);
        workload.pass(Duration::from_secs(3));
        pair.one.signal("STOP");
        workload.pass(Duration::from_secs(2));
    });
    workload.pass(LONGER + SHORT_SESSION);
    producers.during(|| {
        more(&workload, &mut pair.outlet, SOME);
        pair.one.signal("CONT");
        workload.pass(Duration::from_secs(2));
    });
    Some(ended(&workload, producers, &mut pair.outlet, setting.at_least_once(), || {
        carrier::unmanage(&workload.folder, &mut pair.other);
        carrier::unmanage(&workload.folder, &mut pair.one);
    }))
}

/// Nobody hears anything of the agent for longer than clients wait.
pub(crate) fn of_the_agent_behind(setting: Setting) -> Outcome {
    let workload = Workload::new(setting.seed);
    let site = Site::new(&workload.folder, "agent");
    let mut agent = site.start(&workload.folder);
    let mut producers = workload.producers(&site, &site);
    let mut outlet = Topic::of(&site);
    let pipeline = carrier::outside(&site, setting.order);
    let mut running = carrier::run(&workload.folder, "carry", &pipeline);
    producers.during(|| {
        begun(&workload, &mut outlet, SOME);
        for seconds in [3, 12, 25] {
            agent.signal("STOP");
            workload.pass(Duration::from_secs(seconds));
            agent.signal("CONT");
            workload.pass(Duration::from_secs(2));
        }
    });
    Some(ended(&workload, producers, &mut outlet, setting.at_least_once(), || {
        running.signal("TERM");
        let _ = running.finish().well();
    }))
}
