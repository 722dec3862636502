//! Loading plugins: what a file must be, and what is wrong with one that is not.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use forebay_metrics::Metrics;
use forebay_pipeline_config::Catalog;
use forebay_pipeline_config::spec::{Description, PluginName};
use wasmtime::component::{Component, Linker};

use crate::bindings::exports::forebay::plugin as exports;
use crate::cache::CodeCache;
use crate::engine::{Engines, Interruption};
use crate::grants::Need;
use crate::guest::Guest;
use crate::limits::Limits;
use crate::lock::{LOCK_FILE, PluginLock};
use crate::plugin::{
    Code, Described, Digest, Embedded, Import, Keeping, Kinds, Plugin, PluginInfo, PluginMetrics,
};

/// The contract that this host knows.
const CONTRACT: &str = "0.1.0";
const NAMESPACE: &str = "forebay:";

/// A file that may be a plugin.
#[derive(Debug, Clone)]
pub struct PluginFile {
    pub path: PathBuf,
    pub bytes: Vec<u8>,
}

impl PluginFile {
    /// Reads every `.wasm` file of a folder, sorted by name.
    ///
    /// # Errors
    /// When the folder, or the lock in it, can't be read; files that can't be read, or are not what the
    /// lock says, are named and left out.
    pub fn read_folder(folder: &Path) -> Result<(Vec<Self>, Vec<LoadError>), LoadError> {
        let unreadable = |path: &Path, error: &std::io::Error| LoadError {
            file: path.display().to_string(),
            problem: LoadProblem::Unreadable(error.to_string()),
        };
        let paths = Self::paths(folder).map_err(|error| unreadable(folder, &error))?;
        let locked = |path: &Path, problem| LoadError { file: path.display().to_string(), problem };
        let lock = PluginLock::read(folder).map_err(|problem| locked(&folder.join(LOCK_FILE), problem))?;
        let (mut files, mut errors) = (Vec::new(), Vec::new());
        for path in paths {
            match std::fs::read(&path) {
                Ok(bytes) => match lock.check(&path, &Digest::of(&bytes)) {
                    Ok(()) => files.push(Self { path, bytes }),
                    Err(problem) => errors.push(locked(&path, problem)),
                },
                Err(error) => errors.push(unreadable(&path, &error)),
            }
        }
        Ok((files, errors))
    }

    /// The `.wasm` files of a folder, sorted by name.
    pub(crate) fn paths(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
        let entries = std::fs::read_dir(folder)?;
        let mut paths: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
        paths.retain(|path| path.extension().is_some_and(|extension| extension == "wasm"));
        paths.sort();
        Ok(paths)
    }
}

/// A file that is not loaded, and why.
#[derive(Debug, thiserror::Error)]
#[error("{file}: {problem}")]
pub struct LoadError {
    pub file: String,
    pub problem: LoadProblem,
}

/// What is wrong with a file.
#[derive(Debug, thiserror::Error)]
pub enum LoadProblem {
    #[error("can't be read: {0}")]
    Unreadable(String),
    #[error("the file is empty")]
    Empty,
    #[error("the file is not WebAssembly")]
    NotWasm,
    #[error("the file is a core module, not a component: build it for the target wasm32-wasip2")]
    CoreModule,
    #[error("the component is truncated or malformed: {0}")]
    Malformed(String),
    #[error("the component is for version {found} of the plugin contract, this host knows {CONTRACT}")]
    UnknownContract { found: String },
    #[error("the component is no plugin: it does not export forebay:plugin/description@{CONTRACT}")]
    NoDescription,
    #[error("the component imports {import}, which this host does not have")]
    UnknownImport { import: String },
    #[error("describe failed: {0}")]
    Describe(String),
    #[error("its description is not usable: {0}")]
    Description(String),
    #[error(
        "its description names the {kind} `{component}`, but it exports no forebay:plugin/{interface}@{CONTRACT}"
    )]
    NotExported { kind: &'static str, component: String, interface: &'static str },
    #[error("{0}")]
    NameTaken(String),
    #[error("the lock can't be used: {0}")]
    Lock(String),
    #[error("plugins.lock says {expected}, the file is {found}: pull it again, or take it out of the lock")]
    NotLocked { expected: String, found: Digest },
    #[error(
        "it describes itself as plugin `{says}`, {}",
        if *.belongs {
            format!("which is {says}.wasm in plugins.lock: take it out of the folder, or that name out of the lock")
        } else {
            "plugins.lock has its file under another name: pull it again, or take it out of the lock".to_owned()
        }
    )]
    LockedName {
        says: PluginName,
        /// Whether that name is another file's, in the lock.
        belongs: bool,
    },
}

