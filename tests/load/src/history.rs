use std::io::{self, BufRead, Write};
use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use tokio::sync::Notify;

use crate::value::Value;

/// A moment of a run. Of two that any clients note, the later one is larger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Default)]
pub struct Moment(pub u64);

/// From when to when something was under way, as its client saw it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Try {
    pub began: Moment,
    pub ended: Moment,
}

/// Something that a client asked, and what it was told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Event {
    Initialized(Initialized),
    Sent(Sent),
    Read(Read),
    Deleted(Deleted),
    /// From now on the agents may delete what is oldest, as the configuration of the topic says.
    RetentionSet,
}

/// An idempotent producer was given an id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Initialized {
    pub producer: i64,
    pub epoch: i16,
}

/// One try of a Produce request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sent {
    /// The same for all tries of a request, and of no other.
    pub request: u64,
    pub client: u32,
    pub is_idempotent: bool,
    pub during: Try,
    pub batches: Vec<SentBatch>,
    pub answer: Answer,
}

/// A batch of a request: records with numbers that follow one another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SentBatch {
    pub partition: i32,
    pub first: u32,
    pub count: u32,
}

/// What became of a request, as far as its client knows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Answer {
    /// The connection ended, or the client no longer waited.
    Unknown,
    /// For each batch its base offset, or Kafka's code of an error.
    Batches(Vec<Result<i64, i16>>),
}

/// One partition in the answer to a Fetch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Read {
    pub during: Try,
    pub partition: i32,
    /// The offset that was asked for.
    pub from: i64,
    pub log_start: i64,
    pub high_watermark: i64,
    /// From `from` on.
    pub records: Vec<Seen>,
    /// Whether it is part of the reading of everything at the end.
    pub is_final: bool,
}

/// Records were deleted on demand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deleted {
    pub during: Try,
    pub partition: i32,
    /// What lies before this was to go.
    pub before: i64,
    /// Where the log starts now, if it was said.
    pub low_watermark: Option<i64>,
}

/// A record as it was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    pub offset: i64,
    /// None where the bytes are not those of any value.
    pub value: Option<Value>,
}

/// All that happened in a run.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct History {
    pub events: Vec<Event>,
}

/// Where clients write down what happens. Clones write into the same history.
#[derive(Debug, Clone, Default)]
pub struct Recorder {
    state: Arc<Mutex<State>>,
    /// Something was written down.
    more: Arc<Notify>,
}

#[derive(Debug, Default)]
struct State {
    moment: u64,
    request: u64,
    history: History,
}

impl Sent {
    /// The values of a batch.
    pub fn values(&self, batch: SentBatch) -> impl Iterator<Item = Value> + use<> {
        let (client, partition) = (self.client, batch.partition);
        (batch.first..batch.first + batch.count).map(move |number| Value { client, partition, number })
    }

    /// The batches that were acknowledged, with the offsets of their first records.
    pub fn acked(&self) -> impl Iterator<Item = (SentBatch, i64)> + '_ {
        let answers = match &self.answer {
            Answer::Unknown => &[][..],
            Answer::Batches(answers) => answers,
        };
        let pairs = self.batches.iter().zip(answers);
        pairs.filter_map(|(batch, answer)| answer.ok().map(|offset| (*batch, offset)))
    }

    /// Whether all of it was acknowledged.
    #[must_use]
    pub fn is_acked(&self) -> bool {
        self.acked().count() == self.batches.len()
    }
}

impl History {
    pub fn sent(&self) -> impl Iterator<Item = &Sent> {
        self.events.iter().filter_map(|event| if let Event::Sent(sent) = event { Some(sent) } else { None })
    }

    pub fn reads(&self) -> impl Iterator<Item = &Read> {
        self.events.iter().filter_map(|event| if let Event::Read(read) = event { Some(read) } else { None })
    }

    /// The requests of which a try that ended after a moment was not acknowledged, once for each such try.
    pub fn missed(&self, since: Moment) -> impl Iterator<Item = u64> + '_ {
        let missed = move |sent: &&Sent| sent.during.ended > since && !sent.is_acked();
        self.sent().filter(missed).map(|sent| sent.request)
    }

    /// Whether some try of a request was acknowledged.
    #[must_use]
    pub fn is_acked(&self, request: u64) -> bool {
        self.sent().any(|sent| sent.request == request && sent.is_acked())
    }

    pub fn deletions(&self) -> impl Iterator<Item = &Deleted> {
        self.events.iter().filter_map(|event| if let Event::Deleted(one) = event { Some(one) } else { None })
    }

    /// Writes one event on each line.
    ///
    /// # Errors
    /// When nothing can be written.
    pub fn save(&self, mut into: impl Write) -> io::Result<()> {
        for event in &self.events {
            serde_json::to_writer(&mut into, event)?;
            into.write_all(b"\n")?;
        }
        into.flush()
    }

    /// Reads what was saved.
    ///
    /// # Errors
    /// When it can't be read, or a line is no event.
    pub fn load(from: impl BufRead) -> io::Result<Self> {
        let events = from.lines().map(|line| Ok(serde_json::from_str(&line?)?));
        Ok(Self { events: events.collect::<io::Result<_>>()? })
    }
}

impl Recorder {
    /// The moment that this is asked.
    #[must_use]
    pub fn moment(&self) -> Moment {
        self.with(|state| {
            state.moment += 1;
            Moment(state.moment)
        })
    }

    /// The number of a new request.
    #[must_use]
    pub fn request(&self) -> u64 {
        self.with(|state| {
            state.request += 1;
            state.request
        })
    }

    pub fn add(&self, event: Event) {
        self.with(|state| state.history.events.push(event));
        self.more.notify_waiters();
    }

    /// Waits until what was written down is as wanted.
    pub async fn until(&self, is_wanted: impl Fn(&History) -> bool) {
        loop {
            let more = self.more.notified();
            tokio::pin!(more);
            // Register first, look second.
            more.as_mut().enable();
            if self.with(|state| is_wanted(&state.history)) {
                return;
            }
            more.await;
        }
    }

    /// What was written down so far.
    #[must_use]
    pub fn history(&self) -> History {
        self.with(|state| state.history.clone())
    }

    fn with<T>(&self, work: impl FnOnce(&mut State) -> T) -> T {
        work(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
