//! What a component of the host is opened with, and how it opens what it contains.

use forebay_metrics::{Counter, Metrics};
use forebay_pipeline_config::{ComponentConfig, Position};
use forebay_plugins_api::{Components as _, Form, Mapping, MappingText, OpenError, Problem, Setup, Stated};
use forebay_traces::Tracer;
use serde::de::DeserializeOwned;
use serde_json::Value as Json;

use super::Structured;
use super::check::Check;
use super::row::Row;
use crate::chain::Link;
use crate::check::place;
use crate::meters::{self, ProcessorMeter};
use crate::spans::Traced;

/// The language of texts that name no other.
const LANGUAGE: &str = "bloblang";

/// A component that is being opened. Fields are JSON pointers into its settings.
pub(crate) struct Opening<'a> {
    pub(crate) components: &'a Structured,
    pub(crate) setup: &'a Setup,
}

impl Opening<'_> {
    /// The settings, which have been checked against their specification and hold all defaults.
    ///
    /// # Errors
    /// They say what the specification can't rule out.
    pub(crate) fn settings<T: DeserializeOwned>(&self) -> Result<T, OpenError> {
        serde_json::from_value(self.setup.config.clone()).map_err(|error| problem("", &error.to_string()))
    }

    /// Opens the list of processors in a field.
    ///
    /// # Errors
    /// All of them that can't be opened.
    pub(crate) async fn row(&self, field: &str) -> Result<Row, OpenError> {
        let (links, problems) = self.links(self.children(field)).await;
        if problems.is_empty() { Ok(Row::new(links)) } else { Err(OpenError::Inside(problems)) }
    }

    /// Opens processors that work for this component, and what is wrong with the others, and where.
    pub(crate) async fn links<'c>(
        &self,
        configs: impl IntoIterator<Item = &'c ComponentConfig>,
    ) -> (Vec<Link>, Vec<(Position, String)>) {
        let (mut links, mut problems) = (Vec::new(), Vec::new());
        for config in configs {
            match self.link(config, self.setup_of(config)).await {
                Ok(link) => links.push(link),
                Err(places) => problems.extend(places),
            }
        }
        (links, problems)
    }

    /// Opens the processor resource with a label: an instance for this component alone.
    ///
    /// # Errors
    /// There is none with this label, it would hold itself, or it can't be opened.
    pub(super) async fn resource(&self, label: &str) -> Result<Row, OpenError> {
        let found = self.setup.resources.processor(label);
        let (config, resources) = found.map_err(|error| problem("", &error.to_string()))?;
        let setup = Setup { resources, ..self.setup_of(config) };
        let link = self.link(config, setup).await.map_err(OpenError::Inside)?;
        Ok(Row::new(vec![link]))
    }

    /// Opens a processor that works for this component; the error is what is wrong, and where.
    async fn link(&self, config: &ComponentConfig, setup: Setup) -> Result<Link, Vec<(Position, String)>> {
        if config.shadow.is_some() {
            let reason = "a processor within another one can't have a shadow".to_owned();
            return Err(vec![(config.span.start, reason)]);
        }
        let (path, name) = (config.path.clone(), config.name.clone());
        match self.components.open_processor(setup).await {
            Ok(processor) => {
                let meter = ProcessorMeter::of(&self.components.metrics(), &self.tracer(), config);
                Ok(Link { path, name, processor, shadow: None, meter })
            }
            Err(OpenError::Inside(places)) => Err(places),
            Err(error) => Err(vec![place(config, "", &error)]),
        }
    }

    /// The components that stand in a list, in its order.
    pub(crate) fn children<'s>(&'s self, list: &str) -> impl Iterator<Item = &'s ComponentConfig> {
        let inside =
            self.setup.children.iter().filter(move |child| {
                child.pointer.rsplit_once('/').is_some_and(|(holder, _)| holder == list)
            });
        inside.map(|child| &child.component)
    }

    pub(crate) fn setup_of(&self, config: &ComponentConfig) -> Setup {
        Setup {
            path: config.path.clone(),
            label: config.label.as_ref().map(ToString::to_string),
            name: config.name.clone(),
            config: config.config.clone(),
            stated: Stated {
                pin: config.pin.clone(),
                config: Some(config.written.clone()),
                is_shadow: self.setup.stated.is_shadow,
            },
            limits: config.limits.clone(),
            children: config.children.clone(),
            metric_naming: config.metric_naming.clone(),
            ..self.setup.clone()
        }
    }

    /// What makes spans with a name, beside those of the component itself.
    pub(super) fn traced(&self, name: &str) -> Traced {
        let Setup { label, path, .. } = self.setup;
        Traced::of(&self.tracer(), name, label.as_deref(), path)
    }

    /// What makes spans of messages here. A shadow makes none: it works on what others work on too.
    fn tracer(&self) -> Tracer {
        if self.setup.stated.is_shadow { Tracer::off() } else { self.components.tracer() }
    }

    /// Counts what the component itself has failed for, where that can't be told from what those inside have.
    pub(super) fn own_errors(&self) -> Counter {
        let Setup { label, path, .. } = self.setup;
        meters::own_errors(&self.metrics(), label.as_deref(), path)
    }

    /// The metrics as the component is to see them.
    pub(crate) fn metrics(&self) -> Metrics {
        self.setup.metric_naming.of(&self.components.metrics())
    }

    /// Opens the condition in a field; none where that is empty.
    ///
    /// # Errors
    /// It does not compile.
    pub(crate) async fn check(&self, field: &str) -> Result<Option<Check>, OpenError> {
        let mapping = self.mapping(field, Form::Mapping).await?;
        Ok(mapping.map(|mapping| Check::new(mapping, &self.setup.name)))
    }

    /// Compiles the text in a field; none where that is empty.
    ///
    /// # Errors
    /// It does not compile.
    pub(crate) async fn mapping(
        &self,
        field: &str,
        form: Form,
    ) -> Result<Option<Box<dyn Mapping>>, OpenError> {
        let (language, source) = match self.setup.config.pointer(field) {
            None => return Ok(None),
            Some(Json::String(source)) => (LANGUAGE, source.as_str()),
            Some(object) => {
                let text = |name: &str| object.get(name).and_then(Json::as_str);
                (text("language").unwrap_or(LANGUAGE), text("code").unwrap_or_default())
            }
        };
        if source.is_empty() {
            return Ok(None);
        }
        let opened = self.components.open_mapping(MappingText::new(language, source, form), self.setup).await;
        opened.map(Some).map_err(|error| match error {
            OpenError::Problem(problem) if problem.field.is_empty() => {
                OpenError::Problem(Problem { field: field.to_owned(), ..problem })
            }
            error => error,
        })
    }

    /// Compiles a text of the component's own.
    ///
    /// # Errors
    /// The language's plugin is not there, or fails.
    pub(crate) async fn own_mapping(&self, source: &str) -> Result<Box<dyn Mapping>, OpenError> {
        self.components.open_mapping(MappingText::new(LANGUAGE, source, Form::Mapping), self.setup).await
    }
}

/// What is wrong with a field.
pub(crate) fn problem(field: &str, message: &str) -> OpenError {
    OpenError::Problem(Problem { message: message.to_owned(), field: field.to_owned(), line: 0, column: 0 })
}
