use forebay_pipeline_config::spec::{ComponentSpec, FieldKind, FieldSpec, FieldType};
use forebay_plugins_api::OpenError;
use serde::Deserialize;

use super::opening::Opening;
use super::{Own, input_field, spec};
use crate::batching::batching_field;
use crate::ground::Work;
use crate::structure::problem;

pub(super) const OWN: Own =
    Own { name: "broker", spec: specification, open: |opening| Box::pin(open(opening)) };

/// Most inputs that copies may make of those in the settings.
const MOST_INPUTS: usize = 1000;

fn specification() -> ComponentSpec {
    let fields = vec![
        FieldSpec::new("copies", FieldType::Int)
            .with_default(1)
            .with_docs("How often each input is opened.")
            .advanced(),
        input_field("inputs").of_kind(FieldKind::Array).with_docs("Where messages come from."),
        batching_field("batching", "Collects what arrives at all inputs to batches."),
    ];
    spec(OWN.name, "Reads several inputs at once.", FieldSpec::new("", FieldType::Object).with_fields(fields))
}

#[derive(Deserialize)]
struct Settings {
    copies: i64,
}

async fn open(opening: Opening<'_>) -> Result<Vec<Work>, OpenError> {
    let Settings { copies } = opening.structure.settings()?;
    let copies = usize::try_from(copies).unwrap_or(0).max(1);
    let inputs = opening.structure.children("/inputs").count();
    if copies.saturating_mul(inputs) > MOST_INPUTS {
        let reason = format!("{copies} copies of {inputs} inputs are more than {MOST_INPUTS}: ask for fewer");
        return Err(problem("/copies", &reason));
    }
    let mut works = Vec::new();
    let to = opening.collected("/batching", &mut works).await?;
    for _ in 0..copies {
        works.extend(opening.inputs("/inputs", &to).await?.into_iter().flatten());
    }
    Ok(works)
}
