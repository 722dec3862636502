//! Streams: the scanner turns them into batches.

use std::sync::Arc;

use forebay_pipeline_message::{Batch, Value};
use forebay_plugins_api::{ComponentError, Scanned, Scanner, Stream, Wakes};

use crate::flight::{Sky, StreamFlight};
use crate::idle::Idle;
use crate::reread::{Left, Numbers};

/// A stream that is being scanned.
pub(crate) struct Scan {
    pub(crate) flight: Arc<StreamFlight>,
    sky: Arc<Sky>,
    name: String,
    metadata: Vec<(String, forebay_plugins_api::MetadataValue)>,
    /// How many messages there were.
    number: u64,
}

impl Scan {
    /// Hands a stream to the scanner; `None` when that fails, which fails the stream.
    pub(crate) async fn begin(
        scanner: &mut dyn Scanner,
        stream: Stream,
        flight: Arc<StreamFlight>,
        sky: &Arc<Sky>,
    ) -> Option<Self> {
        let Stream { source, name, metadata, again: _ } = stream;
        match scanner.begin(source, &name).await {
            Ok(()) => Some(Self { flight, sky: Arc::clone(sky), name, metadata, number: 0 }),
            Err(error) => {
                tracing::error!(stream = name, %error, "stream can't be scanned");
                sky.note_incomplete();
                flight.fail(error.to_string());
                None
            }
        }
    }

    /// The next batch; `None` when the stream is at its end, failed, or the pipeline stops, and where it is of no use to
    /// go on.
    pub(crate) async fn next(&self, scanner: &mut dyn Scanner, wakes: &Wakes) -> Option<Batch> {
        let mut idle = Idle::default();
        loop {
            let stopped = "the pipeline stopped before the end of the stream";
            let earlier = self.flight.earlier();
            if let Some(left) = earlier.filter(|left| left.ends_before(self.number)) {
                if left.leaves_rest() {
                    self.flight.stop_at(self.number, stopped);
                }
                return None;
            }
            if wakes.pending().shutdown && !earlier.is_some_and(Left::is_last) {
                self.flight.stop_at(self.number, stopped);
                return None;
            }
            if self.flight.is_in_vain() {
                self.flight.stop_at(self.number, "too much of the stream was rejected");
                return None;
            }
            match scanner.next().await {
                Ok(Scanned::Batch(batch)) if batch.is_empty() => idle.pause().await,
                Ok(Scanned::Batch(batch)) => return Some(self.with_metadata(batch)),
                Ok(Scanned::Idle) => idle.pause().await,
                Ok(Scanned::Ended) => return None,
                Err(error @ (ComponentError::Failed(_) | ComponentError::Lost(_))) => {
                    tracing::error!(stream = self.name, %error, "the rest of the stream is lost");
                    self.sky.note_incomplete();
                    self.flight.fail(error.to_string());
                    return None;
                }
            }
        }
    }

    /// What of the batch that came last is to be handed on, by the numbers of its messages.
    pub(crate) fn wanted(&mut self, batch: Batch) -> Vec<(Batch, Numbers)> {
        let first = self.number;
        self.number = first.saturating_add(batch.len() as u64);
        match self.flight.earlier() {
            Some(left) => left.wanted(first, &batch),
            None => vec![(batch, Numbers::From(first))],
        }
    }

    fn with_metadata(&self, batch: Batch) -> Batch {
        if self.metadata.is_empty() {
            return batch;
        }
        let entries: Vec<(String, Value<'_>)> =
            self.metadata.iter().map(|(key, value)| (key.clone(), value.borrow())).collect();
        batch.with_metadata(&entries)
    }
}
