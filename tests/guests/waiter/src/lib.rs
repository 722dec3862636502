//! An input that waits, and counts why it was woken.
//!
//! It hands out one batch, then waits until that is settled, and so on. Its metric `waiter_woken`
//! counts every wait by what ended it; `waiter_closed` counts the settlements that came with `close`.

use std::time::Duration;

use forebay_sdk::waits::{self, Woken};
use forebay_sdk::{Batch, Config, Context, Error, Event, Input, Outcome, Problem, Settlement, metrics};

/// Waits for settlements.
#[derive(Config)]
struct WaiterConfig {
    /// How long one wait may take; for ever when it is left out.
    deadline_ms: Option<u64>,
    /// How many batches there are.
    #[config(default = 1)]
    batches: u64,
}

struct Waiter {
    deadline: Option<Duration>,
    batches: u64,
    handed_out: u64,
    is_settled: bool,
    acknowledged: u64,
    rejected: u64,
}

impl Input for Waiter {
    const NAME: &'static str = "waiter";
    const REREADS: bool = true;
    type Config = WaiterConfig;

    fn open(config: WaiterConfig, _: &Context) -> Result<Self, Problem> {
        Ok(Self {
            deadline: config.deadline_ms.map(Duration::from_millis),
            batches: config.batches,
            handed_out: 0,
            is_settled: true,
            acknowledged: 0,
            rejected: 0,
        })
    }

    fn read(&mut self, settled: Vec<Settlement>) -> Result<Event, Error> {
        for settlement in settled {
            self.settle(&settlement)?;
        }
        if !self.is_settled {
            count(waits::wait(self.deadline));
            return Ok(Event::Idle);
        }
        if self.handed_out == self.batches {
            return Ok(Event::Ended);
        }
        self.handed_out += 1;
        self.is_settled = false;
        let text = format!("acknowledged {}, rejected {}", self.acknowledged, self.rejected);
        Ok(Event::Batch { token: self.handed_out, batch: Batch::from_payloads([text]) })
    }

    fn close(self, settled: Vec<Settlement>) {
        metrics::count("waiter_closed", &[], settled.len() as u64);
    }
}

impl Waiter {
    fn settle(&mut self, settlement: &Settlement) -> Result<(), Error> {
        if self.is_settled || settlement.token != self.handed_out {
            return Err(Error::new(format!("token {} came out of turn", settlement.token)));
        }
        self.is_settled = true;
        match settlement.outcome {
            Outcome::Acknowledged => self.acknowledged += 1,
            Outcome::Rejected { .. } => self.rejected += 1,
        }
        Ok(())
    }
}

fn count(woken: Woken) {
    let reasons =
        [(Woken::SETTLEMENT, "settlement"), (Woken::DEADLINE, "deadline"), (Woken::SHUTDOWN, "shutdown")];
    for (flag, why) in reasons {
        if woken.contains(flag) {
            metrics::count("waiter_woken", &[("why".to_owned(), why.to_owned())], 1);
        }
    }
    if woken.is_empty() {
        metrics::count("waiter_woken", &[("why".to_owned(), "nothing".to_owned())], 1);
    }
}

forebay_sdk::plugin! {
    name: "waiter",
    summary: "Waits, and counts why it was woken.",
    inputs: [Waiter],
}
