use std::sync::Arc;
use std::time::Duration;

use forebay_lifecycle::{Shutdown, clock};
use forebay_pipeline_config::spec::{ComponentSpec, FieldSpec, FieldType};
use forebay_pipeline_message::{Batch, Origins, Processed, Transaction, Value};
use forebay_plugins_api::{Form, Mapping, OpenError};
use serde::Deserialize;

use super::{Opening, Own, leaving, spec};
use crate::batching::together;
use crate::channel::{Receiver, Sender, hand_on};
use crate::flight::{Again, Flight, Sky};
use crate::meters::BufferMeter;
use crate::replay::{pause, sending_again};
use crate::structure::duration::read_duration;
use crate::structure::problem;

pub(super) const OWN: Own =
    Own { name: "system_window", spec: specification, open: |opening| Box::pin(open(opening)) };

/// The metadata that says when the window of a message ends.
const END: &str = "window_end_timestamp";
/// Nanoseconds from the year 1, from which windows are counted, to 1970.
const YEAR_ONE: i128 = 62_135_596_800 * 1_000_000_000;
const UNFINISHED: &str = "message rejected as window did not complete";
/// What the values of the timestamp mapping are as nanoseconds since 1970; one that is no JSON is a text.
const AS_NANOSECONDS: &str = "root = (this | content().string()).ts_unix_nano()";

fn specification() -> ComponentSpec {
    let duration = |name, docs| FieldSpec::new(name, FieldType::String).with_docs(docs);
    let fields = vec![
        FieldSpec::new("timestamp_mapping", FieldType::String)
            .in_language("bloblang")
            .with_default("root = now()")
            .with_docs("The time of a message: seconds since 1970 or a text as in RFC 3339."),
        duration("size", "How long a window is."),
        duration(
            "slide",
            "How long after each other windows begin that overlap; one after the other without it.",
        )
        .with_default(""),
        duration("offset", "How much later windows begin than on multiples of their size, counted in UTC.")
            .with_default(""),
        duration("allowed_lateness", "How long after its end a window waits for what is late.")
            .with_default(""),
    ];
    let summary = "Collects messages to batches by the windows of time that theirs is in, along the clock of the \
                   system. A window is a batch once it has ended; messages that come later than that are dropped.";
    spec(OWN.name, summary, FieldSpec::new("", FieldType::Object).with_fields(fields))
}

#[derive(Deserialize)]
struct Settings {
    size: String,
    slide: String,
    offset: String,
    allowed_lateness: String,
}

/// How time is cut into windows; all in nanoseconds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Windows {
    pub(super) size: i128,
    /// From the beginning of a window to that of the next one.
    pub(super) step: i128,
    pub(super) offset: i128,
    pub(super) lateness: i128,
}

/// A window with its first and last nanosecond since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Window {
    pub(super) first: i128,
    pub(super) last: i128,
}

impl Windows {
    /// The window that ends next, at a moment.
    pub(super) fn next(self, now: i128) -> Window {
        let since = now + YEAR_ONE;
        // To the nearest beginning, and back where that is still to come.
        let mut first = (since + self.step / 2).div_euclid(self.step) * self.step + 1 + self.offset;
        if first > since {
            first -= self.step;
        }
        // Of several that are open the oldest one.
        first += self.step - self.size - YEAR_ONE;
        Window { first, last: first + self.size - 1 }
    }

    fn after(self, window: Window) -> Window {
        Window { first: window.first + self.step, last: window.last + self.step }
    }

    fn before(self, window: Window) -> Window {
        Window { first: window.first - self.step, last: window.last - self.step }
    }
}

