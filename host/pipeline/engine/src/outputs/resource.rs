use forebay_pipeline_config::spec::{ComponentSpec, FieldSpec, FieldType};
use forebay_plugins_api::OpenError;

use super::opening::Opening;
use super::{Destination, Own, spec};

pub(super) const OWN: Own =
    Own { name: "resource", spec: specification, open: |opening| Box::pin(open(opening)) };

fn specification() -> ComponentSpec {
    let label = FieldSpec::new("", FieldType::String)
        .with_default("")
        .with_docs("The label of an output among the output_resources.");
    spec(OWN.name, "Hands messages to an output of the resources, which others use as well.", label)
}

async fn open(opening: Opening<'_>) -> Result<Box<dyn Destination>, OpenError> {
    let label: String = opening.structure.settings()?;
    opening.ground.output(&label).await
}
