//! Which plugins serve now: a snapshot that is replaced as a whole, and the older builds that are still in use.
//!
//! Whoever works with a component looks at [`Serving::version`] between two calls, which is one load of a
//! number, and only when that has changed at what there is. Nothing is ever taken away from anybody: a
//! build lives as long as something of it is in use.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use forebay_pipeline_config::spec::{ComponentName, Description, Kind, PluginName};
use forebay_pipeline_config::{Catalog, NoBuild, Pin};
use forebay_plugins_api::{OpenError, Problem};
use tokio::sync::watch;

use crate::bento;
use crate::engine::Interruption;
use crate::load::{LoadProblem, register};
use crate::plugin::Plugin;

/// Plugins that serve together.
#[derive(Debug, Default)]
pub(crate) struct Snapshot {
    pub(crate) catalog: Arc<Catalog>,
    pub(crate) plugins: HashMap<PluginName, Arc<Plugin>>,
    /// Those that come from files, in the order in which they were loaded.
    files: Vec<Arc<Plugin>>,
    /// How many older builds the catalog has.
    older: usize,
}

/// The plugins that serve, and the one place where they are replaced.
pub(crate) struct Serving {
    current: watch::Sender<Arc<Snapshot>>,
    /// Changes after the snapshot has.
    version: AtomicU64,
    /// Components that are not of plugins.
    others: Vec<Description>,
    /// Those that come with the program, also while a file takes their place.
    embedded: Mutex<Vec<Arc<Plugin>>>,
    /// Builds that were replaced. Whoever replaces something holds this lock.
    older: Mutex<Vec<Weak<Plugin>>>,
    /// What was said before, and is not said again.
    said: Mutex<HashSet<String>>,
}

/// What there is for a component that works with some build.
pub(crate) enum Newer {
    /// Nothing new.
    Same,
    Build(Arc<Plugin>),
    /// The plugin, or its component, is no longer there; and why.
    Gone(String),
}

/// Things said once that are remembered; past that, some may be said again.
const MOST_SAID: usize = 10_000;

impl Serving {
    /// Starts with these; those whose names are taken are left out and named.
    pub(crate) fn new(
        others: Vec<Description>,
        embedded: Vec<Arc<Plugin>>,
        files: Vec<Arc<Plugin>>,
    ) -> (Self, Vec<(Arc<Plugin>, LoadProblem)>) {
        let (snapshot, refused) = arrange(&others, &embedded, files, &[]);
        let embedded = Mutex::new(embedded);
        let serving = Self {
            current: watch::Sender::new(Arc::new(snapshot)),
            version: AtomicU64::new(1),
            others,
            embedded,
            older: Mutex::default(),
            said: Mutex::default(),
        };
        (serving, refused)
    }

    /// A number that is another one after every change; never 0.
    pub(crate) fn version(&self) -> u64 {
        self.version.load(Ordering::Acquire)
    }

    /// The version at which a plugin serves; 0 when another does, or none of its name.
    pub(crate) fn version_with(&self, plugin: &Plugin) -> u64 {
        // First, so that a change in between is seen later rather than never.
        let version = self.version();
        let serves = self.snapshot().plugins.get(plugin.name()).is_some_and(|other| other.is_same_as(plugin));
        if serves { version } else { 0 }
    }

    pub(crate) fn snapshot(&self) -> Arc<Snapshot> {
        Arc::clone(&self.current.borrow())
    }

    /// Waits until there is something that was not there at `version`.
    ///
    /// # Cancel safety
    /// Safe: it owns nothing.
    pub(crate) async fn changed_since(&self, version: u64) {
        let mut changes = self.current.subscribe();
        while self.version() == version {
            // The sender is part of `self`, and is there as long as this is.
            let _ = changes.changed().await;
        }
    }

    /// All that can be opened, older builds that are in use included.
    pub(crate) fn catalog(&self) -> Arc<Catalog> {
        let older = alive(&mut self.lock_older());
        let snapshot = self.snapshot();
        if older.len() == snapshot.older {
            return Arc::clone(&snapshot.catalog);
        }
        let (fresh, _) = arrange(&self.others, &self.embedded(), snapshot.files.clone(), &older);
        fresh.catalog
    }

