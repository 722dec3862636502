use forebay_sdk::config::Pointer;
use forebay_sdk::{Config, Error, Problem};

use crate::cutting::{Cut, Leaf};
use crate::out::Out;
use crate::plan::{Kind, Plan};

/// The whole stream is one message, which must fit into memory.
#[derive(Config)]
pub(crate) struct ToTheEndConfig {}

/// Reads a stream to its end.
pub(crate) struct ToTheEnd {
    content: Vec<u8>,
}

impl Kind for ToTheEnd {
    const NAME: &'static str = "to_the_end";

    type Config = ToTheEndConfig;

    fn plan(ToTheEndConfig {}: ToTheEndConfig, _: &Pointer<'_>) -> Result<Box<dyn Plan>, Problem> {
        Ok(Self::of_all())
    }
}

impl ToTheEnd {
    pub(crate) fn of_all() -> Box<dyn Plan> {
        Box::new(Leaf(|| Self { content: Vec::new() }))
    }
}

impl Cut for ToTheEnd {
    fn push(&mut self, bytes: &[u8], _: &mut Out) -> Result<usize, Error> {
        self.content.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn finish(&mut self, out: &mut Out) -> Result<bool, Error> {
        *out = Out::whole(std::mem::take(&mut self.content));
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::testing::cut;

    #[test]
    fn a_stream_is_one_message_also_when_it_is_empty() {
        for content in ["one\ntwo\n", ""] {
            let messages = cut(&json!({"to_the_end": {}}), content.as_bytes());
            assert_eq!(messages.texts(), [content]);
            assert!(messages.batches.iter().all(|batch| batch.len() == 1));
        }
    }
}
