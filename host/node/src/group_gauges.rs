use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use forebay_kafka_broker::GroupKept;
use forebay_metrics::Metrics;
use forebay_model::VirtualClusterId;

/// What `/metrics` shows of a consumer group.
const LABEL: &str = "consumer_group";
/// For how many groups of a virtual cluster there are series at most; the first ones by id.
const MOST: usize = 10_000;

/// `warpstream_consumer_group_{generation_id,num_members}{consumer_group}` and
/// `warpstream_consumer_group_state{consumer_group,group_state}`, as of the last look at the groups.
#[derive(Debug)]
pub(crate) struct GroupGauges {
    metrics: Arc<Metrics>,
    shown: HashMap<VirtualClusterId, HashSet<String>>,
}

impl GroupGauges {
    pub(crate) fn new(metrics: Arc<Metrics>) -> Self {
        Self { metrics, shown: HashMap::new() }
    }

    /// Shows these, and no others of the virtual cluster.
    pub(crate) fn show(&mut self, cluster: &VirtualClusterId, groups: &[GroupKept]) {
        let groups = &groups[..groups.len().min(MOST)];
        let now: HashSet<String> = groups.iter().map(|kept| kept.group.as_str().to_owned()).collect();
        let before = self.shown.insert(cluster.clone(), now).unwrap_or_default();
        // A series says one state; that of another one must go.
        for name in before {
            self.metrics.forget(LABEL, &name);
        }
        for GroupKept { group, state, generation, members } in groups {
            let labels = [("virtual_cluster_id", cluster.as_str()), (LABEL, group.as_str())];
            let set = |name: &str, help: &str, labels: &[(&str, &str)], value: f64| {
                // Only another kind of metric under the same name could be in the way, and there is none.
                if let Ok(gauge) = self.metrics.gauge(name, help, labels) {
                    gauge.set(value);
                }
            };
            let members = u32::try_from(*members).unwrap_or(u32::MAX);
            let generation = f64::from(*generation);
            let name = "warpstream_consumer_group_generation_id";
            set(name, "The generation, or the group epoch", &labels, generation);
            set("warpstream_consumer_group_num_members", "Members", &labels, f64::from(members));
            let with_state = [labels[0], labels[1], ("group_state", *state)];
            set("warpstream_consumer_group_state", "1 for the state it is in", &with_state, 1.0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_groups_that_there_are_have_series() {
        let metrics = Arc::new(Metrics::default());
        let mut gauges = GroupGauges::new(Arc::clone(&metrics));
        let cluster = "vci_1".parse().unwrap();
        let kept =
            |id: &str, state| GroupKept { group: id.parse().unwrap(), state, generation: 3, members: 2 };
        gauges.show(&cluster, &[kept("a", "Stable"), kept("b", "Empty")]);
        gauges.show(&cluster, &[kept("a", "Empty")]);
        let text = metrics.render();
        assert!(text.contains("group_state=\"Empty\"") && text.contains("consumer_group=\"a\""), "{text}");
        assert!(!text.contains("Stable") && !text.contains("consumer_group=\"b\""), "{text}");
    }
}
