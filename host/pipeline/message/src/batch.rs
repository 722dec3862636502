use std::sync::Arc;

use bytes::Bytes;
use forebay_columns::{BlockWriter, ColumnId, LayoutError, Metadata, MetadataEntries, MetadataWriter, Value};

use crate::Columns;
use crate::responses::{ResponseStore, Stores};
use crate::rows::Rows;
use crate::sources::Sources;

/// Bytes that the error of a whole batch may take, in all its messages together.
const FLAGS: usize = 64 << 20;

/// An immutable sequence of messages. Cheap to clone, slice, select from and concatenate.
#[derive(Debug, Clone)]
pub struct Batch {
    parts: Vec<Rows>,
    length: u32,
    tried: Tried,
}

/// Whether messages were sent on their way before. What is made of them in a transaction has been as well.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Tried {
    #[default]
    Never,
    Before,
    /// Before, and they failed maybe because of one among those that were with them: keep them from others.
    Apart,
}

/// One message of a batch.
#[derive(Debug, Clone, Copy)]
pub struct Message<'a> {
    columns: &'a Columns,
    row: usize,
}

impl Batch {
    /// The batch of a block of columns, which must have a payload.
    ///
    /// # Errors
    /// When the block breaks the layout of `wit/plugin/columns.md`.
    pub fn from_block(block: Bytes) -> Result<Self, LayoutError> {
        Ok(Self::from_columns(Columns::from_block(block)?))
    }

    /// A batch of payloads (`None`: a tombstone) without metadata.
    pub fn from_payloads<P: AsRef<[u8]>>(
        payloads: impl IntoIterator<Item = Option<P>>,
        independent: bool,
    ) -> Self {
        Self::from_writer(write_payloads(payloads, independent))
    }

    /// A batch of payloads (`None`: a tombstone) with metadata and errors. Indexes of errors rise.
    pub fn from_parts<'p>(
        payloads: impl IntoIterator<Item = Option<&'p [u8]>>,
        independent: bool,
        metadata: MetadataWriter,
        errors: impl IntoIterator<Item = (usize, &'p str)>,
    ) -> Self {
        let mut writer = write_payloads(payloads, independent);
        if !metadata.is_empty() {
            writer.set_metadata(metadata);
        }
        for (index, error) in errors {
            writer.push_error(index, error);
        }
        Self::from_writer(writer)
    }

    /// The batch that a writer holds.
    ///
    /// # Panics
    /// When it is one without payloads.
    #[must_use]
    pub fn from_writer(writer: BlockWriter) -> Self {
        let columns = Columns::trusted(writer.finish().into());
        assert!(columns.get(ColumnId::PAYLOAD).is_some(), "a batch has payloads");
        Self::from_columns(columns)
    }

    pub(crate) fn from_columns(columns: Columns) -> Self {
        let length = columns.messages();
        Self { parts: vec![Rows::all(Arc::new(columns))], length, tried: Tried::Never }
    }

    pub(crate) fn parts(&self) -> &[Rows] {
        &self.parts
    }

    /// The number of messages.
    #[must_use]
    pub fn len(&self) -> usize {
        self.length as usize
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// Whether each message stands for itself.
    #[must_use]
    pub fn independent(&self) -> bool {
        self.parts.iter().all(|part| part.columns.independent())
    }

    /// Bytes of payloads and all that belongs to them, as far as this batch alone can tell.
    #[must_use]
    pub fn byte_size(&self) -> usize {
        let parts = self.parts.len() * size_of::<Rows>();
        let columns: usize = self
            .parts
            .iter()
            .map(|part| match part.columns.messages() {
                0 => 0,
                all => part.columns.byte_size() * part.len() as usize / all as usize,
            })
            .sum();
        parts + columns
    }

    /// Whether [`Batch::block`] has to write the messages anew.
    #[must_use]
    pub fn is_scattered(&self) -> bool {
        self.single().is_none()
    }

    /// The message at `index`.
    #[must_use]
    pub fn get(&self, index: usize) -> Option<Message<'_>> {
        let mut index = u32::try_from(index).ok()?;
        for part in &self.parts {
            if index < part.len() {
                return Some(Message { columns: &part.columns, row: part.row(index) as usize });
            }
            index -= part.len();
        }
        None
    }

