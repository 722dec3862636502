use std::sync::{Arc, Mutex};

use forebay_plugins_api::{PipelineName, SharedCache};
use serde_json::json;

use super::*;

/// A level, which fails with what is under the key `fails`.
#[derive(Default)]
struct Level(Mutex<HashMap<String, Vec<u8>>>);

impl Level {
    fn with(values: &[(&str, &str)]) -> Arc<Self> {
        let own = values.iter().map(|(key, value)| ((*key).to_owned(), value.as_bytes().to_vec()));
        Arc::new(Self(Mutex::new(own.collect())))
    }

    fn text(&self, key: &str) -> Option<String> {
        self.0.lock().unwrap().get(key).map(|value| String::from_utf8(value.clone()).unwrap())
    }

    fn fault(&self) -> Result<(), String> {
        self.text("fails").map_or(Ok(()), Err)
    }
}

#[async_trait]
impl SharedCache for Level {
    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, String> {
        self.fault()?;
        Ok(self.0.lock().unwrap().get(key).cloned())
    }

    async fn set(&self, key: &str, value: Vec<u8>, _: Option<Duration>) -> Result<(), String> {
        self.fault()?;
        self.0.lock().unwrap().insert(key.to_owned(), value);
        Ok(())
    }

    async fn add(&self, key: &str, value: Vec<u8>, after: Option<Duration>) -> Result<bool, String> {
        if self.get(key).await?.is_some() {
            Ok(false)
        } else {
            self.set(key, value, after).await.map(|()| true)
        }
    }

    async fn delete(&self, key: &str) -> Result<(), String> {
        self.fault()?;
        self.0.lock().unwrap().remove(key);
        Ok(())
    }
}

/// The cache `m` over others.
fn over(levels: &[&Arc<Level>]) -> Box<dyn Cache> {
    let labels: Vec<String> = (0..levels.len()).map(|index| format!("level{index}")).collect();
    let shared = labels.iter().zip(levels);
    let shared =
        shared.map(|(label, level)| (label.parse().unwrap(), Arc::clone(level) as Arc<dyn SharedCache>));
    let caches = Caches::new(shared).used_by(&"m".parse().unwrap());
    let setup = Setup::new(PipelineName::new("test"), "cache_resources.0", NAME.parse().unwrap());
    open(&Setup { config: json!(labels), caches, ..setup }).unwrap()
}

#[tokio::test]
async fn what_a_later_level_has_is_kept_on_those_before_it() {
    let levels = [Level::with(&[]), Level::with(&[]), Level::with(&[("a", "1")]), Level::with(&[("a", "2")])];
    let mut cache = over(&levels.each_ref());
    assert_eq!(cache.get("a").await.unwrap(), Some(b"1".to_vec()));
    assert_eq!(levels.each_ref().map(|level| level.text("a").unwrap()), ["1", "1", "1", "2"]);
    assert_eq!(cache.get("b").await.unwrap(), None);
}

#[tokio::test]
async fn a_level_that_fails_is_an_error_where_it_is_asked() {
    let levels = [Level::with(&[("a", "1")]), Level::with(&[("fails", "out of order")])];
    let mut cache = over(&levels.each_ref());
    assert_eq!(cache.get("a").await.unwrap(), Some(b"1".to_vec()));
    assert_eq!(cache.get("b").await.unwrap_err().to_string(), "out of order");
    assert_eq!(cache.set("b", b"2", None).await.unwrap_err().to_string(), "out of order");
    assert_eq!(levels[0].text("b").as_deref(), Some("2"));
    assert!(cache.delete("a").await.is_err());
    assert_eq!(levels[0].text("a"), None);
}

#[tokio::test]
async fn a_key_is_added_where_no_level_has_it() {
    let levels = [Level::with(&[("first", "1")]), Level::with(&[("last", "1")])];
    let mut cache = over(&levels.each_ref());
    for (key, is_new) in [("first", false), ("last", false), ("none", true), ("none", false)] {
        assert_eq!(cache.add(key, b"2", None).await.unwrap(), is_new, "{key}");
    }
    assert_eq!(levels.each_ref().map(|level| level.text("none").unwrap()), ["2", "2"]);
    assert_eq!((levels[0].text("last"), levels[1].text("first")), (None, None));
}

#[test]
fn two_levels_are_the_fewest_and_all_have_to_be_there() {
    let error = |config: Json| {
        let level = Level::with(&[]) as Arc<dyn SharedCache>;
        let caches = Caches::new([("near".parse().unwrap(), level)]);
        let setup = Setup::new(PipelineName::new("test"), "", NAME.parse().unwrap());
        open(&Setup { config, caches, ..setup }).err().unwrap().to_string()
    };
    assert!(error(json!(["near"])).contains("expected at least two cache levels, found 1"));
    let expected =
        "there is no cache `neer` among the cache_resources of this pipeline, did you mean `near`?";
    assert!(error(json!(["near", "neer"])).contains(expected));
}

#[test]
fn caches_that_hold_themselves_are_found_once() {
    let mut circles = Circles::new([
        ("a", vec!["x", "b"]),
        ("b", vec!["y", "c"]),
        ("c", vec!["x", "b", "d"]),
        ("d", vec!["x", "y"]),
        ("own", vec!["x", "own"]),
        ("twice", vec!["d", "d"]),
    ]);
    let found = ["a", "b", "c", "d", "own", "twice", "x"].map(|label| circles.through(label));
    let expected = [Some("b -> c -> b"), None, None, None, Some("own -> own"), None, None];
    assert_eq!(found, expected.map(|way| way.map(str::to_owned)));
}
