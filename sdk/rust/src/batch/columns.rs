use forebay_columns::{Block, ColumnId, LayoutError, Metadata, Nulls, Payload, Sparse};

use super::Handle;

/// Columns that were fetched, with views of them that were checked once.
///
/// The views borrow from `bytes` and live as long as it: their lifetime, which Rust can't name, is
/// written `'static` here and shortened to that of the borrow by every getter.
pub(super) struct Columns {
    payload: Payload<'static>,
    nulls: Option<Nulls<'static>>,
    metadata: Metadata<'static>,
    errors: Option<Sparse<'static>>,
    traces: Option<Sparse<'static>>,
    /// Last, so that it is dropped last; never changed.
    _bytes: Box<[u8]>,
}

impl Columns {
    /// Fetches the columns of `mask`.
    pub(super) fn fetch(handle: &Handle, mask: u32) -> Self {
        Self::parse(handle.columns(mask), mask).expect("the host keeps the layout of columns")
    }

    fn parse(bytes: Vec<u8>, mask: u32) -> Result<Self, LayoutError> {
        let bytes = bytes.into_boxed_slice();
        #[expect(unsafe_code, reason = "the views refer to bytes beside them")]
        // SAFETY: `bytes` lies on the heap and stays there, unchanged, until after the views were
        // dropped. The views leave `self` by the getters alone, which bind them to its borrow.
        let view: &'static [u8] = unsafe { std::slice::from_raw_parts(bytes.as_ptr(), bytes.len()) };
        let block = Block::parse(view)?;
        let wanted = |id: ColumnId| mask & id.bit() != 0;
        let payload = if wanted(ColumnId::PAYLOAD) { block.payload()? } else { Payload::parse(&[], 0)? };
        let nulls = if wanted(ColumnId::NULLS) { block.nulls()? } else { None };
        let metadata = if wanted(ColumnId::METADATA) { block.metadata()? } else { Metadata::EMPTY };
        let errors = if wanted(ColumnId::ERRORS) { block.errors()? } else { None };
        let traces = if wanted(ColumnId::TRACES) { block.traces()? } else { None };
        Ok(Self { payload, nulls, metadata, errors, traces, _bytes: bytes })
    }

    pub(super) fn payload(&self) -> Payload<'_> {
        self.payload
    }

    pub(super) fn nulls(&self) -> Option<Nulls<'_>> {
        self.nulls
    }

    pub(super) fn metadata(&self) -> Metadata<'_> {
        self.metadata
    }

    pub(super) fn errors(&self) -> Option<Sparse<'_>> {
        self.errors
    }

    pub(super) fn traces(&self) -> Option<Sparse<'_>> {
        self.traces
    }
}
