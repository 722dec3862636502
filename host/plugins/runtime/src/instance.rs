//! One instance: a store with one component in it, and how its exports are called.

mod swap;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use forebay_lifecycle::clock;
use forebay_pipeline_config::spec::Kind;
use forebay_plugins_api::{ComponentError, LostInstance, LostReason, OpenError, Problem, Setup};
use wasmtime::component::{Instance, InstancePre};
use wasmtime::{Store, UpdateDeadline};

use crate::account::Account;
use crate::bindings::forebay::plugin::configuration::Problem as WitProblem;
use crate::engine::Interruption;
use crate::guest::Guest;
use crate::limits::{Limit, MemoryWatch, Refusal};
use crate::load::Loader;
use crate::meter::{Meter, Metered};
use crate::plugin::{Digest, Kinds, Plugin, PluginMetrics};
use crate::plugins::Shared;
use crate::secrets;
use crate::stdio::Printed;

pub(crate) use swap::Prepared;

/// A call under way: it borrows the store until it ends.
pub(crate) type Call<'a, T> = Pin<Box<dyn Future<Output = wasmtime::Result<T>> + Send + 'a>>;

/// How long a call may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Waits {
    /// No longer than the wall-clock limit.
    Bounded,
    /// The same, for what ends something: it does not wait for what the component owes.
    Ending,
    /// As long as it likes: it may wait for something to happen.
    Unbounded,
}

/// The exports of one kind of component.
pub(crate) trait Exports: Sized + Send + 'static {
    /// Which kind that is.
    const KIND: Kind;

    /// Finds the exports in an instance of a plugin that has them.
    fn find(kinds: &Kinds, store: &mut Store<Guest>, instance: &Instance) -> Option<wasmtime::Result<Self>>;

    /// Calls the kind's `open`.
    fn open<'a>(
        &'a self,
        store: &'a mut Store<Guest>,
        component: String,
        config: Arc<str>,
    ) -> Call<'a, Result<(), WitProblem>>;

    /// Makes an instance that was opened fit to take over from another one, such as by connecting it.
    fn ready<'a>(&'a self, _: &'a mut Store<Guest>) -> Call<'a, Result<(), String>> {
        Box::pin(std::future::ready(Ok(Ok(()))))
    }

    /// Calls the kind's `close`, where it has one.
    fn close<'a>(&'a self, _: &'a mut Store<Guest>) -> Call<'a, ()> {
        Box::pin(std::future::ready(Ok(())))
    }
}

/// A component that can be opened again: what it needs for that, and the instance while there is one.
pub(crate) struct Slot<E> {
    shared: Arc<Shared>,
    plugin: Arc<Plugin>,
    setup: Setup,
    config: Arc<str>,
    account: Arc<Account>,
    live: Option<Live<E>>,
    /// How many instances this slot has had; what belongs to an earlier one is void.
    generation: u64,
    /// What the plugins were when this was last compared with them.
    seen: u64,
    /// The newer build that could not take over.
    refused: Option<Refused>,
    /// CPU time of all calls.
    cpu: Duration,
}

