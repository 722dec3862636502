use std::sync::Arc;

use forebay_lifecycle::Shutdown;
use forebay_pipeline_config::spec::{ComponentSpec, FieldSpec, FieldType};
use forebay_plugins_api::OpenError;

use super::opening::Opening;
use super::{Own, spec};
use crate::channel::{Sender, hand_on};
use crate::ground::{Ground, Resource, Work};

pub(super) const OWN: Own =
    Own { name: "resource", spec: specification, open: |opening| Box::pin(open(opening)) };

fn specification() -> ComponentSpec {
    let label = FieldSpec::new("", FieldType::String)
        .with_default("")
        .with_docs("The label of an input among the input_resources.");
    spec(
        OWN.name,
        "Reads an input of the resources. Of several that read the same one each gets a part.",
        label,
    )
}

async fn open(opening: Opening<'_>) -> Result<Vec<Work>, OpenError> {
    let label: String = opening.structure.settings()?;
    let resource = opening.ground.input(&label).await?;
    let (ground, stop, to) = (Arc::clone(opening.ground), opening.stop.clone(), opening.to);
    Ok(vec![Box::pin(read(ground, stop, resource, to))])
}

/// Hands on what arrives until nothing more does, or this reader alone is to stop.
async fn read(ground: Arc<Ground>, stop: Shutdown, resource: Resource, to: Sender) {
    resource.begin();
    let alone = async {
        stop.cancelled().await;
        if ground.stop.is_cancelled() {
            // The input stops as well, and ends when everything that it handed out is settled.
            std::future::pending::<()>().await;
        }
    };
    tokio::pin!(alone);
    loop {
        tokio::select! {
            biased;
            () = &mut alone => return,
            received = resource.from.recv() => match received {
                Ok(transaction) => hand_on(&to, transaction).await,
                Err(_) => return,
            },
        }
    }
}
