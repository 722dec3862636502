use std::collections::HashMap;

use super::{KEY_BITS, KEY_MASK};
use crate::{Value, narrow, put_numbers, put_pairs, wide};

/// A key that a [`MetadataWriter`] knows, and no other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MetadataKey(u32);

/// Writes a metadata column. Keys are stored once, however many messages have them.
#[derive(Debug, Default, Clone)]
pub struct MetadataWriter {
    keys: String,
    key_ends: Vec<u32>,
    index: HashMap<String, u32>,
    expected: usize,
    shared: EntryWriter,
    own: EntryWriter,
    entry_ends: Vec<u32>,
}

#[derive(Debug, Default, Clone)]
struct EntryWriter {
    entries: Vec<(u32, u32)>,
    values: Vec<u8>,
}

impl EntryWriter {
    fn push(&mut self, key: u32, value: &Value<'_>) {
        value.write(&mut self.values);
        self.entries.push((key | u32::from(value.tag()) << KEY_BITS, narrow(self.values.len())));
    }
}

impl MetadataWriter {
    /// Adds an entry to every message.
    pub fn push_shared(&mut self, key: &str, value: Value<'_>) {
        let key = self.key(key);
        self.shared.push(key, &value);
    }

    /// Adds an entry to the message that [`MetadataWriter::end_message`] ends next.
    pub fn push(&mut self, key: &str, value: Value<'_>) {
        let key = self.key(key);
        self.own.push(key, &value);
    }

    /// What stands for a key, so that it need not be looked up for each message.
    pub fn intern(&mut self, key: &str) -> MetadataKey {
        MetadataKey(self.key(key))
    }

    /// The same as [`MetadataWriter::push`] with a key of this writer.
    ///
    /// # Panics
    /// When the key is not one of this writer.
    pub fn push_interned(&mut self, MetadataKey(key): MetadataKey, value: Value<'_>) {
        assert!(wide(key) < self.key_ends.len(), "the key is of another writer");
        self.own.push(key, &value);
    }

    /// Ends the entries of one message. Call it once for every message, also for one without entries.
    pub fn end_message(&mut self) {
        self.entry_ends.push(narrow(self.own.entries.len()));
    }

    /// Takes back all messages but the first ones, and the entries since the last that was ended.
    pub fn truncate(&mut self, messages: usize) {
        self.entry_ends.truncate(messages);
        let entries = self.entry_ends.last().map_or(0, |end| wide(*end));
        self.own.entries.truncate(entries);
        let values = self.own.entries.last().map_or(0, |(_, end)| wide(*end));
        self.own.values.truncate(values);
    }

    /// Whether there are no entries at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.own.entries.is_empty() && self.shared.entries.is_empty()
    }

    /// Appends the column for `messages` messages to `buffer`; messages that were not ended have no
    /// entries of their own.
    pub fn write(mut self, messages: u32, buffer: &mut Vec<u8>) {
        let own = narrow(self.own.entries.len());
        self.entry_ends.resize(wide(messages), own);
        let shared = &self.shared.entries;
        let counts = [narrow(self.key_ends.len()), narrow(shared.len()), own, narrow(self.keys.len())];
        put_numbers(buffer, counts.into_iter());
        put_numbers(buffer, self.key_ends.iter().copied());
        if own > 0 {
            put_numbers(buffer, self.entry_ends.iter().copied());
        }
        let base = narrow(self.shared.values.len());
        put_pairs(buffer, shared.iter().copied());
        put_pairs(buffer, self.own.entries.iter().map(|(key, end)| (*key, end + base)));
        buffer.extend_from_slice(self.keys.as_bytes());
        buffer.extend_from_slice(&self.shared.values);
        buffer.extend_from_slice(&self.own.values);
    }

    /// The index of a key. Messages tend to have the same keys in the same order, so the key
    /// after the last one is tried before the table is asked.
    fn key(&mut self, key: &str) -> u32 {
        for guess in [self.expected, 0] {
            if guess < self.key_ends.len() && self.key_text(guess) == key {
                self.expected = guess + 1;
                return narrow(guess);
            }
        }
        let next = self.key_ends.len();
        let index = *self.index.entry(key.to_owned()).or_insert_with(|| narrow(next));
        if wide(index) == next {
            assert!(next <= wide(KEY_MASK), "a batch has fewer than 2^24 different metadata keys");
            self.keys.push_str(key);
            self.key_ends.push(narrow(self.keys.len()));
        }
        self.expected = wide(index) + 1;
        index
    }

    fn key_text(&self, key: usize) -> &str {
        let start = if key == 0 { 0 } else { wide(self.key_ends[key - 1]) };
        &self.keys[start..wide(self.key_ends[key])]
    }
}
