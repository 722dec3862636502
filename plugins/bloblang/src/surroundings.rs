use forebay_bloblang::World;
use forebay_sdk::caches::{self, CacheError};
use forebay_sdk::files::{self, FileError};
use forebay_sdk::{Error, environment, time, waits};

/// Random numbers are fetched from the host this many at a time.
const RANDOM: usize = 32;

/// Bytes of the largest file that a mapping reads.
const LARGEST_FILE: usize = 64 << 20;

/// The world of a guest: what the host grants.
pub(crate) struct Surroundings {
    random: [u8; RANDOM * 8],
    /// How many of the bytes were used.
    used: usize,
}

impl Default for Surroundings {
    fn default() -> Self {
        Self { random: [0; RANDOM * 8], used: RANDOM * 8 }
    }
}

impl World for Surroundings {
    fn random_u64(&mut self) -> u64 {
        if self.used == self.random.len() {
            environment::random(&mut self.random);
            self.used = 0;
        }
        let mut number = [0; 8];
        number.copy_from_slice(&self.random[self.used..self.used + 8]);
        self.used += 8;
        u64::from_le_bytes(number)
    }

    fn now(&mut self) -> (i64, u32) {
        let now = time::now();
        (i64::try_from(now.as_secs()).unwrap_or(i64::MAX), now.subsec_nanos())
    }

    fn env(&mut self, name: &str) -> Result<Option<String>, String> {
        environment::get(name).map_err(Error::into_message)
    }

    fn hostname(&mut self) -> Result<String, String> {
        environment::hostname().map_err(Error::into_message)
    }

    fn zone(&mut self) -> Option<String> {
        let zone = environment::get("TZ").ok().flatten()?;
        let zone = zone.trim_start_matches(':');
        (!zone.is_empty()).then(|| zone.to_owned())
    }

    fn read_file(&mut self, path: &str) -> Result<Vec<u8>, String> {
        let mut file = files::open(path).map_err(|error| match error {
            FileError::NotFound(_) => format!("open {path}: no such file or directory"),
            other => format!("open {path}: {other}"),
        })?;
        file.read_to_end(LARGEST_FILE).map_err(|error| format!("read {path}: {error}"))
    }

    fn cache_get(&mut self, cache: &str, key: &str) -> Result<Vec<u8>, String> {
        match caches::get(cache, key) {
            Ok(Some(value)) => Ok(value),
            Ok(None) => Err("key does not exist".to_owned()),
            Err(error) => Err(cache_failure(cache, error)),
        }
    }

    fn cache_set(&mut self, cache: &str, key: &str, value: &[u8]) -> Result<(), String> {
        caches::set(cache, key, value, None).map_err(|error| cache_failure(cache, error))
    }

    fn cache_add(&mut self, cache: &str, key: &str, value: &[u8]) -> Result<(), String> {
        match caches::add(cache, key, value, None) {
            Ok(true) => Ok(()),
            Ok(false) => Err("key already exists".to_owned()),
            Err(error) => Err(cache_failure(cache, error)),
        }
    }

    fn cache_delete(&mut self, cache: &str, key: &str) -> Result<(), String> {
        caches::delete(cache, key).map_err(|error| cache_failure(cache, error))
    }

    fn give_way(&mut self) {
        waits::give_way();
    }
}

/// The words in which users know a cache that is not there.
fn cache_failure(cache: &str, error: CacheError) -> String {
    match error {
        CacheError::Unknown(_) => format!("unable to locate resource: {cache}"),
        CacheError::Failed(reason) => reason,
    }
}
