use forebay_pipeline_config::spec::{ComponentSpec, FieldSpec, FieldType};
use forebay_plugins_api::OpenError;

use super::opening::Opening;
use super::{Own, input_field, spec};
use crate::batching::batching_field;
use crate::ground::Work;
use crate::structure::problem;

pub(super) const OWN: Own =
    Own { name: "batched", spec: specification, open: |opening| Box::pin(open(opening)) };

fn specification() -> ComponentSpec {
    let fields = vec![
        input_field("child").with_docs("Where messages come from."),
        batching_field("policy", "When a batch is complete."),
    ];
    spec(
        OWN.name,
        "Collects what arrives at an input to batches.",
        FieldSpec::new("", FieldType::Object).with_fields(fields),
    )
}

async fn open(opening: Opening<'_>) -> Result<Vec<Work>, OpenError> {
    let mut works = Vec::new();
    let to = opening.collected("/policy", &mut works).await?;
    if works.is_empty() && opening.structure.setup.config.pointer("/policy/count") != Some(&1.into()) {
        return Err(problem("/policy", "batch policy must have at least one active trigger"));
    }
    works.extend(opening.input("/child", opening.stop, to).await?);
    Ok(works)
}
