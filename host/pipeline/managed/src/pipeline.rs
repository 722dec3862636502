//! One pipeline of the folder: the version that runs, its instances, and what takes their place.
//!
//! A task looks after each pipeline, so that one which takes long to drain holds up no other. It takes what its file is
//! to be from a channel, of which only the last word counts.

use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use forebay_metrics::{ConnectionState, Gauge};
use tokio::sync::watch;

use crate::design::Design;
use crate::fair_limit::Share;
use crate::instance::{Instance, InstanceState, Work};
use crate::shared::Shared;
use crate::status::{PipelineState, PipelineStatus, sides};

/// The label of everything that is measured of a pipeline.
pub(crate) const LABEL: &str = "pipeline";

/// What a pipeline is to be.
#[derive(Debug, Clone, Default)]
pub(crate) enum Wanted {
    /// There was no version yet that could be read.
    #[default]
    Nothing,
    Version(Design),
    /// Its file is gone, or the agent stops.
    Gone,
}

/// A pipeline as others see it.
pub(crate) struct Pipeline {
    name: String,
    wanted: watch::Sender<Wanted>,
    seen: Arc<Mutex<Seen>>,
}

/// What is told of it.
#[derive(Default)]
struct Seen {
    file: String,
    /// What is wrong with the file as it is now.
    problems: Vec<String>,
    current: Option<Current>,
    is_stopping: bool,
}

/// The version that counts.
struct Current {
    design: Design,
    wanted: u32,
    is_of_other_group: bool,
    instances: Vec<Instance>,
}

impl Pipeline {
    /// A pipeline, and the work of looking after it until it is gone.
    pub(crate) fn new(name: &str, shared: Arc<Shared>) -> (Self, impl Future<Output = ()> + Send + use<>) {
        let (wanted, told) = watch::channel(Wanted::default());
        let seen = Arc::<Mutex<Seen>>::default();
        let keeper = Keeper {
            name: name.to_owned(),
            wanted: told,
            agents: shared.agents.subscribe(),
            seen: Arc::clone(&seen),
            active: shared.active(name),
            share: Arc::new(shared.limit.share()),
            shared,
        };
        (Self { name: name.to_owned(), wanted, seen }, Box::pin(keeper.run()))
    }

    /// Says what the pipeline is to be.
    pub(crate) fn want(&self, wanted: Wanted) {
        if let Wanted::Version(design) = &wanted {
            let mut seen = lock(&self.seen);
            seen.file.clone_from(&design.file);
            seen.problems.clear();
        }
        self.wanted.send_replace(wanted);
    }

    /// Says that its file is at fault. What runs goes on.
    pub(crate) fn refuse(&self, file: &str, problems: Vec<String>) {
        let mut seen = lock(&self.seen);
        (seen.file, seen.problems) = (file.to_owned(), problems);
    }

    pub(crate) fn status(&self, connections: &[ConnectionState]) -> PipelineStatus {
        let seen = lock(&self.seen);
        let [input_connected, output_connected] = sides(connections, &self.name);
        let current = seen.current.as_ref();
        let instances: Vec<_> =
            current.into_iter().flat_map(|current| &current.instances).map(Instance::status).collect();
        let has = |state| instances.iter().any(|instance| instance.state == state);
        let state = match current {
            _ if seen.is_stopping => PipelineState::Stopping,
            // Between two versions.
            None if seen.problems.is_empty() => PipelineState::Running,
            None => PipelineState::Refused,
            Some(current) if current.is_of_other_group => PipelineState::OtherGroup,
            Some(_) if has(InstanceState::Failing) => PipelineState::Failing,
            Some(_) if instances.iter().all(|one| one.state == InstanceState::Finished) => {
                PipelineState::Finished
            }
            Some(_) => PipelineState::Running,
        };
        PipelineStatus {
            name: self.name.clone(),
            file: seen.file.clone(),
            state,
            version: current.filter(|current| !current.is_of_other_group).map(|now| now.design.version),
            group: current.and_then(|current| current.design.config.warpstream.pipeline_group.clone()),
            wanted: current.map_or(0, |current| current.wanted),
            instances,
            input_connected,
            output_connected,
            problems: seen.problems.clone(),
        }
    }
}

fn lock(seen: &Mutex<Seen>) -> MutexGuard<'_, Seen> {
    seen.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What looks after a pipeline.
struct Keeper {
    name: String,
    wanted: watch::Receiver<Wanted>,
    agents: watch::Receiver<NonZeroU32>,
    seen: Arc<Mutex<Seen>>,
    active: Gauge,
    share: Arc<Share>,
    shared: Arc<Shared>,
}

