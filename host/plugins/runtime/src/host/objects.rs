//! Objects in buckets. The parts:
//!
//! - `open`: stores by url or by name, their settings and secrets;
//! - `puts`: how much a component has under way, and putting objects whole;
//! - `upload`: objects that are put in parts while they are made;
//! - `body`: objects as streams; `convert`, `tasks`: what all of it needs;
//! - `opening`: objects that are opened before their turn;
//! - `queue`: queues in which buckets tell of new objects.
//!
//! Requests run on the threads for HTTP, so that a guest which computes holds up no connection, and a put that was
//! started goes on when its pipeline has ended.

mod body;
mod convert;
mod open;
mod opening;
mod puts;
mod queue;
mod tasks;
mod upload;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use forebay_plugins_api::Operation;
use forebay_storage_objects as store;
use store::{ObjectName, Objects};
use wasmtime::component::Resource;

use convert::{Said, details, named, said, summary, too_much, words};
#[expect(unreachable_pub, reason = "the generated bindings name it")]
pub use opening::HostOpening;
pub(crate) use puts::Puts;
#[expect(unreachable_pub, reason = "the generated bindings name it")]
pub use queue::HostQueue;
use tasks::{answer, elsewhere, started};
#[expect(unreachable_pub, reason = "the generated bindings name it")]
pub use upload::HostUpload;

use crate::bindings::forebay::objects::objects::{
    Host, HostOpening as HostOpeningMethods, HostStore as HostStoreMethods, HostUpload as HostUploadMethods,
    ObjectDetails, ObjectError, ObjectSummary, Opened, PutOptions, Setting,
};
use crate::grants::{Access, StorePermit};
use crate::guest::Guest;
use crate::host::batches::HostBatch;
use crate::host::streams::{HostStream, Permitted};

type Answer<T> = wasmtime::Result<Result<T, ObjectError>>;

/// A store that a guest has opened.
#[derive(Debug, Clone)]
#[expect(unreachable_pub, reason = "the generated bindings name it")]
pub struct HostStore {
    objects: Arc<dyn Objects>,
    permit: Arc<StorePermit>,
}

/// A store, and the name of an object in it.
type Object = (Arc<dyn Objects>, ObjectName);

/// The most names that one call lists or deletes.
const MOST_NAMES: usize = 1_000;
/// How long a put may take that does not say.
const PUT_TIMEOUT: Duration = Duration::from_secs(60);

impl Host for Guest {}

impl HostStoreMethods for Guest {
    async fn open(&mut self, url: String, settings: Vec<Setting>) -> Answer<Resource<HostStore>> {
        self.host_call()?;
        match open::open(&url, settings, &self.scope).await {
            Ok(store) => Ok(Ok(self.push(store)?)),
            Err(error) => Ok(Err(error)),
        }
    }

    async fn head(&mut self, store: Resource<HostStore>, name: String) -> Answer<ObjectDetails> {
        self.host_call()?;
        let _waiting = self.meter.long_wait();
        let (objects, name) = match self.object(&store, &name, Access::Read)? {
            Ok(object) => object,
            Err(error) => return Ok(Err(error)),
        };
        let work = async move { objects.describe(&name).await };
        Ok(elsewhere(&self.scope.http, work).await.map(details))
    }

    async fn list(
        &mut self,
        store: Resource<HostStore>,
        prefix: String,
        after: Option<String>,
        most: u32,
    ) -> Answer<Vec<ObjectSummary>> {
        self.host_call()?;
        let _waiting = self.meter.long_wait();
        let store = self.table.get(&store)?;
        if let Err(missing) = store.permit.listing(&prefix) {
            return Ok(Err(ObjectError::Denied(missing)));
        }
        let after = match after.map(|after| named(&after)).transpose() {
            Ok(after) => after,
            Err(error) => return Ok(Err(error)),
        };
        let most = usize::try_from(most).unwrap_or(MOST_NAMES).clamp(1, MOST_NAMES);
        let objects = Arc::clone(&store.objects);
        let work = async move { store::list_beginning(&*objects, &prefix, after.as_ref(), most).await };
        let listed = elsewhere(&self.scope.http, work).await;
        Ok(listed.map(|listed| listed.iter().map(summary).collect()))
    }

    async fn get(&mut self, store: Resource<HostStore>, name: String) -> Answer<Opened> {
        self.host_call()?;
        let _waiting = self.meter.long_wait();
        match self.begin_to_open(&store, &name)? {
            Ok(opening) => self.opened(opening).await,
            Err(error) => Ok(Err(error)),
        }
    }

