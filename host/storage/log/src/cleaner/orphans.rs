use std::time::{Duration, UNIX_EPOCH};

use forebay_model::{Timestamp, VirtualClusterId};
use forebay_storage_objects::{Listed, ObjectName};

use super::{Cleaned, Cleaner, CleanerError};
use crate::segment::objects_of;

/// Where a search for orphans stands in the names of a virtual cluster. A new one begins at the first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OrphanSearch {
    after: Option<ObjectName>,
}

impl Cleaner {
    /// Looks at the next objects of a virtual cluster, and deletes those that are old enough and in which no record is
    /// found: puts whose commit never came or was refused, second puts of slow ones, and puts that landed after their
    /// name was condemned. At the end of the names the search begins anew, and begins
    /// by removing what killed puts have left that is no object.
    ///
    /// # Errors
    /// When a store can't be asked. Then the next call looks at the same objects again.
    pub async fn find_orphans(
        &self,
        cluster: &VirtualClusterId,
        search: &mut OrphanSearch,
    ) -> Result<Cleaned, CleanerError> {
        let batch = self.settings.batch.max(1);
        let now = self.metadata.now().await?;
        let prefix = objects_of(cluster)?;
        if search.after.is_none() {
            let leftovers = self.objects.remove_leftovers(&prefix).await?;
            if leftovers > 0 {
                tracing::debug!(leftovers, "removed what killed puts had left");
            }
        }
        let page = self.objects.list(&prefix, search.after.as_ref(), batch).await?;
        let old = page.iter().filter(|listed| age(listed, now) >= self.settings.orphan_grace);
        // Only what is no segment's name can't be parsed, and is nothing of ours.
        let names = old.filter_map(|listed| listed.name.as_str().parse().ok()).collect();
        let condemned = self.condemn(cluster, names).await?;
        let deleted = self.delete(cluster, condemned).await?;
        let is_more = page.len() >= batch;
        search.after = if is_more { page.last().map(|listed| listed.name.clone()) } else { None };
        Ok(Cleaned { is_more, ..deleted })
    }
}

/// How old an object is, by two clocks: that of the object store and that of the metadata store. They need not agree
/// well. If they don't, a commit may be refused that would have been taken, and nothing worse.
fn age(listed: &Listed, now: Timestamp) -> Duration {
    let modified = listed.modified.duration_since(UNIX_EPOCH).unwrap_or_default();
    let now = Duration::from_millis(u64::try_from(now.millis()).unwrap_or_default());
    now.saturating_sub(modified)
}
