//! Bytes that are put together without copying those that are long.

use std::io::IoSlice;

use bytes::{Buf as _, BufMut as _, Bytes, BytesMut};

/// A piece that is shorter is copied: passing it on by itself would cost more.
const LEAST_SHARED: usize = 2 << 10;

/// Bytes in several pieces, one behind the other. Who shares a piece with others never changes it.
#[derive(Debug, Clone, Default)]
pub struct Pieces {
    pieces: Vec<Bytes>,
    length: usize,
}

/// Puts [`Pieces`] together.
#[derive(Debug, Default)]
pub struct PiecesBuilder {
    /// Everything that is copied.
    own: BytesMut,
    /// What is shared, each with its place in `own`, in that order.
    shared: Vec<(usize, Bytes)>,
    shared_length: usize,
}

/// What is still to be written of some pieces.
#[derive(Debug)]
pub struct Unwritten<'a> {
    pieces: std::slice::Iter<'a, Bytes>,
    first: &'a [u8],
    left: usize,
}

impl Pieces {
    /// All bytes together.
    #[must_use]
    pub fn len(&self) -> usize {
        self.length
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// The pieces, none of them empty.
    #[must_use]
    pub fn as_slice(&self) -> &[Bytes] {
        &self.pieces
    }

    /// Everything in one piece: copied, unless it is one already.
    #[must_use]
    pub fn join(&self) -> Bytes {
        match self.pieces.as_slice() {
            [] => Bytes::new(),
            [piece] => piece.clone(),
            pieces => {
                let mut joined = BytesMut::with_capacity(self.length);
                pieces.iter().for_each(|piece| joined.extend_from_slice(piece));
                joined.freeze()
            }
        }
    }

    /// All of it, to be written.
    #[must_use]
    pub fn unwritten(&self) -> Unwritten<'_> {
        let mut pieces = self.pieces.iter();
        let first = pieces.next().map_or(&[][..], |piece| piece);
        Unwritten { pieces, first, left: self.length }
    }
}

impl From<Bytes> for Pieces {
    fn from(piece: Bytes) -> Self {
        let length = piece.len();
        Self { pieces: if length == 0 { Vec::new() } else { vec![piece] }, length }
    }
}

/// The same bytes, however they are divided.
impl PartialEq for Pieces {
    fn eq(&self, other: &Self) -> bool {
        self.length == other.length && self.pieces.iter().flatten().eq(other.pieces.iter().flatten())
    }
}

impl Eq for Pieces {}

impl PiecesBuilder {
    /// Room for `bytes` that are copied.
    #[must_use]
    pub fn with_capacity(bytes: usize) -> Self {
        Self { own: BytesMut::with_capacity(bytes), ..Self::default() }
    }

    /// How many bytes there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.own.len() + self.shared_length
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Where bytes are written that come next.
    pub fn own(&mut self) -> &mut BytesMut {
        &mut self.own
    }

    /// Copies `bytes`.
    pub fn copy(&mut self, bytes: &[u8]) {
        self.own.put_slice(bytes);
    }

    /// Takes `bytes` as they are, unless they are few.
    pub fn share(&mut self, bytes: Bytes) {
        if bytes.len() < LEAST_SHARED {
            self.copy(&bytes);
        } else {
            self.shared_length += bytes.len();
            self.shared.push((self.own.len(), bytes));
        }
    }

    /// The same for several pieces.
    pub fn share_all(&mut self, pieces: Pieces) {
        pieces.pieces.into_iter().for_each(|piece| self.share(piece));
    }

    /// Everything.
    #[must_use]
    pub fn build(self) -> Pieces {
        let length = self.len();
        let mut own = self.own.freeze();
        let mut pieces = Vec::with_capacity(self.shared.len() * 2 + 1);
        let mut taken = 0;
        for (place, shared) in self.shared {
            if place > taken {
                pieces.push(own.split_to(place - taken));
                taken = place;
            }
            pieces.push(shared);
        }
        if !own.is_empty() {
            pieces.push(own);
        }
        Pieces { pieces, length }
    }
}

impl<'a> Unwritten<'a> {
    /// How many bytes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.left
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.left == 0
    }

    /// What comes next, in as many slices as there is room for; how many there are.
    pub fn slices(&self, into: &mut [IoSlice<'a>]) -> usize {
        let rest = self.pieces.clone().map(|piece| piece.as_ref());
        let next = std::iter::once(self.first).chain(rest).filter(|piece| !piece.is_empty());
        let mut count = 0;
        for (slice, piece) in into.iter_mut().zip(next) {
            *slice = IoSlice::new(piece);
            count += 1;
        }
        count
    }

    /// `count` bytes have been written.
    pub fn advance(&mut self, mut count: usize) {
        count = count.min(self.left);
        self.left -= count;
        while count >= self.first.len() {
            count -= self.first.len();
            match self.pieces.next() {
                Some(piece) => self.first = piece,
                None => {
                    self.first = &[];
                    return;
                }
            }
        }
        self.first.advance(count);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Whatever is copied and shared, and however it is written.
        #[test]
        fn pieces_have_all_bytes_in_their_order(
            parts in proptest::collection::vec((any::<bool>(), 0_usize..5_000), 0..12),
            steps in proptest::collection::vec((1_usize..6, 1_usize..9_000), 1..8),
        ) {
            let mut builder = PiecesBuilder::with_capacity(10);
            let mut expected = Vec::new();
            for (number, (is_shared, length)) in parts.into_iter().enumerate() {
                let byte = u8::try_from(number).unwrap();
                let part = Bytes::from(vec![byte; length]);
                expected.extend_from_slice(&part);
                if is_shared { builder.share(part) } else { builder.copy(&part) }
                prop_assert_eq!(builder.len(), expected.len());
            }
            let pieces = builder.build();
            prop_assert_eq!(pieces.len(), expected.len());
            prop_assert!(pieces.join() == expected);
            prop_assert!(pieces == Pieces::from(Bytes::from(expected.clone())));
            prop_assert!(pieces.as_slice().iter().all(|piece| !piece.is_empty()));

            let mut unwritten = pieces.unwritten();
            let mut written = Vec::new();
            for (slices, most) in steps.into_iter().cycle() {
                if unwritten.is_empty() {
                    break;
                }
                let mut room = [IoSlice::new(&[]); 6];
                let count = unwritten.slices(&mut room[..slices]);
                prop_assert!(count > 0);
                let some: Vec<u8> =
                    room[..count].iter().flat_map(|slice| slice.iter().copied()).take(most).collect();
                unwritten.advance(some.len());
                written.extend(some);
                prop_assert_eq!(unwritten.len(), expected.len() - written.len());
            }
            prop_assert!(written == expected);
        }
    }
}
