//! `mem://NAME`: memory of this process, for play and for tests. What is put there stays until the process ends.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use object_store::memory::InMemory;
use url::Url;

use super::{OpenError, bucket, prefix, shown};
use crate::backend::{Backend, ListOrder, Takes};
use crate::objects::Objects;

/// Everybody in the process who names a bucket means the same one.
static BUCKETS: OnceLock<Mutex<HashMap<String, Arc<InMemory>>>> = OnceLock::new();

pub(super) fn open(url: &Url) -> Result<Arc<dyn Objects>, OpenError> {
    let name = bucket(url)?;
    let mut buckets = BUCKETS.get_or_init(Mutex::default).lock().unwrap_or_else(PoisonError::into_inner);
    let store = Arc::clone(buckets.entry(name.to_owned()).or_default());
    let takes = Takes { attributes: true, tags: false, with_parts: true };
    Ok(Arc::new(Backend::new(store, prefix(url)?, ListOrder::ByName, takes, shown(url))))
}
