//! A small store for every component of a pipeline, which outlives its instances.

mod store;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use forebay_pipeline_config::spec::{ComponentName, Kind, PluginName};
use forebay_plugins_api::PipelineName;

use crate::bindings::forebay::state::state::Host;
use crate::guest::Guest;
use crate::limits::Limit;
use crate::scope::Scope;

use store::Store;

/// Whose a store is. No part of it comes from a guest.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Owner {
    pipeline: PipelineName,
    path: String,
    kind: Option<Kind>,
    component: ComponentName,
    plugin: PluginName,
}

/// The stores of all components of a process. They appear with their first use.
#[derive(Debug, Default)]
pub(crate) struct States {
    stores: Mutex<HashMap<Owner, Arc<Mutex<Store>>>>,
}

impl States {
    /// Drops what the components of a pipeline have kept. Instances that still run keep theirs until
    /// they end.
    pub(crate) fn remove_pipeline(&self, pipeline: &PipelineName) {
        lock(&self.stores).retain(|owner, _| owner.pipeline != *pipeline);
    }

    fn of(&self, owner: Owner) -> Arc<Mutex<Store>> {
        Arc::clone(lock(&self.stores).entry(owner).or_default())
    }
}

/// The store of the component that an instance works for.
#[derive(Debug)]
pub(crate) struct OwnState {
    states: Arc<States>,
    store: Option<Arc<Mutex<Store>>>,
}

impl OwnState {
    pub(crate) fn new(states: Arc<States>) -> Self {
        Self { states, store: None }
    }

    fn set(&mut self, scope: &Scope, key: String, value: Vec<u8>) -> Result<(), String> {
        set(&mut self.store(scope), scope, key, value)
    }

    fn store(&mut self, scope: &Scope) -> MutexGuard<'_, Store> {
        let states = &self.states;
        lock(self.store.get_or_insert_with(|| {
            states.of(Owner {
                pipeline: scope.pipeline.clone(),
                path: scope.path.clone(),
                kind: scope.kind,
                component: scope.component.clone(),
                plugin: scope.plugin.clone(),
            })
        }))
    }
}

impl Host for Guest {
    fn get(&mut self, key: String) -> wasmtime::Result<Option<Vec<u8>>> {
        self.host_call()?;
        Ok(self.state.store(&self.scope).get(&key).map(<[u8]>::to_vec))
    }

    fn set(&mut self, key: String, value: Vec<u8>) -> wasmtime::Result<Result<(), String>> {
        self.host_call()?;
        Ok(self.state.set(&self.scope, key, value))
    }

    fn delete(&mut self, key: String) -> wasmtime::Result<bool> {
        self.host_call()?;
        Ok(self.state.store(&self.scope).delete(&key))
    }

    fn keys(&mut self, prefix: String) -> wasmtime::Result<Vec<String>> {
        self.host_call()?;
        Ok(self.state.store(&self.scope).keys(&prefix))
    }

    fn compare_and_set(
        &mut self,
        key: String,
        expected: Option<Vec<u8>>,
        value: Option<Vec<u8>>,
    ) -> wasmtime::Result<Result<bool, String>> {
        self.host_call()?;
        let mut store = self.state.store(&self.scope);
        if store.get(&key) != expected.as_deref() {
            return Ok(Ok(false));
        }
        Ok(match value {
            Some(value) => set(&mut store, &self.scope, key, value).map(|()| true),
            None => {
                store.delete(&key);
                Ok(true)
            }
        })
    }
}

/// Sets a value, and notes what is used then.
fn set(store: &mut Store, scope: &Scope, key: String, value: Vec<u8>) -> Result<(), String> {
    let account = &scope.account;
    let set = store.set(key, value, &account.limits.state);
    account.metrics.used(Limit::State, store.bytes());
    if set.is_err() {
        account.metrics.struck(Limit::State);
    }
    set
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing that holds it can leave it half changed.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
