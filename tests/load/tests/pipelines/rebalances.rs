//! Members of the group that come and go every second. Nobody is lost without a word: what a member has taken of a
//! partition is delivered before its next one begins, and nothing comes twice.

use std::collections::VecDeque;
use std::time::Duration;

use forebay_tests_pipelines::Running;
use kafka_protocol::messages::ListGroupsRequest;
use serde_json::json;

use crate::agent::Site;
use crate::carrier::{self, GROUP};
use crate::classic::Founder;
use crate::kills::SOME;
use crate::outlet::{Topic, begun};
use crate::scenario::{Outcome, Setting, ended};
use crate::workload::Workload;

const LIST_GROUPS: i16 = 5;
/// Members that come, one each second.
const ROUNDS: usize = 12;
/// Heartbeats are seconds apart: who leaves before the others have heard of it gets nothing.
const AT_ONCE: usize = 6;
/// What a member says that is given something.
const SHARE: &str = "msg=\"reads load-";
pub(crate) fn newer(setting: Setting) -> Outcome {
    rebalanced(setting, false)
}

/// The group goes by the protocol of whoever founds it.
pub(crate) fn classic(setting: Setting) -> Outcome {
    rebalanced(setting, true)
}

fn rebalanced(setting: Setting, is_classic: bool) -> Outcome {
    let workload = Workload::new(setting.seed);
    let site = Site::new(&workload.folder, "agent");
    let _agent = site.start(&workload.folder);
    let mut producers = workload.producers(&site, &site);
    let mut outlet = Topic::of(&site);
    let mut pipeline = carrier::outside(&site, setting.order);
    pipeline["logger"] = json!({"level": "DEBUG"});
    let founder = is_classic.then(|| Founder::start(&workload, &site));
    let mut steady = carrier::run(&workload.folder, "steady", &pipeline);
    if let Some(founder) = founder {
        founder.leave_to_another(&workload);
    }
    let mut guests = VecDeque::new();
    // Those who were given something.
    let mut shares = 0;
    let mut goes = |mut guest: Running| {
        guest.signal("TERM");
        let gone = guest.finish().well();
        shares += usize::from(gone.stderr.contains(SHARE));
    };
    producers.during(|| {
        begun(&workload, &mut outlet, SOME);
        for round in 0..ROUNDS {
            let name = format!("guest-{round}");
            guests.push_back(carrier::run(&workload.folder, &name, &pipeline));
            workload.pass(Duration::from_secs(1));
            if guests.len() > AT_ONCE {
                guests.pop_front().into_iter().for_each(&mut goes);
            }
        }
        let kind = if is_classic { "classic" } else { "consumer" };
        assert_eq!(kind_of_group(&workload, &site), kind);
    });
    guests.into_iter().for_each(&mut goes);
    assert!(shares > 1, "of {ROUNDS} guests {shares} had a share");
    let came = ended(&workload, producers, &mut outlet, setting.once(), || {
        steady.signal("TERM");
        let _ = steady.finish().well();
    });
    Some(came.with_note(format!("{shares} of {ROUNDS} guests had a share")))
}

/// By which protocol the group of the pipeline goes.
fn kind_of_group(workload: &Workload, site: &Site) -> String {
    let listed = workload.block_on(async {
        site.connect().await.ask(LIST_GROUPS, &ListGroupsRequest::default()).await.unwrap()
    });
    let group = listed.groups.into_iter().find(|group| group.group_id.0.as_str() == GROUP);
    group.unwrap().group_type.to_string()
}
