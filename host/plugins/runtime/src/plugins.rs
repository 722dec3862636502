//! All plugins of a process, and how components of them are opened.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use forebay_lifecycle::Shutdown;
use forebay_metrics::Metrics;
use forebay_pipeline_config::Catalog;
use forebay_pipeline_config::spec::{Description, Kind, PluginName};
use forebay_plugins_api::{
    Cache, Components, Form, IncrementalProcessor, Input, Mapping, MappingText, OpenError, Output,
    PipelineName, Problem, Processor, Rights, Scanner, Setup, Stated,
};
use futures_util::future::BoxFuture;
use wasmtime::Store;
use wasmtime::component::Linker;

use crate::account::{Account, Book, Owner};
use crate::bento::{self, Bento};
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
use crate::host::http::{HttpSettings, Service};
use crate::host::kafka::Clusters;
use crate::host::state::States;
use crate::instance::{Slot, arm};
use crate::limits::Limits;
use crate::load::{Linked, LoadError, LoadProblem, Loader, PluginFile};
use crate::lock::PluginLock;
use crate::meter::Metered;
use crate::plugin::{Digest, Embedded, Plugin, PluginInfo, PluginMetrics};
use crate::reload::{FirstLook, FolderWatch, first_look, show_build, warn_of_default};
use crate::scope::Scope;
use crate::serving::{Serving, name_taken};
use crate::watchdog::{Trusted, Watchdog};

/// What the plugins of a process are loaded with.
#[derive(Debug, Default)]
pub struct Settings {
    pub grants: Grants,
    pub limits: Limits,
    /// Where compiled code is kept; `None`: nowhere.
    pub cache: Option<PathBuf>,
    /// Is cancelled when the standard output turns out to be closed: nobody reads it any more, and trying again is of no
    /// use. Whoever gives it ends the process then: what is written there until it does neither succeeds nor fails.
    /// `None`: it fails.
    pub output_closed: Option<Shutdown>,
    pub http: HttpSettings,
    /// The Kafka clusters that the process has, by their names.
    pub clusters: Clusters,
    /// Is told of an embedded plugin each time when its code has been copied, and is of no more use where it is.
    pub copied: Option<fn(&Embedded)>,
    /// The lock of the folder that the files are of.
    pub lock: PluginLock,
    /// Components that others provide and that are listed with those of plugins: their names are taken. Names of
    /// different descriptions differ.
    pub others: Vec<Description>,
}

/// All plugins of a process.
#[derive(Debug, Clone)]
pub struct Plugins {
    shared: Arc<Shared>,
}

/// What every instance needs.
pub(crate) struct Shared {
    pub(crate) serving: Serving,
    pub(crate) grants: Grants,
    pub(crate) output_closed: Option<Shutdown>,
    pub(crate) metrics: Arc<Metrics>,
    /// What components have used.
    accounts: Book,
    /// What components keep beyond their instances.
    pub(crate) states: Arc<States>,
    /// The processor that is the host's own.
    pub(crate) bento: Bento,
    pub(crate) http: Arc<Service>,
    pub(crate) clusters: Clusters,
    /// The instances that nothing interrupts, and what they are of.
    pub(crate) trusted: Trusted,
    pub(crate) embedded: Vec<Embedded>,
    /// What the files held from which plugins were loaded.
    pub(crate) first_look: BTreeMap<PathBuf, FirstLook>,
    /// Last, because of the engines in it.
    pub(crate) loader: Loader,
}

