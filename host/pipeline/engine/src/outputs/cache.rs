use std::collections::BTreeMap;

use async_trait::async_trait;
use forebay_pipeline_config::spec::{ComponentSpec, Example, FieldSpec, FieldType};
use forebay_pipeline_message::{Batch, Failure};
use forebay_plugins_api::{LostInstance, OpenError};
use serde::Deserialize;
use tokio::sync::Mutex;

use super::opening::Opening;
use super::{Destination, Own, Refusal, spec};
use crate::structure::duration::read_duration;
use crate::structure::store::{Store, missing};
use crate::structure::text::{Text, Texts};

pub(super) const OWN: Own =
    Own { name: "cache", spec: specification, open: |opening| Box::pin(open(opening)) };

fn specification() -> ComponentSpec {
    let text = |name: &str| FieldSpec::new(name, FieldType::String);
    let fields = vec![
        text("target").label_of("cache").with_docs("The label of the cache."),
        text("key")
            .interpolated()
            .with_default("${!count(\"items\")}-${!timestamp_unix_nano()}")
            .with_docs("The key of each message. Of messages with the same key the last one is kept."),
        text("ttl").interpolated().optional().advanced().with_docs(
            "How long the cache keeps a message, such as `60s`. Without it, or where it is empty, the cache decides.",
        ),
        FieldSpec::new("max_in_flight", FieldType::Int)
            .with_default(64)
            .with_docs("How many batches are written at the same time at most."),
    ];
    let example = Example {
        title: "The newest record of each user".to_owned(),
        summary: String::new(),
        config: "cache:\n  target: users\n  key: ${! this.user.id }\n".to_owned(),
    };
    let description = "The messages of a batch are stored one after the other. One that can't be stored is refused by \
                       itself, the others are delivered.";
    let summary = "Stores the content of each message in a cache.";
    let config = FieldSpec::new("", FieldType::Object).with_fields(fields);
    ComponentSpec {
        description: description.to_owned(),
        examples: vec![example],
        ..spec(OWN.name, summary, config)
    }
}

#[derive(Deserialize)]
struct Settings {
    target: String,
}

/// A cache as an output.
pub(super) struct Cache {
    store: Store,
    /// The key of a message, and how long it is kept.
    texts: Mutex<(Text, Text)>,
}

async fn open(opening: Opening<'_>) -> Result<Box<dyn Destination>, OpenError> {
    let opening = opening.structure;
    let Settings { target } = opening.settings()?;
    let store = Store::open(&opening, "/target", &target, missing)?;
    let texts = (Text::open(&opening, "/key").await?, Text::open(&opening, "/ttl").await?);
    Ok(Box::new(Cache { store, texts: Mutex::new(texts) }))
}

/// The text of each message of a batch.
fn each(texts: &Texts<'_>, messages: usize, field: &str) -> Vec<Result<Vec<u8>, String>> {
    let text = |index| {
        let text = texts.get(index).map_err(|error| format!("{field} interpolation error: {error}"));
        text.map(<[u8]>::to_vec)
    };
    (0..messages).map(text).collect()
}

impl Cache {
    /// Where and for how long each message of a batch is kept, or why it isn't.
    async fn places(&self, batch: &Batch) -> Result<Vec<Place>, LostInstance> {
        let mut texts = self.texts.lock().await;
        let (key, ttl) = &mut *texts;
        let keys = each(&key.of(batch).await?, batch.len(), "key");
        let ttls = each(&ttl.of(batch).await?, batch.len(), "ttl");
        let place = |(key, ttl): (Result<Vec<u8>, String>, Result<Vec<u8>, String>)| {
            let ttl = ttl?;
            let after = match &*ttl {
                b"" => None,
                ttl => {
                    let after = read_duration(&String::from_utf8_lossy(ttl));
                    Some(after.map_err(|error| format!("ttl field: {error}"))?)
                }
            };
            Ok((key?, after))
        };
        Ok(keys.into_iter().zip(ttls).map(place).collect())
    }
}

type Place = Result<(Vec<u8>, Option<std::time::Duration>), String>;

#[async_trait]
impl Destination for Cache {
    async fn deliver(&self, batch: Batch) -> Result<(), Refusal> {
        let places = self.places(&batch).await.map_err(|lost| Refusal::of_all(lost.to_string()))?;
        let mut refused: BTreeMap<String, Vec<u32>> = BTreeMap::new();
        for ((index, message), place) in (0..).zip(batch.iter()).zip(places) {
            let content = message.payload().unwrap_or_default().to_vec();
            let stored = match place {
                Ok((key, after)) => self.store.set(&key, content, after).await,
                Err(error) => Err(error),
            };
            if let Err(error) = stored {
                refused.entry(error).or_default().push(index);
            }
        }
        if refused.is_empty() {
            return Ok(());
        }
        let failure = |(reason, messages)| Failure { reason, messages: Some(messages) };
        Err(Refusal { failures: refused.into_iter().map(failure).collect(), apart: false, declined: false })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;
    use std::sync::Arc;
    use std::time::Duration;

    use forebay_plugins_api::{Caches, SharedCache};

    use super::*;
    use crate::outputs::tests::batch;

    /// Takes every key that is not in it yet.
    #[derive(Default)]
    struct Map(std::sync::Mutex<HashMap<String, Vec<u8>>>);

    #[async_trait]
    impl SharedCache for Map {
        async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, String> {
            Ok(self.0.lock().unwrap().get(key).cloned())
        }

        async fn set(&self, key: &str, value: Vec<u8>, _: Option<Duration>) -> Result<(), String> {
            match self.0.lock().unwrap().insert(key.to_owned(), value) {
                None => Ok(()),
                Some(_) => Err("it is full".to_owned()),
            }
        }

        async fn add(&self, _: &str, _: Vec<u8>, _: Option<Duration>) -> Result<bool, String> {
            Err("not asked for".to_owned())
        }

        async fn delete(&self, _: &str) -> Result<(), String> {
            Err("not asked for".to_owned())
        }
    }

    fn cache(map: &Arc<Map>, key: &str, ttl: &str) -> Cache {
        let caches = Caches::new([("c".parse().unwrap(), Arc::clone(map) as Arc<dyn SharedCache>)]);
        let fixed = |text: &str| Text::Fixed(text.to_owned());
        Cache { store: Store::new(caches, "c"), texts: Mutex::new((fixed(key), fixed(ttl))) }
    }

    #[tokio::test]
    async fn only_messages_that_were_not_stored_are_refused() {
        let map = Arc::new(Map::default());
        let refusal = cache(&map, "k", "").deliver(batch(&["a", "b", "c"])).await.unwrap_err();
        let failure = Failure { reason: "it is full".to_owned(), messages: Some(vec![1, 2]) };
        assert_eq!(refusal, Refusal { failures: vec![failure], apart: false, declined: false });
        assert_eq!(map.0.lock().unwrap()["k"], b"c");
    }

    #[tokio::test]
    async fn a_time_that_is_none_is_why_nothing_is_stored() {
        let map = Arc::new(Map::default());
        let refusal = cache(&map, "k", "soon").deliver(batch(&["a"])).await.unwrap_err();
        assert_eq!(refusal.reason(), "ttl field: time: invalid duration \"soon\"");
        assert!(map.0.lock().unwrap().is_empty());
        assert_eq!(cache(&map, "k", "1m").deliver(batch(&["a"])).await, Ok(()));
    }
}
