use bytes::Bytes;
use forebay_columns::{Block, ColumnId, LayoutError, Metadata, Nulls, Payload, Sparse};

use crate::responses::Stores;

/// The columns of some messages, each a slice of shared memory that was checked when it came in.
///
/// Invariant: every column keeps its layout for `messages` messages, and the payload is there.
#[derive(Debug, Clone)]
pub struct Columns {
    messages: u32,
    independent: bool,
    /// In rising order of ids.
    columns: Vec<(ColumnId, Bytes)>,
    /// The bytes of the block that the payload came in, which stays in memory with it, also when all else was replaced.
    payload_block: usize,
    /// The block that columns came in, while none of those in it was replaced since.
    block: Option<(Bytes, u32)>,
    /// Where responses to the messages go, which no guest sees.
    stores: Stores,
}

impl Columns {
    /// Takes the columns of a block, which must have a payload.
    ///
    /// # Errors
    /// When the block breaks the layout.
    pub(crate) fn from_block(block: Bytes) -> Result<Self, LayoutError> {
        Block::parse(&block)?.payload()?;
        Self::from_partial_block(block)
    }

    /// Takes the columns of a block that may lack a payload.
    pub(crate) fn from_partial_block(block: Bytes) -> Result<Self, LayoutError> {
        let parsed = Block::parse(&block)?;
        parsed.check()?;
        Ok(Self::of(&parsed, &block))
    }

    /// Takes the columns of a block that was written here, and may lack a payload.
    pub(crate) fn trusted(block: Bytes) -> Self {
        let parsed = Block::parse(&block).expect(WRITTEN);
        debug_assert_eq!(parsed.check(), Ok(()), "{WRITTEN}");
        Self::of(&parsed, &block)
    }

    fn of(parsed: &Block<'_>, block: &Bytes) -> Self {
        let columns: Vec<_> =
            parsed.columns().iter().map(|entry| (entry.id, block.slice(entry.range.clone()))).collect();
        let (messages, independent) = (parsed.messages(), parsed.independent());
        let mask = mask_of(&columns);
        let payload_block = if mask & ColumnId::PAYLOAD.bit() == 0 { 0 } else { block.len() };
        let (block, stores) = (Some((block.clone(), mask)), Stores::None);
        Self { messages, independent, columns, payload_block, block, stores }
    }

    pub(crate) fn messages(&self) -> u32 {
        self.messages
    }

    pub(crate) fn independent(&self) -> bool {
        self.independent
    }

    pub(crate) fn set_independent(&mut self, independent: bool) {
        if self.independent != independent {
            self.independent = independent;
            self.block = None;
        }
    }

    pub(crate) fn stores(&self) -> &Stores {
        &self.stores
    }

    pub(crate) fn with_stores(self, stores: Stores) -> Self {
        Self { stores, ..self }
    }

    pub(crate) fn get(&self, id: ColumnId) -> Option<&Bytes> {
        self.columns.iter().find(|(column, _)| *column == id).map(|(_, bytes)| bytes)
    }

    /// The bytes that stay in memory with a payload, as long as there is anything of it.
    pub(crate) fn payload_block(&self) -> usize {
        self.payload_block
    }

    /// Takes those columns of `mask` that `others` has, and that keep the layout.
    pub(crate) fn take(&mut self, others: &Self, mask: u32) {
        for (id, bytes) in others.columns.iter().filter(|(id, _)| mask & id.bit() != 0) {
            self.set(*id, bytes.clone());
            if *id == ColumnId::PAYLOAD {
                self.payload_block = others.payload_block;
            }
        }
    }

    /// Sets a column that keeps the layout.
    pub(crate) fn set(&mut self, id: ColumnId, bytes: Bytes) {
        match self.columns.binary_search_by_key(&id, |(column, _)| *column) {
            Ok(at) => self.columns[at].1 = bytes,
            Err(at) => self.columns.insert(at, (id, bytes)),
        }
        if self.block.as_ref().is_some_and(|(_, mask)| mask & id.bit() != 0) {
            self.block = None;
        }
    }

    pub(crate) fn remove(&mut self, id: ColumnId) {
        if self.mask() & id.bit() != 0 {
            self.columns.retain(|(column, _)| *column != id);
            self.block = None;
        }
    }

    /// The mask of all columns that there are.
    pub(crate) fn mask(&self) -> u32 {
        mask_of(&self.columns)
    }

    /// A block with at least the columns of `mask`, and none that is not of this batch.
    pub(crate) fn block(&self, mask: u32) -> Bytes {
        if let Some((block, within)) = &self.block
            && mask & self.mask() & !within == 0
        {
            return block.clone();
        }
        let wanted: Vec<(ColumnId, &[u8])> = self
            .columns
            .iter()
            .filter(|(id, _)| mask & id.bit() != 0)
            .map(|(id, bytes)| (*id, bytes.as_ref()))
            .collect();
        forebay_columns::assemble(self.messages, self.independent, &wanted).into()
    }

    pub(crate) fn payload(&self) -> Payload<'_> {
        let column = self.get(ColumnId::PAYLOAD).expect("checked when the columns were made");
        Payload::trusted(column, self.messages)
    }

    pub(crate) fn nulls(&self) -> Option<Nulls<'_>> {
        self.get(ColumnId::NULLS).map(|column| Nulls::parse(column, self.messages).expect(CHECKED))
    }

    pub(crate) fn metadata(&self) -> Metadata<'_> {
        match self.get(ColumnId::METADATA) {
            Some(column) => Metadata::trusted(column, self.messages),
            None => Metadata::EMPTY,
        }
    }

    pub(crate) fn sparse(&self, id: ColumnId) -> Option<Sparse<'_>> {
        self.get(id).map(|column| Sparse::trusted(column))
    }

    pub(crate) fn byte_size(&self) -> usize {
        self.columns.iter().map(|(_, bytes)| bytes.len()).sum()
    }
}

const CHECKED: &str = "checked when the columns were made";
const WRITTEN: &str = "a writer keeps the layout";

fn mask_of(columns: &[(ColumnId, Bytes)]) -> u32 {
    columns.iter().fold(0, |mask, (id, _)| mask | id.bit())
}