impl Plugins {
    /// Loads the embedded plugins, then `files`, which may take the place of embedded ones by their
    /// name. What can't be loaded is left out and named.
    ///
    /// # Errors
    /// When the engine can't be started on this machine.
    // Boxed, like what else is large and public here, so that it is compiled once, with this crate: the
    // body of an async function is compiled wherever it is awaited.
    pub fn load<'a>(
        embedded: &'a [Embedded],
        files: &'a [PluginFile],
        settings: Settings,
        metrics: Arc<Metrics>,
    ) -> BoxFuture<'a, Result<(Self, Vec<LoadError>), StartError>> {
        Box::pin(Self::load_all(embedded, files, settings, metrics))
    }

    async fn load_all(
        embedded: &[Embedded],
        files: &[PluginFile],
        settings: Settings,
        metrics: Arc<Metrics>,
    ) -> Result<(Self, Vec<LoadError>), StartError> {
        let Settings { grants, limits, cache, output_closed, http, clusters, copied, lock, others } =
            settings;
        let engines = Engines::new().map_err(StartError)?;
        let (plain, epochs) = linkers(&engines).map_err(StartError)?;
        let loader = Loader {
            plain,
            epochs,
            cache: cache.map(CodeCache::new),
            metrics: Arc::clone(&metrics),
            limits,
            copied,
            engines,
        };

        let mut errors = Vec::new();
        let mut loaded: Vec<Arc<Plugin>> = Vec::new();
        for file in files {
            let name = file.path.display().to_string();
            let described = describe(&loader, loader.file(file), false).await;
            let checked = described.and_then(|plugin| {
                lock.check_name(&file.path, plugin.digest(), plugin.name()).map(|()| plugin)
            });
            match checked {
                Ok(plugin) => match loaded.iter().find(|other| other.name() == plugin.name()) {
                    Some(other) => {
                        errors.push(LoadError { file: name, problem: name_taken(&plugin, other) });
                    }
                    None => loaded.push(Arc::new(plugin)),
                },
                Err(problem) => errors.push(LoadError { file: name, problem }),
            }
        }
        let mut defaults = Vec::new();
        for plugin in embedded {
            let loaded = match loader.described(plugin) {
                Some(loaded) => loaded,
                None => describe(&loader, loader.embedded(plugin), true).await,
            };
            match loaded {
                Ok(plugin) => defaults.push(Arc::new(plugin)),
                Err(problem) => errors.push(LoadError { file: plugin.file.to_owned(), problem }),
            }
        }
        let (serving, refused) = Serving::new(others, defaults, loaded);
        errors.extend(
            refused
                .into_iter()
                .map(|(plugin, problem)| LoadError { file: plugin.info.origin.clone(), problem }),
        );
        let first_look = first_look(files, &errors);
        let bento = Bento::new(loader.engines.get(Interruption::Epochs), &metrics);
        let shared = Shared {
            serving,
            grants,
            output_closed,
            metrics,
            accounts: Book::default(),
            states: Arc::default(),
            bento,
            http: Arc::new(Service::new(http)),
            clusters,
            trusted: Trusted::default(),
            embedded: embedded.to_vec(),
            first_look,
            loader,
        };
        for plugin in shared.serving.snapshot().plugins.values() {
            show_build(&shared, plugin, true);
            warn_of_default(&shared, plugin);
        }
        Ok((Self { shared: Arc::new(shared) }, errors))
    }

    /// The interfaces that a plugin imports, and those that it exports.
    #[must_use]
    pub fn interfaces(&self, plugin: &PluginName) -> Option<(Vec<String>, Vec<String>)> {
        let snapshot = self.shared.serving.snapshot();
        let code = snapshot.plugins.get(plugin)?.code.get(&self.shared.loader).ok()?;
        let component = code.pre.component();
        let (kind, engine) = (component.component_type(), component.engine());
        let imports = kind.imports(engine).map(|(name, _)| name.to_owned()).collect();
        let exports = kind.exports(engine).map(|(name, _)| name.to_owned()).collect();
        Some((imports, exports))
    }

    /// Watches the folder that the files of [`Plugins::load`] were read from.
    #[must_use]
    pub fn watch(&self, folder: PathBuf) -> FolderWatch {
        FolderWatch::new(Arc::clone(&self.shared), folder)
    }

    /// Starts the threads of connections, which are else started when a plugin first needs them, with the priority of who
    /// does.
    ///
    /// # Errors
    /// When the system refuses threads.
    pub fn start_connections(&self) -> Result<(), String> {
        self.shared.http.spawner().map(drop)
    }

    /// Looks after default plugins that keep their threads, and cancels `stuck` when one does.
    #[must_use]
    pub fn watchdog(&self, stuck: Shutdown) -> Watchdog {
        Watchdog::new(Arc::clone(&self.shared), stuck)
    }

    /// What is loaded, sorted by name.
    #[must_use]
    pub fn infos(&self) -> Vec<PluginInfo> {
        let mut infos: Vec<_> =
            self.shared.serving.snapshot().plugins.values().map(|plugin| plugin.info.clone()).collect();
        infos.sort_by(|left, right| left.name.as_str().cmp(right.name.as_str()));
        infos
    }

    /// Forgets what the components of a pipeline have kept: call it when the pipeline is removed, and
    /// not when it is only started afresh.
    pub fn remove_pipeline(&self, pipeline: &PipelineName) {
        self.shared.states.remove_pipeline(pipeline);
    }
}

