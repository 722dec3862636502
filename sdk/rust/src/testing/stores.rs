use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;
use std::time::Duration;

use crate::Batch;
use crate::http::Text;
use crate::objects::{
    Attributes, ObjectDetails, ObjectError, ObjectSummary, OpenedObject, PutOptions, QueueMessage,
};
use crate::operation::Operation;
use crate::streams::{ByteStream, Chunk};

thread_local! {
    static STORES: RefCell<Option<Stores>> = const { RefCell::new(None) };
}

/// Stores in memory, by their urls. What is put is there at once, and operations have ended when they are handed out.
#[derive(Debug, Clone, Default)]
pub struct Stores(Rc<RefCell<State>>);

#[derive(Debug, Default)]
struct State {
    /// By url and name.
    objects: BTreeMap<(String, String), StoredObject>,
    opened: Vec<(String, Vec<(String, String)>)>,
    /// The calls that fail next, by their names.
    failing: VecDeque<(&'static str, ObjectError)>,
    /// The objects whose next operation fails, and why.
    broken: VecDeque<(String, String)>,
    /// How many objects were put, which is also when: in seconds.
    puts: u64,
    operations: u64,
    stale: Vec<StaleSought>,
    /// By url: what waits there, and what was taken.
    queues: BTreeMap<String, (VecDeque<QueueMessage>, Vec<QueueMessage>)>,
}

/// An object in a store of a test.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredObject {
    pub content: Vec<u8>,
    pub options: PutOptions,
    /// Since 1970.
    pub modified: Duration,
}

/// What stale uploads were looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StaleSought {
    pub url: String,
    pub beginning: String,
    pub end: Option<String>,
    /// For how long nothing was put to them.
    pub untouched: Duration,
}

/// Lets [`Store::open`](crate::objects::Store::open) open stores in memory from now on, in this thread.
#[must_use]
pub fn stores() -> Stores {
    let stores = Stores::default();
    STORES.set(Some(stores.clone()));
    stores
}

impl Stores {
    /// Puts an object.
    pub fn put(&self, url: &str, name: &str, content: impl AsRef<[u8]>, options: PutOptions) {
        let mut state = self.0.borrow_mut();
        state.puts += 1;
        let modified = Duration::from_secs(state.puts);
        let object = StoredObject { content: content.as_ref().to_vec(), options, modified };
        state.objects.insert((url.to_owned(), name.to_owned()), object);
    }

    /// An object that is there.
    #[must_use]
    pub fn get(&self, url: &str, name: &str) -> Option<StoredObject> {
        self.0.borrow().objects.get(&(url.to_owned(), name.to_owned())).cloned()
    }

    /// The names of all objects of a store, in their order.
    #[must_use]
    pub fn names(&self, url: &str) -> Vec<String> {
        let state = self.0.borrow();
        state.objects.keys().filter(|(of, _)| of == url).map(|(_, name)| name.clone()).collect()
    }

    /// The stores that were opened since this was asked last, each with its settings; secrets are shown by reference.
    #[must_use]
    pub fn take_opened(&self) -> Vec<(String, Vec<(String, String)>)> {
        std::mem::take(&mut self.0.borrow_mut().opened)
    }

    /// Has the next call of this name fail: `open`, `head`, `list`, `get`, `put` (in any form but parts), `begin` or
    /// `delete`.
    pub fn fail(&self, call: &'static str, error: ObjectError) {
        self.0.borrow_mut().failing.push_back((call, error));
    }

    /// Has the next operation on this object end in failure.
    pub fn break_operation(&self, name: &str, reason: &str) {
        self.0.borrow_mut().broken.push_back((name.to_owned(), reason.to_owned()));
    }

    /// What stale uploads were looked for since this was asked last.
    #[must_use]
    pub fn take_stale(&self) -> Vec<StaleSought> {
        std::mem::take(&mut self.0.borrow_mut().stale)
    }

    /// Sends a message to a queue; its id is what its receipt says before a `/`.
    pub fn send(&self, queue: &str, receipt: &str, body: &str, sent: Option<Duration>) {
        let id = receipt.split('/').next().unwrap_or_default().to_owned();
        let message = QueueMessage { id, body: body.to_owned(), receipt: receipt.to_owned(), sent };
        self.0.borrow_mut().queues.entry(queue.to_owned()).or_default().0.push_back(message);
    }

