//! Stores of the crate `object_store` behind our trait.

use std::collections::{BTreeMap, HashSet};
use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use forebay_lifecycle::clock;
use futures_util::TryStreamExt as _;
use object_store::{ObjectMeta, ObjectStore, ObjectStoreExt as _, PutOptions, PutPayload};

use crate::error::{ErrorKind, ObjectError, Operation};
use crate::leftovers;
use crate::name::{ObjectName, ObjectPrefix};
use crate::objects::{Listed, Objects};
use crate::payload::Payload;

/// A store, and the prefix of its URL that all names lie under.
pub(crate) struct Backend {
    store: Arc<dyn ObjectStore>,
    prefix: ObjectPrefix,
    order: ListOrder,
    folders: Option<Folders>,
    shown: String,
}

/// In which order a store lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ListOrder {
    /// By name: a page ends where it is full.
    ByName,
    /// In any: all names are looked at for each page.
    Any,
}

/// The folders of a local store whose entries are known to be durable. `LocalFileSystem` syncs those that it creates
/// itself. Of two puts at once one creates the folder and the other finds it, and returns before the first one has
/// synced it. So folders are made here, one caller after the other, before anything is put into them.
struct Folders {
    root: PathBuf,
    durable: Mutex<HashSet<PathBuf>>,
}

impl Backend {
    pub(crate) fn new(
        store: Arc<dyn ObjectStore>,
        prefix: ObjectPrefix,
        order: ListOrder,
        shown: String,
    ) -> Self {
        Self { store, prefix, order, folders: None, shown }
    }

    pub(crate) fn in_folder(mut self, root: PathBuf) -> Self {
        self.folders = Some(Folders { root, durable: Mutex::default() });
        self
    }

    fn path(&self, name: &str) -> object_store::path::Path {
        match (self.prefix.as_str(), name) {
            ("", name) => object_store::path::Path::from(name),
            (prefix, "") => object_store::path::Path::from(prefix),
            (prefix, name) => object_store::path::Path::from(format!("{prefix}/{name}")),
        }
    }

    /// What a store lists, unless it is none of ours: names of others may lie in the same bucket.
    fn listed(&self, meta: &ObjectMeta) -> Option<Listed> {
        let path = meta.location.as_ref();
        let name = match self.prefix.as_str() {
            "" => path,
            prefix => path.strip_prefix(prefix)?.strip_prefix('/')?,
        };
        let name = name.parse().ok()?;
        Some(Listed { name, size: meta.size, modified: meta.last_modified.into() })
    }
}

#[async_trait]
impl Objects for Backend {
    async fn put(&self, name: &ObjectName, payload: Payload) -> Result<(), ObjectError> {
        if let Some(folders) = &self.folders {
            folders
                .make_for(name)
                .map_err(|error| ObjectError::of_store(Operation::Put, name.as_str(), io_error(error)))?;
        }
        let bytes: PutPayload = payload.pieces().iter().cloned().collect();
        self.store
            .put_opts(&self.path(name.as_str()), bytes, PutOptions::default())
            .await
            .map_err(|error| ObjectError::of_store(Operation::Put, name.as_str(), error))?;
        Ok(())
    }

    async fn get(&self, name: &ObjectName, range: Range<u64>) -> Result<Bytes, ObjectError> {
        if range.is_empty() {
            // Stores refuse to return nothing. Whether the object is there is still worth an answer.
            let size = self.head(name).await?.size;
            let is_inside = range.start == range.end && range.start <= size;
            return if is_inside { Ok(Bytes::new()) } else { Err(ObjectError::beyond(name, &range)) };
        }
        let bytes = self
            .store
            .get_range(&self.path(name.as_str()), range.clone())
            .await
            .map_err(|error| ObjectError::of_store(Operation::Get, name.as_str(), error))?;
        if bytes.is_empty() {
            return Err(ObjectError::beyond(name, &range));
        }
        Ok(bytes)
    }

    async fn head(&self, name: &ObjectName) -> Result<Listed, ObjectError> {
        let meta = self
            .store
            .head(&self.path(name.as_str()))
            .await
            .map_err(|error| ObjectError::of_store(Operation::Head, name.as_str(), error))?;
        Ok(Listed { name: name.clone(), size: meta.size, modified: meta.last_modified.into() })
    }

    async fn list(
        &self,
        prefix: &ObjectPrefix,
        after: Option<&ObjectName>,
        most: usize,
    ) -> Result<Vec<Listed>, ObjectError> {
        let failed = |error| ObjectError::of_store(Operation::List, prefix.as_str(), error);
        let path = self.path(prefix.as_str());
        let path = (!path.as_ref().is_empty()).then_some(path);
        let mut stream = match after {
            Some(after) if self.order == ListOrder::ByName => {
                self.store.list_with_offset(path.as_ref(), &self.path(after.as_str()))
            }
            _ => self.store.list(path.as_ref()),
        };
        let mut page = BTreeMap::new();
        while let Some(meta) = stream.try_next().await.map_err(failed)? {
            let Some(listed) = self.listed(&meta) else { continue };
            if after.is_some_and(|after| listed.name <= *after) || !prefix.contains(&listed.name) {
                continue;
            }
            page.insert(listed.name.clone(), listed);
            if page.len() > most {
                page.pop_last();
            }
            if page.len() == most && self.order == ListOrder::ByName {
                break;
            }
        }
        Ok(page.into_values().collect())
    }

    async fn remove_leftovers(&self, prefix: &ObjectPrefix) -> Result<usize, ObjectError> {
        let Some(Folders { root, .. }) = &self.folders else { return Ok(0) };
        let removed = leftovers::remove(&root.join(prefix.as_str()), clock::wall()).await;
        removed.map_err(|error| ObjectError::of_store(Operation::List, prefix.as_str(), io_error(error)))
    }

    async fn delete(&self, name: &ObjectName) -> Result<(), ObjectError> {
        match self.store.delete(&self.path(name.as_str())).await {
            Ok(()) => Ok(()),
            Err(error) => {
                let error = ObjectError::of_store(Operation::Delete, name.as_str(), error);
                if error.kind() == ErrorKind::NotFound { Ok(()) } else { Err(error) }
            }
        }
    }
}

impl Folders {
    fn make_for(&self, name: &ObjectName) -> std::io::Result<()> {
        let mut folder = self.root.clone();
        let mut parts = name.as_str().split('/').peekable();
        while let Some(part) = parts.next() {
            if parts.peek().is_none() {
                break;
            }
            folder.push(part);
            let mut durable = self.durable.lock().unwrap_or_else(PoisonError::into_inner);
            if !durable.contains(&folder) {
                make_durably(&folder)?;
                durable.insert(folder.clone());
            }
        }
        Ok(())
    }
}

/// Makes one folder, if it is missing, and its entry in the folder above durable.
pub(crate) fn make_durably(folder: &Path) -> std::io::Result<()> {
    match std::fs::create_dir(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    match folder.parent() {
        Some(parent) => std::fs::File::open(parent)?.sync_all(),
        None => Ok(()),
    }
}

fn io_error(error: std::io::Error) -> object_store::Error {
    object_store::Error::Generic { store: "folder", source: Box::new(error) }
}

impl fmt::Display for Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

impl fmt::Debug for Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Backend({})", self.shown)
    }
}
