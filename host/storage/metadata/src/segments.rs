use std::time::Duration;

use async_trait::async_trait;
use forebay_model::{SegmentName, VirtualClusterId};

use crate::StoreFailure;

/// The objects of a virtual cluster, and how they are deleted: *nothing that is committed ever is*.
///
/// A name is condemned here first. From then on committing it is refused, for ever: the name is forgotten only when
/// no commit of it would be taken any more ([`UPLOAD_HORIZON`](crate::UPLOAD_HORIZON) after the object is gone). Only
/// what is condemned may be deleted from the object store.
#[async_trait]
pub trait Segments: Send + Sync {
    /// Committed segments of which no record has been left for `grace`, the longest unused first, `limit` at most.
    /// Who reads has an index that is not older than the grace.
    ///
    /// # Errors
    /// When the store can't be asked.
    async fn unreferenced(
        &self,
        cluster: &VirtualClusterId,
        grace: Duration,
        limit: usize,
    ) -> Result<Vec<SegmentName>, StoreFailure>;

    /// Condemns all names that no record is found in, whether or not they were ever committed. The answers are in the
    /// order of `names`.
    ///
    /// # Errors
    /// When the store can't be asked.
    async fn condemn(
        &self,
        cluster: &VirtualClusterId,
        names: Vec<SegmentName>,
    ) -> Result<Vec<Verdict>, StoreFailure>;

    /// Condemned segments whose objects have not been reported as deleted, `limit` at most.
    ///
    /// # Errors
    /// When the store can't be asked.
    async fn condemned(
        &self,
        cluster: &VirtualClusterId,
        limit: usize,
    ) -> Result<Vec<SegmentName>, StoreFailure>;

    /// The objects of these condemned segments are gone. Names that are not condemned are left as they are.
    ///
    /// # Errors
    /// When the store can't be asked.
    async fn report_deleted(
        &self,
        cluster: &VirtualClusterId,
        names: Vec<SegmentName>,
    ) -> Result<(), StoreFailure>;
}

/// What became of a name that was to be condemned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Its object may be deleted: now, and whenever this is asked again.
    Condemned,
    /// Records are found in it.
    Referenced,
}