    /// The receipts of what waits in a queue, and of what was taken and neither deleted nor released.
    #[must_use]
    pub fn queue(&self, queue: &str) -> (Vec<String>, Vec<String>) {
        let state = self.0.borrow();
        let Some((waiting, taken)) = state.queues.get(queue) else { return Default::default() };
        let receipt = |message: &QueueMessage| message.receipt.clone();
        (waiting.iter().map(receipt).collect(), taken.iter().map(receipt).collect())
    }

    fn called(&self, call: &'static str) -> Result<(), ObjectError> {
        let failing = &mut self.0.borrow_mut().failing;
        match failing.iter().position(|(name, _)| *name == call) {
            Some(at) => failing.remove(at).map_or(Ok(()), |(_, error)| Err(error)),
            None => Ok(()),
        }
    }

    fn put_now(&self, url: &str, name: &str, content: Vec<u8>, options: PutOptions) -> Operation {
        let (operation, works) = self.operation(name);
        if works {
            self.put(url, name, content, options);
        }
        operation
    }

    /// An operation on an object, and whether it does anything.
    fn operation(&self, name: &str) -> (Operation, bool) {
        let mut state = self.0.borrow_mut();
        state.operations += 1;
        let at = state.broken.iter().position(|(broken, _)| broken == name);
        let outcome = at.and_then(|at| state.broken.remove(at)).map_or(Ok(()), |(_, reason)| Err(reason));
        let works = outcome.is_ok();
        (Operation::ended(state.operations, outcome), works)
    }
}

/// An object of a test that is put in parts.
#[derive(Debug)]
pub(crate) struct MemoryUpload {
    url: String,
    stores: Stores,
    name: String,
    options: PutOptions,
    content: Vec<u8>,
}

impl MemoryUpload {
    pub(crate) fn write(&mut self, bytes: &[u8]) {
        self.content.extend_from_slice(bytes);
    }

    pub(crate) fn write_batch(&mut self, messages: &Batch, delimiter: &[u8]) {
        join(&mut self.content, messages, delimiter);
    }

    pub(crate) fn finish(self) -> Operation {
        let Self { url, stores, name, options, content } = self;
        stores.put_now(&url, &name, content, options)
    }
}

/// Adds the payloads of a batch, as hosts do.
fn join(content: &mut Vec<u8>, messages: &Batch, delimiter: &[u8]) {
    for message in messages.messages() {
        content.extend_from_slice(message.bytes());
        if !message.bytes().ends_with(delimiter) {
            content.extend_from_slice(delimiter);
        }
    }
}

/// A store of a test, opened.
#[derive(Debug)]
pub(crate) struct MemoryStore {
    url: String,
    stores: Stores,
}

/// Opens a store in memory, where the test has some.
pub(crate) fn open_store(url: &str, settings: &[(&str, Text)]) -> Option<Result<MemoryStore, ObjectError>> {
    let stores = STORES.with_borrow(Clone::clone)?;
    if let Err(error) = stores.called("open") {
        return Some(Err(error));
    }
    let shown = settings.iter().map(|(name, value)| ((*name).to_owned(), value.shown())).collect();
    stores.0.borrow_mut().opened.push((url.to_owned(), shown));
    Some(Ok(MemoryStore { url: url.to_owned(), stores }))
}

impl MemoryStore {
    pub(crate) fn head(&self, name: &str) -> Result<ObjectDetails, ObjectError> {
        self.stores.called("head")?;
        self.details(name)
    }

    pub(crate) fn list(
        &self,
        prefix: &str,
        after: Option<&str>,
        most: u32,
    ) -> Result<Vec<ObjectSummary>, ObjectError> {
        self.stores.called("list")?;
        let names = self.stores.names(&self.url);
        let listed = names
            .into_iter()
            .filter(|name| name.starts_with(prefix) && after.is_none_or(|after| name.as_str() > after));
        listed.take(most as usize).map(|name| Ok(self.details(&name)?.summary)).collect()
    }

    pub(crate) fn get(&self, name: &str) -> Result<OpenedObject, ObjectError> {
        self.stores.called("get")?;
        let details = self.details(name)?;
        let content = self.stores.get(&self.url, name).map(|object| object.content).unwrap_or_default();
        let chunks = if content.is_empty() { Vec::new() } else { vec![Chunk::Bytes(content)] };
        Ok(OpenedObject { details, body: ByteStream::scripted(chunks) })
    }

    /// It is open at once, or fails when it is finished.
    pub(crate) fn start_get(&self, name: &str) -> Result<Result<OpenedObject, ObjectError>, ObjectError> {
        self.stores.called("start_get")?;
        Ok(self.get(name))
    }

