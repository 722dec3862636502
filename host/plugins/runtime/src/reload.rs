//! Watching a folder of plugins while pipelines run.
//!
//! A file that is new, or whose content has changed, is loaded beside what serves, and takes its place only
//! when it compiled and described itself and none of its names is taken. What is wrong with a file is said
//! once for each content. Who works with a build goes over to the next one at a moment of its own choice.

use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;

use crate::load::{LoadError, LoadProblem, PluginFile};
use crate::lock::{LOCK_FILE, PluginLock};
use crate::plugin::{Digest, Plugin};
use crate::plugins::{Shared, describe};

/// Time between two looks at the folder.
const PAUSE: Duration = Duration::from_millis(500);

/// A folder that is looked at again and again.
///
/// Loading a plugin keeps its thread busy for seconds: run this on a thread where nobody waits.
#[derive(Debug)]
pub struct FolderWatch {
    shared: Arc<Shared>,
    folder: PathBuf,
    files: BTreeMap<PathBuf, Watched>,
    is_unreadable: bool,
    /// The lock as it was at the last look.
    lock: Option<Mark>,
}

/// What became of a file that has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reload {
    /// It serves.
    Loaded,
    /// It is no plugin.
    Broken,
    /// A name in it is taken, or the lock wants another build.
    Refused,
    /// It is gone.
    Removed,
}

/// A file, as it was at the last look.
#[derive(Debug, Default)]
struct Watched {
    mark: Mark,
    /// Whether its content was looked at since the mark has changed.
    is_settled: bool,
    /// It was not there at the last look.
    is_missing: bool,
    /// Its content when that was looked at.
    digest: Option<Digest>,
    /// It may be of use once another file is gone.
    is_refused: bool,
    /// It is to be loaded although it has not changed.
    is_retried: bool,
}

/// By what a change of a file is told.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Mark {
    length: u64,
    inode: u64,
    modified: (i64, i64),
}

impl FolderWatch {
    pub(crate) fn new(shared: Arc<Shared>, folder: PathBuf) -> Self {
        let known = |(path, seen): (&PathBuf, &FirstLook)| {
            let FirstLook { digest, is_refused } = seen.clone();
            (path.clone(), Watched { digest: Some(digest), is_refused, ..Watched::default() })
        };
        let files = shared.first_look.iter().map(known).collect();
        let lock = lock_mark(&folder);
        Self { shared, folder, files, is_unreadable: false, lock }
    }

