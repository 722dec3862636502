//! Work that the host does while the guest goes on.

use forebay_plugins_api::Operation;
use wasmtime::component::Resource;

use crate::bindings::forebay::plugin::operations::{Host, HostOperation};
use crate::guest::Guest;

impl Host for Guest {}

impl HostOperation for Guest {
    fn id(&mut self, operation: Resource<Operation>) -> wasmtime::Result<u64> {
        Ok(self.table.get(&operation)?.id())
    }

    fn outcome(&mut self, operation: Resource<Operation>) -> wasmtime::Result<Option<Result<(), String>>> {
        Ok(self.table.get_mut(&operation)?.outcome().cloned())
    }

    fn drop(&mut self, operation: Resource<Operation>) -> wasmtime::Result<()> {
        self.table.delete(operation)?;
        Ok(())
    }
}
