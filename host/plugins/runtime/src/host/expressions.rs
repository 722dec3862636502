//! Mappings and interpolated strings, evaluated by whichever plugin provides the language.
//!
//! All expressions of one component share one instance of the language's plugin. Should that be
//! lost, the next use opens another and compiles there what it needs.

use std::collections::HashMap;
use std::sync::{Arc, Weak};

use async_trait::async_trait;
use forebay_pipeline_message::{Batch, Origins};
use forebay_plugins_api::{
    Changed, LostInstance, LostReason, Mapping, MappingText, OpenError, Setup, Targets,
};
use tokio::sync::Mutex;
use wasmtime::component::{Resource, ResourceAny};

use crate::bindings::forebay::expressions::expressions::{Host, HostExpression as HostExpressionMethods};
use crate::bindings::forebay::plugin::batches::Processed;
use crate::bindings::forebay::plugin::configuration::{Form, Problem};
use crate::components::mapping::{MappingExports, Text};
use crate::guest::Guest;
use crate::host::batches::HostBatch;
use crate::instance::{Slot, Waits};
use crate::limits::Refusal;
use crate::plugins::Shared;

type Language = Arc<Mutex<Speaker>>;

/// The instance that speaks a language, and what it may be asked.
struct Speaker {
    slot: Slot<MappingExports>,
    /// What was compiled, as long as somebody uses it: a newer build must understand all of it.
    texts: Vec<Weak<Text>>,
}

/// The mapping languages that one component uses.
pub(crate) struct Expressions {
    /// Absent in the languages' own instances: a language can't call another.
    home: Option<(Arc<Shared>, Setup)>,
    languages: HashMap<String, Language>,
}

/// A text that a guest has compiled.
#[expect(unreachable_pub, reason = "the generated bindings name it")]
pub struct HostExpression {
    language: Language,
    text: Arc<Text>,
    /// The compiled text, and the instance that holds it.
    compiled: Option<(u64, ResourceAny)>,
}

impl Expressions {
    /// For a component that may use any language.
    pub(crate) fn new(shared: &Arc<Shared>, setup: &Setup) -> Self {
        Self { home: Some((Arc::clone(shared), setup.clone())), languages: HashMap::new() }
    }

    /// For a language's own instances.
    pub(crate) fn none() -> Self {
        Self { home: None, languages: HashMap::new() }
    }

    fn language(&mut self, name: &str) -> Result<Language, Problem> {
        if let Some(language) = self.languages.get(name) {
            return Ok(Arc::clone(language));
        }
        let Some((shared, setup)) = &self.home else {
            return Err(problem("a mapping language can't evaluate other languages"));
        };
        let slot = shared.mapping_language(name, setup).map_err(|error| problem(&error.to_string()))?;
        let language = Arc::new(Mutex::new(Speaker { slot, texts: Vec::new() }));
        self.languages.insert(name.to_owned(), Arc::clone(&language));
        Ok(language)
    }
}

impl Host for Guest {}

impl HostExpressionMethods for Guest {
    async fn compile(
        &mut self,
        language: String,
        source: String,
        form: Form,
    ) -> wasmtime::Result<Result<Resource<HostExpression>, Problem>> {
        self.host_call()?;
        let speaker = match self.expressions.language(&language) {
            Ok(speaker) => speaker,
            Err(problem) => return Ok(Err(problem)),
        };
        // Components have texts of configurations, which no file of their own holds.
        let text = Arc::new(Text { language, source, form, folder: String::new() });
        let mut expression = HostExpression { language: speaker, text, compiled: None };
        match expression.ready().await {
            Ok(()) => Ok(Ok(self.push(expression)?)),
            Err(problem) => Ok(Err(problem)),
        }
    }

