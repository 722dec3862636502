use forebay_sdk::config::Pointer;
use forebay_sdk::{Config, Error, Problem};

use crate::cutting::{Cut, Leaf};
use crate::out::Out;
use crate::plan::{Kind, Plan};

/// Cuts the stream into messages of a fixed number of bytes. The last one may be shorter.
#[derive(Config)]
pub(crate) struct ChunkerConfig {
    /// How many bytes a message has.
    #[config(example = 1048576)]
    size: usize,
}

pub(crate) struct Chunker {
    size: usize,
    /// The start of a message whose end has not come.
    rest: Vec<u8>,
}

impl Kind for Chunker {
    const NAME: &'static str = "chunker";

    type Config = ChunkerConfig;

    fn plan(ChunkerConfig { size }: ChunkerConfig, at: &Pointer<'_>) -> Result<Box<dyn Plan>, Problem> {
        if size == 0 {
            return Err(Problem::new("size must be at least 1").at(at.key("size")));
        }
        Ok(Self::of(size))
    }
}

impl Chunker {
    /// For messages of one byte at least.
    pub(crate) fn of(size: usize) -> Box<dyn Plan> {
        Box::new(Leaf(move || Self { size, rest: Vec::new() }))
    }
}

impl Cut for Chunker {
    fn push(&mut self, bytes: &[u8], out: &mut Out) -> Result<usize, Error> {
        let mut left = bytes;
        while !out.is_full() && self.rest.len() + left.len() >= self.size {
            let (end, after) = left.split_at(self.size - self.rest.len());
            out.payload().append(&mut self.rest);
            out.push(end);
            left = after;
        }
        if self.rest.len() + left.len() < self.size {
            self.rest.extend_from_slice(left);
            return Ok(bytes.len());
        }
        Ok(bytes.len() - left.len())
    }

    fn finish(&mut self, out: &mut Out) -> Result<bool, Error> {
        if !self.rest.is_empty() {
            out.push(&self.rest);
        }
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::testing::{cut, refused};

    #[test]
    fn messages_have_the_same_size_but_the_last() {
        let config = json!({"chunker": {"size": 4}});
        assert_eq!(cut(&config, b"abcdefghij").texts(), ["abcd", "efgh", "ij"]);
        assert_eq!(cut(&config, b"abcd").texts(), ["abcd"]);
        assert!(cut(&config, b"").texts().is_empty());
    }

    #[test]
    fn messages_of_no_bytes_are_refused() {
        assert_eq!(refused(&json!({"chunker": {"size": 0}})), "/chunker/size: size must be at least 1");
    }
}
