use forebay_sdk::streams::{ByteStream, Chunk};
use forebay_sdk::{
    Batch, Config, Context, Operation, Output, Pending, Problem, StreamingOutput, Value, WriteError, Written,
    files,
};

/// Writes each message in place of the one before; those that come as streams while they are made.
#[derive(Config)]
pub(crate) struct StreamingConfig {
    /// The file. Without one, it reads streams itself, and fails with what it has read.
    #[config(default = "")]
    path: String,
    /// Whether it resolves operations itself.
    #[config(default = false)]
    resolves: bool,
}

pub(crate) struct Streaming {
    path: String,
    resolves: bool,
}

impl Output for Streaming {
    const NAME: &'static str = "streaming";
    type Config = StreamingConfig;

    fn open(StreamingConfig { path, resolves }: StreamingConfig, _: &Context) -> Result<Self, Problem> {
        Ok(Self { path, resolves })
    }

    fn write(&mut self, _: Batch) -> Result<Written, WriteError> {
        Err(WriteError::Failed("it takes streams alone".to_owned()))
    }

    fn resolve(&mut self, operation: Operation) -> Result<Written, WriteError> {
        let reason = match operation.outcome() {
            Some(Ok(())) => return Ok(Written::all()),
            Some(Err(error)) => error.into_message(),
            None => "it has not ended".to_owned(),
        };
        Err(WriteError::Failed(format!("resolved: {reason}")))
    }
}

impl StreamingOutput for Streaming {
    fn write_stream(&mut self, head: Batch, payload: ByteStream) -> Result<Written, WriteError> {
        if head.len() != 1 || !head.message(0).bytes().is_empty() {
            return Err(WriteError::Failed("the head is not one message without its payload".to_owned()));
        }
        if let Some(Value::Text("away")) = head.message(0).metadata("state") {
            return Err(WriteError::NotConnected("as the message says".to_owned()));
        }
        if self.path.is_empty() {
            return Err(WriteError::Failed(read(payload)));
        }
        let operation = files::replace_from(&self.path, payload).map_err(forebay_sdk::Error::from)?;
        let pending = Pending { operation, messages: None, resolve: self.resolves };
        Ok(Written { failed: Vec::new(), pending: vec![pending] })
    }
}

/// What came of a stream, piece by piece.
fn read(mut payload: ByteStream) -> String {
    let mut pieces = Vec::new();
    loop {
        match payload.read(4) {
            Chunk::Bytes(bytes) => pieces.push(String::from_utf8_lossy(&bytes).into_owned()),
            Chunk::Ended => return format!("read {}", pieces.join("|")),
            Chunk::Woken(_) => return format!("woken behind {}", pieces.join("|")),
            Chunk::Failed(error) => return format!("failed behind {}: {error}", pieces.join("|")),
        }
    }
}

/// An output of the same plugin that takes no streams.
#[derive(Config)]
pub(crate) struct WholeConfig {}

pub(crate) struct Whole;

impl Output for Whole {
    const NAME: &'static str = "whole";
    type Config = WholeConfig;

    fn open(WholeConfig {}: WholeConfig, _: &Context) -> Result<Self, Problem> {
        Ok(Self)
    }

    fn write(&mut self, _: Batch) -> Result<Written, WriteError> {
        Ok(Written::all())
    }
}
