use async_trait::async_trait;
use forebay_pipeline_config::spec::{ComponentSpec, FieldKind, FieldSpec, FieldType};
use forebay_pipeline_message::{Batch, Processed};
use forebay_plugins_api::{LostInstance, OpenError, Processor};
use serde::Deserialize;
use serde_json::json;

use super::{Own, Structure, boxed, spec};
use crate::structure::opening::Opening;
use crate::structure::row::chosen;

pub(super) const OWN: Own =
    Own { name: "select_parts", spec: specification, open: |opening| Box::pin(open(opening)) };

fn specification() -> ComponentSpec {
    let parts =
        FieldSpec::new("parts", FieldType::Int).of_kind(FieldKind::Array).with_default(json!([])).with_docs(
            "The indexes of the messages; negative ones count from the end, where the last message is -1.",
        );
    let summary = "Makes a batch of the messages of another one that have certain indexes, in the order of those. \
                   Indexes that the batch does not have are passed over, and without any the batch is dropped.";
    spec(OWN.name, summary, FieldSpec::new("", FieldType::Object).with_fields(vec![parts]))
}

#[derive(Deserialize)]
struct SelectParts {
    parts: Vec<i64>,
}

async fn open(opening: Opening<'_>) -> Result<Box<dyn Processor>, OpenError> {
    Ok(boxed(opening.settings::<SelectParts>()?))
}

#[async_trait]
impl Structure for SelectParts {
    async fn run(&mut self, batch: Batch) -> Result<Vec<Processed>, LostInstance> {
        if !batch.independent() {
            return Ok(vec![chosen(&batch, &self.of(batch.len()))]);
        }
        let messages = (0..).take(batch.len());
        Ok(match self.of(1).len() {
            0 => Vec::new(),
            1 => vec![chosen(&batch, &messages.collect::<Vec<u32>>())],
            copies => messages.map(|index| copied(&batch, index, copies)).collect(),
        })
    }
}

impl SelectParts {
    /// The indexes that a batch of so many messages has.
    fn of(&self, messages: usize) -> Vec<u32> {
        let length = i64::try_from(messages).unwrap_or(i64::MAX);
        let from_start = self.parts.iter().map(|index| if *index < 0 { length + index } else { *index });
        from_start.filter(|index| *index < length).filter_map(|index| u32::try_from(index).ok()).collect()
    }
}

/// A batch of copies of one message.
fn copied(batch: &Batch, index: u32, copies: usize) -> Processed {
    let Processed { batch, origins } = chosen(batch, &vec![index; copies]);
    Processed { batch: batch.with_independent(false), origins }
}