    async fn run(
        &mut self,
        expression: Resource<HostExpression>,
        batch: Resource<HostBatch>,
    ) -> wasmtime::Result<Result<Processed, String>> {
        let batch = self.take_batch(batch)?;
        let expression = self.table.get_mut(&expression)?;
        if !matches!(expression.text.form, Form::Mapping | Form::Mutation) {
            return Err(Refusal::contract("only a mapping or a mutation can be run"));
        }
        let processed = match expression.run(batch).await {
            Ok(processed) => processed,
            Err(reason) => return Ok(Err(reason)),
        };
        let origins = processed.origins.into();
        let batch = self.push_batch(processed.batch)?;
        Ok(Ok(Processed { batch, origins }))
    }

    async fn evaluate(
        &mut self,
        expression: Resource<HostExpression>,
        batch: Resource<HostBatch>,
    ) -> wasmtime::Result<Result<Resource<HostBatch>, String>> {
        let batch = self.batch(&batch)?.clone();
        let expression = self.table.get_mut(&expression)?;
        if !matches!(expression.text.form, Form::Query | Form::Interpolation) {
            return Err(Refusal::contract("only a query or an interpolation can be evaluated"));
        }
        match expression.evaluate(batch).await {
            Ok(values) => Ok(Ok(self.push_batch(values)?)),
            Err(reason) => Ok(Err(reason)),
        }
    }

    async fn drop(&mut self, expression: Resource<HostExpression>) -> wasmtime::Result<()> {
        let HostExpression { language, compiled, .. } = self.table.delete(expression)?;
        let mut speaker = language.lock().await;
        let slot = &mut speaker.slot;
        if let Some((generation, resource)) = compiled
            && slot.is_live()
            && slot.generation() == generation
        {
            let free =
                slot.call(Waits::Ending, move |_, store| Box::pin(resource.resource_drop_async(store)));
            // Whether it is freed there or goes down with its instance comes to the same.
            let _ = free.await;
        }
        Ok(())
    }
}

impl Speaker {
    /// Goes over to a newer build of the language, if that understands every text in use.
    async fn freshen(&mut self) {
        if self.slot.is_current() {
            return;
        }
        let texts: Vec<Arc<Text>> = self.texts.iter().filter_map(Weak::upgrade).collect();
        let ready = self.slot.freshen_when(move |exports, store| {
            Box::pin(async move {
                for text in texts {
                    match exports.compile(&mut *store, &text).await? {
                        Ok(compiled) => compiled.resource_drop_async(&mut *store).await?,
                        Err(problem) => return Ok(Err(problem.message)),
                    }
                }
                Ok(Ok(()))
            })
        });
        ready.await;
    }
}

impl HostExpression {
    /// Compiles the text in the instance that there is now, unless that was done.
    async fn ready(&mut self) -> Result<(), Problem> {
        let language = Arc::clone(&self.language);
        let mut speaker = language.lock().await;
        self.compiled_in(&mut speaker).await?;
        speaker.texts.retain(|text| text.strong_count() > 0);
        speaker.texts.push(Arc::downgrade(&self.text));
        Ok(())
    }

    async fn run(&mut self, batch: Batch) -> Result<forebay_pipeline_message::Processed, String> {
        let language = Arc::clone(&self.language);
        let mut speaker = language.lock().await;
        let mapping = self.compiled_in(&mut speaker).await.map_err(|problem| problem.message)?;
        let slot = &mut speaker.slot;
        slot.call(Waits::Bounded, move |exports, store| exports.run(store, mapping, batch))
            .await
            .map_err(|lost| lost.to_string())
    }

    async fn run_onto(&mut self, batch: Batch, onto: Batch) -> Result<Changed, String> {
        let language = Arc::clone(&self.language);
        let mut speaker = language.lock().await;
        let mapping = self.compiled_in(&mut speaker).await.map_err(|problem| problem.message)?;
        let slot = &mut speaker.slot;
        slot.call(Waits::Bounded, move |exports, store| exports.run_onto(store, mapping, batch, onto))
            .await
            .map_err(|lost| lost.to_string())
    }

    async fn targets(&mut self) -> Result<Option<Targets>, String> {
        let language = Arc::clone(&self.language);
        let mut speaker = language.lock().await;
        let mapping = self.compiled_in(&mut speaker).await.map_err(|problem| problem.message)?;
        let slot = &mut speaker.slot;
        slot.call(Waits::Bounded, move |exports, store| exports.targets(store, mapping))
            .await
            .map_err(|lost| lost.to_string())
    }

