/// The fields of one record.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Row {
    /// All fields, one after the other.
    text: Vec<u8>,
    /// Where each ends.
    ends: Vec<usize>,
}

impl Row {
    /// How many fields there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// A field; empty where there is none.
    #[must_use]
    pub fn field(&self, index: usize) -> &[u8] {
        let start = index.checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or(0);
        let end = self.ends.get(index).copied().unwrap_or(start);
        self.text.get(start..end).unwrap_or_default()
    }

    pub fn fields(&self) -> impl ExactSizeIterator<Item = &[u8]> {
        (0..self.len()).map(|index| self.field(index))
    }

    pub(crate) fn clear(&mut self) {
        self.text.clear();
        self.ends.clear();
    }

    /// Appends to the field that ends next.
    pub(crate) fn extend(&mut self, text: &[u8]) {
        self.text.extend_from_slice(text);
    }

    pub(crate) fn end_field(&mut self) {
        self.ends.push(self.text.len());
    }

    /// Takes back what was appended since the last field ended.
    pub(crate) fn drop_unfinished(&mut self) {
        self.text.truncate(self.ends.last().copied().unwrap_or(0));
    }

    /// How many bytes it takes.
    pub(crate) fn size(&self) -> usize {
        self.text.len() + self.ends.len() * size_of::<usize>()
    }
}
