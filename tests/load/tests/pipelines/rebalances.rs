//! Members of the group that come and go every second. Nobody is lost without a word: what a member has taken of a
//! partition is delivered before its next one begins, and nothing comes twice.

use std::time::Duration;

use kafka_protocol::messages::ListGroupsRequest;

use crate::agent::Site;
use crate::carrier::{self, GROUP};
use crate::classic::Founder;
use crate::kills::SOME;
use crate::outlet::{Topic, begun};
use crate::scenario::{Outcome, Setting, ended};
use crate::workload::Workload;

const LIST_GROUPS: i16 = 5;
const ROUNDS: usize = 6;
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
    let pipeline = carrier::outside(&site, setting.order);
    let founder = is_classic.then(|| Founder::start(&workload, &site));
    let mut steady = carrier::run(&workload.folder, "steady", &pipeline);
    if let Some(founder) = founder {
        founder.leave_to_another(&workload);
    }
    producers.during(|| {
        begun(&workload, &mut outlet, SOME);
        for round in 0..ROUNDS {
            let name = format!("guest-{round}");
            let mut guest = carrier::run(&workload.folder, &name, &pipeline);
            workload.pass(Duration::from_millis(1_000));
            guest.signal("TERM");
            let _ = guest.finish().well();
        }
        let kind = if is_classic { "classic" } else { "consumer" };
        assert_eq!(kind_of_group(&workload, &site), kind);
    });
    Some(ended(&workload, producers, &mut outlet, setting.once(), || {
        steady.signal("TERM");
        let _ = steady.finish().well();
    }))
}

/// By which protocol the group of the pipeline goes.
fn kind_of_group(workload: &Workload, site: &Site) -> String {
    let listed = workload.block_on(async {
        site.connect().await.ask(LIST_GROUPS, &ListGroupsRequest::default()).await.unwrap()
    });
    let group = listed.groups.into_iter().find(|group| group.group_id.0.as_str() == GROUP);
    group.unwrap().group_type.to_string()
}