/// A build that could not take over.
struct Refused {
    build: Digest,
    /// When it may be tried again; `None` where its reasons stay.
    again: Option<std::time::Instant>,
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
        shared.check_grants(plugin, &setup)?;
        let mut slot = Self::closed(shared, plugin, setup);
        slot.account.wait(plugin.name().as_str(), &slot.setup).await;
        slot.reopen().await?;
        Ok(slot)
    }

    /// A component that is opened by its first call.
    pub(crate) fn closed(shared: &Arc<Shared>, plugin: &Arc<Plugin>, setup: Setup) -> Self {
        let config = visible_config(plugin, E::KIND, &setup);
        let account = shared.account(E::KIND, plugin, &setup);
        Self {
            shared: Arc::clone(shared),
            plugin: Arc::clone(plugin),
            setup,
            config,
            account,
            live: None,
            generation: 0,
            seen: shared.serving.version_with(plugin),
            refused: None,
            cpu: Duration::ZERO,
        }
    }

    /// The CPU time of all calls up to now.
    pub(crate) fn cpu(&self) -> Duration {
        self.cpu
    }

    pub(crate) fn plugin(&self) -> &Plugin {
        &self.plugin
    }

    /// Which of the plugin's components it is.
    pub(crate) fn component(&self) -> &str {
        self.setup.name.as_str()
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
        self.account.wait(self.plugin.name().as_str(), &self.setup).await;
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
        if waits != Waits::Ending {
            self.account.pay(&self.setup.wakes).await;
        }
        self.ensure().await?;
        // Taken out: a call that is dropped under way takes the store, which is of no more use, with it.
        let mut live = self.live.take().ok_or_else(|| self.lost(LostReason::Reopen, String::new()))?;
        let result = run(&mut live, &self.plugin, waits, |live| call(&live.exports, &mut live.store)).await;
        self.cpu += live.store.data().meter.spent();
        match result {
            Ok(result) => {
                self.account.good(live.store.data().meter.spent());
                self.live = Some(live);
                Ok(result)
            }
            Err(error) => {
                self.account.lost(live.store.data().meter.spent());
                Err(self.explain(&live.store, &error))
            }
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
                Err(ComponentError::Failed(cut(message)))
            }
        }
    }

    async fn reopen(&mut self) -> Result<(), OpenError> {
        self.generation += 1;
        let (plugin, setup, config, account) = (
            Arc::clone(&self.plugin),
            self.setup.clone(),
            Arc::clone(&self.config),
            Arc::clone(&self.account),
        );
        self.live = Some(self.open_live(&plugin, &setup, config, &account).await?);
        Ok(())
    }

    /// An opened instance of a build. (`mut`, because a slot can't be shared between threads.)
    async fn open_live(
        &mut self,
        plugin: &Arc<Plugin>,
        setup: &Setup,
        config: Arc<str>,
        account: &Arc<Account>,
    ) -> Result<Live<E>, OpenError> {
        let mut store = self.shared.store(E::KIND, plugin, setup, account);
        self.shared.trusted.note(plugin, setup, &store.data().meter, account.limits.cpu);
        let found = start(&self.shared.loader, plugin, &mut store).await;
        let exports = match found {
            Ok(Some(exports)) => exports,
            Ok(None) => {
                let name = setup.name.to_string();
                return Err(OpenError::Unknown { kind: E::KIND.as_str(), name });
            }
            Err(error) => {
                self.account.lost(store.data().meter.spent());
                return Err(OpenError::Lost(self.explain(&store, &error)));
            }
        };
        let mut live = Live { store, exports };
        let component = setup.name.to_string();
        let opened = run(&mut live, plugin, Waits::Bounded, |live| live.open(component, config)).await;
        match opened {
            Ok(Ok(())) => Ok(live),
            Ok(Err(problem)) => Err(OpenError::Problem(problem.into())),
            Err(error) => {
                self.account.lost(live.store.data().meter.spent());
                Err(OpenError::Lost(self.explain(&live.store, &error)))
            }
        }
    }

    fn explain(&self, store: &Store<Guest>, error: &wasmtime::Error) -> LostInstance {
        let (reason, detail) = store.data().explain(error);
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

/// The configuration as the guest sees it.
fn visible_config(plugin: &Plugin, kind: Kind, setup: &Setup) -> Arc<str> {
    match plugin.spec(kind, setup.name.as_str()) {
        Some(spec) => secrets::hide(&setup.config, &spec.config).to_string().into(),
        None => setup.config.to_string().into(),
    }
}

/// Makes an instance; `None` when the plugin lacks this kind.
async fn start<E: Exports>(
    loader: &Loader,
    plugin: &Plugin,
    store: &mut Store<Guest>,
) -> wasmtime::Result<Option<E>> {
    let code = plugin.code.get(loader)?;
    let pre = code.pre.clone();
    let instance = run(store, plugin, Waits::Bounded, |store| instantiate(pre, store)).await?;
    plugin.metrics.instances.inc();
    E::find(&code.kinds, store, &instance).transpose()
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
    store.data_mut().begin_call();
    if plugin.info.interruption == Interruption::Epochs {
        store.set_epoch_deadline(1);
    }
    let result = bounded(Metered::new(call(live), &meter), (&meter, &plugin.metrics), waits, wall).await;
    let spent = u64::try_from(meter.spent().as_nanos()).unwrap_or(u64::MAX);
    plugin.metrics.calls.inc();
    plugin.metrics.cpu_nanoseconds.inc_by(spent);
    plugin.metrics.used_time(Limit::Cpu, meter.spent());
    let memory = live.store().data().memory.used();
    plugin.metrics.used(Limit::Memory, memory);
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
    (meter, metrics): (&Meter, &PluginMetrics),
    waits: Waits,
    wall: Duration,
) -> wasmtime::Result<T> {
    // Nearly all calls end at once; only for the others a timer is worth its price.
    let first = std::future::poll_fn(|context| Poll::Ready(Pin::new(&mut call).poll(context))).await;
    if let Poll::Ready(result) = first {
        return result;
    }
    let start = clock::now();
    let _waited = (waits != Waits::Unbounded).then(|| Waited { start, metrics });
    let mut seen = meter.long_waits();
    loop {
        if let Ok(result) = tokio::time::timeout(wall, &mut call).await {
            return result;
        }
        // Other waits, such as a sleep of its own, count as work. The time starts anew with every wait
        // that the contract allows.
        let now = meter.long_waits();
        if waits != Waits::Unbounded || (now == seen && !now.under_way) {
            return Err(Refusal::wall(wall));
        }
        seen = now;
    }
}

/// Notes how long a call took, however it ends.
struct Waited<'a> {
    start: std::time::Instant,
    metrics: &'a PluginMetrics,
}