    /// Looks again and again, for good.
    ///
    /// # Cancel safety
    /// Safe between two looks; a look that is dropped has published a change or has not.
    pub async fn run(mut self) {
        loop {
            self.look().await;
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Looks once: what has changed, and is as it was at the look before, is loaded.
    pub fn look(&mut self) -> BoxFuture<'_, Vec<Reload>> {
        Box::pin(self.look_once())
    }

    async fn look_once(&mut self) -> Vec<Reload> {
        let Some(found) = self.scan() else { return Vec::new() };
        let lock = lock_mark(&self.folder);
        if std::mem::replace(&mut self.lock, lock) != lock {
            self.retry_refused();
        }
        let mut outcomes = Vec::new();
        for (path, mark) in &found {
            if self.is_due(path, *mark) {
                outcomes.extend(self.consider(path, *mark).await);
            }
        }
        let gone: Vec<PathBuf> =
            self.files.keys().filter(|path| !found.contains_key(*path)).cloned().collect();
        for path in gone {
            outcomes.extend(self.miss(&path));
        }
        outcomes
    }

    /// The plugin files that there are; `None` when the folder can't be read, which changes nothing.
    fn scan(&mut self) -> Option<BTreeMap<PathBuf, Mark>> {
        match marks(&self.folder) {
            Ok(found) => {
                self.is_unreadable = false;
                Some(found)
            }
            Err(error) => {
                if !std::mem::replace(&mut self.is_unreadable, true) {
                    let folder = self.folder.display();
                    tracing::warn!(%folder, %error, "the plugin folder can't be read, all plugins stay");
                }
                None
            }
        }
    }

    /// Whether a file has changed, and is at rest.
    fn is_due(&mut self, path: &Path, mark: Mark) -> bool {
        let watched = self.files.entry(path.to_owned()).or_default();
        watched.is_missing = false;
        if watched.mark != mark {
            watched.mark = mark;
            watched.is_settled = false;
            return false;
        }
        !std::mem::replace(&mut watched.is_settled, true)
    }

    /// Loads what a file holds, unless that was looked at before.
    async fn consider(&mut self, path: &Path, mark: Mark) -> Option<Reload> {
        let read = std::fs::read(path);
        let is_same = std::fs::metadata(path).is_ok_and(|found| Mark::of(&found) == mark);
        let watched = self.files.get_mut(path)?;
        if !is_same {
            // It is being written; the next look finds another mark.
            watched.is_settled = false;
            return None;
        }
        let bytes = match read {
            Ok(bytes) => bytes,
            Err(error) => {
                let problem = LoadProblem::Unreadable(error.to_string());
                watched.digest = None;
                return Some(self.report(path, &problem));
            }
        };
        let digest = Digest::of(&bytes);
        let is_known = watched.digest.as_ref() == Some(&digest);
        watched.digest = Some(digest.clone());
        if is_known && !std::mem::take(&mut watched.is_retried) {
            return None;
        }
        watched.is_refused = false;
        if let Err(problem) = PluginLock::read(&self.folder).and_then(|lock| lock.check(path, &digest)) {
            watched.is_refused = true;
            return Some(self.report(path, &problem));
        }
        let file = PluginFile { path: path.to_owned(), bytes };
        let plugin = match self.load(&file, &digest).await {
            Ok(plugin) => plugin,
            Err(problem) => return Some(self.report(path, &problem)),
        };
        // Read again: compiling takes a while.
        let lock = PluginLock::read(&self.folder);
        let allowed = lock.and_then(|lock| lock.check_name(path, &digest, plugin.name()));
        match allowed.and_then(|()| self.shared.serving.replace(&plugin)) {
            Ok(old) => Some(self.loaded(&plugin, old.as_deref())),
            Err(problem) => {
                self.files.get_mut(path)?.is_refused = true;
                Some(self.report(path, &problem))
            }
        }
    }

    async fn load(&self, file: &PluginFile, digest: &Digest) -> Result<Arc<Plugin>, LoadProblem> {
        if let Some(known) = self.shared.serving.known_build(&file.path.display().to_string(), digest) {
            return Ok(known);
        }
        let loader = &self.shared.loader;
        Ok(Arc::new(describe(loader, loader.file(file), false).await?))
    }

    fn loaded(&mut self, plugin: &Plugin, old: Option<&Plugin>) -> Reload {
        let (name, digest, file) = (plugin.name(), plugin.digest(), plugin.info.origin.as_str());
        match old {
            None => tracing::info!(plugin = %name, %digest, file, "plugin loaded"),
            Some(old) => {
                let before = old.digest();
                tracing::info!(plugin = %name, %digest, %before, file, "plugin replaced");
                self.warn_of_lost(plugin, old);
                self.show_build(old, false);
            }
        }
        self.show_build(plugin, true);
        warn_of_default(&self.shared, plugin);
        if old.is_some_and(|old| old.name() != plugin.name()) {
            self.retry_refused();
        }
        self.count(Reload::Loaded)
    }

    /// Pipelines keep what they have of components that a new build lacks.
    fn warn_of_lost(&self, plugin: &Plugin, old: &Plugin) {
        let is_kept = |kind, name| plugin.name() == old.name() && plugin.provides(kind, name);
        for spec in old.description.components() {
            if !is_kept(spec.kind, spec.name.as_str()) {
                let (file, component) = (plugin.info.origin.as_str(), format!("{} {}", spec.kind, spec.name));
                tracing::warn!(
                    file,
                    component,
                    "the new build lacks a component, pipelines that use it keep the old build"
                );
            }
        }
    }

    /// Notes that a file is not there; the second time in a row it counts as removed.
    fn miss(&mut self, path: &Path) -> Option<Reload> {
        let watched = self.files.get_mut(path)?;
        if !std::mem::replace(&mut watched.is_missing, true) {
            return None;
        }
        self.files.remove(path);
        let old = self.shared.serving.remove(&path.display().to_string())?;
        let (name, digest, file) = (old.name(), old.digest(), old.info.origin.as_str());
        tracing::warn!(plugin = %name, %digest, file, "plugin removed, pipelines that use it keep it until they end");
        self.show_build(&old, false);
        self.retry_refused();
        Some(self.count(Reload::Removed))
    }

    /// Names may have become free.
    fn retry_refused(&mut self) {
        for watched in self.files.values_mut().filter(|watched| watched.is_refused) {
            watched.is_settled = false;
            watched.is_retried = true;
        }
    }

    fn report(&self, path: &Path, problem: &LoadProblem) -> Reload {
        let (outcome, file) = match problem {
            LoadProblem::NameTaken(_)
            | LoadProblem::Lock(_)
            | LoadProblem::NotLocked { .. }
            | LoadProblem::LockedName { .. } => (Reload::Refused, path.display()),
            _ => (Reload::Broken, path.display()),
        };
        let serving =
            self.shared.serving.of_file(&file.to_string()).map(|plugin| plugin.digest().to_string());
        tracing::error!(%file, error = %problem, serving, "plugin not loaded, what serves goes on");
        self.count(outcome)
    }

    fn count(&self, outcome: Reload) -> Reload {
        let labels = [("outcome", outcome.label())];
        let help = "Changes of files in the plugin folder";
        if let Ok(counter) = self.shared.metrics.counter("plugin_reloads", help, &labels) {
            counter.inc();
        }
        outcome
    }

    fn show_build(&self, plugin: &Plugin, serves: bool) {
        show_build(&self.shared, plugin, serves);
    }
}

/// What a file held when the process started.
#[derive(Debug, Clone)]
pub(crate) struct FirstLook {
    pub(crate) digest: Digest,
    pub(crate) is_refused: bool,
}

/// Says in the metrics which build of a plugin serves.
pub(crate) fn show_build(shared: &Shared, plugin: &Plugin, serves: bool) {
    let digest = plugin.digest().to_string();
    let labels = [("plugin", plugin.name().as_str()), ("digest", &digest)];
    let help = "1 for the build of a plugin that serves, 0 for those that did";
    if let Ok(gauge) = shared.metrics.gauge("plugin_build_info", help, &labels) {
        gauge.set(if serves { 1.0 } else { 0.0 });
    }
}

/// Says that a file serves in the place of a default plugin: whoever put it there may not have meant that.
pub(crate) fn warn_of_default(shared: &Shared, plugin: &Plugin) {
    if shared.serving.replaces_default(plugin) {
        let (name, digest, file) = (plugin.name(), plugin.digest(), plugin.info.origin.as_str());
        tracing::warn!(plugin = %name, %digest, file, "a file takes the place of a default plugin");
    }
}

impl Reload {
    /// The label of this outcome in metrics.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Loaded => "loaded",
            Self::Broken => "broken",
            Self::Refused => "refused",
            Self::Removed => "removed",
        }
    }
}

