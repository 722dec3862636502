//! The caches of a pipeline as guests use them. The engine's tests show how they are run.
#![expect(clippy::unwrap_used, reason = "what tests share is test code too")]

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use forebay_plugins_api::{
    Caches, ComponentError, Components, LostReason, Processor, Rights, Setup, SharedCache,
};
use forebay_plugins_runtime::Limits;
use forebay_tests_guests::{World, batch, process, setup, soon, texts};
use serde_json::json;

/// A cache of the host; `stuck` is a key that it never answers for.
#[derive(Default)]
struct HostCache {
    values: Mutex<HashMap<String, Vec<u8>>>,
    times: Mutex<Vec<Option<Duration>>>,
}

#[async_trait]
impl SharedCache for HostCache {
    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, String> {
        match key {
            "stuck" => std::future::pending().await,
            "broken" => Err("broken on purpose".to_owned()),
            _ => Ok(self.values.lock().unwrap().get(key).cloned()),
        }
    }

    async fn set(&self, key: &str, value: Vec<u8>, after: Option<Duration>) -> Result<(), String> {
        self.times.lock().unwrap().push(after);
        self.values.lock().unwrap().insert(key.to_owned(), value);
        Ok(())
    }

    async fn add(&self, key: &str, value: Vec<u8>, after: Option<Duration>) -> Result<bool, String> {
        if self.values.lock().unwrap().contains_key(key) {
            return Ok(false);
        }
        self.set(key, value, after).await.map(|()| true)
    }

    async fn delete(&self, key: &str) -> Result<(), String> {
        self.values.lock().unwrap().remove(key);
        Ok(())
    }
}

fn with(caches: &[(&str, &Arc<HostCache>)]) -> Caches {
    let caches = caches
        .iter()
        .map(|(label, cache)| (label.parse().unwrap(), Arc::clone(cache) as Arc<dyn SharedCache>));
    Caches::new(caches)
}

async fn asker(world: &World, caches: Caches) -> Box<dyn Processor> {
    // Nothing is granted to it.
    let setup = Setup { caches, rights: Rights::Granted, ..setup("asker", json!({})) };
    world.plugins.open_processor(setup).await.unwrap()
}

async fn ask(processor: &mut dyn Processor, line: &str) -> String {
    let answer = soon(process(processor, batch(&[line]))).await.unwrap();
    answer.errors().map_or_else(|| texts(&answer).join(","), |(error, _)| format!("error: {error}"))
}

#[tokio::test]
async fn a_guest_uses_the_caches_of_its_pipeline_by_label() {
    let world = World::of(&["toolbox"]).await;
    let (users, orders) = (Arc::default(), Arc::default());
    let mut asker = asker(&world, with(&[("users", &users), ("orders", &orders)])).await;
    for (line, answer) in [
        ("get users a", "-"),
        ("set users a 1", "set"),
        ("add users a 2", "false"),
        ("add orders a 2", "true"),
        ("get users a", "1"),
        ("get orders a", "2"),
        ("delete users a", "deleted"),
        ("get users a", "-"),
        ("get users broken", "error: cache `users`: broken on purpose"),
        (
            "get user a",
            "error: there is no cache `user` among the cache_resources of this pipeline, did you mean `users`?",
        ),
    ] {
        assert_eq!(ask(&mut *asker, line).await, answer, "{line}");
    }
    assert_eq!(*users.times.lock().unwrap(), [None]);
    assert_eq!(*orders.times.lock().unwrap(), [Some(Duration::from_secs(60))]);
}

#[tokio::test]
async fn a_cache_that_does_not_answer_is_an_error_before_the_instance_is_lost() {
    let limits = Limits { wall: Duration::from_secs(2), ..Limits::default() };
    let world = World::limited(&["toolbox"], limits).await;
    let cache = Arc::default();
    let mut asker = asker(&world, with(&[("users", &cache)])).await;
    assert_eq!(ask(&mut *asker, "get users stuck").await, "error: cache `users`: no answer within 1s");
    assert_eq!(ask(&mut *asker, "get users a").await, "-");
    // Twice in one call is longer than a call may take.
    match soon(process(&mut *asker, batch(&["get users stuck", "get users stuck", "get users stuck"]))).await
    {
        Err(ComponentError::Lost(lost)) => assert_eq!(lost.reason, LostReason::WallClock),
        other => panic!("{other:?}"),
    }
    assert_eq!(ask(&mut *asker, "get users a").await, "-");
}

#[tokio::test]
async fn a_cache_of_a_plugin_uses_another_but_not_itself() {
    let world = World::of(&["toolbox"]).await;
    let behind = Arc::default();
    let caches = with(&[("behind", &behind), ("own", &Arc::default())]).used_by(&"own".parse().unwrap());
    behind.set("a", b"1".to_vec(), None).await.unwrap();
    let open = |label: &str| Setup { caches: caches.clone(), ..setup("front", json!({"behind": label})) };
    let mut front = world.plugins.open_cache(open("behind")).await.unwrap();
    front.connect().await.unwrap();
    assert_eq!(front.get("a").await.unwrap(), Some(b"1".to_vec()));
    assert!(!front.add("a", b"2", None).await.unwrap());
    let mut front = world.plugins.open_cache(open("own")).await.unwrap();
    match soon(front.get("a")).await {
        Err(ComponentError::Failed(reason)) => {
            assert_eq!(reason, "cache `own` can't use cache `own`, which waits for it");
        }
        other => panic!("{other:?}"),
    }
}