    /// The plugin that provides a component: the one that serves, or the build that is asked for.
    ///
    /// # Errors
    /// When nothing has the name, or no build, or not one alone, has the digest.
    pub(crate) fn find(&self, kind: Kind, name: &str, pin: Option<&Pin>) -> Result<Arc<Plugin>, OpenError> {
        let snapshot = self.snapshot();
        let serving = snapshot.catalog.get(kind, name).and_then(|entry| snapshot.plugins.get(&entry.plugin));
        let unknown = || OpenError::Unknown { kind: kind.as_str(), name: name.to_owned() };
        let Some(pin) = pin else { return serving.cloned().ok_or_else(unknown) };
        let older = alive(&mut self.lock_older());
        let mut builds: Vec<Arc<Plugin>> = serving.cloned().into_iter().collect();
        for build in older.into_iter().filter(|build| build.provides(kind, name)) {
            if builds.iter().all(|other| other.digest() != build.digest()) {
                builds.push(build);
            }
        }
        let matching: Vec<_> = builds.iter().filter(|build| pin.matches(build.digest())).collect();
        if let [build] = matching[..] {
            return Ok(Arc::clone(build));
        }
        if builds.is_empty() {
            return Err(unknown());
        }
        let known = builds.iter().map(|build| build.digest().clone()).collect();
        let message = NoBuild::new(kind, name, pin, known).to_string();
        Err(OpenError::Problem(Problem { message, field: String::new(), line: 0, column: 0 }))
    }

    /// Whether a component is the host's own, and of no plugin.
    pub(crate) fn is_hosts_own(&self, kind: Kind, name: &str) -> bool {
        let snapshot = self.snapshot();
        snapshot.catalog.get(kind, name).is_some_and(|entry| {
            bento::is_own(&entry.plugin) && !snapshot.plugins.contains_key(&entry.plugin)
        })
    }

    /// What there is for a component that works with `current`.
    pub(crate) fn newer(&self, kind: Kind, name: &ComponentName, current: &Plugin) -> Newer {
        let snapshot = self.snapshot();
        match snapshot.plugins.get(current.name()) {
            None => Newer::Gone("its file was removed".to_owned()),
            Some(plugin) if plugin.is_same_as(current) => Newer::Same,
            Some(plugin) if !plugin.provides(kind, name.as_str()) => {
                Newer::Gone(format!("build {} has no {kind} `{name}`", plugin.digest().short()))
            }
            Some(plugin) => Newer::Build(Arc::clone(plugin)),
        }
    }

    /// A build of this file that was replaced and is still in use, or that serves.
    pub(crate) fn known_build(&self, origin: &str, digest: &crate::plugin::Digest) -> Option<Arc<Plugin>> {
        let older = alive(&mut self.lock_older());
        let snapshot = self.snapshot();
        let mut builds = older.into_iter().chain(snapshot.files.iter().cloned());
        builds.find(|build| build.info.origin == origin && build.digest() == digest)
    }

    /// The plugin that a file has given.
    pub(crate) fn of_file(&self, origin: &str) -> Option<Arc<Plugin>> {
        self.snapshot().files.iter().find(|plugin| plugin.info.origin == origin).cloned()
    }

    /// Puts a plugin in the place of the one that came from the same file, which is returned.
    ///
    /// # Errors
    /// When its name, or that of one of its components, is taken; nothing is changed then.
    pub(crate) fn replace(&self, plugin: &Arc<Plugin>) -> Result<Option<Arc<Plugin>>, LoadProblem> {
        let mut older = self.lock_older();
        let old = self.of_file(&plugin.info.origin);
        let mut files = self.snapshot().files.clone();
        files.retain(|other| other.info.origin != plugin.info.origin);
        if let Some(other) = files.iter().find(|other| other.name() == plugin.name()) {
            return Err(name_taken(plugin, other));
        }
        files.push(Arc::clone(plugin));
        let mut replaced = alive(&mut older);
        replaced.extend(old.clone());
        replaced.retain(|build| build.digest() != plugin.digest());
        let (snapshot, refused) = arrange(&self.others, &self.embedded(), files, &replaced);
        if let Some((_, problem)) = refused.into_iter().next() {
            return Err(problem);
        }
        *older = replaced.iter().map(Arc::downgrade).collect();
        self.publish(snapshot);
        Ok(old)
    }

    /// Takes the plugin of a file out, which is returned.
    pub(crate) fn remove(&self, origin: &str) -> Option<Arc<Plugin>> {
        let mut older = self.lock_older();
        let old = self.of_file(origin)?;
        let mut files = self.snapshot().files.clone();
        files.retain(|other| other.info.origin != origin);
        let mut replaced = alive(&mut older);
        replaced.push(Arc::clone(&old));
        let (snapshot, refused) = arrange(&self.others, &self.embedded(), files, &replaced);
        for (plugin, problem) in refused {
            tracing::warn!(plugin = %plugin.name(), %problem, "a default plugin can't come back");
        }
        *older = replaced.iter().map(Arc::downgrade).collect();
        self.publish(snapshot);
        Some(old)
    }

