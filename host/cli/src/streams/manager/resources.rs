//! Resources that come over HTTP: caches and rate limits take the place of others at once; a pipeline that uses
//! another resource is started anew with it.

use forebay_pipeline_config::spec::Kind;
use forebay_pipeline_config::{
    ComponentConfig, ConfigFile, Document, Forgiving, LintOptions, PipelineConfig, Severity, Variables,
};

use super::{ChangeError, Faults, Manager, Text};
use crate::streams::stream::Design;
use crate::variables::ProcessVariables;

/// The types of resources, as paths name them.
pub(in crate::streams) const TYPES: [(&str, Kind); 5] = [
    ("cache", Kind::Cache),
    ("input", Kind::Input),
    ("output", Kind::Output),
    ("processor", Kind::Processor),
    ("rate_limit", Kind::RateLimit),
];

/// Why a resource was not taken.
pub(in crate::streams) enum ResourceError {
    Faults(Faults),
    Failed(String),
}

impl Manager {
    /// Takes a resource, in place of the one with its label.
    ///
    /// # Errors
    /// What is wrong with it, or why it can't be opened or kept.
    pub(in crate::streams) async fn set_resource(
        &self,
        kind: &'static str,
        label: &str,
        text: Text<'_>,
    ) -> Result<(), ResourceError> {
        let Some((_, of)) = TYPES.iter().find(|(name, _)| *name == kind) else { return Ok(()) };
        let document = Box::pin(self.checked(*of, label, &text)).await?;
        let config = document.examine(&self.components.catalog(), LintOptions::default()).config;
        let component = config.as_ref().and_then(|config| resource(config, *of, label)).cloned();
        if let (Some(component), Some(shared)) = (component, &self.surroundings.shared)
            && matches!(of, Kind::Cache | Kind::RateLimit)
        {
            shared.open(&[component]).await.map_err(|problems| {
                let lines: Vec<_> = problems.iter().map(ToString::to_string).collect();
                ResourceError::Failed(lines.join("\n"))
            })?;
        }
        if let Some(store) = &self.store {
            let kept = store.keep_resource(kind, label, text.text);
            kept.map_err(|error| ResourceError::Failed(format!("keep the resource: {error}")))?;
        }
        {
            let mut process = self.process();
            process.posted.insert((kind, label.to_owned()), text.text.to_owned());
            process.document = self.with_posted(&process.base, &process.posted);
        }
        if matches!(of, Kind::Input | Kind::Output | Kind::Processor) {
            Box::pin(self.restart_users(*of, label)).await;
        }
        Ok(())
    }

    /// The process with a resource more, which has no faults.
    async fn checked(&self, kind: Kind, label: &str, text: &Text<'_>) -> Result<Document, ResourceError> {
        let Text { name, text, chilled } = text;
        let document = {
            let variables = ProcessVariables(self.environment.clone());
            let forgiving = Forgiving(&variables);
            let variables: &dyn Variables = if *chilled { &forgiving } else { &variables };
            let file = ConfigFile { path: name, text };
            self.process().document.with_resource((kind, label), file, variables)
        };
        let components = self.components.as_ref();
        let examined =
            Box::pin(crate::configuration::examine(&document, "", components, LintOptions::default())).await;
        let mut problems = examined.problems;
        problems.retain(|problem| problem.path == *name);
        if problems.iter().any(|problem| !chilled || problem.severity == Severity::Fatal) {
            let faults = if *chilled { Faults::Unreadable(problems) } else { Faults::Lints(problems) };
            return Err(ResourceError::Faults(faults));
        }
        Ok(document)
    }

    fn with_posted(
        &self,
        base: &Document,
        posted: &std::collections::BTreeMap<(&'static str, String), String>,
    ) -> Document {
        let variables = ProcessVariables(self.environment.clone());
        let variables = Forgiving(&variables);
        let mut document = base.clone();
        for ((kind, label), text) in posted {
            if let Some((_, of)) = TYPES.iter().find(|(name, _)| name == kind) {
                let path = format!("{kind}/{label}");
                document = document.with_resource((*of, label), ConfigFile { path: &path, text }, &variables);
            }
        }
        document
    }

    /// Starts the pipelines anew that use a resource, one after the other.
    async fn restart_users(&self, kind: Kind, label: &str) {
        for id in self.ids() {
            let design = self.look(&id, |stream| {
                let uses = stream.is_running() && uses(&stream.design.config, kind, label);
                uses.then(|| stream.design.written.clone())
            });
            let Some(written) = design.flatten() else { continue };
            let changed = match self.read_written(&id, &written).await {
                Ok(design) => Box::pin(self.update(&id, design, None)).await,
                Err(Faults::Lints(problems) | Faults::Unreadable(problems)) => {
                    let lines: Vec<_> = problems.iter().map(ToString::to_string).collect();
                    Err(ChangeError::Failed(lines.join("\n")))
                }
            };
            if let Err(error) = changed {
                tracing::error!(stream = id, label, %error, "a pipeline can't be started anew with a changed resource");
            }
        }
    }
}

/// The resource with a label in the configuration of a process.
fn resource<'c>(config: &'c PipelineConfig, kind: Kind, label: &str) -> Option<&'c ComponentConfig> {
    let list = match kind {
        Kind::Cache => &config.caches,
        Kind::RateLimit => &config.rate_limits,
        _ => return None,
    };
    list.iter().find(|config| config.label.as_ref().is_some_and(|known| known.as_str() == label))
}

