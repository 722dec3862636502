use std::time::Duration;

use forebay_sdk::config::Mapping;
use forebay_sdk::expressions::{BLOBLANG, Expression, Form};
use forebay_sdk::waits::{self, Woken};
use forebay_sdk::{Batch, Config, Context, Error, Event, Input, Problem, Settlement, Token, log};

use crate::schedule::Schedule;

/// How many messages are made at once where nothing holds them back and each is a batch of its own.
const AT_ONCE: usize = 128;
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
        Ok(Self { mapping, schedule, left, batch_size: batch_size.max(1), last_token: 0 })
    }

    fn read(&mut self, _settled: Vec<Settlement>) -> Result<Event, Error> {
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
        let at_once =
            if independent && matches!(self.schedule, Schedule::Always) { AT_ONCE } else { self.batch_size };
        let left = self.left.map_or(usize::MAX, |left| usize::try_from(left).unwrap_or(usize::MAX));
        let empty = std::iter::repeat_n("", at_once.min(left));
        // Every message is made as if it were alone.
        let source = Batch::from_payloads(empty).with_independent(true);
        let made = self.mapping.run(source)?.batch;
        let made = without_failed(made)?.with_independent(independent);
        if made.is_empty() {
            return Ok(Event::Idle);
        }
        if let Some(left) = &mut self.left {
            *left = left.saturating_sub(made.len() as u64);
        }
        self.last_token += 1;
        Ok(Event::Batch { token: self.last_token, batch: made })
    }
}

/// Leaves out messages for which the mapping failed, and says so in the log. When all did, it waits a
/// little before they are tried again.
fn without_failed(made: Batch) -> Result<Batch, Error> {
    let Some(error) = made.messages().find_map(|message| message.error()) else { return Ok(made) };
    log::error(format!("generate a message: {error}"));
    let kept = made.filter(|message| message.error().is_none()).batch;
    if kept.is_empty() {
        let _ = waits::wait(Some(AFTER_FAILURE));
    }
    Ok(kept)
}

#[cfg(test)]
mod tests;
