use std::collections::HashMap;
use std::ops::Range;

use super::{ENTRY, HEADER, KEY_BITS, KEY_MASK, Metadata};
use crate::{Part, narrow, put_numbers, put_pairs, u32_at, wide};

/// How one column is made of the metadata of messages of several.
///
/// Entries that all parts share, and begin with, stay shared. The others that a part shares become
/// entries of each of its messages, in front of its own, except where a message hides them.
#[derive(Debug)]
pub(crate) struct MetadataJoin<'a> {
    messages: usize,
    keys: Keys<'a>,
    /// Entries that stay shared: the first ones of every part.
    shared: usize,
    /// Entries that messages own then.
    own: usize,
    /// Bytes of all values.
    values: usize,
    parts: Vec<Source<'a>>,
}

/// The different keys of all parts.
#[derive(Debug, Default)]
struct Keys<'a> {
    texts: Vec<&'a [u8]>,
    bytes: usize,
    index: HashMap<&'a [u8], u32>,
    /// Parts tend to have the same keys in the same order.
    expected: usize,
}

#[derive(Debug)]
struct Source<'a> {
    view: Metadata<'a>,
    rows: &'a [Range<usize>],
    keys: Renamed,
    /// The shared entries that become entries of messages.
    spread: Range<usize>,
    /// Their keys in rising order, if a message has an entry of its own with one of them.
    hidden: Option<Vec<usize>>,
}

/// For the keys of a part that are used, which ones they are among all.
#[derive(Debug)]
enum Renamed {
    Table(Vec<u32>),
    /// Where only a few of many keys are used: a message of a large batch is to cost what it has, not what the batch has.
    Few(HashMap<usize, u32>),
}

const UNUSED: u32 = u32::MAX;
/// Up to so many keys a table is always cheaper.
const SMALL: usize = 64;
const USED: &str = "all keys of entries are renamed";

impl<'a> MetadataJoin<'a> {
    pub(crate) fn of(parts: &'a [Part<'a>]) -> Self {
        let shared = common(parts);
        let mut joined =
            Self { messages: 0, keys: Keys::default(), shared, own: 0, values: 0, parts: Vec::new() };
        joined.parts.reserve(parts.len());
        for part in parts {
            let source = Source::of(part, shared, &mut joined.keys);
            let (entries, values) = source.counts();
            joined.own += entries;
            joined.values += values;
            joined.messages += part.rows.iter().map(ExactSizeIterator::len).sum::<usize>();
            joined.parts.push(source);
        }
        joined.values += joined.shared_values().len();
        joined
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.shared + self.own == 0
    }

    /// Bytes of the column.
    pub(crate) fn size(&self) -> usize {
        let ends = if self.own > 0 { self.messages * 4 } else { 0 };
        let entries = (self.shared + self.own) * ENTRY;
        HEADER + self.keys.texts.len() * 4 + ends + entries + self.keys.bytes + self.values
    }

    /// Appends the column.
    pub(crate) fn write(&self, buffer: &mut Vec<u8>) {
        // Whatever is counted below is no more than these.
        narrow(self.values);
        let keys = &self.keys.texts;
        let counts = [keys.len(), self.shared, self.own, self.keys.bytes];
        put_numbers(buffer, counts.into_iter().map(narrow));
        let mut end = 0;
        put_numbers(
            buffer,
            keys.iter().map(|key| {
                end += narrow(key.len());
                end
            }),
        );
        if self.own > 0 {
            self.write_ends(buffer);
        }
        self.write_entries(buffer);
        keys.iter().for_each(|key| buffer.extend_from_slice(key));
        buffer.extend_from_slice(self.shared_values());
        for part in &self.parts {
            part.each(&mut |entries| buffer.extend_from_slice(part.view.values_of(entries)));
        }
    }

    /// Where the entries of every message end.
    fn write_ends(&self, buffer: &mut Vec<u8>) {
        let mut total = 0_u32;
        for part in &self.parts {
            for rows in part.rows {
                let own = part.view.own_of(rows.clone());
                if !part.spread.is_empty() {
                    let ends = rows.clone().map(|row| {
                        total += narrow(part.kept(row).count() + part.view.own(row).len());
                        total
                    });
                    put_numbers(buffer, ends);
                } else if part.view.entry_ends.is_empty() {
                    put_numbers(buffer, rows.clone().map(|_| total));
                } else {
                    // Ends move by as much as the entries do, which may be down.
                    let by = total.wrapping_sub(narrow(own.start - part.view.shared));
                    let ends = part.view.entry_ends[rows.start * 4..rows.end * 4].chunks_exact(4);
                    put_numbers(buffer, ends.map(|end| u32_at(end, 0).wrapping_add(by)));
                    total += narrow(own.len());
                }
            }
        }
    }

    fn write_entries(&self, buffer: &mut Vec<u8>) {
        let mut total = 0;
        if let Some(first) = self.parts.first() {
            first.write_entries(0..self.shared, &mut total, buffer);
        }
        for part in &self.parts {
            part.each(&mut |entries| part.write_entries(entries, &mut total, buffer));
        }
    }

    fn shared_values(&self) -> &'a [u8] {
        self.parts.first().map_or(&[], |first| first.view.values_of(0..self.shared))
    }
}

