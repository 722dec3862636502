//! What surrounds a guest: variables, clocks, randomness.

use std::sync::OnceLock;
use std::time::{Instant, UNIX_EPOCH};

use forebay_lifecycle::clock;
use wasmtime_wasi::Rng as _;

use crate::bindings::forebay::environment::environment::Host;
use crate::bindings::forebay::plugin::batches::Timestamp;
use crate::guest::Guest;
use crate::limits::Refusal;

/// The most random bytes that one call returns.
const MOST_RANDOM: u32 = 64 << 10;

impl Host for Guest {
    fn now(&mut self) -> wasmtime::Result<Timestamp> {
        let since = clock::wall().duration_since(UNIX_EPOCH).unwrap_or_default();
        let seconds = i64::try_from(since.as_secs()).unwrap_or(i64::MAX);
        Ok(Timestamp { seconds, nanoseconds: since.subsec_nanos() })
    }

    fn monotonic(&mut self) -> wasmtime::Result<u64> {
        static START: OnceLock<Instant> = OnceLock::new();
        let since = clock::now() - *START.get_or_init(clock::now);
        Ok(u64::try_from(since.as_nanos()).unwrap_or(u64::MAX))
    }

    fn random(&mut self, length: u32) -> wasmtime::Result<Vec<u8>> {
        if length > MOST_RANDOM {
            return Err(Refusal::contract(format!(
                "{length} random bytes at once, the limit is {MOST_RANDOM}"
            )));
        }
        let mut bytes = vec![0; length as usize];
        wasmtime_wasi::thread_rng().fill_bytes(&mut bytes);
        Ok(bytes)
    }

    fn get(&mut self, name: String) -> wasmtime::Result<Result<Option<String>, String>> {
        Ok(match self.scope.allowed.variable(&name) {
            Ok(()) => Ok(match self.scope.environment.get(&name) {
                Some(value) => Some(value.to_owned()),
                None => std::env::var(&name).ok(),
            }),
            Err(reason) => Err(reason),
        })
    }

    fn hostname(&mut self) -> wasmtime::Result<Result<String, String>> {
        // Where Linux keeps it; no library is needed for that.
        let name = std::fs::read_to_string("/proc/sys/kernel/hostname");
        Ok(name.map(|name| name.trim_end().to_owned()).map_err(|error| format!("read the hostname: {error}")))
    }
}
