//! One of the instances of a pipeline: it is started, started again when its input has ended or it has failed, and
//! stopped.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use forebay_lifecycle::{Backoff, Shutdown};
use forebay_metrics::Gauge;
use forebay_pipeline_engine::Ended;
use forebay_pipeline_operations::Since;
use serde::Serialize;
use tokio::sync::watch;

use crate::running::{Over, Running, Start};

const INCOMPLETE: &str = "not all of the input could be read and delivered";

/// Pauses between an end by a fault and the next start.
#[derive(Debug, Clone, Copy)]
pub struct Pauses {
    pub first: Duration,
    pub longest: Duration,
    /// What ran so long before it failed starts with the first pause again, as does what ran well to its end.
    pub healthy: Duration,
}

impl Default for Pauses {
    fn default() -> Self {
        Self {
            first: Duration::from_millis(250),
            longest: Duration::from_secs(30),
            healthy: Duration::from_secs(60),
        }
    }
}

/// What an instance is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum InstanceState {
    Starting,
    Running,
    /// Its input has ended, and it is run again when the time has come.
    Waiting,
    /// Its input has ended, and everything is delivered.
    Finished,
    /// It has failed, or ended without having read and delivered all of its input, and is started again after a pause.
    Failing,
    /// It delivers what it has read.
    Stopping,
    Stopped,
}

/// What is told of an instance.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct InstanceStatus {
    pub state: InstanceState,
    /// How long it has been in that state.
    pub seconds: f64,
    /// How often it was started.
    pub runs: u64,
    /// How often it was started because it had failed.
    pub restarts: u64,
    /// What it failed for the last time.
    pub error: Option<String>,
}

/// An instance that works.
pub(crate) struct Instance {
    notes: Arc<Mutex<Notes>>,
    stop: Shutdown,
    state: watch::Receiver<InstanceState>,
}

struct Notes {
    state: InstanceState,
    since: Since,
    runs: u64,
    restarts: u64,
    error: Option<String>,
    /// Whether everything that it had read was delivered when it was stopped.
    is_well: bool,
}

/// What an instance works with.
pub(crate) struct Work {
    /// Makes what the next run starts with; the run ends with this.
    pub(crate) start: Box<dyn Fn(Shutdown) -> Start + Send + Sync>,
    pub(crate) run_every: Option<Duration>,
    pub(crate) pauses: Pauses,
    /// Counts the instances that run.
    pub(crate) active: Gauge,
}

impl Instance {
    /// An instance, and what it does until it is stopped.
    pub(crate) fn new(work: Work) -> (Self, impl Future<Output = ()> + Send) {
        let (tell, state) = watch::channel(InstanceState::Starting);
        let (stop, notes) = (Shutdown::new(), Arc::new(Mutex::new(Notes::default())));
        let log = Log { notes: Arc::clone(&notes), tell };
        let instance = Self { notes, stop: stop.clone(), state };
        (instance, Box::pin(work.run(log, stop)))
    }

    pub(crate) fn status(&self) -> InstanceStatus {
        let notes = lock(&self.notes);
        let Notes { state, since, runs, restarts, error, .. } = &*notes;
        InstanceStatus {
            state: *state,
            seconds: since.elapsed().as_secs_f64(),
            runs: *runs,
            restarts: *restarts,
            error: error.clone(),
        }
    }

    /// Waits until it was started for the first time.
    ///
    /// # Errors
    /// Why that failed.
    pub(crate) async fn started(&mut self) -> Result<(), String> {
        let state = self.state.wait_for(|state| *state != InstanceState::Starting).await;
        match state.map_or(InstanceState::Stopped, |state| *state) {
            InstanceState::Failing => Err(lock(&self.notes).error.clone().unwrap_or_default()),
            _ => Ok(()),
        }
    }

    /// Tells it to stop.
    pub(crate) fn stop(&self) {
        self.stop.cancel();
    }

    /// Waits until it has stopped; whether everything that it had read was delivered.
    pub(crate) async fn stopped(&mut self) -> bool {
        let stopped = self.state.wait_for(|state| *state == InstanceState::Stopped).await.is_ok();
        stopped && lock(&self.notes).is_well
    }
}

impl Default for Notes {
    fn default() -> Self {
        let state = InstanceState::Starting;
        Self { state, since: Since::now(), runs: 0, restarts: 0, error: None, is_well: true }
    }
}

fn lock(notes: &Mutex<Notes>) -> MutexGuard<'_, Notes> {
    notes.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Where an instance says what it does.