    pub(crate) fn abort_stale(
        &self,
        beginning: &str,
        end: Option<&str>,
        untouched: Duration,
    ) -> Result<Operation, ObjectError> {
        self.stores.called("abort_stale")?;
        let sought = StaleSought {
            url: self.url.clone(),
            beginning: beginning.to_owned(),
            end: end.map(str::to_owned),
            untouched,
        };
        self.stores.0.borrow_mut().stale.push(sought);
        Ok(self.stores.operation(beginning).0)
    }

    pub(crate) fn put(
        &self,
        name: &str,
        content: Vec<u8>,
        options: PutOptions,
    ) -> Result<Operation, ObjectError> {
        self.stores.called("put")?;
        Ok(self.stores.put_now(&self.url, name, content, options))
    }

    pub(crate) fn begin(&self, name: &str, options: PutOptions) -> Result<MemoryUpload, ObjectError> {
        self.stores.called("begin")?;
        let (url, stores) = (self.url.clone(), self.stores.clone());
        Ok(MemoryUpload { url, stores, name: name.to_owned(), options, content: Vec::new() })
    }

    pub(crate) fn put_batch(
        &self,
        name: &str,
        messages: &Batch,
        delimiter: &[u8],
        options: PutOptions,
    ) -> Result<Operation, ObjectError> {
        let mut content = Vec::new();
        join(&mut content, messages, delimiter);
        self.put(name, content, options)
    }

    pub(crate) fn put_stream(
        &self,
        name: &str,
        mut body: ByteStream,
        options: PutOptions,
    ) -> Result<Operation, ObjectError> {
        match body.read_to_end(usize::MAX) {
            Ok(content) => self.put(name, content, options),
            Err(error) => {
                self.stores.0.borrow_mut().broken.push_back((name.to_owned(), error.into_message()));
                self.put(name, Vec::new(), options)
            }
        }
    }

    pub(crate) fn delete(&self, names: &[String]) -> Result<Operation, ObjectError> {
        self.stores.called("delete")?;
        let (operation, works) = self.stores.operation(names.first().map_or("", String::as_str));
        if works {
            let objects = &mut self.stores.0.borrow_mut().objects;
            objects.retain(|(url, name), _| *url != self.url || !names.contains(name));
        }
        Ok(operation)
    }

    fn details(&self, name: &str) -> Result<ObjectDetails, ObjectError> {
        let Some(object) = self.stores.get(&self.url, name) else {
            return Err(ObjectError::NotFound(format!("there is no {name}")));
        };
        let StoredObject { content, options: PutOptions { attributes, .. }, modified } = object;
        let size = u64::try_from(content.len()).unwrap_or(u64::MAX);
        let attributes: Attributes = attributes;
        let summary = ObjectSummary { name: name.to_owned(), size, modified };
        Ok(ObjectDetails { summary, attributes, version: None })
    }
}

/// A queue of a test, opened.
#[derive(Debug)]
pub(crate) struct MemoryQueue {
    url: String,
    stores: Stores,
}

/// Opens a queue in memory, where the test has stores.
pub(crate) fn open_queue(url: &str, settings: &[(&str, Text)]) -> Option<Result<MemoryQueue, ObjectError>> {
    let MemoryStore { url, stores } = match open_store(url, settings)? {
        Ok(store) => store,
        Err(error) => return Some(Err(error)),
    };
    Some(Ok(MemoryQueue { url, stores }))
}

impl MemoryQueue {
    pub(crate) fn receive(&self, most: u32) -> Result<Vec<QueueMessage>, ObjectError> {
        self.stores.called("receive")?;
        let mut state = self.stores.0.borrow_mut();
        let (waiting, taken) = state.queues.entry(self.url.clone()).or_default();
        let count = waiting.len().min(most as usize);
        let received: Vec<_> = waiting.drain(..count).collect();
        taken.extend(received.iter().cloned());
        Ok(received)
    }

    /// Deletes what was taken, or lets it wait again.
    pub(crate) fn settle(&self, receipts: &[String], deletes: bool) -> Operation {
        let (operation, works) = self.stores.operation(receipts.first().map_or("", String::as_str));
        if works {
            let mut state = self.stores.0.borrow_mut();
            let (waiting, taken) = state.queues.entry(self.url.clone()).or_default();
            let (settled, left) =
                std::mem::take(taken).into_iter().partition(|message| receipts.contains(&message.receipt));
            *taken = left;
            let settled: Vec<QueueMessage> = settled;
            if !deletes {
                waiting.extend(settled);
            }
        }
        operation
    }
}
