//! All pipelines of the process, by their ids. Each starts, runs and ends by itself; two changes of the same one are
//! made one after the other.

mod reading;
mod resources;

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use forebay_lifecycle::Threads;
use forebay_metrics::{ConnectionState, Metrics, Side};
use forebay_pipeline_config::{Document, PipelineConfig};
use forebay_pipeline_engine::{Identity, Paths, Structured, Surroundings};
use forebay_pipeline_operations::{Endpoints, stats};
use forebay_plugins_api::{Components, Environment, PipelineName, Rights};
use forebay_traces::Tracer;
use futures_util::future::join_all;
use serde_json::{Map, Value as Json, json};

use super::api::StreamReady;
use super::store::Store;
use super::stream::{Design, Start, Stream};

pub(super) use reading::{Faults, Text, patched};
pub(super) use resources::{ResourceError, TYPES};

/// The label of everything that is measured of a pipeline.
const LABEL: &str = "stream";

/// All pipelines.
pub(super) struct Manager {
    pub(super) components: Arc<dyn Components>,
    pub(super) tracer: Tracer,
    pub(super) metrics: Arc<Metrics>,
    pub(super) threads: Arc<Threads>,
    /// Where what looks after pipelines runs.
    pub(super) keeper: Arc<Threads>,
    pub(super) environment: Environment,
    pub(super) surroundings: Surroundings,
    pub(super) endpoints: Endpoints,
    /// Whether ids stand before the paths of pipelines.
    pub(super) prefix: bool,
    pub(super) store: Option<Store>,
    /// What all pipelines have of the configuration of the process.
    pub(super) settings: PipelineConfig,
    pub(super) process: Mutex<Process>,
    pub(super) streams: Mutex<Streams>,
    /// Who changes the pipeline with an id holds its lock.
    pub(super) changing: Mutex<HashMap<String, Arc<tokio::sync::Mutex<()>>>>,
}

/// The configuration of the process.
pub(super) struct Process {
    /// With the resources that came over HTTP.
    pub(super) document: Document,
    /// Without them.
    pub(super) base: Document,
    /// Those, by their types and labels.
    pub(super) posted: BTreeMap<(&'static str, String), String>,
}

#[derive(Default)]
pub(super) struct Streams {
    by_id: BTreeMap<String, Stream>,
    /// Whether no more may be started.
    is_closed: bool,
}

/// Why a pipeline was not changed.
#[derive(Debug, thiserror::Error)]
pub(super) enum ChangeError {
    #[error("stream already exists")]
    Exists,
    #[error("stream does not exist")]
    Unknown,
    #[error("the process is stopping")]
    Stopping,
    /// It can't be opened, or not be kept.
    #[error("{0}")]
    Failed(String),
}

impl Manager {
    /// Starts a pipeline.
    ///
    /// # Errors
    /// There is one with this id, it can't be opened, or not be kept.
    pub(super) async fn create(
        &self,
        id: &str,
        design: Design,
        keep: Option<&str>,
    ) -> Result<(), ChangeError> {
        let lock = self.lock_of(id);
        let _changing = lock.lock().await;
        if self.streams().by_id.contains_key(id) {
            return Err(ChangeError::Exists);
        }
        Box::pin(self.start(id, design)).await?;
        if let Err(error) = self.keep(id, keep) {
            self.end(id).await;
            return Err(error);
        }
        Ok(())
    }

    /// Stops a pipeline and starts another one in its place; where that can't be opened, the old one runs again.
    ///
    /// # Errors
    /// There is none with this id, it can't be opened, or not be kept.
    pub(super) async fn update(
        &self,
        id: &str,
        design: Design,
        keep: Option<&str>,
    ) -> Result<(), ChangeError> {
        let lock = self.lock_of(id);
        let _changing = lock.lock().await;
        let Some(old) = self.streams().by_id.get(id).map(|stream| stream.design.clone()) else {
            return Err(ChangeError::Unknown);
        };
        self.end(id).await;
        let started = match Box::pin(self.start(id, design)).await {
            Ok(()) => self.keep(id, keep),
            failed => failed,
        };
        if let Err(error) = started {
            self.end(id).await;
            if let Err(error) = Box::pin(self.start(id, old)).await {
                tracing::error!(stream = id, %error, "the pipeline before can't be started again");
            }
            return Err(error);
        }
        Ok(())
    }

    /// Stops a pipeline and forgets it.
    ///
    /// # Errors
    /// There is none with this id, or it is still kept.
    pub(super) async fn delete(&self, id: &str) -> Result<(), ChangeError> {
        let lock = self.lock_of(id);
        let _changing = lock.lock().await;
        if !self.streams().by_id.contains_key(id) {
            return Err(ChangeError::Unknown);
        }
        if let Some(store) = &self.store {
            let forgotten = store.forget_stream(id);
            forgotten.map_err(|error| ChangeError::Failed(format!("forget the stream: {error}")))?;
        }
        self.end(id).await;
        Ok(())
    }

    /// Stops all pipelines, each within its `shutdown_timeout`; whether all have delivered what they had read.
    pub(super) async fn stop(&self) -> bool {
        let stopping: Vec<_> = {
            let mut streams = self.streams();
            streams.is_closed = true;
            streams.by_id.values().map(|stream| (stream.is_running(), stream.stop())).collect()
        };
        let ends = stopping.into_iter().map(|(was_running, stopping)| async move {
            // How those ended that did so before was said then.
            stopping.end().await || !was_running
        });
        join_all(ends).await.into_iter().all(|is_well| is_well)
    }

