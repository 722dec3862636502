//! All plugins of a process, and how components of them are opened.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use forebay_lifecycle::Shutdown;
use forebay_metrics::Metrics;
use forebay_pipeline_config::Catalog;
use forebay_pipeline_config::spec::{Kind, PluginName};
use forebay_plugins_api::{
    Cache, Components, Form, IncrementalProcessor, Input, OpenError, Output, PipelineName, Processor, Rights,
    Scanner, Setup, Wakes,
};
use wasmtime::Store;
use wasmtime::component::Linker;

use crate::bindings::forebay::plugin::configuration::Form as WitForm;
use crate::cache::CodeCache;
use crate::components::cache::CacheComponent;
use crate::components::incremental::IncrementalComponent;
use crate::components::input::InputComponent;
use crate::components::mapping::MappingExports;
use crate::components::output::OutputComponent;
use crate::components::processor::ProcessorComponent;
use crate::components::scanner::ScannerComponent;
use crate::engine::{Engines, Interruption};
use crate::grants::Grants;
use crate::guest::Guest;
use crate::host::expressions::{self, Expressions};
use crate::instance::{Slot, arm};
use crate::limits::Limits;
use crate::load::{Linked, LoadError, LoadProblem, Loader, PluginFile, register};
use crate::meter::Metered;
use crate::plugin::{Embedded, Plugin, PluginInfo};
use crate::scope::Scope;

/// What the plugins of a process are loaded with.
#[derive(Debug, Default)]
pub struct Settings {
    pub grants: Grants,
    pub limits: Limits,
    /// Where compiled code is kept; `None`: nowhere.
    pub cache: Option<PathBuf>,
    /// Is cancelled when the standard output turns out to be closed: nobody reads it any more, and
    /// trying again is of no use.
    pub output_closed: Shutdown,
}

/// All plugins of a process.
#[derive(Debug)]
pub struct Plugins {
    shared: Arc<Shared>,
}

/// What every instance needs.
pub(crate) struct Shared {
    catalog: Catalog,
    plugins: HashMap<PluginName, Arc<Plugin>>,
    pub(crate) grants: Grants,
    limits: Arc<Limits>,
    pub(crate) output_closed: Shutdown,
    pub(crate) metrics: Arc<Metrics>,
    /// Keeps the epochs going. Last, so that they go on while plugins are dropped.
    _engines: Engines,
}

impl Plugins {
    /// Loads the embedded plugins, then `files`, which may take the place of embedded ones by their
    /// name. What can't be loaded is left out and named.
    ///
    /// # Errors
    /// When the engine can't be started on this machine.
    pub async fn load(
        embedded: &[Embedded],
        files: &[PluginFile],
        settings: Settings,
        metrics: Arc<Metrics>,
    ) -> Result<(Self, Vec<LoadError>), StartError> {
        let Settings { grants, limits, cache, output_closed } = settings;
        let engines = Engines::new().map_err(StartError)?;
        let plain = linker(&engines, Interruption::None).map_err(StartError)?;
        let epochs = linker(&engines, Interruption::Epochs).map_err(StartError)?;
        let cache = cache.map(CodeCache::new);
        let limits = Arc::new(limits);
        let loader = Loader {
            engines: &engines,
            plain: &plain,
            epochs: &epochs,
            cache: cache.as_ref(),
            metrics: &metrics,
        };

        let mut errors = Vec::new();
        let mut loaded: Vec<Arc<Plugin>> = Vec::new();
        for file in files {
            let name = file.path.display().to_string();
            match describe(&loader, loader.file(file), &limits, false).await {
                Ok(plugin) => match loaded.iter().find(|other| other.name() == plugin.name()) {
                    Some(other) => {
                        let taken = format!("plugin `{}` is {} already", plugin.name(), other.info.origin);
                        errors.push(LoadError { file: name, problem: LoadProblem::NameTaken(taken) });
                    }
                    None => loaded.push(Arc::new(plugin)),
                },
                Err(problem) => errors.push(LoadError { file: name, problem }),
            }
        }
        // Default plugins come first into the catalog, but for those that a file replaces.
        let mut ordered = Vec::new();
        for plugin in embedded {
            match describe(&loader, loader.embedded(plugin), &limits, true).await {
                Ok(plugin) if loaded.iter().any(|other| other.name() == plugin.name()) => {}
                Ok(plugin) => ordered.push(Arc::new(plugin)),
                Err(problem) => errors.push(LoadError { file: plugin.file.to_owned(), problem }),
            }
        }
        ordered.extend(loaded);

        let mut catalog = Catalog::default();
        let mut plugins = HashMap::new();
        for plugin in ordered {
            match register(&mut catalog, &plugin) {
                Ok(()) => drop(plugins.insert(plugin.name().clone(), plugin)),
                Err(problem) => errors.push(LoadError { file: plugin.info.origin.clone(), problem }),
            }
        }
        let shared = Shared { catalog, plugins, grants, limits, output_closed, metrics, _engines: engines };
        Ok((Self { shared: Arc::new(shared) }, errors))
    }

