//! A processor that makes one message of many, and one that works on its pieces.

use std::sync::Arc;

use async_trait::async_trait;
use forebay_pipeline_message::{Batch, Origins, Processed};
use forebay_plugins_api::{
    ComponentError, IncrementalProcessor, LostInstance, LostReason, MetadataValue, Operation, Processing,
    Processor, Setup,
};
use tokio::sync::mpsc;

use crate::components::World;

/// Puts messages together, with commas between them. It fails for `bad`, and dies of some others.
pub(crate) struct Gather {
    world: Arc<World>,
    refuses: bool,
    sink: Option<mpsc::Sender<Vec<u8>>>,
    metadata: Option<Vec<(String, MetadataValue)>>,
}

impl Gather {
    pub(crate) fn new(world: &Arc<World>, setup: &Setup) -> Self {
        let refuses = setup.config["refuses"] == true;
        Self { world: Arc::clone(world), refuses, sink: None, metadata: None }
    }

    fn look(&self, batch: &Batch) -> Result<(), ComponentError> {
        let mut has_died = false;
        for message in batch.iter() {
            let dies = match message.payload().unwrap_or_default() {
                b"bad" => return Err(ComponentError::Failed("bad".to_owned())),
                b"dies always" => true,
                b"dies once" => !std::mem::replace(&mut self.world.notes().died, true),
                _ => false,
            };
            has_died |= dies;
        }
        if has_died {
            let (plugin, component) = ("script".parse().unwrap(), "gather".parse().unwrap());
            let detail = "as told".to_owned();
            return Err(LostInstance { plugin, component, reason: LostReason::Trap, detail }.into());
        }
        Ok(())
    }
}

fn joined(batch: &Batch) -> Vec<u8> {
    let payloads: Vec<&[u8]> = batch.iter().map(|message| message.payload().unwrap_or_default()).collect();
    payloads.join(&b","[..])
}

fn number(batch: &Batch) -> Vec<(String, MetadataValue)> {
    match batch.get(0).and_then(|message| message.metadata("number")) {
        Some(forebay_pipeline_message::Value::Text(text)) => {
            vec![("number".to_owned(), MetadataValue::Text(text.to_owned()))]
        }
        _ => Vec::new(),
    }
}

fn of_text(text: Vec<u8>, source: &Batch) -> Batch {
    let metadata = number(source);
    let entries: Vec<_> = metadata.iter().map(|(key, value)| (key.clone(), value.borrow())).collect();
    Batch::from_payloads([Some(text)], source.independent()).with_metadata(&entries)
}

#[async_trait]
impl Processor for Gather {
    async fn process(&mut self, batch: Batch) -> Result<Processing, ComponentError> {
        self.look(&batch)?;
        let batch = of_text(joined(&batch), &batch);
        Ok(Processing::Done(vec![Processed { batch, origins: Origins::Whole }]))
    }

    async fn resume(&mut self, _: Operation) -> Result<Processing, ComponentError> {
        unreachable!("nothing is pending")
    }

    async fn close(&mut self) {}
}

#[async_trait]
impl IncrementalProcessor for Gather {
    async fn begin(&mut self, sink: mpsc::Sender<Vec<u8>>) -> Result<(), ComponentError> {
        if self.refuses {
            return Err(ComponentError::Failed("not in slices".to_owned()));
        }
        (self.sink, self.metadata) = (Some(sink), None);
        Ok(())
    }

    async fn add(&mut self, slice: Batch) -> Result<(), ComponentError> {
        self.look(&slice)?;
        {
            let mut notes = self.world.notes();
            notes.slices += 1;
            notes.take(&slice);
        }
        let Some(sink) = &self.sink else { return Err(ComponentError::Failed("not begun".to_owned())) };
        let comma = if self.metadata.is_some() { &b","[..] } else { b"" };
        let text = [comma, &joined(&slice)].concat();
        self.metadata.get_or_insert_with(|| number(&slice));
        for piece in text.chunks(10_000) {
            sink.send(piece.to_vec())
                .await
                .map_err(|_| ComponentError::Failed("the receiver is gone".to_owned()))?;
        }
        Ok(())
    }

    async fn finish(&mut self) -> Result<Vec<(String, MetadataValue)>, ComponentError> {
        self.sink = None;
        Ok(self.metadata.take().unwrap_or_default())
    }

    async fn abort(&mut self) {
        self.sink = None;
    }

    async fn close(&mut self) {}
}

/// Makes letters large.
pub(crate) struct Upper(pub(crate) Option<mpsc::Sender<Vec<u8>>>);

#[async_trait]
impl Processor for Upper {
    async fn process(&mut self, batch: Batch) -> Result<Processing, ComponentError> {
        let texts = batch.iter().map(|message| message.payload().map(<[u8]>::to_ascii_uppercase));
        let made = Batch::from_payloads(texts.collect::<Vec<_>>(), batch.independent());
        let metadata = number(&batch);
        let entries: Vec<_> = metadata.iter().map(|(key, value)| (key.clone(), value.borrow())).collect();
        Ok(Processing::Done(vec![Processed { batch: made.with_metadata(&entries), origins: Origins::Same }]))
    }

    async fn resume(&mut self, _: Operation) -> Result<Processing, ComponentError> {
        unreachable!("nothing is pending")
    }

    async fn close(&mut self) {}
}

#[async_trait]
impl IncrementalProcessor for Upper {
    async fn begin(&mut self, sink: mpsc::Sender<Vec<u8>>) -> Result<(), ComponentError> {
        self.0 = Some(sink);
        Ok(())
    }

    async fn add(&mut self, slice: Batch) -> Result<(), ComponentError> {
        let Some(sink) = &self.0 else { return Err(ComponentError::Failed("not begun".to_owned())) };
        // What it writes may be more than the channel holds.
        for byte in joined(&slice).to_ascii_uppercase().chunks(1_000) {
            sink.send(byte.to_vec()).await.map_err(|_| ComponentError::Failed("gone".to_owned()))?;
        }
        Ok(())
    }

    async fn finish(&mut self) -> Result<Vec<(String, MetadataValue)>, ComponentError> {
        self.0 = None;
        Ok(Vec::new())
    }

    async fn abort(&mut self) {
        self.0 = None;
    }

    async fn close(&mut self) {}
}