impl Mark {
    fn of(found: &std::fs::Metadata) -> Self {
        Self { length: found.len(), inode: found.ino(), modified: (found.mtime(), found.mtime_nsec()) }
    }
}

fn marks(folder: &Path) -> std::io::Result<BTreeMap<PathBuf, Mark>> {
    let mut found = BTreeMap::new();
    for path in PluginFile::paths(folder)? {
        // One that is gone by now is missed like any other.
        if let Ok(metadata) = std::fs::metadata(&path) {
            found.insert(path, Mark::of(&metadata));
        }
    }
    Ok(found)
}

fn lock_mark(folder: &Path) -> Option<Mark> {
    std::fs::metadata(folder.join(LOCK_FILE)).ok().map(|found| Mark::of(&found))
}

/// What the files held at the start, by their paths.
pub(crate) fn first_look(files: &[PluginFile], errors: &[LoadError]) -> BTreeMap<PathBuf, FirstLook> {
    let is_refused = |file: &PluginFile| {
        let name = file.path.display().to_string();
        let may_come = |problem: &LoadProblem| {
            matches!(
                problem,
                LoadProblem::NameTaken(_) | LoadProblem::NotLocked { .. } | LoadProblem::LockedName { .. }
            )
        };
        errors.iter().any(|error| error.file == name && may_come(&error.problem))
    };
    let look = |file: &PluginFile| {
        (file.path.clone(), FirstLook { digest: Digest::of(&file.bytes), is_refused: is_refused(file) })
    };
    files.iter().map(look).collect()
}
