//! Components together with templates: what those are made of is worked out by the plugins of mapping languages.

mod naming;

use std::sync::mpsc::sync_channel;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use forebay_lifecycle::Threads;
use forebay_metrics::Metrics;
use forebay_pipeline_config::{Catalog, Expand, NameMetrics, Problem, Severity, Template, TemplateMapping};
use forebay_pipeline_message::{Batch, MetadataWriter};
use forebay_plugins_api::{
    Cache, Components, Form, IncrementalProcessor, Input, Mapping, MappingText, OpenError, Output,
    PipelineName, Processor, Scanner, Setup,
};
use serde_json::Value as Json;

use crate::check::check_mappings;
use naming::Naming;

/// What mappings of templates are opened for, in messages and grants.
const NAME: &str = "template";

/// The components of another provider, and templates that are made of them.
pub struct Templated {
    inner: Arc<dyn Components>,
    templates: Vec<(Template, Arc<dyn Expand>)>,
    /// The catalog without the templates, and with them. The first one changes when plugins do.
    catalog: Mutex<(Arc<Catalog>, Arc<Catalog>)>,
}

/// Evaluates the mapping of one template.
struct Mapped {
    components: Arc<dyn Components>,
    /// Where it is evaluated: whoever reads a configuration waits for it.
    threads: Arc<Threads>,
    mapping: TemplateMapping,
    open: Arc<tokio::sync::Mutex<Option<Box<dyn Mapping>>>>,
    naming: Option<Arc<dyn NameMetrics>>,
}

impl Templated {
    /// Reads templates, each a path and a text. Those with fatal problems, and those whose names are taken, are left
    /// out. Mappings are evaluated on `threads`, on which nobody may read configurations.
    pub async fn read(
        inner: Arc<dyn Components>,
        files: &[(String, String)],
        threads: Arc<Threads>,
    ) -> (Self, Vec<Problem>) {
        let bare = inner.catalog();
        let (mut all, mut templates) = (Catalog::clone(&bare), Vec::new());
        let mut problems = Vec::new();
        for (path, text) in files {
            let (template, found) = Template::read(path, text, &bare);
            problems.extend(found);
            let Some(template) = template else { continue };
            let faults = check_mappings(path, std::slice::from_ref(&template.texts), inner.as_ref()).await;
            let is_right = faults.is_empty();
            problems.extend(faults);
            if !is_right {
                continue;
            }
            let expand: Arc<dyn Expand> = Arc::new(Mapped::of(&template, &inner, &threads));
            match all.insert_template(template.spec.clone(), Arc::clone(&expand)) {
                Ok(()) => templates.push((template, expand)),
                Err(taken) => problems.push(Problem {
                    path: path.clone(),
                    line: 1,
                    column: 1,
                    message: taken.to_string(),
                    severity: Severity::Fatal,
                }),
            }
        }
        let catalog = Mutex::new((bare, Arc::new(all)));
        (Self { inner, templates, catalog }, problems)
    }

    /// What fails of the tests of all templates.
    #[must_use]
    pub fn test(&self) -> Vec<Problem> {
        let catalog = self.catalog();
        let test =
            |(template, expand): &(Template, Arc<dyn Expand>)| template.test(expand.as_ref(), &catalog);
        self.templates.iter().flat_map(test).collect()
    }
}

impl Mapped {
    fn of(template: &Template, components: &Arc<dyn Components>, threads: &Arc<Threads>) -> Self {
        let own = || (Arc::clone(components), Arc::clone(threads));
        let naming = template.metrics_mapping.clone().map(|mapping| -> Arc<dyn NameMetrics> {
            let (components, threads) = own();
            Arc::new(Naming::new(components, threads, mapping))
        });
        let (components, threads) = own();
        Self { components, threads, mapping: template.mapping.clone(), open: Arc::default(), naming }
    }

