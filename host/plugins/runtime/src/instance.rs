//! One instance: a store with one component in it, and how its exports are called.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;

use forebay_pipeline_config::spec::Kind;
use forebay_plugins_api::{ComponentError, LostInstance, LostReason, OpenError, Problem, Setup};
use wasmtime::component::{Instance, InstancePre};
use wasmtime::{Store, UpdateDeadline};

use crate::bindings::forebay::plugin::configuration::Problem as WitProblem;
use crate::engine::Interruption;
use crate::guest::Guest;
use crate::limits::Refusal;
use crate::meter::Metered;
use crate::plugin::Plugin;
use crate::plugins::Shared;
use crate::secrets;

/// A call under way: it borrows the store until it ends.
pub(crate) type Call<'a, T> = Pin<Box<dyn Future<Output = wasmtime::Result<T>> + Send + 'a>>;

/// How long a call may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Waits {
    /// No longer than the wall-clock limit.
    Bounded,
    /// As long as it likes: it may wait for something to happen.
    Unbounded,
}

/// The exports of one kind of component.
pub(crate) trait Exports: Sized + Send + 'static {
    /// Which kind that is.
    const KIND: Kind;

    /// Finds the exports in an instance of a plugin that has them.
    fn find(plugin: &Plugin, store: &mut Store<Guest>, instance: &Instance)
    -> Option<wasmtime::Result<Self>>;

    /// Calls the kind's `open`.
    fn open<'a>(
        &'a self,
        store: &'a mut Store<Guest>,
        component: String,
        config: Arc<str>,
    ) -> Call<'a, Result<(), WitProblem>>;
}

/// A component that can be opened again: what it needs for that, and the instance while there is one.
pub(crate) struct Slot<E> {
    shared: Arc<Shared>,
    plugin: Arc<Plugin>,
    setup: Setup,
    config: Arc<str>,
    live: Option<Live<E>>,
    /// How many instances this slot has had; what belongs to an earlier one is void.
    generation: u64,
}

struct Live<E> {
    store: Store<Guest>,
    exports: E,
}

impl<E: Exports> Slot<E> {
    /// Opens a component, to learn whether its configuration is right.
    pub(crate) async fn open(
        shared: &Arc<Shared>,
        plugin: &Arc<Plugin>,
        setup: Setup,
    ) -> Result<Self, OpenError> {
        let mut slot = Self::closed(shared, plugin, setup);
        slot.reopen().await?;
        Ok(slot)
    }

    /// A component that is opened by its first call.
    pub(crate) fn closed(shared: &Arc<Shared>, plugin: &Arc<Plugin>, setup: Setup) -> Self {
        let spec = plugin
            .description
            .components()
            .iter()
            .find(|spec| spec.kind == E::KIND && spec.name == setup.name);
        let config = match spec {
            Some(spec) => secrets::hide(&setup.config, &spec.config).to_string().into(),
            None => setup.config.to_string().into(),
        };
        Self {
            shared: Arc::clone(shared),
            plugin: Arc::clone(plugin),
            setup,
            config,
            live: None,
            generation: 0,
        }
    }

    pub(crate) fn plugin(&self) -> &Plugin {
        &self.plugin
    }

    /// Drops the instance, for a reason that its caller found.
    pub(crate) fn give_up(&mut self, reason: LostReason, detail: String) -> LostInstance {
        self.live = None;
        self.lost(reason, detail)
    }

    pub(crate) fn generation(&self) -> u64 {
        self.generation
    }

    /// Whether the instance that there is now is the one of this generation.
    pub(crate) fn is_instance(&self, generation: u64) -> bool {
        self.live.is_some() && self.generation == generation
    }

    /// Whether there is an instance now.
    pub(crate) fn is_live(&self) -> bool {
        self.live.is_some()
    }

    /// Makes sure that there is an instance.
    pub(crate) async fn ensure(&mut self) -> Result<(), LostInstance> {
        if self.live.is_some() {
            return Ok(());
        }
        self.reopen().await.map_err(|error| match error {
            OpenError::Lost(lost) => lost,
            other => self.lost(LostReason::Reopen, other.to_string()),
        })
    }

