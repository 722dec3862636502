//! Puts an object for each message, many at once.

mod lane;
mod leftovers;

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use forebay_sdk::config::Interpolated;
use forebay_sdk::objects::{ObjectError, PutOptions, Store};
use forebay_sdk::streams::{ByteStream, Chunk};
use forebay_sdk::waits::{self, Woken};
use forebay_sdk::{Batch, Error, Failure, Operation, Pending, WriteError, Written};

use crate::collision::Collision;
use crate::stores::{Stores, about};
use lane::Lane;
use leftovers::Leftovers;

/// How many puts of messages are under way at once, but one of each batch. The host has a limit of its own, which is
/// smaller; what waits for it is counted there too.
const MOST_AT_ONCE: usize = 64;
/// How many streams the host reads by itself at once. Each counts with 24 MiB against the memory that a component has for
/// batches, 256 MiB by default, and one that finds no room there is lost.
const MOST_STREAMS: usize = 8;
/// How long one call waits for room in the host, which puts under way give back when they end. The host gives up on calls
/// that take a minute.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long to wait before asking the host again.
const PAUSE: Duration = Duration::from_millis(10);
/// How much of a stream is read at once.
const PIECE: u32 = 1 << 20;

/// What a message becomes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Object {
    pub(crate) bucket: String,
    pub(crate) path: String,
    pub(crate) options: PutOptions,
    pub(crate) collision: Collision,
}

/// Puts objects.
pub(crate) struct Writer {
    stores: Stores,
    /// The rest of each lane, by the operation that its first message waits for.
    waiting: HashMap<u64, Lane>,
    /// The streams under way, by their operations.
    streams: HashSet<u64>,
    leftovers: Leftovers,
}

impl Writer {
    pub(crate) fn new(stores: Stores) -> Self {
        Self { stores, waiting: HashMap::new(), streams: HashSet::new(), leftovers: Leftovers::default() }
    }

    /// Whether a bucket can be opened; nothing is sent.
    pub(crate) fn check(&mut self, bucket: &str) -> Result<(), Error> {
        self.stores.bucket(bucket).map(drop).map_err(|error| about(bucket, error))
    }

    /// Has uploads that were left unfinished aborted, once: those for this path to which nothing was put for a time.
    pub(crate) fn abort_leftovers(&mut self, bucket: &str, path: &Interpolated, untouched: Duration) {
        let store = self.stores.bucket(bucket);
        self.leftovers.abort(&self.stores.shown(bucket, ""), store, path, untouched);
    }

    /// Starts to put the objects of a batch, one for each message. Those of one path follow each other.
    pub(crate) fn write(&mut self, batch: &Batch, objects: Vec<Result<Object, Error>>) -> Written {
        self.leftovers.look();
        let mut written = Written::all();
        let mut puts = Vec::with_capacity(objects.len());
        for (index, object) in (0..).zip(objects) {
            match object {
                Ok(object) => puts.push((index, object)),
                Err(error) => written.failed.push(failure(index, error)),
            }
        }
        let room = MOST_AT_ONCE.saturating_sub(self.waiting.len());
        let mut patience = PATIENCE;
        for lane in Lane::of(batch, puts, room) {
            self.drive(lane, &mut written, &mut patience);
        }
        written
    }

    /// Goes on with what an operation belongs to that has ended.
    pub(crate) fn resolve(&mut self, operation: &Operation) -> Result<Written, WriteError> {
        let id = operation.id();
        if self.streams.remove(&id) {
            return match operation.outcome() {
                Some(Err(error)) => Err(error.into()),
                _ => Ok(Written::all()),
            };
        }
        let Some(mut lane) = self.waiting.remove(&id) else {
            return Err(WriteError::Failed(format!("operation {id} is not known")));
        };
        let mut written = Written::all();
        if let (Some((index, _)), Some(Err(error))) = (lane.pop(), operation.outcome()) {
            written.failed.push(failure(index, error));
        }
        self.drive(lane, &mut written, &mut { PATIENCE });
        Ok(written)
    }

    /// Puts what a stream gives, in parts while it comes. Nobody sees it before it is complete.
    pub(crate) fn write_stream(
        &mut self,
        object: Object,
        payload: ByteStream,
    ) -> Result<Written, WriteError> {
        let Object { bucket, path, mut options, collision } = object;
        let shown = self.stores.shown(&bucket, &path);
        let store = self.stores.bucket(&bucket).map_err(|error| about(&shown, error))?;
        if !is_wanted(&store, &path, collision).map_err(|error| about(&shown, error))? {
            return skip(payload);
        }
        // It takes as long as what makes it; each part has a limit of its own.
        options.timeout = None;
        let started = if self.streams.len() < MOST_STREAMS {
            store.put_stream(&path, payload, options).map_err(|error| about(&shown, error))
        } else {
            pass_on(&store, &path, payload, &options).map_err(|error| error.context(&shown))
        };
        let operation = started?;
        self.streams.insert(operation.id());
        Ok(Written {
            failed: Vec::new(),
            pending: vec![Pending { operation, messages: None, resolve: true }],
        })
    }

