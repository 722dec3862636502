use std::collections::BTreeMap;

use async_trait::async_trait;
use forebay_pipeline_config::spec::{ComponentSpec, FieldKind};
use forebay_pipeline_message::{Batch, Value};
use forebay_plugins_api::OpenError;

use super::opening::Opening;
use super::{Destination, Own, Refusal, output_field, spec};
use crate::structure::problem;

pub(super) const OWN: Own =
    Own { name: "fallback", spec: specification, open: |opening| Box::pin(open(opening)) };

/// The metadata of a message that another output has refused: why.
const REASON: &str = "fallback_error";

fn specification() -> ComponentSpec {
    let summary = "Hands messages to the first output, and those that it refuses to the next one, and so on. Why the \
                   one before has refused a message is in its metadata, under `fallback_error`.";
    spec(OWN.name, summary, output_field("").of_kind(FieldKind::Array))
}

struct Fallback {
    first: Box<dyn Destination>,
    others: Vec<Box<dyn Destination>>,
}

async fn open(mut opening: Opening<'_>) -> Result<Box<dyn Destination>, OpenError> {
    let mut outputs = opening.outputs("").await?.into_iter();
    let first = outputs.next().ok_or_else(|| problem("", "missing outputs"))?;
    Ok(Box::new(Fallback { first, others: outputs.collect() }))
}

#[async_trait]
impl Destination for Fallback {
    async fn deliver(&self, batch: Batch) -> Result<(), Refusal> {
        let Err(mut refusal) = self.first.deliver(batch.clone()).await else { return Ok(()) };
        for output in &self.others {
            if refusal.declined {
                break;
            }
            let (refused, rest) = with_reasons(&batch, &refusal);
            match output.deliver(rest).await {
                Ok(()) => return Ok(()),
                Err(again) => refusal = again.in_whole(&refused),
            }
        }
        Err(refusal)
    }
}

/// The messages of a batch that were refused, each with why in its metadata, and their indexes.
pub(super) fn with_reasons(batch: &Batch, refusal: &Refusal) -> (Vec<u32>, Batch) {
    let reasons = refusal.by_message(batch.len());
    let refused: Vec<u32> = reasons.keys().copied().collect();
    let mut of_reason: BTreeMap<&str, Vec<u32>> = BTreeMap::new();
    for (index, reason) in &reasons {
        of_reason.entry(reason).or_default().push(*index);
    }
    let (mut parts, mut order) = (Vec::new(), Vec::new());
    for (reason, indexes) in of_reason {
        let part = batch.select(&indexes).expect("a refusal is of this batch");
        parts.push(part.with_metadata(&[(REASON.to_owned(), Value::Text(reason))]));
        order.extend(indexes);
    }
    let all = Batch::concatenate(&parts).expect("no more messages than before");
    let mut places: Vec<u32> = (0..).take(order.len()).collect();
    places.sort_by_key(|place| order[*place as usize]);
    (refused, all.select(&places).expect("an order of the same messages"))
}
