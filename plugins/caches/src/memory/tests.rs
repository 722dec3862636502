use forebay_sdk::testing::set_now;
use forebay_sdk::{serde_json, serde_json::json};

use super::*;

fn open(config: serde_json::Value) -> Memory {
    let config = MemoryConfig::parse(&config, &forebay_sdk::config::Pointer::ROOT).unwrap();
    Memory::open(config, &Context::new("memory")).unwrap()
}

fn get(cache: &mut Memory, key: &str) -> Option<String> {
    cache.get(key).unwrap().map(|value| String::from_utf8(value).unwrap())
}

fn at(seconds: u64) {
    set_now(Duration::from_secs(seconds));
}

#[test]
fn values_are_set_added_and_removed() {
    let mut cache = open(json!({}));
    cache.set("a", b"1".to_vec(), None).unwrap();
    assert!(!cache.add("a", b"2".to_vec(), None).unwrap());
    assert!(cache.add("b", b"3".to_vec(), None).unwrap());
    assert_eq!((get(&mut cache, "a").as_deref(), get(&mut cache, "b").as_deref()), (Some("1"), Some("3")));
    cache.delete("a").unwrap();
    cache.delete("a").unwrap();
    assert_eq!(get(&mut cache, "a"), None);
}

#[test]
fn values_expire_after_their_own_time_or_that_of_all() {
    at(0);
    let mut cache = open(json!({"default_ttl": "10s"}));
    cache.set("long", b"1".to_vec(), Some(Duration::from_secs(20))).unwrap();
    cache.set("usual", b"1".to_vec(), None).unwrap();
    at(10);
    assert!(get(&mut cache, "usual").is_some());
    at(11);
    assert_eq!(get(&mut cache, "usual"), None);
    assert!(get(&mut cache, "long").is_some());
}

#[test]
fn what_has_expired_counts_as_there_for_add_until_it_is_removed() {
    at(0);
    let mut cache = open(json!({"default_ttl": "10s", "compaction_interval": "30s"}));
    cache.set("a", b"1".to_vec(), None).unwrap();
    at(20);
    cache.set("b", b"1".to_vec(), None).unwrap();
    assert!(!cache.add("a", b"2".to_vec(), None).unwrap(), "it is too early for a removal");
    at(30);
    cache.set("b", b"1".to_vec(), None).unwrap();
    assert!(cache.add("a", b"2".to_vec(), None).unwrap());
}

#[test]
fn the_first_values_never_expire_unless_they_are_set_anew() {
    at(0);
    let mut cache = open(json!({"default_ttl": "1s", "init_values": {"a": "1", "b": "2"}}));
    cache.set("b", b"3".to_vec(), None).unwrap();
    at(1000);
    cache.set("c", b"4".to_vec(), None).unwrap();
    assert_eq!(get(&mut cache, "a").as_deref(), Some("1"));
    assert_eq!(get(&mut cache, "b"), None);
}

#[test]
fn without_compaction_nothing_expires() {
    at(0);
    for interval in ["", "0s"] {
        let mut cache = open(json!({"default_ttl": "1s", "compaction_interval": interval}));
        cache.set("a", b"1".to_vec(), None).unwrap();
        at(1_000_000);
        assert!(get(&mut cache, "a").is_some());
    }
}

#[test]
fn an_interval_that_is_none_is_named() {
    let config = json!({"compaction_interval": "soon"});
    let config = MemoryConfig::parse(&config, &forebay_sdk::config::Pointer::ROOT).unwrap();
    let problem = Memory::open(config, &Context::new("memory")).err().unwrap();
    assert_eq!(problem.to_string(), "/compaction_interval: \"soon\" is not a duration");
}
