//! The rate limits of the pipeline, by label.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use forebay_lifecycle::{Spawner, clock};
use forebay_plugins_api::{Operation, RateLimitError, RateLimits, Wakes, Woken};
use tokio::sync::oneshot;
use wasmtime::component::Resource;

use crate::bindings::forebay::rate_limits::rate_limits::{Host, RateLimitError as WitError, Waited};
use crate::guest::Guest;
use crate::scope::Scope;

type Answer<T> = wasmtime::Result<Result<T, WitError>>;

/// After what time a limit is asked again that could not say.
const AFTER_FAILURE: Duration = Duration::from_secs(1);
/// The longest pause before a limit is asked.
const LONGEST_PAUSE: Duration = Duration::from_secs(600);

impl Host for Guest {
    async fn access(&mut self, label: String, bytes: Option<u64>) -> Answer<u64> {
        self.host_call()?;
        if let Err(error) = self.may_ask(&label) {
            return Ok(Err(error));
        }
        let limit = self.limits.wall / 2;
        let asked = tokio::time::timeout(limit, self.rate_limits.access(&label, size(bytes))).await;
        Ok(match asked {
            Ok(Ok(period)) => Ok(u64::try_from(period.as_nanos()).unwrap_or(u64::MAX)),
            Ok(Err(error)) => Err(error.into()),
            Err(_) => Err(WitError::Failed(format!("rate limit '{label}': no answer within {limit:?}"))),
        })
    }

    async fn wait(&mut self, label: String, bytes: Option<u64>, nanoseconds: Option<u64>) -> Answer<Waited> {
        self.host_call()?;
        if let Err(error) = self.may_ask(&label) {
            return Ok(Err(error));
        }
        let _waiting = self.meter.long_wait();
        let question =
            Question { limits: self.rate_limits.clone(), scope: Arc::clone(&self.scope), label, bytes };
        let limit = nanoseconds.map(Duration::from_nanos);
        let waited = question.admitted_unless_woken(&self.wakes, limit).await;
        Ok(waited.map_err(WitError::from))
    }

    fn start(&mut self, label: String, bytes: Option<u64>, nanoseconds: u64) -> Answer<Resource<Operation>> {
        self.host_call()?;
        if let Err(error) = self.may_ask(&label) {
            return Ok(Err(error));
        }
        let question =
            Question { limits: self.rate_limits.clone(), scope: Arc::clone(&self.scope), label, bytes };
        let pause = Duration::from_nanos(nanoseconds).min(LONGEST_PAUSE);
        let work = under_way(async move {
            if !pause.is_zero() {
                tokio::time::sleep(pause).await;
            }
            question.admitted().await.map_err(|error| error.to_string())
        });
        Ok(Ok(self.push_operation(work)?))
    }
}

impl Guest {
    /// Whether the component may ask a limit: its configuration names it, and there is one.
    fn may_ask(&self, label: &str) -> Result<(), WitError> {
        if !self.scope.rate_limits.contains(label) {
            let component = &self.scope.component;
            let message = format!("the configuration of `{component}` names no rate limit '{label}'");
            return Err(WitError::Denied(message));
        }
        Ok(self.rate_limits.check(label)?)
    }
}

/// What a limit is asked, again and again.
struct Question {
    limits: RateLimits,
    scope: Arc<Scope>,
    label: String,
    bytes: Option<u64>,
}

impl Question {
    /// Waits until the limit lets it go on.
    async fn admitted(&self) -> Result<(), RateLimitError> {
        loop {
            let period = self.ask().await?;
            if period.is_zero() {
                return Ok(());
            }
            tokio::time::sleep(period).await;
        }
    }

    /// The same until something is pending or `limit` has passed.
    async fn admitted_unless_woken(
        &self,
        wakes: &Wakes,
        limit: Option<Duration>,
    ) -> Result<Waited, RateLimitError> {
        let begun = clock::now();
        loop {
            let left = limit.map(|limit| limit.saturating_sub(begun.elapsed()));
            let pending = wakes.pending();
            if pending != Woken::default() {
                return Ok(Waited::Woken(pending.into()));
            }
            let period = tokio::select! {
                biased;
                asked = self.ask() => asked?,
                woken = wakes.wait(left) => return Ok(Waited::Woken(woken.into())),
            };
            if period.is_zero() {
                return Ok(Waited::Admitted);
            }
            let woken = wakes.wait(Some(left.map_or(period, |left| left.min(period)))).await;
            let is_over = left.is_some_and(|left| left <= period);
            if woken.settlement || woken.shutdown || is_over {
                return Ok(Waited::Woken(woken.into()));
            }
        }
    }

    /// How long to wait before the limit is asked again; nothing where it lets it go on.
    async fn ask(&self) -> Result<Duration, RateLimitError> {
        match self.limits.access(&self.label, size(self.bytes)).await {
            Err(error @ RateLimitError::Failed { .. }) => {
                self.scope.log(tracing::Level::ERROR, &format!("Rate limit error: {error}"), &[]);
                Ok(AFTER_FAILURE)
            }
            answer => answer,
        }
    }
}

/// Does what nobody may poll for a while, until nobody waits for it any more.
fn under_way(
    work: impl Future<Output = Result<(), String>> + Send + 'static,
) -> impl Future<Output = Result<(), String>> + Send + 'static {
    let (mut done, ended) = oneshot::channel();
    Spawner::current().spawn(async move {
        tokio::select! {
            biased;
            () = done.closed() => {}
            outcome = work => drop(done.send(outcome)),
        }
    });
    async { ended.await.unwrap_or_else(|_| Err("the process stops".to_owned())) }
}

fn size(bytes: Option<u64>) -> Option<usize> {
    bytes.map(|bytes| usize::try_from(bytes).unwrap_or(usize::MAX))
}

impl From<RateLimitError> for WitError {
    fn from(error: RateLimitError) -> Self {
        let text = error.to_string();
        match error {
            RateLimitError::Unknown { .. } => Self::Unknown(text),
            RateLimitError::Failed { .. } => Self::Failed(text),
        }
    }
}
