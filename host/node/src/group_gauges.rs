use std::collections::BTreeMap;
use std::sync::Arc;

use forebay_kafka_broker::GroupKept;
use forebay_metrics::{Labels, Metrics};
use forebay_model::{GroupId, VirtualClusterId};

use crate::group_lags::{Extent, GroupLags, Lag};

/// How many series a gauge has at most, for all virtual clusters together, which is what the registry takes.
pub(crate) const MOST: usize = 10_000;

/// What `/metrics` shows of consumer groups, `warpstream_consumer_group_...`: which states they are in, and how far they are
/// behind, as of the last look at each. What is not there at a look has no series from then on.
#[derive(Debug)]
pub(crate) struct GroupGauges {
    metrics: Arc<Metrics>,
    kept: BTreeMap<VirtualClusterId, Vec<GroupKept>>,
    lags: BTreeMap<VirtualClusterId, GroupLags>,
}

/// The metric by which time lag is known.
const TIME_LAG: &str =
    "warpstream_consumer_group_estimated_lag_very_coarse_do_not_use_to_measure_e2e_seconds";

impl GroupGauges {
    pub(crate) fn new(metrics: Arc<Metrics>) -> Self {
        Self { metrics, kept: BTreeMap::new(), lags: BTreeMap::new() }
    }

    /// Shows these groups, and no others of the virtual cluster; the first ones by id, where there are too many.
    pub(crate) fn show(&mut self, cluster: &VirtualClusterId, mut groups: Vec<GroupKept>) {
        groups.truncate(MOST);
        self.kept.insert(cluster.clone(), groups);
        self.write_groups();
    }

    /// Shows how far groups of the virtual cluster are behind, and no others.
    pub(crate) fn show_lags(&mut self, cluster: &VirtualClusterId, lags: GroupLags) {
        self.lags.insert(cluster.clone(), lags);
        self.write_lags();
    }

    /// Shows only groups of these virtual clusters from now on.
    pub(crate) fn retain(&mut self, clusters: &[VirtualClusterId]) {
        let before = (self.kept.len(), self.lags.len());
        self.kept.retain(|cluster, _| clusters.contains(cluster));
        self.lags.retain(|cluster, _| clusters.contains(cluster));
        if before != (self.kept.len(), self.lags.len()) {
            self.write_groups();
            self.write_lags();
        }
    }

    fn write_groups(&self) {
        let each = |value: fn(&GroupKept) -> f64| {
            self.kept.iter().flat_map(move |(cluster, kept)| {
                kept.iter().map(move |kept| (of_group(cluster, &kept.group), value(kept)))
            })
        };
        let name = "warpstream_consumer_group_generation_id";
        self.set(name, "The generation, or the group epoch", each(|kept| f64::from(kept.generation)));
        let members = each(|kept| count(kept.members));
        self.set("warpstream_consumer_group_num_members", "Members", members);
        let states = self.kept.iter().flat_map(|(cluster, kept)| {
            kept.iter().map(move |kept| {
                let mut labels = of_group(cluster, &kept.group);
                labels.push(("group_state".to_owned(), kept.state.to_owned()));
                (labels, 1.0)
            })
        });
        self.set("warpstream_consumer_group_state", "1 for the state it is in", states);
    }

    fn write_lags(&self) {
        let extents = |value: fn(&Extent) -> u32| {
            self.lags.iter().flat_map(move |(cluster, found)| {
                let of = move |extent: &Extent| (of_group(cluster, &extent.group), f64::from(value(extent)));
                found.extents.iter().map(of)
            })
        };
        let help = "Topics in which the group has committed offsets";
        self.set("warpstream_consumer_group_num_topics", help, extents(|extent| extent.topics));
        let help = "Partitions in which the group has committed offsets";
        self.set("warpstream_consumer_group_num_partitions", help, extents(|extent| extent.partitions));

        let lags = |value: fn(&Lag) -> Option<f64>| {
            self.lags.iter().flat_map(move |(cluster, found)| {
                found.lags.iter().filter_map(move |lag| Some((of_lag(cluster, lag), value(lag)?)))
            })
        };
        let help = "Offsets between what the group has committed and the end of the log";
        self.set("warpstream_consumer_group_lag", help, lags(|lag| Some(float(lag.offsets))));
        let help = "The end of the log: the offset that its next record gets";
        let end = lags(|lag| Some(float(lag.end.get().unsigned_abs())));
        self.set("warpstream_consumer_group_max_offset", help, end);
        let help = "When the group committed last, in seconds since 1970";
        let committed_at = lags(|lag| Some(float(lag.committed_at.millis().unsigned_abs()) / 1_000.0));
        self.set("warpstream_consumer_group_commit_ts", help, committed_at);
        let help = "About how long the record has been there that the group consumes next";
        self.set(TIME_LAG, help, lags(|lag| lag.time.map(|time| time.as_secs_f64())));
        let left_out = self.lags.iter().map(|(cluster, found)| (of_cluster(cluster), count(found.left_out)));
        let help = "Partitions of groups without series, because there are too many: those least behind";
        self.set("warpstream_consumer_group_lag_left_out", help, left_out);
    }

    fn set(&self, name: &str, help: &str, series: impl Iterator<Item = (Labels, f64)>) {
        // Only another kind of metric under the same name could be in the way, and there is none.
        if let Ok(left_out @ 1..) = self.metrics.replace_gauge(name, help, series) {
            tracing::debug!(name, left_out, "too many consumer groups for the series of a metric");
        }
    }
}

fn of_cluster(cluster: &VirtualClusterId) -> Labels {
    vec![("virtual_cluster_id".to_owned(), cluster.as_str().to_owned())]
}

fn of_group(cluster: &VirtualClusterId, group: &GroupId) -> Labels {
    let mut labels = of_cluster(cluster);
    labels.push(("consumer_group".to_owned(), group.as_str().to_owned()));
    labels
}

fn of_lag(cluster: &VirtualClusterId, lag: &Lag) -> Labels {
    let mut labels = of_group(cluster, &lag.group);
    labels.push(("topic".to_owned(), lag.topic.as_str().to_owned()));
    if let Some(partition) = lag.partition {
        labels.push(("partition".to_owned(), partition.to_string()));
    }
    labels
}

fn count(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}

#[expect(clippy::cast_precision_loss, reason = "no count comes near to 2^53")]
fn float(count: u64) -> f64 {
    count as f64
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
        gauges.show(&cluster, vec![kept("a", "Stable"), kept("b", "Empty")]);
        gauges.show(&cluster, vec![kept("a", "Empty")]);
        let text = metrics.render();
        assert!(text.contains("group_state=\"Empty\"") && text.contains("consumer_group=\"a\""), "{text}");
        assert!(!text.contains("Stable") && !text.contains("consumer_group=\"b\""), "{text}");
        gauges.retain(&[]);
        assert!(!metrics.render().contains("consumer_group="));
    }
}