    /// What is loaded, sorted by name.
    #[must_use]
    pub fn infos(&self) -> Vec<PluginInfo> {
        let mut infos: Vec<_> = self.shared.plugins.values().map(|plugin| plugin.info.clone()).collect();
        infos.sort_by(|left, right| left.name.as_str().cmp(right.name.as_str()));
        infos
    }

    /// Compiles a text in a mapping language, to run it from outside of any plugin.
    ///
    /// # Errors
    /// The language is unknown, the text is at fault (with its position), or the plugin fails.
    pub async fn open_mapping(
        &self,
        language: &str,
        source: &str,
        form: Form,
        setup: &Setup,
    ) -> Result<expressions::Mapping, OpenError> {
        let slot = self.shared.mapping_language(language, setup)?;
        expressions::Mapping::compile(slot, language, source, form.into()).await
    }
}

impl Shared {
    /// A store for one instance of a plugin.
    pub(crate) fn store(self: &Arc<Self>, plugin: &Plugin, setup: &Setup) -> Store<Guest> {
        let scope = Arc::new(Scope::new(plugin, setup, self));
        let is_language = plugin
            .description
            .components()
            .iter()
            .any(|component| component.kind == Kind::Mapping && component.name == setup.name);
        let expressions = if is_language {
            Expressions::none()
        } else {
            // A language works with the rights of whoever calls it, not with its own.
            let rights = if plugin.is_default() { setup.rights } else { Rights::Granted };
            Expressions::new(self, &Setup { rights, ..setup.clone() })
        };
        let guest = Guest::new(scope, setup, expressions, Arc::clone(&self.limits));
        let mut store = Store::new(plugin.pre.engine(), guest);
        arm(&mut store, plugin.info.interruption);
        store
    }

    /// The plugin that provides a component.
    pub(crate) fn plugin(&self, kind: Kind, name: &str) -> Result<&Arc<Plugin>, OpenError> {
        let found = self.catalog.get(kind, name).and_then(|entry| self.plugins.get(&entry.plugin));
        found.ok_or_else(|| OpenError::Unknown { kind: kind.as_str(), name: name.to_owned() })
    }

    /// An instance of a mapping language, for the component that `setup` is of.
    pub(crate) fn mapping_language(
        self: &Arc<Self>,
        language: &str,
        setup: &Setup,
    ) -> Result<Slot<MappingExports>, OpenError> {
        let plugin = self.plugin(Kind::Mapping, language)?;
        let name = language
            .parse()
            .map_err(|_| OpenError::Unknown { kind: "mapping", name: language.to_owned() })?;
        let setup = Setup { name, config: serde_json::json!({}), ..setup.clone() };
        Ok(Slot::closed(self, plugin, setup))
    }
}

#[async_trait]
impl Components for Plugins {
    fn catalog(&self) -> &Catalog {
        &self.shared.catalog
    }

    async fn open_input(&self, setup: Setup) -> Result<Box<dyn Input>, OpenError> {
        let plugin = self.shared.plugin(Kind::Input, setup.name.as_str())?;
        Ok(Box::new(InputComponent::new(Slot::open(&self.shared, plugin, setup).await?)))
    }

    async fn open_processor(&self, setup: Setup) -> Result<Box<dyn Processor>, OpenError> {
        let plugin = self.shared.plugin(Kind::Processor, setup.name.as_str())?;
        Ok(Box::new(ProcessorComponent::new(Slot::open(&self.shared, plugin, setup).await?)))
    }

