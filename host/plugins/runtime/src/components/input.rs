//! Sources of messages.

use std::collections::HashSet;

use async_trait::async_trait;
use forebay_pipeline_message::{Batch, Outcome};
use forebay_plugins_api::{ComponentError, Event, Input, LostReason, Settlement, Stream, Token};

use crate::bindings::exports::forebay::plugin::inputs as wit;
use crate::components::exports;
use crate::guest::Guest;
use crate::instance::{Prepared, Slot, Waits};
use crate::plugin::Import;

exports!(InputExports, Input, inputs, inputs, close(&[]));

/// An input in an instance.
pub(crate) struct InputComponent {
    slot: Slot<InputExports>,
    /// The tokens that are handed out and not settled yet.
    outstanding: HashSet<Token>,
    /// What was scanned last of a stream, until the instance can be told.
    scanned: Option<Batch>,
    /// An instance of a newer build, which waits until nothing is in flight.
    prepared: Option<Prepared<InputExports>>,
}

impl InputComponent {
    pub(crate) fn new(slot: Slot<InputExports>) -> Self {
        Self { slot, outstanding: HashSet::new(), scanned: None, prepared: None }
    }
}

#[async_trait]
impl Input for InputComponent {
    async fn connect(&mut self) -> Result<(), ComponentError> {
        self.slot.try_call(Waits::Bounded, |exports, store| Box::pin(exports.0.call_connect(store))).await
    }

    async fn read(&mut self, settled: Vec<Settlement>) -> Result<Event, ComponentError> {
        if !self.slot.is_live() {
            // Whoever gave out these tokens is gone; the engine opens another.
            return Err(self.slot.void("it was lost before").into());
        }
        for settlement in &settled {
            self.outstanding.remove(&settlement.token);
        }
        let newer = self.slot.call_back();
        let scanned = self.scanned.take();
        let read = self.slot.try_call(Waits::Unbounded, move |exports, store| {
            Box::pin(async move {
                if scanned.is_some() {
                    store.data_mut().scanned = scanned;
                }
                let settled = give(store.data_mut(), settled)?;
                let event = exports.0.call_read(&mut *store, &settled).await?;
                event
                    .map(|event| take_event(store.data_mut(), event))
                    .map_or_else(|error| Ok(Err(error)), |event| event.map(Ok))
            })
        });
        let event = beside(read, newer).await?;
        if let Event::Batch(token, _) | Event::Stream(token, _) = &event
            && !self.outstanding.insert(*token)
        {
            let detail = format!("token {} was handed out twice", token.0);
            return Err(self.slot.give_up(LostReason::Contract, detail).into());
        }
        if let Event::Batch(_, batch) = &event {
            self.slot.plugin().metrics.bytes_out.inc_by(batch.byte_size() as u64);
        }
        Ok(event)
    }

    fn scanned(&mut self, last: Batch) {
        // Most inputs never ask, and need not keep it.
        let asks = |import: &Import| import.interface.starts_with("forebay:plugin/scanned@");
        if self.slot.plugin().info.imports.iter().any(asks) {
            self.scanned = Some(last);
        }
    }

    async fn close(&mut self, settled: Vec<Settlement>) {
        if self.slot.is_live() {
            let close = self.slot.call(Waits::Ending, move |exports, store| {
                Box::pin(async move {
                    let settled = give(store.data_mut(), settled)?;
                    exports.0.call_close(store, &settled).await
                })
            });
            if let Err(lost) = close.await {
                tracing::warn!(%lost, "close an input");
            }
        }
    }

    async fn prepare(&mut self) -> bool {
        if self.prepared.is_none() {
            self.prepared = self.slot.prepare().await;
        }
        self.prepared.is_some()
    }

    async fn take_over(&mut self, settled: Vec<Settlement>) {
        if let Some(prepared) = self.prepared.take() {
            self.close(settled).await;
            self.outstanding.clear();
            self.scanned = None;
            self.slot.replace_closed(prepared);
        }
    }
}

/// Drives the call of an input, and what tells it of a newer build: an input that waits would keep the old
/// one in an idle pipeline.
async fn beside<T>(read: impl Future<Output = T>, newer: impl Future<Output = ()>) -> T {
    tokio::pin!(read);
    tokio::select! {
        biased;
        event = &mut read => event,
        () = newer => read.await,
    }
}

fn take_event(guest: &mut Guest, event: wit::Event) -> wasmtime::Result<Event> {
    let again = guest.again.take();
    Ok(match event {
        wit::Event::Batch(wit::ArrivedBatch { token, batch }) => {
            Event::Batch(Token(token), guest.take_result(batch)?)
        }
        wit::Event::Stream(wit::ArrivedStream { token, source, name, metadata }) => {
            let source = guest.table.delete(source)?.0;
            let metadata = metadata.into_iter().map(|(key, value)| (key, value.into())).collect();
            Event::Stream(Token(token), Stream { source, name, metadata, again })
        }
        wit::Event::Idle => Event::Idle,
        wit::Event::Ended => Event::Ended,
        wit::Event::NotConnected(reason) => Event::NotConnected(reason),
    })
}

/// Settlements as the guest gets them, with handles of the responses.
fn give(guest: &mut Guest, settled: Vec<Settlement>) -> wasmtime::Result<Vec<wit::Settlement>> {
    let one = |Settlement { token, outcome, responses }: Settlement| {
        let outcome = match outcome {
            Outcome::Acknowledged => wit::Outcome::Acknowledged,
            Outcome::Rejected(rejection) => wit::Outcome::Rejected(wit::Rejection {
                reason: rejection.reason,
                messages: rejection.messages,
            }),
        };
        let responses = responses.into_iter().map(|response| guest.push_batch(response));
        Ok(wit::Settlement {
            token: token.0,
            outcome,
            responses: responses.collect::<wasmtime::Result<_>>()?,
        })
    };
    settled.into_iter().map(one).collect()
}
