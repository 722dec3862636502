use async_trait::async_trait;
use forebay_pipeline_config::spec::{ComponentSpec, FieldSpec, FieldType};
use forebay_pipeline_message::{Batch, Origins, Processed};
use forebay_plugins_api::{LostInstance, OpenError, Processor};

use super::{Own, Structure, boxed, processor_list, spec};
use crate::structure::branch::{self, Answer, Branch, errors};
use crate::structure::opening::Opening;

pub(super) const OWN: Own =
    Own { name: branch::NAME, spec: specification, open: |opening| Box::pin(open(opening)) };

fn specification() -> ComponentSpec {
    let fields = branch::fields(processor_list(branch::PROCESSORS));
    let summary = "Makes a request of each message, applies processors to it, and maps the result back onto the \
                   message.";
    spec(OWN.name, summary, FieldSpec::new("", FieldType::Object).with_fields(fields))
}

struct Branching {
    path: String,
    branch: Branch,
}

async fn open(opening: Opening<'_>) -> Result<Box<dyn Processor>, OpenError> {
    let path = opening.setup.path.clone();
    Ok(boxed(Branching { path, branch: Branch::open(&opening, "").await? }))
}

#[async_trait]
impl Structure for Branching {
    async fn run(&mut self, batch: Batch) -> Result<Vec<Processed>, LostInstance> {
        let mut answers = self.branch.ask(&batch, &[]).await?;
        if let Some(reason) = answers.broken.take() {
            for answer in &mut answers.answers {
                if !matches!(answer, Answer::Failed(_)) {
                    *answer = Answer::Failed(reason.clone());
                }
            }
        }
        let (batch, unmapped) = self.branch.map_back(batch, &answers).await?;
        let unasked = answers.answers.into_iter().enumerate().filter_map(|(index, answer)| match answer {
            Answer::Failed(error) => Some((index, error)),
            Answer::Result(_) | Answer::LeftOut => None,
        });
        let failed: Vec<(usize, String)> = unasked.chain(unmapped).collect();
        Ok(vec![Processed { batch: self.flag(&batch, failed), origins: Origins::Same }])
    }

    async fn close(&mut self) {
        self.branch.close().await;
    }
}

impl Branching {
    /// The batch with the errors of messages that failed here in place of those they had.
    fn flag(&self, batch: &Batch, failed: Vec<(usize, String)>) -> Batch {
        let Some((_, first)) = failed.first() else { return batch.clone() };
        tracing::error!(path = self.path, count = failed.len(), error = first, "failed to branch");
        let mut all = std::collections::BTreeMap::from_iter(errors(batch));
        all.extend(failed);
        batch.with_errors(all.iter().map(|(index, error)| (*index, error.as_str())))
    }
}
