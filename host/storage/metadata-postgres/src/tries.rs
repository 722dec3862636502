use std::time::Duration;

use forebay_lifecycle::{Backoff, chance};
use forebay_storage_metadata::StoreFailure;

use crate::pool::Pool;
use crate::trouble::{Remedy, Trouble};

/// How often a call is made at most, where the server says that trying again helps.
const AGAIN: u32 = 20;
/// How often a call is made over connections that break.
const RECONNECT: u32 = 4;

/// Counts how often a call was tried, and waits in between.
#[derive(Debug)]
pub(crate) struct Tries<'p> {
    pool: &'p Pool,
    again: u32,
    reconnect: u32,
    /// An earlier try may have done it: that a later one came to nothing does not change that.
    may_be_done: bool,
    backoff: Backoff,
}

impl<'p> Tries<'p> {
    pub(crate) fn new(pool: &'p Pool) -> Self {
        let backoff = Backoff::new(Duration::from_millis(5), Duration::from_millis(400));
        Self { pool, again: AGAIN, reconnect: RECONNECT, may_be_done: false, backoff }
    }

    /// Waits until the call may be made again.
    ///
    /// # Errors
    /// When it may not, or has been made too often.
    pub(crate) async fn after(&mut self, trouble: Trouble) -> Result<(), StoreFailure> {
        let left = match trouble.remedy() {
            Remedy::Again => &mut self.again,
            Remedy::Reconnect => {
                // Those that nobody uses lead to the same server.
                self.pool.forget_idle();
                &mut self.reconnect
            }
            Remedy::Settle | Remedy::None => return Err(self.failure(trouble)),
        };
        *left -= 1;
        if *left == 0 {
            return Err(self.failure(trouble));
        }
        tracing::debug!(%trouble, "trying again");
        // Not all at the same time: those that met would meet again.
        tokio::time::sleep(self.backoff.pause().mul_f64(0.5 + chance::part())).await;
        Ok(())
    }

    /// The same for what may be asked again although it may have been done.
    ///
    /// # Errors
    /// When it may not, or has been made too often.
    pub(crate) async fn after_unsettled(&mut self, trouble: Trouble) -> Result<(), StoreFailure> {
        if trouble.remedy() != Remedy::Settle {
            return self.after(trouble).await;
        }
        self.may_be_done = true;
        self.pool.forget_idle();
        self.reconnect -= 1;
        if self.reconnect == 0 {
            return Err(trouble.into());
        }
        tracing::debug!(%trouble, "asking again");
        tokio::time::sleep(self.backoff.pause()).await;
        Ok(())
    }

    fn failure(&self, trouble: Trouble) -> StoreFailure {
        match StoreFailure::from(trouble) {
            StoreFailure::Unavailable { reason } if self.may_be_done => StoreFailure::Unsettled { reason },
            failure => failure,
        }
    }
}

/// Calls something until it is done, refused, or has failed too often.
macro_rules! tried {
    ($pool:expr, $call:expr) => {{
        let mut tries = $crate::tries::Tries::new($pool);
        loop {
            match Box::pin($call).await {
                Ok(done) => break done,
                Err(trouble) => tries.after(trouble).await?,
            }
        }
    }};
}
pub(crate) use tried;
