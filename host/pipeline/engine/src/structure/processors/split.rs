use async_trait::async_trait;
use forebay_pipeline_config::spec::{ComponentSpec, FieldSpec, FieldType};
use forebay_pipeline_message::{Batch, Origins, Processed};
use forebay_plugins_api::{LostInstance, OpenError, Processor};
use serde::Deserialize;

use super::{Own, Structure, boxed, spec};
use crate::structure::opening::Opening;

pub(super) const OWN: Own =
    Own { name: "split", spec: specification, open: |opening| Box::pin(open(opening)) };

fn specification() -> ComponentSpec {
    let fields = vec![
        FieldSpec::new("size", FieldType::Int)
            .with_default(1)
            .with_docs("The most messages that a batch may have; 0 for any number."),
        FieldSpec::new("byte_size", FieldType::Int).with_default(0).with_docs(
            "The most bytes that the messages of a batch may have together, unless it is a single one; 0 for any \
             number.",
        ),
    ];
    let summary = "Breaks a batch into smaller ones.";
    spec(OWN.name, summary, FieldSpec::new("", FieldType::Object).with_fields(fields))
}

#[derive(Deserialize)]
struct Split {
    size: i64,
    byte_size: i64,
}

async fn open(opening: Opening<'_>) -> Result<Box<dyn Processor>, OpenError> {
    Ok(boxed(opening.settings::<Split>()?))
}

#[async_trait]
impl Structure for Split {
    async fn run(&mut self, batch: Batch) -> Result<Vec<Processed>, LostInstance> {
        if batch.independent() {
            return Ok(vec![Processed { batch, origins: Origins::Same }]);
        }
        // Batches of one message each are what messages that stand for themselves are.
        if self.size == 1 {
            let batch = batch.with_independent(true);
            return Ok(vec![Processed { batch, origins: Origins::Same }]);
        }
        let ends = self.ends(&batch);
        if ends.len() <= 1 {
            return Ok(vec![Processed { batch, origins: Origins::Same }]);
        }
        let mut start = 0;
        let pieces = ends.into_iter().map(|end| {
            let piece = batch.slice(start as usize, end as usize).expect("ends rise within the batch");
            let origins = Origins::Each((start..end).collect());
            start = end;
            Processed { batch: piece, origins }
        });
        Ok(pieces.collect())
    }
}

impl Split {
    /// Where each piece ends.
    fn ends(&self, batch: &Batch) -> Vec<u32> {
        let limit = |setting: i64| usize::try_from(setting).ok().filter(|limit| *limit > 0);
        let size = limit(self.size).unwrap_or(usize::MAX);
        let Some(most) = limit(self.byte_size) else {
            return ends_by_size(batch.len(), size);
        };
        let mut ends = Vec::new();
        let (mut index, mut messages, mut bytes) = (0, 0, 0_usize);
        let mut too_large = 0_usize;
        batch.each_payload(|payload| {
            too_large += usize::from(payload.len() > most);
            if messages > 0 && (messages >= size || bytes.saturating_add(payload.len()) > most) {
                ends.push(index);
                (messages, bytes) = (0, 0);
            }
            (index, messages, bytes) = (index + 1, messages + 1, bytes.saturating_add(payload.len()));
        });
        if messages > 0 {
            ends.push(index);
        }
        if too_large > 0 {
            tracing::warn!(limit = most, count = too_large, "messages are larger than a batch may be");
        }
        ends
    }
}

fn ends_by_size(messages: usize, size: usize) -> Vec<u32> {
    let starts = (0..messages).step_by(size);
    starts.filter_map(|start| u32::try_from(messages.min(start.saturating_add(size))).ok()).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use crate::structure::scripted::{Script, apply, batch, texts};

    use super::*;

    async fn pieces(settings: &str, payloads: &[&str]) -> Vec<(String, Origins, bool)> {
        let script = Arc::new(Script::flagging(|_| false));
        let mut split = script.open(&format!("{{split: {settings}}}")).await.unwrap();
        let made = apply(split.as_mut(), batch(payloads, false)).await;
        made.into_iter()
            .map(|made| (texts(&made.batch).join(" "), made.origins, made.batch.independent()))
            .collect()
    }

    #[tokio::test]
    async fn single_messages_stay_in_one_batch_where_they_stand_for_themselves() {
        assert_eq!(pieces("{}", &["a", "b"]).await, [("a b".to_owned(), Origins::Same, true)]);
    }

    #[tokio::test]
    async fn pieces_know_where_they_come_from() {
        let piece = |texts: &str, origins: &[u32]| (texts.to_owned(), Origins::Each(origins.to_vec()), false);
        assert_eq!(pieces("{size: 2}", &["a", "b", "c"]).await, [piece("a b", &[0, 1]), piece("c", &[2])]);
        let bytes = "{size: 0, byte_size: 3}";
        assert_eq!(
            pieces(bytes, &["aa", "b", "cccc", "d"]).await,
            [piece("aa b", &[0, 1]), piece("cccc", &[2]), piece("d", &[3])]
        );
    }
}
