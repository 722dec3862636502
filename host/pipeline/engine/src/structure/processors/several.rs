use async_trait::async_trait;
use forebay_pipeline_config::spec::ComponentSpec;
use forebay_pipeline_message::{Batch, Processed};
use forebay_plugins_api::{LostInstance, OpenError, Processor};

use super::{Own, Structure, boxed, only_processors, spec};
use crate::structure::opening::Opening;
use crate::structure::row::Row;

pub(super) const OWN: Own =
    Own { name: "processors", spec: specification, open: |opening| Box::pin(open(opening)) };

fn specification() -> ComponentSpec {
    let summary = "Several processors as one.";
    spec(OWN.name, summary, only_processors())
}

struct Processors(Row);

async fn open(opening: Opening<'_>) -> Result<Box<dyn Processor>, OpenError> {
    Ok(boxed(Processors(opening.row("").await?)))
}

#[async_trait]
impl Structure for Processors {
    async fn run(&mut self, batch: Batch) -> Result<Vec<Processed>, LostInstance> {
        self.0.run(batch).await
    }

    async fn close(&mut self) {
        self.0.close().await;
    }
}
