mod form;

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use forebay_metrics::Counter;
use forebay_pipeline_config::spec::{ComponentSpec, Example, FieldSpec, FieldType};
use forebay_pipeline_message::{Batch, Origins, Processed};
use forebay_plugins_api::{LostInstance, OpenError, Processor};
use serde::Deserialize;

use super::{Own, Structure, boxed, processor_list, spec};
use crate::structure::changes::{flag, with_payloads};
use crate::structure::check::Check;
use crate::structure::duration::read_duration;
use crate::structure::opening::Opening;
use crate::structure::order::in_order;
use crate::structure::row::{Row, chosen, of_part};
use crate::structure::store::Store;
use crate::structure::text::{Text, Texts};

pub(super) const OWN: Own =
    Own { name: "cached", spec: specification, open: |opening| Box::pin(open(opening)) };

fn specification() -> ComponentSpec {
    let text = |name: &str| FieldSpec::new(name, FieldType::String);
    let fields = vec![
        text("cache").label_of("cache").with_docs("The label of the cache that results are kept in."),
        text("skip_on").in_language("bloblang").optional().with_docs(
            "Results that are not kept: the processors are applied again for the next message with the key. It is \
             asked of the first message of each resulting batch; where it gives no answer, nothing is kept.",
        ),
        text("key").interpolated().with_docs("What messages with the same result have in common."),
        text("ttl")
            .interpolated()
            .optional()
            .with_docs("How long a result is kept. Without it the cache decides."),
        processor_list("processors").with_docs("What makes the result."),
    ];
    let example = Example {
        title: "Ask once in ten minutes".to_owned(),
        summary: "What costs much is done for the first message with a country only.".to_owned(),
        config: "cached:\n  cache: rates\n  key: ${! this.country }\n  ttl: 10m\n  processors:\n    - resource: ask\n"
            .to_owned(),
    };
    let description = "Kept are the contents of all messages that come of one, none included. Metadata and errors are \
                       not: messages that a kept result makes have those of the message that asked for it. Every \
                       message is a batch of its own to the processors. No other program should write what this one \
                       reads: the form is its own.";
    let summary =
        "Applies processors to a message, unless the result for another one with the same key is in a cache.";
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
    #[serde(default)]
    ttl: Option<String>,
}

struct Cached {
    key: Text,
    ttl: Option<Text>,
    maker: Maker,
    errors: Counter,
}

/// What gives the result for a message.
struct Maker {
    path: String,
    store: Store,
    skip_on: Option<Check>,
    row: Row,
}

/// A message's result.
enum Made {
    /// From the cache.
    Kept(Vec<Option<Vec<u8>>>),
    /// By the processors, of a batch of this message.
    New(Vec<Processed>),
    Failed(String),
}

async fn open(opening: Opening<'_>) -> Result<Box<dyn Processor>, OpenError> {
    let Settings { cache, ttl } = opening.settings()?;
    let missing = |label: &str| format!("cache named {label} not found");
    let store = Store::open(&opening, "/cache", &cache, missing)?;
    let key = Text::open(&opening, "/key").await?;
    let ttl = match ttl {
        Some(_) => Some(Text::open(&opening, "/ttl").await?),
        None => None,
    };
    let skip_on = opening.check("/skip_on").await?;
    let row = opening.row("/processors").await?;
    let maker = Maker { path: opening.setup.path.clone(), store, skip_on, row };
    Ok(boxed(Cached { key, ttl, maker, errors: opening.own_errors() }))
}

