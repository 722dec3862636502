use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;

use super::SharedCache;

/// A cache that is only looked at: writes lie over it, and are forgotten when there are many.
pub(super) struct Looking {
    under: Arc<dyn SharedCache>,
    /// `None`: deleted.
    written: Mutex<HashMap<String, Option<Vec<u8>>>>,
}

/// Keys that are remembered.
const MOST: usize = 10_000;

impl Looking {
    pub(super) fn new(under: &Arc<dyn SharedCache>) -> Self {
        Self { under: Arc::clone(under), written: Mutex::default() }
    }

    fn written(&self) -> MutexGuard<'_, HashMap<String, Option<Vec<u8>>>> {
        // Nothing that holds it can leave it half changed.
        self.written.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self, key: &str, value: Option<Vec<u8>>) {
        let mut written = self.written();
        if written.len() >= MOST {
            written.clear();
        }
        written.insert(key.to_owned(), value);
    }
}

#[async_trait]
impl SharedCache for Looking {
    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, String> {
        let own = self.written().get(key).cloned();
        match own {
            Some(value) => Ok(value),
            None => self.under.get(key).await,
        }
    }

    async fn set(&self, key: &str, value: Vec<u8>, _: Option<Duration>) -> Result<(), String> {
        self.write(key, Some(value));
        Ok(())
    }

    async fn add(&self, key: &str, value: Vec<u8>, _: Option<Duration>) -> Result<bool, String> {
        if self.get(key).await?.is_some() {
            return Ok(false);
        }
        self.write(key, Some(value));
        Ok(true)
    }

    async fn delete(&self, key: &str) -> Result<(), String> {
        self.write(key, None);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Caches;

    #[derive(Default)]
    struct Under(Mutex<HashMap<String, Vec<u8>>>);

    #[async_trait]
    impl SharedCache for Under {
        async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, String> {
            Ok(self.0.lock().unwrap().get(key).cloned())
        }

        async fn set(&self, key: &str, value: Vec<u8>, _: Option<Duration>) -> Result<(), String> {
            self.0.lock().unwrap().insert(key.to_owned(), value);
            Ok(())
        }

        async fn add(&self, key: &str, value: Vec<u8>, _: Option<Duration>) -> Result<bool, String> {
            Ok(self.0.lock().unwrap().insert(key.to_owned(), value).is_none())
        }

        async fn delete(&self, key: &str) -> Result<(), String> {
            self.0.lock().unwrap().remove(key);
            Ok(())
        }
    }

    #[tokio::test]
    async fn what_somebody_writes_who_only_looks_is_seen_by_nobody_else() {
        let under: Arc<dyn SharedCache> = Arc::new(Under::default());
        under.set("old", b"1".to_vec(), None).await.unwrap();
        let caches = Caches::new([("c".parse().unwrap(), Arc::clone(&under))]);
        let looking = caches.looking();
        assert!(!looking.add("c", "old", b"2".to_vec(), None).await.unwrap());
        assert!(looking.add("c", "new", b"2".to_vec(), None).await.unwrap());
        assert!(!looking.add("c", "new", b"3".to_vec(), None).await.unwrap());
        looking.delete("c", "old").await.unwrap();
        assert_eq!(looking.get("c", "old").await.unwrap(), None);
        assert_eq!(looking.get("c", "new").await.unwrap(), Some(b"2".to_vec()));
        assert_eq!(under.get("old").await.unwrap(), Some(b"1".to_vec()));
        assert_eq!(under.get("new").await.unwrap(), None);
    }
}
