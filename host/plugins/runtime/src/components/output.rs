//! Destinations of messages.

use std::collections::HashMap;

use async_trait::async_trait;
use forebay_pipeline_config::spec::Kind;
use forebay_pipeline_message::{Batch, Failure};
use forebay_plugins_api::{ByteStream, ComponentError, Operation, Output, Pending, WriteError, Written};
use wasmtime::Store;
use wasmtime::component::Instance;

use crate::bindings::exports::forebay::plugin::outputs as wit;
use crate::bindings::exports::forebay::plugin::streaming_outputs as streaming;
use crate::bindings::forebay::plugin::configuration::Problem;
use crate::guest::Guest;
use crate::host::streams::HostStream;
use crate::instance::{Call, Exports, Prepared, Slot, Waits};
use crate::limits::Refusal;
use crate::plugin::Kinds;

/// What an operation belongs to.
#[derive(Debug, Clone, Copy)]
struct Started {
    /// The instance that started it: only that one can go on with it.
    generation: u64,
    /// The length of its batch.
    length: usize,
}

/// The exports of an output, with those for streams where its plugin has any.
pub(crate) struct OutputExports {
    output: wit::Guest,
    streaming: Option<streaming::Guest>,
}

impl Exports for OutputExports {
    const KIND: Kind = Kind::Output;

    fn find(kinds: &Kinds, store: &mut Store<Guest>, instance: &Instance) -> Option<wasmtime::Result<Self>> {
        let output = kinds.outputs.as_ref()?.load(&mut *store, instance);
        let streaming = kinds.streaming.as_ref().map(|indices| indices.load(store, instance));
        Some(output.and_then(|output| Ok(Self { output, streaming: streaming.transpose()? })))
    }

    fn open<'a>(
        &'a self,
        store: &'a mut Store<Guest>,
        component: String,
        config: std::sync::Arc<str>,
    ) -> Call<'a, Result<(), Problem>> {
        Box::pin(async move { self.output.call_open(store, &component, &config).await })
    }

    fn close<'a>(&'a self, store: &'a mut Store<Guest>) -> Call<'a, ()> {
        Box::pin(self.output.call_close(store))
    }
}

/// An output in an instance.
pub(crate) struct OutputComponent {
    slot: Slot<OutputExports>,
    /// What the operations under way belong to.
    pending: HashMap<u64, Started>,
    /// The instance that is connected.
    connected: Option<u64>,
    /// One of a newer build, which waits until nothing is pending.
    prepared: Option<Prepared<OutputExports>>,
}

type Answer = Result<Result<Written, wit::WriteError>, ComponentError>;

impl OutputComponent {
    pub(crate) fn new(slot: Slot<OutputExports>) -> Self {
        Self { slot, pending: HashMap::new(), connected: None, prepared: None }
    }

    /// # Errors
    /// When the instance that was connected is gone.
    fn check_connected(&self) -> Result<(), WriteError> {
        if self.slot.is_live() && self.connected == Some(self.slot.generation()) {
            return Ok(());
        }
        Err(WriteError::NotConnected("the output was lost and is opened again".to_owned()))
    }

    fn answer(&mut self, length: usize, answer: Answer) -> Result<Written, WriteError> {
        match answer? {
            Ok(written) => {
                for pending in written.pending.iter().filter(|pending| pending.resolve) {
                    let started = Started { generation: self.slot.generation(), length };
                    self.pending.insert(pending.operation.id(), started);
                }
                Ok(written)
            }
            Err(wit::WriteError::NotConnected(reason)) => Err(WriteError::NotConnected(reason)),
            Err(wit::WriteError::Failed(reason)) => {
                self.slot.plugin().metrics.errors.inc();
                Err(WriteError::Component(ComponentError::Failed(reason)))
            }
        }
    }
}

#[async_trait]
impl Output for OutputComponent {
    async fn connect(&mut self) -> Result<(), ComponentError> {
        self.slot
            .try_call(Waits::Bounded, |exports, store| Box::pin(exports.output.call_connect(store)))
            .await?;
        self.connected = Some(self.slot.generation());
        Ok(())
    }

    async fn write(&mut self, batch: Batch) -> Result<Written, WriteError> {
        self.check_connected()?;
        let length = batch.len();
        self.slot.plugin().metrics.bytes_in.inc_by(batch.byte_size() as u64);
        let answer = self
            .slot
            .call(Waits::Bounded, move |exports, store| {
                Box::pin(async move {
                    let batch = store.data_mut().push_batch(batch)?;
                    let written = exports.output.call_write(&mut *store, batch).await?;
                    written
                        .map(|written| take_written(store.data_mut(), length, written))
                        .map_or_else(|error| Ok(Err(error)), |written| written.map(Ok))
                })
            })
            .await;
        self.answer(length, answer.map_err(ComponentError::from))
    }