/// Whether a pipeline uses a resource, itself or by way of others.
fn uses(config: &PipelineConfig, kind: Kind, label: &str) -> bool {
    let mut wanted: Vec<&ComponentConfig> = config.processors.iter().chain(&config.buffer).collect();
    wanted.extend([&config.input, &config.output]);
    let mut seen = std::collections::HashSet::new();
    while let Some(component) = wanted.pop() {
        for inside in component.with_descendants() {
            for named in labels(inside) {
                if inside.kind == kind && named == label {
                    return true;
                }
                if seen.insert((inside.kind, named.to_owned())) {
                    let lists = [&config.resources, &config.input_resources, &config.output_resources];
                    let of_kind = lists.into_iter().flatten().filter(|resource| resource.kind == inside.kind);
                    wanted.extend(of_kind.filter(|resource| {
                        resource.label.as_ref().is_some_and(|known| known.as_str() == named)
                    }));
                }
            }
        }
    }
    false
}

/// The resources that a component names. A `workflow` may name its branches.
fn labels(component: &ComponentConfig) -> Vec<&str> {
    match component.name.as_str() {
        "resource" => component.config.as_str().into_iter().collect(),
        "workflow" => {
            let listed = component.config.get("branch_resources").and_then(|list| list.as_array());
            listed.into_iter().flatten().filter_map(|label| label.as_str()).collect()
        }
        _ => Vec::new(),
    }
}

impl Manager {
    /// Takes the resources that are kept, at the start. What is wrong with one is logged, and it is left out.
    pub(in crate::streams) async fn restore_resources(&self) {
        for (kind, _) in TYPES {
            let kept = match self.store.as_ref().map(|store| store.resources(kind)) {
                Some(Ok(kept)) => kept,
                Some(Err(error)) => {
                    tracing::error!(kind, %error, "the kept resources can't be read");
                    continue;
                }
                None => return,
            };
            for (label, text) in kept {
                let name = format!("{kind}/{label}");
                let text = Text { name: &name, text: &text, chilled: true };
                let fault = match Box::pin(self.set_resource(kind, &label, text)).await {
                    Ok(()) => continue,
                    Err(ResourceError::Failed(fault)) => fault,
                    Err(ResourceError::Faults(Faults::Lints(problems) | Faults::Unreadable(problems))) => {
                        problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
                    }
                };
                tracing::error!(kind, label, fault, "a kept resource is left out");
            }
        }
    }

    /// Starts the pipelines that are kept. One that can't be started is logged, and the others run.
    pub(in crate::streams) async fn restore_streams(&self) {
        let kept = match self.store.as_ref().map(crate::streams::store::Store::streams) {
            Some(Ok(kept)) => kept,
            Some(Err(error)) => return tracing::error!(%error, "the kept pipelines can't be read"),
            None => return,
        };
        for (id, text) in kept {
            let read = self.read(Text { name: &id, text: &text, chilled: true }).await;
            let started = match read {
                Ok(design) => Box::pin(self.restore(&id, design)).await.map_err(|error| error.to_string()),
                Err(Faults::Lints(problems) | Faults::Unreadable(problems)) => {
                    Err(problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
                }
            };
            if let Err(fault) = started {
                tracing::error!(stream = id, fault, "a kept pipeline is not started");
            }
        }
    }

    /// What came over HTTP takes the place of a file with the same id.
    async fn restore(&self, id: &str, design: Design) -> Result<(), ChangeError> {
        match Box::pin(self.update(id, design.clone(), None)).await {
            Err(ChangeError::Unknown) => self.create(id, design, None).await,
            done => done,
        }
    }
}
