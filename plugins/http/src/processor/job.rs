use std::mem;

use forebay_sdk::http::Response;
use forebay_sdk::{Batch, Error, Operation, Processed};

use super::{Shape, results};
use crate::client::Client;
use crate::exchange::{Exchange, Step};
use crate::failure::Failure;

/// How many requests are under way at once: more would wait in the host.
const MOST_AT_ONCE: usize = 64;

/// A batch whose requests are under way.
pub(super) struct Job {
    batch: Batch,
    /// One request for all messages, or one for each.
    is_whole: bool,
    at_once: usize,
    /// The request that is started next.
    next: usize,
    running: Vec<Running>,
    /// Whose operation the host waits for.
    awaited: Option<(usize, Exchange)>,
    /// How each request has ended.
    ended: Vec<Option<Result<Response, Failure>>>,
}

/// A request under way, and which one of its batch it is.
struct Running {
    index: usize,
    exchange: Exchange,
    operation: Operation,
}

impl Job {
    pub(super) fn new(batch: Batch, shape: &Shape) -> Self {
        let is_whole = batch.len() == 1 || (shape.batch_as_multipart && !batch.independent());
        let count = if is_whole { 1 } else { batch.len() };
        Self {
            batch,
            is_whole,
            at_once: if shape.parallel { MOST_AT_ONCE } else { 1 },
            next: 0,
            running: Vec::new(),
            awaited: None,
            ended: (0..count).map(|_| None).collect(),
        }
    }

    /// The operation that was waited for has ended; others may have meanwhile.
    pub(super) fn ended(&mut self, client: &mut Client, operation: &Operation) {
        if let Some((index, exchange)) = self.awaited.take() {
            self.take(index, client.resume(exchange, operation));
        }
        for Running { index, exchange, operation } in mem::take(&mut self.running) {
            if operation.outcome().is_some() {
                self.take(index, client.resume(exchange, &operation));
            } else {
                self.running.push(Running { index, exchange, operation });
            }
        }
    }

    /// Starts what may be started. What to wait for; nothing when all has ended.
    pub(super) fn advance(&mut self, client: &mut Client) -> Option<Operation> {
        while self.next < self.ended.len() && self.running.len() < self.at_once {
            let index = self.next;
            self.next += 1;
            let part = if self.is_whole { 0..self.batch.len() } else { index..index + 1 };
            let step = client.begin(self.batch.slice(part));
            self.take(index, step);
        }
        if self.running.is_empty() {
            return None;
        }
        let Running { index, exchange, operation } = self.running.remove(0);
        self.awaited = Some((index, exchange));
        Some(operation)
    }

    fn take(&mut self, index: usize, step: Step) {
        match step {
            Step::Waits(exchange, operation) => self.running.push(Running { index, exchange, operation }),
            Step::Ended(result) => self.ended[index] = Some(result),
        }
    }

    /// What became of the batch.
    ///
    /// # Errors
    /// When the responses have no messages at all.
    pub(super) fn finish(self, client: &Client, shape: &Shape) -> Result<Processed, Error> {
        let Self { batch, is_whole, ended, .. } = self;
        let answers = ended.into_iter().map(|ended| {
            let response = ended.unwrap_or_else(|| Err(Failure::new("the request was not sent")));
            client.answer(response?)
        });
        if is_whole {
            results::of_one(&batch, answers, shape)
        } else {
            results::of_each(&batch, answers, shape)
        }
    }
}
