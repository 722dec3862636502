//! The time. Everything else asks here.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// A moment to measure durations from.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "this is the replacement that the lint names")]
pub fn now() -> Instant {
    Instant::now()
}

/// The wall clock.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "this is the replacement that the lint names")]
pub fn wall() -> SystemTime {
    SystemTime::now()
}

/// The time in UTC, to the second, as RFC 3339 has it. Days become dates by the algorithm of the
/// proleptic Gregorian calendar with years that begin in March.
#[must_use]
pub fn rfc3339(now: SystemTime) -> String {
    let seconds = now.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let (days, second) = (seconds / 86_400, seconds % 86_400);
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn times_are_written_as_rfc_3339() {
        let at = |seconds| rfc3339(UNIX_EPOCH + Duration::from_secs(seconds));
        assert_eq!(at(0), "1970-01-01T00:00:00Z");
        assert_eq!(at(951_782_400), "2000-02-29T00:00:00Z");
        assert_eq!(at(1_795_215_599), "2026-11-20T22:59:59Z");
    }
}
