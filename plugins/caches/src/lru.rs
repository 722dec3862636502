mod adaptive;
mod recent;
#[cfg(test)]
mod tests;
mod two_queues;

use std::collections::BTreeMap;
use std::time::Duration;

use forebay_sdk::{Cache, Config, Context, Error, Problem};

use adaptive::Adaptive;
use recent::Recent;
use two_queues::TwoQueues;

/// Keeps so many values in memory, for any time. Where there is no room, one goes that was not used for long.
#[derive(Config)]
pub(crate) struct LruConfig {
    /// The most values that are kept.
    #[config(default = 1000)]
    cap: i64,
    /// Values that are there from the beginning.
    #[config(default = {}, example = {"Nickelback": "1995", "Spice Girls": "1994"})]
    init_values: BTreeMap<String, String>,
    /// Which value goes: the one that was not used for longest (`standard`); one of those that were used once or one
    /// of those that were used more often, by which of both were missed of late (`arc`); or the same with a fixed
    /// share for those that were used once (`two_queues`).
    #[config(default = "standard", options("standard", "arc", "two_queues"), advanced)]
    algorithm: String,
    /// The share of `cap` from which on, with `two_queues`, values that were used once are the ones that go.
    #[config(default = 0.25, advanced)]
    two_queues_recent_ratio: f64,
    /// The share of `cap` that, with `two_queues`, is the number of keys to be remembered of which the value is gone.
    #[config(default = 0.5, advanced)]
    two_queues_ghost_ratio: f64,
    /// Has no effect here, where a cache serves one call at a time.
    #[config(default = false, advanced)]
    #[expect(dead_code, reason = "accepted for the sake of configurations of Bento")]
    optimistic: bool,
}

/// Which values are kept when there are too many.
trait Algorithm {
    /// The value of a key, which is used by this.
    fn get(&mut self, key: &str) -> Option<&[u8]>;

    /// Whether there is a value, which is not used by this.
    fn contains(&self, key: &str) -> bool;

    fn put(&mut self, key: String, value: Vec<u8>);

    fn remove(&mut self, key: &str);
}

pub(crate) struct Lru(Box<dyn Algorithm>);

impl Cache for Lru {
    const NAME: &'static str = "lru";

    type Config = LruConfig;

    fn open(config: LruConfig, _: &Context) -> Result<Self, Problem> {
        let LruConfig {
            cap, init_values, algorithm, two_queues_recent_ratio, two_queues_ghost_ratio, ..
        } = config;
        if cap <= 0 {
            let reason = "invalid lru cache parameter capacity: must be bigger than 0";
            return Err(Problem::new(reason).at("/cap"));
        }
        let most = usize::try_from(cap).unwrap_or(usize::MAX);
        let mut kept: Box<dyn Algorithm> = match algorithm.as_str() {
            "arc" => Box::new(Adaptive::new(most)),
            "two_queues" => Box::new(TwoQueues::new(most, two_queues_recent_ratio, two_queues_ghost_ratio)?),
            // Others are none of the options.
            _ => Box::new(Recent::new(most)),
        };
        for (key, value) in init_values {
            kept.put(key, value.into_bytes());
        }
        Ok(Self(kept))
    }

    fn get(&mut self, key: &str) -> Result<Option<Vec<u8>>, Error> {
        Ok(self.0.get(key).map(<[u8]>::to_vec))
    }

    fn set(&mut self, key: &str, value: Vec<u8>, _: Option<Duration>) -> Result<(), Error> {
        self.0.put(key.to_owned(), value);
        Ok(())
    }

    fn add(&mut self, key: &str, value: Vec<u8>, _: Option<Duration>) -> Result<bool, Error> {
        let is_new = !self.0.contains(key);
        if is_new {
            self.0.put(key.to_owned(), value);
        }
        Ok(is_new)
    }

    fn delete(&mut self, key: &str) -> Result<(), Error> {
        self.0.remove(key);
        Ok(())
    }
}