impl Drop for Waited<'_> {
    fn drop(&mut self) {
        self.metrics.used_time(Limit::Wall, clock::now().saturating_duration_since(self.start));
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

/// Why a call failed, in words for an operator. A limit that struck is counted.
pub(crate) fn explain(
    account: &Account,
    memory: &MemoryWatch,
    printed: &Printed,
    error: &wasmtime::Error,
) -> (LostReason, String) {
    let metrics = &account.metrics;
    if let Some(refusal) = error.downcast_ref::<Refusal>() {
        if let Some(limit) = refusal.limit {
            metrics.struck(limit);
        }
        return (refusal.reason, refusal.detail.clone());
    }
    // A guest may survive a refusal; one that does not says so, or can't say anything any more.
    let out_of_memory = printed.last_line().is_empty() || printed.allocation_failed();
    if let Some(wanted) = memory.refused().filter(|_| out_of_memory) {
        metrics.struck(Limit::Memory);
        let detail = format!("it asked for {wanted} bytes, the limit is {}", account.limits.memory);
        return (LostReason::Memory, detail);
    }
    let cause = match error.downcast_ref::<wasmtime::Trap>() {
        Some(trap) => trap.to_string(),
        None => format!("{:#}", error.root_cause()),
    };
    let printed = printed.last_line();
    let detail = if printed.is_empty() { cause } else { format!("{cause}; it last printed: {printed}") };
    (LostReason::Trap, detail)
}

impl Guest {
    fn explain(&self, error: &wasmtime::Error) -> (LostReason, String) {
        explain(&self.scope.account, &self.memory, &self.printed, error)
    }
}

/// The longest error of a guest that is kept.
const LONGEST_ERROR: usize = 4 << 10;

/// The beginning of an error: it is logged, and kept with every message.
fn cut(mut error: String) -> String {
    let mut end = error.len().min(LONGEST_ERROR);
    while !error.is_char_boundary(end) {
        end -= 1;
    }
    error.truncate(end);
    error.shrink_to_fit();
    error
}

impl From<WitProblem> for Problem {
    fn from(problem: WitProblem) -> Self {
        let WitProblem { message, field, line, column } = problem;
        Self { message, field, line, column }
    }
}