impl<'a> Source<'a> {
    fn of(part: &'a Part<'a>, shared: usize, all: &mut Keys<'a>) -> Self {
        let view = part.metadata;
        let spread = shared..view.shared;
        let known = view.key_ends.len() / 4;
        let own: usize = part.rows.iter().map(|rows| view.own_of(rows.clone()).len()).sum();
        let mut keys = if known <= SMALL.max(4 * own) {
            Renamed::Table(vec![UNUSED; known])
        } else {
            Renamed::Few(HashMap::new())
        };
        for entry in 0..view.shared {
            keys.add(view.key_of(entry), &view, all);
        }
        let mut spread_keys: Vec<usize> = spread.clone().map(|entry| view.key_of(entry)).collect();
        spread_keys.sort_unstable();
        let mut hides = false;
        for rows in &part.rows {
            for entry in view.own_of(rows.clone()) {
                let key = view.key_of(entry);
                keys.add(key, &view, all);
                hides = hides || spread_keys.binary_search(&key).is_ok();
            }
        }
        Self { view, rows: &part.rows, keys, spread, hidden: hides.then_some(spread_keys) }
    }

    /// How many entries its messages have then, and the bytes of their values.
    fn counts(&self) -> (usize, usize) {
        let (mut entries, mut values) = (0, 0);
        self.each(&mut |range| {
            entries += range.len();
            values += self.view.values_of(range).len();
        });
        (entries, values)
    }

    /// The entries of its messages in order, as many at once as lie side by side.
    fn each(&self, visit: &mut impl FnMut(Range<usize>)) {
        for rows in self.rows {
            if self.spread.is_empty() {
                visit(self.view.own_of(rows.clone()));
                continue;
            }
            for row in rows.clone() {
                if self.hidden.is_some() {
                    self.kept(row).for_each(|entry| visit(entry..entry + 1));
                } else {
                    visit(self.spread.clone());
                }
                visit(self.view.own(row));
            }
        }
    }

    /// The entries that were shared and message `row` now has for itself.
    fn kept(&self, row: usize) -> impl Iterator<Item = usize> {
        let mut hidden = Vec::new();
        if let Some(keys) = &self.hidden {
            let own = self.view.own(row).map(|entry| self.view.key_of(entry));
            hidden.extend(own.filter(|key| keys.binary_search(key).is_ok()));
            hidden.sort_unstable();
        }
        self.spread.clone().filter(move |entry| hidden.binary_search(&self.view.key_of(*entry)).is_err())
    }

    /// Appends these entries; `total` is where values ended so far.
    fn write_entries(&self, entries: Range<usize>, total: &mut u32, buffer: &mut Vec<u8>) {
        let by = total.wrapping_sub(narrow(self.view.end_of(entries.start)));
        let table = self.view.entries[entries.start * ENTRY..entries.end * ENTRY].chunks_exact(ENTRY);
        let moved = |entry: &[u8]| {
            let (head, end) = (u32_at(entry, 0), u32_at(entry, 4));
            (self.keys.get(wide(head & KEY_MASK)) | head >> KEY_BITS << KEY_BITS, end.wrapping_add(by))
        };
        *total += narrow(self.view.values_of(entries).len());
        put_pairs(buffer, table.map(moved));
    }
}

impl Renamed {
    fn add<'a>(&mut self, key: usize, view: &Metadata<'a>, all: &mut Keys<'a>) {
        match self {
            Self::Table(table) if table[key] == UNUSED => table[key] = all.index(view.key_bytes(key)),
            Self::Table(_) => {}
            Self::Few(few) => {
                few.entry(key).or_insert_with(|| all.index(view.key_bytes(key)));
            }
        }
    }

    fn get(&self, key: usize) -> u32 {
        match self {
            Self::Table(table) => table[key],
            Self::Few(few) => *few.get(&key).expect(USED),
        }
    }
}

impl<'a> Keys<'a> {
    fn index(&mut self, key: &'a [u8]) -> u32 {
        if self.texts.get(self.expected) == Some(&key) {
            self.expected += 1;
            return narrow(self.expected - 1);
        }
        let next = self.texts.len();
        let index = *self.index.entry(key).or_insert_with(|| narrow(next));
        if wide(index) == next {
            assert!(next <= wide(KEY_MASK), "a batch has fewer than 2^24 different metadata keys");
            self.texts.push(key);
            self.bytes += key.len();
        }
        self.expected = wide(index) + 1;
        index
    }
}

/// How many entries all parts share and begin with.
fn common(parts: &[Part<'_>]) -> usize {
    let Some((first, others)) = parts.split_first() else { return 0 };
    let first = first.metadata;
    let same = |other: &Metadata<'_>, entry: usize| {
        first.tag_of(entry) == other.tag_of(entry)
            && first.key_bytes(first.key_of(entry)) == other.key_bytes(other.key_of(entry))
            && first.bytes_of(entry) == other.bytes_of(entry)
    };
    others.iter().fold(first.shared, |most, Part { metadata, .. }| {
        let most = most.min(metadata.shared);
        (0..most).take_while(|entry| same(metadata, *entry)).count()
    })
}
