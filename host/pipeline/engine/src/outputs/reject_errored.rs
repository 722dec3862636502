use async_trait::async_trait;
use forebay_pipeline_config::spec::ComponentSpec;
use forebay_pipeline_message::{Batch, Failure};
use forebay_plugins_api::OpenError;

use super::opening::Opening;
use super::{Destination, Own, Refusal, output_field, spec, together};
use crate::structure::row::by_error;

pub(super) const OWN: Own =
    Own { name: "reject_errored", spec: specification, open: |opening| Box::pin(open(opening)) };

fn specification() -> ComponentSpec {
    let summary = "Rejects messages that a processor has failed for, and hands the others on to an output.";
    spec(OWN.name, summary, output_field(""))
}

struct RejectErrored(Box<dyn Destination>);

async fn open(mut opening: Opening<'_>) -> Result<Box<dyn Destination>, OpenError> {
    Ok(Box::new(RejectErrored(opening.output("").await?)))
}

#[async_trait]
impl Destination for RejectErrored {
    async fn deliver(&self, batch: Batch) -> Result<(), Refusal> {
        if batch.errors().is_none() {
            return self.0.deliver(batch).await;
        }
        let (fit, failed) = by_error(&batch);
        let failure = |index: &u32| {
            let error = batch.get(*index as usize).and_then(|message| message.error()).unwrap_or_default();
            let reason = format!("rejecting due to failed processing: {error}");
            Failure { reason, messages: Some(vec![*index]) }
        };
        let refusal =
            Refusal { failures: failed.iter().map(failure).collect(), apart: false, declined: false };
        if fit.is_empty() {
            return Err(refusal);
        }
        let rest = batch.select(&fit).expect("the indexes are of this batch");
        let others = self.0.deliver(rest).await.err().map(|refusal| refusal.in_whole(&fit));
        together([refusal].into_iter().chain(others))
    }
}
