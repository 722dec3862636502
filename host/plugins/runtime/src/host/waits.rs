//! Waiting.

use std::time::Duration;

use crate::bindings::forebay::plugin::waits::{Host, Woken};
use crate::engine::TICK;
use crate::guest::Guest;
use crate::limits::Refusal;

impl Host for Guest {
    async fn wait(&mut self, nanoseconds: Option<u64>) -> wasmtime::Result<Woken> {
        let _waiting = self.meter.long_wait();
        Ok(self.wakes.wait(nanoseconds.map(Duration::from_nanos)).await.into())
    }

    fn pending(&mut self) -> wasmtime::Result<Woken> {
        Ok(self.wakes.pending().into())
    }

    async fn give_way(&mut self) -> wasmtime::Result<()> {
        if self.meter.spent() > self.limits.cpu {
            return Err(Refusal::cpu(self.limits.cpu));
        }
        if self.meter.running() >= TICK {
            tokio::task::yield_now().await;
        }
        Ok(())
    }
}

impl From<forebay_plugins_api::Woken> for Woken {
    fn from(woken: forebay_plugins_api::Woken) -> Self {
        let mut flags = Self::empty();
        if woken.settlement {
            flags |= Self::SETTLEMENT;
        }
        if woken.deadline {
            flags |= Self::DEADLINE;
        }
        if woken.shutdown {
            flags |= Self::SHUTDOWN;
        }
        flags
    }
}
