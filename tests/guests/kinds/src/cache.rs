use std::collections::HashMap;
use std::time::Duration;

use forebay_sdk::{Cache, Config, Context, Error, Problem};

/// Keeps values in memory; nothing expires.
#[derive(Config)]
pub(crate) struct KindsCacheConfig {}

pub(crate) struct KindsCache {
    values: HashMap<String, Vec<u8>>,
}

impl Cache for KindsCache {
    const NAME: &'static str = "kinds_cache";
    type Config = KindsCacheConfig;

    fn open(_: KindsCacheConfig, _: &Context) -> Result<Self, Problem> {
        Ok(Self { values: HashMap::new() })
    }

    fn get(&mut self, key: &str) -> Result<Option<Vec<u8>>, Error> {
        Ok(self.values.get(key).cloned())
    }

    fn set(&mut self, key: &str, value: Vec<u8>, _: Option<Duration>) -> Result<(), Error> {
        self.values.insert(key.to_owned(), value);
        Ok(())
    }

    fn add(&mut self, key: &str, value: Vec<u8>, _: Option<Duration>) -> Result<bool, Error> {
        let is_new = !self.values.contains_key(key);
        if is_new {
            self.values.insert(key.to_owned(), value);
        }
        Ok(is_new)
    }

    fn delete(&mut self, key: &str) -> Result<(), Error> {
        self.values.remove(key);
        Ok(())
    }
}