    async fn evaluate(&mut self, batch: Batch) -> Result<Batch, String> {
        let language = Arc::clone(&self.language);
        let mut speaker = language.lock().await;
        let mapping = self.compiled_in(&mut speaker).await.map_err(|problem| problem.message)?;
        let slot = &mut speaker.slot;
        slot.call(Waits::Bounded, move |exports, store| exports.evaluate(store, mapping, batch))
            .await
            .map_err(|lost| lost.to_string())
    }

    async fn compiled_in(&mut self, speaker: &mut Speaker) -> Result<ResourceAny, Problem> {
        speaker.freshen().await;
        let slot = &mut speaker.slot;
        let lost = |lost: LostInstance| problem(&lost.to_string());
        slot.ensure().await.map_err(lost)?;
        if let Some((generation, resource)) = &self.compiled
            && *generation == slot.generation()
        {
            return Ok(*resource);
        }
        let text = Arc::clone(&self.text);
        let compiled = slot
            .call(Waits::Bounded, move |exports, store| {
                Box::pin(async move { exports.compile(store, &text).await })
            })
            .await
            .map_err(lost)??;
        self.compiled = Some((slot.generation(), compiled));
        Ok(compiled)
    }
}

/// A text in a mapping language that is run from outside of any plugin.
pub(crate) struct Compiled(HostExpression);

impl Compiled {
    /// Compiles a text in an instance that `slot` makes.
    pub(crate) async fn compile(
        slot: Slot<MappingExports>,
        text: MappingText<'_>,
    ) -> Result<Self, OpenError> {
        let text = Arc::new(Text::from(text));
        let language = Arc::new(Mutex::new(Speaker { slot, texts: vec![Arc::downgrade(&text)] }));
        let mut expression = HostExpression { language, text, compiled: None };
        match expression.ready().await {
            Ok(()) => Ok(Self(expression)),
            Err(problem) => Err(OpenError::Problem(problem.into())),
        }
    }
}

#[async_trait]
impl Mapping for Compiled {
    async fn apply(&mut self, batch: Batch) -> Result<forebay_pipeline_message::Processed, String> {
        if matches!(self.0.text.form, Form::Mapping | Form::Mutation) {
            return self.0.run(batch).await;
        }
        let batch = self.0.evaluate(batch).await?;
        Ok(forebay_pipeline_message::Processed { batch, origins: Origins::Same })
    }

    async fn apply_onto(&mut self, batch: Batch, onto: Batch) -> Result<Changed, String> {
        self.0.run_onto(batch, onto).await
    }

    async fn targets(&mut self) -> Result<Option<Targets>, String> {
        self.0.targets().await
    }

    async fn values(&mut self, batch: Batch) -> Result<Batch, String> {
        self.0.evaluate(batch).await
    }
}

fn problem(message: &str) -> Problem {
    Problem { message: message.to_owned(), field: String::new(), line: 0, column: 0 }
}

/// Compiles a text in an instance of its own, only to see whether it is right.
pub(crate) async fn check(slot: &mut Slot<MappingExports>, text: MappingText<'_>) -> Result<(), OpenError> {
    let text = Text::from(text);
    let compiled = slot
        .call(Waits::Bounded, move |exports, store| {
            Box::pin(async move {
                let compiled = exports.compile(&mut *store, &text).await?;
                match compiled {
                    Ok(resource) => Ok(Ok(resource.resource_drop_async(store).await?)),
                    Err(problem) => Ok(Err(problem)),
                }
            })
        })
        .await;
    match compiled {
        Ok(Ok(())) => Ok(()),
        Ok(Err(problem)) => Err(OpenError::Problem(problem.into())),
        Err(lost) if lost.reason == LostReason::Reopen => {
            Err(OpenError::Unknown { kind: "mapping language", name: lost.component.to_string() })
        }
        Err(lost) => Err(OpenError::Lost(lost)),
    }
}
