//! Uploads that were left: by a process that was killed, or whose connection was lost for good.

use std::time::Duration;

use forebay_lifecycle::clock;

use crate::error::{ErrorKind, ObjectError};
use crate::objects::Objects;
use crate::uploads::{Begun, uploads_of_any};

/// The uploads that are there now, of whoever has begun them, whose names begin and end so; without an end, that of
/// exactly this name.
///
/// # Errors
/// `Retry`, `Internal`: the store does not tell.
pub async fn uploads_like(
    objects: &dyn Objects,
    beginning: &str,
    end: Option<&str>,
) -> Result<Vec<Begun>, ObjectError> {
    let is_like = |name: &str| match end {
        None => name == beginning,
        Some(end) => name.len() >= beginning.len() + end.len() && name.ends_with(end),
    };
    let mut begun = uploads_of_any(objects)?.begun(beginning).await?;
    begun.retain(|begun| is_like(begun.upload.name.as_str()));
    Ok(begun)
}

/// Aborts these uploads as soon as nothing has been put to them for a time. Returns how many there were, when none of them
/// is left: that may take as long as somebody puts something to one.
///
/// Somebody who is slower than that loses an upload, and has to begin it again.
///
/// # Errors
/// `Retry`, `Internal`: the store does not tell, or does not take it. What was aborted before is gone.
///
/// # Cancel safety
/// It may be dropped at any time; what is not aborted stays.
pub async fn abort_stale(
    objects: &dyn Objects,
    mut left: Vec<Begun>,
    untouched: Duration,
) -> Result<usize, ObjectError> {
    let uploads = uploads_of_any(objects)?;
    let mut aborted = 0;
    loop {
        let mut waiting = Vec::new();
        let mut pause = Duration::MAX;
        for Begun { upload, at } in left {
            let last = match uploads.last_put(&upload).await {
                Ok(last) => last.map_or(at, |last| last.max(at)),
                // It is complete, or somebody else has aborted it.
                Err(error) if error.kind() == ErrorKind::NotFound => continue,
                Err(error) => return Err(error),
            };
            let idle = clock::wall().duration_since(last).unwrap_or_default();
            if idle >= untouched {
                uploads.abort(&upload).await?;
                tracing::info!(store = %objects, object = %upload.name, "aborted an upload that was left unfinished");
                aborted += 1;
            } else {
                pause = pause.min(untouched - idle);
                waiting.push(Begun { upload, at });
            }
        }
        if waiting.is_empty() {
            return Ok(aborted);
        }
        tokio::time::sleep(pause).await;
        left = waiting;
    }
}