    fn start_get(&mut self, store: Resource<HostStore>, name: String) -> Answer<Resource<HostOpening>> {
        self.host_call()?;
        match self.begin_to_open(&store, &name)? {
            Ok(opening) => Ok(Ok(self.push(opening)?)),
            Err(error) => Ok(Err(error)),
        }
    }

    fn put(
        &mut self,
        store: Resource<HostStore>,
        name: String,
        content: Vec<u8>,
        options: PutOptions,
    ) -> Answer<Resource<Operation>> {
        self.host_call()?;
        self.start_put(&store, &name, content, options)
    }

    fn put_batch(
        &mut self,
        store: Resource<HostStore>,
        name: String,
        messages: Resource<HostBatch>,
        delimiter: Vec<u8>,
        options: PutOptions,
    ) -> Answer<Resource<Operation>> {
        self.host_call()?;
        let content = self.joined(&messages, &delimiter)?;
        self.start_put(&store, &name, content, options)
    }

    fn put_stream(
        &mut self,
        store: Resource<HostStore>,
        name: String,
        body: Resource<HostStream>,
        options: PutOptions,
    ) -> Answer<Resource<Operation>> {
        self.host_call()?;
        let HostStream(body) = self.table.delete(body)?;
        let (objects, name) = match self.object(&store, &name, Access::Write)? {
            Ok(object) => object,
            Err(error) => return Ok(Err(error)),
        };
        let account = Arc::clone(&self.scope.account);
        let started = upload::put_stream(objects, name, said(options), body, &account, &self.scope.http);
        match started {
            Ok(work) => Ok(Ok(self.push_operation(work)?)),
            Err(error) => Ok(Err(error)),
        }
    }

    fn begin(
        &mut self,
        store: Resource<HostStore>,
        name: String,
        options: PutOptions,
    ) -> Answer<Resource<HostUpload>> {
        self.host_call()?;
        let (objects, name) = match self.object(&store, &name, Access::Write)? {
            Ok(object) => object,
            Err(error) => return Ok(Err(error)),
        };
        let account = Arc::clone(&self.scope.account);
        match HostUpload::begin(objects, name, said(options), &account, &self.scope.http) {
            Ok(upload) => Ok(Ok(self.push(upload)?)),
            Err(error) => Ok(Err(error)),
        }
    }

    fn delete(&mut self, store: Resource<HostStore>, names: Vec<String>) -> Answer<Resource<Operation>> {
        self.host_call()?;
        if names.len() > MOST_NAMES {
            let problem = format!("{} names at once, at most {MOST_NAMES} can be deleted", names.len());
            return Ok(Err(ObjectError::Invalid(problem)));
        }
        let mut deleted = Vec::with_capacity(names.len());
        for name in &names {
            match self.object(&store, name, Access::Write)? {
                Ok((_, name)) => deleted.push(name),
                Err(error) => return Ok(Err(error)),
            }
        }
        let objects = Arc::clone(&self.table.get(&store)?.objects);
        let account = Arc::clone(&self.scope.account);
        let work = async move { objects.delete_many(&deleted).await };
        match account.puts.start(work, None, &self.scope.http) {
            Ok(work) => Ok(Ok(self.push_operation(work)?)),
            Err(error) => Ok(Err(error)),
        }
    }

    async fn abort_stale(
        &mut self,
        store: Resource<HostStore>,
        beginning: String,
        end: Option<String>,
        untouched: u64,
    ) -> Answer<Resource<Operation>> {
        self.host_call()?;
        let _waiting = self.meter.long_wait();
        let store = self.table.get(&store)?;
        if let Err(missing) = self.scope.allowed.prefix(&store.permit, &beginning, Access::Write) {
            return Ok(Err(ObjectError::Denied(missing)));
        }
        let objects = Arc::clone(&store.objects);
        let asked = Arc::clone(&objects);
        let work = async move { store::uploads_like(&*asked, &beginning, end.as_deref()).await };
        // Only now may uploads of its own be begun.
        let left = match elsewhere(&self.scope.http, work).await {
            Ok(left) => left,
            Err(error) => return Ok(Err(error)),
        };
        let untouched = Duration::from_nanos(untouched);
        let work = async move { store::abort_stale(&*objects, left, untouched).await };
        let ended = match started(&self.scope.http, work) {
            Ok(ended) => ended,
            Err(error) => return Ok(Err(error)),
        };
        let work = async { answer(ended.await).map(drop).map_err(|error| words(&error)) };
        Ok(Ok(self.push_operation(work)?))
    }

    fn drop(&mut self, store: Resource<HostStore>) -> wasmtime::Result<()> {
        self.table.delete(store)?;
        Ok(())
    }
}

impl HostOpeningMethods for Guest {
    async fn finish(&mut self, opening: Resource<HostOpening>) -> Answer<Opened> {
        self.host_call()?;
        let _waiting = self.meter.long_wait();
        let opening = self.table.delete(opening)?;
        self.opened(opening).await
    }

