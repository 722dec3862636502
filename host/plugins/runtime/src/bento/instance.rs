//! One instance of a module: its store, its limits, and how it is called.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use wasmtime::{Func, InstancePre, Memory, Store, TypedFunc, UpdateDeadline, Val};

use super::message::Work;
use super::module::Module;
use super::preview1::Exited;
use crate::limits::{Limits, MemoryWatch, Refusal};
use crate::meter::{Meter, Metered};
use crate::scope::Scope;
use crate::stdio::Printed;

/// What the host keeps for one instance.
pub(super) struct Runner {
    pub(super) memory: MemoryWatch,
    pub(super) meter: Arc<Meter>,
    pub(super) limits: Arc<Limits>,
    pub(super) printed: Printed,
    /// The batch that the module works on.
    pub(super) work: Option<Work>,
    pub(super) exports: Option<Exports>,
    /// Whether a function of the module's allocator runs.
    pub(super) in_allocator: bool,
    /// What `malloc` gave for the current message.
    pub(super) to_free: Vec<u32>,
}

/// What the host uses of a module.
#[derive(Clone)]
pub(super) struct Exports {
    pub(super) memory: Memory,
    pub(super) malloc: Option<TypedFunc<u32, u32>>,
    pub(super) free: Option<TypedFunc<u32, ()>>,
    pub(super) allocate: Option<TypedFunc<u32, u32>>,
    pub(super) deallocate: Option<TypedFunc<(u32, u32), ()>>,
}

/// An instance of a module.
pub(super) struct Instance {
    pub(super) store: Store<Runner>,
    process: Func,
}

type Call<'a, T> = Pin<Box<dyn Future<Output = wasmtime::Result<T>> + Send + 'a>>;

impl Instance {
    /// Starts a module: as Bento, by `_start`, or else by `_initialize`.
    ///
    /// # Errors
    /// With the store, which knows what it last printed.
    pub(super) async fn start(
        module: &Module,
        function: &str,
        scope: Arc<Scope>,
    ) -> Result<Self, (Store<Runner>, wasmtime::Error)> {
        let limits = Arc::clone(&scope.account.limits);
        let runner = Runner {
            memory: MemoryWatch::new(limits.memory),
            meter: Arc::default(),
            limits,
            printed: Printed::new(scope),
            work: None,
            exports: None,
            in_allocator: false,
            to_free: Vec::new(),
        };
        let mut store = Store::new(module.pre.module().engine(), runner);
        arm(&mut store);
        let (pre, function) = (module.pre.clone(), function.to_owned());
        match bounded(&mut store, move |store| Box::pin(open(pre, function, store))).await {
            Ok(process) => Ok(Self { store, process }),
            Err(error) => Err((store, error)),
        }
    }

    /// Calls the function for the current message, and frees what was allocated for it.
    ///
    /// # Errors
    /// The instance is of no more use.
    pub(super) async fn process(&mut self) -> wasmtime::Result<()> {
        let process = self.process;
        bounded(&mut self.store, |store| {
            Box::pin(async move {
                // Whatever it returns is nothing to Bento.
                let mut results = vec![Val::I32(0); process.ty(&*store).results().len()];
                process.call_async(&mut *store, &[], &mut results).await?;
                free(store).await
            })
        })
        .await
    }
}

/// Frees what the message was given. As in Bento, a failure of that flags the message.
async fn free(store: &mut Store<Runner>) -> wasmtime::Result<()> {
    let to_free = std::mem::take(&mut store.data_mut().to_free);
    let Some(free) = store.data().exports.as_ref().and_then(|exports| exports.free.clone()) else {
        return Ok(());
    };
    store.data_mut().in_allocator = true;
    for at in to_free {
        if let Err(error) = free.call_async(&mut *store, at).await {
            if !only_a_trap(&error) {
                return Err(error);
            }
            if let Some(work) = &mut store.data_mut().work {
                work.flag("failed to free in-bound memory".to_owned());
            }
        }
    }
    store.data_mut().in_allocator = false;
    Ok(())
}

/// Whether a function of a module's allocator has failed by itself, and not because of a limit: as in
/// Bento, the module goes on after that.
pub(super) fn only_a_trap(error: &wasmtime::Error) -> bool {
    error.downcast_ref::<wasmtime::Trap>().is_some_and(|trap| *trap != wasmtime::Trap::Interrupt)
}

async fn open(
    pre: InstancePre<Runner>,
    function: String,
    store: &mut Store<Runner>,
) -> wasmtime::Result<Func> {
    let instance = pre.instantiate_async(&mut *store).await?;
    let memory = instance.exports(&mut *store).find_map(wasmtime::Export::into_memory);
    let memory = memory.ok_or_else(|| Refusal::contract("it exports no memory"))?;
    let exports = Exports {
        memory,
        malloc: instance.get_typed_func(&mut *store, "malloc").ok(),
        free: instance.get_typed_func(&mut *store, "free").ok(),
        allocate: instance.get_typed_func(&mut *store, "allocate").ok(),
        deallocate: instance.get_typed_func(&mut *store, "deallocate").ok(),
    };
    store.data_mut().exports = Some(exports);
    let process = instance.get_func(&mut *store, &function);
    let process = process.ok_or_else(|| Refusal::contract(format!("it exports no function {function}")))?;
    for name in ["_start", "_initialize"] {
        let Ok(start) = instance.get_typed_func::<(), ()>(&mut *store, name) else { continue };
        match start.call_async(&mut *store, ()).await {
            Err(error) if error.downcast_ref::<Exited>().is_some_and(|exited| exited.0 == 0) => {}
            other => other?,
        }
        break;
    }
    Ok(process)
}

fn arm(store: &mut Store<Runner>) {
    store.limiter(|runner| &mut runner.memory);
    store.set_epoch_deadline(1);
    store.epoch_deadline_callback(|store| {
        let runner = store.data();
        if runner.meter.spent() > runner.limits.cpu {
            return Err(Refusal::cpu(runner.limits.cpu));
        }
        // As for plugins: a plain yield would starve timers.
        Ok(UpdateDeadline::YieldCustom(1, Box::pin(tokio::task::yield_now())))
    });
}

/// Makes a call under the limits of time; those of memory are in the store.
async fn bounded<T>(
    store: &mut Store<Runner>,
    call: impl for<'a> FnOnce(&'a mut Store<Runner>) -> Call<'a, T>,
) -> wasmtime::Result<T> {
    let meter = Arc::clone(&store.data().meter);
    let wall: Duration = store.data().limits.wall;
    meter.reset();
    store.set_epoch_deadline(1);
    tokio::time::timeout(wall, Metered::new(call(store), &meter))
        .await
        .unwrap_or_else(|_| Err(Refusal::wall(wall)))
}
