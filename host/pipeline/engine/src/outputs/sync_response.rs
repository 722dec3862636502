use async_trait::async_trait;
use forebay_pipeline_config::spec::{ComponentSpec, FieldSpec, FieldType};
use forebay_pipeline_message::{Batch, RespondError};
use forebay_plugins_api::OpenError;
use serde_json::json;

use super::observed::observed;
use super::opening::Opening;
use super::{Destination, Own, Refusal, spec};

pub(super) const OWN: Own =
    Own { name: "sync_response", spec: specification, open: |opening| Box::pin(open(opening)) };

fn specification() -> ComponentSpec {
    let nothing = FieldSpec::new("", FieldType::Object).with_default(json!({}));
    let summary = "Sends messages back as the response to the request that they came with, such as one to the input \
                   `http_server`. Messages of inputs that take no responses are dropped.";
    spec(OWN.name, summary, nothing)
}

struct SyncResponse;

async fn open(opening: Opening<'_>) -> Result<Box<dyn Destination>, OpenError> {
    Ok(observed(&opening, SyncResponse))
}

#[async_trait]
impl Destination for SyncResponse {
    async fn deliver(&self, batch: Batch) -> Result<(), Refusal> {
        match batch.respond() {
            Ok(()) | Err(RespondError::NobodyWaits) => Ok(()),
            Err(error @ RespondError::TooMuch) => Err(Refusal::of_all(error.to_string())),
        }
    }
}
