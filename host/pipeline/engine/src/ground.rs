//! What all inputs and outputs of a pipeline share.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use forebay_lifecycle::Shutdown;
use forebay_pipeline_config::{ComponentConfig, PipelineConfig, nearest};
use forebay_pipeline_message::Batch;
use forebay_plugins_api::{OpenError, Setup};
use futures_util::future::{BoxFuture, join, join_all};

use crate::budget::Budget;
use crate::channel::Receiver;
use crate::errors::Errors;
use crate::inproc::Pipes;
use crate::intake::OptionalIntake;
use crate::outputs::{Destination, Refusal};
use crate::structure::{Structured, problem};
use crate::surroundings::{Paths, Surroundings};
use crate::{inputs, outputs};

/// What works until there is nothing more to do.
pub(crate) type Work = BoxFuture<'static, ()>;

/// What all inputs and outputs of a pipeline share.
pub(crate) struct Ground {
    pub(crate) components: Structured,
    pub(crate) budget: Arc<Budget>,
    pub(crate) pipes: Pipes,
    /// Where paths are added to the HTTP server of the process, where there is one.
    pub(crate) paths: Option<Paths>,
    pub(crate) intake: OptionalIntake,
    pub(crate) errors: Errors,
    /// What a resource is opened with, but for what is its own.
    setup: Setup,
    input_resources: Vec<ComponentConfig>,
    output_resources: Vec<ComponentConfig>,
    /// Says that the pipeline stops.
    pub(crate) stop: Shutdown,
    opened: Mutex<Opened>,
}

/// The resources that are in use, by their labels; those that are being opened are there already.
#[derive(Default)]
struct Opened {
    inputs: HashMap<String, Option<OpenInput>>,
    outputs: HashMap<String, Option<Arc<dyn Destination>>>,
    works: Vec<Work>,
}

/// An input of the resources, as one of those who read it has it. It begins with the first of them that does, and ends
/// when all are gone.
pub(crate) struct Resource {
    pub(crate) from: Receiver,
    begun: Shutdown,
    _readers: Arc<Readers>,
}

impl Resource {
    /// Says that this one reads now.
    pub(crate) fn begin(&self) {
        self.begun.cancel();
    }
}

/// Says that nobody reads any more, when it is dropped.
struct Readers(Shutdown);

impl Drop for Readers {
    fn drop(&mut self) {
        self.0.cancel();
    }
}

/// An input of the resources that is open.
struct OpenInput {
    from: Receiver,
    begun: Shutdown,
    unread: Shutdown,
    readers: std::sync::Weak<Readers>,
}

impl Ground {
    pub(crate) fn new(
        components: Structured,
        setup: Setup,
        budget: &Arc<Budget>,
        config: &PipelineConfig,
        errors: Errors,
        (stop, surroundings): (&Shutdown, &Surroundings),
    ) -> Arc<Self> {
        Arc::new(Self {
            components,
            budget: Arc::clone(budget),
            pipes: surroundings.pipes.clone(),
            paths: surroundings.paths.clone(),
            intake: surroundings.intake.clone(),
            errors,
            setup,
            input_resources: config.input_resources.clone(),
            output_resources: config.output_resources.clone(),
            stop: stop.clone(),
            opened: Mutex::default(),
        })
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
    pub(crate) async fn input(self: &Arc<Self>, label: &str) -> Result<Resource, OpenError> {
        match self.opened().inputs.get_mut(label) {
            Some(Some(open)) => return Ok(open.read()),
            Some(None) => return Err(problem("", &format!("input `{label}` uses itself"))),
            None => {}
        }
        let config = find(&self.input_resources, "input", label)?;
        self.opened().inputs.insert(label.to_owned(), None);
        // What waits here counts as in flight, so it is little.
        let (to, from) = async_channel::bounded(1);
        let stop = self.stop.child_token();
        let works = inputs::open_inside(self, &self.setup, config, &stop, to).await.map_err(|faults| {
            self.opened().inputs.remove(label);
            OpenError::Inside(faults)
        })?;
        let (begun, unread) = (Shutdown::new(), Shutdown::new());
        let readers = std::sync::Weak::new();
        let mut open =
            OpenInput { from: from.clone(), begun: begun.clone(), unread: unread.clone(), readers };
        let resource = open.read();
        let mut opened = self.opened();
        opened.works.push(Box::pin(async move {
            tokio::select! {
                () = begun.cancelled() => {}
                () = unread.cancelled() => {}
                () = stop.cancelled() => {}
            }
            let abandoned = async {
                unread.cancelled().await;
                stop.cancel();
                while let Ok(transaction) = from.recv().await {
                    transaction.decline("nobody reads this input any more");
                }
            };
            join(join_all(works), abandoned).await;
        }));
        opened.inputs.insert(label.to_owned(), Some(open));
        Ok(resource)
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
        let opened = opened.map_err(|faults| {
            self.opened().outputs.remove(label);
            OpenError::Inside(faults)
        });
        let output: Arc<dyn Destination> = opened?.into();
        let mut opened = self.opened();
        opened.works.extend(works);
        opened.outputs.insert(label.to_owned(), Some(Arc::clone(&output)));
        Ok(Box::new(Shared(output)))
    }
}

impl OpenInput {
    /// For one who reads it beside the others. Nobody can after the last one has gone.
    fn read(&mut self) -> Resource {
        let readers = self.readers.upgrade().unwrap_or_else(|| Arc::new(Readers(self.unread.clone())));
        self.readers = Arc::downgrade(&readers);
        Resource { from: self.from.clone(), begun: self.begun.clone(), _readers: readers }
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
