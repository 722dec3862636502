//! Queues in which buckets tell of new objects.

use std::sync::Arc;
use std::time::Duration;

use forebay_plugins_api::Operation;
use forebay_storage_objects as store;
use store::{Queue, QueueError, QueueMessage};
use tokio::sync::oneshot;
use wasmtime::component::Resource;

use super::convert::timestamp;
use super::tasks::{STOPPED, started};
use super::{Answer, MOST_NAMES, ObjectError, open};
use crate::bindings::forebay::objects::objects::{
    HostQueue as HostQueueMethods, QueueMessage as Told, Setting,
};
use crate::guest::Guest;
use crate::host::http::Service;

/// A queue that a guest has opened.
#[derive(Debug)]
#[expect(unreachable_pub, reason = "the generated bindings name it")]
pub struct HostQueue {
    queue: Arc<Queue>,
    /// A request for messages whose answer has not come. What it brings is hidden from others: it is waited for again.
    receiving: Option<oneshot::Receiver<Result<Vec<QueueMessage>, QueueError>>>,
}

/// How long one request may take beside what it waits for messages.
const PATIENCE: Duration = Duration::from_secs(30);

impl HostQueueMethods for Guest {
    async fn open(&mut self, url: String, settings: Vec<Setting>) -> Answer<Resource<HostQueue>> {
        self.host_call()?;
        match open::open_queue(&url, settings, &self.scope).await {
            Ok(queue) => Ok(Ok(self.push(HostQueue { queue: Arc::new(queue), receiving: None })?)),
            Err(error) => Ok(Err(error)),
        }
    }

    async fn receive(&mut self, queue: Resource<HostQueue>, most: u32, seconds: u32) -> Answer<Vec<Told>> {
        self.host_call()?;
        let _waiting = self.meter.long_wait();
        let HostQueue { queue: asked, receiving } = self.table.get_mut(&queue)?;
        let mut answer = match receiving.take() {
            Some(answer) => answer,
            None => match start(asked, most, seconds, &self.scope.http) {
                Ok(answer) => answer,
                Err(error) => return Ok(Err(error)),
            },
        };
        let wakes = Arc::clone(&self.wakes);
        let answered = tokio::select! {
            biased;
            answered = &mut answer => Some(answered),
            _ = wakes.wait(None) => None,
        };
        let Some(answered) = answered else {
            self.table.get_mut(&queue)?.receiving = Some(answer);
            return Ok(Ok(Vec::new()));
        };
        Ok(match answered {
            Ok(Ok(messages)) => Ok(messages.into_iter().map(shown).collect()),
            Ok(Err(error)) => Err(told(&error)),
            Err(_) => Err(ObjectError::Other(STOPPED.to_owned())),
        })
    }

    fn delete(&mut self, queue: Resource<HostQueue>, receipts: Vec<String>) -> Answer<Resource<Operation>> {
        self.settle(&queue, receipts, true)
    }

    fn release(&mut self, queue: Resource<HostQueue>, receipts: Vec<String>) -> Answer<Resource<Operation>> {
        self.settle(&queue, receipts, false)
    }

    fn drop(&mut self, queue: Resource<HostQueue>) -> wasmtime::Result<()> {
        self.table.delete(queue)?;
        Ok(())
    }
}

impl Guest {
    fn settle(
        &mut self,
        queue: &Resource<HostQueue>,
        receipts: Vec<String>,
        deletes: bool,
    ) -> Answer<Resource<Operation>> {
        self.host_call()?;
        if receipts.len() > MOST_NAMES {
            let problem = format!("{} messages at once, at most {MOST_NAMES} can be", receipts.len());
            return Ok(Err(ObjectError::Invalid(problem)));
        }
        let queue = Arc::clone(&self.table.get(queue)?.queue);
        let spawner = match self.scope.http.spawner() {
            Ok(spawner) => spawner,
            Err(problem) => return Ok(Err(ObjectError::Other(problem))),
        };
        let started = match self.scope.account.puts.queue() {
            Ok(started) => started,
            Err(error) => return Ok(Err(error)),
        };
        let (done, ended) = oneshot::channel();
        spawner.spawn(async move {
            let work = async {
                if deletes { queue.delete(&receipts).await } else { queue.release(&receipts).await }
            };
            let outcome = match tokio::time::timeout(PATIENCE, work).await {
                Ok(outcome) => outcome.map_err(|error| error.report()),
                Err(_) => Err(format!("it took longer than {PATIENCE:?}; it may be done all the same")),
            };
            drop(started);
            // Whoever started it may have gone.
            let _ = done.send(outcome);
        });
        let work = async { ended.await.unwrap_or_else(|_| Err(STOPPED.to_owned())) };
        Ok(Ok(self.push_operation(work)?))
    }
}

/// Asks for messages; what comes is kept for the next call when nobody waits any more.
fn start(
    queue: &Arc<Queue>,
    most: u32,
    seconds: u32,
    service: &Service,
) -> Result<oneshot::Receiver<Result<Vec<QueueMessage>, QueueError>>, ObjectError> {
    let queue = Arc::clone(queue);
    let wait = Duration::from_secs(u64::from(seconds)).min(store::LONGEST_POLL);
    let most = usize::try_from(most).unwrap_or(store::MOST_MESSAGES);
    started(service, async move {
        match tokio::time::timeout(wait + PATIENCE, queue.receive(most, wait)).await {
            Ok(received) => received,
            Err(late) => Err(queue.late(late)),
        }
    })
}

fn shown(QueueMessage { id, body, receipt, sent }: QueueMessage) -> Told {
    Told { id, body, receipt, sent: sent.map(timestamp) }
}

fn told(error: &QueueError) -> ObjectError {
    let text = error.report();
    match error {
        QueueError::Refused { status: 400..=499, .. } => ObjectError::Other(text),
        _ => ObjectError::Unavailable(text),
    }
}