impl Keeper {
    async fn run(mut self) {
        // The version that was taken up last, whether it runs or not.
        let mut tried = 0;
        loop {
            let wanted = self.wanted.borrow_and_update().clone();
            match wanted {
                Wanted::Nothing => {}
                Wanted::Version(design) if design.version != tried => {
                    tried = design.version;
                    self.replace(design).await;
                }
                Wanted::Version(_) => {}
                Wanted::Gone => {
                    self.drain().await;
                    tracing::info!(pipeline = self.name, "stopped");
                    if self.shared.forget(&self.name, || !self.wanted.has_changed().unwrap_or(false)) {
                        return;
                    }
                    continue;
                }
            }
            self.scale().await;
            tokio::select! {
                changed = self.wanted.changed() => if changed.is_err() { return },
                changed = self.agents.changed() => if changed.is_err() { return },
            }
        }
    }

    /// Has a version take the place of what runs. Where it can't be opened, the version before goes on.
    async fn replace(&mut self, design: Design) {
        let name = self.name.clone();
        let before = self.drain().await.filter(|before| !before.is_of_other_group);
        let (version, is_new) = (design.version, before.is_none());
        let file = design.file.clone();
        if !design.config.warpstream.runs_in(self.shared.group.as_deref()) {
            let group = design.config.warpstream.pipeline_group.clone();
            tracing::info!(pipeline = name, ?group, "the pipeline is for agents of another group");
            self.now(Current { design, wanted: 0, is_of_other_group: true, instances: Vec::new() });
            return;
        }
        let mut first = self.instance(&design);
        if let Some(before) = before
            && let Err(error) = first.started().await
        {
            tracing::error!(
                pipeline = name,
                file,
                error,
                "the new version can't be started, the old one goes on"
            );
            first.stop();
            first.stopped().await;
            let old = self.instance(&before.design);
            self.now(Current { instances: vec![old], ..before });
            lock(&self.seen).problems = error.lines().map(str::to_owned).collect();
            return;
        }
        let text =
            if is_new { "the pipeline is started" } else { "the new version takes the place of the old one" };
        tracing::info!(pipeline = name, version, file, "{text}");
        self.now(Current { design, wanted: 1, is_of_other_group: false, instances: vec![first] });
    }

    /// Has as many instances as there are to be, by the number of agents.
    async fn scale(&mut self) {
        let agents = *self.agents.borrow_and_update();
        let (mut missing, mut superfluous) = (None, Vec::new());
        {
            let mut seen = lock(&self.seen);
            let Some(current) = seen.current.as_mut().filter(|current| !current.is_of_other_group) else {
                return;
            };
            let wanted = current.design.config.warpstream.concurrency.on_each_of(agents).get();
            current.wanted = wanted;
            let (there, wanted) = (current.instances.len(), usize::try_from(wanted).unwrap_or(usize::MAX));
            if there < wanted {
                missing = Some((current.design.clone(), wanted - there));
            } else {
                superfluous = current.instances.split_off(wanted);
            }
        }
        if let Some((design, missing)) = missing {
            let new: Vec<_> = (0..missing).map(|_| self.instance(&design)).collect();
            if let Some(current) = &mut lock(&self.seen).current {
                current.instances.extend(new);
            }
        }
        self.end(superfluous).await;
    }

    /// Stops what runs, once it has delivered what it has read; what that was.
    async fn drain(&mut self) -> Option<Current> {
        let instances = {
            let mut seen = lock(&self.seen);
            seen.is_stopping = seen.current.is_some();
            let stopping = seen.current.iter().flat_map(|current| &current.instances);
            stopping.for_each(Instance::stop);
            seen.current.as_mut().map(|current| std::mem::take(&mut current.instances)).unwrap_or_default()
        };
        self.end(instances).await;
        let mut seen = lock(&self.seen);
        seen.is_stopping = false;
        seen.current.take()
    }

    async fn end(&self, mut instances: Vec<Instance>) {
        instances.iter().for_each(Instance::stop);
        for instance in &mut instances {
            if !instance.stopped().await {
                tracing::error!(pipeline = self.name, "not everything that was read could be delivered");
                self.shared.note_loss();
            }
        }
    }

    fn now(&self, current: Current) {
        lock(&self.seen).current = Some(current);
    }

    /// Starts an instance.
    fn instance(&self, design: &Design) -> Instance {
        let (shared, share) = (Arc::clone(&self.shared), Arc::clone(&self.share));
        let (name, design) = (self.name.clone(), design.clone());
        let run_every = design.config.warpstream.run_every;
        let work = Work {
            start: Box::new(move |stop| shared.start(&name, &design, Arc::clone(&share), stop)),
            run_every,
            pauses: self.shared.pauses,
            active: self.active.clone(),
        };
        let (instance, work) = Instance::new(work);
        self.shared.keeper.spawner(0).spawn(work);
        instance
    }
}
