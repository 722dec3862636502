use std::time::Duration;

use forebay_sdk::Batch;
use forebay_sdk::http::Exchange;

/// A message of a websocket, which is handed out until it is delivered.
#[derive(Debug)]
pub(super) struct Message {
    pub(super) exchange: Exchange,
    pub(super) batch: Batch,
    pub(super) rejected: u32,
}

/// Messages of websockets that were rejected, and when each is handed out again.
#[derive(Debug, Default)]
pub(super) struct Retries(Vec<(Duration, Message)>);

/// How often a message is handed out again at once...
const AT_ONCE: u32 = 3;
/// ...and how long it waits before each further time.
const PAUSE: Duration = Duration::from_secs(1);

impl Retries {
    /// Notes that a message was rejected at this time.
    pub(super) fn add(&mut self, mut message: Message, now: Duration) {
        message.rejected = message.rejected.saturating_add(1);
        let pause = if message.rejected <= AT_ONCE { Duration::ZERO } else { PAUSE };
        self.0.push((now + pause, message));
    }

    /// The message that is to be handed out, where there is one at this time.
    pub(super) fn next(&mut self, now: Duration) -> Option<Message> {
        let due = self.0.iter().position(|(due, _)| *due <= now)?;
        Some(self.0.remove(due).1)
    }

    /// How long it is until there is one.
    pub(super) fn pause(&self, now: Duration) -> Option<Duration> {
        self.0.iter().map(|(due, _)| due.saturating_sub(now)).min()
    }
}
