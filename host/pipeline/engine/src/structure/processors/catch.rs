use async_trait::async_trait;
use forebay_pipeline_config::spec::ComponentSpec;
use forebay_pipeline_message::{Batch, Processed};
use forebay_plugins_api::{LostInstance, OpenError, Processor};

use super::{Own, Structure, boxed, only_processors, spec};
use crate::structure::opening::Opening;
use crate::structure::order::in_order;
use crate::structure::row::{Row, by_error, chosen, of_part};

pub(super) const OWN: Own =
    Own { name: "catch", spec: specification, open: |opening| Box::pin(open(opening)) };

fn specification() -> ComponentSpec {
    let summary = "Applies processors to each message that has failed, by itself. No message that leaves it counts as failed.";
    spec(OWN.name, summary, only_processors())
}

struct Catch(Row);

async fn open(opening: Opening<'_>) -> Result<Box<dyn Processor>, OpenError> {
    Ok(boxed(Catch(opening.row("").await?)))
}

#[async_trait]
impl Structure for Catch {
    async fn run(&mut self, batch: Batch) -> Result<Vec<Processed>, LostInstance> {
        let (fit, failed) = by_error(&batch);
        if failed.is_empty() {
            return Ok(vec![chosen(&batch, &fit)]);
        }
        let mut parts = vec![chosen(&batch, &fit)];
        let caught = chosen(&batch, &failed);
        let results = self.0.run(caught.batch.with_independent(true)).await?;
        parts.extend(results.into_iter().map(|result| of_part(&caught.origins, result)));
        let Processed { batch, origins } = in_order(parts, &batch);
        Ok(vec![Processed { batch: batch.with_errors([]), origins }])
    }

    async fn close(&mut self) {
        self.0.close().await;
    }
}
