//! Batches that are too large to be held: the first processors behind the policy take them slice by slice, as far as
//! they can, and only what these make of them is kept, or goes to the output while it is made.
//!
//! A batch is whole until it is large, so that small ones are made as anywhere else. When something fails for a large
//! one, its messages are rejected, come again, and are made in one piece then: the outcome is what it is for a small one.

use std::sync::Arc;
use std::time::Instant;

use forebay_lifecycle::clock;
use forebay_pipeline_config::ComponentConfig;
use forebay_pipeline_message::{Batch, Duty, Held, MetadataWriter, Transaction};
use forebay_plugins_api::{
    ComponentError, Components as _, IncrementalProcessor, MetadataValue, OpenError, Setup,
};
use futures_util::future::BoxFuture;
use tokio::sync::mpsc;

use super::streamed::{self, Parcel, Streaming};
use crate::budget::{Budget, Weight};
use crate::structure::Structured;
use crate::structure::row::Row;

/// Bytes of contents from which on a batch is large, unless that is more than a quarter of what may be in flight.
const LARGE: usize = 4 << 20;
/// Pieces that wait between two processors.
const PIECES: usize = 4;

/// How large batches are made.
pub(crate) struct Growth {
    stages: Vec<Stage>,
    large: usize,
    /// Where they go while they are made; absent: they are kept until they are complete.
    output: Option<async_channel::Sender<Parcel>>,
    /// Messages that something failed for, and which are made in one piece when they come again.
    failed: usize,
    /// Whether a processor says that it can't be done so.
    is_refused: bool,
}

/// An incremental processor. It is opened when it is needed first.
struct Stage {
    components: Structured,
    setup: Setup,
    processor: Option<Box<dyn IncrementalProcessor>>,
    /// What it has made.
    made: Option<mpsc::Receiver<Vec<u8>>>,
}

/// A batch that is being made.
pub(super) struct Growing {
    /// Its first message.
    first: Batch,
    messages: usize,
    begun: Instant,
    tail: Tail,
}

/// Where the last processor's bytes go.
enum Tail {
    Kept { bytes: Vec<u8>, weight: Weight, duties: Vec<Duty> },
    Streaming(Streaming),
}

/// A batch that was made.
pub(super) enum Grown {
    Kept(Transaction),
    /// It is with the output.
    Streamed,
}

/// Why a batch could not be made.
pub(super) struct Fault {
    pub(super) reason: String,
    /// Whether one of its messages may be the reason.
    pub(super) apart: bool,
    /// Whether they are to be made in one piece when they come again.
    pub(super) whole: bool,
}

impl From<ComponentError> for Fault {
    fn from(error: ComponentError) -> Self {
        let apart = matches!(error, ComponentError::Lost(_));
        Self { reason: error.to_string(), apart, whole: !apart }
    }
}

