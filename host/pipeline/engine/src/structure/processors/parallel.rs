use async_trait::async_trait;
use forebay_pipeline_config::spec::{ComponentSpec, FieldSpec, FieldType};
use forebay_pipeline_message::{Batch, Processed};
use forebay_plugins_api::{LostInstance, OpenError, Processor};
use serde::Deserialize;

use super::{Own, Structure, boxed, processor_list, spec};
use crate::structure::opening::{Opening, problem};
use crate::structure::pool::{MOST_ROWS, Pool};

pub(super) const OWN: Own =
    Own { name: "parallel", spec: specification, open: |opening| Box::pin(open(opening)) };

fn specification() -> ComponentSpec {
    let fields = vec![
        FieldSpec::new("cap", FieldType::Int).with_default(0).with_docs(
            "The most messages to process at a time; 0 for as many as there are. Never more than 64.",
        ),
        processor_list("processors").with_docs("What is applied to each message."),
    ];
    let summary = "Applies processors to each message of a batch as though it were a batch of its own, to several at a \
                   time. Their order stays.";
    spec(OWN.name, summary, FieldSpec::new("", FieldType::Object).with_fields(fields))
}

#[derive(Deserialize)]
struct Settings {
    cap: i64,
}

struct Parallel(Pool);

async fn open(opening: Opening<'_>) -> Result<Box<dyn Processor>, OpenError> {
    let Settings { cap } = opening.settings()?;
    let most = match usize::try_from(cap) {
        Ok(0) => MOST_ROWS,
        Ok(cap) => cap,
        Err(_) => return Err(problem("/cap", "the most messages at a time can't be negative")),
    };
    Ok(boxed(Parallel(Pool::open(&opening, "/processors", most).await?)))
}

#[async_trait]
impl Structure for Parallel {
    async fn run(&mut self, batch: Batch) -> Result<Vec<Processed>, LostInstance> {
        Ok(vec![self.0.run_each(&batch).await?])
    }

    async fn close(&mut self) {
        self.0.close().await;
    }
}
