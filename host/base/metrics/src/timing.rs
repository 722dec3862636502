//! Durations, in buckets whose width grows with the duration.
//!
//! Below 32 ns every nanosecond has a bucket; above, every doubling is cut into 32 buckets of the same width, so that
//! a duration read back is off by a 64th at most. The buckets of a doubling are made when it is first hit: a series
//! takes about a kilobyte, and 256 bytes more for each doubling that its durations spread over (60 at most).

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// Buckets of a doubling.
const CUTS: usize = 1 << CUT_BITS;
const CUT_BITS: u32 = 5;
/// Doublings that a number of nanoseconds can lie in, the first one from zero.
const DOUBLINGS: usize = 60;

type Buckets = Box<[AtomicU64; CUTS]>;

/// Durations. One that was made by itself is kept, but not shown.
#[derive(Clone, Default)]
pub struct Timing(Arc<Inner>);

struct Inner {
    doublings: [OnceLock<Buckets>; DOUBLINGS],
    /// All durations together, in nanoseconds.
    sum: AtomicU64,
}

/// How many durations there were of which length, at one moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Distribution {
    /// All durations together, in nanoseconds.
    sum: u64,
    /// Buckets that are not empty, rising, each with its count.
    buckets: Vec<(usize, u64)>,
}

impl Timing {
    pub fn observe(&self, duration: Duration) {
        self.observe_times(duration, 1);
    }

    /// Notes the same duration several times.
    pub fn observe_times(&self, duration: Duration, times: u64) {
        let nanoseconds = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
        let bucket = bucket_of(nanoseconds);
        let doubling = self.0.doublings[bucket / CUTS].get_or_init(Buckets::default);
        doubling[bucket % CUTS].fetch_add(times, Ordering::Relaxed);
        self.0.sum.fetch_add(nanoseconds.saturating_mul(times), Ordering::Relaxed);
    }

    /// What has been noted so far.
    #[must_use]
    pub fn get(&self) -> Distribution {
        let mut buckets = Vec::new();
        for (index, doubling) in self.0.doublings.iter().enumerate() {
            for (cut, count) in doubling.get().into_iter().flat_map(|doubling| doubling.iter().enumerate()) {
                let count = count.load(Ordering::Relaxed);
                if count > 0 {
                    buckets.push((index * CUTS + cut, count));
                }
            }
        }
        Distribution { sum: self.0.sum.load(Ordering::Relaxed), buckets }
    }
}

impl Distribution {
    /// How many durations there are.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.buckets.iter().map(|(_, count)| count).sum()
    }

    /// All durations together, in nanoseconds.
    #[must_use]
    pub fn sum(&self) -> u64 {
        self.sum
    }

    /// The nanoseconds that this part of all durations (0 to 1) does not exceed; none of none.
    #[must_use]
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a rank among many is as good as its neighbour"
    )]
    pub fn quantile(&self, part: f64) -> Option<f64> {
        let rank = (self.count() as f64 * part).ceil().max(1.0) as u64;
        let mut so_far = 0;
        let reached = self.buckets.iter().find(|(_, count)| {
            so_far += count;
            so_far >= rank
        });
        reached.or(self.buckets.last()).map(|(bucket, _)| {
            let (start, width) = extent(*bucket);
            start as f64 + (width - 1) as f64 / 2.0
        })
    }

    /// How many durations are not longer than so many nanoseconds. In the bucket of that length they are taken to be
    /// spread evenly.
    #[must_use]
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a part of a bucket is an estimate"
    )]
    pub fn at_most(&self, nanoseconds: f64) -> u64 {
        let mut all = 0;
        for (bucket, count) in &self.buckets {
            let (start, width) = extent(*bucket);
            let part = (nanoseconds - start as f64 + 1.0) / width as f64;
            if part <= 0.0 {
                break;
            }
            all += if part >= 1.0 { *count } else { (*count as f64 * part) as u64 };
        }
        all
    }

    /// What was added to an earlier state of the same timing.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Self {
        let mut before = earlier.buckets.iter().peekable();
        let mut buckets = Vec::new();
        for (bucket, count) in &self.buckets {
            while before.next_if(|(other, _)| other < bucket).is_some() {}
            let same = before.peek().filter(|(other, _)| other == bucket).map_or(0, |(_, count)| *count);
            if *count > same {
                buckets.push((*bucket, count - same));
            }
        }
        Self { sum: self.sum.wrapping_sub(earlier.sum), buckets }
    }

    /// Both together.
    #[must_use]
    pub fn with(&self, other: &Self) -> Self {
        let mut buckets = std::collections::BTreeMap::new();
        for (bucket, count) in self.buckets.iter().chain(&other.buckets) {
            *buckets.entry(*bucket).or_insert(0) += count;
        }
        Self { sum: self.sum.wrapping_add(other.sum), buckets: buckets.into_iter().collect() }
    }
}

#[expect(clippy::cast_possible_truncation, reason = "five bits, and the number of a bit")]
fn bucket_of(nanoseconds: u64) -> usize {
    let Some(shift) = nanoseconds.checked_ilog2().and_then(|bit| bit.checked_sub(CUT_BITS)) else {
        return nanoseconds as usize;
    };
    (shift as usize + 1) * CUTS + (nanoseconds >> shift) as usize - CUTS
}

/// Where a bucket starts, and how wide it is.
fn extent(bucket: usize) -> (u64, u64) {
    let (doubling, cut) = (bucket / CUTS, (bucket % CUTS) as u64);
    match doubling.checked_sub(1) {
        None => (cut, 1),
        Some(shift) => ((CUTS as u64 + cut) << shift, 1 << shift),
    }
}

impl Default for Inner {
    fn default() -> Self {
        Self { doublings: [const { OnceLock::new() }; DOUBLINGS], sum: AtomicU64::new(0) }
    }
}

impl fmt::Debug for Timing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Timing").field(&self.get()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_lies_in_its_bucket() {
        for number in (0..200).chain([1_000, 65_535, 65_536, 1 << 40, u64::MAX - 1, u64::MAX]) {
            let (start, width) = extent(bucket_of(number));
            assert!(start <= number && number - start < width, "{number}: {start} {width}");
            assert!(width == 1 || width <= start / 32, "{number}: {width}");
        }
        assert_eq!(bucket_of(u64::MAX), DOUBLINGS * CUTS - 1);
    }

    #[test]
    fn quantiles_are_near_the_durations() {
        let timing = Timing::default();
        for micros in 1..=1000 {
            timing.observe(Duration::from_micros(micros));
        }
        let all = timing.get();
        for (part, expected) in [(0.0, 1_000.0), (0.5, 500_000.0), (0.99, 990_000.0), (1.0, 1_000_000.0)] {
            let found = all.quantile(part).unwrap();
            assert!((found - expected).abs() <= expected / 32.0, "{part}: {found}");
        }
        assert_eq!((all.count(), all.sum()), (1000, 500_500_000));
        assert_eq!(Distribution::default().quantile(0.5), None);
    }

    #[test]
    fn a_distribution_grows_by_what_was_added() {
        let timing = Timing::default();
        timing.observe(Duration::from_nanos(5));
        let earlier = timing.get();
        timing.observe_times(Duration::from_nanos(5), 2);
        timing.observe(Duration::from_secs(1));
        let added = timing.get().since(&earlier);
        assert_eq!((added.count(), added.sum()), (3, 1_000_000_010));
        assert_eq!(added.with(&earlier), timing.get());
        assert_eq!([4.0, 5.0, 2e9].map(|bound| timing.get().at_most(bound)), [0, 3, 4]);
    }
}