impl Growth {
    /// That of a row of processors; `None` where its first one can't take slices.
    pub(super) fn of<'c>(
        components: &Structured,
        row: impl Iterator<Item = &'c ComponentConfig>,
        setup: impl Fn(&ComponentConfig) -> Setup,
        budget: &Budget,
    ) -> Option<Self> {
        let mut stages = Vec::new();
        for config in row {
            let Some(spec) = components.spec_of(config) else { break };
            // The first one makes one message of many; what it makes comes to those behind it in pieces.
            if !spec.incremental || spec.pieces == stages.is_empty() || config.shadow.is_some() {
                break;
            }
            let setup = setup(config);
            stages.push(Stage { components: components.clone(), setup, processor: None, made: None });
        }
        let large = LARGE.min(budget.most() / 4);
        (!stages.is_empty()).then_some(Self { stages, large, output: None, failed: 0, is_refused: false })
    }

    /// How many processors of the row they are.
    pub(super) fn processors(&self) -> usize {
        self.stages.len()
    }

    /// Has them go to an output while they are made.
    pub(super) fn stream_to(&mut self, output: async_channel::Sender<Parcel>) {
        self.output = Some(output);
    }

    /// Whether a batch of so many bytes is to be made from here on.
    pub(super) fn is_for(&self, bytes: usize) -> bool {
        !self.is_refused && self.failed == 0 && bytes > self.large
    }

    /// Notes that so many messages went on in one piece.
    pub(super) fn made_whole(&mut self, messages: usize) {
        self.failed = self.failed.saturating_sub(messages);
    }

    /// Begins a batch, whose first message is the first one of these.
    pub(super) async fn begin(&mut self, first: &Batch, budget: &Arc<Budget>) -> Result<Growing, Fault> {
        for stage in &mut self.stages {
            stage.begin().await?;
        }
        let first = first.slice(0, 1).unwrap_or_else(|| first.clone()).with_independent(false);
        let tail = match &self.output {
            Some(output) => Tail::Streaming(streamed::begin(output, &first).await?),
            None => Tail::Kept { bytes: Vec::new(), weight: budget.weight(), duties: Vec::new() },
        };
        Ok(Growing { first, messages: 0, begun: clock::now(), tail })
    }

    /// Notes that a batch, which has so many messages by now, could not be begun.
    pub(super) async fn refuse(&mut self, path: &str, fault: &Fault, messages: usize) {
        self.stop().await;
        self.failed = messages;
        if fault.whole {
            self.is_refused = true;
            tracing::debug!(path, reason = fault.reason, "large batches are made in one piece");
        } else {
            tracing::warn!(path, reason = fault.reason, "a large batch is made in one piece");
        }
    }

    /// Adds messages to a batch. When this fails, the batch has to be given up.
    pub(super) async fn add(&mut self, growing: &mut Growing, transaction: Transaction) -> Result<(), Fault> {
        let (batch, duty) = transaction.into_parts();
        growing.messages += duty.messages();
        match &mut growing.tail {
            Tail::Kept { duties, .. } => duties.push(duty),
            Tail::Streaming(streaming) => streaming.owe(duty),
        }
        feed(&mut self.stages, &mut growing.tail, batch.with_independent(false)).await
    }

    /// Completes a batch. When this fails, it has to be given up.
    pub(super) async fn finish(&mut self, growing: &mut Growing, row: &mut Row) -> Result<Grown, Fault> {
        let metadata = finish(&mut self.stages, &mut growing.tail).await?;
        for (link, _) in row.links().iter().zip(&self.stages) {
            link.meter.grown(growing.messages, growing.begun, true);
        }
        match &mut growing.tail {
            Tail::Streaming(streaming) => {
                streaming.finish();
                Ok(Grown::Streamed)
            }
            Tail::Kept { bytes, weight, duties } => {
                let mut writer = MetadataWriter::default();
                metadata.iter().for_each(|(key, value)| writer.push(key, value.borrow()));
                writer.end_message();
                let error = growing.first.get(0).and_then(|message| message.error());
                let errors = error.map(|error| (0, error));
                let batch = Batch::from_parts([Some(bytes.as_slice())], false, writer, errors);
                let held = Held::new(weight.take());
                *bytes = Vec::new();
                Ok(Grown::Kept(Transaction::made_of(batch, std::mem::take(duties)).holding(held)))
            }
        }
    }

    /// Gives a batch up: its messages are rejected.
    pub(super) async fn abort(&mut self, growing: Growing, row: &mut Row, fault: &Fault) {
        let Growing { messages, begun, tail, .. } = growing;
        for (link, _) in row.links().iter().zip(&self.stages) {
            link.meter.grown(messages, begun, false);
        }
        self.stop().await;
        let duties = match tail {
            Tail::Kept { duties, .. } => duties,
            Tail::Streaming(streaming) => streaming.give_up(),
        };
        self.reject(duties, fault);
    }

    /// Ends what was begun, without a result.
    pub(super) async fn stop(&mut self) {
        for stage in &mut self.stages {
            stage.abort().await;
        }
    }

    /// Rejects messages of a batch that could not be made.
    pub(super) fn reject(&mut self, duties: Vec<Duty>, fault: &Fault) {
        for duty in duties {
            if fault.whole {
                self.failed = self.failed.saturating_add(duty.messages());
            }
            if fault.apart {
                duty.reject_apart(&fault.reason);
            } else {
                duty.reject(&fault.reason);
            }
        }
    }

    pub(super) async fn close(&mut self) {
        for stage in &mut self.stages {
            if let Some(mut processor) = stage.processor.take() {
                processor.close().await;
            }
        }
    }
}