    async fn open_output(&self, setup: Setup) -> Result<Box<dyn Output>, OpenError> {
        let plugin = self.shared.plugin(Kind::Output, setup.name.as_str())?;
        Ok(Box::new(OutputComponent::new(Slot::open(&self.shared, plugin, setup).await?)))
    }

    async fn open_scanner(&self, setup: Setup) -> Result<Box<dyn Scanner>, OpenError> {
        let plugin = self.shared.plugin(Kind::Scanner, setup.name.as_str())?;
        Ok(Box::new(ScannerComponent::new(Slot::open(&self.shared, plugin, setup).await?)))
    }

    async fn open_incremental(&self, setup: Setup) -> Result<Box<dyn IncrementalProcessor>, OpenError> {
        let plugin = self.shared.plugin(Kind::Processor, setup.name.as_str())?;
        Ok(Box::new(IncrementalComponent::new(Slot::open(&self.shared, plugin, setup).await?)))
    }

    async fn open_cache(&self, setup: Setup) -> Result<Box<dyn Cache>, OpenError> {
        let plugin = self.shared.plugin(Kind::Cache, setup.name.as_str())?;
        Ok(Box::new(CacheComponent::new(Slot::open(&self.shared, plugin, setup).await?)))
    }

    async fn check_mapping(&self, language: &str, source: &str, form: Form) -> Result<(), OpenError> {
        let name = language
            .parse()
            .map_err(|_| OpenError::Unknown { kind: "mapping", name: language.to_owned() })?;
        let setup = Setup {
            pipeline: PipelineName::new("lint"),
            path: String::new(),
            label: None,
            name,
            config: serde_json::json!({}),
            rights: Rights::Starter,
            wakes: Arc::new(Wakes::default()),
        };
        let mut slot = self.shared.mapping_language(language, &setup)?;
        expressions::check(&mut slot, language, source, form.into()).await
    }
}

/// Calls `describe` in an instance of its own.
async fn describe(
    loader: &Loader<'_>,
    linked: Result<Linked, LoadProblem>,
    limits: &Arc<Limits>,
    is_default: bool,
) -> Result<Plugin, LoadProblem> {
    let linked = linked?;
    let name = |error: String| LoadProblem::Describe(error);
    // What it counts meanwhile is nobody's.
    let scope = Scope::nobody(&Arc::new(Metrics::default())).map_err(name)?;
    let setup = Setup {
        pipeline: scope.pipeline.clone(),
        path: String::new(),
        label: None,
        name: scope.component.clone(),
        config: serde_json::Value::Null,
        rights: Rights::Granted,
        wakes: Arc::new(Wakes::default()),
    };
    let guest = Guest::new(Arc::new(scope), &setup, Expressions::none(), Arc::clone(limits));
    let mut store = Store::new(linked.pre.engine(), guest);
    arm(&mut store, linked.interruption);
    let meter = Arc::clone(&store.data().meter);
    let call = async {
        let instance = linked.pre.instantiate_async(&mut store).await?;
        let exports = linked.description.load(&mut store, &instance)?;
        exports.call_describe(&mut store).await
    };
    let call = Metered::new(Box::pin(call), &meter);
    let described = match tokio::time::timeout(limits.wall, call).await {
        Ok(Ok(described)) => described,
        Ok(Err(error)) => return Err(LoadProblem::Describe(format!("{:#}", error.root_cause()))),
        Err(_) => return Err(LoadProblem::Describe(format!("it took more than {:?}", limits.wall))),
    };
    loader.finish(linked, &described, is_default)
}

fn linker(engines: &Engines, interruption: Interruption) -> wasmtime::Result<Linker<Guest>> {
    let mut linker = Linker::new(engines.get(interruption));
    crate::host::link(&mut linker)?;
    Ok(linker)
}

impl From<Form> for WitForm {
    fn from(form: Form) -> Self {
        match form {
            Form::Mapping => Self::Mapping,
            Form::Mutation => Self::Mutation,
            Form::Query => Self::Query,
            Form::Interpolation => Self::Interpolation,
        }
    }
}

/// The engine can't be started.
#[derive(Debug, thiserror::Error)]
#[error("start the WebAssembly engine: {0:#}")]
pub struct StartError(wasmtime::Error);

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared").field("plugins", &self.plugins).finish_non_exhaustive()
    }
}