    /// Calls an export. `call` gets the exports and the store; what it returns runs to its end or
    /// costs the instance.
    pub(crate) async fn call<T, F>(&mut self, waits: Waits, call: F) -> Result<T, LostInstance>
    where
        T: Send,
        F: for<'a> FnOnce(&'a E, &'a mut Store<Guest>) -> Call<'a, T> + Send,
    {
        self.ensure().await?;
        // Taken out: a call that is dropped under way takes the store, which is of no more use, with it.
        let mut live = self.live.take().ok_or_else(|| self.lost(LostReason::Reopen, String::new()))?;
        let result = run(&mut live, &self.plugin, waits, |live| call(&live.exports, &mut live.store)).await;
        match result {
            Ok(result) => {
                self.live = Some(live);
                Ok(result)
            }
            Err(error) => Err(self.explain(&live.store, &error)),
        }
    }

    /// As [`Slot::call`], for exports that return errors of their own.
    pub(crate) async fn try_call<T, F>(&mut self, waits: Waits, call: F) -> Result<T, ComponentError>
    where
        T: Send,
        F: for<'a> FnOnce(&'a E, &'a mut Store<Guest>) -> Call<'a, Result<T, String>> + Send,
    {
        match self.call(waits, call).await? {
            Ok(result) => Ok(result),
            Err(message) => {
                self.plugin.metrics.errors.inc();
                Err(ComponentError::Failed(message))
            }
        }
    }

    async fn reopen(&mut self) -> Result<(), OpenError> {
        self.generation += 1;
        let mut store = self.shared.store(E::KIND, &self.plugin, &self.setup);
        let found = start(&self.plugin, &mut store).await;
        let exports = match found {
            Ok(Some(exports)) => exports,
            Ok(None) => {
                let name = self.setup.name.to_string();
                return Err(OpenError::Unknown { kind: E::KIND.as_str(), name });
            }
            Err(error) => return Err(OpenError::Lost(self.explain(&store, &error))),
        };
        let mut live = Live { store, exports };
        let (component, config) = (self.setup.name.to_string(), Arc::clone(&self.config));
        let opened = run(&mut live, &self.plugin, Waits::Bounded, |live| live.open(component, config)).await;
        match opened {
            Ok(Ok(())) => {
                self.live = Some(live);
                Ok(())
            }
            Ok(Err(problem)) => Err(OpenError::Problem(problem.into())),
            Err(error) => Err(OpenError::Lost(self.explain(&live.store, &error))),
        }
    }

    fn explain(&self, store: &Store<Guest>, error: &wasmtime::Error) -> LostInstance {
        let (reason, detail) = explain(store.data(), error);
        self.lost(reason, detail)
    }

    /// Says that something belongs to an instance that was lost before.
    pub(crate) fn void(&self, detail: &str) -> LostInstance {
        LostInstance {
            plugin: self.plugin.name().clone(),
            component: self.setup.name.clone(),
            reason: LostReason::Reopen,
            detail: detail.to_owned(),
        }
    }

    fn lost(&self, reason: LostReason, detail: String) -> LostInstance {
        let plugin = self.plugin.name();
        let labels = [("plugin", plugin.as_str()), ("reason", reason.label())];
        if let Ok(counter) = self.shared.metrics.counter("plugin_traps", "Instances that were lost", &labels)
        {
            counter.inc();
        }
        LostInstance { plugin: plugin.clone(), component: self.setup.name.clone(), reason, detail }
    }
}

/// Makes an instance; `None` when the plugin lacks this kind.
async fn start<E: Exports>(plugin: &Plugin, store: &mut Store<Guest>) -> wasmtime::Result<Option<E>> {
    let pre = plugin.pre.clone();
    let instance = run(store, plugin, Waits::Bounded, |store| instantiate(pre, store)).await?;
    plugin.metrics.instances.inc();
    E::find(plugin, store, &instance).transpose()
}

/// What has a store that a call can be made in.
trait HasStore {
    fn store(&mut self) -> &mut Store<Guest>;
}

impl HasStore for Store<Guest> {
    fn store(&mut self) -> &mut Self {
        self
    }
}

impl<E> HasStore for Live<E> {
    fn store(&mut self) -> &mut Store<Guest> {
        &mut self.store
    }
}

