use async_trait::async_trait;
use forebay_pipeline_config::spec::{ComponentSpec, FieldSpec, FieldType};
use forebay_pipeline_message::{Batch, Origins, Processed};
use forebay_plugins_api::{LostInstance, OpenError, Processor};
use serde::Deserialize;

use super::{Own, Structure, boxed, spec};
use crate::structure::opening::Opening;
use crate::structure::row::chosen;

pub(super) const OWN: Own =
    Own { name: "bounds_check", spec: specification, open: |opening| Box::pin(open(opening)) };

fn specification() -> ComponentSpec {
    let bound =
        |name, default: i64, docs| FieldSpec::new(name, FieldType::Int).with_default(default).with_docs(docs);
    let fields = vec![
        bound("max_part_size", 1 << 30, "The most bytes that a message may have."),
        bound("min_part_size", 1, "The fewest bytes that a message may have."),
        bound("max_parts", 100, "The most messages that a batch may have.").advanced(),
        bound("min_parts", 1, "The fewest messages that a batch may have.").advanced(),
    ];
    let summary =
        "Drops batches that have too few or too many messages, or one that is too small or too large.";
    spec(OWN.name, summary, FieldSpec::new("", FieldType::Object).with_fields(fields))
}

#[derive(Deserialize)]
struct BoundsCheck {
    max_part_size: i64,
    min_part_size: i64,
    max_parts: i64,
    min_parts: i64,
}

async fn open(opening: Opening<'_>) -> Result<Box<dyn Processor>, OpenError> {
    Ok(boxed(opening.settings::<BoundsCheck>()?))
}

#[async_trait]
impl Structure for BoundsCheck {
    async fn run(&mut self, batch: Batch) -> Result<Vec<Processed>, LostInstance> {
        let apart = batch.independent();
        if !is_within(if apart { 1 } else { batch.len() }, self.min_parts, self.max_parts) {
            return Ok(Vec::new());
        }
        let mut fit: Vec<u32> = Vec::with_capacity(batch.len());
        let mut index = 0;
        batch.each_payload(|payload| {
            if is_within(payload.len(), self.min_part_size, self.max_part_size) {
                fit.push(index);
            }
            index += 1;
        });
        if fit.len() == batch.len() {
            return Ok(vec![Processed { batch, origins: Origins::Same }]);
        }
        Ok(if apart { vec![chosen(&batch, &fit)] } else { Vec::new() })
    }
}

fn is_within(size: usize, least: i64, most: i64) -> bool {
    i64::try_from(size).is_ok_and(|size| (least..=most).contains(&size))
}