    /// How the plugin of a name that serves is interrupted.
    pub(crate) fn interruption_of(&self, name: &PluginName) -> Option<Interruption> {
        Some(self.snapshot().plugins.get(name)?.info.interruption)
    }

    /// Puts another build of a default plugin in its place.
    pub(crate) fn replace_default(&self, plugin: Arc<Plugin>) {
        let mut older = self.lock_older();
        {
            let mut embedded = self.embedded.lock().unwrap_or_else(PoisonError::into_inner);
            embedded.retain(|other| other.name() != plugin.name());
            embedded.push(plugin);
        }
        let (snapshot, _) =
            arrange(&self.others, &self.embedded(), self.snapshot().files.clone(), &alive(&mut older));
        self.publish(snapshot);
    }

    /// Whether a plugin of a file serves in the place of what comes with the program.
    pub(crate) fn replaces_default(&self, plugin: &Plugin) -> bool {
        let is_own = bento::is_own(plugin.name());
        !plugin.is_default()
            && (is_own || self.embedded().iter().any(|default| default.name() == plugin.name()))
    }

    fn embedded(&self) -> Vec<Arc<Plugin>> {
        self.embedded.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether this is said for the first time.
    pub(crate) fn says_first(&self, what: String) -> bool {
        let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        if said.len() >= MOST_SAID {
            said.clear();
        }
        said.insert(what)
    }

    fn publish(&self, snapshot: Snapshot) {
        // Both under the lock of the snapshot: whoever sees the new number finds the new snapshot, and
        // whoever subscribes too late to be told sees the new number.
        self.current.send_modify(|current| {
            *current = Arc::new(snapshot);
            self.version.fetch_add(1, Ordering::Release);
        });
    }

    fn lock_older(&self) -> MutexGuard<'_, Vec<Weak<Plugin>>> {
        self.older.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// That two files hold plugins of one name.
pub(crate) fn name_taken(plugin: &Plugin, by: &Plugin) -> LoadProblem {
    LoadProblem::NameTaken(format!("plugin `{}` is {} already", plugin.name(), by.info.origin))
}

/// The builds that are in use; the others are forgotten.
fn alive(older: &mut Vec<Weak<Plugin>>) -> Vec<Arc<Plugin>> {
    let alive: Vec<_> = older.iter().filter_map(Weak::upgrade).collect();
    *older = alive.iter().map(Arc::downgrade).collect();
    alive
}

/// Default plugins come first, but for those that a file replaces by name. Whatever has a component whose
/// name is taken is left out.
fn arrange(
    others: &[Description],
    embedded: &[Arc<Plugin>],
    files: Vec<Arc<Plugin>>,
    older: &[Arc<Plugin>],
) -> (Snapshot, Vec<(Arc<Plugin>, LoadProblem)>) {
    let mut snapshot = Snapshot { older: older.len(), ..Snapshot::default() };
    let mut catalog = Catalog::new();
    for description in others {
        if let Err(taken) = catalog.insert(description.clone()) {
            tracing::error!(%taken, "components of the host are missing");
        }
    }
    let mut refused = Vec::new();
    let is_replaced = |plugin: &Plugin| files.iter().any(|file| file.name() == plugin.name());
    let defaults = embedded.iter().filter(|plugin| !is_replaced(plugin)).cloned();
    if files.iter().all(|file| !bento::is_own(file.name())) {
        catalog.insert(bento::description()).expect("nobody else has the name");
    }
    for plugin in defaults.chain(files.iter().cloned()) {
        match register(&mut catalog, &plugin) {
            Ok(()) => drop(snapshot.plugins.insert(plugin.name().clone(), plugin)),
            Err(problem) => refused.push((plugin, problem)),
        }
    }
    let is_refused = |file: &Arc<Plugin>| refused.iter().any(|(plugin, _)| Arc::ptr_eq(plugin, file));
    snapshot.files = files.into_iter().filter(|file| !is_refused(file)).collect();
    for build in older {
        catalog.insert_older(build.description.clone(), build.digest());
    }
    snapshot.catalog = Arc::new(catalog);
    (snapshot, refused)
}
