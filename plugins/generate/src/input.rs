use std::collections::VecDeque;
use std::time::Duration;

use forebay_sdk::config::Mapping;
use forebay_sdk::expressions::{BLOBLANG, Expression, Form};
use forebay_sdk::waits::{self, Woken};
use forebay_sdk::{Batch, Config, Context, Error, Event, Input, Origins, Problem, Settlement, Token, log};

use crate::schedule::Schedule;

/// How many messages are made at once where nothing holds them back and each is a batch of its own.
const AT_ONCE: usize = 128;
/// How many are made at once in batches of more, where nothing holds them back: a call of the mapping costs more than a
/// short message.
const IN_BATCHES: usize = 512;
/// Bytes of a short message.
const SHORT: usize = 1 << 10;
/// How long to wait when the mapping fails, which it would do again at once.
const AFTER_FAILURE: Duration = Duration::from_secs(1);

/// Makes messages at intervals, with a mapping and without any input.
#[derive(Config)]
pub(crate) struct GenerateConfig {
    /// The mapping that makes a message. A message that it deletes is not counted.
    #[config(
        mapping = "bloblang",
        example = "root = \"hello world\"",
        example = "root = {\"id\": uuid_v4(), \"at\": now()}"
    )]
    mapping: Mapping,
    /// The time between two batches: a duration, a cron expression with five or six fields (with a
    /// time zone in front: `TZ=Europe/London 0 8 * * *`), `@every 5s`, `@hourly` and the like. Empty: as fast as
    /// possible.
    #[config(default = "1s", example = "5s", example = "1m", example = "0 */2 * * *", example = "@hourly")]
    interval: String,
    /// How many messages are made before the input ends; 0: no end.
    #[config(default = 0)]
    count: u64,
    /// How many messages a batch has.
    #[config(default = 1)]
    batch_size: usize,
    /// Whether messages that an output rejects are tried again, as often as it takes.
    #[config(default = true)]
    #[expect(dead_code, reason = "the host tries rejected messages again")]
    auto_replay_nacks: bool,
}

/// Runs the mapping on empty messages.
pub(crate) struct Generate {
    mapping: Expression,
    schedule: Schedule,
    /// How many messages are still to be made; absent: no end.
    left: Option<u64>,
    batch_size: usize,
    /// Batches that are made and not handed out yet.
    ready: VecDeque<Batch>,
    /// Whether its messages are short, as far as the first one tells.
    is_short: Option<bool>,
    last_token: Token,
}

impl Input for Generate {
    const NAME: &'static str = "generate";

    type Config = GenerateConfig;

    fn open(config: GenerateConfig, _: &Context) -> Result<Self, Problem> {
        let GenerateConfig { mapping, interval, count, batch_size, .. } = config;
        let mapping = mapping.compile(BLOBLANG, Form::Mapping)?;
        let schedule = Schedule::parse(&interval).map_err(|problem| Problem::new(problem).at("/interval"))?;
        let left = (count > 0).then_some(count);
        let batch_size = batch_size.max(1);
        Ok(Self {
            mapping,
            schedule,
            left,
            batch_size,
            ready: VecDeque::new(),
            is_short: None,
            last_token: 0,
        })
    }

    fn read(&mut self, _settled: Vec<Settlement>) -> Result<Event, Error> {
        if let Some(batch) = self.ready.pop_front() {
            return Ok(self.hand_out(batch));
        }
        if self.left == Some(0) {
            return Ok(Event::Ended);
        }
        loop {
            let remaining = self.schedule.remaining();
            if remaining.is_zero() {
                break;
            }
            if waits::wait(Some(remaining)).intersects(Woken::SETTLEMENT | Woken::SHUTDOWN) {
                return Ok(Event::Idle);
            }
        }
        let event = self.make()?;
        self.schedule.done();
        Ok(event)
    }
}

impl Generate {
    /// Makes what is due.
    fn make(&mut self) -> Result<Event, Error> {
        let independent = self.batch_size == 1;
        let left = self.left.map_or(usize::MAX, |left| usize::try_from(left).unwrap_or(usize::MAX));
        let at_once = match self.schedule {
            Schedule::Always if independent => AT_ONCE,
            Schedule::Always if self.is_short == Some(true) => self.whole_batches(left),
            _ => self.batch_size,
        };
        let empty = std::iter::repeat_n("", at_once.min(left));
        // Every message is made as if it were alone.
        let source = Batch::from_payloads(empty).with_independent(true);
        let made = self.mapping.run(source)?;
        let (made, sources) = without_failed(made.batch, made.origins)?;
        let made = made.with_independent(independent);
        if made.is_empty() {
            return Ok(Event::Idle);
        }
        if let Some(left) = &mut self.left {
            *left = left.saturating_sub(made.len() as u64);
        }
        if self.is_short.is_none() && !independent {
            self.is_short = Some(made.message(0).bytes().len() <= SHORT);
        }
        if at_once <= self.batch_size || independent {
            return Ok(self.hand_out(made));
        }
        self.ready.extend(cut(&made, &sources, self.batch_size));
        Ok(self.ready.pop_front().map_or(Event::Idle, |batch| self.hand_out(batch)))
    }

    /// How many messages to make for several batches, where so many are left. Only as many as are made in any case, so
    /// that a message which is deleted makes none of them larger.
    fn whole_batches(&self, left: usize) -> usize {
        let batches = (IN_BATCHES.min(left) / self.batch_size).max(1);
        batches * self.batch_size
    }

    fn hand_out(&mut self, batch: Batch) -> Event {
        self.last_token += 1;
        Event::Batch { token: self.last_token, batch }
    }
}

/// The batches that messages are of, by what each of them was made from.
fn cut(made: &Batch, sources: &[usize], size: usize) -> Vec<Batch> {
    let mut batches = Vec::new();
    let mut start = 0;
    for same in sources.chunk_by(|one, next| one / size == next / size) {
        batches.push(made.slice(start..start + same.len()));
        start += same.len();
    }
    batches
}

/// Leaves out messages for which the mapping failed, and says so in the log; what is left, and what each was made from.
/// When all did, it waits a little before they are tried again.
fn without_failed(made: Batch, origins: Origins) -> Result<(Batch, Vec<usize>), Error> {
    let sources: Vec<usize> = match origins {
        Origins::Each(sources) => sources.into_iter().map(|source| source as usize).collect(),
        Origins::Same | Origins::Whole => (0..made.len()).collect(),
    };
    let Some(error) = made.messages().find_map(|message| message.error()) else { return Ok((made, sources)) };
    log::error(format!("generate a message: {error}"));
    let is_made: Vec<bool> = made.messages().map(|message| message.error().is_none()).collect();
    let sources: Vec<usize> =
        sources.into_iter().zip(is_made).filter_map(|(source, is)| is.then_some(source)).collect();
    let kept = made.filter(|message| message.error().is_none()).batch;
    if kept.is_empty() {
        let _ = waits::wait(Some(AFTER_FAILURE));
    }
    Ok((kept, sources))
}

#[cfg(test)]
mod tests;
