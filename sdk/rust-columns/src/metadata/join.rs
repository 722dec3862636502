use std::collections::HashMap;
use std::ops::Range;

use super::{ENTRY, HEADER, KEY_BITS, KEY_MASK, Metadata};
use crate::{Run, Source, narrow, put_numbers, put_pairs, u32_at, wide};

/// How one column is made of the metadata of messages of several.
///
/// Entries that all sources share, and begin with, stay shared. The others that a source shares become
/// entries of each of its messages, in front of its own, except where a message hides them.
#[derive(Debug)]
pub(crate) struct MetadataJoin<'a, R> {
    runs: R,
    messages: usize,
    keys: Keys<'a>,
    /// Entries that stay shared: the first ones of every source.
    shared: usize,
    /// Entries that messages own then.
    own: usize,
    /// Bytes of all values.
    values: usize,
    origins: Vec<Origin<'a>>,
}

/// The different keys of all sources.
#[derive(Debug, Default)]
struct Keys<'a> {
    texts: Vec<&'a [u8]>,
    bytes: usize,
    index: HashMap<&'a [u8], u32>,
    /// Sources tend to have the same keys in the same order.
    expected: usize,
}

/// The metadata of one source.
#[derive(Debug)]
struct Origin<'a> {
    view: &'a Metadata<'a>,
    keys: Renamed,
    /// The shared entries that become entries of messages.
    spread: Range<usize>,
    /// Their keys in rising order.
    spread_keys: Vec<usize>,
    /// Whether a message has an entry of its own with one of them.
    hides: bool,
}

/// For the keys of a source that are used, which ones they are among all.
#[derive(Debug)]
enum Renamed {
    Table(Vec<u32>),
    /// Where only a few of many keys are used: a message of a large batch is to cost what it has, not what the batch has.
    Few(HashMap<usize, u32>),
}

const UNUSED: u32 = u32::MAX;
/// Up to so many keys a table is always cheaper.
const SMALL: usize = 64;
/// Bytes that are kept for a source at most, besides what entries account for.
pub(crate) const SOURCE_BYTES: usize =
    size_of::<Origin<'_>>() + size_of::<usize>() + SMALL * size_of::<u32>();
const USED: &str = "all keys of entries are renamed";

impl<'a, R: Iterator<Item = Run> + Clone> MetadataJoin<'a, R> {
    /// Of the `messages` messages of `runs`.
    pub(crate) fn of(sources: &'a [Source<'a>], runs: R, messages: usize) -> Self {
        let shared = common(sources);
        let mut own = vec![0; sources.len()];
        for Run { source, rows } in runs.clone() {
            own[source] += sources[source].metadata.own_of(rows).len();
        }
        let mut keys = Keys::default();
        let origin =
            |(source, own): (&'a Source<'a>, usize)| Origin::of(&source.metadata, shared, own, &mut keys);
        let mut origins: Vec<_> = sources.iter().zip(own).map(origin).collect();
        for Run { source, rows } in runs.clone() {
            origins[source].rename(rows, &mut keys);
        }
        let mut joined = Self { runs, messages, keys, shared, own: 0, values: 0, origins };
        let (mut own, mut values) = (0, joined.shared_values().len());
        joined.each(|origin, entries| {
            own += entries.len();
            values += origin.view.values_of(entries).len();
        });
        (joined.own, joined.values) = (own, values);
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
        self.each(|origin, entries| buffer.extend_from_slice(origin.view.values_of(entries)));
    }

    /// Writes where the entries of every message end.
    fn write_ends(&self, buffer: &mut Vec<u8>) {
        let mut total = 0_u32;
        for Run { source, rows } in self.runs.clone() {
            let origin = &self.origins[source];
            let view = origin.view;
            let own = view.own_of(rows.clone());
            if !origin.spread.is_empty() {
                let ends = rows.map(|row| {
                    total += narrow(origin.kept(row).count() + view.own(row).len());
                    total
                });
                put_numbers(buffer, ends);
            } else if view.entry_ends.is_empty() {
                put_numbers(buffer, rows.map(|_| total));
            } else {
                // Ends move by as much as the entries do, which may be down.
                let by = total.wrapping_sub(narrow(own.start - view.shared));
                let ends = view.entry_ends[rows.start * 4..rows.end * 4].chunks_exact(4);
                put_numbers(buffer, ends.map(|end| u32_at(end, 0).wrapping_add(by)));
                total += narrow(own.len());
            }
        }
    }

    fn write_entries(&self, buffer: &mut Vec<u8>) {
        let mut total = 0;
        if let Some(first) = self.origins.first() {
            first.write_entries(0..self.shared, &mut total, buffer);
        }
        self.each(|origin, entries| origin.write_entries(entries, &mut total, buffer));
    }

    /// The entries of the messages in order, as many at once as lie side by side in an origin.
    fn each(&self, mut visit: impl FnMut(&Origin<'a>, Range<usize>)) {
        for Run { source, rows } in self.runs.clone() {
            let origin = &self.origins[source];
            origin.each(rows, &mut |entries| visit(origin, entries));
        }
    }

    fn shared_values(&self) -> &'a [u8] {
        self.origins.first().map_or(&[], |first| first.view.values_of(0..self.shared))
    }
}

