use std::time::Duration;

use forebay_storage_log::{CleanerSettings, CompactorSettings};

use crate::group_lags::GroupMetrics;

/// How often what is cleaned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CleaningSettings {
    /// From one look at what topics keep to the next.
    pub trim_every: Duration,
    /// From one look for segments without records to the next.
    pub clean_every: Duration,
    /// From one page of objects that may be orphans to the next.
    pub orphans_every: Duration,
    /// From one look at consumer groups to the next.
    pub groups_every: Duration,
    /// From one look at which offsets of theirs are too old to the next.
    pub offsets_every: Duration,
    /// From one look for segments that may be put together to the next.
    pub compact_every: Duration,
    /// From one look at topics that are compacted by key to the next.
    pub compact_keys_every: Duration,
    /// How long a lease lasts that is not renewed: so long a piece of work lies still whose agent has died.
    pub lease: Duration,
    /// From one look at how far consumer groups are behind to the next.
    pub lags_every: Duration,
    /// Which series there are of consumer groups.
    pub group_metrics: GroupMetrics,
    pub cleaner: CleanerSettings,
    pub compactor: CompactorSettings,
}

impl Default for CleaningSettings {
    fn default() -> Self {
        Self {
            // As Kafka's log.retention.check.interval.ms.
            trim_every: Duration::from_mins(5),
            clean_every: Duration::from_mins(1),
            orphans_every: Duration::from_mins(10),
            groups_every: Duration::from_mins(1),
            // As Kafka's offsets.retention.check.interval.ms.
            offsets_every: Duration::from_mins(10),
            compact_every: Duration::from_secs(30),
            // As Kafka's log.cleaner.backoff.ms, or nearly.
            compact_keys_every: Duration::from_secs(30),
            lease: Duration::from_mins(1),
            lags_every: Duration::from_mins(1),
            group_metrics: GroupMetrics::default(),
            cleaner: CleanerSettings::default(),
            compactor: CompactorSettings::default(),
        }
    }
}
