use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use forebay_model::GroupId;

use super::Standing;

/// How many groups are remembered. When there are more, all are forgotten: they are asked for again.
const MOST: usize = 10_000;
/// And how large they may be together, as the store has them.
const MOST_BYTES: usize = 64 << 20;

/// Groups as this agent saw them last. The store's versions say whether they still are so.
#[derive(Debug, Default)]
pub(super) struct Known(Mutex<Remembered>);

#[derive(Debug, Default)]
struct Remembered {
    groups: HashMap<GroupId, Standing>,
    bytes: usize,
}

impl Remembered {
    fn remove(&mut self, id: &GroupId) {
        if let Some(standing) = self.groups.remove(id) {
            self.bytes = self.bytes.saturating_sub(standing.bytes);
        }
    }
}

impl Known {
    pub(super) fn get(&self, id: &GroupId) -> Option<Standing> {
        self.remembered().groups.get(id).cloned()
    }

    pub(super) fn put(&self, id: &GroupId, standing: &Standing) {
        let mut remembered = self.remembered();
        remembered.remove(id);
        if standing.version.is_none() {
            return;
        }
        let bytes = remembered.bytes.saturating_add(standing.bytes);
        if remembered.groups.len() >= MOST || bytes > MOST_BYTES {
            *remembered = Remembered::default();
        }
        remembered.bytes += standing.bytes;
        remembered.groups.insert(id.clone(), standing.clone());
    }

    fn remembered(&self) -> MutexGuard<'_, Remembered> {
        // Nothing in here panics half way.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use forebay_kafka_groups::Group;
    use forebay_model::Timestamp;
    use forebay_storage_metadata::GroupVersion;

    use super::*;

    #[test]
    fn what_is_remembered_is_bounded() {
        let known = Known::default();
        let [one, other]: [GroupId; 2] = ["one", "other"].map(|id| id.parse().unwrap());
        let now = Timestamp::from_millis(0);
        let standing = |version: Option<i64>, bytes| Standing {
            version: version.map(GroupVersion::new),
            group: Arc::new(Group::empty(now)),
            now,
            deadline: None,
            bytes,
        };
        known.put(&one, &standing(Some(1), MOST_BYTES));
        known.put(&one, &standing(Some(2), MOST_BYTES / 2));
        known.put(&other, &standing(Some(3), MOST_BYTES / 2));
        assert!(known.get(&one).is_some() && known.get(&other).is_some());
        known.put(&other, &standing(None, 0));
        assert!(known.get(&one).is_some() && known.get(&other).is_none());
        known.put(&other, &standing(Some(4), MOST_BYTES));
        assert!(known.get(&one).is_none() && known.get(&other).is_some());
        assert_eq!(known.remembered().bytes, MOST_BYTES);
    }
}
