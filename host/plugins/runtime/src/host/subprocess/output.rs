//! The standard output of a process, read ahead a little.

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use forebay_lifecycle::Here;
use forebay_plugins_api::ByteStream;
use tokio::io::AsyncReadExt as _;
use tokio::process::ChildStdout;
use tokio::sync::mpsc;

/// One read.
const CHUNK: usize = 16 << 10;

/// What a process writes, in order.
#[derive(Debug)]
pub(super) struct Output {
    chunks: mpsc::Receiver<Result<Bytes, String>>,
    rest: Bytes,
    /// The beginning of a line whose end is still to come.
    line: Vec<u8>,
    /// Why nothing more comes.
    failed: Option<String>,
    _pump: Here,
}

impl Output {
    /// Reads ahead at most `most` bytes; what a process writes beyond them holds it back.
    pub(super) fn new(source: ChildStdout, most: usize) -> Self {
        let (sender, chunks) = mpsc::channel((most / CHUNK).max(1));
        let pump = Here::spawn(pump(source, sender));
        Self { chunks, rest: Bytes::new(), line: Vec::new(), failed: None, _pump: pump }
    }

    /// The next line of at most `most` bytes; `None` at the end.
    ///
    /// # Errors
    /// Why the output can't be read any more.
    ///
    /// # Cancel safety
    /// What was read of a line is kept.
    pub(super) async fn read_line(&mut self, most: usize) -> Result<Option<Vec<u8>>, String> {
        loop {
            let end = self.rest.iter().position(|byte| *byte == b'\n');
            let part = self.rest.split_to(end.unwrap_or(self.rest.len()));
            self.line.extend_from_slice(&part);
            if self.line.len() > most.saturating_add(1) {
                return Err(self.too_long(most));
            }
            if end.is_some() {
                drop(self.rest.split_to(1));
                if self.line.last() == Some(&b'\r') {
                    self.line.pop();
                }
            } else if self.refill().await? {
                continue;
            } else if self.line.is_empty() {
                return Ok(None);
            }
            if self.line.len() > most {
                return Err(self.too_long(most));
            }
            return Ok(Some(std::mem::take(&mut self.line)));
        }
    }

    fn too_long(&mut self, most: usize) -> String {
        let reason = format!("a line of the process's output has more than {most} bytes");
        self.failed = Some(reason.clone());
        reason
    }

    /// Waits for more; whether there is any.
    async fn refill(&mut self) -> Result<bool, String> {
        if let Some(reason) = &self.failed {
            return Err(reason.clone());
        }
        if self.rest.is_empty() {
            match self.chunks.recv().await {
                Some(Ok(chunk)) => self.rest = chunk,
                Some(Err(reason)) => {
                    self.failed = Some(reason.clone());
                    return Err(reason);
                }
                None => return Ok(false),
            }
        }
        Ok(true)
    }
}

#[async_trait]
impl ByteStream for Output {
    async fn read(&mut self, most: usize) -> Result<Bytes, String> {
        if !self.line.is_empty() {
            // What was read of a line that never came to its end.
            let rest = std::mem::take(&mut self.rest);
            let line = std::mem::take(&mut self.line);
            self.rest = BytesMut::from_iter(line.into_iter().chain(rest)).freeze();
        }
        if !self.refill().await? {
            return Ok(Bytes::new());
        }
        Ok(self.rest.split_to(most.min(self.rest.len())))
    }
}

/// Reads until the end, or until nobody listens any more.
async fn pump(mut source: ChildStdout, sender: mpsc::Sender<Result<Bytes, String>>) {
    let mut buffer = BytesMut::new();
    loop {
        // First the room, then the bytes: nothing is held beyond what was asked for.
        let Ok(room) = sender.reserve().await else { return };
        buffer.reserve(CHUNK);
        let mut part = buffer.split_off(0);
        part.resize(CHUNK, 0);
        match source.read(&mut part).await {
            Ok(0) => return,
            Ok(length) => {
                // A short read must not hold a whole buffer for a few bytes.
                let chunk = Bytes::copy_from_slice(&part[..length]);
                room.send(Ok(chunk));
                buffer = part;
                buffer.clear();
            }
            Err(error) => {
                room.send(Err(format!("read the output of the process: {error}")));
                return;
            }
        }
    }
}
