use forebay_pipeline_config::spec::{ComponentSpec, FieldKind, FieldSpec, FieldType};
use forebay_plugins_api::OpenError;
use futures_util::future::join_all;

use super::opening::Opening;
use super::{Own, input_field, spec};
use crate::ground::Work;

pub(super) const OWN: Own =
    Own { name: "sequence", spec: specification, open: |opening| Box::pin(open(opening)) };

fn specification() -> ComponentSpec {
    let fields = vec![
        input_field("inputs")
            .of_kind(FieldKind::Array)
            .with_docs("Where messages come from. Each input begins when the one before it has ended."),
    ];
    spec(
        OWN.name,
        "Reads several inputs one after the other.",
        FieldSpec::new("", FieldType::Object).with_fields(fields),
    )
}

async fn open(opening: Opening<'_>) -> Result<Vec<Work>, OpenError> {
    let inputs = opening.inputs("/inputs", &opening.to).await?;
    Ok(vec![Box::pin(async move {
        // When all are told to stop, those that have not begun end at once.
        for works in inputs {
            join_all(works).await;
        }
    })])
}