    /// The ids of all pipelines.
    pub(super) fn ids(&self) -> Vec<String> {
        self.streams().by_id.keys().cloned().collect()
    }

    /// What is told of one pipeline.
    pub(super) fn look<T>(&self, id: &str, at: impl FnOnce(&Stream) -> T) -> Option<T> {
        self.streams().by_id.get(id).map(at)
    }

    /// What is told of all pipelines.
    pub(super) fn list(&self) -> Map<String, Json> {
        let streams = self.streams();
        streams.by_id.iter().map(|(id, stream)| (id.clone(), Json::Object(status(stream)))).collect()
    }

    /// What is measured of a pipeline.
    pub(super) fn stats(&self, id: &str) -> Option<Map<String, Json>> {
        let uptime = self.look(id, Stream::uptime)?;
        let mut stats = stats(&self.metrics, (LABEL, id));
        stats.insert("uptime_ns".to_owned(), json!(u64::try_from(uptime.as_nanos()).unwrap_or(u64::MAX)));
        Some(stats)
    }

    /// The pipelines that run without being connected.
    pub(super) fn unconnected(&self) -> Vec<String> {
        let states = self.metrics.connections().states();
        let streams = self.streams();
        let running = streams.by_id.iter().filter(|(_, stream)| stream.is_running());
        running.filter(|(id, _)| sides(&states, id).contains(&false)).map(|(id, _)| id.clone()).collect()
    }

    async fn start(&self, id: &str, design: Design) -> Result<(), ChangeError> {
        if self.streams().is_closed {
            return Err(ChangeError::Stopping);
        }
        let components = Structured::new(Arc::clone(&self.components)).with_label(LABEL, id);
        let prefix = if self.prefix { format!("/{}", encoded(id)) } else { String::new() };
        let paths = Paths { endpoints: self.endpoints.clone(), prefix: prefix.clone() };
        let start = Start {
            identity: Identity {
                virtual_cluster: None,
                name: PipelineName::new(id),
                file: id.to_owned(),
                rights: Rights::Starter,
                environment: self.environment.clone(),
            },
            components: Arc::new(components.with_tracer(self.tracer.clone())),
            threads: Arc::clone(&self.threads),
            keeper: Arc::clone(&self.keeper),
            surroundings: self.surroundings.for_another(Some(paths)),
        };
        let mut stream = Box::pin(Stream::start(start, design)).await.map_err(ChangeError::Failed)?;
        if self.prefix {
            let ready = StreamReady { metrics: Arc::clone(&self.metrics), id: id.to_owned() };
            let description =
                "Returns 200 OK if all inputs and outputs are connected, otherwise a 503 is returned.";
            // Something of its own may be there, which is as well then.
            stream._path = self.endpoints.register(&format!("{prefix}/ready"), description, ready).ok();
        }
        let stopping = {
            let mut streams = self.streams();
            let stopping = streams.is_closed.then(|| stream.stop());
            if stopping.is_none() {
                streams.by_id.insert(id.to_owned(), stream);
            }
            stopping
        };
        match stopping {
            Some(stopping) => {
                stopping.end().await;
                Err(ChangeError::Stopping)
            }
            None => Ok(()),
        }
    }

    /// Ends a pipeline; what is measured of it ends with it.
    async fn end(&self, id: &str) {
        let stopping = self.look(id, Stream::stop);
        if let Some(stopping) = stopping {
            stopping.end().await;
            self.streams().by_id.remove(id);
        }
        self.metrics.forget(LABEL, id);
    }

    fn keep(&self, id: &str, text: Option<&str>) -> Result<(), ChangeError> {
        let Some((store, text)) = self.store.as_ref().zip(text) else { return Ok(()) };
        let kept = store.keep_stream(id, text);
        kept.map_err(|error| ChangeError::Failed(format!("keep the stream: {error}")))
    }

    fn streams(&self) -> MutexGuard<'_, Streams> {
        self.streams.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn process(&self) -> MutexGuard<'_, Process> {
        self.process.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock_of(&self, id: &str) -> Arc<tokio::sync::Mutex<()>> {
        let mut locks = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        locks.retain(|_, lock| Arc::strong_count(lock) > 1);
        Arc::clone(locks.entry(id.to_owned()).or_default())
    }
}

/// Whether a pipeline runs, and since when.
pub(super) fn status(stream: &Stream) -> Map<String, Json> {
    let uptime = stream.uptime();
    let mut status = Map::new();
    status.insert("active".to_owned(), json!(stream.is_running()));
    status.insert("uptime".to_owned(), json!(uptime.as_secs_f64()));
    status.insert("uptime_str".to_owned(), json!(forebay_pipeline_operations::Since::text(uptime)));
    status
}

/// Whether the inputs and the outputs of a pipeline are connected.
pub(super) fn sides(states: &[ConnectionState], id: &str) -> [bool; 2] {
    [Side::Input, Side::Output].map(|side| {
        let mut of = states.iter().filter(|state| state.pipeline == id && state.side == side).peekable();
        of.peek().is_some() && of.all(|state| state.is_up)
    })
}

/// An id as a segment of a path.
fn encoded(id: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    id.bytes()
        .map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}
