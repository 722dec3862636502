//! Cutting streams of bytes into messages.

use async_trait::async_trait;
use forebay_plugins_api::{ByteStream, ComponentError, Scanned, Scanner};

use crate::bindings::exports::forebay::plugin::scanners as wit;
use crate::components::exports;
use crate::host::streams::HostStream;
use crate::instance::{Slot, Waits};

exports!(ScannerExports, Scanner, scanners, scanners, close());

/// A scanner in an instance.
pub(crate) struct ScannerComponent {
    slot: Slot<ScannerExports>,
}

impl ScannerComponent {
    pub(crate) fn new(slot: Slot<ScannerExports>) -> Self {
        Self { slot }
    }
}

#[async_trait]
impl Scanner for ScannerComponent {
    async fn begin(&mut self, source: Box<dyn ByteStream>, name: &str) -> Result<(), ComponentError> {
        // Whatever stream there was is over.
        self.slot.freshen().await;
        let name = name.to_owned();
        self.slot
            .try_call(Waits::Bounded, move |exports, store| {
                Box::pin(async move {
                    let source = store.data_mut().push(HostStream(source))?;
                    exports.0.call_begin(store, source, &name).await
                })
            })
            .await
    }

    async fn next(&mut self) -> Result<Scanned, ComponentError> {
        let scanned = self
            .slot
            .try_call(Waits::Unbounded, move |exports, store| {
                Box::pin(async move {
                    Ok(match exports.0.call_next(&mut *store).await? {
                        Ok(wit::Scanned::Batch(batch)) => {
                            Ok(Scanned::Batch(store.data_mut().take_result(batch)?))
                        }
                        Ok(wit::Scanned::Idle) => Ok(Scanned::Idle),
                        Ok(wit::Scanned::Ended) => Ok(Scanned::Ended),
                        Err(reason) => Err(reason),
                    })
                })
            })
            .await?;
        if let Scanned::Batch(batch) = &scanned {
            self.slot.plugin().metrics.bytes_out.inc_by(batch.byte_size() as u64);
        }
        Ok(scanned)
    }

    async fn close(&mut self) {
        if self.slot.is_live() {
            let close = self.slot.call(Waits::Ending, |exports, store| Box::pin(exports.0.call_close(store)));
            if let Err(lost) = close.await {
                tracing::warn!(%lost, "close a scanner");
            }
        }
    }
}
