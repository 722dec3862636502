use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use forebay_sdk::{Cache, Config, Context, Error, Problem, log, time};
use lru::LruCache;

/// Keeps so many values in memory, each for so long after it was last set. Where there is no room, the value goes
/// that was not used for longest. The time of a single value, which a processor may give, is not regarded.
#[derive(Config)]
pub(crate) struct TtlruConfig {
    /// The most values that are kept.
    #[config(default = 1024)]
    cap: i64,
    /// How long a value is kept.
    #[config(default = "5m0s")]
    default_ttl: Duration,
    /// How long a value is kept; `default_ttl` is the name of it today.
    #[config(advanced)]
    ttl: Option<Duration>,
    /// Values that are there from the beginning; they expire as others do.
    #[config(default = {}, example = {"Nickelback": "1995", "Spice Girls": "1994"})]
    init_values: BTreeMap<String, String>,
    /// Has no effect here, where a cache serves one call at a time.
    #[config(default = false, advanced)]
    #[expect(dead_code, reason = "accepted for the sake of configurations of Bento")]
    optimistic: bool,
}

/// All values live equally long, so that they expire in the order in which they were set.
pub(crate) struct Ttlru {
    most: usize,
    ttl: Duration,
    /// In the order of their use.
    values: LruCache<Rc<str>, Vec<u8>>,
    /// When each expires; in the order of their being set.
    ends: LruCache<Rc<str>, Duration>,
}

impl Cache for Ttlru {
    const NAME: &'static str = "ttlru";

    type Config = TtlruConfig;

    fn open(config: TtlruConfig, _: &Context) -> Result<Self, Problem> {
        let TtlruConfig { cap, default_ttl, ttl, init_values, optimistic: _ } = config;
        if cap <= 0 {
            let reason = "invalid ttlru cache parameter capacity: must be bigger than 0";
            return Err(Problem::new(reason).at("/cap"));
        }
        let most = usize::try_from(cap).unwrap_or(usize::MAX);
        if ttl.is_some() {
            log::warn("field \"ttl\" is deprecated, please use \"default_ttl\"");
        }
        let field = if ttl.is_some() { "/ttl" } else { "/default_ttl" };
        let ttl = ttl.unwrap_or(default_ttl);
        if ttl.is_zero() {
            let reason = "invalid ttlru cache parameter default_ttl: must be bigger than 0s";
            return Err(Problem::new(reason).at(field));
        }
        let mut cache = Self { most, ttl, values: LruCache::unbounded(), ends: LruCache::unbounded() };
        for (key, value) in init_values {
            cache.put(&key, value.into_bytes());
        }
        Ok(cache)
    }

    fn get(&mut self, key: &str) -> Result<Option<Vec<u8>>, Error> {
        self.expire(time::monotonic());
        Ok(self.values.get(key).cloned())
    }

    fn set(&mut self, key: &str, value: Vec<u8>, _: Option<Duration>) -> Result<(), Error> {
        self.put(key, value);
        Ok(())
    }

    fn add(&mut self, key: &str, value: Vec<u8>, _: Option<Duration>) -> Result<bool, Error> {
        self.expire(time::monotonic());
        let is_new = !self.values.contains(key);
        if is_new {
            self.put(key, value);
        }
        Ok(is_new)
    }

    fn delete(&mut self, key: &str) -> Result<(), Error> {
        self.values.pop(key);
        self.ends.pop(key);
        Ok(())
    }
}

impl Ttlru {
    fn put(&mut self, key: &str, value: Vec<u8>) {
        let now = time::monotonic();
        self.expire(now);
        let key: Rc<str> = key.into();
        self.values.put(Rc::clone(&key), value);
        self.ends.put(key, now.saturating_add(self.ttl));
        if self.values.len() > self.most
            && let Some((oldest, _)) = self.values.pop_lru()
        {
            self.ends.pop(&oldest);
        }
    }

    fn expire(&mut self, now: Duration) {
        while self.ends.peek_lru().is_some_and(|(_, end)| *end < now) {
            if let Some((key, _)) = self.ends.pop_lru() {
                self.values.pop(&key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use forebay_sdk::testing::set_now;
    use forebay_sdk::{serde_json, serde_json::json};

    use super::*;

    fn open(config: serde_json::Value) -> Result<Ttlru, Problem> {
        let config = TtlruConfig::parse(&config, &forebay_sdk::config::Pointer::ROOT)?;
        Ttlru::open(config, &Context::new("ttlru"))
    }

    fn kept(cache: &mut Ttlru) -> String {
        ["a", "b", "c", "d"].into_iter().filter(|key| cache.get(key).unwrap().is_some()).collect()
    }

    fn at(seconds: u64) {
        set_now(Duration::from_secs(seconds));
    }

    #[test]
    fn what_was_not_used_for_longest_makes_room() {
        at(0);
        let mut cache = open(json!({"cap": 2, "init_values": {"a": "1", "b": "2"}})).unwrap();
        assert_eq!(cache.get("a").unwrap(), Some(b"1".to_vec()));
        cache.set("c", b"3".to_vec(), None).unwrap();
        assert_eq!(kept(&mut cache), "ac");
        assert!(!cache.add("a", b"4".to_vec(), None).unwrap(), "this is no use");
        assert!(cache.add("d", b"4".to_vec(), None).unwrap());
        assert_eq!(kept(&mut cache), "cd");
        cache.delete("c").unwrap();
        cache.delete("c").unwrap();
        assert_eq!((kept(&mut cache).as_str(), cache.ends.len()), ("d", 1));
    }

    #[test]
    fn values_expire_by_when_they_were_set_and_make_room_then() {
        at(0);
        let mut cache =
            open(json!({"cap": 3, "default_ttl": "10s", "init_values": {"a": "1", "b": "2"}})).unwrap();
        at(5);
        cache.set("a", b"3".to_vec(), Some(Duration::from_secs(1))).unwrap();
        at(10);
        assert_eq!(kept(&mut cache), "ab", "use does not prolong");
        at(11);
        assert!(cache.add("b", b"4".to_vec(), None).unwrap());
        at(15);
        assert_eq!(kept(&mut cache), "ab");
        at(16);
        assert_eq!((kept(&mut cache).as_str(), cache.values.len()), ("b", 1));
    }

    #[test]
    fn settings_that_keep_nothing_are_refused() {
        let error = |config| open(config).err().unwrap().to_string();
        assert_eq!(
            error(json!({"cap": 0})),
            "/cap: invalid ttlru cache parameter capacity: must be bigger than 0"
        );
        let expected = "invalid ttlru cache parameter default_ttl: must be bigger than 0s";
        assert_eq!(error(json!({"default_ttl": "0s"})), format!("/default_ttl: {expected}"));
        assert_eq!(error(json!({"ttl": "0s"})), format!("/ttl: {expected}"));
        assert!(open(json!({"ttl": "1s", "default_ttl": "0s"})).is_ok());
    }
}
