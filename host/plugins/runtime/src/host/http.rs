//! HTTP, as a client and as a server. The parts:
//!
//! - `target`, `addresses`: urls, and which addresses may be connected to;
//! - `request`, `text`: a request as the guest asked for it, and the secrets that are put into it;
//! - `authentication`: what is computed with secrets to show who sends a request;
//! - `courier`, `client`, `connect`, `proxy`, `tls`, `body`: sending it;
//! - `service`: the threads and clients that all instances share;
//! - `listener`, `intake`, `messages`: the other direction, requests and messages of websockets for a guest;
//! - `outlet`, `offers`, `fetch`, `push`: requests and websockets for what a guest offers;
//! - `site`, `serve`, `socket`: what both stand on, servers and websockets.

pub(crate) mod addresses;
mod authentication;
mod body;
mod client;
mod connect;
mod courier;
mod error;
mod fetch;
mod intake;
mod listener;
mod messages;
mod meter;
mod offers;
mod outlet;
mod patient;
mod proxy;
mod push;
mod request;
mod serve;
mod service;
mod site;
mod socket;
pub(crate) mod target;
mod text;
mod tls;

use std::future::Future;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use forebay_plugins_api::Operation;
use rustls::ClientConfig;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use wasmtime::component::Resource;

pub use addresses::Resolve;
use authentication::Kept;
pub(crate) use authentication::{ClientCredentials, TokenSource};
use body::BodyStream;
use courier::{Answer, Courier, PlainHeaders};
pub(crate) use error::{ErrorKind, HttpError};
#[expect(unreachable_pub, reason = "the generated bindings name them")]
pub use listener::{HostExchange, HostListener};
use meter::HttpMeter;
#[expect(unreachable_pub, reason = "the generated bindings name it")]
pub use outlet::HostOutlet;
pub use proxy::Proxies;
use request::Outgoing;
pub(crate) use request::client_tls;
pub use service::HttpSettings;
use service::OwnConnections;
pub(crate) use service::Service;
pub(crate) use text::render;
use tls::TlsConfigs;
pub(crate) use tls::plain_tls;

use crate::account::Account;
use crate::bindings::forebay::http::client::{
    Host, HttpError as WitError, Opened, Request, Response as WitResponse,
};
use crate::guest::Guest;
use crate::host::streams::Permitted;
use crate::limits::Limit;
use crate::plugin::PluginMetrics;

/// How many requests of one component wait beside those that are under way.
const WAITING: usize = 1_000;
/// The longest pause before a request is sent.
const LONGEST_PAUSE: Duration = Duration::from_secs(600);

/// The requests of one component, those of instances that are gone included.
#[derive(Debug)]
pub(crate) struct Requests {
    /// One for each that may be under way; others wait.
    places: Arc<Semaphore>,
    /// How many are under way or wait, and how many may.
    started: Arc<AtomicUsize>,
    most: usize,
    connections: OwnConnections,
    tls: TlsConfigs,
    kept: Kept,
}

impl Requests {
    /// For a component that may have so many under way at once, and at least one.
    pub(crate) fn new(under_way: usize) -> Self {
        let under_way = under_way.clamp(1, Semaphore::MAX_PERMITS / 2);
        Self {
            places: Arc::new(Semaphore::new(under_way)),
            started: Arc::default(),
            most: under_way.saturating_add(WAITING),
            connections: OwnConnections::new(under_way),
            tls: TlsConfigs::default(),
            kept: Kept::default(),
        }
    }
}

/// Counts a request until it is dropped.
struct Started(Arc<AtomicUsize>);

