use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use forebay_model::{ByteCount, Timestamp, VirtualClusterId};
use forebay_storage_metadata::{MetadataStore, ProduceOutcome};
use forebay_storage_objects::Objects;
use tokio::sync::{Notify, oneshot};
use tokio::time::Instant;

use super::batch::NewBatch;
use super::buffer::Buffer;
use super::error::AppendError;
use super::feed::Feed;
use super::load::Load;
use super::metrics::WriterMetrics;
use super::settings::WriterSettings;
use crate::segment::HEADER;

/// What the tasks of a writer have in common.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) objects: Arc<dyn Objects>,
    pub(super) metadata: Arc<dyn MetadataStore>,
    pub(super) settings: WriterSettings,
    pub(super) metrics: WriterMetrics,
    pub(super) feed: OnceLock<Feed>,
    state: Mutex<State>,
    /// There is something for the flusher to look at.
    pub(super) wake: Notify,
    /// There is less under way.
    less: Notify,
}

#[derive(Debug, Default)]
struct State {
    open: HashMap<VirtualClusterId, Buffer>,
    /// Full ones, in the order in which they became so.
    full: VecDeque<(VirtualClusterId, Buffer)>,
    bytes: u64,
    files: usize,
    closed: bool,
    /// A reading of the metadata store's clock, and when it was made.
    clock: Option<(Timestamp, Instant)>,
}

/// What the flusher has to do.
#[derive(Debug)]
pub(super) struct Due {
    /// To be flushed, in this order.
    pub(super) buffers: Vec<(VirtualClusterId, Buffer)>,
    /// When to look again, if nothing wakes it before.
    pub(super) next: Option<Instant>,
    /// Nothing more will come.
    pub(super) ended: bool,
}

/// A buffer that lacks less than this part of a segment is flushed.
const NEARLY: u64 = 32;

impl State {
    /// Nothing more comes into the buffer of a cluster.
    fn flush(&mut self, cluster: &VirtualClusterId) {
        if let Some(buffer) = self.open.remove(cluster) {
            self.full.push_back((cluster.clone(), buffer));
            self.files += 1;
        }
    }
}

impl Shared {
    pub(super) fn new(
        objects: Arc<dyn Objects>,
        metadata: Arc<dyn MetadataStore>,
        settings: WriterSettings,
        metrics: WriterMetrics,
    ) -> Self {
        Self {
            objects,
            metadata,
            settings: settings.bounded(),
            metrics,
            feed: OnceLock::new(),
            state: Mutex::default(),
            wake: Notify::new(),
            less: Notify::new(),
        }
    }

    /// Takes a request, if there is room.
    pub(super) fn push(
        &self,
        cluster: &VirtualClusterId,
        batches: Vec<NewBatch>,
    ) -> Result<oneshot::Receiver<Result<ProduceOutcome, AppendError>>, AppendError> {
        if batches.is_empty()
            || batches.iter().any(|batch| batch.bytes.is_empty() || batch.records.get() == 0)
        {
            return Err(AppendError::Empty);
        }
        let bytes: u64 = batches.iter().map(|batch| batch.bytes.len() as u64).sum();
        let most = self.settings.most_unflushed_bytes;
        if bytes > most.get() {
            return Err(AppendError::TooLarge { bytes: ByteCount::new(bytes), most });
        }
        let mut state = self.state();
        if state.closed {
            return Err(AppendError::Closed);
        }
        if let Some(signal) = self.load_of(&state).over() {
            return Err(AppendError::Backpressure(signal));
        }
        state.bytes += bytes;
        let (reply, answer) = oneshot::channel();
        // A segment has no block more for a few bytes that would not fit.
        let flush_size = self.settings.flush_size.get();
        let has_room = |buffer: &mut Buffer| HEADER.len() as u64 + buffer.bytes + bytes <= flush_size;
        let is_over = state.open.get_mut(cluster).is_some_and(|buffer| !has_room(buffer));
        if is_over {
            state.flush(cluster);
        }
        let is_first = !state.open.contains_key(cluster);
        let buffer = state.open.entry(cluster.clone()).or_insert_with(|| Buffer::new(Instant::now()));
        buffer.push(batches, bytes, reply);
        let is_full = buffer.bytes >= flush_size - flush_size / NEARLY;
        if is_full {
            state.flush(cluster);
        }
        drop(state);
        if is_first || is_full {
            self.wake.notify_one();
        }
        Ok(answer)
    }

    /// What is to be flushed at `now`.
    pub(super) fn due(&self, now: Instant) -> Due {
        let mut state = self.state();
        let timeout = self.settings.batch_timeout;
        let mut buffers: Vec<_> = state.full.drain(..).collect();
        let closed = state.closed;
        let late: Vec<_> =
            state.open.extract_if(|_, buffer| closed || buffer.opened + timeout <= now).collect();
        state.files += late.len();
        buffers.extend(late);
        let next = state.open.values().map(|buffer| buffer.opened + timeout).min();
        Due { buffers, next, ended: closed }
    }

    /// A segment with so many bytes of batches has its outcome.
    pub(super) fn release(&self, bytes: u64) {
        let mut state = self.state();
        state.bytes = state.bytes.saturating_sub(bytes);
        state.files = state.files.saturating_sub(1);
        drop(state);
        self.less.notify_waiters();
    }

    pub(super) fn close(&self) {
        self.state().closed = true;
        self.wake.notify_one();
    }

    pub(super) fn load(&self) -> Load {
        self.load_of(&self.state())
    }

    /// Waits until the load is as wanted.
    pub(super) async fn wait_until(&self, is_wanted: impl Fn(&Load) -> bool) {
        loop {
            let less = self.less.notified();
            tokio::pin!(less);
            // Register first, look second.
            less.as_mut().enable();
            if is_wanted(&self.load()) {
                return;
            }
            less.await;
        }
    }

    /// The last reading of the store's clock that is not older than `oldest`.
    pub(super) fn clock_reading(&self, oldest: Instant) -> Option<Timestamp> {
        self.state().clock.filter(|(_, read)| *read >= oldest).map(|(time, _)| time)
    }

    pub(super) fn set_clock_reading(&self, time: Timestamp) {
        self.state().clock = Some((time, Instant::now()));
    }

    fn load_of(&self, state: &State) -> Load {
        Load {
            unflushed_bytes: ByteCount::new(state.bytes),
            unflushed_files: state.files,
            most_bytes: self.settings.most_unflushed_bytes,
            most_files: self.settings.most_unflushed_files,
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
