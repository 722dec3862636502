//! Reading files and the standard input ahead, on a thread of their own.

use std::io::Read;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use forebay_plugins_api::ByteStream;
use tokio::sync::mpsc;

/// One read of a file.
const CHUNK: usize = 256 << 10;
/// How many chunks are read ahead.
const AHEAD: usize = 2;

/// Bytes that another thread reads.
#[derive(Debug)]
pub(super) struct Reader {
    chunks: mpsc::Receiver<Result<Bytes, String>>,
    rest: Bytes,
}

impl Reader {
    /// Reads a file on the blocking threads of the current runtime.
    pub(super) fn spawn(file: std::fs::File) -> Self {
        let (sender, chunks) = mpsc::channel(AHEAD);
        // Ends when the file does, or when the reader is dropped.
        drop(tokio::task::spawn_blocking(move || pump(file, &sender)));
        Self { chunks, rest: Bytes::new() }
    }
}

/// The standard input, which can be taken once.
///
/// It is read on a thread that nobody waits for: a read of a terminal can't be ended.
pub(super) fn standard_input() -> Result<Reader, String> {
    static TAKEN: AtomicBool = AtomicBool::new(false);
    if TAKEN.swap(true, Ordering::SeqCst) {
        return Err("the standard input is taken by another component".to_owned());
    }
    let (sender, chunks) = mpsc::channel(AHEAD);
    std::thread::Builder::new()
        .name("stdin".into())
        .spawn(move || pump(std::io::stdin().lock(), &sender))
        .map_err(|error| format!("start a thread for the standard input: {error}"))?;
    Ok(Reader { chunks, rest: Bytes::new() })
}

/// Reads until the end, an error, or until nobody listens any more. A read gives what there is, so
/// that a line typed at a terminal does not wait for the next.
fn pump(mut source: impl Read, sender: &mpsc::Sender<Result<Bytes, String>>) {
    let mut buffer = BytesMut::new();
    loop {
        buffer.resize(CHUNK, 0);
        match source.read(&mut buffer) {
            Ok(0) => return,
            Ok(length) => {
                let mut chunk = buffer.split_to(length);
                // A short read must not hold a whole buffer for a few bytes.
                if length < CHUNK / 4 {
                    chunk = BytesMut::from(&chunk[..]);
                }
                if sender.blocking_send(Ok(chunk.freeze())).is_err() {
                    return;
                }
            }
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => {
                // Nobody listening is as good a reason to stop.
                let _ = sender.blocking_send(Err(error.to_string()));
                return;
            }
        }
    }
}

#[async_trait]
impl ByteStream for Reader {
    async fn read(&mut self, most: usize) -> Result<Bytes, String> {
        if self.rest.is_empty() {
            match self.chunks.recv().await {
                Some(chunk) => self.rest = chunk?,
                None => return Ok(Bytes::new()),
            }
        }
        Ok(self.rest.split_to(most.min(self.rest.len())))
    }
}