impl<E: Exports> Live<E> {
    fn open(&mut self, component: String, config: Arc<str>) -> Call<'_, Result<(), WitProblem>> {
        self.exports.open(&mut self.store, component, config)
    }
}

fn instantiate(pre: InstancePre<Guest>, store: &mut Store<Guest>) -> Call<'_, Instance> {
    Box::pin(async move { pre.instantiate_async(store).await })
}

/// Runs a call under the limits of its instance, and counts what it used.
async fn run<L: HasStore, T>(
    live: &mut L,
    plugin: &Plugin,
    waits: Waits,
    call: impl for<'a> FnOnce(&'a mut L) -> Call<'a, T>,
) -> wasmtime::Result<T> {
    let store = live.store();
    let meter = Arc::clone(&store.data().meter);
    let wall = store.data().limits.wall;
    meter.reset();
    if plugin.info.interruption == Interruption::Epochs {
        store.set_epoch_deadline(1);
    }
    let result = bounded(Metered::new(call(live), &meter), waits, wall).await;
    let spent = u64::try_from(meter.spent().as_nanos()).unwrap_or(u64::MAX);
    plugin.metrics.calls.inc();
    plugin.metrics.cpu_nanoseconds.inc_by(spent);
    let memory = live.store().data().memory.used();
    #[expect(
        clippy::cast_precision_loss,
        reason = "a gauge is a float, and memories are far below 2^53 bytes"
    )]
    let memory = memory as f64;
    if memory > plugin.metrics.memory_high_water.get() {
        plugin.metrics.memory_high_water.set(memory);
    }
    result
}

/// Waits for a call, for no longer than it may take.
async fn bounded<T>(
    mut call: Metered<'_, Call<'_, T>>,
    waits: Waits,
    wall: std::time::Duration,
) -> wasmtime::Result<T> {
    // Nearly all calls end at once; only for the others a timer is worth its price.
    let first = std::future::poll_fn(|context| Poll::Ready(Pin::new(&mut call).poll(context))).await;
    match (first, waits) {
        (Poll::Ready(result), _) => result,
        (Poll::Pending, Waits::Unbounded) => call.await,
        (Poll::Pending, Waits::Bounded) => tokio::time::timeout(wall, call).await.unwrap_or_else(|_| {
            let detail = format!("more than {wall:?} in one call");
            Err(wasmtime::Error::new(Refusal { reason: LostReason::WallClock, detail }))
        }),
    }
}

/// What an instance must be told before its first call: how it is interrupted.
pub(crate) fn arm(store: &mut Store<Guest>, interruption: Interruption) {
    store.limiter(|guest| &mut guest.memory);
    if interruption == Interruption::Epochs {
        store.set_epoch_deadline(1);
        store.epoch_deadline_callback(|store| {
            let guest = store.data();
            if guest.meter.spent() > guest.limits.cpu {
                return Err(Refusal::cpu(guest.limits.cpu));
            }
            // A plain yield wakes its own task first, and starves the timers of a single-threaded runtime.
            Ok(UpdateDeadline::YieldCustom(1, Box::pin(tokio::task::yield_now())))
        });
    }
}

/// Why a call failed, in words for an operator.
fn explain(guest: &Guest, error: &wasmtime::Error) -> (LostReason, String) {
    if let Some(refusal) = error.downcast_ref::<Refusal>() {
        return (refusal.reason, refusal.detail.clone());
    }
    let printed = guest.printed.last_line();
    // A guest may survive a refusal; one that does not says so, or can't say anything any more.
    let out_of_memory = printed.is_empty() || guest.printed.allocation_failed();
    if let Some(wanted) = guest.memory.refused().filter(|_| out_of_memory) {
        let detail = format!("it asked for {wanted} bytes, the limit is {}", guest.limits.memory);
        return (LostReason::Memory, detail);
    }
    let cause = match error.downcast_ref::<wasmtime::Trap>() {
        Some(trap) => trap.to_string(),
        None => format!("{:#}", error.root_cause()),
    };
    let detail = if printed.is_empty() { cause } else { format!("{cause}; it last printed: {printed}") };
    (LostReason::Trap, detail)
}

impl From<WitProblem> for Problem {
    fn from(problem: WitProblem) -> Self {
        let WitProblem { message, field, line, column } = problem;
        Self { message, field, line, column }
    }
}
