//! Commits that go on while a guest reads.

use std::convert::Infallible;
use std::future::Future;

use tokio::sync::oneshot;

use super::super::{Begun, NOT_COMMITTED, begin};
use crate::bindings::forebay::kafka::kafka::KafkaError;
use crate::host::http::Service;

/// A commit under way.
#[derive(Debug)]
pub(super) struct Committing {
    work: Begun<()>,
    ended: Option<Result<(), KafkaError>>,
    /// Closed when nothing of it goes on any more.
    is_over: oneshot::Receiver<Infallible>,
}

impl Committing {
    pub(super) fn start(
        service: &Service,
        nanoseconds: u64,
        work: impl Future<Output = Result<(), KafkaError>> + Send + 'static,
    ) -> Result<Self, KafkaError> {
        let (goes_on, is_over) = oneshot::channel();
        let work = begin(service, nanoseconds, NOT_COMMITTED, async move {
            let _goes_on = goes_on;
            work.await
        })?;
        Ok(Self { work, ended: None, is_over })
    }

    /// How it has ended, if it has.
    pub(super) fn has_ended(&mut self) -> Option<Result<(), KafkaError>> {
        self.ended.take().or_else(|| self.work.has_ended())
    }

    /// Gives it up, and waits until nothing of it goes on.
    pub(super) async fn give_up(self) {
        let Self { work, is_over, .. } = self;
        drop(work);
        let _ = is_over.await;
    }
}

/// When it has ended: then [`Committing::has_ended`] says how. Never where there is none.
///
/// # Cancel safety
/// Nothing is lost.
pub(super) async fn ended(committing: Option<&mut Committing>) {
    match committing {
        Some(committing) => committing.ended = Some(committing.work.ended().await),
        None => std::future::pending().await,
    }
}
