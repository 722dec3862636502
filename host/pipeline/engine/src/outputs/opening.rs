//! What an output of the host is opened with, and how it opens the outputs that it hands batches on to.

use async_trait::async_trait;
use forebay_pipeline_config::{ComponentConfig, Position};
use forebay_pipeline_message::{Batch, Transaction};
use forebay_plugins_api::{Components as _, OpenError, Setup};
use futures_util::future::{BoxFuture, join_all};
use tokio::sync::{Mutex, oneshot};

use super::leaf::Leaf;
use super::{ALL, Destination, Refusal, delivered, settle};
use crate::chain::Chain;
use crate::check::place;
use crate::sink::{self, Sink};
use crate::structure::{self, Structured};

/// Batches that wait for the task of an output.
const QUEUE: usize = 4;

/// An output of the host that is being opened. Fields are JSON pointers into its settings.
pub(super) struct Opening<'a> {
    pub(super) structure: structure::Opening<'a>,
    /// The tasks of the outputs of plugins that were opened for it.
    sinks: &'a mut Vec<Sink>,
}

/// Whether an output is one of the host's own.
pub(crate) fn is_own(name: &str) -> bool {
    ALL.iter().any(|own| own.name == name)
}

/// Opens an output of the host, without the processors before it. The tasks of outputs of plugins inside it are added
/// to `sinks`.
///
/// # Errors
/// All that can't be opened.
pub(crate) fn open<'a>(
    components: &'a Structured,
    setup: &'a Setup,
    sinks: &'a mut Vec<Sink>,
) -> BoxFuture<'a, Result<Box<dyn Destination>, OpenError>> {
    let Some(own) = ALL.iter().find(|own| own.name == setup.name.as_str()) else {
        let unknown = OpenError::Unknown { kind: "output", name: setup.name.to_string() };
        return Box::pin(std::future::ready(Err(unknown)));
    };
    (own.open)(Opening { structure: structure::Opening { components, setup }, sinks })
}

impl Opening<'_> {
    /// Opens the output in a field.
    ///
    /// # Errors
    /// It can't be opened.
    pub(super) async fn output(&mut self, field: &str) -> Result<Box<dyn Destination>, OpenError> {
        let children = &self.structure.setup.children;
        let Some(child) = children.iter().find(|child| child.pointer == field) else {
            return Err(structure::problem(field, "an output is missing here"));
        };
        self.inside(&child.component).await.map_err(OpenError::Inside)
    }

    /// Opens the outputs of a list.
    ///
    /// # Errors
    /// All that can't be opened.
    pub(super) async fn outputs(&mut self, field: &str) -> Result<Vec<Box<dyn Destination>>, OpenError> {
        let configs: Vec<_> = self.structure.children(field).cloned().collect();
        let (mut outputs, mut problems) = (Vec::new(), Vec::new());
        for config in &configs {
            match self.inside(config).await {
                Ok(output) => outputs.push(output),
                Err(places) => problems.extend(places),
            }
        }
        if problems.is_empty() { Ok(outputs) } else { Err(OpenError::Inside(problems)) }
    }

    /// Opens an output with the processors before it; the error is what is wrong, and where.
    async fn inside(
        &mut self,
        config: &ComponentConfig,
    ) -> Result<Box<dyn Destination>, Vec<(Position, String)>> {
        let structure = &self.structure;
        let (links, mut problems) = structure.links(&config.processors).await;
        let processors = Chain::new(links);
        let setup = structure.setup_of(config);
        let opened: Result<Box<dyn Destination>, OpenError> = if is_own(setup.name.as_str()) {
            let opened = open(structure.components, &setup, self.sinks).await;
            opened.map(|output| match processors.is_empty() {
                true => output,
                false => {
                    Box::new(Processed { processors: Mutex::new(processors), output }) as Box<dyn Destination>
                }
            })
        } else {
            structure.components.open_output(setup).await.map(|output| {
                let (to, from) = async_channel::bounded(QUEUE);
                let most_under_way = sink::most_under_way(config);
                self.sinks.push(Sink { path: config.path.clone(), output, processors, from, most_under_way });
                Box::new(Leaf(to)) as Box<dyn Destination>
            })
        };
        match opened {
            Ok(output) if problems.is_empty() => return Ok(output),
            Ok(_) => {}
            Err(OpenError::Inside(places)) => problems.extend(places),
            Err(error) => problems.push(place(config, "", &error)),
        }
        Err(problems)
    }
}

/// An output of the host with processors before it.
struct Processed {
    processors: Mutex<Chain>,
    output: Box<dyn Destination>,
}

#[async_trait]
impl Destination for Processed {
    async fn deliver(&self, batch: Batch) -> Result<(), Refusal> {
        let (tell, told) = oneshot::channel();
        let transaction = Transaction::new(batch, move |outcome| {
            // Nobody listens only when the pipeline is given up.
            let _ = tell.send(outcome);
        });
        let results = self.processors.lock().await.process(transaction).await;
        join_all(results.into_iter().map(|transaction| async {
            let result = self.output.deliver(transaction.batch().clone()).await;
            settle(transaction, result);
        }))
        .await;
        told.await.map_or_else(|_| Err(Refusal::of_all("the output has ended")), delivered)
    }
}
