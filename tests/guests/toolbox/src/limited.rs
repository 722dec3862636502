use std::time::Duration;

use forebay_sdk::config::RateLimitLabel;
use forebay_sdk::rate_limits::{self, Waited};
use forebay_sdk::{Batch, Config, Context, Error, Operation, Problem, Processing, Processor};

use crate::words::{answer_each, unknown};

/// Asks the rate limits that its messages name.
#[derive(Config)]
pub(crate) struct LimitedConfig {
    /// The one that it may ask.
    limit: Option<RateLimitLabel>,
}

pub(crate) struct Limited {
    limit: Option<RateLimitLabel>,
}

impl Processor for Limited {
    const NAME: &'static str = "limited";
    type Config = LimitedConfig;

    fn open(LimitedConfig { limit }: LimitedConfig, _: &Context) -> Result<Self, Problem> {
        Ok(Self { limit })
    }

    fn process(&mut self, batch: Batch) -> Result<Processing, Error> {
        if batch.len() == 1 && batch.message(0).bytes() == b"start" {
            let label = self.limit.as_deref().ok_or_else(|| Error::new("no limit"))?;
            return Ok(Processing::Pending(rate_limits::start(label, Some(7), Duration::from_millis(1))?));
        }
        Ok(answer_each(&batch, |words| match words {
            ["access", label] => Ok(rate_limits::access(label, None)?.as_millis().to_string()),
            ["wait", label, milliseconds] => {
                let time = milliseconds.parse().map(Duration::from_millis)?;
                match rate_limits::wait(label, Some(5), Some(time))? {
                    Waited::Admitted => Ok("admitted".to_owned()),
                    Waited::Woken(woken) => Ok(format!("{woken:?}")),
                }
            }
            other => Err(unknown(other)),
        }))
    }

    fn resume(&mut self, operation: Operation) -> Result<Processing, Error> {
        match operation.outcome() {
            Some(Ok(())) => Ok(Batch::from_payloads(["admitted"]).into()),
            Some(Err(error)) => Err(error),
            None => Err(Error::new("it has not ended")),
        }
    }
}