impl Requests {
    fn start(&self, metrics: &PluginMetrics) -> Result<Started, HttpError> {
        let started = Started(Arc::clone(&self.started));
        let before = self.started.fetch_add(1, Ordering::Relaxed);
        metrics.used(Limit::Requests, before + 1);
        if before >= self.most {
            metrics.struck(Limit::Requests);
            let problem = format!(
                "{} requests of this component are under way or wait already, the limit `requests` and {WAITING}",
                self.most
            );
            return Err(HttpError::new(ErrorKind::Busy, problem));
        }
        Ok(started)
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Where a started request leaves its answer, for the guest to take.
type Mailbox = Arc<Mutex<Option<Result<Answer, HttpError>>>>;

/// A request on its way, with all that it needs on another thread.
struct Job {
    courier: Courier,
    outgoing: Outgoing,
    tls: Arc<ClientConfig>,
    places: Arc<Semaphore>,
    /// Its place in the queue.
    _started: Started,
}

impl Guest {
    /// Checks a request, and gathers what it needs. Denied ones are found out here, before any wait.
    fn prepare(&self, request: Request) -> Result<Job, HttpError> {
        let scope = &self.scope;
        let Account { held, requests, metrics, .. } = &*scope.account;
        let outgoing = Outgoing::new(request, &scope.secrets, held, &scope.allowed)?;
        let network = &scope.allowed.network;
        network.request(&outgoing.url.target, outgoing.method.as_str()).map_err(HttpError::denied)?;
        if let Some(authentication) = &outgoing.authentication {
            authentication.check(network, &outgoing.tls)?;
        }
        // Here, on the thread of the guest and on its account: reading certificates takes a while.
        let tls = requests.tls.get(&outgoing.tls);
        let tls = tls.map_err(|problem| HttpError::new(ErrorKind::Tls, problem))?;
        Ok(Job {
            courier: Courier::of(scope),
            outgoing,
            tls,
            places: Arc::clone(&requests.places),
            _started: requests.start(metrics)?,
        })
    }

    /// As `prepare`, counted when it is refused.
    fn checked(&self, request: Request) -> Result<Job, HttpError> {
        let prepared = self.prepare(request);
        if prepared.is_err() {
            HttpMeter::of(&self.scope).ended(&prepared, |_| 0);
        }
        prepared
    }
}

/// Runs work on the threads for HTTP; it is given up when nobody waits for it any more.
async fn elsewhere<T: Send + 'static>(
    service: Arc<Service>,
    work: impl Future<Output = Result<T, HttpError>> + Send + 'static,
) -> Result<T, HttpError> {
    let spawner = service.spawner().map_err(|problem| HttpError::new(ErrorKind::Other, problem))?;
    let (mut done, result) = oneshot::channel();
    spawner.spawn(async move {
        tokio::select! {
            biased;
            () = done.closed() => {}
            ended = work => drop(done.send(ended)),
        }
    });
    result.await.unwrap_or_else(|_| Err(HttpError::stopped()))
}

impl Host for Guest {
    async fn send(&mut self, request: Request) -> wasmtime::Result<Result<WitResponse, WitError>> {
        self.host_call()?;
        let _waiting = self.meter.long_wait();
        let answer = match self.checked(request) {
            Ok(job) => elsewhere(Arc::clone(&self.scope.http), job.run()).await,
            Err(error) => Err(error),
        };
        Ok(answer.map(WitResponse::from).map_err(WitError::from))
    }

    async fn open(&mut self, request: Request) -> wasmtime::Result<Result<Opened, WitError>> {
        self.host_call()?;
        let _waiting = self.meter.long_wait();
        let permit = match self.scope.account.stream() {
            Ok(permit) => permit,
            Err(problem) => return Ok(Err(WitError::Busy(problem))),
        };
        let opened = match self.checked(request) {
            Ok(job) => elsewhere(Arc::clone(&self.scope.http), job.open()).await,
            Err(error) => Err(error),
        };
        match opened {
            Ok((status, headers, stream)) => {
                let body = self.push(Permitted::boxed(stream, permit))?;
                Ok(Ok(Opened { status, headers, body }))
            }
            Err(error) => Ok(Err(error.into())),
        }
    }

    fn start(&mut self, request: Request) -> wasmtime::Result<Result<Resource<Operation>, WitError>> {
        self.start_after(request, 0)
    }

