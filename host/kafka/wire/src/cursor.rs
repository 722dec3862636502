/// A place in bytes from outside: every step says whether there was enough.
#[derive(Debug, Clone)]
pub(crate) struct Cursor<'a>(&'a [u8]);

/// Bytes that end inside of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the bytes end inside of a field")]
pub struct Ended;

impl<'a> Cursor<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub(crate) fn remaining(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn byte(&mut self) -> Result<u8, Ended> {
        let (&first, rest) = self.0.split_first().ok_or(Ended)?;
        self.0 = rest;
        Ok(first)
    }

    pub(crate) fn take(&mut self, count: usize) -> Result<&'a [u8], Ended> {
        let (taken, rest) = self.0.split_at_checked(count).ok_or(Ended)?;
        self.0 = rest;
        Ok(taken)
    }

    pub(crate) fn i16(&mut self) -> Result<i16, Ended> {
        self.chunk().map(i16::from_be_bytes)
    }

    pub(crate) fn i32(&mut self) -> Result<i32, Ended> {
        self.chunk().map(i32::from_be_bytes)
    }

    fn chunk<const N: usize>(&mut self) -> Result<[u8; N], Ended> {
        let (chunk, rest) = self.0.split_first_chunk::<N>().ok_or(Ended)?;
        self.0 = rest;
        Ok(*chunk)
    }
}
