//! Waiting.

use std::time::Duration;

use crate::bindings::forebay::plugin::waits::{Host, Woken};
use crate::guest::Guest;

impl Host for Guest {
    async fn wait(&mut self, nanoseconds: Option<u64>) -> wasmtime::Result<Woken> {
        Ok(self.wakes.wait(nanoseconds.map(Duration::from_nanos)).await.into())
    }

    fn pending(&mut self) -> wasmtime::Result<Woken> {
        Ok(self.wakes.pending().into())
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