/// Turns files into plugins.
pub(crate) struct Loader {
    pub(crate) plain: Linker<Guest>,
    pub(crate) epochs: Linker<Guest>,
    pub(crate) cache: Option<CodeCache>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) limits: Limits,
    /// Is told of an embedded plugin each time when its code has been copied.
    pub(crate) copied: Option<fn(&Embedded)>,
    /// Keeps the epochs going. Last, so that they go on while plugins are dropped.
    pub(crate) engines: Engines,
}

/// A component that is linked, before it has described itself.
pub(crate) struct Linked {
    pub(crate) code: Code,
    pub(crate) description: exports::description::GuestIndices,
    digest: Digest,
    origin: String,
    pub(crate) interruption: Interruption,
    /// Where the code can be had from again.
    embedded: Option<Embedded>,
}

impl Loader {
    /// An embedded plugin as it was described when the program was built; `None` where it is to be asked itself.
    pub(crate) fn described(&self, plugin: &Embedded) -> Option<Result<Plugin, LoadProblem>> {
        let described = plugin.described.filter(|_| !self.distrusts(plugin))?;
        let made = Described::parse(described).map(|(description, imports)| {
            let (digest, origin) = (plugin.digest(), "embedded".to_owned());
            let name = description.plugin().name.clone();
            let info = PluginInfo { name, digest, origin, interruption: Interruption::None, imports };
            self.plugin(info, description, Keeping::from_first_use(*plugin), true)
        });
        Some(made)
    }

    fn distrusts(&self, plugin: &Embedded) -> bool {
        self.cache.as_ref().is_some_and(|cache| cache.distrusts(&plugin.digest()))
    }

    /// Links an embedded plugin.
    pub(crate) fn embedded(&self, plugin: &Embedded) -> Result<Linked, LoadProblem> {
        if self.distrusts(plugin) {
            return self.embedded_with_checks(plugin);
        }
        let linked = self.embedded_without_checks(plugin)?;
        Ok(Linked { embedded: Some(*plugin), ..linked })
    }

    /// The code of an embedded plugin that was loaded before.
    pub(crate) fn embedded_again(&self, plugin: &Embedded) -> Result<Code, LoadProblem> {
        Ok(self.embedded_without_checks(plugin)?.code)
    }

    fn embedded_without_checks(&self, plugin: &Embedded) -> Result<Linked, LoadProblem> {
        let engine = self.engines.get(Interruption::None);
        // SAFETY: the bytes are part of this program and were made by `precompile` when it was built;
        // wasmtime checks that they are of its own version and suit this processor.
        #[expect(unsafe_code, reason = "loading code that was compiled with this program")]
        let component = unsafe { Component::deserialize(engine, plugin.code) };
        let component = component.map_err(|error| LoadProblem::Malformed(format!("{error:#}")))?;
        if let Some(copied) = self.copied {
            copied(plugin);
        }
        self.link(&component, plugin.digest(), "embedded".to_owned(), Interruption::None)
    }

    /// Compiles and links an embedded plugin with epoch checks.
    pub(crate) fn embedded_with_checks(&self, plugin: &Embedded) -> Result<Linked, LoadProblem> {
        self.compile(plugin.component, plugin.digest(), "embedded".to_owned())
    }

