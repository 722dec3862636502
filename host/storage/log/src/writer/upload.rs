//! Puts one segment, under a second name too when the first put is slow.

use std::sync::Arc;
use std::time::Duration;

use forebay_lifecycle::clock;
use forebay_model::{SegmentName, Timestamp, VirtualClusterId};
use forebay_storage_metadata::CommitError;
use forebay_storage_objects::{ErrorKind, ObjectError, ObjectName, Operation, Payload};
use futures_util::future::{Either, join, select};
use tokio::time::Instant;

use super::error::AppendError;
use super::shared::Shared;
use crate::segment::fresh_name;

/// How old a reading of the store's clock may be. Older is safe too, but brings the end of the upload horizon nearer.
const OLDEST_READING: Duration = Duration::from_mins(1);

/// A segment that is to be put.
#[derive(Debug)]
pub(super) struct Upload {
    pub(super) cluster: VirtualClusterId,
    pub(super) payload: Payload,
    /// Somebody will read it as soon as it is committed.
    pub(super) is_awaited: bool,
}

/// A segment that is durable.
#[derive(Debug)]
pub(super) struct Uploaded {
    pub(super) name: SegmentName,
    /// A time of the store's clock before it got its name.
    pub(super) named_at: Timestamp,
}

pub(super) async fn run(shared: Arc<Shared>, upload: Upload) -> Result<Uploaded, AppendError> {
    let named_at = named_at(&shared).await?;
    let started = clock::now();
    let put = put(&shared, &upload).await;
    shared.metrics.put.observe(clock::now().saturating_duration_since(started));
    match put {
        Ok(name) => {
            shared.metrics.bytes.inc_by(upload.payload.len() as u64);
            Ok(Uploaded { name, named_at })
        }
        Err(error) => Err(AppendError::Upload(Arc::new(error))),
    }
}

async fn named_at(shared: &Shared) -> Result<Timestamp, AppendError> {
    let oldest = Instant::now().checked_sub(OLDEST_READING);
    if let Some(time) = oldest.and_then(|oldest| shared.clock_reading(oldest)) {
        return Ok(time);
    }
    match shared.metadata.now().await {
        Ok(time) => {
            shared.set_clock_reading(time);
            Ok(time)
        }
        Err(failure) => Err(AppendError::Commit(Arc::new(CommitError::Store(failure)))),
    }
}

async fn put(shared: &Shared, upload: &Upload) -> Result<SegmentName, ObjectError> {
    let first = Box::pin(put_once(shared, upload));
    let Some(patience) = shared.settings.hedge_after else { return first.await };
    let first = match select(first, Box::pin(tokio::time::sleep(patience))).await {
        Either::Left((put, _)) => return put,
        Either::Right(((), first)) => first,
    };
    let load = shared.load();
    if load.unflushed_files * 2 > load.most_files {
        // All are slow: more of them would not help.
        return first.await;
    }
    shared.metrics.hedges.inc();
    let second = Box::pin(put_once(shared, upload));
    // The one that comes second may land all the same. Nothing refers to it, so that it is found and deleted as an
    // orphan.
    match select(first, second).await {
        Either::Left((Ok(name), _)) | Either::Right((Ok(name), _)) => Ok(name),
        Either::Left((Err(_), other)) => other.await,
        Either::Right((Err(_), other)) => other.await,
    }
}

async fn put_once(shared: &Shared, upload: &Upload) -> Result<SegmentName, ObjectError> {
    let Upload { cluster, payload, is_awaited } = upload;
    let name = fresh_name(cluster)
        .map_err(|error| ObjectError::new(Operation::Put, cluster, ErrorKind::Invalid, error))?;
    let object: ObjectName = name
        .as_str()
        .parse()
        .map_err(|error| ObjectError::new(Operation::Put, &name, ErrorKind::Invalid, error))?;
    let keep = async {
        if *is_awaited && let Some(feed) = shared.feed.get() {
            feed.blocks.keep(&name, payload);
        }
    };
    // Kept while the put is under way; who reads it asks after the commit.
    join(shared.objects.put(&object, payload.clone()), keep).await.0?;
    Ok(name)
}
