use std::sync::Arc;

use forebay_lifecycle::Shutdown;
use forebay_pipeline_config::spec::{ComponentSpec, FieldSpec, FieldType};
use forebay_plugins_api::OpenError;

use super::opening::Opening;
use super::{Own, spec};
use crate::channel::{Sender, hand_on};
use crate::ground::{Ground, Work};
use crate::inproc::PipeReader;

pub(super) const OWN: Own =
    Own { name: "inproc", spec: specification, open: |opening| Box::pin(open(opening)) };

fn specification() -> ComponentSpec {
    let name = FieldSpec::new("", FieldType::String).with_docs("The name of the pipe.");
    spec(OWN.name, "Reads what an output `inproc` with the same name is given.", name)
}

async fn open(opening: Opening<'_>) -> Result<Vec<Work>, OpenError> {
    let name: String = opening.structure.settings()?;
    let pipe = opening.ground.pipes.read(&name);
    let (ground, stop, to) = (Arc::clone(opening.ground), opening.stop.clone(), opening.to);
    Ok(vec![Box::pin(read(ground, stop, pipe, to))])
}

/// Hands on what comes through the pipe. When the pipeline stops, what is in flight may still want to come through.
async fn read(ground: Arc<Ground>, stop: Shutdown, pipe: PipeReader, to: Sender) {
    let over = async {
        stop.cancelled().await;
        if ground.stop.is_cancelled() {
            ground.budget.all_landed().await;
        }
    };
    tokio::pin!(over);
    loop {
        tokio::select! {
            biased;
            () = &mut over => return,
            received = pipe.from.recv() => match received {
                Ok(transaction) => hand_on(&to, transaction).await,
                Err(_) => return,
            },
        }
    }
}
