//! Stores of the crate `object_store` behind our trait.

mod convert;
mod folder;
mod parts;

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

use async_trait::async_trait;
use bytes::Bytes;
use forebay_lifecycle::clock;
use futures_util::{StreamExt as _, TryStreamExt as _};
use object_store::multipart::MultipartStore;
use object_store::path::Path;
use object_store::{GetOptions, GetRange, ObjectMeta, ObjectStore, ObjectStoreExt as _};

use crate::attributes::PutOptions;
use crate::described::{Described, Fetched, ObjectVersion};
use crate::error::{ErrorKind, ObjectError, Operation};
use crate::leftovers;
use crate::name::{ObjectName, ObjectPrefix};
use crate::objects::{Listed, Objects};
use crate::payload::Payload;
use crate::uploads::Uploads;
pub(crate) use folder::make_durably;
use folder::{Folder, io_error};

/// A store, and the prefix of its URL that all names lie under.
pub(crate) struct Backend {
    store: Arc<dyn ObjectStore>,
    prefix: ObjectPrefix,
    order: ListOrder,
    takes: Takes,
    parts: PartsOf,
    /// Who tells what uploads there are.
    begun: Option<Arc<dyn BegunUploads>>,
    shown: String,
}

/// Tells what uploads there are, which `object_store` does not. Names are those in the bucket.
#[async_trait]
pub(crate) trait BegunUploads: Send + Sync {
    /// Those whose names begin with a text, at most as many: the name, the id, and when it was begun.
    async fn begun(
        &self,
        beginning: &str,
        most: usize,
    ) -> object_store::Result<Vec<(String, String, SystemTime)>>;

    /// When the last part of one was put.
    async fn last_put(&self, path: &Path, id: &str) -> object_store::Result<Option<SystemTime>>;
}

/// Where parts are put.
enum PartsOf {
    Store(Arc<dyn MultipartStore>),
    Folder(Folder),
}

/// What a store takes beside bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Takes {
    pub(crate) attributes: bool,
    pub(crate) tags: bool,
    /// Whether it takes them for objects in parts too.
    pub(crate) with_parts: bool,
}

/// In which order a store lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ListOrder {
    /// By name: a page ends where it is full.
    ByName,
    /// In any: all names are looked at for each page.
    Any,
}

impl Takes {
    pub(crate) const NOTHING: Self = Self { attributes: false, tags: false, with_parts: false };
}

impl Backend {
    pub(crate) fn new(
        store: Arc<impl ObjectStore + MultipartStore>,
        prefix: ObjectPrefix,
        order: ListOrder,
        takes: Takes,
        shown: String,
    ) -> Self {
        let parts = PartsOf::Store(Arc::clone(&store) as Arc<dyn MultipartStore>);
        Self { store, prefix, order, takes, parts, begun: None, shown }
    }

    /// With one who tells what uploads there are.
    #[must_use]
    pub(crate) fn telling(self, begun: Arc<dyn BegunUploads>) -> Self {
        Self { begun: Some(begun), ..self }
    }

    pub(crate) fn of_folder(store: Arc<dyn ObjectStore>, root: PathBuf, shown: String) -> Self {
        let parts = PartsOf::Folder(Folder::new(root));
        let (prefix, order) = (ObjectPrefix::all(), ListOrder::Any);
        Self { store, prefix, order, takes: Takes::NOTHING, parts, begun: None, shown }
    }

    /// Names are taken as they are: nothing in them is encoded.
    fn path(&self, operation: Operation, name: &str) -> Result<Path, ObjectError> {
        let path = match (self.prefix.as_str(), name) {
            ("", name) => Path::parse(name),
            (prefix, "") => Path::parse(prefix),
            (prefix, name) => Path::parse(format!("{prefix}/{name}")),
        };
        path.map_err(|error| ObjectError::new(operation, name, ErrorKind::Invalid, error))
    }

    async fn read(
        &self,
        operation: Operation,
        name: &ObjectName,
        options: GetOptions,
    ) -> Result<(Described, object_store::GetResult), ObjectError> {
        let path = self.path(operation, name.as_str())?;
        let result = self.store.get_opts(&path, options).await;
        let result = result.map_err(|error| ObjectError::of_store(operation, name.as_str(), error))?;
        Ok((convert::described(name, &result), result))
    }

    /// What a store lists, unless it is none of ours: names of others may lie in the same bucket.
    fn listed(&self, meta: &ObjectMeta) -> Option<Listed> {
        let name = self.own(meta.location.as_ref())?;
        Some(Listed { name, size: meta.size, modified: meta.last_modified.into() })
    }

