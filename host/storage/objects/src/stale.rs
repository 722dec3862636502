//! Uploads that were left: by a process that was killed, or whose connection was lost for good.

use std::time::Duration;

use forebay_lifecycle::clock;

use crate::error::{ErrorKind, ObjectError};
use crate::objects::Objects;
use crate::uploads::{Begun, Uploads, uploads_of_any};

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
/// `Retry`, `Internal`: the store does not tell, or does not take it, for some of them, which are left; the first error. The
/// others are gone.
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
    let mut failed = None;
    loop {
        let mut waiting = Vec::new();
        let mut pause = Duration::MAX;
        for begun in left {
            match look(uploads, &begun, untouched).await {
                Ok(Looked::Gone) => {}
                Ok(Looked::Aborted) => {
                    let object = &begun.upload.name;
                    tracing::info!(store = %objects, %object, "aborted an upload that was left unfinished");
                    aborted += 1;
                }
                Ok(Looked::Young(time)) => {
                    pause = pause.min(time);
                    waiting.push(begun);
                }
                Err(error) => {
                    failed.get_or_insert(error);
                }
            }
        }
        if waiting.is_empty() {
            return failed.map_or(Ok(aborted), Err);
        }
        tokio::time::sleep(pause.max(SHORTEST_PAUSE)).await;
        left = waiting;
    }
}

/// Between two looks: the clock of the store may go before ours, and then a short time is never over.
const SHORTEST_PAUSE: Duration = Duration::from_secs(1);

enum Looked {
    /// It is complete, or somebody else has aborted it.
    Gone,
    Aborted,
    /// It is so long until nothing was put to it for the time.
    Young(Duration),
}

async fn look(uploads: &dyn Uploads, begun: &Begun, untouched: Duration) -> Result<Looked, ObjectError> {
    let Begun { upload, at } = begun;
    let last = match uploads.last_put(upload).await {
        Ok(last) => last.map_or(*at, |last| last.max(*at)),
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Looked::Gone),
        Err(error) => return Err(error),
    };
    let idle = clock::wall().duration_since(last).unwrap_or_default();
    if idle < untouched {
        return Ok(Looked::Young(untouched - idle));
    }
    uploads.abort(upload).await?;
    Ok(Looked::Aborted)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::{Fault, Faults, Faulty, Operation, PutOptions, open};

    const HOUR: Duration = Duration::from_hours(1);

    fn store() -> (Faulty, Arc<Faults>) {
        let faults = Arc::new(Faults::new(1));
        (Faulty::new(open("mem://stale", []).unwrap(), Arc::clone(&faults)), faults)
    }

    async fn begin(objects: &Faulty, name: &str) -> Begun {
        let upload = objects.uploads().unwrap().begin(&name.parse().unwrap(), &PutOptions::default()).await;
        Begun { upload: upload.unwrap(), at: clock::wall() - HOUR }
    }

    #[tokio::test(start_paused = true)]
    async fn what_fails_for_one_upload_does_not_keep_the_others() {
        let (objects, faults) = store();
        let mut begun = Vec::new();
        for name in ["untold", "refused", "a", "b"] {
            begun.push(begin(&objects, name).await);
        }
        faults.next(Operation::List, [Fault::Full]);
        faults.next(Operation::Abort, [Fault::Fail]);
        let error = abort_stale(&objects, begun, HOUR).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Internal, "{error:?} is the first");
        assert_eq!((faults.count(Operation::List), faults.count(Operation::Abort)), (4, 3));
    }

    #[tokio::test(start_paused = true)]
    async fn a_store_whose_clock_goes_before_is_not_asked_all_the_time() {
        let (objects, faults) = store();
        let mut begun = begin(&objects, "a").await;
        begun.at += HOUR * 2;
        let minute = Duration::from_secs(60);
        let aborted = abort_stale(&objects, vec![begun], Duration::from_nanos(1));
        tokio::time::timeout(minute, aborted).await.unwrap_err();
        assert!((2..=61).contains(&faults.count(Operation::List)), "{}", faults.count(Operation::List));
    }
}