impl Shared {
    /// A store for one instance of a plugin.
    pub(crate) fn store(
        self: &Arc<Self>,
        kind: Kind,
        plugin: &Plugin,
        setup: &Setup,
        account: &Arc<Account>,
    ) -> Store<Guest> {
        let scope = Arc::new(Scope::new(kind, plugin, setup, self, account));
        let expressions = if kind == Kind::Mapping {
            Expressions::none()
        } else {
            // A language works with the rights of whoever calls it, not with its own.
            let rights = if plugin.is_default() { setup.rights } else { Rights::Lent };
            Expressions::new(self, &Setup { rights, ..setup.clone() })
        };
        let guest = Guest::new(scope, setup, expressions);
        let mut store = Store::new(self.loader.engines.get(plugin.info.interruption), guest);
        arm(&mut store, plugin.info.interruption);
        store
    }

    /// What the instances of a component of a build are charged to.
    pub(crate) fn account(&self, kind: Kind, plugin: &Plugin, setup: &Setup) -> Arc<Account> {
        self.account_of(kind, plugin.name(), plugin.digest(), &plugin.metrics, setup)
    }

    /// The same for what is no plugin.
    pub(crate) fn account_of(
        &self,
        kind: Kind,
        plugin: &PluginName,
        build: &Digest,
        metrics: &PluginMetrics,
        setup: &Setup,
    ) -> Arc<Account> {
        let limits = self.limits(plugin, build, setup);
        self.accounts.account(Owner::new(kind, plugin, build, setup), limits, metrics)
    }

    /// The limits of a component: the usual ones, with what the grants say of its plugin, with what its
    /// own configuration says. That may raise them only with the rights of whoever started the process.
    fn limits(&self, plugin: &PluginName, digest: &Digest, setup: &Setup) -> Limits {
        let granted = self.grants.limits(&self.loader.limits, plugin, digest, setup);
        let wanted = granted.with(&setup.limits);
        match setup.rights {
            Rights::Starter => wanted,
            Rights::Granted | Rights::Lent => wanted.within(&granted),
        }
    }

    /// Whether something is said about every grant that a plugin needs.
    pub(crate) fn check_grants(&self, plugin: &Plugin, setup: &Setup) -> Result<(), OpenError> {
        // They can do more than most pipelines ask of them, such as reading certificates: what is asked for, and not
        // granted, is refused then.
        if plugin.is_default() {
            return Ok(());
        }
        let missing = self.grants.missing(&plugin.needs, plugin.name(), plugin.digest(), setup);
        if missing.is_empty() {
            return Ok(());
        }
        let lines: Vec<String> = missing.iter().map(ToString::to_string).collect();
        let (name, pipeline) = (plugin.name(), &setup.pipeline);
        Err(OpenError::Problem(Problem {
            message: format!(
                "plugin `{name}` uses what nothing grants it in pipeline `{pipeline}`: \
                 add {{plugin: {name}, {}}} to the grants, with empty lists where it does without",
                lines.join(", ")
            ),
            field: String::new(),
            line: 0,
            column: 0,
        }))
    }

    /// The plugin that provides a component.
    fn plugin(&self, kind: Kind, setup: &Setup) -> Result<Arc<Plugin>, OpenError> {
        self.serving.find(kind, setup.name.as_str(), setup.stated.pin.as_ref())
    }

    /// An instance of a mapping language, for the component that `setup` is of.
    pub(crate) fn mapping_language(
        self: &Arc<Self>,
        language: &str,
        setup: &Setup,
    ) -> Result<Slot<MappingExports>, OpenError> {
        let plugin = self.serving.find(Kind::Mapping, language, None)?;
        let name = language
            .parse()
            .map_err(|_| OpenError::Unknown { kind: "mapping", name: language.to_owned() })?;
        let setup = Setup { name, config: serde_json::json!({}), stated: Stated::default(), ..setup.clone() };
        Ok(Slot::closed(self, &plugin, setup))
    }
}

#[async_trait]
impl Components for Plugins {
    fn catalog(&self) -> Arc<Catalog> {
        self.shared.serving.catalog()
    }

    fn metrics(&self) -> Arc<Metrics> {
        Arc::clone(&self.shared.metrics)
    }

    async fn open_input(&self, setup: Setup) -> Result<Box<dyn Input>, OpenError> {
        let plugin = self.shared.plugin(Kind::Input, &setup)?;
        Ok(Box::new(InputComponent::new(Slot::open(&self.shared, &plugin, setup).await?)))
    }

    async fn open_processor(&self, setup: Setup) -> Result<Box<dyn Processor>, OpenError> {
        if self.shared.serving.is_hosts_own(Kind::Processor, setup.name.as_str()) {
            return bento::open(&self.shared, setup).await;
        }
        let plugin = self.shared.plugin(Kind::Processor, &setup)?;
        Ok(Box::new(ProcessorComponent::new(Slot::open(&self.shared, &plugin, setup).await?)))
    }

