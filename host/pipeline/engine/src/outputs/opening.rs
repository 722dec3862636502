//! What an output of the host is opened with, and how it opens the outputs that it hands batches on to.

use std::sync::Arc;

use async_trait::async_trait;
use forebay_pipeline_config::{ComponentConfig, Position};
use forebay_pipeline_message::Batch;
use forebay_plugins_api::{Components as _, OpenError, Output, Setup};
use futures_util::future::{BoxFuture, join_all};
use tokio::sync::{Mutex, oneshot};

use super::leaf::{Leaf, outcome, told};
use super::place::place_is_known;
use super::router::Router;
use super::{ALL, Destination, Refusal, settle};
use crate::batching::{Batcher, Policy};
use crate::chain::Chain;
use crate::channel::{Receiver, channel};
use crate::check::place;
use crate::ground::{Ground, Work};
use crate::meters::OutputMeter;
use crate::sink::{self, Arrivals, Sink};
use crate::structure::{self, problem};

/// Where outputs that collect batches have the policy for it.
const BATCHING: &str = "/batching";

/// An output of the host that is being opened. Fields are JSON pointers into its settings.
pub(super) struct Opening<'a> {
    pub(super) structure: structure::Opening<'a>,
    pub(super) ground: &'a Arc<Ground>,
    /// The work of the outputs that were opened for it.
    pub(super) works: &'a mut Vec<Work>,
}

/// What is wrong, and where.
type Faults = Vec<(Position, String)>;

/// Whether an output is one of the host's own.
fn own(name: &str) -> Option<&'static super::Own> {
    ALL.iter().find(|own| own.name == name)
}

/// Opens the output of a pipeline; `processors` are those before it, which may have been opened in another way than
/// those of outputs inside others. What it does with what comes through `from` is the work it gives, with that of
/// outputs inside it.
///
/// # Errors
/// All that can't be opened.
pub(crate) fn open_root<'a>(
    ground: &'a Arc<Ground>,
    setup: &'a Setup,
    config: &'a ComponentConfig,
    processors: Chain,
    from: Receiver,
) -> BoxFuture<'a, Result<Vec<Work>, OpenError>> {
    Box::pin(async move {
        let mut works = Vec::new();
        let (path, most_under_way) = (config.path.clone(), sink::most_under_way(config));
        let structure = structure::Opening { components: &ground.components, setup };
        let policy = Policy::open(&structure, BATCHING, &ground.budget).await?;
        match own(setup.name.as_str()) {
            Some(own) => {
                let (processors, from) = collected(ground, &path, policy, (processors, from), &mut works);
                let opening = Opening { structure, ground, works: &mut works };
                let destination = (own.open)(opening).await?;
                works.insert(0, Box::pin(Router { path, processors, destination, from }.run()));
            }
            None => {
                let meter = OutputMeter::of(&ground.components.metrics(), &ground.components.tracer(), setup);
                let output = ground.components.open_output(setup.clone()).await?;
                let before = (processors, from);
                let (processors, from) = written(ground, (config, &*output), policy, before, &mut works);
                let keeps_order = sink::keeps_order(config);
                let sink = Sink { path, output, processors, from, most_under_way, keeps_order, meter };
                works.insert(0, Box::pin(sink.run()));
            }
        }
        Ok(works)
    })
}

/// Opens an output that stands in another component, with the processors before it. `holder` is what that was opened
/// with. The work of outputs is added to `works`.
///
/// # Errors
/// All that can't be opened.
pub(crate) fn open_inside<'a>(
    ground: &'a Arc<Ground>,
    holder: &'a Setup,
    config: &'a ComponentConfig,
    works: &'a mut Vec<Work>,
) -> BoxFuture<'a, Result<Box<dyn Destination>, Faults>> {
    Box::pin(async move {
        let structure = structure::Opening { components: &ground.components, setup: holder };
        let (links, mut faults) = structure.links(&config.processors).await;
        let setup = structure.setup_of(config);
        match open(ground, &setup, config, Chain::new(links).with_errors(ground.errors), works).await {
            Ok(output) if faults.is_empty() => return Ok(output),
            Ok(_) => {}
            Err(OpenError::Inside(places)) => faults.extend(places),
            Err(error) => faults.push(place(config, "", &error)),
        }
        Err(faults)
    })
}

