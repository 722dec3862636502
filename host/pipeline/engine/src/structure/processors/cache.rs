use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use forebay_pipeline_config::spec::{ComponentSpec, Example, FieldSpec, FieldType};
use forebay_pipeline_message::{Batch, Origins, Processed};
use forebay_plugins_api::{LostInstance, OpenError, Processor};
use serde::Deserialize;

use super::{Own, Structure, boxed, spec};
use crate::structure::changes::{flag, with_payloads};
use crate::structure::duration::read_duration;
use crate::structure::opening::{Opening, problem};
use crate::structure::store::{Store, missing};
use crate::structure::text::{Text, Texts};

pub(super) const OWN: Own =
    Own { name: "cache", spec: specification, open: |opening| Box::pin(open(opening)) };

const OPERATORS: [&str; 5] = ["set", "add", "get", "exists", "delete"];

fn specification() -> ComponentSpec {
    let text = |name: &str| FieldSpec::new(name, FieldType::String);
    let fields = vec![
        text("resource").label_of("cache").with_docs("The label of the cache."),
        text("operator").with_options(&OPERATORS).with_docs(
            "What is done: `set` stores the value, `add` does so only for a key that is not there and is an error for \
             others, `get` replaces the content of the message with the value that is stored and is an error where \
             there is none, `exists` replaces it with whether there is one, and `delete` removes the key if it is \
             there.",
        ),
        text("key").interpolated().with_docs("The key, for each message."),
        text("value").interpolated().optional().with_docs("The value that `set` and `add` store."),
        text("ttl")
            .interpolated()
            .optional()
            .advanced()
            .with_docs("How long the value is kept. Without it the cache decides."),
    ];
    let example = Example {
        title: "Add what is known elsewhere".to_owned(),
        summary: String::new(),
        config: "cache:\n  resource: users\n  operator: get\n  key: ${! this.user_id }\n".to_owned(),
    };
    let summary = "Stores values in a cache, or reads them from it, for one message after the other.";
    let config = FieldSpec::new("", FieldType::Object).with_fields(fields);
    ComponentSpec { examples: vec![example], ..spec(OWN.name, summary, config) }
}

#[derive(Deserialize)]
struct Settings {
    resource: String,
    operator: String,
}

#[derive(Clone, Copy)]
enum Operator {
    Set,
    Add,
    Get,
    Exists,
    Delete,
}

struct Cache {
    store: Store,
    operator: Operator,
    key: Text,
    value: Text,
    ttl: Text,
}

async fn open(opening: Opening<'_>) -> Result<Box<dyn Processor>, OpenError> {
    let Settings { resource, operator } = opening.settings()?;
    if resource.is_empty() {
        return Err(problem("/resource", "cache name must be specified"));
    }
    let operator = match operator.as_str() {
        "set" => Operator::Set,
        "add" => Operator::Add,
        "get" => Operator::Get,
        "exists" => Operator::Exists,
        "delete" => Operator::Delete,
        other => return Err(problem("/operator", &format!("operator not recognised: {other}"))),
    };
    Ok(boxed(Cache {
        store: Store::open(&opening, "/resource", &resource, missing)?,
        operator,
        key: Text::open(&opening, "/key").await?,
        value: Text::open(&opening, "/value").await?,
        ttl: Text::open(&opening, "/ttl").await?,
    }))
}

#[async_trait]
impl Structure for Cache {
    async fn run(&mut self, batch: Batch) -> Result<Vec<Processed>, LostInstance> {
        let Self { store, operator, key, value, ttl } = self;
        let keys = key.of(&batch).await?;
        let values = value.of(&batch).await?;
        let ttls = ttl.of(&batch).await?;
        let mut found: BTreeMap<usize, Vec<u8>> = BTreeMap::new();
        let mut errors: BTreeMap<usize, String> = BTreeMap::new();
        for index in 0..batch.len() {
            let wanted = match Wanted::of(index, (&keys, &values, &ttls)) {
                Ok(wanted) => wanted,
                Err(error) => {
                    errors.insert(index, error);
                    continue;
                }
            };
            match operate(store, *operator, &wanted).await {
                Ok(None) => {}
                Ok(Some(value)) => drop(found.insert(index, value)),
                Err(error) => drop(errors.insert(index, error)),
            }
        }
        let batch = flag(&batch, &errors);
        let batch = if found.is_empty() {
            batch
        } else {
            let payloads = batch
                .iter()
                .enumerate()
                .map(|(index, message)| found.get(&index).map(Vec::as_slice).or_else(|| message.payload()));
            with_payloads(&batch, &Origins::Same, payloads)
        };
        Ok(vec![Processed { batch, origins: Origins::Same }])
    }
}

/// What one message asks for.
struct Wanted<'t> {
    key: &'t [u8],
    value: &'t [u8],
    after: Option<Duration>,
}

impl<'t> Wanted<'t> {
    fn of(index: usize, texts: (&'t Texts<'_>, &'t Texts<'_>, &'t Texts<'_>)) -> Result<Self, String> {
        let (keys, values, ttls) = texts;
        let text = |texts: &'t Texts<'_>, field: &str| {
            texts.get(index).map_err(|error| format!("{field} interpolation error: {error}"))
        };
        let key = text(keys, "key")?;
        let value = text(values, "value")?;
        let after = match text(ttls, "ttl")? {
            b"" => None,
            ttl => {
                let after = read_duration(&String::from_utf8_lossy(ttl));
                Some(after.map_err(|error| format!("ttl must be a duration: {error}"))?)
            }
        };
        Ok(Self { key, value, after })
    }
}

/// What replaces the content of the message, if anything does.
async fn operate(store: &Store, operator: Operator, wanted: &Wanted<'_>) -> Result<Option<Vec<u8>>, String> {
    let Wanted { key, value, after } = *wanted;
    let shown = String::from_utf8_lossy(key);
    let result = match operator {
        Operator::Set => store.set(key, value.to_vec(), after).await.map(|()| None),
        Operator::Add => match store.add(key, value.to_vec(), after).await {
            Ok(true) => Ok(None),
            Ok(false) => return Err(format!("key already exists: {shown}")),
            Err(error) => Err(error),
        },
        Operator::Get => match store.get(key).await {
            Ok(Some(value)) => Ok(Some(value)),
            Ok(None) => Err("key does not exist".to_owned()),
            Err(error) => Err(error),
        },
        Operator::Exists => store.get(key).await.map(|value| Some(value.is_some().to_string().into_bytes())),
        Operator::Delete => store.delete(key).await.map(|()| None),
    };
    result.map_err(|error| format!("operator failed for key '{shown}': {error}"))
}

#[cfg(test)]
mod tests;