    async fn open_output(&self, setup: Setup) -> Result<Box<dyn Output>, OpenError> {
        let plugin = self.shared.plugin(Kind::Output, &setup)?;
        Ok(Box::new(OutputComponent::new(Slot::open(&self.shared, &plugin, setup).await?)))
    }

    async fn open_scanner(&self, setup: Setup) -> Result<Box<dyn Scanner>, OpenError> {
        let plugin = self.shared.plugin(Kind::Scanner, &setup)?;
        Ok(Box::new(ScannerComponent::new(Slot::open(&self.shared, &plugin, setup).await?)))
    }

    async fn open_incremental(&self, setup: Setup) -> Result<Box<dyn IncrementalProcessor>, OpenError> {
        let plugin = self.shared.plugin(Kind::Processor, &setup)?;
        Ok(Box::new(IncrementalComponent::new(Slot::open(&self.shared, &plugin, setup).await?)))
    }

    async fn open_cache(&self, setup: Setup) -> Result<Box<dyn Cache>, OpenError> {
        let plugin = self.shared.plugin(Kind::Cache, &setup)?;
        Ok(Box::new(CacheComponent::new(Slot::open(&self.shared, &plugin, setup).await?)))
    }

    async fn check_mapping(&self, text: MappingText<'_>) -> Result<(), OpenError> {
        let name = text
            .language
            .parse()
            .map_err(|_| OpenError::Unknown { kind: "mapping", name: text.language.to_owned() })?;
        let setup = Setup::new(PipelineName::new("lint"), "", name);
        let mut slot = self.shared.mapping_language(text.language, &setup)?;
        expressions::check(&mut slot, text).await
    }

    async fn open_mapping(
        &self,
        text: MappingText<'_>,
        setup: &Setup,
    ) -> Result<Box<dyn Mapping>, OpenError> {
        let slot = self.shared.mapping_language(text.language, setup)?;
        let mapping = expressions::Compiled::compile(slot, text).await?;
        Ok(Box::new(mapping))
    }
}

/// How long a plugin may take to describe itself: nothing else starts meanwhile.
const DESCRIBE: Duration = Duration::from_secs(10);

/// Makes a plugin of what it says of itself.
pub(crate) async fn describe(
    loader: &Loader,
    linked: Result<Linked, LoadProblem>,
    is_default: bool,
) -> Result<Plugin, LoadProblem> {
    let linked = linked?;
    let described = ask(loader, &linked).await?;
    loader.finish(linked, &described, is_default)
}

/// What a plugin says of itself: `describe`, called in an instance of its own.
pub(crate) async fn ask(loader: &Loader, linked: &Linked) -> Result<String, LoadProblem> {
    let limits = &loader.limits;
    let name = |error: String| LoadProblem::Describe(error);
    // What it counts meanwhile is nobody's.
    let limits = Limits { wall: limits.wall.min(DESCRIBE), ..limits.clone() };
    let scope = Scope::nobody(&Arc::new(Metrics::default()), limits).map_err(name)?;
    let setup =
        Setup { rights: Rights::Granted, ..Setup::new(scope.pipeline.clone(), "", scope.component.clone()) };
    let guest = Guest::new(Arc::new(scope), &setup, Expressions::none());
    let limits = Arc::clone(&guest.limits);
    let mut store = Store::new(linked.code.pre.engine(), guest);
    arm(&mut store, linked.interruption);
    let meter = Arc::clone(&store.data().meter);
    let call = async {
        let instance = linked.code.pre.instantiate_async(&mut store).await?;
        let exports = linked.description.load(&mut store, &instance)?;
        exports.call_describe(&mut store).await
    };
    let call = Metered::new(Box::pin(call), &meter);
    match tokio::time::timeout(limits.wall, call).await {
        Ok(Ok(described)) => Ok(described),
        Ok(Err(error)) => Err(LoadProblem::Describe(format!("{:#}", error.root_cause()))),
        Err(_) => Err(LoadProblem::Describe(format!("it took more than {:?}", limits.wall))),
    }
}

/// For plugins without epoch checks, and for those with them.
pub(crate) fn linkers(engines: &Engines) -> wasmtime::Result<(Linker<Guest>, Linker<Guest>)> {
    Ok((linker(engines, Interruption::None)?, linker(engines, Interruption::Epochs)?))
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
        f.debug_struct("Shared").field("plugins", &self.serving.snapshot().plugins).finish_non_exhaustive()
    }
}
