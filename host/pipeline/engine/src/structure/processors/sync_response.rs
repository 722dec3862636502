use async_trait::async_trait;
use forebay_pipeline_config::spec::{ComponentSpec, FieldSpec, FieldType};
use forebay_pipeline_message::{Batch, Origins, Processed};
use forebay_plugins_api::{LostInstance, OpenError, Processor};
use serde_json::json;

use super::{Own, Structure, boxed, spec};
use crate::structure::opening::Opening;

pub(super) const OWN: Own =
    Own { name: "sync_response", spec: specification, open: |opening| Box::pin(open(opening)) };

fn specification() -> ComponentSpec {
    let summary = "Makes the messages, as they are now, the response to the request that they came with, which is sent \
                   when they are delivered. Nothing happens where nobody waits for a response.";
    spec(OWN.name, summary, FieldSpec::new("", FieldType::Object).with_default(json!({})))
}

struct SyncResponse {
    path: String,
}

async fn open(opening: Opening<'_>) -> Result<Box<dyn Processor>, OpenError> {
    Ok(boxed(SyncResponse { path: opening.setup.path.clone() }))
}

#[async_trait]
impl Structure for SyncResponse {
    async fn run(&mut self, batch: Batch) -> Result<Vec<Processed>, LostInstance> {
        if let Err(reason) = batch.respond() {
            tracing::debug!(path = self.path, %reason, "the messages are no response");
        }
        Ok(vec![Processed { batch, origins: Origins::Same }])
    }
}
