//! When committed offsets are forgotten, as Kafka does it since KIP-211.

use std::time::Duration;

use forebay_model::Timestamp;

use crate::Group;

/// An offset that was committed, as far as its age matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Committed {
    /// When.
    pub at: Timestamp,
    /// Until when it is kept, where the group has said so itself.
    pub expires_at: Option<Timestamp>,
    /// Whether some member subscribes to the topic.
    pub is_subscribed: bool,
}

/// Whether the offset is forgotten at `now`. A group with members keeps what it subscribes to; one whose members are
/// gone keeps everything for `retention` from then on; one that never had any keeps each offset for that long.
#[must_use]
pub fn is_expired(group: &Group, committed: Committed, retention: Duration, now: Timestamp) -> bool {
    let Committed { at, expires_at, is_subscribed } = committed;
    match group.empty_since() {
        None if is_subscribed => return false,
        None => {}
        Some(_) if expires_at.is_some() => {}
        Some(since) if !group.protocol_type().is_empty() => return since.max(at).after(retention) <= now,
        Some(_) => {}
    }
    expires_at.unwrap_or_else(|| at.after(retention)) <= now
}
