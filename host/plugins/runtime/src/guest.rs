//! What the host keeps for one instance.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use forebay_pipeline_message::Batch;
use forebay_plugins_api::{Caches, Operation, Setup, Wakes};
use wasmtime::component::{Resource, ResourceTable};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};

use crate::host::batches::HostBatch;
use crate::host::expressions::Expressions;
use crate::host::state::OwnState;
use crate::limits::{Limit, Limits, MemoryWatch, Refusal};
use crate::meter::Meter;
use crate::scope::Scope;
use crate::stdio::Printed;

/// What the host keeps for one instance: the data of its store.
pub(crate) struct Guest {
    wasi: WasiCtx,
    pub(crate) table: ResourceTable,
    pub(crate) memory: MemoryWatch,
    pub(crate) meter: Arc<Meter>,
    pub(crate) scope: Arc<Scope>,
    pub(crate) printed: Printed,
    pub(crate) wakes: Arc<Wakes>,
    pub(crate) caches: Caches,
    pub(crate) expressions: Expressions,
    pub(crate) limits: Arc<Limits>,
    pub(crate) state: OwnState,
    /// Shared with every process of the instance, which counts them.
    pub(crate) processes: Arc<()>,
    /// Bytes of the batches in `table`.
    batch_bytes: usize,
    /// Bytes of the batches that the call under way has returned so far.
    returned: usize,
}

impl Guest {
    pub(crate) fn new(scope: Arc<Scope>, setup: &Setup, expressions: Expressions) -> Self {
        let limits = Arc::clone(&scope.account.limits);
        let printed = Printed::new(Arc::clone(&scope));
        let state = OwnState::new(Arc::clone(&scope.states));
        let mut wasi = WasiCtx::builder();
        wasi.stdout(printed.clone()).stderr(printed.clone());
        let mut table = ResourceTable::new();
        table.set_max_capacity(limits.handles);
        Self {
            wasi: wasi.build(),
            table,
            memory: MemoryWatch::new(limits.memory),
            meter: Arc::default(),
            scope,
            printed,
            wakes: Arc::clone(&setup.wakes),
            caches: setup.caches.clone(),
            expressions,
            limits,
            state,
            processes: Arc::default(),
            batch_bytes: 0,
            returned: 0,
        }
    }

    /// Counts a call of a capability that acts outside the instance.
    pub(crate) fn host_call(&self) -> wasmtime::Result<()> {
        self.scope.account.host_call()
    }

    /// What the guest has returned is counted call by call.
    pub(crate) fn begin_call(&mut self) {
        self.returned = 0;
    }

    /// Gives the guest a handle of a batch.
    pub(crate) fn push_batch(&mut self, batch: Batch) -> wasmtime::Result<Resource<HostBatch>> {
        let bytes = batch.byte_size();
        let held = self.batch_bytes + bytes;
        self.scope.account.metrics.used(Limit::Batches, held);
        if held > self.limits.batches {
            let limit = self.limits.batches;
            let detail = format!("batches of {held} bytes are held at once, the limit is {limit}");
            return Err(Refusal::limit(Limit::Batches, detail));
        }
        let handle = self.push(HostBatch { batch, bytes })?;
        self.batch_bytes = held;
        Ok(handle)
    }

    /// Takes a batch back that the guest returns, for others to use, who may have to write it out.
    pub(crate) fn take_result(&mut self, handle: Resource<HostBatch>) -> wasmtime::Result<Batch> {
        let batch = self.take_batch(handle)?;
        self.returned = self.returned.saturating_add(batch.written_size());
        self.scope.account.metrics.used(Limit::Output, self.returned);
        let (returned, limit) = (self.returned, self.limits.output);
        if returned > limit {
            let detail = format!("one call returned {returned} bytes, the limit is {limit}");
            return Err(Refusal::limit(Limit::Output, detail));
        }
        Ok(batch)
    }

    /// Takes a batch back that the guest owned.
    pub(crate) fn take_batch(&mut self, handle: Resource<HostBatch>) -> wasmtime::Result<Batch> {
        let HostBatch { batch, bytes } = self.table.delete(handle)?;
        self.batch_bytes -= bytes;
        Ok(batch)
    }

    pub(crate) fn batch(&self, handle: &Resource<HostBatch>) -> wasmtime::Result<&Batch> {
        Ok(&self.table.get(handle)?.batch)
    }

    /// Whether a batch may be written out message by message.
    pub(crate) fn check_written(&self, batch: &Batch) -> wasmtime::Result<()> {
        let (size, limit) = (batch.written_size(), self.limits.batches);
        if size > limit {
            let detail = format!("a batch of {size} bytes is to be written out, the limit is {limit}");
            return Err(Refusal::limit(Limit::Batches, detail));
        }
        Ok(())
    }

    /// Gives the guest a handle of anything else.
    pub(crate) fn push<T: Send + 'static>(&mut self, value: T) -> wasmtime::Result<Resource<T>> {
        self.table.push(value).map_err(|error| match error {
            wasmtime_wasi::ResourceTableError::Full => {
                let detail = format!("more than {} handles are held at once", self.limits.handles);
                Refusal::limit(Limit::Handles, detail)
            }
            other => other.into(),
        })
    }

    /// Gives the guest an operation that is under way.
    pub(crate) fn push_operation(
        &mut self,
        work: impl Future<Output = Result<(), String>> + Send + 'static,
    ) -> wasmtime::Result<Resource<Operation>> {
        // Over all instances, so that one that was lost can't be taken for another.
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let operation = Operation::new(NEXT.fetch_add(1, Ordering::Relaxed), work);
        self.push(operation)
    }
}

impl WasiView for Guest {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}
