//! Reads the objects of which a queue of SQS tells.

mod told;

use std::collections::{HashMap, VecDeque};
use std::rc::Rc;
use std::time::Duration;

use forebay_sdk::http::Text;
use forebay_sdk::objects::{ObjectError, Queue, QueueMessage};
use forebay_sdk::{ArrivedStream, Error, Event, Operation, Settlement, log, time, waits};

use crate::closing;
use crate::reading::{Ended, Reading, has_ended};
pub(super) use told::Paths;

/// How long to wait before asking a queue again that had nothing.
const PAUSE: Duration = Duration::from_secs(1);
/// How long the last deletions of messages may take when the input closes.
const LAST: Duration = Duration::from_secs(10);
/// How many messages may be too young at once. The queue keeps the rest, for others too.
const MOST_YOUNG: usize = 100;

/// What is asked of a queue.
pub(super) struct Terms {
    pub(super) url: String,
    pub(super) settings: Vec<(&'static str, Text)>,
    pub(super) paths: Paths,
    /// How old a message must be before its objects are read.
    pub(super) delay: Duration,
    /// How many messages are taken at once.
    pub(super) most: u32,
    /// How many seconds the service waits for one.
    pub(super) wait: u32,
}

/// The objects of which a queue tells. A message is deleted when all its objects were delivered.
pub(super) struct Notified {
    terms: Terms,
    reading: Reading,
    /// Where the bucket is that messages do not name.
    bucket: String,
    queue: Option<Queue>,
    /// Messages that are too young, in the order of their coming.
    young: VecDeque<(Duration, u64)>,
    /// All that were taken and are not done with.
    messages: HashMap<u64, Message>,
    /// The same by the ids that the queue gives them.
    known: HashMap<String, u64>,
    deletions: Vec<(Operation, Vec<String>)>,
    next: u64,
}

/// A message that was taken.
struct Message {
    id: String,
    receipt: String,
    /// Bucket and name.
    objects: Vec<(Rc<str>, String)>,
    /// How many of them are not done with.
    left: usize,
    /// Whether one of them was not delivered.
    failed: bool,
}

impl Notified {
    pub(super) fn new(terms: Terms, reading: Reading, bucket: String) -> Self {
        Self {
            terms,
            reading,
            bucket,
            queue: None,
            young: VecDeque::new(),
            messages: HashMap::new(),
            known: HashMap::new(),
            deletions: Vec::new(),
            next: 1,
        }
    }

    /// Opens the queue. Nothing is sent.
    pub(super) fn connect(&mut self) -> Result<(), Error> {
        if self.queue.is_none() {
            let queue = Queue::open(&self.terms.url, self.terms.settings.iter().cloned());
            self.queue = Some(queue.map_err(|error| self.about(error))?);
        }
        Ok(())
    }

    pub(super) fn read(&mut self, settled: Vec<Settlement>) -> Event {
        self.settle(settled);
        match self.next() {
            Ok(Some(stream)) => Event::Stream(stream),
            Ok(None) => Event::Idle,
            Err(error) => Event::NotConnected(error.into_message()),
        }
    }

    fn next(&mut self) -> Result<Option<ArrivedStream>, Error> {
        self.take_due();
        if let Some(stream) = self.reading.open_next()? {
            return Ok(Some(stream));
        }
        // Objects that are gone have ended now.
        self.settle(Vec::new());
        let Some(queue) = &self.queue else { return Err(Error::new("the queue is not open")) };
        let (room, due) = (MOST_YOUNG.saturating_sub(self.young.len()), self.due());
        if room == 0 {
            let _ = waits::wait(due);
            return Ok(None);
        }
        let most = u32::try_from(room).map_or(self.terms.most, |room| room.min(self.terms.most));
        let received =
            queue.receive(most, seconds(self.terms.wait, due)).map_err(|error| self.about(error))?;
        let is_empty = received.is_empty();
        for message in received {
            self.take(message);
        }
        self.take_due();
        if let Some(stream) = self.reading.open_next()? {
            return Ok(Some(stream));
        }
        if is_empty && (self.terms.wait == 0 || !self.young.is_empty()) {
            let _ = waits::wait(Some(self.due().map_or(PAUSE, |due| due.min(PAUSE))));
        }
        Ok(None)
    }