#[async_trait]
impl Structure for Cached {
    async fn run(&mut self, batch: Batch) -> Result<Vec<Processed>, LostInstance> {
        let Self { key, ttl, maker, errors: own_errors } = self;
        // No message sees another one.
        let apart = batch.with_independent(true);
        let keys = key.of(&apart).await?;
        let ttls = match ttl {
            Some(ttl) => Some(ttl.of(&apart).await?),
            None => None,
        };
        let (mut parts, mut kept, mut payloads) = (Vec::new(), Vec::new(), Vec::new());
        let mut failed = Vec::new();
        // One after the other: a message may find what one before it has left.
        for index in (0..).take(batch.len()) {
            let made = match wanted(index as usize, &keys, ttls.as_ref()) {
                Ok((key, after)) => maker.make(key, after, || alone(&batch, index)).await?,
                Err(error) => Made::Failed(error),
            };
            match made {
                Made::Kept(contents) => {
                    kept.extend(contents.iter().map(|_| index));
                    payloads.extend(contents);
                }
                Made::New(results) => {
                    let origins = Origins::Each(vec![index]);
                    parts.extend(results.into_iter().map(|result| of_part(&origins, result)));
                }
                Made::Failed(error) => failed.push((index, error)),
            }
        }
        if !kept.is_empty() {
            let origins = Origins::Each(kept);
            parts.push(Processed { batch: with_payloads(&batch, &origins, payloads), origins });
        }
        if !failed.is_empty() {
            own_errors.inc_by(failed.len() as u64);
            let indexes: Vec<u32> = failed.iter().map(|(index, _)| *index).collect();
            let Processed { batch: unchanged, origins } = chosen(&batch, &indexes);
            let errors: BTreeMap<usize, String> =
                failed.into_iter().map(|(_, error)| error).enumerate().collect();
            parts.push(Processed { batch: flag(&unchanged, &errors), origins });
        }
        Ok(vec![in_order(parts, &batch)])
    }

    async fn close(&mut self) {
        self.maker.row.close().await;
    }
}

/// One message as a batch of its own.
fn alone(batch: &Batch, index: u32) -> Batch {
    chosen(batch, &[index]).batch.with_independent(false)
}

/// The key of a message, and how long its result is kept.
fn wanted<'t>(
    index: usize,
    keys: &'t Texts<'_>,
    ttls: Option<&'t Texts<'_>>,
) -> Result<(&'t [u8], Option<Duration>), String> {
    let key = keys.get(index).map_err(|error| format!("failed to interpolate key expression: {error}"))?;
    let Some(ttls) = ttls else { return Ok((key, None)) };
    let ttl = ttls.get(index).map_err(|error| format!("failed to interpolate ttl expression: {error}"))?;
    let after = read_duration(&String::from_utf8_lossy(ttl));
    Ok((key, Some(after.map_err(|error| format!("failed to parse ttl expression: {error}"))?)))
}

impl Maker {
    async fn make(
        &mut self,
        key: &[u8],
        after: Option<Duration>,
        message: impl FnOnce() -> Batch,
    ) -> Result<Made, LostInstance> {
        match self.store.get(key).await {
            Ok(Some(kept)) => {
                return Ok(form::read(&kept).map_or_else(
                    |error| {
                        Made::Failed(format!(
                            "failed to parse cached result, this indicates the data was not set by this processor: {error}"
                        ))
                    },
                    Made::Kept,
                ));
            }
            Ok(None) => {}
            Err(error) => return Ok(Made::Failed(error)),
        }
        let results = self.row.run(message()).await?;
        if self.are_to_keep(&results).await? {
            let payloads = results.iter().flat_map(|result| result.batch.iter()).map(|made| made.payload());
            let stored = match form::write(payloads) {
                Ok(value) => self.store.set(key, value, after).await,
                Err(error) => Err(error),
            };
            if let Err(error) = stored {
                tracing::error!(path = self.path, error, "a result can't be kept");
            }
        }
        Ok(Made::New(results))
    }

    async fn are_to_keep(&mut self, results: &[Processed]) -> Result<bool, LostInstance> {
        let Some(check) = &mut self.skip_on else { return Ok(true) };
        let mut keep = true;
        for Processed { batch, .. } in results {
            match check.of(batch).await?.first() {
                Some(Ok(skip)) => keep &= !skip,
                Some(Err(error)) => {
                    tracing::error!(
                        path = self.path,
                        error,
                        "failed to test skip_on, the result is not kept"
                    );
                    keep = false;
                }
                None => {}
            }
        }
        Ok(keep)
    }
}

#[cfg(test)]
mod tests;
