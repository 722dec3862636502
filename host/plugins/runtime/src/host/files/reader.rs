//! Reading files and the standard input ahead, on other threads.

use std::fs::File;
use std::io::{self, Read};
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use forebay_plugins_api::ByteStream;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

/// One read of a file.
const CHUNK: usize = 256 << 10;
/// How many chunks of the standard input are read ahead.
const AHEAD: usize = 2;

/// A file that is read on the blocking threads of the runtime: one chunk for each that is taken, so that
/// a file which nobody reads on keeps no thread from others.
#[derive(Debug)]
pub(super) struct FileReader {
    /// Absent while a chunk is read, and when the end was reached.
    file: Option<File>,
    /// The chunk that is read ahead.
    ahead: Option<JoinHandle<(File, io::Result<Bytes>)>>,
    rest: Bytes,
    /// Whether it has its bytes for whoever opens it next too, as pipes and devices have not.
    comes_again: bool,
}

impl FileReader {
    pub(super) fn new(file: File) -> Self {
        // What the system makes up as it is read has no length.
        let comes_again = file.metadata().is_ok_and(|found| found.is_file() && found.len() > 0);
        Self { file: Some(file), ahead: None, rest: Bytes::new(), comes_again }
    }

    fn read_ahead(&mut self) {
        let Some(mut file) = self.file.take() else { return };
        self.ahead = Some(tokio::task::spawn_blocking(move || {
            let chunk = next_chunk(&mut file, &mut BytesMut::new());
            (file, chunk)
        }));
    }
}

#[async_trait]
impl ByteStream for FileReader {
    async fn read(&mut self, most: usize) -> Result<Bytes, String> {
        if self.rest.is_empty() {
            self.read_ahead();
            // Absent after the end, or an error.
            let Some(ahead) = &mut self.ahead else { return Ok(Bytes::new()) };
            let read = ahead.await;
            self.ahead = None;
            let (file, chunk) = read.map_err(|error| format!("the thread that reads it: {error}"))?;
            self.rest = chunk.map_err(|error| error.to_string())?;
            if !self.rest.is_empty() {
                self.file = Some(file);
                self.read_ahead();
            }
        }
        Ok(self.rest.split_to(most.min(self.rest.len())))
    }

    fn comes_again(&self) -> bool {
        self.comes_again
    }
}

/// Bytes that another thread reads, which is there for this alone.
#[derive(Debug)]
pub(super) struct Reader {
    chunks: mpsc::Receiver<Result<Bytes, String>>,
    rest: Bytes,
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
        .spawn(move || pump(io::stdin().lock(), &sender))
        .map_err(|error| format!("start a thread for the standard input: {error}"))?;
    Ok(Reader { chunks, rest: Bytes::new() })
}

/// Reads until the end, an error, or until nobody listens any more.
fn pump(mut source: impl Read, sender: &mpsc::Sender<Result<Bytes, String>>) {
    let mut buffer = BytesMut::new();
    loop {
        let chunk = next_chunk(&mut source, &mut buffer).map_err(|error| error.to_string());
        let is_last = chunk.as_ref().map_or(true, Bytes::is_empty);
        if is_last && chunk.is_ok() {
            return;
        }
        if sender.blocking_send(chunk).is_err() || is_last {
            return;
        }
    }
}

/// What one read gives; nothing at the end. It gives what there is, so that a line typed at a terminal does
/// not wait for the next.
fn next_chunk(source: &mut impl Read, buffer: &mut BytesMut) -> io::Result<Bytes> {
    buffer.resize(CHUNK, 0);
    let length = loop {
        match source.read(buffer) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            read => break read?,
        }
    };
    let chunk = buffer.split_to(length);
    // A short read must not hold a whole buffer for a few bytes.
    Ok(if length < CHUNK / 4 { Bytes::copy_from_slice(&chunk) } else { chunk.freeze() })
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

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    /// A file that is gone when it is closed, of so many bytes that differ.
    fn file(name: &str, length: usize) -> (File, Vec<u8>) {
        let path = std::env::temp_dir().join(format!("forebay-reader-{name}-{}", std::process::id()));
        let content: Vec<u8> = (0..length).map(|index| u8::try_from(index % 251).unwrap()).collect();
        File::create(&path).unwrap().write_all(&content).unwrap();
        let file = File::open(&path).unwrap();
        std::fs::remove_file(path).unwrap();
        (file, content)
    }

    async fn read_all(reader: &mut FileReader, most: usize) -> Vec<u8> {
        let mut all = Vec::new();
        loop {
            let bytes = reader.read(most).await.unwrap();
            if bytes.is_empty() {
                return all;
            }
            assert!(bytes.len() <= most);
            all.extend_from_slice(&bytes);
        }
    }

    #[tokio::test]
    async fn a_file_is_read_in_order_however_it_is_taken() {
        for length in [0, 1, CHUNK, 3 * CHUNK + 17] {
            for most in [64 << 10, 100_003, CHUNK, 16 << 20] {
                let (file, content) = file("order", length);
                let mut reader = FileReader::new(file);
                assert!(read_all(&mut reader, most).await == content, "{length} in pieces of {most}");
                // The end stays the end.
                assert!(reader.read(most).await.unwrap().is_empty());
            }
        }
    }

    #[test]
    fn files_that_nobody_reads_on_keep_no_thread() {
        let runtime = tokio::runtime::Builder::new_current_thread().max_blocking_threads(1).build().unwrap();
        runtime.block_on(async {
            let (first, content) = file("first", 5 * CHUNK);
            let (second, _) = file("second", 5 * CHUNK);
            let (mut first, mut second) = (FileReader::new(first), FileReader::new(second));
            assert_eq!(first.read(10).await.unwrap(), content[..10]);
            assert_eq!(second.read(10).await.unwrap(), content[..10]);
            tokio::task::spawn_blocking(|| ()).await.unwrap();
            assert!(read_all(&mut first, CHUNK).await == content[10..]);
            assert!(read_all(&mut second, CHUNK).await == content[10..]);
        });
    }

    #[tokio::test]
    async fn a_read_that_is_given_up_loses_nothing() {
        let (file, content) = file("given-up", 2 * CHUNK);
        let mut reader = FileReader::new(file);
        {
            let mut read = reader.read(10);
            let polled = std::future::poll_fn(|context| {
                std::task::Poll::Ready(read.as_mut().poll(context).map(|read| read.unwrap().len()))
            });
            // Whether the thread was that quick or not.
            if let std::task::Poll::Ready(length) = polled.await {
                assert_eq!(length, 10);
                return;
            }
        }
        assert!(read_all(&mut reader, CHUNK).await == content);
    }
}