    /// The name of what the store calls so, unless it is none of ours.
    fn own(&self, path: &str) -> Option<ObjectName> {
        let name = match self.prefix.as_str() {
            "" => path,
            prefix => path.strip_prefix(prefix)?.strip_prefix('/')?,
        };
        name.parse().ok()
    }
}

#[async_trait]
impl Objects for Backend {
    async fn put(&self, name: &ObjectName, payload: Payload) -> Result<(), ObjectError> {
        self.put_with(name, payload, &PutOptions::default()).await
    }

    async fn put_with(
        &self,
        name: &ObjectName,
        payload: Payload,
        options: &PutOptions,
    ) -> Result<(), ObjectError> {
        self.check(Operation::Put, name, options)?;
        if let PartsOf::Folder(folder) = &self.parts {
            let made = folder.make_for(name);
            made.map_err(|error| ObjectError::of_store(Operation::Put, name.as_str(), io_error(error)))?;
        }
        let options = object_store::PutOptions {
            attributes: convert::attributes(&options.attributes),
            tags: convert::tags(&options.tags),
            ..object_store::PutOptions::default()
        };
        let path = self.path(Operation::Put, name.as_str())?;
        self.store
            .put_opts(&path, convert::payload(&payload), options)
            .await
            .map_err(|error| ObjectError::of_store(Operation::Put, name.as_str(), error))?;
        Ok(())
    }

    async fn fetch(
        &self,
        name: &ObjectName,
        range: Range<u64>,
        version: Option<&ObjectVersion>,
    ) -> Result<Fetched, ObjectError> {
        if range.is_empty() {
            let described = self.describe(name).await?;
            let is_inside = range.start == range.end && range.start <= described.listed.size;
            return if is_inside {
                Ok(Fetched { described, bytes: Bytes::new() })
            } else {
                Err(ObjectError::beyond(name, &range))
            };
        }
        let options = GetOptions {
            range: Some(GetRange::Bounded(range.clone())),
            if_match: version.map(|version| version.as_str().to_owned()),
            ..GetOptions::default()
        };
        let (described, result) = self.read(Operation::Get, name, options).await?;
        let bytes = result.bytes().await;
        let bytes = bytes.map_err(|error| ObjectError::of_store(Operation::Get, name.as_str(), error))?;
        if bytes.is_empty() {
            return Err(ObjectError::beyond(name, &range));
        }
        Ok(Fetched { described, bytes })
    }

    async fn describe(&self, name: &ObjectName) -> Result<Described, ObjectError> {
        let options = GetOptions { head: true, ..GetOptions::default() };
        Ok(self.read(Operation::Head, name, options).await?.0)
    }

    async fn delete_many(&self, names: &[ObjectName]) -> Result<(), ObjectError> {
        let paths = names.iter().map(|name| self.path(Operation::Delete, name.as_str()));
        let paths = paths.collect::<Result<Vec<_>, _>>()?;
        let what = names.first().map_or("", ObjectName::as_str);
        let paths = futures_util::stream::iter(paths).map(Ok).boxed();
        let mut deleted = self.store.delete_stream(paths);
        let mut failed = None;
        while let Some(one) = deleted.next().await {
            let Err(error) = one else { continue };
            let error = ObjectError::of_store(Operation::Delete, what, error);
            if error.kind() != ErrorKind::NotFound {
                failed.get_or_insert(error);
            }
        }
        failed.map_or(Ok(()), Err)
    }

    fn uploads(&self) -> Option<&dyn Uploads> {
        Some(self)
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
            .get_range(&self.path(Operation::Get, name.as_str())?, range.clone())
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
            .head(&self.path(Operation::Head, name.as_str())?)
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
        let path = self.path(Operation::List, prefix.as_str())?;
        let path = (!path.as_ref().is_empty()).then_some(path);
        let mut stream = match after {
            Some(after) if self.order == ListOrder::ByName => {
                self.store.list_with_offset(path.as_ref(), &self.path(Operation::List, after.as_str())?)
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
        let PartsOf::Folder(folder) = &self.parts else { return Ok(0) };
        let removed = leftovers::remove(&folder.root().join(prefix.as_str()), clock::wall()).await;
        removed.map_err(|error| ObjectError::of_store(Operation::List, prefix.as_str(), io_error(error)))
    }

    async fn delete(&self, name: &ObjectName) -> Result<(), ObjectError> {
        match self.store.delete(&self.path(Operation::Delete, name.as_str())?).await {
            Ok(()) => Ok(()),
            Err(error) => {
                let error = ObjectError::of_store(Operation::Delete, name.as_str(), error);
                if error.kind() == ErrorKind::NotFound { Ok(()) } else { Err(error) }
            }
        }
    }
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
