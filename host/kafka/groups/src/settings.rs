use std::time::Duration;

/// What holds for all groups of a virtual cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupSettings {
    /// Bounds of session timeouts in the classic protocol, in milliseconds.
    pub min_session_timeout_ms: i32,
    /// See [`Self::min_session_timeout_ms`].
    pub max_session_timeout_ms: i32,
    /// How long an empty group waits for more members before its first generation.
    pub initial_rebalance_delay: Duration,
    /// How many members a group may have.
    pub max_members: usize,
    /// How long a member of the KIP-848 protocol may be silent.
    pub consumer_session_timeout: Duration,
    /// How often members of the KIP-848 protocol are told to give a sign.
    pub consumer_heartbeat_interval: Duration,
}

impl Default for GroupSettings {
    /// Kafka's own, apart from the number of members, which Kafka does not bound.
    fn default() -> Self {
        Self {
            min_session_timeout_ms: 6_000,
            max_session_timeout_ms: 1_800_000,
            initial_rebalance_delay: Duration::from_secs(3),
            max_members: 2_000,
            consumer_session_timeout: Duration::from_secs(45),
            consumer_heartbeat_interval: Duration::from_secs(5),
        }
    }
}
