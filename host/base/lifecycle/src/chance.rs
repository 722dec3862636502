//! Randomness. Everything else asks here, so that a seed can replay a run.

use std::cell::Cell;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher as _;

thread_local! {
    /// What the next number is made of, where this thread has a seed.
    static SEEDED: Cell<Option<u64>> = const { Cell::new(None) };
}

/// From now on what this thread asks for follows from `seed` alone: for tests whose tasks all run on it.
pub fn seed(seed: u64) {
    SEEDED.set(Some(seed));
}

/// A number from 0 up to 1: to spread what would otherwise happen at once, which takes no better randomness.
#[must_use]
pub fn part() -> f64 {
    u32::try_from(number() >> 32).map_or(0.0, f64::from) / f64::from(u32::MAX)
}

/// A number of which every bit is left to chance: for names that nobody else should
/// have had, made in passing; not for secrets.
#[must_use]
pub fn number() -> u64 {
    SEEDED.get().map_or_else(|| RandomState::new().hash_one(()), next)
}

/// Bits for the id of something, which nothing else gets: from the system, where this thread has no seed.
#[must_use]
pub fn bits() -> u128 {
    if SEEDED.get().is_some() {
        return [(); 2]
            .into_iter()
            .filter_map(|()| SEEDED.get().map(next))
            .fold(0, |bits, part| bits << 64 | u128::from(part));
    }
    let mut bits = [0; 16];
    // A system without randomness would give the same ids to different things: there is nothing to go on with.
    getrandom::fill(&mut bits).expect("the system gives random bytes");
    u128::from_be_bytes(bits)
}

/// One step of SplitMix64.
fn next(state: u64) -> u64 {
    let state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    SEEDED.set(Some(state));
    let mixed = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_says_what_comes() {
        let some = || [part(), part(), part()];
        let without = some();
        assert!(without.iter().all(|part| (0.0..=1.0).contains(part)));
        assert_ne!(number(), number());
        assert_ne!(bits(), bits());
        assert!(without[0] != without[1] || without[1] != without[2]);
        seed(7);
        let first = some();
        assert!(first[0] != first[1] && first.iter().all(|part| (0.0..=1.0).contains(part)));
        let ids = [bits(), bits()];
        seed(7);
        assert_eq!(some(), first);
        assert_eq!([bits(), bits()], ids);
        assert_ne!(ids[0], ids[1]);
        seed(8);
        assert_ne!(some(), first);
    }
}