impl Stage {
    async fn begin(&mut self) -> Result<(), Fault> {
        let processor = match &mut self.processor {
            Some(processor) => processor,
            none => {
                let opened = self.components.open_incremental(self.setup.clone()).await;
                none.insert(opened.map_err(unopened)?)
            }
        };
        let (sink, made) = mpsc::channel(PIECES);
        self.made = Some(made);
        Ok(processor.begin(sink).await?)
    }

    async fn abort(&mut self) {
        // Nobody takes what it still writes, so it does not wait for that.
        self.made = None;
        if let Some(processor) = &mut self.processor {
            processor.abort().await;
        }
    }
}

impl Tail {
    async fn take(&mut self, piece: Vec<u8>) -> Result<(), Fault> {
        match self {
            Self::Kept { bytes, weight, .. } => {
                weight.grow(piece.len());
                bytes.extend_from_slice(&piece);
                Ok(())
            }
            Self::Streaming(streaming) => streaming.write(piece).await,
        }
    }
}

fn unopened(error: OpenError) -> Fault {
    Fault { reason: error.to_string(), apart: false, whole: true }
}

fn not_begun() -> Fault {
    Fault { reason: "no batch was begun".to_owned(), apart: false, whole: true }
}

/// Hands a slice to the first processor, and what that makes of it to those behind.
fn feed<'a>(stages: &'a mut [Stage], tail: &'a mut Tail, slice: Batch) -> BoxFuture<'a, Result<(), Fault>> {
    Box::pin(async move {
        let Some((Stage { processor: Some(processor), made: Some(made), .. }, behind)) =
            stages.split_first_mut()
        else {
            return Err(not_begun());
        };
        let mut adding = processor.add(slice);
        loop {
            tokio::select! {
                biased;
                Some(piece) = made.recv() => pass(behind, tail, piece).await?,
                added = &mut adding => break added?,
            }
        }
        while let Ok(piece) = made.try_recv() {
            pass(behind, tail, piece).await?;
        }
        Ok(())
    })
}

/// Hands what was made on: to the next processor, or to the end.
async fn pass(stages: &mut [Stage], tail: &mut Tail, piece: Vec<u8>) -> Result<(), Fault> {
    if stages.is_empty() {
        return tail.take(piece).await;
    }
    feed(stages, tail, Batch::from_payloads([Some(piece)], false)).await
}

/// Ends the batch in all processors, one after the other; what the first one says of the result.
fn finish<'a>(
    stages: &'a mut [Stage],
    tail: &'a mut Tail,
) -> BoxFuture<'a, Result<Vec<(String, MetadataValue)>, Fault>> {
    Box::pin(async move {
        let Some((first, behind)) = stages.split_first_mut() else { return Ok(Vec::new()) };
        let Stage { processor: Some(processor), made: Some(made), .. } = first else {
            return Err(not_begun());
        };
        let mut finishing = processor.finish();
        let metadata = loop {
            tokio::select! {
                biased;
                Some(piece) = made.recv() => pass(behind, tail, piece).await?,
                finished = &mut finishing => break finished?,
            }
        };
        while let Ok(piece) = made.try_recv() {
            pass(behind, tail, piece).await?;
        }
        finish(behind, tail).await?;
        Ok(metadata)
    })
}
