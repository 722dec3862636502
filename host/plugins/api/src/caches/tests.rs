use std::sync::OnceLock;

use super::*;

/// A cache that asks another one before it answers.
#[derive(Default)]
struct Forwarding {
    to: OnceLock<(Caches, String)>,
}

#[async_trait]
impl SharedCache for Forwarding {
    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, String> {
        match self.to.get() {
            Some((caches, label)) => caches.get(label, key).await.map_err(|error| error.to_string()),
            None => Ok(Some(key.as_bytes().to_vec())),
        }
    }

    async fn set(&self, _: &str, _: Vec<u8>, _: Option<Duration>) -> Result<(), String> {
        Err("full".to_owned())
    }

    async fn add(&self, _: &str, _: Vec<u8>, _: Option<Duration>) -> Result<bool, String> {
        Ok(true)
    }

    async fn delete(&self, _: &str) -> Result<(), String> {
        Ok(())
    }
}

/// Caches that each ask the one that they are told to, if any.
fn caches(routes: &[(&str, Option<&str>)]) -> Caches {
    let made: Vec<(Label, Arc<Forwarding>)> =
        routes.iter().map(|(label, _)| (label.parse().unwrap(), Arc::default())).collect();
    let caches = Caches::new(
        made.iter().map(|(label, cache)| (label.clone(), Arc::clone(cache) as Arc<dyn SharedCache>)),
    );
    for ((label, cache), (_, to)) in made.iter().zip(routes) {
        if let Some(to) = to {
            assert!(cache.to.set((caches.used_by(label), (*to).to_owned())).is_ok());
        }
    }
    caches
}

#[tokio::test]
async fn a_cache_that_is_not_there_is_named_with_the_one_that_was_meant() {
    let error = caches(&[("users", None)]).get("user", "a").await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "there is no cache `user` among the cache_resources of this pipeline, did you mean `users`?"
    );
}

#[tokio::test]
async fn a_cache_uses_others() {
    let caches = caches(&[("front", Some("back")), ("back", None)]);
    assert_eq!(caches.get("front", "a").await, Ok(Some(b"a".to_vec())));
    assert_eq!(caches.get("front", "a").await, Ok(Some(b"a".to_vec())), "nothing waits any more");
    assert_eq!(
        caches.set("back", "a", Vec::new(), None).await.unwrap_err().to_string(),
        "cache `back`: full"
    );
}

#[tokio::test]
async fn a_cache_does_not_use_itself() {
    let error = caches(&[("own", Some("own"))]).get("own", "a").await.unwrap_err();
    assert_eq!(error.to_string(), "cache `own`: cache `own` can't use cache `own`, which waits for it");
}

#[tokio::test]
async fn a_circle_of_caches_is_refused_where_it_closes() {
    let caches = caches(&[("a", Some("b")), ("b", Some("c")), ("c", Some("a")), ("d", Some("d"))]);
    let error = caches.get("a", "key").await.unwrap_err().to_string();
    assert_eq!(error, "cache `a`: cache `b`: cache `c`: cache `c` can't use cache `a`, which waits for it");
    let error = caches.get("b", "key").await.unwrap_err().to_string();
    assert_eq!(error, "cache `b`: cache `c`: cache `a`: cache `a` can't use cache `b`, which waits for it");
}