impl<'a> Origin<'a> {
    /// Of a source whose messages have `own` entries together.
    fn of(view: &'a Metadata<'a>, shared: usize, own: usize, all: &mut Keys<'a>) -> Self {
        let spread = shared..view.shared;
        let known = view.key_ends.len() / 4;
        let mut keys = if known <= SMALL.max(4 * own) {
            Renamed::Table(vec![UNUSED; known])
        } else {
            Renamed::Few(HashMap::new())
        };
        for entry in 0..view.shared {
            keys.add(view.key_of(entry), view, all);
        }
        let mut spread_keys: Vec<usize> = spread.clone().map(|entry| view.key_of(entry)).collect();
        spread_keys.sort_unstable();
        Self { view, keys, spread, spread_keys, hides: false }
    }

    /// Takes the keys of these messages along.
    fn rename(&mut self, rows: Range<usize>, all: &mut Keys<'a>) {
        for entry in self.view.own_of(rows) {
            let key = self.view.key_of(entry);
            self.keys.add(key, self.view, all);
            self.hides = self.hides || self.spread_keys.binary_search(&key).is_ok();
        }
    }

    /// The entries of these messages in order, as many at once as lie side by side.
    fn each(&self, rows: Range<usize>, visit: &mut impl FnMut(Range<usize>)) {
        if self.spread.is_empty() {
            visit(self.view.own_of(rows));
            return;
        }
        for row in rows {
            if self.hides {
                self.kept(row).for_each(|entry| visit(entry..entry + 1));
            } else {
                visit(self.spread.clone());
            }
            visit(self.view.own(row));
        }
    }

    /// The entries that were shared and message `row` now has for itself.
    fn kept(&self, row: usize) -> impl Iterator<Item = usize> {
        let mut hidden = Vec::new();
        if self.hides {
            let own = self.view.own(row).map(|entry| self.view.key_of(entry));
            hidden.extend(own.filter(|key| self.spread_keys.binary_search(key).is_ok()));
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

/// How many entries all sources share and begin with.
fn common(sources: &[Source<'_>]) -> usize {
    let Some((first, others)) = sources.split_first() else { return 0 };
    let first = first.metadata;
    let same = |other: &Metadata<'_>, entry: usize| {
        first.tag_of(entry) == other.tag_of(entry)
            && first.key_bytes(first.key_of(entry)) == other.key_bytes(other.key_of(entry))
            && first.bytes_of(entry) == other.bytes_of(entry)
    };
    others.iter().fold(first.shared, |most, Source { metadata, .. }| {
        let most = most.min(metadata.shared);
        (0..most).take_while(|entry| same(metadata, *entry)).count()
    })
}
