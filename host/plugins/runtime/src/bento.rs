//! Bento's processor `wasm`: core modules with the ABI of its `public/wasm`, run by the host under the
//! limits of plugins.
//!
//! A module imports functions of `bento_wasm` (see `abi.rs`) and of WASI preview 1 (`preview1.rs`), and
//! exports a function without parameters, which is called for one message after the other, and the
//! functions of its allocator: `malloc` and `free` as TinyGo has them, or `allocate` and `deallocate`
//! as in Bento's Rust example.
//!
//! As in Bento: metadata is text; what a host function refuses flags the message and the module goes
//! on; a trap fails the batch. Other than there: after a trap the module starts afresh, and it is bound
//! by the limits of memory, CPU time and time for each message.

mod abi;
mod instance;
mod message;
mod module;
mod preview1;
mod processor;
mod text;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use forebay_metrics::Metrics;
use forebay_pipeline_config::spec::{Description, Kind, PluginName};
use forebay_plugins_api::{OpenError, Problem, Processor, Rights, Setup};
use serde_json::json;
use wasmtime::Engine;

use crate::account::Account;
use crate::grants::{Access, Allowed};
use crate::plugin::{Digest, PluginMetrics};
use crate::plugins::Shared;

use module::Module;
use processor::WasmProcessor;

/// The plugin that stands for this part of the host in grants, metrics and errors.
pub(crate) const PLUGIN: &str = "bento-wasm";
const COMPONENT: &str = "wasm";

/// What all components here share.
pub(crate) struct Bento {
    engine: Engine,
    name: PluginName,
    /// Stands for a digest in grants.
    digest: Digest,
    /// Compiled modules that are in use, by what they were compiled of.
    modules: Mutex<HashMap<Digest, Weak<Module>>>,
    metrics: PluginMetrics,
}

impl Bento {
    /// `engine` must interrupt what it runs.
    pub(crate) fn new(engine: &Engine, metrics: &Metrics) -> Self {
        let name = PLUGIN.parse().expect("our own names are well-formed");
        Self {
            engine: engine.clone(),
            metrics: PluginMetrics::new(metrics, &name),
            digest: Digest::of(PLUGIN.as_bytes()),
            name,
            modules: Mutex::default(),
        }
    }

    fn account(&self, shared: &Shared, setup: &Setup) -> Arc<Account> {
        shared.account_of(Kind::Processor, &self.name, &self.digest, &self.metrics, setup)
    }

    /// The module in a file, compiled once for all who use it at a time.
    async fn module(&self, path: &str, file: std::path::PathBuf) -> Result<Arc<Module>, String> {
        let read = move || module::read(&file);
        let bytes = tokio::task::spawn_blocking(read).await.unwrap_or_else(|error| Err(error.to_string()))?;
        let digest = Digest::of(&bytes);
        if let Some(module) = self.known(&digest) {
            return Ok(module);
        }
        let (engine, path) = (self.engine.clone(), path.to_owned());
        let compile = move || Module::compile(&engine, &path, &bytes);
        let compiled = tokio::task::spawn_blocking(compile).await;
        let compiled = Arc::new(compiled.unwrap_or_else(|error| Err(error.to_string()))?);
        let mut modules = self.modules.lock().unwrap_or_else(PoisonError::into_inner);
        modules.retain(|_, module| module.strong_count() > 0);
        modules.insert(digest, Arc::downgrade(&compiled));
        Ok(compiled)
    }

    fn known(&self, digest: &Digest) -> Option<Arc<Module>> {
        self.modules.lock().unwrap_or_else(PoisonError::into_inner).get(digest)?.upgrade()
    }
}

/// What the host states of its own component.
pub(crate) fn description() -> Description {
    let description = json!({
        "contract": 1,
        "plugin": {"name": PLUGIN, "version": env!("CARGO_PKG_VERSION"),
            "summary": "Runs modules made for Bento's wasm processor."},
        "components": [{
            "kind": "processor", "name": COMPONENT, "status": "experimental",
            "summary": "Runs a function of a WebAssembly module for each message.",
            "description": "For modules made for Bento's processor of this name. A module sees one message \
                at a time, its payload and its metadata as text. What traps, or passes a limit, fails its \
                batch. What is made anew is better made as a plugin.",
            "config": {"type": "object", "fields": [
                {"name": "module_path", "type": "string", "docs": "The path of the module."},
                {"name": "function", "type": "string", "default": "process",
                    "docs": "The name of the function, which the module exports and which takes nothing."},
            ]},
        }],
    });
    Description::from_json(&description.to_string()).expect("our own description is well-formed")
}

/// Whether this is the name that stands for this part of the host.
pub(crate) fn is_own(plugin: &PluginName) -> bool {
    plugin.as_str() == PLUGIN
}

/// Opens the processor, to learn whether its module is right.
pub(crate) async fn open(shared: &Arc<Shared>, setup: Setup) -> Result<Box<dyn Processor>, OpenError> {
    let bento = &shared.bento;
    let text = |field: &str| setup.config.get(field).and_then(|value| value.as_str()).unwrap_or_default();
    let path = text("module_path").to_owned();
    let at_path = |message: String| problem("/module_path", message);
    let allowed = match setup.rights {
        Rights::Starter => Allowed::everything(),
        Rights::Granted | Rights::Lent => shared.grants.of(&bento.name, &bento.digest, &setup),
    };
    let file = allowed.file(path.as_ref(), Access::Read).map_err(at_path)?;
    let module = bento.module(&path, file).await.map_err(at_path)?;
    let function = text("function").to_owned();
    module.check_function(&function).map_err(|message| problem("/function", message))?;
    let mut processor = WasmProcessor::new(shared, setup.clone(), module, path, function);
    processor.start().await.map_err(OpenError::Lost)?;
    Ok(Box::new(processor))
}

fn problem(field: &str, message: String) -> OpenError {
    OpenError::Problem(Problem { message, field: field.to_owned(), line: 0, column: 0 })
}
