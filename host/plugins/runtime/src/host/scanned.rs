//! What scanners have made of the streams of an input.

use forebay_plugins_api::Token;
use wasmtime::component::Resource;

use crate::bindings::forebay::plugin::scanned::Host;
use crate::guest::Guest;
use crate::host::batches::HostBatch;

impl Host for Guest {
    fn last(&mut self) -> wasmtime::Result<Option<Resource<HostBatch>>> {
        self.scanned.take().map(|batch| self.push_batch(batch)).transpose()
    }

    fn again(&mut self, token: u64) -> wasmtime::Result<()> {
        self.again = Some(Token(token));
        Ok(())
    }
}
