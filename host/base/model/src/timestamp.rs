use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::shown::shown;

/// Milliseconds since 1970 in UTC. Records carry any value, also negative ones; -1 says that there is none.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct Timestamp(i64);

impl Timestamp {
    /// What a record without a timestamp has.
    pub const NONE: Self = Self(-1);

    /// So many milliseconds since 1970.
    #[must_use]
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// The milliseconds since 1970.
    #[must_use]
    pub const fn millis(self) -> i64 {
        self.0
    }

    /// The time that much later, or the latest there is.
    #[must_use]
    pub fn after(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(millis_of(duration)))
    }

    /// The time that much earlier, or the earliest there is.
    #[must_use]
    pub fn before(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(millis_of(duration)))
    }
}

fn millis_of(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

impl From<SystemTime> for Timestamp {
    fn from(time: SystemTime) -> Self {
        match time.duration_since(UNIX_EPOCH) {
            Ok(since) => Self(millis_of(since)),
            Err(before) => Self(millis_of(before.duration()).saturating_neg()),
        }
    }
}

shown!(Timestamp);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_becomes_milliseconds() {
        assert_eq!(Timestamp::from(UNIX_EPOCH + Duration::from_micros(1_999)).millis(), 1);
        assert_eq!(Timestamp::from(UNIX_EPOCH - Duration::from_secs(2)).millis(), -2_000);
        assert_eq!(Timestamp::from_millis(5).before(Duration::MAX).millis(), 5 - i64::MAX);
    }
}
