//! What all inputs and outputs of a pipeline share.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use forebay_lifecycle::Shutdown;
use forebay_pipeline_config::{ComponentConfig, PipelineConfig, nearest};
use forebay_pipeline_message::{Batch, Transaction};
use forebay_plugins_api::{OpenError, Setup};
use futures_util::future::{BoxFuture, join, join_all};

use crate::budget::Budget;
use crate::errors::Errors;
use crate::inproc::Pipes;
use crate::outputs::{Destination, Refusal};
use crate::structure::{Structured, problem};
use crate::{inputs, outputs};

/// Batches that wait between two tasks. What is in flight is bounded by bytes elsewhere; this only keeps a fast task
/// from running far ahead of a slow one.
pub(crate) const QUEUE: usize = 16;

/// What works until there is nothing more to do.
pub(crate) type Work = BoxFuture<'static, ()>;

/// What all inputs and outputs of a pipeline share.
pub(crate) struct Ground {
    pub(crate) components: Structured,
    pub(crate) budget: Arc<Budget>,
    pub(crate) pipes: Pipes,
    pub(crate) errors: Errors,
    /// What a resource is opened with, but for what is its own.
    setup: Setup,
    input_resources: Vec<ComponentConfig>,
    output_resources: Vec<ComponentConfig>,
    /// Says that the pipeline stops.
    pub(crate) stop: Shutdown,
    /// Says that nobody reads the inputs of resources any more.
    unread: Shutdown,
    opened: Mutex<Opened>,
}

/// The resources that are in use, by their labels; those that are being opened are there already.
#[derive(Default)]
struct Opened {
    inputs: HashMap<String, Option<async_channel::Receiver<Transaction>>>,
    outputs: HashMap<String, Option<Arc<dyn Destination>>>,
    works: Vec<Work>,
}

/// Says that nobody reads resources any more, when the last one is dropped.
pub(crate) struct Reader(Arc<LastReader>);

struct LastReader(Shutdown);

impl Clone for Reader {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl Drop for LastReader {
    fn drop(&mut self) {
        self.0.cancel();
    }
}

impl Ground {
    pub(crate) fn new(
        components: Structured,
        setup: Setup,
        budget: &Arc<Budget>,
        config: &PipelineConfig,
        errors: Errors,
        stop: &Shutdown,
    ) -> Arc<Self> {
        Arc::new(Self {
            components,
            budget: Arc::clone(budget),
            pipes: Pipes::default(),
            errors,
            setup,
            input_resources: config.input_resources.clone(),
            output_resources: config.output_resources.clone(),
            stop: stop.clone(),
            unread: Shutdown::new(),
            opened: Mutex::default(),
        })
    }

    /// What the tasks of the pipeline's own input hold: when all have let go, the inputs of resources end.
    pub(crate) fn reader(&self) -> Reader {
        Reader(Arc::new(LastReader(self.unread.clone())))
    }

    /// The work of the resources that were opened so far.
    pub(crate) fn take_works(&self) -> Vec<Work> {
        std::mem::take(&mut self.opened().works)
    }

    fn opened(&self) -> std::sync::MutexGuard<'_, Opened> {
        self.opened.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What arrives at the input with this label among the resources. Of several users each gets what the others do
    /// not get.
    ///
    /// # Errors
    /// There is none, it would hold itself, or it can't be opened.
    pub(crate) async fn input(
        self: &Arc<Self>,
        label: &str,
    ) -> Result<async_channel::Receiver<Transaction>, OpenError> {
        match self.opened().inputs.get(label) {
            Some(Some(from)) => return Ok(from.clone()),
            Some(None) => return Err(problem("", &format!("input `{label}` uses itself"))),
            None => {}
        }
        let config = find(&self.input_resources, "input", label)?;
        self.opened().inputs.insert(label.to_owned(), None);
        let (to, from) = async_channel::bounded(QUEUE);
        let stop = self.stop.child_token();
        let opened = inputs::open_inside(self, &self.setup, config, &stop, to).await;
        let works = opened.map_err(OpenError::Inside)?;
        let (unread, rest) = (self.unread.clone(), from.clone());
        let abandoned = async move {
            unread.cancelled().await;
            stop.cancel();
            while let Ok(transaction) = rest.recv().await {
                transaction.decline("nobody reads this input any more");
            }
        };
        let mut opened = self.opened();
        opened.works.push(Box::pin(async move {
            join(join_all(works), abandoned).await;
        }));
        opened.inputs.insert(label.to_owned(), Some(from.clone()));
        Ok(from)
    }

    /// The output with this label among the resources.
    ///
    /// # Errors
    /// As [`Ground::input`].
    pub(crate) async fn output(self: &Arc<Self>, label: &str) -> Result<Box<dyn Destination>, OpenError> {
        match self.opened().outputs.get(label) {
            Some(Some(output)) => return Ok(Box::new(Shared(Arc::clone(output)))),
            Some(None) => return Err(problem("", &format!("output `{label}` uses itself"))),
            None => {}
        }
        let config = find(&self.output_resources, "output", label)?;
        self.opened().outputs.insert(label.to_owned(), None);
        let mut works = Vec::new();
        let opened = outputs::open_inside(self, &self.setup, config, &mut works).await;
        let output: Arc<dyn Destination> = opened.map_err(OpenError::Inside)?.into();
        let mut opened = self.opened();
        opened.works.extend(works);
        opened.outputs.insert(label.to_owned(), Some(Arc::clone(&output)));
        Ok(Box::new(Shared(output)))
    }
}

/// The resource with a label.
fn find<'c>(
    resources: &'c [ComponentConfig],
    kind: &str,
    label: &str,
) -> Result<&'c ComponentConfig, OpenError> {
    let labels = || resources.iter().filter_map(|config| config.label.as_ref().map(|label| label.as_str()));
    let found =
        resources.iter().find(|config| config.label.as_ref().is_some_and(|own| own.as_str() == label));
    found.ok_or_else(|| {
        let hint =
            nearest(label, labels()).map_or_else(String::new, |near| format!(", did you mean `{near}`?"));
        let message =
            format!("there is no {kind} `{label}` among the {kind}_resources of this pipeline{hint}");
        problem("", &message)
    })
}

/// An output that several use.
struct Shared(Arc<dyn Destination>);

#[async_trait]
impl Destination for Shared {
    async fn deliver(&self, batch: Batch) -> Result<(), Refusal> {
        self.0.deliver(batch).await
    }
}
