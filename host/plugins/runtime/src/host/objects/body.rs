//! An object as a stream.

use std::num::NonZero;

use async_trait::async_trait;
use bytes::Bytes;
use forebay_plugins_api::ByteStream;
use forebay_storage_objects::{ObjectReader, ReadPolicy};
use tokio::sync::mpsc;

use super::tasks::STOPPED;
use crate::host::http::Service;

/// Blocks of 4 MiB, of which two are asked for while one is read.
pub(super) const POLICY: ReadPolicy =
    ReadPolicy { block: NonZero::<u64>::MIN.saturating_add((4 << 20) - 1), ahead: 2 };

/// The bytes of an object, which is read on the threads for HTTP, a block ahead of who takes them.
pub(super) struct Body {
    blocks: mpsc::Receiver<Result<Bytes, String>>,
    rest: Bytes,
    is_over: bool,
}

impl Body {
    /// Reads an object until its end, or until this is dropped.
    pub(super) fn read(mut reader: ObjectReader, service: &Service) -> Result<Self, String> {
        let (taken, blocks) = mpsc::channel(1);
        service.spawner()?.spawn(async move {
            loop {
                let read = tokio::select! {
                    biased;
                    () = taken.closed() => return,
                    read = reader.next() => read.map_err(|error| error.report()),
                };
                let is_last = read.as_ref().map_or(true, Bytes::is_empty);
                // Nobody listens any more, or there is nothing more to be said.
                if taken.send(read).await.is_err() || is_last {
                    return;
                }
            }
        });
        Ok(Self { blocks, rest: Bytes::new(), is_over: false })
    }
}

#[async_trait]
impl ByteStream for Body {
    async fn read(&mut self, most: usize) -> Result<Bytes, String> {
        if self.rest.is_empty() && !self.is_over {
            let block = self.blocks.recv().await.unwrap_or_else(|| Err(STOPPED.to_owned()));
            self.is_over = block.as_ref().map_or(true, Bytes::is_empty);
            self.rest = block?;
        }
        Ok(self.rest.split_to(most.min(self.rest.len())))
    }

    /// It is told to the plugin, which must not hand on another object of that name as this one.
    fn comes_again(&self) -> bool {
        true
    }
}
