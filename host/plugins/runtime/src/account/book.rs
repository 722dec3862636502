use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use forebay_lifecycle::clock;
use forebay_pipeline_config::spec::{ComponentName, Kind, PluginName};
use forebay_plugins_api::{PipelineName, Setup};

use super::Account;
use crate::limits::Limits;
use crate::plugin::{Digest, PluginMetrics};

/// The accounts of all components of a process. They outlive the component itself for a while: one that is
/// opened again has the debts that it had.
#[derive(Debug, Default)]
pub(crate) struct Book(Mutex<HashMap<Owner, Entry>>);

/// Whose an account is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Owner {
    pipeline: PipelineName,
    path: String,
    kind: Kind,
    component: ComponentName,
    plugin: PluginName,
    build: Digest,
}

#[derive(Debug)]
struct Entry {
    account: Arc<Account>,
    asked: Instant,
}

/// How long an account is kept that nobody uses.
const KEPT: Duration = Duration::from_secs(600);

impl Owner {
    pub(crate) fn new(kind: Kind, plugin: &PluginName, build: &Digest, setup: &Setup) -> Self {
        Self {
            pipeline: setup.pipeline.clone(),
            path: setup.path.clone(),
            kind,
            component: setup.name.clone(),
            plugin: plugin.clone(),
            build: build.clone(),
        }
    }
}

impl Book {
    /// The account of a component, with these limits; with other ones it begins anew.
    pub(crate) fn account(&self, owner: Owner, limits: Limits, metrics: &PluginMetrics) -> Arc<Account> {
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let asked = clock::now();
        if let Some(entry) = entries.get_mut(&owner).filter(|entry| *entry.account.limits == limits) {
            entry.asked = asked;
            return Arc::clone(&entry.account);
        }
        if entries.len() == entries.capacity() {
            entries.retain(|_, entry| Arc::strong_count(&entry.account) > 1 || asked - entry.asked < KEPT);
        }
        let account = Arc::new(Account::new(limits, metrics.clone()));
        entries.insert(owner, Entry { account: Arc::clone(&account), asked });
        account
    }
}
