//! Variables of the environment of the process.

use crate::bindings::forebay::environment::environment::Host;
use crate::guest::Guest;

impl Host for Guest {
    fn get(&mut self, name: String) -> wasmtime::Result<Result<Option<String>, String>> {
        Ok(match self.scope.allowed.variable(&name) {
            Ok(()) => Ok(std::env::var(&name).ok()),
            Err(reason) => Err(reason),
        })
    }

    fn hostname(&mut self) -> wasmtime::Result<Result<String, String>> {
        // Where Linux keeps it; no library is needed for that.
        let name = std::fs::read_to_string("/proc/sys/kernel/hostname");
        Ok(name.map(|name| name.trim_end().to_owned()).map_err(|error| format!("read the hostname: {error}")))
    }
}
