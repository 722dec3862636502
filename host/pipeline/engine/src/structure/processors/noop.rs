use async_trait::async_trait;
use forebay_pipeline_config::spec::{ComponentSpec, FieldSpec, FieldType};
use forebay_pipeline_message::{Batch, Origins, Processed};
use forebay_plugins_api::{LostInstance, OpenError, Processor};
use serde_json::json;

use super::{Own, Structure, boxed, spec};
use crate::structure::opening::Opening;

pub(super) const OWN: Own =
    Own { name: "noop", spec: specification, open: |opening| Box::pin(open(opening)) };

fn specification() -> ComponentSpec {
    spec(OWN.name, "Does nothing.", FieldSpec::new("", FieldType::Object).with_default(json!({})))
}

struct Noop;

async fn open(_: Opening<'_>) -> Result<Box<dyn Processor>, OpenError> {
    Ok(boxed(Noop))
}

#[async_trait]
impl Structure for Noop {
    async fn run(&mut self, batch: Batch) -> Result<Vec<Processed>, LostInstance> {
        Ok(vec![Processed { batch, origins: Origins::Same }])
    }
}