    fn start_after(
        &mut self,
        request: Request,
        nanoseconds: u64,
    ) -> wasmtime::Result<Result<Resource<Operation>, WitError>> {
        self.host_call()?;
        let job = match self.checked(request) {
            Ok(job) => job,
            Err(error) => return Ok(Err(error.into())),
        };
        let spawner = match self.scope.http.spawner() {
            Ok(spawner) => spawner,
            Err(problem) => return Ok(Err(WitError::Other(problem))),
        };
        let mailbox = Mailbox::default();
        let (done, ended) = oneshot::channel();
        let into = Arc::clone(&mailbox);
        let pause = Duration::from_nanos(nanoseconds).min(LONGEST_PAUSE);
        spawner.spawn(async move {
            if !pause.is_zero() {
                tokio::time::sleep(pause).await;
            }
            let answer = job.run().await;
            let outcome = answer.as_ref().map(|_| ()).map_err(ToString::to_string);
            *into.lock().unwrap_or_else(PoisonError::into_inner) = Some(answer);
            // Whoever started it may have gone; it was sent all the same.
            let _ = done.send(outcome);
        });
        let work = async { ended.await.unwrap_or_else(|_| Err(HttpError::stopped().text)) };
        Ok(Ok(self.push_operation_with(work, mailbox)?))
    }

    fn take_response(
        &mut self,
        operation: Resource<Operation>,
    ) -> wasmtime::Result<Result<WitResponse, WitError>> {
        let invalid = |problem: &str| Ok(Err(WitError::Invalid(problem.to_owned())));
        let operation = self.table.get_mut(&operation)?;
        if operation.outcome().is_none() {
            return invalid("the request has not ended");
        }
        let Some(mailbox) = operation.take_payload::<Mailbox>() else {
            return invalid("the operation is no request, or its response was taken");
        };
        let answer = mailbox.lock().unwrap_or_else(PoisonError::into_inner).take();
        let answer = answer.unwrap_or_else(|| Err(HttpError::stopped()));
        Ok(answer.map(WitResponse::from).map_err(WitError::from))
    }
}

impl Job {
    /// The whole response, in time.
    async fn run(mut self) -> Result<Answer, HttpError> {
        let Self { courier, outgoing, tls, places, .. } = &mut self;
        let answer = async {
            courier.authorize(outgoing, tls).await?;
            in_time(outgoing.timeout, async {
                let _place = place(places).await?;
                courier.answer(outgoing, tls).await
            })
            .await
        };
        let answer = answer.await;
        courier.meter.ended(&answer, |answer| answer.status);
        answer
    }

    /// The beginning of the response, in time, and the rest as a stream.
    async fn open(mut self) -> Result<(u16, PlainHeaders, BodyStream), HttpError> {
        let Self { courier, outgoing, tls, places, .. } = &mut self;
        let patience = outgoing.timeout;
        let begun = async {
            courier.authorize(outgoing, tls).await?;
            in_time(patience, async {
                let place = place(places).await?;
                Ok((place, courier.begin(outgoing, tls).await?))
            })
            .await
        };
        let begun = begun.await;
        courier.meter.ended(&begun, |(_, (status, ..))| *status);
        let (place, (status, headers, pieces)) = begun?;
        let most = outgoing.most;
        let stream = BodyStream { pieces, rest: Bytes::new(), left: most, most, patience, _place: place };
        Ok((status, headers, stream))
    }
}

/// Waits until one more request may be under way.
async fn place(places: &Arc<Semaphore>) -> Result<OwnedSemaphorePermit, HttpError> {
    Arc::clone(places).acquire_owned().await.map_err(|_| HttpError::stopped())
}

async fn in_time<T>(
    limit: Duration,
    work: impl Future<Output = Result<T, HttpError>>,
) -> Result<T, HttpError> {
    let late = |_| Err(HttpError::new(ErrorKind::Timeout, format!("there was no response within {limit:?}")));
    tokio::time::timeout(limit, work).await.unwrap_or_else(late)
}

impl From<Answer> for WitResponse {
    fn from(Answer { status, headers, body, .. }: Answer) -> Self {
        Self { status, headers, body: body.into() }
    }
}
