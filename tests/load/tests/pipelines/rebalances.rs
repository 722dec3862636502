//! Members of the group that come and go every second. Nobody is lost without a word, so nothing comes twice.

use std::time::Duration;

use forebay_tests_load::carrying::Promise;
use kafka_protocol::messages::ListGroupsRequest;

use crate::agent::Site;
use crate::carrier::{self, GROUP, Order};
use crate::classic::Founder;
use crate::kills::SOME;
use crate::outlet::{Topic, begun};
use crate::scenario::{Outcome, ended};
use crate::workload::Workload;

const LIST_GROUPS: i16 = 5;
const ROUNDS: usize = 6;
/// What a partition's old member has taken is delivered before its new one begins.
const ORDERLY: Promise = Promise { in_order: true, once: true };

pub(crate) fn newer(seed: u64) -> Outcome {
    rebalanced(seed, false)
}

/// The group goes by the protocol of whoever founds it.
pub(crate) fn classic(seed: u64) -> Outcome {
    rebalanced(seed, true)
}

fn rebalanced(seed: u64, is_classic: bool) -> Outcome {
    let workload = Workload::new(seed);
    let site = Site::new(&workload.folder, "agent");
    let _agent = site.start(&workload.folder);
    let mut producers = workload.producers(&site, &site);
    let mut outlet = Topic::of(&site);
    let pipeline = carrier::outside(&site, Order::Strict);
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
    Some(ended(&workload, producers, &mut outlet, ORDERLY, || {
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
