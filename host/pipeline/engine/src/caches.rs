//! The caches of a pipeline: one task owns each component, and does what the others ask of it.
//!
//! They are opened before all other components and closed after them. A cache whose instance is lost,
//! or that can't connect, answers with errors until it is back.

mod metered;
pub(crate) mod multilevel;

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use forebay_lifecycle::{Backoff, Shutdown, TaskFailed, Threads, clock};
use forebay_pipeline_config::{ComponentConfig, Label, Problem};
use forebay_plugins_api::{Cache, Caches, ComponentError, Components, LostInstance, Setup, SharedCache};
use futures_util::future::{BoxFuture, join_all};
use tokio::sync::{mpsc, oneshot};

use crate::check;
use crate::structure::problem;
use metered::Metered;
use multilevel::Circles;

/// Calls that wait for a cache before those who make more wait for room: far more than there are
/// workers.
const QUEUE: usize = 64;
/// Pauses between tries to connect.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

type Answer<T> = oneshot::Sender<Result<T, String>>;

/// What the owner of a cache is asked for.
enum Request {
    Get { key: String, answer: Answer<Option<Vec<u8>>> },
    Set { key: String, value: Vec<u8>, after: Option<Duration>, answer: Answer<()> },
    Add { key: String, value: Vec<u8>, after: Option<Duration>, answer: Answer<bool> },
    Delete { key: String, answer: Answer<()> },
}

/// A cache in another task.
struct Remote(mpsc::Sender<Request>);

/// The task that owns a cache.
struct Owner {
    path: String,
    cache: Box<dyn Cache>,
    requests: mpsc::Receiver<Request>,
    connection: Connection,
}

enum Connection {
    Up,
    /// Why, and when to try again.
    Down {
        reason: String,
        retry_at: Instant,
        backoff: Backoff,
    },
}

/// The caches of a pipeline that runs; they end when this is dropped.
pub(crate) struct RunningCaches {
    pub(crate) caches: Caches,
    stop: Shutdown,
    /// Behind a lock only so that many may look at the caches.
    tasks: Mutex<Vec<BoxFuture<'static, Result<(), TaskFailed>>>>,
}

impl RunningCaches {
    /// Opens the caches of a pipeline and gives each a task. `setup` makes what each is opened with;
    /// what can't be opened is added to `problems`, under the name of `file`.
    pub(crate) async fn open(
        file: &str,
        configs: &[ComponentConfig],
        components: &Arc<dyn Components>,
        setup: impl Fn(&ComponentConfig, Caches) -> Setup,
        threads: (&Threads, usize),
        problems: &mut Vec<Problem>,
    ) -> Self {
        let metrics = components.metrics();
        let mut labels = HashSet::new();
        let mut circles = Circles::among(configs);
        // First all channels: a cache may use those that come after it.
        let (mut planned, mut remotes) = (Vec::new(), Vec::<(Label, Arc<dyn SharedCache>)>::new());
        for config in configs {
            let Some(label) = &config.label else { continue };
            let mut refuse = |reason: String| {
                problems.extend(check::problems(file, config, "", &problem("", &reason)));
            };
            if !labels.insert(label.as_str()) {
                refuse(format!("label `{label}` is that of another cache already"));
                continue;
            }
            let (sender, requests) = mpsc::channel(QUEUE);
            match circles.through(label.as_str()) {
                Some(way) => refuse(format!("a cache is one of its own levels: {way}")),
                None => planned.push((config, label, requests)),
            }
            let remote = Metered::new(Remote(sender), &metrics, &setup(config, Caches::default()));
            remotes.push((label.clone(), Arc::new(remote)));
        }
        let caches = Caches::new(remotes);
        let mut running = Self { caches, stop: Shutdown::new(), tasks: Mutex::default() };
        let (threads, first) = threads;
        for (index, (config, label, requests)) in planned.into_iter().enumerate() {
            // It has nothing to be woken for: it works until the others have ended, and is closed then.
            let wakes = Arc::default();
            let setup = Setup { wakes, ..setup(config, running.caches.used_by(label)) };
            match components.open_cache(setup).await {
                Ok(cache) => {
                    let connection = Connection::down("not connected yet".to_owned());
                    let path = config.path.clone();
                    let owner = Owner { path, cache, requests, connection };
                    let task = threads.spawn(first + index, "a cache", owner.run(running.stop.clone()));
                    running.tasks().push(Box::pin(task));
                }
                Err(error) => problems.extend(check::problems(file, config, "", &error)),
            }
        }
        running
    }

