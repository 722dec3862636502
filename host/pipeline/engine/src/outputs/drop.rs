use async_trait::async_trait;
use forebay_pipeline_config::spec::{ComponentSpec, FieldSpec, FieldType};
use forebay_pipeline_message::Batch;
use forebay_plugins_api::OpenError;
use serde_json::json;

use super::observed::observed;
use super::opening::Opening;
use super::{Destination, Own, Refusal, spec};

pub(super) const OWN: Own =
    Own { name: "drop", spec: specification, open: |opening| Box::pin(open(opening)) };

fn specification() -> ComponentSpec {
    let nothing = FieldSpec::new("", FieldType::Object).with_default(json!({}));
    spec(OWN.name, "Takes every message and does nothing with it.", nothing)
}

struct Drop;

async fn open(opening: Opening<'_>) -> Result<Box<dyn Destination>, OpenError> {
    Ok(observed(&opening, Drop))
}

#[async_trait]
impl Destination for Drop {
    async fn deliver(&self, _: Batch) -> Result<(), Refusal> {
        Ok(())
    }
}
