use forebay_sdk::streams::{ByteStream, Chunk};
use forebay_sdk::{Batch, BlockWriter, Config, Context, Error, Problem, Scanned, Scanner};

/// How many bytes are read at once: messages of this kind are large.
const READ: u32 = 1 << 20;

/// The whole stream is one message, which must fit into memory.
#[derive(Config)]
pub(crate) struct ToTheEndConfig {}

/// Reads a stream to its end.
pub(crate) struct ToTheEnd {
    source: Option<ByteStream>,
    content: Vec<u8>,
}

impl Scanner for ToTheEnd {
    const NAME: &'static str = "to_the_end";

    type Config = ToTheEndConfig;

    fn open(ToTheEndConfig {}: ToTheEndConfig, _: &Context) -> Result<Self, Problem> {
        Ok(Self { source: None, content: Vec::new() })
    }

    fn begin(&mut self, source: ByteStream, _name: &str) -> Result<(), Error> {
        self.source = Some(source);
        self.content.clear();
        Ok(())
    }

    fn next(&mut self) -> Result<Scanned, Error> {
        while let Some(source) = &mut self.source {
            match source.read(READ) {
                Chunk::Bytes(bytes) => self.content.extend_from_slice(&bytes),
                Chunk::Ended => {
                    self.source = None;
                    let content = std::mem::take(&mut self.content);
                    let mut message = BlockWriter::with_capacity(1, content.len());
                    message.push(&content);
                    return Ok(Scanned::Batch(Batch::from_block(message)));
                }
                Chunk::Woken(_) => return Ok(Scanned::Idle),
                Chunk::Failed(error) => {
                    self.source = None;
                    return Err(error);
                }
            }
        }
        Ok(Scanned::Ended)
    }
}

#[cfg(test)]
mod tests {
    use forebay_sdk::testing;
    use serde_json::json;

    use super::{Context, Scanned, Scanner, ToTheEnd};

    #[test]
    fn a_stream_is_one_message_also_when_it_is_empty() {
        let config = testing::config(&json!({})).expect("the configuration is right");
        let mut scanner = ToTheEnd::open(config, &Context::new("to_the_end")).expect("opens");
        for content in ["one\ntwo\n", ""] {
            scanner.begin(testing::stream(content.as_bytes(), 3), "test").expect("begins");
            let Ok(Scanned::Batch(batch)) = scanner.next() else { panic!("no batch") };
            assert_eq!(testing::texts(&batch), [content]);
            assert!(matches!(scanner.next(), Ok(Scanned::Ended)));
        }
    }
}
