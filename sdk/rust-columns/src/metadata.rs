mod join;
mod writer;

pub(crate) use join::{MetadataJoin, SOURCE_BYTES};
pub use writer::{MetadataKey, MetadataWriter};

use std::collections::HashSet;
use std::ops::Range;

use crate::error::{check_ends, split, utf8};
use crate::value::{LENGTHS, tag};
use crate::{LayoutError, Value, narrow, u32_at, wide};

const HEADER: usize = 16;
const ENTRY: usize = 8;
/// Where a key ends.
const KEY: usize = 4;
const KEY_BITS: u32 = 24;
const KEY_MASK: u32 = (1 << KEY_BITS) - 1;

/// A view of the metadata column.
#[derive(Debug, Clone, Copy)]
pub struct Metadata<'a> {
    key_ends: &'a [u8],
    keys: &'a [u8],
    /// Empty when no message owns an entry.
    entry_ends: &'a [u8],
    shared: usize,
    entries: &'a [u8],
    values: &'a [u8],
}

const NAME: &str = "metadata";
/// Up to so many entries a look at each is cheaper than a set.
const FEW: usize = 16;
const CHECKED: &str = "checked when the view was made";

impl<'a> Metadata<'a> {
    /// The view of a batch whose messages have no metadata.
    pub const EMPTY: Metadata<'static> =
        Metadata { key_ends: &[], keys: &[], entry_ends: &[], shared: 0, entries: &[], values: &[] };

    /// Checks and views a column for `messages` messages.
    ///
    /// # Errors
    /// When a table is too short, ends fall, a key or text is not UTF-8, a key index or tag is unknown.
    pub fn parse(column: &'a [u8], messages: u32) -> Result<Self, LayoutError> {
        let view = Self::tables(column, messages)?;
        let keys = view.key_ends.len() / 4;
        check_ends(NAME, view.key_ends, 4, 0, keys, view.keys.len())?;
        let owners = view.entry_ends.len() / 4;
        let count = view.entries.len() / ENTRY;
        check_ends(NAME, view.entry_ends, 4, 0, owners, if owners > 0 { count - view.shared } else { 0 })?;
        for key in 0..keys {
            utf8(NAME, view.key_bytes(key))?;
        }
        view.check_entries(narrow(keys))?;
        Ok(view)
    }

    /// Views a column that [`Metadata::parse`] has accepted before.
    #[must_use]
    pub fn trusted(column: &'a [u8], messages: u32) -> Self {
        Self::tables(column, messages).expect(CHECKED)
    }

    /// Finds the tables; whether there is sense in them is checked elsewhere.
    fn tables(column: &'a [u8], messages: u32) -> Result<Self, LayoutError> {
        let too_large = || LayoutError::new(NAME, "a count is too large");
        let (header, rest) = split(NAME, column, HEADER, "the header")?;
        let keys = wide(u32_at(header, 0));
        let shared = wide(u32_at(header, 4));
        let own = wide(u32_at(header, 8));
        let key_bytes = wide(u32_at(header, 12));
        let (key_ends, rest) =
            split(NAME, rest, keys.checked_mul(4).ok_or_else(too_large)?, "the table of keys")?;
        let owners = if own > 0 { wide(messages) } else { 0 };
        let (entry_ends, rest) = split(NAME, rest, owners * 4, "the table of entry ends")?;
        let count = shared.checked_add(own).ok_or_else(too_large)?;
        let table = count.checked_mul(ENTRY).ok_or_else(too_large)?;
        let (entries, rest) = split(NAME, rest, table, "the table of entries")?;
        let (keys, values) = split(NAME, rest, key_bytes, "the keys")?;
        if own > 0 && owners == 0 {
            return Err(LayoutError::new(NAME, format!("{own} entries of no message")));
        }
        Ok(Self { key_ends, keys, entry_ends, shared, entries, values })
    }

