use std::collections::BTreeMap;

use async_trait::async_trait;
use forebay_pipeline_config::spec::{ComponentSpec, Example, FieldSpec, FieldType};
use forebay_pipeline_message::{Batch, Processed};
use forebay_plugins_api::{LostInstance, OpenError, Processor};
use serde::Deserialize;

use super::{Own, Structure, boxed, spec};
use crate::structure::changes::flag;
use crate::structure::opening::{Opening, problem};
use crate::structure::row::chosen;
use crate::structure::store::{Store, missing};
use crate::structure::text::Text;

pub(super) const OWN: Own =
    Own { name: "dedupe", spec: specification, open: |opening| Box::pin(open(opening)) };

fn specification() -> ComponentSpec {
    let text = |name: &str| FieldSpec::new(name, FieldType::String);
    let fields = vec![
        text("cache").label_of("cache").with_docs("The label of the cache that remembers keys."),
        text("key").interpolated().with_docs(
            "What makes a message the same as another one. A message that this gives no text for is dropped.",
        ),
        FieldSpec::new("drop_on_err", FieldType::Bool).with_default(true).with_docs(
            "Whether a message is dropped when the cache can't say. Otherwise it passes, flagged with the error.",
        ),
        text("strategy").with_options(&["FIFO", "LIFO"]).with_default("FIFO").advanced().with_docs(
            "Which message of a batch is kept of several with the same key: the first (`FIFO`) or the last (`LIFO`). \
             Messages of earlier batches come before both.",
        ),
    ];
    let example = Example {
        title: "Every key once in an hour".to_owned(),
        summary: "The cache decides how long a key is remembered.".to_owned(),
        config: "dedupe:\n  cache: seen\n  key: ${! meta(\"kafka_key\") }\n".to_owned(),
    };
    let description = "A message whose key is in the cache is dropped; the key of any other one is added to it. A \
                       message counts as seen from then on, also when it is not delivered in the end: where the cache \
                       outlives the pipeline, such a message is dropped when it is read again.";
    let summary = "Drops messages that came before.";
    let config = FieldSpec::new("", FieldType::Object).with_fields(fields);
    ComponentSpec {
        description: description.to_owned(),
        examples: vec![example],
        ..spec(OWN.name, summary, config)
    }
}

#[derive(Deserialize)]
struct Settings {
    cache: String,
    key: String,
    drop_on_err: bool,
    strategy: String,
}

struct Dedupe {
    path: String,
    store: Store,
    key: Text,
    drops_on_error: bool,
    keeps_last: bool,
}

async fn open(opening: Opening<'_>) -> Result<Box<dyn Processor>, OpenError> {
    let Settings { cache, key, drop_on_err, strategy } = opening.settings()?;
    if key.is_empty() {
        return Err(problem("/key", "dedupe key must not be empty"));
    }
    Ok(boxed(Dedupe {
        path: opening.setup.path.clone(),
        store: Store::open(&opening, "/cache", &cache, missing)?,
        key: Text::open(&opening, "/key").await?,
        drops_on_error: drop_on_err,
        // As in Bento, whatever is not the one is the other.
        keeps_last: strategy != "FIFO",
    }))
}

#[async_trait]
impl Structure for Dedupe {
    async fn run(&mut self, batch: Batch) -> Result<Vec<Processed>, LostInstance> {
        let Self { path, store, key, drops_on_error, keeps_last } = self;
        let keys = key.of(&batch).await?;
        let mut order: Vec<u32> = (0..).take(batch.len()).collect();
        // Of messages that stand for themselves each is the first and the last of its batch.
        if *keeps_last && !batch.independent() {
            order.reverse();
        }
        let mut kept = Vec::with_capacity(order.len());
        let mut errors = BTreeMap::new();
        let mut dropped = Dropped::default();
        for index in order {
            let key = match keys.get(index as usize) {
                Ok(key) => key,
                Err(error) => {
                    dropped.note(format!("key interpolation error: {error}"));
                    continue;
                }
            };
            match store.add(key, b"t".to_vec(), None).await {
                Ok(true) => kept.push(index),
                Ok(false) => {}
                Err(error) if *drops_on_error => dropped.note(error),
                Err(error) => {
                    errors.insert(index as usize, error);
                    kept.push(index);
                }
            }
        }
        dropped.tell(path);
        kept.sort_unstable();
        Ok(vec![chosen(&flag(&batch, &errors), &kept)])
    }
}

/// Messages of a batch that were dropped for want of an answer.
#[derive(Default)]
struct Dropped {
    count: usize,
    first: String,
}

impl Dropped {
    fn note(&mut self, error: String) {
        if self.count == 0 {
            self.first = error;
        }
        self.count += 1;
    }

    fn tell(&self, path: &str) {
        if self.count > 0 {
            let Self { count, first } = self;
            tracing::error!(path, count, error = first, "messages that can't be compared are dropped");
        }
    }
}

#[cfg(test)]
mod tests;
