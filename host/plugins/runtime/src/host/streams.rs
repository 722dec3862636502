//! Bytes that are too many to be held at once.

use async_trait::async_trait;
use bytes::Bytes;
use forebay_plugins_api::{ByteStream, Woken};
use tokio::sync::mpsc;
use wasmtime::component::Resource;

use crate::account::StreamPermit;
use crate::bindings::forebay::plugin::streams::{Chunk, Host, HostByteSink, HostByteStream};
use crate::guest::Guest;

/// A stream that a guest reads.
#[expect(unreachable_pub, reason = "the generated bindings name it")]
pub struct HostStream(pub(crate) Box<dyn ByteStream>);

/// A stream that counts among those that an instance has opened, wherever it is read.
pub(crate) struct Permitted<S> {
    stream: S,
    _permit: StreamPermit,
}

impl<S: ByteStream + 'static> Permitted<S> {
    pub(crate) fn boxed(stream: S, permit: StreamPermit) -> HostStream {
        HostStream(Box::new(Self { stream, _permit: permit }))
    }
}

#[async_trait]
impl<S: ByteStream> ByteStream for Permitted<S> {
    async fn read(&mut self, most: usize) -> Result<Bytes, String> {
        self.stream.read(most).await
    }

    fn comes_again(&self) -> bool {
        self.stream.comes_again()
    }
}

/// Where a guest writes: the other end holds it back by not taking what it wrote.
#[derive(Debug)]
#[expect(unreachable_pub, reason = "the generated bindings name it")]
pub struct HostSink(pub(crate) mpsc::Sender<Vec<u8>>);

/// The most that one read returns, whatever was asked for.
const MOST: u32 = 16 << 20;

impl Host for Guest {}

impl HostByteStream for Guest {
    async fn read(&mut self, stream: Resource<HostStream>, most: u32) -> wasmtime::Result<Chunk> {
        let wakes = std::sync::Arc::clone(&self.wakes);
        let woken = wakes.pending();
        if woken.shutdown {
            return Ok(Chunk::Woken(Woken { shutdown: true, ..Woken::default() }.into()));
        }
        let _waiting = self.meter.long_wait();
        let stream = self.table.get_mut(&stream)?;
        let most = most.clamp(1, MOST) as usize;
        tokio::select! {
            biased;
            chunk = stream.0.read(most) => Ok(match chunk {
                Ok(bytes) if bytes.is_empty() => Chunk::Ended,
                Ok(bytes) => Chunk::Bytes(bytes.into()),
                Err(reason) => Chunk::Failed(reason),
            }),
            () = shutdown(&wakes) => Ok(Chunk::Woken(Woken { shutdown: true, ..Woken::default() }.into())),
        }
    }

    fn drop(&mut self, stream: Resource<HostStream>) -> wasmtime::Result<()> {
        self.table.delete(stream)?;
        Ok(())
    }
}

impl HostByteSink for Guest {
    async fn write(
        &mut self,
        sink: Resource<HostSink>,
        bytes: Vec<u8>,
    ) -> wasmtime::Result<Result<(), String>> {
        let sender = self.table.get(&sink)?.0.clone();
        let _waiting = self.meter.long_wait();
        Ok(sender.send(bytes).await.map_err(|_| "the receiver has given up".to_owned()))
    }

    fn drop(&mut self, sink: Resource<HostSink>) -> wasmtime::Result<()> {
        self.table.delete(sink)?;
        Ok(())
    }
}

/// Waits for a shutdown. Settlements do not end a read: they are handed to the input, which is
/// another instance than the scanner that reads.
async fn shutdown(wakes: &forebay_plugins_api::Wakes) {
    wakes.wait_for_shutdown().await;
}
