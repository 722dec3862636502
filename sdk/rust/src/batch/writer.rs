use forebay_columns::{Block, BlockWriter, ColumnId, MetadataWriter, SparseWriter, Value, assemble};

use super::{Batch, Origins, Processed, narrow};

/// Writes the results of a batch, message by message, each from one source message.
///
/// A column is sent to the host when some message changed it; what all results keep is taken from
/// the source by the host. For each result: write what changes, then [`BatchWriter::end`].
#[derive(Debug)]
pub struct BatchWriter<'a> {
    source: &'a Batch,
    block: BlockWriter,
    /// Where payloads start in the buffer of a block without messages.
    start: usize,
    /// For every result, the message that it comes from.
    origins: Vec<u32>,
    /// Whether the block has the payloads of all results, because some result has a new one.
    has_payloads: bool,
    /// Whether it has the metadata of all results, likewise.
    metadata: Option<MetadataWriter>,
    /// New errors of results; `None` takes the error away.
    errors: Vec<(usize, Option<String>)>,
    current: Current,
}

/// What was said of the result that is ended next.
#[derive(Debug, Default)]
struct Current {
    payload: Change,
    metadata: bool,
    error: Option<Option<String>>,
    dropped: bool,
}

#[derive(Debug, Default, PartialEq, Eq)]
enum Change {
    #[default]
    Kept,
    Written,
    Tombstone,
}

impl<'a> BatchWriter<'a> {
    pub(super) fn new(source: &'a Batch) -> Self {
        let messages = source.len();
        let mut block = BlockWriter::with_capacity(messages, source.room_ahead());
        block.set_independent(source.independent());
        Self {
            source,
            start: block.payload().len(),
            block,
            origins: Vec::with_capacity(messages),
            has_payloads: false,
            metadata: None,
            errors: Vec::new(),
            current: Current::default(),
        }
    }

    /// The end of the new payload of this result: append to it, and do nothing else.
    pub fn payload(&mut self) -> &mut Vec<u8> {
        self.current.payload = Change::Written;
        self.block.payload()
    }

    /// Makes this result a tombstone: a message without a payload.
    pub fn tombstone(&mut self) {
        self.block.discard();
        self.current.payload = Change::Tombstone;
    }

    /// Keeps the payload of the source message after all.
    pub fn keep_payload(&mut self) {
        self.block.discard();
        self.current.payload = Change::Kept;
    }

