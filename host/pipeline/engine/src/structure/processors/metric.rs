mod series;

use async_trait::async_trait;
use forebay_pipeline_config::spec::{ComponentSpec, Example, FieldKind, FieldSpec, FieldType};
use forebay_pipeline_message::{Batch, Origins, Processed};
use forebay_plugins_api::{LostInstance, OpenError, Processor};
use serde::Deserialize;
use serde_json::{Map, Value as Json};

use self::series::{All, Kind};
use super::{Own, Structure, boxed, spec};
use crate::structure::opening::{Opening, problem};
use crate::structure::text::{Text, Texts};

pub(super) const OWN: Own =
    Own { name: "metric", spec: specification, open: |opening| Box::pin(open(opening)) };

fn specification() -> ComponentSpec {
    let text = |name: &str| FieldSpec::new(name, FieldType::String);
    let fields = vec![
        text("type").with_options(&["counter", "counter_by", "gauge", "timing"]).with_docs(
            "What a message does: `counter` adds one, `counter_by` adds the value, `gauge` sets the value, and `timing` \
             notes the value, which is a whole number of nanoseconds.",
        ),
        text("name").with_docs(
            "The name of the metric: letters, digits and `_`, and no digit first. All metrics with the same name have \
             to be of one kind.",
        ),
        text("labels").of_kind(FieldKind::Map).interpolated().optional().with_docs(
            "Labels by their names. Each combination of their values is counted by itself, and there is room for a \
             bounded number of them.",
        ),
        text("value").interpolated().with_default("").with_docs("The value: a number that is not below zero."),
    ];
    let example = Example {
        title: "Sizes of orders by country".to_owned(),
        summary: String::new(),
        config: "metric:\n  type: counter_by\n  name: ordered\n  labels:\n    country: ${! this.country }\n  value: ${! this.count }\n"
            .to_owned(),
    };
    let description = "As OpenMetrics the name of a counter has `_total` behind it. Timings are in nanoseconds. The \
                       labels `label` and `path` say where the processor stands, unless the settings give them other \
                       values. What a message has that is no such value is logged, and the message passes \
                       unchanged, as all do. A counter is whole: of fractions their sum counts.";
    let summary = "Counts messages, or what is in them, in the metrics of the process.";
    let config = FieldSpec::new("", FieldType::Object).with_fields(fields);
    ComponentSpec {
        description: description.to_owned(),
        examples: vec![example],
        ..spec(OWN.name, summary, config)
    }
}

#[derive(Deserialize)]
struct Settings {
    #[serde(rename = "type")]
    kind: String,
    name: String,
    #[serde(default)]
    labels: Map<String, Json>,
}

struct Metric {
    path: String,
    /// None where the name can't be one of a metric.
    all: Option<All>,
    labels: Vec<Text>,
    value: Text,
}

async fn open(opening: Opening<'_>) -> Result<Box<dyn Processor>, OpenError> {
    let Settings { kind, name, labels } = opening.settings()?;
    if name.is_empty() {
        return Err(problem("/name", "metric name must not be empty"));
    }
    let kind = match kind.to_ascii_lowercase().as_str() {
        "counter" => Kind::Counter,
        "counter_by" => Kind::CounterBy,
        "gauge" => Kind::Gauge,
        "timing" => Kind::Timing,
        _ => return Err(problem("/type", &format!("metric type unrecognised: {kind}"))),
    };
    let value = Text::open(&opening, "/value").await?;
    let mut texts = Vec::with_capacity(labels.len());
    for name in labels.keys() {
        let field = format!("/labels/{}", name.replace('~', "~0").replace('/', "~1"));
        texts.push(Text::open(&opening, &field).await?);
    }
    let path = opening.setup.path.clone();
    let names = labels.into_iter().map(|(name, _)| name).collect();
    // As in Bento, records pass by a metric that there can't be.
    let all = All::new(opening.metrics(), opening.setup, (kind, &name), names)
        .inspect_err(|error| tracing::error!(path, %error, "nothing is measured"))
        .ok();
    Ok(boxed(Metric { path, all, labels: texts, value }))
}

#[async_trait]
impl Structure for Metric {
    async fn run(&mut self, batch: Batch) -> Result<Vec<Processed>, LostInstance> {
        let Self { path, all: Some(all), labels, value } = self else {
            return Ok(vec![Processed { batch, origins: Origins::Same }]);
        };
        let values = value.of(&batch).await?;
        let mut texts = Vec::with_capacity(labels.len());
        for label in labels {
            texts.push(label.of(&batch).await?);
        }
        let mut faults = Faults::default();
        if all.ignores_values() && texts.iter().chain([&values]).all(Texts::is_fixed) {
            // All messages are the same here.
            faults.note(measure(all, 0, &texts, (&values, batch.len())));
        } else {
            for index in 0..batch.len() {
                faults.note(measure(all, index, &texts, (&values, 1)));
            }
        }
        let Faults { count, first } = faults;
        if count > 0 {
            tracing::error!(path, count, error = first, "messages are not measured");
        }
        Ok(vec![Processed { batch, origins: Origins::Same }])
    }
}

/// Measures a message, or several that are like it.
fn measure(
    all: &mut All,
    index: usize,
    texts: &[Texts<'_>],
    (values, messages): (&Texts<'_>, usize),
) -> Result<(), String> {
    let value = values.get(index).map_err(|error| format!("value interpolation error: {error}"))?;
    let mut labels = Vec::with_capacity(texts.len());
    for text in texts {
        let label = text.get(index).map_err(|error| format!("label interpolation error: {error}"))?;
        labels.push(String::from_utf8_lossy(label).into_owned());
    }
    all.measure(labels, &String::from_utf8_lossy(value), messages)
}

/// What could not be measured in a batch.
#[derive(Default)]
struct Faults {
    count: usize,
    first: String,
}

impl Faults {
    fn note(&mut self, result: Result<(), String>) {
        if let Err(error) = result {
            if self.count == 0 {
                self.first = error;
            }
            self.count += 1;
        }
    }
}

#[cfg(test)]
mod tests;
