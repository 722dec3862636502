mod values;

use std::collections::BTreeMap;
use std::time::Duration;

use forebay_sdk::config::parse_duration;
use forebay_sdk::{Cache, Config, Context, Error, Problem, time};

use values::Values;

/// Keeps values in memory. They are lost when the pipeline ends, and when the instance of the plugin
/// is lost, as it is when they take all of its memory.
///
/// A value expires some time after it was last set. What has expired is removed from time to time
/// when something else is written; until then it can't be read, but still counts as there for
/// those who add.
#[derive(Config)]
pub(crate) struct MemoryConfig {
    /// How long a value is kept that is set without a time of its own.
    #[config(default = "5m")]
    default_ttl: Duration,
    /// The time between two removals of what has expired. Empty: nothing is removed, and nothing
    /// expires.
    #[config(default = "60s")]
    compaction_interval: String,
    /// Values that are there from the beginning and do not expire, unless they are set anew.
    #[config(default = {}, example = {"Nickelback": "1995", "Spice Girls": "1994"})]
    init_values: BTreeMap<String, String>,
    /// Has no effect here, where a cache serves one call at a time.
    #[config(default = 1, advanced)]
    #[expect(dead_code, reason = "accepted for the sake of configurations of Bento")]
    shards: i64,
}

pub(crate) struct Memory {
    values: Values,
    default_ttl: Duration,
}

impl Cache for Memory {
    const NAME: &'static str = "memory";

    type Config = MemoryConfig;

    fn open(config: MemoryConfig, _: &Context) -> Result<Self, Problem> {
        let MemoryConfig { default_ttl, compaction_interval, init_values, .. } = config;
        let interval = match compaction_interval.as_str() {
            "" => None,
            text => Some(parse_duration(text).ok_or_else(|| {
                Problem::new(format!("{text:?} is not a duration")).at("/compaction_interval")
            })?),
        };
        // As in Bento, an interval of nothing is none.
        let interval = interval.filter(|interval| !interval.is_zero());
        let mut values = Values::new(interval, time::monotonic());
        for (key, value) in init_values {
            values.set(key, value.into_bytes(), None, time::monotonic());
        }
        Ok(Self { values, default_ttl })
    }

    fn get(&mut self, key: &str) -> Result<Option<Vec<u8>>, Error> {
        Ok(self.values.get(key, time::monotonic()).map(<[u8]>::to_vec))
    }

    fn set(&mut self, key: &str, value: Vec<u8>, expiry: Option<Duration>) -> Result<(), Error> {
        let now = time::monotonic();
        let expires = now.saturating_add(expiry.unwrap_or(self.default_ttl));
        self.values.set(key.to_owned(), value, Some(expires), now);
        Ok(())
    }

    fn add(&mut self, key: &str, value: Vec<u8>, expiry: Option<Duration>) -> Result<bool, Error> {
        if self.values.contains(key) {
            return Ok(false);
        }
        self.set(key, value, expiry).map(|()| true)
    }

    fn delete(&mut self, key: &str) -> Result<(), Error> {
        self.values.delete(key, time::monotonic());
        Ok(())
    }
}

#[cfg(test)]
mod tests;
