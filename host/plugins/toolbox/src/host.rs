//! Loading one plugin, as a pipeline would.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use forebay_lifecycle::clock;
use forebay_metrics::Metrics;
use forebay_pipeline_config::spec::Kind;
use forebay_pipeline_config::{Catalog, Entry};
use forebay_plugins_api::{Components as _, PipelineName, Setup, Wakes};
use forebay_plugins_runtime::{Digest, Embedded, Grants, Limits, PluginFile, PluginInfo, Plugins, Settings};

use crate::manifest::{self, Manifest};

/// The pipeline that everything here belongs to; grants can name it.
pub(crate) const PIPELINE: &str = "forebay-plugin";

/// What a plugin is loaded with.
#[derive(Debug)]
pub struct Host<'a> {
    /// The default plugins.
    pub embedded: &'a [Embedded],
    pub grants: Grants,
    pub limits: Limits,
    /// Where compiled code is kept; `None`: nowhere.
    pub cache: Option<PathBuf>,
}

/// A plugin that is loaded beside the default ones.
#[derive(Debug)]
pub(crate) struct Loaded {
    pub(crate) plugins: Plugins,
    pub(crate) info: PluginInfo,
    /// What the plugins state.
    pub(crate) catalog: Arc<Catalog>,
    pub(crate) metrics: Arc<Metrics>,
    /// Bytes of the file.
    pub(crate) size: usize,
    /// How long it took, compiling included where the code was not kept.
    pub(crate) time: Duration,
}

impl Host<'_> {
    pub(crate) async fn load(&self, file: PluginFile) -> Result<Loaded> {
        let metrics = Arc::new(Metrics::default());
        let size = file.bytes.len();
        let settings = Settings {
            // Whoever makes a plugin sees what is denied where it is called.
            grants: self.grants.clone().and_nothing_else(&Digest::of(&file.bytes)),
            limits: self.limits.clone(),
            cache: self.cache.clone(),
            ..Settings::default()
        };
        let files = [file];
        let origin = files[0].path.display().to_string();
        let start = clock::now();
        let (plugins, errors) = Plugins::load(self.embedded, &files, settings, Arc::clone(&metrics)).await?;
        let time = clock::now() - start;
        if let Some(error) = errors.into_iter().find(|error| error.file == origin) {
            bail!(error);
        }
        let info = plugins.infos().into_iter().find(|info| info.origin == origin);
        let info = info.with_context(|| format!("{origin} was not loaded"))?;
        Ok(Loaded { catalog: plugins.catalog(), plugins, info, metrics, size, time })
    }

    /// Loads a file, or the component that was built in a folder.
    pub(crate) async fn open(&self, path: &Path) -> Result<Loaded> {
        self.load(read(path)?).await
    }
}

/// A file, or the component that was built in a folder.
pub(crate) fn read(path: &Path) -> Result<PluginFile> {
    let path = if path.is_dir() {
        let component = Manifest::read(path)?.component();
        if !component.exists() {
            bail!("there is no {}: run `forebay plugin build {}` first", component.display(), path.display());
        }
        component
    } else {
        path.to_owned()
    };
    let bytes = std::fs::read(&path).with_context(|| format!("read {}", path.display()))?;
    Ok(PluginFile { path, bytes })
}

/// Whether a path is a folder of source.
pub(crate) fn is_source(path: &Path) -> bool {
    path.join(manifest::FILE).is_file()
}

impl Loaded {
    /// The components of the plugin, sorted by kind and name.
    pub(crate) fn components(&self) -> Vec<&Entry> {
        self.catalog.iter().filter(|entry| entry.plugin == self.info.name).collect()
    }

    /// The component of this kind and name, or the only one of its kind.
    pub(crate) fn component(&self, kind: Kind, name: Option<&str>) -> Result<&Entry> {
        let all: Vec<&Entry> =
            self.components().into_iter().filter(|entry| entry.spec.kind == kind).collect();
        let names = || all.iter().map(|entry| entry.spec.name.as_str()).collect::<Vec<_>>().join(", ");
        match (name, all.as_slice()) {
            (_, []) => bail!("the plugin `{}` has no {kind}", self.info.name),
            (None, [one]) => Ok(one),
            (None, _) => {
                bail!("the plugin `{}` has several of kind {kind}; name one: {}", self.info.name, names())
            }
            (Some(name), all) => {
                let found = all.iter().find(|entry| entry.spec.name.as_str() == name).copied();
                found.with_context(|| format!("the plugin has no {kind} `{name}`; it has: {}", names()))
            }
        }
    }

    /// The value of one of the plugin's counters and gauges.
    pub(crate) fn metric(&self, name: &str, plugin: &str) -> f64 {
        let rendered = self.metrics.render();
        let is_it = |line: &&str| {
            line.strip_prefix(name).is_some_and(|rest| {
                let rest = rest.strip_prefix("_total").unwrap_or(rest);
                rest.starts_with('{') && rest.contains(&format!("plugin=\"{plugin}\""))
            })
        };
        let value = rendered.lines().find(is_it).and_then(|line| line.rsplit(' ').next()?.parse().ok());
        value.unwrap_or(0.0)
    }
}

/// What a component is opened with.
pub(crate) fn setup(entry: &Entry, config: serde_json::Value, wakes: &Arc<Wakes>) -> Setup {
    let path = format!("{}.{}", entry.spec.kind, entry.spec.name);
    Setup {
        config,
        wakes: Arc::clone(wakes),
        ..Setup::new(PipelineName::new(PIPELINE), &path, entry.spec.name.clone())
    }
}
