//! Reads the inputs of a sequence as often as there are shards, and hands on what their messages are joined to.

use std::sync::Arc;
use std::time::Duration;

use forebay_lifecycle::Shutdown;
use forebay_pipeline_config::ComponentConfig;
use forebay_plugins_api::{OpenError, Setup};
use futures_util::future::{join, join_all};

use super::join::Joiner;
use crate::channel::{Receiver, Sender, channel, hand_on};
use crate::flight::{Again, Flight, Sky};
use crate::ground::{Ground, Work};
use crate::inputs::opening::open_inside;
use crate::replay::{pause, sending_again};

/// How many joined messages are handed on at once.
const AT_ONCE: usize = 64;
/// The pause before an input that does not open is tried again.
const PAUSE: Duration = Duration::from_secs(1);

/// When joined messages are handed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flush {
    /// All, when all inputs have ended.
    AtTheEnd,
    /// Whenever one of the last input was joined.
    WithTheLast,
}

pub(super) struct Joining {
    pub(super) ground: Arc<Ground>,
    /// Of the sequence.
    pub(super) setup: Setup,
    pub(super) inputs: Vec<ComponentConfig>,
    pub(super) joiner: Joiner,
    pub(super) flush: Flush,
    pub(super) stop: Shutdown,
    pub(super) to: Sender,
}

/// An input that is open, and where its messages arrive.
pub(super) struct Open {
    works: Vec<Work>,
    from: Receiver,
}

impl Joining {
    /// Opens all inputs, which do not begin by themselves.
    ///
    /// # Errors
    /// All that can't be opened.
    pub(super) async fn open(&self) -> Result<Vec<Open>, OpenError> {
        let (mut opened, mut faults) = (Vec::new(), Vec::new());
        for config in &self.inputs {
            let (to, from) = channel();
            match open_inside(&self.ground, &self.setup, config, &self.stop, to).await {
                Ok(works) => opened.push(Open { works, from }),
                Err(places) => faults.extend(places),
            }
        }
        if faults.is_empty() { Ok(opened) } else { Err(OpenError::Inside(faults)) }
    }

    /// Reads all inputs once for each shard, and waits until everything joined is delivered.
    pub(super) async fn run(self, opened: Vec<Open>) {
        let sky = Sky::new(&self.ground.budget);
        let to = self.to.clone();
        sending_again(&sky, &to, pause, self.read(&sky, opened)).await;
    }

    async fn read(mut self, sky: &Arc<Sky>, opened: Vec<Open>) {
        let mut next = Some(opened);
        while let Some(inputs) = next.take() {
            let last = inputs.len().saturating_sub(1);
            for (index, Open { works, from }) in inputs.into_iter().enumerate() {
                let flush = self.flush == Flush::WithTheLast && index == last;
                join(join_all(works), self.take(sky, &from, flush)).await;
            }
            // Inputs that were stopped have not given all: what is joined of them is not whole.
            if self.stop.is_cancelled() {
                break;
            }
            if self.flush == Flush::AtTheEnd {
                for first in (0..self.joiner.len()).step_by(AT_ONCE) {
                    self.hand_on(sky, first..self.joiner.len().min(first + AT_ONCE)).await;
                }
            }
            sky.empty().await;
            if self.joiner.next_shard() {
                next = self.reopen().await;
            }
        }
        sky.empty().await;
    }

    /// Joins what arrives. It is as good as delivered then: inputs that have an end are read again after a crash.
    async fn take(&mut self, sky: &Arc<Sky>, from: &Receiver, flush: bool) {
        while let Ok(transaction) = from.recv().await {
            let mut joined = Vec::new();
            self.joiner.add(transaction.batch(), |joiner, place| {
                if flush {
                    // As it is now: the next message may be joined to the same.
                    joined.push(joiner.batch([place]));
                }
            });
            transaction.acknowledge();
            for batch in joined {
                self.send(sky, batch).await;
            }
        }
    }

    async fn hand_on(&self, sky: &Arc<Sky>, places: std::ops::Range<usize>) {
        self.send(sky, self.joiner.batch(places)).await;
    }

    async fn send(&self, sky: &Arc<Sky>, batch: forebay_pipeline_message::Batch) {
        sky.room().await;
        let flight = Flight::of_buffer(sky, batch.byte_size());
        hand_on(&self.to, flight.transaction(batch, Again::Host)).await;
    }

    /// Tries until all inputs are open again; nothing once the pipeline stops.
    async fn reopen(&self) -> Option<Vec<Open>> {
        while !self.stop.is_cancelled() {
            match self.open().await {
                Ok(opened) => return Some(opened),
                Err(error) => {
                    tracing::error!(path = self.setup.path, %error, "the inputs of a sequence can't be opened again");
                }
            }
            tokio::select! {
                () = tokio::time::sleep(PAUSE) => {}
                () = self.stop.cancelled() => {}
            }
        }
        None
    }
}
