//! What a template calls the metrics of the components that it makes.
//!
//! Names are worked out when a component is opened and looks its series up. Whoever opens it waits for that, as whoever
//! reads a configuration does for the other mapping of a template; what became of a name is remembered.

use std::collections::HashMap;
use std::sync::mpsc::sync_channel;
use std::sync::{Arc, Mutex, PoisonError};

use forebay_lifecycle::Threads;
use forebay_metrics::Labels;
use forebay_pipeline_config::{NameMetrics, TemplateMapping};
use forebay_plugins_api::{Components, Form, Mapping, MappingText, OpenError, PipelineName, Setup};

use super::NAME;
use crate::metric_names::MetricNames;

/// How many names are remembered; when there are more, they are worked out anew.
const MOST_KNOWN: usize = 10_000;
/// The language that has variables.
const BLOBLANG: &str = "bloblang";

/// Evaluates the `metrics_mapping` of one template.
pub(super) struct Naming {
    components: Arc<dyn Components>,
    threads: Arc<Threads>,
    mapping: TemplateMapping,
    open: Arc<tokio::sync::Mutex<Option<Opened>>>,
    known: Mutex<HashMap<Series, Option<(String, Labels)>>>,
}

/// The label under which the template is used, a name and labels.
type Series = (String, String, Labels);

/// The mapping as it is for a use under a label.
struct Opened {
    used_as: String,
    names: MetricNames,
}

impl Naming {
    pub(super) fn new(
        components: Arc<dyn Components>,
        threads: Arc<Threads>,
        mapping: TemplateMapping,
    ) -> Self {
        Self { components, threads, mapping, open: Arc::default(), known: Mutex::default() }
    }

    async fn evaluate(
        (components, mapping): (Arc<dyn Components>, TemplateMapping),
        open: &mut Option<Opened>,
        (used_as, name, labels): Series,
    ) -> Option<(String, Labels)> {
        let names = match open {
            Some(opened) if opened.used_as == used_as => &mut opened.names,
            _ => match open_for(components.as_ref(), &mapping, &used_as).await {
                Ok(mapping) => {
                    let names = MetricNames::by(mapping);
                    &mut open.insert(Opened { used_as, names }).names
                }
                Err(error) => {
                    tracing::error!(%error, "failed to open the metrics mapping of a template");
                    return Some((name, labels));
                }
            },
        };
        names.of(&[(name, labels)]).await.pop().flatten()
    }
}

impl NameMetrics for Naming {
    fn name(&self, used_as: &str, name: &str, labels: &Labels) -> Option<(String, Labels)> {
        let series = (used_as.to_owned(), name.to_owned(), labels.clone());
        if let Some(known) = self.known.lock().unwrap_or_else(PoisonError::into_inner).get(&series) {
            return known.clone();
        }
        let (tell, told) = sync_channel(1);
        let of = (Arc::clone(&self.components), self.mapping.clone());
        let (open, asked) = (Arc::clone(&self.open), series.clone());
        drop(self.threads.spawn(0, "metrics of a template", async move {
            let named = Self::evaluate(of, &mut *open.lock().await, asked).await;
            // Whoever asked waits.
            let _ = tell.send(named);
        }));
        let Ok(named) = told.recv() else {
            tracing::error!(metric = name, "the thread of templates has ended: a metric keeps its name");
            return Some((series.1, series.2));
        };
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MOST_KNOWN {
            known.clear();
        }
        known.insert(series, named.clone());
        named
    }
}

/// Opens a mapping so that the label is in its variable `label`.
async fn open_for(
    components: &dyn Components,
    mapping: &TemplateMapping,
    used_as: &str,
) -> Result<Box<dyn Mapping>, OpenError> {
    let TemplateMapping { language, code } = mapping;
    let setup = Setup::new(PipelineName::new(NAME), "metrics_mapping", NAME.parse().expect("a name"));
    for code in with_label(language, code, used_as) {
        let text = MappingText::new(language, &code, Form::Mapping);
        if let Ok(mapping) = components.open_mapping(text, &setup).await {
            return Ok(mapping);
        }
    }
    components.open_mapping(MappingText::new(language, code, Form::Mapping), &setup).await
}

/// The texts in which a variable has the label; what does not compile is none. A mapping that is nothing but an
/// expression is what `root` becomes, and can have no statements before it.
fn with_label(language: &str, code: &str, used_as: &str) -> Vec<String> {
    if language != BLOBLANG {
        return Vec::new();
    }
    let variable = format!("let label = {}\n", serde_json::Value::from(used_as));
    vec![format!("{variable}{code}"), format!("{variable}root = {}", code.trim_start())]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_bloblang_has_the_label() {
        assert_eq!(with_label("rhai", "x", "a"), [""; 0]);
        assert_eq!(
            with_label("bloblang", "\n this", "a"),
            ["let label = \"a\"\n\n this", "let label = \"a\"\nroot = this"]
        );
    }
}
