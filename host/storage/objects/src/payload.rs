use std::sync::Arc;

use bytes::Bytes;

/// The bytes of an object to be: pieces that are written one after the other. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Payload {
    pieces: Arc<[Bytes]>,
    length: usize,
}

impl Payload {
    /// Bytes that live as long as the program.
    #[must_use]
    pub fn from_static(bytes: &'static [u8]) -> Self {
        Bytes::from_static(bytes).into()
    }

    /// How many bytes there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.length
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// The pieces, in order.
    #[must_use]
    pub fn pieces(&self) -> &[Bytes] {
        &self.pieces
    }

    /// The first `length` bytes, or all when there are fewer.
    #[must_use]
    pub fn truncated(&self, length: usize) -> Self {
        let mut left = length;
        let mut pieces = Vec::new();
        for piece in self.pieces.iter() {
            let part = piece.slice(..piece.len().min(left));
            left -= part.len();
            pieces.push(part);
        }
        pieces.into()
    }
}

impl From<Vec<Bytes>> for Payload {
    fn from(pieces: Vec<Bytes>) -> Self {
        let length = pieces.iter().map(Bytes::len).sum();
        Self { pieces: pieces.into(), length }
    }
}

impl From<Bytes> for Payload {
    fn from(bytes: Bytes) -> Self {
        vec![bytes].into()
    }
}

impl From<Vec<u8>> for Payload {
    fn from(bytes: Vec<u8>) -> Self {
        Bytes::from(bytes).into()
    }
}