    /// Replaces the metadata of this result. Call it at most once for a result, which must not be
    /// dropped or discarded any more.
    pub fn replace_metadata<'v, K: AsRef<str>>(&mut self, entries: impl IntoIterator<Item = (K, Value<'v>)>) {
        let writer = self.metadata.get_or_insert_with(|| copy_metadata(self.source, &self.origins));
        for (key, value) in entries {
            writer.push(key.as_ref(), value);
        }
        self.current.metadata = true;
    }

    /// Flags this result with an error.
    pub fn flag(&mut self, error: &str) {
        self.current.error = Some(Some(error.to_owned()));
    }

    /// Takes the error of this result away.
    pub fn clear_error(&mut self) {
        self.current.error = Some(None);
    }

    /// Drops the message on purpose: the next [`BatchWriter::end`] adds no result.
    pub fn drop_message(&mut self) {
        self.current.dropped = true;
    }

    /// Takes back all that was said of this result.
    pub fn discard(&mut self) {
        self.block.discard();
        self.current = Current::default();
    }

    /// How many results were ended.
    #[must_use]
    pub fn results(&self) -> usize {
        self.origins.len()
    }

    /// Takes back all results but the first ones, and all that was said of the next one: what has been made of a
    /// message can be given up when its rest turns out to be broken.
    pub fn truncate(&mut self, results: usize) {
        self.discard();
        let results = results.min(self.origins.len());
        self.origins.truncate(results);
        if self.has_payloads {
            self.block.truncate(results);
        }
        if let Some(metadata) = &mut self.metadata {
            metadata.truncate(results);
        }
        self.errors.retain(|(index, _)| *index < results);
    }

    /// Ends this result, which comes from the source message with this index.
    pub fn end(&mut self, source: usize) {
        let Current { payload, metadata, error, dropped } = std::mem::take(&mut self.current);
        if dropped {
            self.block.discard();
            return;
        }
        self.end_payload(payload, source);
        if let Some(writer) = &mut self.metadata {
            if !metadata {
                copy_entries(self.source, source, writer);
            }
            writer.end_message();
        }
        if let Some(error) = error {
            self.errors.push((self.origins.len(), error));
        }
        self.origins.push(narrow(source));
    }

    /// Adds a source message as it is.
    pub fn keep(&mut self, source: usize) {
        self.discard();
        self.end(source);
    }

    /// The results, each from the message that it was ended with.
    #[must_use]
    pub fn finish(self) -> Processed {
        let rising = self.origins.iter().enumerate().all(|(index, source)| narrow(index) == *source);
        let same = rising && self.origins.len() == self.source.len();
        let origins = if same { Origins::Same } else { Origins::Each(self.origins.clone()) };
        let batch = self.derive(&origins);
        Processed { batch, origins }
    }

    /// The results, each of which depends on all of the source.
    #[must_use]
    pub fn finish_whole(self) -> Processed {
        let from = Origins::Each(self.origins.clone());
        Processed { batch: self.derive(&from), origins: Origins::Whole }
    }

    fn end_payload(&mut self, change: Change, source: usize) {
        if change == Change::Kept {
            self.block.discard();
            if self.has_payloads {
                copy_payload(self.source, source, &mut self.block);
            }
            return;
        }
        if !self.has_payloads {
            self.has_payloads = true;
            if !self.origins.is_empty() {
                self.copy_earlier_payloads(&change);
                return;
            }
            // Nothing was fetched when this writer was made. Without that room the buffer grows as it is written.
            let _ = self.block.payload().try_reserve(self.source.room_ahead());
        }
        match change {
            Change::Tombstone => self.block.push_null(),
            Change::Kept | Change::Written => self.block.end_message(),
        }
    }

    /// The first new payload after results that kept theirs: those come before it.
    fn copy_earlier_payloads(&mut self, change: &Change) {
        let mut earlier = BlockWriter::with_capacity(self.source.len(), self.source.room_ahead());
        earlier.set_independent(self.source.independent());
        for source in &self.origins {
            copy_payload(self.source, *source as usize, &mut earlier);
        }
        if *change == Change::Tombstone {
            earlier.push_null();
        } else {
            earlier.push(&self.block.payload()[self.start..]);
        }
        self.block = earlier;
    }

    fn derive(self, origins: &Origins) -> Batch {
        let Self { source, block, origins: sources, has_payloads, metadata, errors, .. } = self;
        let mut block = if has_payloads {
            block
        } else {
            let mut block = BlockWriter::without_payload(sources.len());
            block.set_independent(source.independent());
            block
        };
        if let Some(metadata) = metadata {
            block.set_metadata(metadata);
        }
        if !errors.is_empty() {
            block.set_errors(merge_errors(source, &sources, errors));
        }
        let mut columns = block.finish();
        if has_payloads && source.payload_columns().nulls().is_some() {
            columns = with_nulls(columns);
        }
        source.derive(columns, origins)
    }
}

fn copy_payload(source: &Batch, index: usize, block: &mut BlockWriter) {
    match source.message(index).payload() {
        Some(payload) => block.push(payload),
        None => block.push_null(),
    }
}

fn copy_metadata(source: &Batch, origins: &[u32]) -> MetadataWriter {
    let mut writer = MetadataWriter::default();
    for index in origins {
        copy_entries(source, *index as usize, &mut writer);
        writer.end_message();
    }
    writer
}

fn copy_entries(source: &Batch, index: usize, writer: &mut MetadataWriter) {
    for (key, value) in source.message(index).metadata_entries() {
        writer.push(key, value);
    }
}

/// The errors of all results: the new ones, and those that the others bring along.
fn merge_errors(source: &Batch, origins: &[u32], changes: Vec<(usize, Option<String>)>) -> SparseWriter {
    let mut writer = SparseWriter::default();
    let mut changes = changes.into_iter().peekable();
    for (index, origin) in origins.iter().enumerate() {
        let changed = changes.next_if(|(changed, _)| *changed == index);
        let error = match &changed {
            Some((_, error)) => error.as_deref(),
            None => source.message(*origin as usize).error(),
        };
        if let Some(error) = error {
            writer.push(index, error);
        }
    }
    writer
}

/// Adds a nulls column without nulls where there is none. Otherwise the host would take that of the
/// source, which has tombstones, beside the new payloads.
fn with_nulls(columns: Vec<u8>) -> Vec<u8> {
    let Ok(block) = Block::parse(&columns) else { return columns };
    if block.column(ColumnId::NULLS).is_some() {
        return columns;
    }
    let zeros = vec![0; block.messages().div_ceil(8) as usize];
    let mut parts: Vec<(ColumnId, &[u8])> =
        block.columns().iter().map(|entry| (entry.id, &columns[entry.range.clone()])).collect();
    parts.insert(parts.partition_point(|(id, _)| *id < ColumnId::NULLS), (ColumnId::NULLS, &zeros));
    assemble(block.messages(), block.independent(), &parts)
}
