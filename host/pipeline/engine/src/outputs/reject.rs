use async_trait::async_trait;
use forebay_pipeline_config::spec::{ComponentSpec, FieldSpec, FieldType};
use forebay_pipeline_message::Batch;
use forebay_plugins_api::OpenError;
use tokio::sync::Mutex;

use super::observed::observed;
use super::opening::Opening;
use super::{Destination, Own, Refusal, spec};
use crate::structure::problem;
use crate::structure::text::Text;

pub(super) const OWN: Own =
    Own { name: "reject", spec: specification, open: |opening| Box::pin(open(opening)) };

fn specification() -> ComponentSpec {
    let text = FieldSpec::new("", FieldType::String)
        .interpolated()
        .with_default("")
        .with_docs("Why, evaluated for the first message of a batch.");
    spec(OWN.name, "Rejects all messages, with a reason.", text)
}

struct Reject(Mutex<Text>);

async fn open(opening: Opening<'_>) -> Result<Box<dyn Destination>, OpenError> {
    if opening.structure.setup.config.as_str().is_none_or(str::is_empty) {
        let reason = "an error message must be provided in order to provide context for the rejection";
        return Err(problem("", reason));
    }
    let reject = Reject(Mutex::new(Text::open(&opening.structure, "").await?));
    Ok(observed(&opening, reject))
}

#[async_trait]
impl Destination for Reject {
    async fn deliver(&self, batch: Batch) -> Result<(), Refusal> {
        let mut text = self.0.lock().await;
        Err(match text.of(&batch).await {
            Err(lost) => Refusal::of_all(lost.to_string()),
            Ok(reasons) => match reasons.get(0) {
                Ok(reason) => Refusal::of_all(String::from_utf8_lossy(reason)),
                Err(error) => Refusal::of_all(format!("reject message interpolation error: {error}")),
            },
        })
    }
}
