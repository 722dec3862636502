use std::collections::HashMap;
use std::time::Duration;

use forebay_sdk::config::CacheLabel;
use forebay_sdk::{Batch, Cache, Config, Context, Error, Problem, Processing, Processor, caches};

use crate::words::{answer_each, text, unknown};

/// Asks the caches that its messages name.
#[derive(Config)]
pub(crate) struct AskerConfig {}

pub(crate) struct Asker;

impl Processor for Asker {
    const NAME: &'static str = "asker";
    type Config = AskerConfig;

    fn open(_: AskerConfig, _: &Context) -> Result<Self, Problem> {
        Ok(Self)
    }

    fn process(&mut self, batch: Batch) -> Result<Processing, Error> {
        Ok(answer_each(&batch, |words| match words {
            ["get", cache, key] => Ok(text(caches::get(cache, key)?)),
            ["set", cache, key, value] => {
                caches::set(cache, key, value.as_bytes(), None)?;
                Ok("set".to_owned())
            }
            ["add", cache, key, value] => {
                Ok(caches::add(cache, key, value.as_bytes(), Some(Duration::from_secs(60)))?.to_string())
            }
            ["delete", cache, key] => {
                caches::delete(cache, key)?;
                Ok("deleted".to_owned())
            }
            other => Err(unknown(other)),
        }))
    }
}

/// A cache that asks another one for what it does not have itself.
#[derive(Config)]
pub(crate) struct FrontConfig {
    /// The cache behind it.
    behind: CacheLabel,
}

pub(crate) struct Front {
    behind: CacheLabel,
    own: HashMap<String, Vec<u8>>,
}

impl Cache for Front {
    const NAME: &'static str = "front";
    type Config = FrontConfig;

    fn open(FrontConfig { behind }: FrontConfig, _: &Context) -> Result<Self, Problem> {
        Ok(Self { behind, own: HashMap::new() })
    }

    fn get(&mut self, key: &str) -> Result<Option<Vec<u8>>, Error> {
        if let Some(value) = self.own.get(key) {
            return Ok(Some(value.clone()));
        }
        Ok(caches::get(&self.behind, key)?)
    }

    fn set(&mut self, key: &str, value: Vec<u8>, _: Option<Duration>) -> Result<(), Error> {
        self.own.insert(key.to_owned(), value);
        Ok(())
    }

    fn add(&mut self, key: &str, value: Vec<u8>, expiry: Option<Duration>) -> Result<bool, Error> {
        Ok(caches::add(&self.behind, key, &value, expiry)?)
    }

    fn delete(&mut self, key: &str) -> Result<(), Error> {
        self.own.remove(key);
        Ok(caches::delete(&self.behind, key)?)
    }
}