    fn streams(&self) -> bool {
        let plugin = self.slot.plugin();
        plugin.spec(Kind::Output, self.slot.component()).is_some_and(|spec| spec.streams)
    }

    async fn write_stream(
        &mut self,
        head: Batch,
        payload: Box<dyn ByteStream>,
    ) -> Result<Written, WriteError> {
        self.check_connected()?;
        let length = head.len();
        let answer = self
            .slot
            .call(Waits::Unbounded, move |exports, store| {
                Box::pin(async move {
                    let Some(streaming) = &exports.streaming else {
                        // A newer build of the plugin may lack what the older one had.
                        let reason = "this output takes no streams".to_owned();
                        return Ok(Err(wit::WriteError::Failed(reason)));
                    };
                    let head = store.data_mut().push_batch(head)?;
                    let payload = store.data_mut().push(HostStream(payload))?;
                    match streaming.call_write_stream(&mut *store, head, payload).await? {
                        Ok(under_way) => take_under_way(store.data_mut(), under_way).map(Ok),
                        Err(streaming::StreamError::NotConnected(reason)) => {
                            Ok(Err(wit::WriteError::NotConnected(reason)))
                        }
                        Err(streaming::StreamError::Failed(reason)) => {
                            Ok(Err(wit::WriteError::Failed(reason)))
                        }
                    }
                })
            })
            .await;
        self.answer(length, answer.map_err(ComponentError::from))
    }

    async fn resolve(&mut self, operation: Operation) -> Result<Written, WriteError> {
        let started = self.pending.remove(&operation.id());
        let Some(Started { length, .. }) =
            started.filter(|started| self.slot.is_instance(started.generation))
        else {
            let reason = "the instance that started the operation was lost".to_owned();
            return Err(WriteError::Component(ComponentError::Failed(reason)));
        };
        let answer = self
            .slot
            .call(Waits::Bounded, move |exports, store| {
                Box::pin(async move {
                    let operation = store.data_mut().push(operation)?;
                    let written = exports.output.call_resolve(&mut *store, operation).await?;
                    written
                        .map(|written| take_written(store.data_mut(), length, written))
                        .map_or_else(|error| Ok(Err(error)), |written| written.map(Ok))
                })
            })
            .await;
        self.answer(length, answer.map_err(ComponentError::from))
    }

    async fn close(&mut self) {
        if self.slot.is_live() {
            let close =
                self.slot.call(Waits::Ending, |exports, store| Box::pin(exports.output.call_close(store)));
            if let Err(lost) = close.await {
                tracing::warn!(%lost, "close an output");
            }
        }
    }

    async fn prepare(&mut self) -> bool {
        if self.prepared.is_none() {
            self.prepared = self.slot.prepare().await;
        }
        self.prepared.is_some()
    }

    async fn take_over(&mut self) {
        if let Some(prepared) = self.prepared.take() {
            self.slot.adopt(prepared).await;
            self.pending.clear();
        }
    }
}

fn take_written(guest: &mut Guest, length: usize, written: wit::Written) -> wasmtime::Result<Written> {
    let check = |messages: &Option<Vec<u32>>| match messages {
        Some(messages) if messages.iter().any(|index| *index as usize >= length) => {
            Err(Refusal::contract(format!("an index is not one of {length} written messages")))
        }
        _ => Ok(()),
    };
    let mut failed = Vec::with_capacity(written.failed.len());
    for wit::Failure { reason, messages } in written.failed {
        check(&messages)?;
        failed.push(Failure { reason, messages });
    }
    let mut pending = Vec::with_capacity(written.pending.len());
    for wit::Pending { operation, messages, resolve } in written.pending {
        check(&messages)?;
        pending.push(Pending { operation: guest.table.delete(operation)?, messages, resolve });
    }
    Ok(Written { failed, pending })
}

fn take_under_way(guest: &mut Guest, under_way: Vec<streaming::UnderWay>) -> wasmtime::Result<Written> {
    let mut written = Written::default();
    for streaming::UnderWay { operation, resolve } in under_way {
        let operation = guest.table.delete(operation)?;
        written.pending.push(Pending { operation, messages: None, resolve });
    }
    Ok(written)
}
