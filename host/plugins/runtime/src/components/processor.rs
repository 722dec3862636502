//! Transformations of batches.

use std::collections::HashMap;
use std::time::Duration;

use async_trait::async_trait;
use forebay_pipeline_message::Batch;
use forebay_plugins_api::{ComponentError, Operation, Processing, Processor};

use crate::bindings::exports::forebay::plugin::processors as wit;
use crate::components::exports;
use crate::guest::Guest;
use crate::instance::{Slot, Waits};

/// What an operation belongs to.
#[derive(Debug, Clone, Copy)]
struct Started {
    /// The instance that started it: only that one can go on with it.
    generation: u64,
    /// The length of its batch.
    length: usize,
}

exports!(ProcessorExports, Processor, processors, processors, close());

/// A processor in an instance.
pub(crate) struct ProcessorComponent {
    slot: Slot<ProcessorExports>,
    /// What the operations under way belong to.
    pending: HashMap<u64, Started>,
}

impl ProcessorComponent {
    pub(crate) fn new(slot: Slot<ProcessorExports>) -> Self {
        Self { slot, pending: HashMap::new() }
    }

    /// Whether the instance waits for an operation to end.
    fn is_pending(&self) -> bool {
        self.pending.values().any(|started| self.slot.is_instance(started.generation))
    }

    fn note(&mut self, source: usize, processing: &Processing) {
        match processing {
            Processing::Done(results) => {
                let bytes: usize = results.iter().map(|result| result.batch.byte_size()).sum();
                self.slot.plugin().metrics.bytes_out.inc_by(bytes as u64);
            }
            Processing::Pending(operation) => {
                let started = Started { generation: self.slot.generation(), length: source };
                self.pending.insert(operation.id(), started);
            }
        }
    }
}

#[async_trait]
impl Processor for ProcessorComponent {
    async fn process(&mut self, batch: Batch) -> Result<Processing, ComponentError> {
        if !self.is_pending() {
            self.slot.freshen().await;
        }
        let source = batch.len();
        self.slot.plugin().metrics.bytes_in.inc_by(batch.byte_size() as u64);
        let processing = self
            .slot
            .try_call(Waits::Bounded, move |exports, store| {
                Box::pin(async move {
                    let batch = store.data_mut().push_batch(batch)?;
                    let result = exports.0.call_process(&mut *store, batch).await?;
                    take_processing(store.data_mut(), source, result)
                })
            })
            .await?;
        self.note(source, &processing);
        Ok(processing)
    }

    async fn resume(&mut self, operation: Operation) -> Result<Processing, ComponentError> {
        let started = self.pending.remove(&operation.id());
        let Some(Started { length: source, .. }) =
            started.filter(|started| self.slot.is_instance(started.generation))
        else {
            return Err(self.slot.void("the instance that started the operation was lost").into());
        };
        let processing = self
            .slot
            .try_call(Waits::Bounded, move |exports, store| {
                Box::pin(async move {
                    let operation = store.data_mut().push(operation)?;
                    let result = exports.0.call_resume(&mut *store, operation).await?;
                    take_processing(store.data_mut(), source, result)
                })
            })
            .await?;
        self.note(source, &processing);
        Ok(processing)
    }

    async fn close(&mut self) {
        if self.slot.is_live() {
            let close = self.slot.call(Waits::Ending, |exports, store| Box::pin(exports.0.call_close(store)));
            if let Err(lost) = close.await {
                tracing::warn!(%lost, "close a processor");
            }
        }
    }

    fn cpu(&self) -> Duration {
        self.slot.cpu()
    }
}

fn take_processing(
    guest: &mut Guest,
    source: usize,
    result: Result<wit::Processing, String>,
) -> wasmtime::Result<Result<Processing, String>> {
    Ok(Ok(match result {
        Ok(wit::Processing::Done(results)) => {
            let results = results.into_iter().map(|result| guest.take_processed(result, source));
            Processing::Done(results.collect::<wasmtime::Result<_>>()?)
        }
        Ok(wit::Processing::Pending(operation)) => Processing::Pending(guest.table.delete(operation)?),
        Err(reason) => return Ok(Err(reason)),
    }))
}
