//! Loading the plugins that the flags name.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;
use forebay_lifecycle::Shutdown;
use forebay_metrics::Metrics;
use forebay_pipeline_operations::Endpoints;
use forebay_plugins_runtime::{
    Clusters, Embedded, Grants, HttpSettings, PluginFile, PluginLock, Plugins, Settings,
};

use crate::args;
use crate::embedded::EMBEDDED;

/// Loads the default plugins and those of the plugin folder. Files that can't be loaded are named
/// on standard error; the rest loads. `endpoints` are the paths of the process, where it is to have a server;
/// `output_closed` ends it, where it ends when nobody reads its standard output any more.
pub(crate) async fn load(
    flags: &args::Plugins,
    metrics: &Arc<Metrics>,
    output_closed: Option<&Shutdown>,
    endpoints: Option<Endpoints>,
) -> anyhow::Result<Plugins> {
    load_with(flags, metrics, output_closed, (endpoints, Clusters::default())).await
}

/// The same in a process that has Kafka clusters of its own.
pub(crate) async fn load_with(
    flags: &args::Plugins,
    metrics: &Arc<Metrics>,
    output_closed: Option<&Shutdown>,
    (endpoints, clusters): (Option<Endpoints>, Clusters),
) -> anyhow::Result<Plugins> {
    let args::Plugins { plugin_dir, plugin_grants, plugin_cache } = flags;
    let grants = grants(plugin_grants.as_deref())?;
    let (files, mut errors) = match plugin_dir {
        Some(folder) => PluginFile::read_folder(folder)?,
        None => (Vec::new(), Vec::new()),
    };
    let lock = match plugin_dir {
        Some(folder) => {
            PluginLock::read(folder).with_context(|| format!("read the lock in {}", folder.display()))?
        }
        None => PluginLock::default(),
    };
    let cache = plugin_cache.clone().or_else(default_cache);
    let settings = Settings {
        grants: grants.clone(),
        cache,
        output_closed: output_closed.cloned(),
        lock,
        others: vec![forebay_pipeline_engine::description()],
        clusters,
        copied: Some(let_go),
        http: HttpSettings { endpoints, ..HttpSettings::default() },
        ..Settings::default()
    };
    let (plugins, more) = Plugins::load(EMBEDDED, &files, settings, Arc::clone(metrics)).await?;
    errors.extend(more);
    for error in &errors {
        eprintln!("forebay: plugin not loaded: {error}");
    }
    if let Some(file) = plugin_grants {
        for name in grants.unknown(&plugins.infos()) {
            eprintln!("forebay: {}: no plugin is called {name}", file.display());
        }
    }
    Ok(plugins)
}

/// Lets go of the memory of what is embedded and was copied.
fn let_go(plugin: &Embedded) {
    // SAFETY: its code is a constant of this program.
    #[expect(unsafe_code, reason = "what is known here is not known where the memory is let go of")]
    unsafe {
        plugin.let_go();
    }
}

/// What a file grants; without one, nothing.
pub(crate) fn grants(file: Option<&Path>) -> anyhow::Result<Grants> {
    let Some(file) = file else { return Ok(Grants::default()) };
    let text = std::fs::read_to_string(file).with_context(|| format!("read {}", file.display()))?;
    Grants::parse(&text).with_context(|| format!("read {}", file.display()))
}

/// `$XDG_CACHE_HOME/forebay`, or `~/.cache/forebay`.
pub(crate) fn default_cache() -> Option<PathBuf> {
    let folder = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let caches = folder("XDG_CACHE_HOME").or_else(|| Some(folder("HOME")?.join(".cache")))?;
    Some(caches.join("forebay").join("code"))
}
