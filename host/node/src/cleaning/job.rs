use std::num::NonZero;
use std::time::Duration;

use super::CleaningSettings;

/// What is done. The work of a virtual cluster is one piece, or several shards; each has a lease of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Job {
    Trim,
    Clean,
    Orphans,
    Groups,
    Offsets,
    Lags,
    Compact,
    CompactKeys,
}

pub(super) const JOBS: [Job; 8] = [
    Job::Trim,
    Job::Clean,
    Job::Orphans,
    Job::Groups,
    Job::Offsets,
    Job::Lags,
    Job::Compact,
    Job::CompactKeys,
];

/// Into how many shards the partitions of a virtual cluster are divided that are compacted by key.
const KEYED_SHARDS: NonZero<u32> = NonZero::new(4).expect("it is not 0");

impl Job {
    /// As metrics and leases call it.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Trim => "retention",
            Self::Clean => "segment_deletion",
            Self::Orphans => "deadscanner",
            Self::Groups => "consumer_groups",
            Self::Offsets => "offset_retention",
            Self::Lags => "consumer_group_lag",
            Self::Compact => "compaction",
            Self::CompactKeys => "log_compaction",
        }
    }

    pub(super) const fn shards(self) -> NonZero<u32> {
        match self {
            Self::CompactKeys => KEYED_SHARDS,
            Self::Trim
            | Self::Clean
            | Self::Orphans
            | Self::Groups
            | Self::Offsets
            | Self::Lags
            | Self::Compact => NonZero::<u32>::MIN,
        }
    }

    /// From the beginning of one round to that of the next.
    pub(super) const fn every(self, settings: &CleaningSettings) -> Duration {
        match self {
            Self::Trim => settings.trim_every,
            Self::Clean => settings.clean_every,
            Self::Orphans => settings.orphans_every,
            Self::Groups => settings.groups_every,
            Self::Offsets => settings.offsets_every,
            Self::Lags => settings.lags_every,
            Self::Compact => settings.compact_every,
            Self::CompactKeys => settings.compact_keys_every,
        }
    }
}
