//! What an input is opened with, and how inputs open those inside them.

use std::sync::Arc;

use forebay_lifecycle::Shutdown;
use forebay_pipeline_config::{ComponentConfig, Position};
use forebay_plugins_api::{OpenError, Setup};
use futures_util::future::BoxFuture;

use super::{ALL, leaf};
use crate::batching::{Batcher, Policy};
use crate::chain::Chain;
use crate::channel::{Sender, channel};
use crate::check::place;
use crate::ground::{Ground, Work};
use crate::structure::{self, problem};

/// What is wrong, and where.
type Faults = Vec<(Position, String)>;

/// An input of the host that is being opened. Fields are JSON pointers into its settings.
pub(super) struct Opening<'a> {
    pub(super) structure: structure::Opening<'a>,
    pub(super) ground: &'a Arc<Ground>,
    /// Says that it has to end.
    pub(super) stop: &'a Shutdown,
    /// Where its batches go.
    pub(super) to: Sender,
}

/// Opens an input without the processors behind it.
///
/// # Errors
/// All that can't be opened.
pub(crate) fn open<'a>(
    ground: &'a Arc<Ground>,
    setup: &'a Setup,
    config: &'a ComponentConfig,
    stop: &'a Shutdown,
    to: Sender,
) -> BoxFuture<'a, Result<Vec<Work>, OpenError>> {
    match ALL.iter().find(|own| own.name == setup.name.as_str()) {
        Some(own) => {
            let structure = structure::Opening { components: &ground.components, setup };
            (own.open)(Opening { structure, ground, stop, to })
        }
        None => Box::pin(leaf::open(ground, setup, config, stop, to)),
    }
}

/// Opens an input that stands in another component, with the processors behind it. `holder` is what that was opened
/// with.
///
/// # Errors
/// All that can't be opened.
pub(crate) fn open_inside<'a>(
    ground: &'a Arc<Ground>,
    holder: &'a Setup,
    config: &'a ComponentConfig,
    stop: &'a Shutdown,
    to: Sender,
) -> BoxFuture<'a, Result<Vec<Work>, Faults>> {
    Box::pin(async move {
        let structure = structure::Opening { components: &ground.components, setup: holder };
        let (links, mut faults) = structure.links(&config.processors).await;
        let setup = structure.setup_of(config);
        let mut works = Vec::new();
        let to = if links.is_empty() {
            to
        } else {
            let (raw, from) = channel();
            works.push(Box::pin(Chain::new(links).with_errors(ground.errors).work(from, to)) as Work);
            raw
        };
        match open(ground, &setup, config, stop, to).await {
            Ok(of_input) => works.extend(of_input),
            Err(OpenError::Inside(places)) => faults.extend(places),
            Err(error) => faults.push(place(config, "", &error)),
        }
        if faults.is_empty() { Ok(works) } else { Err(faults) }
    })
}

impl Opening<'_> {
    /// Opens the input in a field.
    ///
    /// # Errors
    /// It is missing or can't be opened.
    pub(super) async fn input(
        &self,
        field: &str,
        stop: &Shutdown,
        to: Sender,
    ) -> Result<Vec<Work>, OpenError> {
        let config = self.child(field)?;
        let opened = open_inside(self.ground, self.structure.setup, config, stop, to).await;
        opened.map_err(OpenError::Inside)
    }

    /// The input in a field.
    pub(super) fn child(&self, field: &str) -> Result<&ComponentConfig, OpenError> {
        let child = self.structure.setup.children.iter().find(|child| child.pointer == field);
        child.map(|child| &child.component).ok_or_else(|| problem(field, "an input is missing here"))
    }

    /// Opens the inputs of a list, each with work of its own, all towards the same channel.
    ///
    /// # Errors
    /// All that can't be opened.
    pub(super) async fn inputs(&self, field: &str, to: &Sender) -> Result<Vec<Vec<Work>>, OpenError> {
        let (mut inputs, mut faults) = (Vec::new(), Vec::new());
        for config in self.structure.children(field) {
            match open_inside(self.ground, self.structure.setup, config, self.stop, to.clone()).await {
                Ok(works) => inputs.push(works),
                Err(places) => faults.extend(places),
            }
        }
        if !faults.is_empty() {
            return Err(OpenError::Inside(faults));
        }
        if inputs.is_empty() {
            return Err(problem(field, "at least one input is needed"));
        }
        Ok(inputs)
    }

    /// Where the batches of inputs inside go, so that they are collected as the policy in a field says; without one
    /// that is where this input's own go. The work of collecting is added to `works`.
    ///
    /// # Errors
    /// The policy is at fault.
    pub(super) async fn collected(&self, field: &str, works: &mut Vec<Work>) -> Result<Sender, OpenError> {
        let Some(policy) = Policy::open(&self.structure, field, &self.ground.budget).await? else {
            return Ok(self.to.clone());
        };
        let (to, from) = channel();
        let path = &self.structure.setup.path;
        let batcher = Batcher::new(path, policy, &self.ground.budget, from, self.to.clone());
        works.push(Box::pin(batcher.run()));
        Ok(to)
    }
}
