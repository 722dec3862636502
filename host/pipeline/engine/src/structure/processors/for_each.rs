use async_trait::async_trait;
use forebay_pipeline_config::spec::ComponentSpec;
use forebay_pipeline_message::{Batch, Processed};
use forebay_plugins_api::{LostInstance, OpenError, Processor};

use super::{Own, Structure, boxed, only_processors, spec};
use crate::structure::opening::Opening;
use crate::structure::row::Row;

pub(super) const OWN: Own =
    Own { name: "for_each", spec: specification, open: |opening| Box::pin(open(opening)) };

fn specification() -> ComponentSpec {
    let summary = "Applies processors to each message of a batch as though it were a batch of its own.";
    spec(OWN.name, summary, only_processors())
}

struct ForEach(Row);

async fn open(opening: Opening<'_>) -> Result<Box<dyn Processor>, OpenError> {
    Ok(boxed(ForEach(opening.row("").await?)))
}

#[async_trait]
impl Structure for ForEach {
    async fn run(&mut self, batch: Batch) -> Result<Vec<Processed>, LostInstance> {
        Ok(vec![self.0.run_each(&batch).await?])
    }

    async fn close(&mut self) {
        self.0.close().await;
    }
}
