use async_trait::async_trait;
use forebay_pipeline_config::spec::ComponentSpec;
use forebay_pipeline_message::{Batch, Processed};
use forebay_plugins_api::{LostInstance, OpenError, Processor};

use super::{Own, Structure, boxed, only_processors, spec};
use crate::structure::opening::Opening;
use crate::structure::row::Row;

pub(super) const OWN: Own = Own { name: "try", spec: specification, open: |opening| Box::pin(open(opening)) };

fn specification() -> ComponentSpec {
    let summary = "Applies processors to each message by itself, until one of them fails for it. A message that has failed before passes by.";
    spec(OWN.name, summary, only_processors())
}

struct Try(Row);

async fn open(opening: Opening<'_>) -> Result<Box<dyn Processor>, OpenError> {
    Ok(boxed(Try(opening.row("").await?)))
}

#[async_trait]
impl Structure for Try {
    async fn run(&mut self, batch: Batch) -> Result<Vec<Processed>, LostInstance> {
        Ok(vec![self.0.try_each(&batch).await?])
    }

    async fn close(&mut self) {
        self.0.close().await;
    }
}
