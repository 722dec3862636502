//! The search for matches. Everything that is compressed is in memory, so positions are simply places in it.

use super::tokens::Tokens;

const BITS: u32 = 15;
const SIZE: usize = 1 << BITS;
/// The farthest a match may lie back, and one that is as far as that is not taken.
const REACH: usize = 1 << 15;
/// So many bytes at the end are not looked at.
const MARGIN: usize = 11;
/// The longest match that is compared at once.
const COMPARED: usize = 254;

/// A place in the bytes plus one; zero is none.
type Place = u32;

pub(super) struct Finder<'b> {
    bytes: &'b [u8],
    /// The last place of every hash of four bytes.
    short: Vec<Place>,
    /// The last two places of every hash of seven bytes.
    long: Vec<[Place; 2]>,
}

fn four(bytes: &[u8], at: usize) -> u32 {
    bytes.get(at..).and_then(|rest| rest.first_chunk()).map_or(0, |word| u32::from_le_bytes(*word))
}

fn eight(bytes: &[u8], at: usize) -> u64 {
    bytes.get(at..).and_then(|rest| rest.first_chunk()).map_or(0, |word| u64::from_le_bytes(*word))
}

fn hash4(word: u64) -> usize {
    let low = u32::try_from(word & 0xffff_ffff).unwrap_or_default();
    usize::try_from(low.wrapping_mul(2_654_435_761) >> (32 - BITS)).unwrap_or_default()
}

fn hash7(word: u64) -> usize {
    usize::try_from((word << 8).wrapping_mul(58_295_818_150_454_627) >> (64 - BITS)).unwrap_or_default()
}

fn place(at: usize) -> Place {
    u32::try_from(at + 1).unwrap_or_default()
}

/// Where a place is, if it is one that a match at `at` reaches.
fn reached(place: Place, at: usize) -> Option<usize> {
    let place = usize::try_from(place).ok()?.checked_sub(1)?;
    (at.checked_sub(place)? < REACH).then_some(place)
}

impl<'b> Finder<'b> {
    pub(super) fn new(bytes: &'b [u8]) -> Self {
        Self { bytes, short: vec![0; SIZE], long: vec![[0; 2]; SIZE] }
    }

    fn note(&mut self, word: u64, at: usize) {
        self.note_short(word, at);
        self.note_long(word, at);
    }

    fn note_short(&mut self, word: u64, at: usize) {
        self.short[hash4(word)] = place(at);
    }

    fn note_long(&mut self, word: u64, at: usize) {
        let entry = &mut self.long[hash7(word)];
        *entry = [place(at), entry[0]];
    }

    /// How many bytes are the same at two places, the later one first, before `end`.
    fn same(&self, at: usize, place: usize, end: usize) -> usize {
        let (left, right) = (self.bytes.get(at..end), self.bytes.get(place..end));
        left.unwrap_or_default()
            .iter()
            .zip(right.unwrap_or_default())
            .take_while(|(left, right)| left == right)
            .count()
    }

    /// The length of a match that is known to have four bytes; a very long one is cut.
    fn length(&self, at: usize, place: usize, end: usize) -> usize {
        self.same(at + 4, place + 4, end.min(at + 4 + COMPARED)) + 4
    }

    /// The tokens of the block of that length at `start`; none at all if nothing matches.
    pub(super) fn block(&mut self, start: usize, length: usize, tokens: &mut Tokens) {
        if length < 2 + MARGIN {
            return;
        }
        let end = start + length;
        let limit = end - MARGIN;
        let mut emitted = start;
        let mut at = start;
        let mut word = eight(self.bytes, at);
        while let Some(found) = self.search(&mut at, word, emitted, (limit, end)) {
            let Found { mut at_match, mut place, mut length, next } = found;
            if length == 0 {
                length = self.same(at_match + 4, place + 4, end) + 4;
            } else if length == 258 {
                length += self.same(at_match + length, place + length, end);
            }
            self.improve(&mut at_match, &mut place, &mut length, (limit, end));
            while place > 0 && at_match > emitted && self.bytes.get(place - 1) == self.bytes.get(at_match - 1)
            {
                at_match -= 1;
                place -= 1;
                length += 1;
            }
            tokens.letters(self.bytes.get(emitted..at_match).unwrap_or_default());
            tokens.found(length, at_match - place);
            at = at_match + length;
            emitted = at;
            if next >= at {
                at = next + 1;
            }
            if at >= limit {
                break;
            }
            self.note_match(at, length);
            let before = eight(self.bytes, at - 1);
            self.note(before, at - 1);
            word = before >> 8;
        }
        if tokens.count() > 0 {
            tokens.letters(self.bytes.get(emitted..end).unwrap_or_default());
        }
    }