async fn open(opening: Opening<'_>) -> Result<Vec<super::Work>, OpenError> {
    let Opening { structure, budget, meter, stop, from, to } = opening;
    let settings: Settings = structure.settings()?;
    let duration = |field: &str, text: &str| match text {
        "" => Ok(Duration::ZERO),
        text => read_duration(text).map_err(|error| problem(&format!("/{field}"), &error)),
    };
    let size = duration("size", &settings.size)?;
    let slide = duration("slide", &settings.slide)?;
    let offset = duration("offset", &settings.offset)?;
    let lateness = duration("allowed_lateness", &settings.allowed_lateness)?;
    if size.is_zero() {
        return Err(problem("/size", "a window must be longer than nothing"));
    }
    let lower = |field: &str, value: Duration, than: &str, bound: Duration| {
        if value < bound {
            Ok(())
        } else {
            let message = format!("invalid {field} '{value:?}' must be lower than the {than} '{bound:?}'");
            Err(problem(&format!("/{field}"), &message))
        }
    };
    lower("slide", slide, "size", size)?;
    lower("offset", offset, "size", size)?;
    lower("offset", offset, "slide", if slide.is_zero() { size } else { slide })?;
    lower("allowed_lateness", lateness, "size", size)?;
    let nanoseconds = |duration: Duration| i128::try_from(duration.as_nanos()).unwrap_or(i128::MAX / 4);
    let windows = Windows {
        size: nanoseconds(size),
        step: nanoseconds(if slide.is_zero() { size } else { slide }),
        offset: nanoseconds(offset),
        lateness: nanoseconds(lateness),
    };
    let Some(timestamps) = structure.mapping("/timestamp_mapping", Form::Mapping).await? else {
        return Err(problem("/timestamp_mapping", "a mapping is missing here"));
    };
    let converter = structure.own_mapping(AS_NANOSECONDS).await?;
    let buffer = SystemWindow {
        path: structure.setup.path.clone(),
        meter,
        sky: Sky::new(&Arc::new(budget.beside(usize::MAX))),
        windows,
        timestamps,
        converter,
        waiting: Vec::new(),
        flushed: i128::MIN,
        stop: stop.clone(),
        from,
        to,
    };
    Ok(vec![Box::pin(buffer.run())])
}

struct SystemWindow {
    path: String,
    meter: Arc<BufferMeter>,
    /// Windows that were handed on: one that is rejected is sent again as it was.
    sky: Arc<Sky>,
    windows: Windows,
    timestamps: Box<dyn Mapping>,
    converter: Box<dyn Mapping>,
    /// Messages, each by itself, with their times.
    waiting: Vec<(i128, Transaction)>,
    /// The end of the last window that was handed on.
    flushed: i128,
    stop: Shutdown,
    from: Receiver,
    to: Sender,
}

fn now() -> i128 {
    let since = clock::wall().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    i128::try_from(since.as_nanos()).unwrap_or_default()
}

/// A moment as RFC 3339 has it, with what it has of a second and no more.
pub(super) fn rfc3339(nanoseconds: i128) -> String {
    let nanoseconds = u64::try_from(nanoseconds).unwrap_or_default();
    let whole = clock::rfc3339(std::time::UNIX_EPOCH + Duration::from_nanos(nanoseconds));
    let part = format!("{:09}", nanoseconds % 1_000_000_000);
    match part.trim_end_matches('0') {
        "" => whole,
        part => format!("{}.{part}Z", whole.trim_end_matches('Z')),
    }
}

impl SystemWindow {
    async fn run(self) {
        let (sky, to) = (Arc::clone(&self.sky), self.to.clone());
        sending_again(&sky, &to, pause, self.collect()).await;
    }

    async fn collect(mut self) {
        let mut window = self.windows.next(now());
        loop {
            let left = window.last + self.windows.lateness - now();
            let left = Duration::from_nanos(u64::try_from(left.max(0)).unwrap_or(u64::MAX));
            let over = async {
                if !left.is_zero() {
                    tokio::time::sleep(left).await;
                }
            };
            tokio::select! {
                biased;
                () = self.stop.cancelled() => break,
                () = over => {
                    self.flush(window).await;
                    // Those that have ended while the pipeline was not ready for them are over.
                    let next = self.windows.next(now());
                    window = self.windows.after(window);
                    if window.first < self.windows.before(next).first {
                        window = self.windows.before(next);
                    }
                }
                received = self.from.recv() => match received {
                    Ok(transaction) => self.take(transaction).await,
                    Err(_) => break,
                },
            }
        }
        // What is in windows that have not ended is read again at the next start, and so is what still comes.
        for (_, transaction) in self.waiting.drain(..) {
            transaction.decline(UNFINISHED);
        }
        while let Ok(transaction) = self.from.recv().await {
            transaction.decline(UNFINISHED);
        }
        self.sky.empty().await;
    }