    /// Checks all entries: this is done for every message that a guest returns.
    fn check_entries(&self, keys: u32) -> Result<(), LayoutError> {
        let Some(tags) = self.tags_in_order(keys) else { return Err(self.first_problem(keys)) };
        let has = |tag: u8| tags & (1 << tag) != 0;
        let text = (has(tag::TEXT) || has(tag::JSON)) && !self.values.is_ascii();
        if text || has(tag::BOOL) {
            for entry in 0..self.entries.len() / ENTRY {
                Value::check(self.tag_of(entry), self.bytes_of(entry))?;
            }
        }
        Ok(())
    }

    /// Checks all keys, ends and lengths in one pass without a branch for each entry. The set of tags
    /// that there are, or `None` when something is wrong.
    fn tags_in_order(&self, keys: u32) -> Option<u32> {
        let (mut tags, mut wrong, mut start) = (0_u32, false, 0);
        for entry in self.entries.chunks_exact(ENTRY) {
            let (head, end) = (u32_at(entry, 0), u32_at(entry, 4));
            let (tag, key) = (head >> KEY_BITS, head & KEY_MASK);
            let (length, mask) = LENGTHS[wide(tag & 15)];
            let length_differs = (end.wrapping_sub(start) ^ length) & mask != 0;
            wrong |= key >= keys || tag > u32::from(tag::LAST) || end < start || length_differs;
            tags |= 1 << (tag & 15);
            start = end;
        }
        (!wrong && wide(start) == self.values.len()).then_some(tags)
    }

    /// What is wrong with entries that are not in order.
    #[cold]
    fn first_problem(&self, keys: u32) -> LayoutError {
        let mut start = 0;
        for (index, entry) in self.entries.chunks_exact(ENTRY).enumerate() {
            let (head, end) = (u32_at(entry, 0), wide(u32_at(entry, 4)));
            if head & KEY_MASK >= keys {
                let problem = format!("key {} of entry {index} is not one of {keys}", head & KEY_MASK);
                return LayoutError::new(NAME, problem);
            }
            let Some(bytes) = self.values.get(start..end) else {
                let problem =
                    format!("end {end} of entry {index} is before {start} or past {}", self.values.len());
                return LayoutError::new(NAME, problem);
            };
            if let Err(problem) = Value::check(entry[3], bytes) {
                return problem;
            }
            start = end;
        }
        LayoutError::new(NAME, format!("the last end is {start}, but there are {} bytes", self.values.len()))
    }