    /// The messages in order.
    pub fn iter(&self) -> impl Iterator<Item = Message<'_>> {
        self.parts.iter().flat_map(|part| {
            (0..part.len()).map(|index| Message { columns: &part.columns, row: part.row(index) as usize })
        })
    }

    /// Calls `each` with the payloads in order, an empty one for a tombstone. Faster than
    /// [`Batch::iter`] where nothing else is looked at.
    pub fn each_payload(&self, mut each: impl FnMut(&[u8])) {
        for part in &self.parts {
            let payload = part.columns.payload();
            if part.is_all() {
                payload.iter().for_each(&mut each);
            } else {
                (0..part.len()).for_each(|index| each(payload.get(part.row(index) as usize)));
            }
        }
    }

    /// The messages from `start` up to and without `end`; `None` when that is out of range.
    #[must_use]
    pub fn slice(&self, start: usize, end: usize) -> Option<Self> {
        if start > end || end > self.len() {
            return None;
        }
        let (mut from, mut to) = (u32::try_from(start).ok()?, u32::try_from(end).ok()?);
        let length = to - from;
        let mut parts = Vec::new();
        for part in &self.parts {
            let (first, last) = (from.min(part.len()), to.min(part.len()));
            if first < last {
                parts.push(part.slice(first, last));
            }
            from -= first;
            to -= last;
        }
        Some(Self { parts, length, tried: self.tried })
    }

    /// The messages with these indexes, in this order; `None` when one is out of range.
    #[must_use]
    pub fn select(&self, indexes: &[u32]) -> Option<Self> {
        if indexes.iter().any(|index| *index >= self.length) {
            return None;
        }
        let length = u32::try_from(indexes.len()).ok()?;
        let starts = self.starts();
        let mut parts = Vec::new();
        let mut rest = indexes;
        while let Some(first) = rest.first() {
            let part = starts.partition_point(|start| start <= first) - 1;
            let (part, start) = (&self.parts[part], starts[part]);
            let within = start..start + part.len();
            let run = rest.iter().take_while(|index| within.contains(*index)).count();
            parts.push(part.select(rest[..run].iter().map(|index| index - start)));
            rest = &rest[run..];
        }
        Some(Self { parts, length, tried: self.tried })
    }

    /// Whether these messages were sent on their way before.
    #[must_use]
    pub fn tried(&self) -> Tried {
        self.tried
    }

    /// The same messages, sent on their way before or not.
    #[must_use]
    pub fn with_tried(mut self, tried: Tried) -> Self {
        self.tried = tried;
        self
    }

    /// All messages of several batches, one after the other; `None` past 2^32. They were tried where some of them were,
    /// and are not kept apart any more.
    #[must_use]
    pub fn concatenate(batches: &[Self]) -> Option<Self> {
        let length = batches.iter().try_fold(0_u32, |sum, batch| sum.checked_add(batch.length))?;
        let parts = batches.iter().flat_map(|batch| &batch.parts).filter(|part| part.len() > 0);
        let tried = if batches.iter().all(|batch| batch.tried == Tried::Never) {
            Tried::Never
        } else {
            Tried::Before
        };
        Some(Self { parts: parts.cloned().collect(), length, tried })
    }

    /// The first error that a message is flagged with, and how many are flagged.
    #[must_use]
    pub fn errors(&self) -> Option<(&str, usize)> {
        if self.mask() & ColumnId::ERRORS.bit() == 0 {
            return None;
        }
        let mut errors = self.iter().filter_map(|message| message.error());
        let first = errors.next()?;
        Some((first, 1 + errors.count()))
    }

    /// This batch with these errors in place of its own. Indexes rise.
    #[must_use]
    pub fn with_errors<'e>(&self, errors: impl IntoIterator<Item = (usize, &'e str)>) -> Self {
        let mut writer = BlockWriter::without_payload(self.len());
        writer.set_errors(forebay_columns::SparseWriter::default());
        for (index, error) in errors {
            writer.push_error(index, error);
        }
        self.replace(writer)
    }

    /// This batch with these traces in place of its own. Indexes rise.
    #[must_use]
    pub fn with_traces<'t>(&self, traces: impl IntoIterator<Item = (usize, &'t str)>) -> Self {
        let mut writer = BlockWriter::without_payload(self.len());
        for (index, trace) in traces {
            writer.push_trace(index, trace);
        }
        let mut columns = self.joined();
        columns.remove(ColumnId::TRACES);
        Self::from_columns(columns).replace(writer)
    }

    /// This batch with empty payloads, none of which is a tombstone, and without errors.
    #[must_use]
    pub fn emptied(&self) -> Self {
        let mut writer = BlockWriter::with_capacity(self.len(), 0);
        (0..self.len()).for_each(|_| writer.push(b""));
        writer.set_errors(forebay_columns::SparseWriter::default());
        let mut emptied = self.replace(writer).joined();
        emptied.remove(ColumnId::NULLS);
        Self::from_columns(emptied).with_tried(self.tried)
    }

    /// This batch with every message flagged with the same error.
    #[must_use]
    pub fn flagged(&self, error: &str) -> Self {
        // The text is stored once for each message.
        let mut end = error.len().min((FLAGS / self.len().max(1)).clamp(64, 4096));
        while !error.is_char_boundary(end) {
            end -= 1;
        }
        let error = &error[..end];
        self.with_errors((0..self.len()).map(|index| (index, error)))
    }

    /// This batch with entries added to the metadata of every message, in place of those with the same key.
    #[must_use]
    pub fn with_metadata(&self, entries: &[(String, Value<'_>)]) -> Self {
        let mut metadata = MetadataWriter::default();
        let plain = self.parts.iter().all(|part| part.columns.metadata().is_empty());
        if plain {
            for (key, value) in entries {
                metadata.push_shared(key, *value);
            }
        } else {
            for message in self.iter() {
                let kept =
                    message.metadata_entries().filter(|(key, _)| entries.iter().all(|(new, _)| new != key));
                kept.for_each(|(key, value)| metadata.push(key, value));
                entries.iter().for_each(|(key, value)| metadata.push(key, *value));
                metadata.end_message();
            }
        }
        let mut writer = BlockWriter::without_payload(self.len());
        writer.set_metadata(metadata);
        self.replace(writer)
    }

    /// This batch, marked as messages that stand for themselves or as one that belongs together: all of it, where it
    /// was put together from both.
    #[must_use]
    pub fn with_independent(&self, independent: bool) -> Self {
        self.with_changed(|columns| {
            let mut columns = Arc::clone(columns);
            if columns.independent() != independent {
                Arc::make_mut(&mut columns).set_independent(independent);
            }
            columns
        })
    }

    /// This batch with the columns that `writer` has in place of its own.
    fn replace(&self, writer: BlockWriter) -> Self {
        let mut columns = self.joined();
        let replacement = Columns::trusted(writer.finish().into());
        columns.take(&replacement, u32::MAX);
        Self::from_columns(columns).with_tried(self.tried)
    }

    /// Whether somebody may wait for responses to its messages.
    pub(crate) fn has_responses(&self) -> bool {
        self.parts.iter().any(|part| !matches!(part.columns.stores(), Stores::None))
    }

    /// Where the response to a message goes.
    pub(crate) fn store(&self, index: usize) -> Option<&ResponseStore> {
        let Message { columns, row } = self.get(index)?;
        columns.stores().get(row)
    }

    /// This batch with the stores of its columns replaced.
    pub(crate) fn with_stores(&self, stores: &Stores) -> Self {
        self.with_changed(|columns| Arc::new(Columns::clone(columns).with_stores(stores.clone())))
    }

    /// This batch, of changed columns.
    fn with_changed(&self, change: impl Fn(&Arc<Columns>) -> Arc<Columns>) -> Self {
        Self { parts: Sources::of(&self.parts).changed(change), length: self.length, tried: self.tried }
    }

    /// The mask of all columns that some part has.
    pub(crate) fn mask(&self) -> u32 {
        self.parts.iter().fold(0, |mask, part| mask | part.columns.mask())
    }

    /// The index of the first message of every part, none of which is empty where there are several.
    fn starts(&self) -> Vec<u32> {
        let start = |next: &mut u32, part: &Rows| {
            let start = *next;
            *next += part.len();
            Some(start)
        };
        self.parts.iter().scan(0, start).collect()
    }
}

impl<'a> Message<'a> {
    /// The payload; `None` for a tombstone.
    #[must_use]
    pub fn payload(&self) -> Option<&'a [u8]> {
        let null = self.columns.nulls().is_some_and(|nulls| nulls.get(self.row));
        (!null).then(|| self.columns.payload().get(self.row))
    }

    /// The value of a metadata key.
    #[must_use]
    pub fn metadata(&self, key: &str) -> Option<Value<'a>> {
        self.view().get(self.row, key)
    }

    /// All metadata.
    #[must_use]
    pub fn metadata_entries(&self) -> MetadataEntries<'a> {
        self.view().entries(self.row)
    }

    /// The error that the message is flagged with.
    #[must_use]
    pub fn error(&self) -> Option<&'a str> {
        self.columns.sparse(ColumnId::ERRORS)?.get(self.row)
    }

    /// The W3C `traceparent` of the message.
    #[must_use]
    pub fn trace(&self) -> Option<&'a str> {
        self.columns.sparse(ColumnId::TRACES)?.get(self.row)
    }

    fn view(&self) -> Metadata<'a> {
        self.columns.metadata()
    }
}

fn write_payloads<P: AsRef<[u8]>>(
    payloads: impl IntoIterator<Item = Option<P>>,
    independent: bool,
) -> BlockWriter {
    let payloads = payloads.into_iter();
    let mut writer = BlockWriter::with_capacity(payloads.size_hint().0, 0);
    writer.set_independent(independent);
    for payload in payloads {
        match payload {
            Some(payload) => writer.push(payload.as_ref()),
            None => writer.push_null(),
        }
    }
    writer
}
