//! The names that metrics are told under: what a mapping makes of each of them, and of its labels.

use forebay_metrics::Labels;
use forebay_pipeline_config::{MetricsMapping, Problem, Severity};
use forebay_pipeline_message::{Batch, Message, MetadataWriter, Origins, Value};
use forebay_plugins_api::{Components, Form, Mapping, MappingText, OpenError, Setup};

use crate::run::Identity;

/// A mapping of names. It looks at the name of a metric, with the labels as metadata: its root is the name that takes
/// its place, its metadata the labels, and a metric whose root it deletes is told to nobody.
pub struct MetricNames {
    mapping: Box<dyn Mapping>,
}

impl MetricNames {
    /// Opens the mapping of a configuration.
    ///
    /// # Errors
    /// Where it does not compile, and why.
    pub async fn open(
        identity: &Identity,
        config: &MetricsMapping,
        components: &dyn Components,
    ) -> Result<Self, Problem> {
        let name = "metrics".parse().expect("a name");
        let setup = Setup {
            virtual_cluster: identity.virtual_cluster.clone(),
            rights: identity.rights,
            environment: identity.environment.clone(),
            ..Setup::new(identity.name.clone(), "metrics.mapping", name)
        };
        match components.open_mapping(text(config), &setup).await {
            Ok(mapping) => Ok(Self { mapping }),
            Err(error) => Err(problem(&identity.file, config, &error)),
        }
    }

    /// Names by a mapping that is open already.
    pub(crate) fn by(mapping: Box<dyn Mapping>) -> Self {
        Self { mapping }
    }

    /// What is wrong with a mapping.
    pub async fn check(file: &str, config: &MetricsMapping, components: &dyn Components) -> Option<Problem> {
        let error = components.check_mapping(text(config)).await.err()?;
        Some(problem(file, config, &error))
    }

    /// What becomes of each name and its labels; nothing of those that are told to nobody. Where the mapping fails, a
    /// metric keeps its name and has no labels, as in Bento.
    pub async fn of(&mut self, series: &[(String, Labels)]) -> Vec<Option<(String, Labels)>> {
        let mut metadata = MetadataWriter::default();
        for (_, labels) in series {
            for (name, value) in labels {
                metadata.push(name, Value::Text(value));
            }
            metadata.end_message();
        }
        let names: Vec<String> = series.iter().map(|(name, _)| format!("\"{name}\"")).collect();
        let payloads = names.iter().map(|name| Some(name.as_bytes()));
        let batch = Batch::from_parts(payloads, true, metadata, []);
        let failed = |error: &str| {
            tracing::error!(error, "failed to apply the mapping of metrics");
            series.iter().map(|(name, _)| Some((name.clone(), Labels::new()))).collect()
        };
        let made = match self.mapping.apply(batch).await {
            Ok(made) => made,
            Err(error) => return failed(&error),
        };
        if made.origins.check(made.batch.len(), series.len()).is_err() {
            return failed("it gave other than one result for each");
        }
        let mut renamed = vec![None; series.len()];
        for (index, message) in made.batch.iter().enumerate() {
            let source = match &made.origins {
                Origins::Same | Origins::Whole => index,
                Origins::Each(each) => each[index] as usize,
                Origins::Sets(sets) => sets[index].first().map_or(index, |first| *first as usize),
            };
            if let (Some(place), Some((name, _))) = (renamed.get_mut(source), series.get(source)) {
                *place = Some(result(name, &message));
            }
        }
        renamed
    }
}

/// The name and the labels in a message.
fn result(name: &str, message: &Message<'_>) -> (String, Labels) {
    if let Some(error) = message.error() {
        tracing::error!(metric = name, error, "failed to apply the mapping of metrics");
        return (name.to_owned(), Labels::new());
    }
    let mut labels: Labels =
        message.metadata_entries().map(|(key, value)| (key.to_owned(), shown(value))).collect();
    labels.sort();
    let content = String::from_utf8_lossy(message.payload().unwrap_or_default()).into_owned();
    let is_unchanged = content.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) == Some(name);
    (if is_unchanged { name.to_owned() } else { content }, labels)
}

/// A value as the text of a label.
fn shown(value: Value<'_>) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Signed(value) => value.to_string(),
        Value::Unsigned(value) => value.to_string(),
        Value::Float(value) => value.to_string(),
        Value::Text(text) | Value::Json(text) => text.to_owned(),
        Value::Bytes(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        Value::Timestamp { seconds, nanoseconds } => format!("{seconds}.{nanoseconds:09}"),
    }
}

fn text(config: &MetricsMapping) -> MappingText<'_> {
    MappingText::new(&config.language, &config.code, Form::Mapping)
}

fn problem(file: &str, config: &MetricsMapping, error: &OpenError) -> Problem {
    let (line, column) = match error {
        OpenError::Problem(problem) => (problem.line.max(1) as usize, problem.column.max(1) as usize),
        _ => (1, 1),
    };
    let at = config.position_of(line, column);
    Problem {
        path: file.to_owned(),
        line: at.line,
        column: at.column,
        message: error.to_string(),
        severity: Severity::Fatal,
    }
}

impl std::fmt::Debug for MetricNames {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MetricNames").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use async_trait::async_trait;
    use forebay_pipeline_message::Processed;

    use super::*;

    /// Drops the second, calls the first `new` with a label, and leaves the third.
    struct Scripted;

    #[async_trait]
    impl Mapping for Scripted {
        async fn apply(&mut self, batch: Batch) -> Result<Processed, String> {
            assert_eq!(batch.get(0).unwrap().metadata("path"), Some(Value::Text("p")));
            let mut metadata = MetadataWriter::default();
            metadata.push("z", Value::Text("1"));
            metadata.push("a", Value::Signed(2));
            metadata.end_message();
            metadata.end_message();
            metadata.end_message();
            let payloads = [Some(b"new".as_slice()), batch.get(2).unwrap().payload(), Some(b"x".as_slice())];
            let made = Batch::from_parts(payloads, true, metadata, [(2, "broken")]);
            Ok(Processed { batch: made, origins: Origins::Each(vec![0, 2, 3]) })
        }

        async fn values(&mut self, _: Batch) -> Result<Batch, String> {
            Err("nobody asks".to_owned())
        }
    }

    #[tokio::test]
    async fn a_mapping_names_labels_and_drops() {
        let mut names = MetricNames { mapping: Box::new(Scripted) };
        let labels = vec![("path".to_owned(), "p".to_owned())];
        let series = ["one", "two", "three", "four"].map(|name| (name.to_owned(), labels.clone()));
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let expected = [
            Some(("new".to_owned(), vec![pair("a", "2"), pair("z", "1")])),
            None,
            Some(("three".to_owned(), Vec::new())),
            Some(("four".to_owned(), Vec::new())),
        ];
        assert_eq!(names.of(&series).await, expected);
    }
}
