use async_trait::async_trait;
use forebay_pipeline_config::spec::{ComponentSpec, FieldSpec, FieldType};
use forebay_pipeline_message::{Batch, ColumnId, Origins, Processed};
use forebay_plugins_api::{LostInstance, OpenError, Processor};
use serde::Deserialize;

use super::{Own, Structure, boxed, spec};
use crate::structure::opening::Opening;
use crate::structure::text::Text;

pub(super) const OWN: Own =
    Own { name: "insert_part", spec: specification, open: |opening| Box::pin(open(opening)) };

fn specification() -> ComponentSpec {
    let fields = vec![
        FieldSpec::new("index", FieldType::Int).with_default(-1).with_docs(
            "The index that the new message gets, at most as many as there are messages. Negative ones count from \
             the end: with -1 the new message is the last one.",
        ),
        FieldSpec::new("content", FieldType::String)
            .interpolated()
            .with_default("")
            .with_docs("The content of the new message, evaluated for the first message of the batch."),
    ];
    let summary =
        "Inserts a message into a batch, which has the metadata of the first message that was there before.";
    spec(OWN.name, summary, FieldSpec::new("", FieldType::Object).with_fields(fields))
}

#[derive(Deserialize)]
struct Settings {
    index: i64,
}

struct InsertPart {
    path: String,
    index: i64,
    content: Text,
}

async fn open(opening: Opening<'_>) -> Result<Box<dyn Processor>, OpenError> {
    let Settings { index } = opening.settings()?;
    let content = Text::open(&opening, "/content").await?;
    Ok(boxed(InsertPart { path: opening.setup.path.clone(), index, content }))
}

#[async_trait]
impl Structure for InsertPart {
    async fn run(&mut self, batch: Batch) -> Result<Vec<Processed>, LostInstance> {
        let length = u32::try_from(batch.len()).expect("a batch counts its messages so");
        if length == 0 {
            return Ok(Vec::new());
        }
        let Self { path, index, content } = self;
        let contents = content.of(&batch).await?;
        // Each batch by its first message and the one behind its last.
        let ranges = if batch.independent() {
            (0..length).map(|index| (index, index + 1)).collect()
        } else {
            vec![(0, length)]
        };
        let mut results = Vec::with_capacity(ranges.len());
        for (start, end) in ranges {
            let part = batch.slice(start as usize, end as usize).expect("it is in range");
            results.push(match contents.get(start as usize) {
                Ok(content) => with_message(&part.with_independent(false), start, *index, content),
                Err(error) => {
                    tracing::error!(path, error, "failed to evaluate the content of a message to insert");
                    Processed { batch: part, origins: Origins::Each((start..end).collect()) }
                }
            });
        }
        Ok(results)
    }
}

/// A batch, whose first message is the one with index `start` of its source, with another message in it.
fn with_message(batch: &Batch, start: u32, index: i64, content: &[u8]) -> Processed {
    let length = i64::try_from(batch.len()).unwrap_or(i64::MAX);
    let at = if index < 0 { (length + 1).saturating_add(index).max(0) } else { index.min(length) };
    let at = usize::try_from(at).expect("it is between 0 and the length");
    let slice = |from, to| batch.slice(from, to).expect("it is in range");
    let payload = Batch::from_payloads([Some(content)], false).block(ColumnId::PAYLOAD.bit());
    let new = slice(0, 1).derive(payload, &Origins::Same, usize::MAX).expect("one message of another");
    let parts = [slice(0, at), new, slice(at, batch.len())];
    let mut origins: Vec<u32> = (start..).take(batch.len()).collect();
    origins.insert(at, start);
    let batch = Batch::concatenate(&parts).expect("memory ends before 2^32 messages");
    Processed { batch, origins: Origins::Each(origins) }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use crate::structure::scripted::{Script, apply, batch, texts};

    use super::*;

    async fn inserted(
        settings: &str,
        payloads: &[&str],
        independent: bool,
    ) -> Vec<(Vec<String>, Origins, bool)> {
        let script = Arc::new(Script::flagging(|_| false));
        let mut insert = script.open(&format!("{{insert_part: {settings}}}")).await.unwrap();
        let made = apply(insert.as_mut(), batch(payloads, independent)).await;
        made.into_iter().map(|made| (texts(&made.batch), made.origins, made.batch.independent())).collect()
    }

    #[tokio::test]
    async fn the_new_message_comes_of_the_first_one() {
        let made = inserted("{index: 1, content: new}", &["a", "b"], false).await;
        let texts = ["a", "new", "b"].map(str::to_owned).to_vec();
        assert_eq!(made, [(texts, Origins::Each(vec![0, 0, 1]), false)]);
    }

    #[tokio::test]
    async fn messages_that_stand_for_themselves_become_batches() {
        let made = inserted("{content: '${! content() }'}", &["a", "bad"], true).await;
        let two = vec!["a".to_owned(), "a".to_owned()];
        let expected =
            [(two, Origins::Each(vec![0, 0]), false), (vec!["bad".to_owned()], Origins::Each(vec![1]), true)];
        assert_eq!(made, expected);
    }
}
