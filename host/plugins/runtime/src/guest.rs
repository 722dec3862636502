//! What the host keeps for one instance.

use std::any::Any;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use forebay_pipeline_message::Batch;
use forebay_plugins_api::{Caches, Operation, RateLimits, Setup, Token, Wakes};
use wasmtime::component::{Resource, ResourceTable};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};

use crate::held::Held;
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
    pub(crate) rate_limits: RateLimits,
    pub(crate) expressions: Expressions,
    pub(crate) limits: Arc<Limits>,
    pub(crate) state: OwnState,
    /// The last batch that was scanned from a stream of this input.
    pub(crate) scanned: Option<Batch>,
    /// Which stream the call of `read` under way gives again.
    pub(crate) again: Option<Token>,
    /// Shared with every process of the instance, which counts them.
    pub(crate) processes: Arc<()>,
    /// The bytes of the batches in `table`; what may outlive the instance is held by its account.
    pub(crate) held: Arc<Held>,
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
            rate_limits: setup.rate_limits.clone(),
            expressions,
            held: Held::new(limits.batches),
            limits,
            state,
            scanned: None,
            again: None,
            processes: Arc::default(),
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
        let share = self.held.take(bytes).map_err(|error| {
            self.scope.account.metrics.used(Limit::Batches, error.bytes);
            Refusal::limit(Limit::Batches, format!("with another batch, {error}"))
        })?;
        self.scope.account.metrics.used(Limit::Batches, self.held.bytes());
        self.push(HostBatch { batch, _share: share })
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
        Ok(self.table.delete(handle)?.batch)
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
                self.scope.account.metrics.used(Limit::Handles, self.limits.handles);
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
        self.push_operation_with(work, ())
    }

    /// The same with something to be taken out when it has ended.
    pub(crate) fn push_operation_with(
        &mut self,
        work: impl Future<Output = Result<(), String>> + Send + 'static,
        payload: impl Any + Send,
    ) -> wasmtime::Result<Resource<Operation>> {
        // Over all instances, so that one that was lost can't be taken for another.
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let operation = Operation::new(NEXT.fetch_add(1, Ordering::Relaxed), work);
        self.push(operation.with_payload(payload))
    }
}

impl WasiView for Guest {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}