    fn tasks(&mut self) -> &mut Vec<BoxFuture<'static, Result<(), TaskFailed>>> {
        self.tasks.get_mut().unwrap_or_else(PoisonError::into_inner)
    }

    /// Closes the caches, when nobody uses them any more, and waits for that no longer than `limit`.
    pub(crate) async fn close(mut self, limit: Duration) {
        self.stop.cancel();
        let tasks = std::mem::take(self.tasks());
        match tokio::time::timeout(limit, join_all(tasks)).await {
            Ok(ended) => {
                for failed in ended.into_iter().filter_map(Result::err) {
                    tracing::error!(error = %failed, "close a cache");
                }
            }
            Err(_) => tracing::error!(?limit, "a cache did not close in time"),
        }
    }
}

impl Drop for RunningCaches {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

impl Owner {
    async fn run(mut self, stop: Shutdown) {
        // Whoever asks is told why it failed.
        let _ = self.connect().await;
        loop {
            tokio::select! {
                biased;
                () = stop.cancelled() => break,
                request = self.requests.recv() => match request {
                    Some(request) if request.is_abandoned() => {}
                    Some(request) => self.serve(request).await,
                    None => break,
                },
            }
        }
        self.cache.close().await;
    }

    /// Connects, unless it is connected or it is too early for another try.
    ///
    /// # Errors
    /// Why it is not connected.
    async fn connect(&mut self) -> Result<(), String> {
        let Connection::Down { reason, retry_at, backoff } = &mut self.connection else { return Ok(()) };
        if clock::now() < *retry_at {
            return Err(reason.clone());
        }
        match self.cache.connect().await {
            Ok(()) => {
                self.connection = Connection::Up;
                Ok(())
            }
            Err(error) => {
                tracing::error!(path = self.path, %error, "cache can't connect");
                *reason = format!("not connected: {error}");
                *retry_at = clock::now() + backoff.pause();
                Err(reason.clone())
            }
        }
    }

    async fn serve(&mut self, request: Request) {
        if let Err(reason) = self.connect().await {
            request.refuse(reason);
            return;
        }
        let cache = &mut self.cache;
        let lost = match request {
            Request::Get { key, answer } => reply(answer, cache.get(&key).await),
            Request::Set { key, value, after, answer } => reply(answer, cache.set(&key, &value, after).await),
            Request::Add { key, value, after, answer } => reply(answer, cache.add(&key, &value, after).await),
            Request::Delete { key, answer } => reply(answer, cache.delete(&key).await),
        };
        if let Some(lost) = lost {
            tracing::error!(path = self.path, error = %lost, "cache lost");
            self.connection = Connection::down(lost.to_string());
        }
    }
}

/// Hands a result over; the loss that must be seen to.
fn reply<T>(answer: Answer<T>, result: Result<T, ComponentError>) -> Option<LostInstance> {
    let lost = match &result {
        Err(ComponentError::Lost(lost)) => Some(lost.clone()),
        _ => None,
    };
    // Whoever asked may have gone meanwhile.
    let _ = answer.send(result.map_err(|error| error.to_string()));
    lost
}

impl Request {
    /// Whether nobody waits for it any more.
    fn is_abandoned(&self) -> bool {
        match self {
            Self::Get { answer, .. } => answer.is_closed(),
            Self::Set { answer, .. } | Self::Delete { answer, .. } => answer.is_closed(),
            Self::Add { answer, .. } => answer.is_closed(),
        }
    }

    fn refuse(self, reason: String) {
        // Whoever asked may have gone meanwhile.
        let _ = match self {
            Self::Get { answer, .. } => answer.send(Err(reason)).map_err(drop),
            Self::Set { answer, .. } | Self::Delete { answer, .. } => answer.send(Err(reason)).map_err(drop),
            Self::Add { answer, .. } => answer.send(Err(reason)).map_err(drop),
        };
    }
}

impl Connection {
    /// Not connected, to be tried at once.
    fn down(reason: String) -> Self {
        let backoff = Backoff::new(FIRST_PAUSE, LONGEST_PAUSE);
        Self::Down { reason, retry_at: clock::now(), backoff }
    }
}

impl Remote {
    async fn ask<T>(&self, request: impl FnOnce(Answer<T>) -> Request) -> Result<T, String> {
        let (answer, result) = oneshot::channel();
        let gone = || "the cache has ended".to_owned();
        self.0.send(request(answer)).await.map_err(|_| gone())?;
        result.await.unwrap_or_else(|_| Err(gone()))
    }
}

#[async_trait]
impl SharedCache for Remote {
    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, String> {
        self.ask(|answer| Request::Get { key: key.to_owned(), answer }).await
    }

    async fn set(&self, key: &str, value: Vec<u8>, after: Option<Duration>) -> Result<(), String> {
        self.ask(|answer| Request::Set { key: key.to_owned(), value, after, answer }).await
    }

    async fn add(&self, key: &str, value: Vec<u8>, after: Option<Duration>) -> Result<bool, String> {
        self.ask(|answer| Request::Add { key: key.to_owned(), value, after, answer }).await
    }

    async fn delete(&self, key: &str) -> Result<(), String> {
        self.ask(|answer| Request::Delete { key: key.to_owned(), answer }).await
    }
}