async fn open(
    ground: &Arc<Ground>,
    setup: &Setup,
    config: &ComponentConfig,
    processors: Chain,
    works: &mut Vec<Work>,
) -> Result<Box<dyn Destination>, OpenError> {
    let structure = structure::Opening { components: &ground.components, setup };
    let policy = Policy::open(&structure, BATCHING, &ground.budget).await?;
    let path = config.path.clone();
    match own(setup.name.as_str()) {
        // What collects batches has a channel, and what is behind a channel works by itself.
        Some(own) if policy.is_some() => {
            let destination = (own.open)(Opening { structure, ground, works: &mut *works }).await?;
            let (to, from) = channel();
            let (processors, from) = collected(ground, &path, policy, (processors, from), works);
            works.push(Box::pin(Router { path, processors, destination, from }.run()));
            Ok(Box::new(Leaf::new(to)))
        }
        Some(own) => {
            let output = (own.open)(Opening { structure, ground, works: &mut *works }).await?;
            Ok(if processors.is_empty() {
                output
            } else {
                let (in_use, unused) = oneshot::channel();
                let processors = Arc::new(Mutex::new(processors));
                let of_work = Arc::clone(&processors);
                works.push(Box::pin(async move {
                    // It comes when the output is dropped, after its last batch.
                    let _ = unused.await;
                    of_work.lock().await.close().await;
                }));
                Box::new(Processed { processors, output, _in_use: in_use })
            })
        }
        None => {
            let meter = OutputMeter::of(&ground.components.metrics(), &ground.components.tracer(), setup);
            let output = ground.components.open_output(setup.clone()).await?;
            let (to, from) = channel();
            let most_under_way = sink::most_under_way(config);
            let (processors, from) = written(ground, (config, &*output), policy, (processors, from), works);
            let keeps_order = sink::keeps_order(config);
            let sink = Sink { path, output, processors, from, most_under_way, keeps_order, meter };
            works.push(Box::pin(sink.run()));
            Ok(Box::new(Leaf::new(to)))
        }
    }
}

/// What is still to work on batches that come through a channel, and where they come from, when they are collected as a
/// policy says. The processors then work on them before; without a policy nothing is as much as looked at.
fn collected(
    ground: &Arc<Ground>,
    path: &str,
    policy: Option<Policy>,
    (processors, from): (Chain, Receiver),
    works: &mut Vec<Work>,
) -> (Chain, Receiver) {
    let Some(policy) = policy else { return (processors, from) };
    let (processed, of_processors) = channel();
    works.push(Box::pin(processors.work(from, processed)));
    let (to, collected) = channel();
    let batcher = Batcher::new(path, policy, &ground.budget, of_processors, to).behind_others();
    works.push(Box::pin(batcher.run()));
    (Chain::new(Vec::new()), collected)
}

/// The same for an output of a plugin, to which large batches go while they are made where both can do that.
fn written(
    ground: &Arc<Ground>,
    (config, output): (&ComponentConfig, &dyn Output),
    policy: Option<Policy>,
    (processors, from): (Chain, Receiver),
    works: &mut Vec<Work>,
) -> (Chain, Arrivals) {
    let streams = |policy: &Policy| policy.can_stream() && output.streams() && place_is_known(config);
    match policy {
        Some(policy) if streams(&policy) => {
            let (processed, of_processors) = channel();
            works.push(Box::pin(processors.work(from, processed)));
            // Its bound is that of other channels: what waits here is in flight.
            let (to, parcels) = async_channel::bounded(16);
            let batcher =
                Batcher::streaming(&config.path, policy, &ground.budget, of_processors, to).behind_others();
            works.push(Box::pin(batcher.run()));
            (Chain::new(Vec::new()), Arrivals::Parcels(parcels))
        }
        policy => {
            let (processors, from) = collected(ground, &config.path, policy, (processors, from), works);
            (processors, Arrivals::Batches(from))
        }
    }
}

impl Opening<'_> {
    /// Opens the output in a field.
    ///
    /// # Errors
    /// It can't be opened.
    pub(super) async fn output(&mut self, field: &str) -> Result<Box<dyn Destination>, OpenError> {
        let children = &self.structure.setup.children;
        let Some(child) = children.iter().find(|child| child.pointer == field) else {
            return Err(problem(field, "an output is missing here"));
        };
        let opened = open_inside(self.ground, self.structure.setup, &child.component, self.works).await;
        opened.map_err(OpenError::Inside)
    }

    /// Opens the outputs of a list.
    ///
    /// # Errors
    /// All that can't be opened.
    pub(super) async fn outputs(&mut self, field: &str) -> Result<Vec<Box<dyn Destination>>, OpenError> {
        let (mut outputs, mut faults) = (Vec::new(), Vec::new());
        for config in self.structure.children(field) {
            match open_inside(self.ground, self.structure.setup, config, self.works).await {
                Ok(output) => outputs.push(output),
                Err(places) => faults.extend(places),
            }
        }
        if faults.is_empty() { Ok(outputs) } else { Err(OpenError::Inside(faults)) }
    }
}

/// An output of the host with processors before it.
struct Processed {
    processors: Arc<Mutex<Chain>>,
    output: Box<dyn Destination>,
    /// The processors are closed when this is dropped.
    _in_use: oneshot::Sender<()>,
}

#[async_trait]
impl Destination for Processed {
    async fn deliver(&self, batch: Batch) -> Result<(), Refusal> {
        let (transaction, told) = told(batch);
        let results = self.processors.lock().await.process(transaction).await;
        join_all(results.into_iter().map(|transaction| async {
            let result = self.output.deliver(transaction.batch().clone()).await;
            settle(transaction, result);
        }))
        .await;
        outcome(told).await
    }
}
