use forebay_pipeline_config::spec::{ComponentSpec, FieldSpec, FieldType};
use forebay_plugins_api::OpenError;

use super::leaf::Leaf;
use super::opening::Opening;
use super::{Destination, Own, spec};

pub(super) const OWN: Own =
    Own { name: "inproc", spec: specification, open: |opening| Box::pin(open(opening)) };

fn specification() -> ComponentSpec {
    let name = FieldSpec::new("", FieldType::String).with_docs("The name of the pipe.");
    let summary = "Hands messages to the inputs `inproc` with the same name. They are delivered when what becomes of \
                   them there is.";
    spec(OWN.name, summary, name)
}

async fn open(opening: Opening<'_>) -> Result<Box<dyn Destination>, OpenError> {
    let name: String = opening.structure.settings()?;
    let (to, _) = opening.ground.pipes.get(&name);
    Ok(Box::new(Leaf(to)))
}
