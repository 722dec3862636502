//! Rounding, and the time between two times.

use crate::value::Timestamp;

/// Seconds from the start of the year 1 to 1970: multiples of a duration are counted from there.
const YEAR_ONE: i64 = 62_135_596_800;

/// The nearest multiple of a duration; the later one from the middle. Durations that are not positive change nothing.
pub(crate) fn round(at: &Timestamp, nanoseconds: i64) -> Timestamp {
    if nanoseconds <= 0 {
        return *at;
    }
    let unit = i128::from(nanoseconds);
    let since = at.nanos() + i128::from(YEAR_ONE) * 1_000_000_000;
    let rest = since.rem_euclid(unit);
    if rest * 2 < unit { at.plus(-rest) } else { at.plus(unit - rest) }
}

/// Nanoseconds from `earlier` to `later`, cut to what 64 bits hold.
pub(crate) fn between(earlier: &Timestamp, later: &Timestamp) -> i64 {
    // Seconds are counted from the year 1, where the largest ones have no room and turn over.
    let since = |at: &Timestamp| i128::from(at.seconds.wrapping_add(YEAR_ONE)) * 1_000_000_000;
    let rest = |at: &Timestamp| at.nanos() - i128::from(at.seconds) * 1_000_000_000;
    let difference = since(later) + rest(later) - since(earlier) - rest(earlier);
    i64::try_from(difference).unwrap_or(if difference < 0 { i64::MIN } else { i64::MAX })
}