    /// Adds the messages of a batch that are in a window still to come; others are dropped.
    async fn take(&mut self, transaction: Transaction) {
        self.meter.received(transaction.batch());
        let transaction = self.meter.traced(transaction);
        let times = match self.times(transaction.batch()).await {
            Ok(times) => times,
            Err(error) => {
                tracing::error!(path = self.path, error, "the timestamp mapping is lost");
                return transaction.reject_apart(&error);
            }
        };
        if !transaction.batch().independent()
            && let Some(error) = times.iter().find_map(|time| time.as_ref().err())
        {
            tracing::error!(path = self.path, error, "the timestamp mapping failed");
            return transaction.reject(error);
        }
        for (time, message) in times.into_iter().zip(transaction.each()) {
            match time {
                Ok(time) if time > self.flushed => self.waiting.push((time, message)),
                Ok(_) => {
                    tracing::debug!(path = self.path, "a message is too late for its window and dropped");
                    message.acknowledge();
                }
                Err(error) => {
                    tracing::error!(path = self.path, error, "the timestamp mapping failed");
                    message.reject(&error);
                }
            }
        }
    }

    /// The time of each message, or why it has none.
    async fn times(&mut self, batch: &Batch) -> Result<Vec<Result<i128, String>>, String> {
        let values = self.timestamps.values(batch.clone()).await?;
        let failed: Vec<Option<String>> =
            values.iter().map(|value| value.error().map(str::to_owned)).collect();
        let times = self.converter.values(values.with_independent(true)).await?;
        if times.len() != batch.len() || failed.len() != batch.len() {
            return Err("the timestamp mapping gave other than one value for each message".to_owned());
        }
        let time = |(value, failed): (forebay_pipeline_message::Message<'_>, Option<String>)| {
            if let Some(error) = failed {
                return Err(format!("timestamp mapping failed: {error}"));
            }
            if let Some(error) = value.error() {
                return Err(format!("unable to parse result of timestamp mapping as timestamp: {error}"));
            }
            let text = std::str::from_utf8(value.payload().unwrap_or_default()).unwrap_or_default();
            text.parse().map_err(|_| format!("the timestamp mapping gave `{text}`, which is no time"))
        };
        Ok(times.iter().zip(failed).map(time).collect())
    }

    /// Hands on the messages of a window as a batch, and drops those that no later one is for.
    async fn flush(&mut self, window: Window) {
        let next = self.windows.after(window);
        let mut batch = Vec::new();
        let mut waiting = Vec::with_capacity(self.waiting.len());
        for (time, transaction) in self.waiting.drain(..) {
            let is_in = (window.first..=window.last).contains(&time);
            let goes_on = time >= next.first;
            match (is_in, goes_on) {
                (true, false) => batch.push(transaction),
                (true, true) => {
                    let (now, later) = twice(transaction);
                    batch.push(now);
                    waiting.extend(later.map(|later| (time, later)));
                }
                (false, true) => waiting.push((time, transaction)),
                (false, false) => transaction.acknowledge(),
            }
        }
        self.waiting = waiting;
        self.flushed = window.last;
        let end = rfc3339(window.last);
        if let Some(transaction) = together(batch) {
            let marked = transaction.batch().with_metadata(&[(END.to_owned(), Value::Text(&end))]);
            let (flight, batch) = Flight::of_transaction(&self.sky, transaction.with_batch(marked));
            let transaction = leaving(&self.meter, flight.transaction(batch, Again::Host));
            hand_on(&self.to, transaction).await;
        }
    }
}

/// A transaction two times over: both must be delivered.
fn twice(transaction: Transaction) -> (Transaction, Option<Transaction>) {
    let batch = transaction.batch().clone();
    let copy = || Processed { batch: batch.clone(), origins: Origins::Same };
    match transaction.derive(vec![copy(), copy()]) {
        Ok(mut both) => {
            let second = both.pop();
            (both.pop().expect("two results give two transactions"), second)
        }
        Err((transaction, _)) => (transaction, None),
    }
}