    /// Whether no message has metadata.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The value of `key` in message `index`. Keys of one message that stand twice: the last one counts.
    #[must_use]
    pub fn get(&self, index: usize, key: &str) -> Option<Value<'a>> {
        let own = self.own(index);
        let found = own
            .rev()
            .chain((0..self.shared).rev())
            .find(|entry| self.key_bytes(self.key_of(*entry)) == key.as_bytes())?;
        Some(self.value(found))
    }

    /// The entries of message `index`: the shared ones that it does not hide, then its own.
    #[must_use]
    pub fn entries(&self, index: usize) -> MetadataEntries<'a> {
        let own = self.own(index);
        // Shared entries are looked up among the message's own: in a set where there are many.
        let many = self.shared > 0 && own.len() > FEW;
        let keys = many.then(|| own.clone().map(|entry| self.key_of(entry)).collect());
        MetadataEntries { view: *self, next_shared: 0, next_own: own.start, own, keys }
    }

    /// Whether some message owns an entry, rather than sharing all of them.
    #[must_use]
    pub fn has_own_entries(&self) -> bool {
        !self.entry_ends.is_empty()
    }

    /// Bytes of keys and values of the entries that every message has.
    #[must_use]
    pub fn shared_size(&self) -> usize {
        self.size_of(0..self.shared)
    }

    /// Bytes of keys and values of the entries that message `index` owns.
    #[must_use]
    pub fn own_size(&self, index: usize) -> usize {
        self.size_of(self.own(index))
    }

    /// Bytes that the shared entries take at most when they become some of a message, each with a key of its own.
    #[must_use]
    pub fn written_shared_size(&self) -> usize {
        self.shared_size() + self.shared * KEY
    }

    /// Bytes that the entries which the messages of a range own take at most when they are written anew, each with a
    /// key of its own.
    #[must_use]
    pub fn written_own_size(&self, messages: Range<usize>) -> usize {
        let own = self.own_of(messages);
        own.len() * KEY + self.size_of(own)
    }

    /// Bytes of the keys of all entries that messages own, counted for each entry.
    #[must_use]
    pub fn own_keys_size(&self) -> usize {
        self.keys_size_of(self.shared..self.entries.len() / ENTRY)
    }

    fn size_of(&self, entries: Range<usize>) -> usize {
        self.keys_size_of(entries.clone()) + entries.len() * ENTRY + self.values_of(entries).len()
    }

    fn keys_size_of(&self, entries: Range<usize>) -> usize {
        entries.map(|entry| self.key_bytes(self.key_of(entry)).len()).sum()
    }

    /// The entries that every message has.
    pub fn shared_entries(self) -> impl Iterator<Item = (&'a str, Value<'a>)> {
        (0..self.shared).map(move |entry| (self.key(entry), self.value(entry)))
    }

    fn own(&self, index: usize) -> Range<usize> {
        self.own_of(index..index + 1)
    }

    /// The entries that the messages of a range own.
    fn own_of(&self, messages: Range<usize>) -> Range<usize> {
        if self.entry_ends.is_empty() {
            return 0..0;
        }
        let end = |messages: usize| match messages {
            0 => self.shared,
            _ => self.shared + wide(u32_at(self.entry_ends, (messages - 1) * 4)),
        };
        end(messages.start)..end(messages.end)
    }

    fn key_of(&self, entry: usize) -> usize {
        wide(u32_at(self.entries, entry * ENTRY) & KEY_MASK)
    }

    fn tag_of(&self, entry: usize) -> u8 {
        self.entries[entry * ENTRY + 3]
    }

    fn key(&self, entry: usize) -> &'a str {
        std::str::from_utf8(self.key_bytes(self.key_of(entry))).expect(CHECKED)
    }

    fn key_bytes(&self, key: usize) -> &'a [u8] {
        let start = if key == 0 { 0 } else { wide(u32_at(self.key_ends, (key - 1) * 4)) };
        &self.keys[start..wide(u32_at(self.key_ends, key * 4))]
    }

    fn bytes_of(&self, entry: usize) -> &'a [u8] {
        self.values_of(entry..entry + 1)
    }

    /// The values of these entries, which lie side by side.
    fn values_of(&self, entries: Range<usize>) -> &'a [u8] {
        &self.values[self.end_of(entries.start)..self.end_of(entries.end)]
    }

    /// Where the values of the first entries end.
    fn end_of(&self, entries: usize) -> usize {
        if entries == 0 { 0 } else { wide(u32_at(self.entries, (entries - 1) * ENTRY + 4)) }
    }

    fn value(&self, entry: usize) -> Value<'a> {
        Value::read(self.tag_of(entry), self.bytes_of(entry)).expect(CHECKED)
    }
}

/// The metadata of one message.
#[derive(Debug, Clone)]
pub struct MetadataEntries<'a> {
    view: Metadata<'a>,
    own: Range<usize>,
    keys: Option<HashSet<usize>>,
    next_shared: usize,
    next_own: usize,
}

impl<'a> Iterator for MetadataEntries<'a> {
    type Item = (&'a str, Value<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        while self.next_shared < self.view.shared {
            let entry = self.next_shared;
            self.next_shared += 1;
            let key = self.view.key_of(entry);
            let hidden = match &self.keys {
                Some(keys) => keys.contains(&key),
                None => self.own.clone().any(|own| self.view.key_of(own) == key),
            };
            if !hidden {
                return Some((self.view.key(entry), self.view.value(entry)));
            }
        }
        if self.next_own < self.own.end {
            let entry = self.next_own;
            self.next_own += 1;
            return Some((self.view.key(entry), self.view.value(entry)));
        }
        None
    }
}
