//! The plugin `rust-cache`.

use std::collections::HashMap;
use std::time::Duration;

use forebay_sdk::{Cache, Config, Context, Error, Problem, time};

/// Keeps values in memory, as long as the pipeline runs.
#[derive(Config)]
pub struct RustCacheConfig {
    /// How many values are kept; setting one more fails.
    #[config(default = 1000)]
    max_values: usize,
}

/// The cache `rust_cache`.
pub struct RustCache {
    max_values: usize,
    values: HashMap<String, Entry>,
}

struct Entry {
    value: Vec<u8>,
    /// On the clock that never goes back; absent: never.
    expires: Option<Duration>,
}

impl Cache for RustCache {
    const NAME: &'static str = "rust_cache";
    type Config = RustCacheConfig;

    fn open(config: RustCacheConfig, _: &Context) -> Result<Self, Problem> {
        Ok(Self { max_values: config.max_values, values: HashMap::new() })
    }

    fn get(&mut self, key: &str) -> Result<Option<Vec<u8>>, Error> {
        self.forget_expired();
        Ok(self.values.get(key).map(|entry| entry.value.clone()))
    }

    fn set(&mut self, key: &str, value: Vec<u8>, expiry: Option<Duration>) -> Result<(), Error> {
        self.forget_expired();
        if !self.values.contains_key(key) && self.values.len() >= self.max_values {
            return Err(Error::new(format!("there are {} values already", self.values.len())));
        }
        let expires = expiry.map(|expiry| time::monotonic() + expiry);
        self.values.insert(key.to_owned(), Entry { value, expires });
        Ok(())
    }

    fn add(&mut self, key: &str, value: Vec<u8>, expiry: Option<Duration>) -> Result<bool, Error> {
        self.forget_expired();
        if self.values.contains_key(key) {
            return Ok(false);
        }
        self.set(key, value, expiry).map(|()| true)
    }

    fn delete(&mut self, key: &str) -> Result<(), Error> {
        self.values.remove(key);
        Ok(())
    }
}

impl RustCache {
    fn forget_expired(&mut self) {
        let now = time::monotonic();
        self.values.retain(|_, entry| entry.expires.is_none_or(|expires| expires > now));
    }
}

forebay_sdk::plugin! {
    name: "rust-cache",
    summary: "Keeps values in memory.",
    caches: [RustCache],
}
