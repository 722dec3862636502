use bytes::Bytes;

use crate::cursor::{Cursor, Ended};
use crate::guard::MOST_ELEMENTS;

/// Produce of versions 0 to 2, which carry message sets of formats 0 and 1. They are advertised, since
/// librdkafka takes their absence for a broker without compression, and refused: this reads no more of one than
/// an answer needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OldProduce {
    version: i16,
    pub acks: i16,
    topics: Vec<(Bytes, Vec<i32>)>,
}

/// A body that is no such request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OldProduceError {
    #[error(transparent)]
    Ended(#[from] Ended),
    #[error("a length is {0}")]
    Length(i32),
    #[error("there are more than {MOST_ELEMENTS} topics and partitions")]
    Elements,
}

impl OldProduce {
    /// Reads a body of one of the versions 0 to 2.
    ///
    /// # Errors
    /// When the bytes are something else.
    pub fn parse(body: &Bytes, version: i16) -> Result<Self, OldProduceError> {
        let mut from = Cursor::new(body);
        let acks = from.i16()?;
        from.i32()?;
        let mut topics = Vec::new();
        let mut elements = 0;
        let mut count = || {
            elements += 1;
            if elements > MOST_ELEMENTS { Err(OldProduceError::Elements) } else { Ok(()) }
        };
        for _ in 0..from.i32()? {
            count()?;
            let length = from.i16()?;
            let name = body.slice_ref(from.take(size(i32::from(length))?)?);
            let mut partitions = Vec::new();
            for _ in 0..from.i32()? {
                count()?;
                partitions.push(from.i32()?);
                let records = from.i32()?;
                from.take(size(records)?)?;
            }
            topics.push((name, partitions));
        }
        Ok(Self { version, acks, topics })
    }

    /// The body of the answer that gives `error` for every partition.
    #[must_use]
    pub fn refusal(&self, error: i16) -> Vec<u8> {
        let mut body = Vec::new();
        put_count(&mut body, self.topics.len());
        for (name, partitions) in &self.topics {
            // It came with a length of as many bits.
            body.extend_from_slice(&u16::try_from(name.len()).unwrap_or(0).to_be_bytes());
            body.extend_from_slice(name);
            put_count(&mut body, partitions.len());
            for partition in partitions {
                body.extend_from_slice(&partition.to_be_bytes());
                body.extend_from_slice(&error.to_be_bytes());
                body.extend_from_slice(&(-1_i64).to_be_bytes());
                if self.version >= 2 {
                    body.extend_from_slice(&(-1_i64).to_be_bytes());
                }
            }
        }
        if self.version >= 1 {
            body.extend_from_slice(&0_i32.to_be_bytes());
        }
        body
    }
}

fn size(length: i32) -> Result<usize, OldProduceError> {
    usize::try_from(length).map_err(|_| OldProduceError::Length(length))
}

fn put_count(body: &mut Vec<u8>, count: usize) {
    body.extend_from_slice(&u32::try_from(count).unwrap_or(0).to_be_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_partition_is_refused_as_its_version_has_it() {
        let mut body = vec![0, 1, 0, 0, 3, 0xe8, 0, 0, 0, 1, 0, 1, b't', 0, 0, 0, 1];
        body.extend_from_slice(&[0, 0, 0, 5, 0, 0, 0, 2, 0xaa, 0xbb]);
        let body = Bytes::from(body);
        let expected = [0, 0, 0, 1, 0, 1, b't', 0, 0, 0, 1, 0, 0, 0, 5, 0, 35];
        for (version, more) in [(0, 8), (1, 12), (2, 20)] {
            let refusal = OldProduce::parse(&body, version).unwrap().refusal(35);
            assert_eq!(refusal[..expected.len()], expected);
            assert_eq!(refusal.len(), expected.len() + more);
        }
        assert!(OldProduce::parse(&body.slice(..20), 0).is_err());
        assert!(
            OldProduce::parse(&Bytes::from_static(&[0, 1, 0, 0, 0, 0, 0x7f, 0xff, 0xff, 0xff]), 0).is_err()
        );
    }
}
