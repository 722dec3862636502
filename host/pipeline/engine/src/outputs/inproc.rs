use async_trait::async_trait;
use forebay_pipeline_config::spec::{ComponentSpec, FieldSpec, FieldType};
use forebay_pipeline_message::Batch;
use forebay_plugins_api::OpenError;
use tokio::sync::Mutex;

use super::leaf::{outcome, told};
use super::opening::Opening;
use super::{Destination, Own, Refusal, spec};
use crate::channel::hand_on;
use crate::inproc::Pipes;

pub(super) const OWN: Own =
    Own { name: "inproc", spec: specification, open: |opening| Box::pin(open(opening)) };

fn specification() -> ComponentSpec {
    let name = FieldSpec::new("", FieldType::String).with_docs("The name of the pipe.");
    let summary = "Hands messages to the inputs `inproc` with the same name. They are delivered when what becomes of \
                   them there is.";
    spec(OWN.name, summary, name)
}

async fn open(opening: Opening<'_>) -> Result<Box<dyn Destination>, OpenError> {
    let name: String = opening.structure.settings()?;
    Ok(Box::new(Inproc { pipes: opening.ground.pipes.clone(), name, turn: Mutex::default() }))
}

struct Inproc {
    pipes: Pipes,
    name: String,
    /// As that of a channel: who comes late waits behind the others.
    turn: Mutex<()>,
}

#[async_trait]
impl Destination for Inproc {
    async fn deliver(&self, batch: Batch) -> Result<(), Refusal> {
        let Some(to) = self.pipes.sender(&self.name) else {
            tracing::error!(pipe = self.name, "nobody reads the pipe any more, messages are given back");
            return Err(Refusal { declined: true, ..Refusal::of_all("nobody reads the pipe any more") });
        };
        let (transaction, told) = told(batch);
        let turn = self.turn.lock().await;
        hand_on(&to, transaction).await;
        drop(turn);
        outcome(told).await
    }
}