    /// A match that is longer if it begins a little later, by what the hash behind its end knows.
    fn improve(&self, at: &mut usize, place: &mut usize, length: &mut usize, (limit, end): (usize, usize)) {
        const LATER: usize = 2;
        let behind = *at + *length;
        if *length >= 30 || behind >= limit {
            return;
        }
        let known = self.long[hash7(eight(self.bytes, behind))][0];
        let Some(known) =
            usize::try_from(known).ok().and_then(|known| (known + LATER).checked_sub(1 + *length))
        else {
            return;
        };
        let later = *at + LATER;
        if known < later && later - known < REACH {
            let other = self.same(later, known, end);
            if other > *length {
                (*at, *place, *length) = (later, known, other);
            }
        }
    }

    /// Notes some of the places inside of a match that ends at `end`.
    fn note_match(&mut self, end: usize, length: usize) {
        let mut at = end - length + 1;
        if at >= end - 1 {
            return;
        }
        let word = eight(self.bytes, at);
        self.note(word, at);
        self.note_long(word >> 8, at + 1);
        self.note_short(word >> 16, at + 2);
        at += 4;
        while at < end - 1 {
            let word = eight(self.bytes, at);
            self.note_long(word, at);
            self.note_short(word >> 8, at + 1);
            at += 3;
        }
    }

    /// The next match, or `None` when the end of the block is near.
    fn search(
        &mut self,
        at: &mut usize,
        mut word: u64,
        emitted: usize,
        (limit, end): (usize, usize),
    ) -> Option<Found> {
        let mut next = *at;
        loop {
            let here = next;
            *at = here;
            next = here + 1 + ((here - emitted) >> 6);
            if next > limit {
                return None;
            }
            let short = self.short[hash4(word)];
            let [long, before] = self.long[hash7(word)];
            let following = eight(self.bytes, next);
            self.note(word, here);
            let equal = |place: Place| {
                let low = u32::try_from(word & 0xffff_ffff).unwrap_or_default();
                reached(place, here).filter(|place| four(self.bytes, *place) == low)
            };
            let (long_found, before_found, short_found) =
                (equal(long), reached(long, here).and_then(|_| equal(before)), equal(short));
            if let Some(place) = long_found {
                self.note(following, next);
                let mut found = Found { at_match: here, place, length: 0, next };
                if let Some(other) = before_found {
                    found.length = self.length(here, place, end);
                    let length = self.length(here, other, end);
                    if length > found.length {
                        (found.place, found.length) = (other, length);
                    }
                }
                return Some(found);
            }
            if let Some(place) = before_found {
                self.note(following, next);
                return Some(Found { at_match: here, place, length: 0, next });
            }
            if let Some(place) = short_found {
                let length = self.length(here, place, end);
                let candidates = self.long[hash7(following)];
                self.note(following, next);
                let found = Found { at_match: here, place, length, next };
                return Some(self.following(found, following, candidates, end));
            }
            word = following;
        }
    }

    /// The match at the next place, if it is longer.
    fn following(&self, found: Found, word: u64, [long, before]: [Place; 2], end: usize) -> Found {
        let at = found.next;
        let low = u32::try_from(word & 0xffff_ffff).unwrap_or_default();
        if reached(long, at).is_none() {
            return found;
        }
        for candidate in [long, before] {
            let equal = reached(candidate, at).filter(|place| four(self.bytes, *place) == low);
            if let Some(place) = equal {
                let length = self.length(at, place, end);
                if length > found.length {
                    return Found { at_match: at, place, length, ..found };
                }
            }
        }
        found
    }
}

/// A match; a length of zero means that it has yet to be measured.
struct Found {
    at_match: usize,
    place: usize,
    length: usize,
    /// Where the search would have gone on.
    next: usize,
}