struct Log {
    notes: Arc<Mutex<Notes>>,
    tell: watch::Sender<InstanceState>,
}

impl Log {
    fn is(&self, state: InstanceState) {
        {
            let mut notes = lock(&self.notes);
            (notes.state, notes.since) = (state, Since::now());
            notes.runs += u64::from(state == InstanceState::Starting);
        }
        self.tell.send_replace(state);
    }

    fn failed(&self, error: String) {
        {
            let mut notes = lock(&self.notes);
            notes.restarts += 1;
            notes.error = Some(error);
        }
        self.is(InstanceState::Failing);
    }
}

/// What to do after a run.
enum Next {
    Again,
    /// The pause is that of the schedule.
    Scheduled,
    Never,
}

impl Work {
    async fn run(self, log: Log, stop: Shutdown) {
        let Pauses { first, longest, healthy } = self.pauses;
        let mut backoff = Backoff::new(first, longest);
        while !stop.is_cancelled() {
            // From start to start, however long a run takes.
            let schedule = tokio::time::sleep(self.run_every.unwrap_or_default());
            tokio::pin!(schedule);
            match self.once(&log, &stop, &mut backoff, healthy).await {
                Next::Again => {
                    tokio::select! {
                        () = stop.cancelled() => {}
                        () = tokio::time::sleep(backoff.pause()) => {}
                    }
                }
                Next::Scheduled => {
                    tokio::select! {
                        () = stop.cancelled() => {}
                        () = schedule => {}
                    }
                }
                Next::Never => stop.cancelled().await,
            }
        }
        log.is(InstanceState::Stopped);
    }

    /// One run, from its start to its end.
    async fn once(&self, log: &Log, stop: &Shutdown, backoff: &mut Backoff, healthy: Duration) -> Next {
        log.is(InstanceState::Starting);
        let running = match Running::start((self.start)(stop.clone())).await {
            Ok(running) => running,
            Err(error) => {
                log.failed(error);
                return Next::Again;
            }
        };
        log.is(InstanceState::Running);
        self.active.inc();
        let mut ending = running.ending();
        let over = tokio::select! {
            over = ending.over() => over,
            () = stop.cancelled() => {
                log.is(InstanceState::Stopping);
                running.ending().over().await
            }
        };
        self.active.dec();
        if over.ran >= healthy {
            backoff.reset();
        }
        if stop.is_cancelled() {
            lock(&log.notes).is_well = over.is_well();
            return Next::Never;
        }
        self.next(log, over, backoff)
    }

    fn next(&self, log: &Log, over: Over, backoff: &mut Backoff) -> Next {
        let fault = match over.ended {
            Ok(Ended::Finished | Ended::Stopped) => {
                backoff.reset();
                None
            }
            // The next run comes anyway.
            Ok(Ended::Incomplete) if self.run_every.is_some() => Some(INCOMPLETE.to_owned()),
            Ok(Ended::Incomplete) => {
                log.failed(INCOMPLETE.to_owned());
                return Next::Again;
            }
            Ok(Ended::GaveUp) => {
                log.failed("it gave up before everything was delivered".to_owned());
                return Next::Again;
            }
            Err(error) => {
                log.failed(error);
                return Next::Again;
            }
        };
        lock(&log.notes).error = fault;
        if self.run_every.is_some() {
            log.is(InstanceState::Waiting);
            Next::Scheduled
        } else {
            log.is(InstanceState::Finished);
            Next::Never
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_until_a_run_has_ended_well() {
        let work = Work {
            start: Box::new(|_| unreachable!("nothing is started")),
            run_every: None,
            pauses: Pauses::default(),
            active: Gauge::default(),
        };
        let (tell, _state) = watch::channel(InstanceState::Running);
        let log = Log { notes: Arc::default(), tell };
        let mut backoff = Backoff::new(Duration::from_secs(1), Duration::from_secs(60));
        for (ended, pause) in [
            (Err("no".to_owned()), 1),
            (Ok(Ended::Incomplete), 2),
            (Ok(Ended::GaveUp), 4),
            (Ok(Ended::Finished), 1),
            (Ok(Ended::Incomplete), 2),
            (Ok(Ended::Stopped), 1),
        ] {
            let over = Over { ran: Duration::ZERO, ended };
            work.next(&log, over, &mut backoff);
            assert_eq!(backoff.pause().as_secs(), pause);
        }
    }
}
