use std::mem;

use super::{BLOCK, Codec, ContainerError, HEADER, MAGIC, Sync, VALUES};
use crate::Schema;
use crate::binary::{ENDS, Input};

/// Reads a file whose bytes come piece by piece. It holds one block at a time.
#[derive(Debug, Default)]
pub struct Reader {
    bytes: Vec<u8>,
    /// How many of them were read.
    at: usize,
    header: Option<Header>,
    /// How many blocks were begun.
    blocks: u64,
}

#[derive(Debug)]
struct Header {
    codec: Codec,
    sync: Sync,
}

/// What a reader has next.
#[derive(Debug)]
pub enum Found {
    /// The schema of all values. It comes first.
    Schema(Schema),
    Block(Block),
    /// It needs more bytes, if there are any.
    Wanting,
}

/// Values, one behind the other.
#[derive(Debug)]
pub struct Block {
    /// The first one is 1.
    pub number: u64,
    /// How many values there are.
    pub count: u64,
    pub bytes: Vec<u8>,
}

impl Reader {
    /// Takes the bytes that come next.
    pub fn push(&mut self, bytes: &[u8]) {
        self.bytes.drain(..mem::take(&mut self.at));
        self.bytes.extend_from_slice(bytes);
    }

    /// What comes next of what the bytes hold.
    ///
    /// # Errors
    /// What is wrong with the bytes. The file can't be read on.
    pub fn step(&mut self) -> Result<Found, ContainerError> {
        if self.header.is_some() { self.block() } else { self.header() }
    }

    /// Says that all bytes have come, and everything was asked for.
    ///
    /// # Errors
    /// The file ends too early.
    pub fn end(&self) -> Result<(), ContainerError> {
        if self.header.is_none() {
            return Err(ContainerError::EndsInHeader);
        }
        if self.at < self.bytes.len() {
            return Err(ContainerError::EndsInBlock(self.blocks + 1));
        }
        Ok(())
    }

    fn header(&mut self) -> Result<Found, ContainerError> {
        let mut input = Input { rest: self.bytes.get(self.at..).unwrap_or_default() };
        let shorter = MAGIC.len().min(input.rest.len());
        if input.rest.get(..shorter) != MAGIC.get(..shorter) {
            return Err(ContainerError::NoContainer);
        }
        let (metadata, sync) = match metadata(&mut input) {
            Ok(header) => header,
            Err(ENDS) if input.rest.len() > HEADER || self.bytes.len() > HEADER => {
                return Err(ContainerError::HeaderTooLong);
            }
            Err(ENDS) => return Ok(Found::Wanting),
            Err(reason) => return Err(ContainerError::Header(reason)),
        };
        let find = |key: &[u8]| metadata.iter().find(|(name, _)| *name == key).map(|(_, value)| *value);
        let codec = find(b"avro.codec").unwrap_or(b"null");
        let codec = Codec::find(codec)
            .ok_or_else(|| ContainerError::Codec(String::from_utf8_lossy(codec).into_owned()))?;
        let schema = find(b"avro.schema").ok_or(ContainerError::NoSchema)?;
        let schema = Schema::parse(&String::from_utf8_lossy(schema))?;
        self.at = self.bytes.len() - input.rest.len();
        self.header = Some(Header { codec, sync });
        Ok(Found::Schema(schema))
    }

    fn block(&mut self) -> Result<Found, ContainerError> {
        let Some(Header { codec, sync }) = &self.header else { return Ok(Found::Wanting) };
        let number = self.blocks + 1;
        let broken = |reason: &str| ContainerError::Block { block: number, reason: reason.to_owned() };
        let mut input = Input { rest: self.bytes.get(self.at..).unwrap_or_default() };
        let (count, size) = match input.long().and_then(|count| Ok((count, input.long()?))) {
            Ok(lengths) => lengths,
            Err(ENDS) => return Ok(Found::Wanting),
            Err(reason) => return Err(broken(reason)),
        };
        let count = u64::try_from(count).map_err(|_| broken("its count is negative"))?;
        let size = usize::try_from(size).map_err(|_| broken("its size is negative"))?;
        if size > BLOCK {
            return Err(broken(&format!("it has {size} bytes, and {BLOCK} is the limit")));
        }
        let Ok(content) = input.take(size) else { return Ok(Found::Wanting) };
        let Ok(found) = input.array::<16>() else { return Ok(Found::Wanting) };
        if found != *sync {
            return Err(broken("the marker behind it is not that of the file"));
        }
        let bytes =
            codec.decompress(content).map_err(|reason| broken(&format!("{}: {reason}", codec.name())))?;
        if count > VALUES && u64::try_from(bytes.len()).is_ok_and(|bytes| count > bytes) {
            let length = bytes.len();
            return Err(broken(&format!(
                "it says that it has {count} values in {length} bytes; {VALUES} is the limit where values have no bytes"
            )));
        }
        self.at = self.bytes.len() - input.rest.len();
        self.blocks = number;
        Ok(Found::Block(Block { number, count, bytes }))
    }
}

type Metadata<'b> = Vec<(&'b [u8], &'b [u8])>;

/// A map of bytes, behind the first bytes of a file, and what ends every block.
fn metadata<'b>(input: &mut Input<'b>) -> Result<(Metadata<'b>, Sync), &'static str> {
    input.take(MAGIC.len())?;
    let mut all = Vec::new();
    loop {
        let count = input.long()?;
        if count == 0 {
            return Ok((all, input.array()?));
        }
        if count < 0 {
            input.long()?;
        }
        for _ in 0..count.unsigned_abs() {
            all.push((input.bytes()?, input.bytes()?));
        }
    }
}