    fn drop(&mut self, opening: Resource<HostOpening>) -> wasmtime::Result<()> {
        self.table.delete(opening)?;
        Ok(())
    }
}

impl HostUploadMethods for Guest {
    async fn write(&mut self, upload: Resource<HostUpload>, bytes: Vec<u8>) -> Answer<()> {
        self.send(&upload, bytes).await
    }

    async fn write_batch(
        &mut self,
        upload: Resource<HostUpload>,
        messages: Resource<HostBatch>,
        delimiter: Vec<u8>,
    ) -> Answer<()> {
        let bytes = self.joined(&messages, &delimiter)?;
        self.send(&upload, bytes).await
    }

    fn finish(&mut self, upload: Resource<HostUpload>) -> wasmtime::Result<Resource<Operation>> {
        let upload = self.table.delete(upload)?;
        self.push_operation(upload.finish())
    }

    fn drop(&mut self, upload: Resource<HostUpload>) -> wasmtime::Result<()> {
        self.table.delete(upload)?;
        Ok(())
    }
}

impl Guest {
    /// The store and the name of an object that may be used so.
    fn object(&self, store: &Resource<HostStore>, name: &str, access: Access) -> Answer<Object> {
        let store = self.table.get(store)?;
        let name = match named(name) {
            Ok(name) => name,
            Err(error) => return Ok(Err(error)),
        };
        let allowed = self.scope.allowed.object(&store.permit, name.as_str(), access);
        Ok(match allowed {
            Ok(()) => Ok((Arc::clone(&store.objects), name)),
            Err(missing) => Err(ObjectError::Denied(missing)),
        })
    }

    /// Starts to open an object that may be read.
    fn begin_to_open(&self, store: &Resource<HostStore>, name: &str) -> Answer<HostOpening> {
        let permit = match self.scope.account.stream() {
            Ok(permit) => permit,
            Err(full) => return Ok(Err(ObjectError::Unavailable(full))),
        };
        Ok(match self.object(store, name, Access::Read)? {
            Ok((objects, name)) => HostOpening::start(objects, name, permit, &self.scope.http),
            Err(error) => Err(error),
        })
    }

    /// Waits until an object is open.
    async fn opened(&mut self, opening: HostOpening) -> Answer<Opened> {
        let (reader, permit) = match opening.finish().await {
            Ok(opened) => opened,
            Err(error) => return Ok(Err(error)),
        };
        let details = details(reader.described().clone());
        match body::Body::read(reader, &self.scope.http) {
            Ok(body) => Ok(Ok(Opened { details, body: self.push(Permitted::boxed(body, permit))? })),
            Err(problem) => Ok(Err(ObjectError::Other(problem))),
        }
    }

    fn start_put(
        &mut self,
        store: &Resource<HostStore>,
        name: &str,
        content: Vec<u8>,
        options: PutOptions,
    ) -> Answer<Resource<Operation>> {
        let (objects, name) = match self.object(store, name, Access::Write)? {
            Ok(object) => object,
            Err(error) => return Ok(Err(error)),
        };
        let account = Arc::clone(&self.scope.account);
        let content: Bytes = match account.held.hold(content) {
            Ok(content) => content,
            Err(full) => return Ok(Err(too_much(&full))),
        };
        let Said { options, timeout } = said(options);
        let work = async move { objects.put_with(&name, content.into(), &options).await };
        match account.puts.start(work, Some(timeout.unwrap_or(PUT_TIMEOUT)), &self.scope.http) {
            Ok(work) => Ok(Ok(self.push_operation(work)?)),
            Err(error) => Ok(Err(error)),
        }
    }

    /// The payloads of a batch, one after the other.
    fn joined(&self, messages: &Resource<HostBatch>, delimiter: &[u8]) -> wasmtime::Result<Vec<u8>> {
        let batch = self.batch(messages)?;
        self.check_written(batch)?;
        let mut joined = Vec::new();
        batch.each_payload(|payload| {
            joined.extend_from_slice(payload);
            if !payload.ends_with(delimiter) {
                joined.extend_from_slice(delimiter);
            }
        });
        Ok(joined)
    }

    async fn send(&mut self, upload: &Resource<HostUpload>, bytes: Vec<u8>) -> Answer<()> {
        self.host_call()?;
        let _waiting = self.meter.long_wait();
        let bytes = match self.scope.account.held.hold(bytes) {
            Ok(bytes) => bytes,
            Err(full) => return Ok(Err(too_much(&full))),
        };
        Ok(self.table.get_mut(upload)?.send(bytes).await)
    }
}
