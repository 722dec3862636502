use std::sync::Arc;

use forebay_lifecycle::Shutdown;
use forebay_pipeline_config::{ComponentConfig, PipelineConfig, Problem, Strategy};
use forebay_plugins_api::{Caches, Components, OpenError, RateLimits, Resources, Setup, Stated, Wakes};

use super::{Channel, Identity, Parts, RunError, setup};
use crate::budget::Budget;
use crate::buffers;
use crate::chain::{Chain, Link};
use crate::channel::{Receiver, Sender, channel};
use crate::check;
use crate::errors::{self, Errors};
use crate::ground::{Ground, Work};
use crate::inputs;
use crate::meters::ProcessorMeter;
use crate::outputs;
use crate::shadow::{Shadow, ShadowFeed};
use crate::structure::Structured;
use crate::surroundings::Surroundings;

/// Opens components, and collects what is wrong with them.
pub(super) struct Opener<'a> {
    pub(super) identity: &'a Identity,
    pub(super) components: &'a Arc<dyn Components>,
    pub(super) caches: &'a Caches,
    pub(super) rate_limits: &'a RateLimits,
    pub(super) resources: &'a Resources,
    /// Wakes everything but inputs, to which alone settlements are something.
    pub(super) wakes: &'a Arc<Wakes>,
    /// The values that no log line may show.
    pub(super) secrets: &'a Arc<[String]>,
    pub(super) strategy: Strategy,
    pub(super) errors: Errors,
    pub(super) surroundings: &'a Surroundings,
}

/// The values of all secret fields.
pub(super) fn secrets(config: &PipelineConfig) -> Arc<[String]> {
    let roots = config.processors.iter().chain(&config.resources).chain([&config.input, &config.output]);
    let roots = roots.chain(&config.buffer).chain(&config.input_resources).chain(&config.output_resources);
    let all = roots.flat_map(ComponentConfig::with_descendants);
    all.flat_map(|component| component.secrets().iter().cloned()).collect()
}

impl Opener<'_> {
    /// Opens everything.
    ///
    /// # Errors
    /// What can't be opened, these problems among it, in the order of the text.
    pub(super) async fn parts(
        &self,
        config: &PipelineConfig,
        workers: usize,
        (budget, stop): (&Arc<Budget>, &Shutdown),
        mut problems: Vec<Problem>,
    ) -> Result<Parts, RunError> {
        let ground = Ground::new(
            Structured::new(Arc::clone(self.components)),
            self.setup(&config.input),
            budget,
            config,
            self.errors,
            (stop, self.surroundings),
        );
        let (raw, arrivals, processed) = (channel(), channel(), channel());
        let setup = self.setup(&config.input);
        let input = inputs::open(&ground, &setup, &config.input, stop, raw.0.clone()).await;
        let input = self.note(&mut problems, &config.input, input);
        let mut shadows = Vec::new();
        let input_chain = self.chain(&mut problems, &mut shadows, &config.input.processors).await;
        let mut chains = Vec::new();
        for worker in 0..workers {
            // Where the first instance can't be opened, the others have nothing to add.
            if worker == 0 || problems.is_empty() {
                chains.push(self.chain(&mut problems, &mut shadows, &config.processors).await);
            }
        }
        let (read, mut arrivals, mut between) =
            self.buffer(&mut problems, config, (budget, stop), arrivals).await;
        if self.strategy == Strategy::Retry {
            let (to, from) = channel();
            between.push(Box::pin(errors::insist(Arc::clone(budget), arrivals, to)));
            arrivals = from;
        }
        let output_chain = self.chain(&mut problems, &mut shadows, &config.output.processors).await;
        let setup = self.setup(&config.output);
        let from = processed.1.clone();
        let output = outputs::open_root(&ground, &setup, &config.output, output_chain, from).await;
        let output = self.note(&mut problems, &config.output, output);

        let (Some(input), Some(outputs), true) = (input, output, problems.is_empty()) else {
            problems.sort_by_key(|problem| (problem.line, problem.column));
            return Err(RunError::Open(problems));
        };
        let mut inputs: Vec<Work> = input;
        inputs.extend(ground.take_works());
        inputs.extend(between);
        Ok(Parts { inputs, input_chain, chains, outputs, shadows, raw, read, arrivals, processed })
    }

    /// Opens the buffer; what is read goes through it to the workers.
    async fn buffer(
        &self,
        problems: &mut Vec<Problem>,
        config: &PipelineConfig,
        (budget, stop): (&Arc<Budget>, &Shutdown),
        (to, from): Channel,
    ) -> (Sender, Receiver, Vec<Work>) {
        let Some(config) = &config.buffer else { return (to, from, Vec::new()) };
        let (read, arriving) = channel();
        let components = Structured::new(Arc::clone(self.components));
        let opened = buffers::open(&components, &self.setup(config), budget, stop, (arriving, to)).await;
        (read, from, self.note(problems, config, opened).unwrap_or_default())
    }

    async fn chain(
        &self,
        problems: &mut Vec<Problem>,
        shadows: &mut Vec<Shadow>,
        configs: &[ComponentConfig],
    ) -> Chain {
        let mut links = Vec::new();
        for config in configs {
            let opened = self.components.open_processor(self.setup(config)).await;
            if let Some(processor) = self.note(problems, config, opened) {
                let shadow = self.shadow(shadows, config).await;
                let (path, name) = (config.path.clone(), config.name.clone());
                let meter = ProcessorMeter::of(&self.components.metrics(), &self.components.tracer(), config);
                links.push(Link { path, name, processor, shadow, meter });
            }
        }
        Chain::new(links).with_errors(self.errors)
    }

    /// Opens the shadow of a processor, where it has one. One that can't be opened is reported, and the
    /// pipeline runs without it.
    async fn shadow(&self, shadows: &mut Vec<Shadow>, config: &ComponentConfig) -> Option<ShadowFeed> {
        let wanted = config.shadow.as_ref()?;
        let setup = Setup {
            // What it keeps and logs is its own.
            path: format!("{}.shadow", config.path),
            name: wanted.name.clone(),
            config: wanted.config.clone(),
            stated: Stated { pin: wanted.pin.clone(), config: Some(wanted.written.clone()), is_shadow: true },
            caches: self.caches.looking(),
            rate_limits: self.rate_limits.unlimited(),
            children: Vec::new(),
            ..self.setup(config)
        };
        let metrics = self.components.metrics();
        let processor = match self.components.open_processor(setup.clone()).await {
            Ok(processor) => processor,
            Err(error) => {
                let path = setup.path;
                tracing::error!(path, %error, "a shadow can't be opened, the pipeline runs without it");
                return None;
            }
        };
        let (shadow, feed) = Shadow::new(processor, &setup, &metrics, Arc::clone(self.secrets));
        shadows.push(shadow);
        Some(feed)
    }

    fn setup(&self, config: &ComponentConfig) -> Setup {
        let (caches, rate_limits) = (self.caches.clone(), self.rate_limits.clone());
        let setup = setup(self.identity, config, self.wakes, caches, rate_limits, self.resources.clone());
        let below = self.surroundings.paths.as_ref().map_or("", |paths| &paths.prefix).into();
        Setup { below, ..setup }
    }

    fn note<T>(
        &self,
        problems: &mut Vec<Problem>,
        config: &ComponentConfig,
        opened: Result<T, OpenError>,
    ) -> Option<T> {
        opened.map_err(|error| problems.extend(check::problems(&self.identity.file, config, "", &error))).ok()
    }
}
