//! The processor: batches in, batches out.

use std::sync::Arc;

use async_trait::async_trait;
use forebay_pipeline_config::spec::Kind;
use forebay_pipeline_message::{Batch, Origins, Processed};
use forebay_plugins_api::{
    ComponentError, LostInstance, LostReason, Operation, Processing, Processor, Setup,
};

use super::instance::{Instance, Runner};
use super::message::Work;
use super::module::Module;
use crate::account::Account;
use crate::instance::explain;
use crate::limits::Limit;
use crate::plugins::Shared;
use crate::scope::Scope;

/// A module that processes, in an instance while there is one.
pub(super) struct WasmProcessor {
    shared: Arc<Shared>,
    setup: Setup,
    module: Arc<Module>,
    /// As the configuration has it.
    path: String,
    function: String,
    account: Arc<Account>,
    live: Option<Instance>,
}

impl WasmProcessor {
    pub(super) fn new(
        shared: &Arc<Shared>,
        setup: Setup,
        module: Arc<Module>,
        path: String,
        function: String,
    ) -> Self {
        let account = shared.bento.account(shared, &setup);
        Self { shared: Arc::clone(shared), setup, module, path, function, account, live: None }
    }

    /// Makes sure that there is an instance.
    pub(super) async fn start(&mut self) -> Result<(), LostInstance> {
        if self.live.is_some() {
            return Ok(());
        }
        self.account.wait(self.shared.bento.name.as_str(), &self.setup).await;
        let name = self.shared.bento.name.clone();
        let scope = Scope::of_host(name, Kind::Processor, &self.setup, &self.shared, &self.account);
        match Instance::start(&self.module, &self.function, Arc::new(scope)).await {
            Ok(instance) => {
                self.account.metrics.instances.inc();
                self.live = Some(instance);
                Ok(())
            }
            Err((store, error)) => Err(self.lost(store.data(), &error)),
        }
    }

    fn lost(&self, runner: &Runner, error: &wasmtime::Error) -> LostInstance {
        self.account.lost(runner.meter.spent());
        let (reason, detail) = explain(&self.account, &runner.memory, &runner.printed, error);
        self.lost_for(reason, &detail)
    }

    fn lost_for(&self, reason: LostReason, detail: &str) -> LostInstance {
        let plugin = &self.shared.bento.name;
        let labels = [("plugin", plugin.as_str()), ("reason", reason.label())];
        let counter = self.shared.metrics.counter("plugin_traps", "Instances that were lost", &labels);
        if let Ok(counter) = counter {
            counter.inc();
        }
        let detail = format!("module {}: {detail}", self.path);
        LostInstance { plugin: plugin.clone(), component: self.setup.name.clone(), reason, detail }
    }

    fn count(&self, runner: &Runner) {
        let metrics = &self.account.metrics;
        metrics.calls.inc();
        metrics.used_time(Limit::Cpu, runner.meter.spent());
        metrics.used(Limit::Memory, runner.memory.used());
        metrics.cpu_nanoseconds.inc_by(u64::try_from(runner.meter.spent().as_nanos()).unwrap_or(u64::MAX));
        #[expect(
            clippy::cast_precision_loss,
            reason = "a gauge is a float, and memories are far below 2^53 bytes"
        )]
        let memory = runner.memory.used() as f64;
        if memory > metrics.memory_high_water.get() {
            metrics.memory_high_water.set(memory);
        }
    }
}

#[async_trait]
impl Processor for WasmProcessor {
    async fn process(&mut self, batch: Batch) -> Result<Processing, ComponentError> {
        let (size, limit) = (batch.written_size(), self.account.limits.batches);
        if size > limit {
            self.account.metrics.struck(Limit::Batches);
            let detail = format!("a batch of {size} bytes is to be written out, the limit is {limit}");
            return Err(self.lost_for(LostReason::Memory, &detail).into());
        }
        self.start().await?;
        let nothing = || ComponentError::Failed("the module is not started".to_owned());
        // Taken out: a call that is dropped under way takes the instance with it.
        let mut instance = self.live.take().ok_or_else(nothing)?;
        let bytes = batch.byte_size() as u64;
        self.account.metrics.bytes_in.inc_by(bytes);
        instance.store.data_mut().work = Some(Work::new(batch, limit));
        while instance.store.data_mut().work.as_mut().is_some_and(Work::next) {
            let called = instance.process().await;
            self.count(instance.store.data());
            if called.is_ok() {
                self.account.good(instance.store.data().meter.spent());
            }
            if let Err(error) = called {
                return Err(self.lost(instance.store.data(), &error).into());
            }
        }
        let work = instance.store.data_mut().work.take().ok_or_else(nothing)?;
        self.live = Some(instance);
        let batch = work.finish();
        self.account.metrics.bytes_out.inc_by(batch.byte_size() as u64);
        Ok(Processing::Done(vec![Processed { batch, origins: Origins::Same }]))
    }

    async fn resume(&mut self, operation: Operation) -> Result<Processing, ComponentError> {
        let reason = format!("operation {} was not started here", operation.id());
        Err(ComponentError::Failed(reason))
    }

    async fn close(&mut self) {
        self.live = None;
    }
}