    /// Puts the objects of a lane until one is under way.
    fn drive(&mut self, mut lane: Lane, written: &mut Written, patience: &mut Duration) {
        while let Some((index, object)) = lane.first() {
            match self.start(lane.batch(), (index, object), patience) {
                Ok(Some(operation)) => {
                    let messages = Some(lane.rest());
                    self.waiting.insert(operation.id(), lane);
                    written.pending.push(Pending { operation, messages, resolve: true });
                    return;
                }
                Ok(None) => {}
                Err(error) => written.failed.push(failure(index, error)),
            }
            lane.pop();
        }
    }

    /// Starts to put a message; nothing where it is not wanted.
    fn start(
        &mut self,
        batch: &Batch,
        (index, object): (u32, &Object),
        patience: &mut Duration,
    ) -> Result<Option<Operation>, Error> {
        let Object { bucket, path, options, collision } = object;
        let failed = |stores: &Stores, error| about(&stores.shown(bucket, path), error);
        let store = self.stores.bucket(bucket).map_err(|error| failed(&self.stores, error))?;
        if !is_wanted(&store, path, *collision).map_err(|error| failed(&self.stores, error))? {
            return Ok(None);
        }
        let at = index as usize;
        let message = batch.slice(at..at + 1);
        let has_others = !self.waiting.is_empty() || !self.streams.is_empty();
        let patience = if has_others { patience } else { &mut { Duration::ZERO } };
        let started = patiently(patience, || store.put_batch(path, &message, b"", options.clone()));
        started.map(Some).map_err(|error| failed(&self.stores, error))
    }
}

/// Starts something that the host may have no room for. Others under way give it back, so it waits for that, and takes
/// the time off its patience.
fn patiently<T>(
    patience: &mut Duration,
    mut start: impl FnMut() -> Result<T, ObjectError>,
) -> Result<T, ObjectError> {
    loop {
        match start() {
            Err(ObjectError::Unavailable(_)) if !patience.is_zero() => {
                *patience = patience.saturating_sub(PAUSE);
                if waits::wait(Some(PAUSE)).contains(Woken::SHUTDOWN) {
                    *patience = Duration::ZERO;
                }
            }
            started => return started,
        }
    }
}

/// Puts a stream by reading it here. It is slower than to have the host read it, and waits until there is room.
fn pass_on(
    store: &Store,
    path: &str,
    mut payload: ByteStream,
    options: &PutOptions,
) -> Result<Operation, Error> {
    let upload = patiently(&mut { PATIENCE }, || store.begin(path, options.clone()))?;
    loop {
        match payload.read(PIECE) {
            Chunk::Bytes(bytes) => upload.write(&bytes)?,
            Chunk::Ended => return Ok(upload.finish()),
            Chunk::Woken(_) => return Err(Error::new("interrupted by a shutdown")),
            Chunk::Failed(error) => return Err(error),
        }
    }
}

/// Whether an object is to be put, with regard to one that is there.
fn is_wanted(store: &Store, path: &str, collision: Collision) -> Result<bool, ObjectError> {
    if collision == Collision::Overwrite {
        return Ok(true);
    }
    match store.head(path) {
        Err(ObjectError::NotFound(_)) => Ok(true),
        Err(error) => Err(error),
        Ok(_) if collision == Collision::Ignore => Ok(false),
        Ok(_) => Err(ObjectError::Invalid("there is such an object already".to_owned())),
    }
}

/// Takes all of a stream, for nothing.
fn skip(mut payload: ByteStream) -> Result<Written, WriteError> {
    loop {
        match payload.read(PIECE) {
            Chunk::Bytes(_) => {}
            Chunk::Ended => return Ok(Written::all()),
            Chunk::Woken(_) => return Err(WriteError::Failed("interrupted by a shutdown".to_owned())),
            Chunk::Failed(error) => return Err(error.into()),
        }
    }
}

fn failure(index: u32, error: Error) -> Failure {
    Failure { reason: error.into_message(), messages: Some(vec![index]) }
}

#[cfg(test)]
mod tests;