    /// Compiles and links a file.
    pub(crate) fn file(&self, file: &PluginFile) -> Result<Linked, LoadProblem> {
        check_header(&file.bytes)?;
        self.compile(&file.bytes, Digest::of(&file.bytes), file.path.display().to_string())
    }

    fn compile(&self, bytes: &[u8], digest: Digest, origin: String) -> Result<Linked, LoadProblem> {
        let engine = self.engines.get(Interruption::Epochs);
        let component = match &self.cache {
            Some(cache) => cache.compile(engine, &digest, bytes),
            None => Component::new(engine, bytes),
        };
        let component = component.map_err(|error| LoadProblem::Malformed(format!("{error:#}")))?;
        self.link(&component, digest, origin, Interruption::Epochs)
    }

    fn link(
        &self,
        component: &Component,
        digest: Digest,
        origin: String,
        interruption: Interruption,
    ) -> Result<Linked, LoadProblem> {
        check_interfaces(component)?;
        let linker = if interruption == Interruption::None { &self.plain } else { &self.epochs };
        let malformed = |error: wasmtime::Error| LoadProblem::Malformed(format!("{error:#}"));
        let pre = linker.instantiate_pre(component).map_err(malformed)?;
        let description =
            exports::description::GuestIndices::new(&pre).map_err(|_| LoadProblem::NoDescription)?;
        let kinds = Kinds {
            inputs: exports::inputs::GuestIndices::new(&pre).ok(),
            processors: exports::processors::GuestIndices::new(&pre).ok(),
            incremental: exports::incremental_processors::GuestIndices::new(&pre).ok(),
            outputs: exports::outputs::GuestIndices::new(&pre).ok(),
            streaming: exports::streaming_outputs::GuestIndices::new(&pre).ok(),
            mappings: exports::mappings::GuestIndices::new(&pre).ok(),
            scanners: exports::scanners::GuestIndices::new(&pre).ok(),
            caches: exports::caches::GuestIndices::new(&pre).ok(),
        };
        let code = Code { pre, kinds };
        Ok(Linked { code, description, digest, origin, interruption, embedded: None })
    }

    /// Makes a plugin of what was linked and described.
    pub(crate) fn finish(
        &self,
        linked: Linked,
        described: &str,
        is_default: bool,
    ) -> Result<Plugin, LoadProblem> {
        let description =
            Description::from_json(described).map_err(|error| LoadProblem::Description(error.to_string()))?;
        check_kinds(&description, &linked.code.kinds)?;
        let Linked { code, digest, origin, interruption, embedded, description: _ } = linked;
        let name = description.plugin().name.clone();
        let imports = Import::all_of(code.pre.component());
        let info = PluginInfo { name, digest, origin, interruption, imports };
        // What can be had again is dropped until somebody uses it.
        let code = embedded.map_or_else(|| Keeping::Always(Arc::new(code)), Keeping::from_first_use);
        Ok(self.plugin(info, description, code, is_default))
    }

    fn plugin(&self, info: PluginInfo, description: Description, code: Keeping, is_default: bool) -> Plugin {
        let metrics = PluginMetrics::new(&self.metrics, &info.name);
        let needs = Need::of(&info.imports);
        Plugin { info, is_default, description, code, needs, metrics }
    }
}

/// Puts a plugin's components into the catalog.
pub(crate) fn register(catalog: &mut Catalog, plugin: &Arc<Plugin>) -> Result<(), LoadProblem> {
    catalog
        .insert_build(plugin.description.clone(), Some(plugin.digest()))
        .map_err(|taken| LoadProblem::NameTaken(taken.to_string()))
}