    async fn evaluate(
        (components, text): (Arc<dyn Components>, TemplateMapping),
        open: &mut Option<Box<dyn Mapping>>,
        settings: &Json,
    ) -> Result<Json, String> {
        let mapping = match open {
            Some(mapping) => mapping,
            None => {
                let name = NAME.parse().map_err(|bad| format!("{bad}"))?;
                let setup = Setup::new(PipelineName::new(NAME), "mapping", name);
                let text = MappingText::new(&text.language, &text.code, Form::Mapping);
                let opened = components.open_mapping(text, &setup).await;
                open.insert(opened.map_err(|error: OpenError| error.to_string())?)
            }
        };
        let payload = settings.to_string();
        let mut metadata = MetadataWriter::default();
        metadata.end_message();
        let batch = Batch::from_parts([Some(payload.as_bytes())], false, metadata, []);
        let made = mapping.apply(batch).await?.batch;
        let message = made.get(0).ok_or("it deletes the configuration")?;
        if let Some(error) = message.error() {
            return Err(error.to_owned());
        }
        let payload = message.payload().unwrap_or_default();
        serde_json::from_slice(payload).map_err(|error| format!("it resulted in invalid config: {error}"))
    }
}

impl Expand for Mapped {
    fn expand(&self, settings: &Json) -> Result<Json, String> {
        let (tell, told) = sync_channel(1);
        let of = (Arc::clone(&self.components), self.mapping.clone());
        let (open, settings) = (Arc::clone(&self.open), settings.clone());
        drop(self.threads.spawn(0, "a template", async move {
            let result = Self::evaluate(of, &mut *open.lock().await, &settings).await;
            // Whoever asked waits.
            let _ = tell.send(result);
        }));
        told.recv().unwrap_or_else(|_| Err("the thread of templates has ended".to_owned()))
    }

    fn naming(&self) -> Option<Arc<dyn NameMetrics>> {
        self.naming.clone()
    }
}

#[async_trait]
impl Components for Templated {
    fn catalog(&self) -> Arc<Catalog> {
        let bare = self.inner.catalog();
        let mut known = self.catalog.lock().unwrap_or_else(PoisonError::into_inner);
        if !Arc::ptr_eq(&known.0, &bare) {
            let mut all = Catalog::clone(&bare);
            for (template, expand) in &self.templates {
                // A new plugin that takes the name of a template comes before it.
                let _ = all.insert_template(template.spec.clone(), Arc::clone(expand));
            }
            *known = (bare, Arc::new(all));
        }
        Arc::clone(&known.1)
    }

    fn metrics(&self) -> Arc<Metrics> {
        self.inner.metrics()
    }

    async fn open_input(&self, setup: Setup) -> Result<Box<dyn Input>, OpenError> {
        self.inner.open_input(setup).await
    }

    async fn open_processor(&self, setup: Setup) -> Result<Box<dyn Processor>, OpenError> {
        self.inner.open_processor(setup).await
    }

    async fn open_output(&self, setup: Setup) -> Result<Box<dyn Output>, OpenError> {
        self.inner.open_output(setup).await
    }

    async fn open_scanner(&self, setup: Setup) -> Result<Box<dyn Scanner>, OpenError> {
        self.inner.open_scanner(setup).await
    }

    async fn open_incremental(&self, setup: Setup) -> Result<Box<dyn IncrementalProcessor>, OpenError> {
        self.inner.open_incremental(setup).await
    }

    async fn open_cache(&self, setup: Setup) -> Result<Box<dyn Cache>, OpenError> {
        self.inner.open_cache(setup).await
    }

    async fn check_mapping(&self, text: MappingText<'_>) -> Result<(), OpenError> {
        self.inner.check_mapping(text).await
    }

    async fn open_mapping(
        &self,
        text: MappingText<'_>,
        setup: &Setup,
    ) -> Result<Box<dyn Mapping>, OpenError> {
        self.inner.open_mapping(text, setup).await
    }
}

impl std::fmt::Debug for Templated {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names: Vec<_> = self.templates.iter().map(|(template, _)| &template.path).collect();
        f.debug_struct("Templated").field("templates", &names).finish_non_exhaustive()
    }
}
