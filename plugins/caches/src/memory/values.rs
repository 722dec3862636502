//! Values that expire.

use std::collections::HashMap;
use std::time::Duration;

/// Values, and when they expire. Times are those of a clock that never goes back.
pub(crate) struct Values {
    all: HashMap<String, Kept>,
    /// `None`: nothing expires.
    compaction_interval: Option<Duration>,
    last_compaction: Duration,
}

struct Kept {
    value: Vec<u8>,
    /// `None`: never.
    expires: Option<Duration>,
}

impl Values {
    pub(crate) fn new(compaction_interval: Option<Duration>, now: Duration) -> Self {
        Self { all: HashMap::new(), compaction_interval, last_compaction: now }
    }

    /// The value of a key that has not expired.
    pub(crate) fn get(&self, key: &str, now: Duration) -> Option<&[u8]> {
        let kept = self.all.get(key)?;
        (!self.has_expired(kept, now)).then_some(&*kept.value)
    }

    /// Whether there is a value, which may have expired but is not removed yet.
    pub(crate) fn contains(&self, key: &str) -> bool {
        self.all.contains_key(key)
    }

    pub(crate) fn set(&mut self, key: String, value: Vec<u8>, expires: Option<Duration>, now: Duration) {
        self.compact(now);
        self.all.insert(key, Kept { value, expires });
    }

    pub(crate) fn delete(&mut self, key: &str, now: Duration) {
        self.compact(now);
        self.all.remove(key);
    }

    fn has_expired(&self, kept: &Kept, now: Duration) -> bool {
        self.compaction_interval.is_some() && kept.expires.is_some_and(|expires| expires < now)
    }

    /// Removes what has expired, if that was last done long enough ago.
    fn compact(&mut self, now: Duration) {
        let Some(interval) = self.compaction_interval else { return };
        if now.saturating_sub(self.last_compaction) < interval {
            return;
        }
        self.all.retain(|_, kept| kept.expires.is_none_or(|expires| expires >= now));
        self.last_compaction = now;
    }
}
