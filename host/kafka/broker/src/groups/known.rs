use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use forebay_model::GroupId;
use forebay_storage_metadata::GroupVersion;

use super::Standing;

/// How many groups are remembered. When there are more, all are forgotten: they are asked for again.
const MOST: usize = 10_000;

/// Groups as this agent saw them last. The store's versions say whether they still are so.
#[derive(Debug, Default)]
pub(super) struct Known(Mutex<HashMap<GroupId, Standing>>);

impl Known {
    pub(super) fn get(&self, id: &GroupId) -> Option<Standing> {
        self.groups().get(id).cloned()
    }

    /// What is known, if it came after `version`.
    pub(super) fn newer(&self, id: &GroupId, version: Option<GroupVersion>) -> Option<Standing> {
        self.get(id).filter(|known| known.version.is_some() && known.version > version)
    }

    pub(super) fn put(&self, id: &GroupId, standing: &Standing) {
        let mut groups = self.groups();
        if standing.version.is_none() {
            groups.remove(id);
            return;
        }
        if groups.len() >= MOST && !groups.contains_key(id) {
            groups.clear();
        }
        groups.insert(id.clone(), standing.clone());
    }

    fn groups(&self) -> MutexGuard<'_, HashMap<GroupId, Standing>> {
        // Nothing in here panics half way.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