    /// Takes in a message, or notes the new receipt of one that is here already.
    fn take(&mut self, message: QueueMessage) {
        let QueueMessage { id, body, receipt, sent } = message;
        if let Some(known) = self.known.get(&id).and_then(|of| self.messages.get_mut(of)) {
            known.receipt = receipt;
            return;
        }
        let objects = match self.terms.paths.objects(&body, &self.bucket) {
            Ok(objects) => objects,
            Err(error) => {
                // It comes again, until the queue gives it up.
                log::error(format!("message {id} of {}: {error}", self.terms.url));
                return;
            }
        };
        if objects.is_empty() {
            self.dismiss(&id, &body, receipt);
            return;
        }
        let of = self.next;
        self.next += 1;
        let left = objects.len();
        let objects = objects.into_iter().map(|(bucket, name)| (bucket.into(), name)).collect();
        self.known.insert(id.clone(), of);
        self.messages.insert(of, Message { id, receipt, objects, left, failed: false });
        self.young.push_back((sent.unwrap_or_default().saturating_add(self.terms.delay), of));
    }

    /// Deletes what a bucket says when it is told to use a queue; what else tells of no object comes again.
    fn dismiss(&mut self, id: &str, body: &str, receipt: String) {
        if told::is_test(body, &self.terms.paths) {
            self.delete(vec![receipt]);
        } else {
            log::warn(format!("message {id} of {}: it tells of no object", self.terms.url));
        }
    }

    /// How long it takes until the first message is old enough.
    fn due(&self) -> Option<Duration> {
        self.young.iter().map(|(due, _)| due.saturating_sub(time::now())).min()
    }

    /// Wants the objects of messages that are old enough.
    fn take_due(&mut self) {
        let now = time::now();
        let (due, young) = std::mem::take(&mut self.young).into_iter().partition(|(due, _)| *due <= now);
        self.young = young;
        let due: VecDeque<(Duration, u64)> = due;
        for (_, of) in due {
            let Some(message) = self.messages.get_mut(&of) else { continue };
            for (bucket, name) in std::mem::take(&mut message.objects) {
                self.reading.want(&bucket, name, None, Some(of));
            }
        }
    }

    /// Deletes the messages of which all objects were delivered. Those of which one was not come again when the queue
    /// no longer hides them.
    fn settle(&mut self, settled: Vec<Settlement>) {
        self.deletions.retain(|(operation, receipts)| !has_ended(operation, "delete messages", receipts));
        self.reading.settle(settled);
        let mut delivered = Vec::new();
        for Ended { of, delivered: is_delivered } in self.reading.take_ended() {
            let Some(message) = self.messages.get_mut(&of) else { continue };
            message.left = message.left.saturating_sub(1);
            message.failed |= !is_delivered;
            if message.left > 0 {
                continue;
            }
            let Some(Message { id, receipt, failed, .. }) = self.messages.remove(&of) else { continue };
            self.known.remove(&id);
            if !failed {
                delivered.push(receipt);
            }
        }
        self.delete(delivered);
    }

    fn delete(&mut self, receipts: Vec<String>) {
        let Some(queue) = self.queue.as_ref().filter(|_| !receipts.is_empty()) else { return };
        for receipts in receipts.chunks(1_000) {
            match queue.delete(receipts) {
                Ok(operation) => self.deletions.push((operation, receipts.to_vec())),
                Err(error) => log::error(format!("delete messages of {}: {error}", self.terms.url)),
            }
        }
    }

    /// Gives back what was not read, and ends when everything is deleted that is to be.
    pub(super) fn close(mut self, settled: Vec<Settlement>) {
        self.settle(settled);
        // Any of them will do, to be asked for.
        let waiting = self.messages.values();
        let mut places: Vec<_> = waiting.filter_map(|message| message.objects.first().cloned()).collect();
        places.extend(self.reading.last());
        let left: Vec<String> = self.messages.drain().map(|(_, message)| message.receipt).collect();
        for receipts in left.chunks(1_000) {
            // Where it fails they come again all the same, later.
            if let Some(Ok(operation)) = self.queue.as_ref().map(|queue| queue.release(receipts)) {
                self.deletions.push((operation, receipts.to_vec()));
            }
        }
        self.reading.finish_deletions();
        let begun = time::monotonic();
        let Self { deletions, reading, .. } = &mut self;
        let left = || {
            deletions.retain(|(operation, receipts)| !has_ended(operation, "settle messages", receipts));
            let is_late = time::monotonic().saturating_sub(begun) >= LAST;
            (!deletions.is_empty() && !is_late).then_some(())
        };
        closing::until_done(left, |()| {
            while let Some((bucket, name)) = places.last() {
                if reading.ask(bucket, name) {
                    return true;
                }
                places.pop();
            }
            false
        });
    }

    fn about(&self, error: ObjectError) -> Error {
        Error::from(error).context(&self.terms.url)
    }
}

/// How many seconds the service may wait for a message while another one becomes old enough after `due`.
fn seconds(wait: u32, due: Option<Duration>) -> u32 {
    due.and_then(|due| u32::try_from(due.as_secs()).ok()).map_or(wait, |due| due.min(wait))
}

#[cfg(test)]
mod tests;
