//! Processors that are fed slice by slice.

use async_trait::async_trait;
use forebay_pipeline_config::spec::Kind;
use forebay_pipeline_message::Batch;
use forebay_plugins_api::{ComponentError, IncrementalProcessor, MetadataValue};
use tokio::sync::mpsc;
use wasmtime::Store;
use wasmtime::component::Instance;

use crate::bindings::exports::forebay::plugin as exports;
use crate::bindings::forebay::plugin::configuration::Problem;
use crate::guest::Guest;
use crate::host::streams::HostSink;
use crate::instance::{Call, Exports, Slot, Waits};
use crate::plugin::Kinds;

/// The exports of an incremental processor: it is opened and closed as a processor.
pub(crate) struct IncrementalExports {
    processor: exports::processors::Guest,
    incremental: exports::incremental_processors::Guest,
}

impl Exports for IncrementalExports {
    const KIND: Kind = Kind::Processor;

    fn find(kinds: &Kinds, store: &mut Store<Guest>, instance: &Instance) -> Option<wasmtime::Result<Self>> {
        let (processor, incremental) = (kinds.processors.as_ref()?, kinds.incremental.as_ref()?);
        let processor = processor.load(&mut *store, instance);
        let incremental = incremental.load(store, instance);
        Some(processor.and_then(|processor| Ok(Self { processor, incremental: incremental? })))
    }

    fn open<'a>(
        &'a self,
        store: &'a mut Store<Guest>,
        component: String,
        config: std::sync::Arc<str>,
    ) -> Call<'a, Result<(), Problem>> {
        Box::pin(async move { self.processor.call_open(store, &component, &config).await })
    }

    fn close<'a>(&'a self, store: &'a mut Store<Guest>) -> Call<'a, ()> {
        Box::pin(self.processor.call_close(store))
    }
}

/// An incremental processor in an instance.
pub(crate) struct IncrementalComponent {
    slot: Slot<IncrementalExports>,
    /// The instance that holds the batch that was begun.
    begun: Option<u64>,
}

impl IncrementalComponent {
    pub(crate) fn new(slot: Slot<IncrementalExports>) -> Self {
        Self { slot, begun: None }
    }

    /// # Errors
    /// When the batch went down with its instance, or none was begun.
    fn check_begun(&self) -> Result<(), ComponentError> {
        if self.slot.is_live() && self.begun == Some(self.slot.generation()) {
            return Ok(());
        }
        Err(ComponentError::Failed("no batch was begun, or it was lost with its instance".to_owned()))
    }
}

#[async_trait]
impl IncrementalProcessor for IncrementalComponent {
    async fn begin(&mut self, sink: mpsc::Sender<Vec<u8>>) -> Result<(), ComponentError> {
        if self.check_begun().is_err() {
            self.slot.freshen().await;
        }
        let begin = self.slot.try_call(Waits::Bounded, move |exports, store| {
            Box::pin(async move {
                let sink = store.data_mut().push(HostSink(sink))?;
                exports.incremental.call_begin(store, sink).await
            })
        });
        begin.await?;
        self.begun = Some(self.slot.generation());
        Ok(())
    }

    async fn add(&mut self, slice: Batch) -> Result<(), ComponentError> {
        self.check_begun()?;
        self.slot.plugin().metrics.bytes_in.inc_by(slice.byte_size() as u64);
        // The sink may hold the guest back for as long as the receiver likes.
        let add = self.slot.try_call(Waits::Unbounded, move |exports, store| {
            Box::pin(async move {
                let slice = store.data_mut().push_batch(slice)?;
                exports.incremental.call_add(store, slice).await
            })
        });
        add.await
    }

    async fn finish(&mut self) -> Result<Vec<(String, MetadataValue)>, ComponentError> {
        self.check_begun()?;
        self.begun = None;
        let finish = self
            .slot
            .try_call(Waits::Unbounded, |exports, store| Box::pin(exports.incremental.call_finish(store)));
        let finished = finish.await?;
        Ok(finished.metadata.into_iter().map(|(key, value)| (key, value.into())).collect())
    }

    async fn abort(&mut self) {
        if self.check_begun().is_ok() {
            let abort = self
                .slot
                .call(Waits::Ending, |exports, store| Box::pin(exports.incremental.call_abort(store)));
            if let Err(lost) = abort.await {
                tracing::warn!(%lost, "abort an incremental processor");
            }
        }
        self.begun = None;
    }

    async fn close(&mut self) {
        if self.slot.is_live() {
            let close =
                self.slot.call(Waits::Ending, |exports, store| Box::pin(exports.processor.call_close(store)));
            if let Err(lost) = close.await {
                tracing::warn!(%lost, "close an incremental processor");
            }
        }
    }
}