fn check_header(bytes: &[u8]) -> Result<(), LoadProblem> {
    const MAGIC: &[u8] = b"\0asm";
    const MODULE: &[u8] = &[1, 0, 0, 0];
    match bytes {
        [] => Err(LoadProblem::Empty),
        _ if !bytes.starts_with(&MAGIC[..bytes.len().min(4)]) => Err(LoadProblem::NotWasm),
        _ if bytes.len() < 8 => Err(LoadProblem::Malformed("it ends inside its header".to_owned())),
        _ if &bytes[4..8] == MODULE => Err(LoadProblem::CoreModule),
        _ => Ok(()),
    }
}

/// Whether the component speaks a version of the contract that this host knows.
fn check_interfaces(component: &Component) -> Result<(), LoadProblem> {
    let engine = component.engine();
    let kind = component.component_type();
    let names = kind.exports(engine).map(|(name, _)| name).chain(kind.imports(engine).map(|(name, _)| name));
    for name in names.filter(|name| name.starts_with("forebay:plugin/")) {
        let version = name.split_once('@').map_or("", |(_, version)| version);
        if version != CONTRACT {
            return Err(LoadProblem::UnknownContract { found: version.to_owned() });
        }
    }
    if kind.exports(engine).all(|(name, _)| name != format!("forebay:plugin/description@{CONTRACT}")) {
        return Err(LoadProblem::NoDescription);
    }
    const OURS: [&str; 22] = [
        "forebay:plugin/waits",
        "forebay:plugin/streams",
        "forebay:plugin/operations",
        "forebay:plugin/configuration",
        "forebay:plugin/batches",
        "forebay:plugin/scanned",
        "forebay:expressions/expressions",
        "forebay:files/files",
        "forebay:http/client",
        "forebay:http/listener",
        "forebay:http/outlet",
        "forebay:log/log",
        "forebay:metrics/metrics",
        "forebay:environment/environment",
        "forebay:state/state",
        "forebay:caches/caches",
        "forebay:rate-limits/rate-limits",
        "forebay:compression/compression",
        "forebay:subprocess/subprocess",
        "forebay:objects/objects",
        "forebay:kafka/kafka",
        "wasi:",
    ];
    for (import, _) in kind.imports(engine) {
        let (name, version) = import.split_once('@').unwrap_or((import, ""));
        let known = OURS.iter().any(|ours| *ours == name || (ours.ends_with(':') && name.starts_with(ours)));
        if !known || (name.starts_with(NAMESPACE) && version != CONTRACT) {
            return Err(LoadProblem::UnknownImport { import: import.to_owned() });
        }
    }
    Ok(())
}

/// Whether a plugin exports the interfaces of everything that it describes.
fn check_kinds(description: &Description, kinds: &Kinds) -> Result<(), LoadProblem> {
    use forebay_pipeline_config::spec::Kind;
    for component in description.components() {
        let (kind, interface, exported) = match component.kind {
            Kind::Input => ("input", "inputs", kinds.inputs.is_some()),
            Kind::Processor => ("processor", "processors", kinds.processors.is_some()),
            Kind::Output => ("output", "outputs", kinds.outputs.is_some()),
            Kind::Mapping => ("mapping language", "mappings", kinds.mappings.is_some()),
            Kind::Scanner => ("scanner", "scanners", kinds.scanners.is_some()),
            Kind::Cache => ("cache", "caches", kinds.caches.is_some()),
            // There is no interface for them: buffers are the host's.
            Kind::Buffer => ("buffer", "buffers", false),
            // Only the host has them: there is no such interface.
            Kind::RateLimit => ("rate limit", "rate-limits", false),
        };
        let component_name = || component.name.to_string();
        if !exported {
            return Err(LoadProblem::NotExported { kind, component: component_name(), interface });
        }
        if component.incremental && kinds.incremental.is_none() {
            let interface = "incremental-processors";
            return Err(LoadProblem::NotExported { kind, component: component_name(), interface });
        }
        if component.streams && kinds.streaming.is_none() {
            let interface = "streaming-outputs";
            return Err(LoadProblem::NotExported { kind, component: component_name(), interface });
        }
    }
    Ok(())
}
