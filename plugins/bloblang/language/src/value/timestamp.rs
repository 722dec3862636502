//! Instants with the place they are shown at.

use std::fmt;

use crate::time::civil::Civil;
use crate::time::zone::{Name, Place, Seconds, Zone};

/// A point in time. `Display` writes RFC 3339 with as many digits of the fraction as matter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timestamp {
    pub seconds: i64,
    pub nanoseconds: u32,
    /// East of Greenwich, in seconds, at this instant.
    pub(crate) offset: i32,
    place: Place,
}

impl Timestamp {
    /// An instant as `zone` shows it.
    pub fn new(seconds: i64, nanoseconds: u32, zone: Zone) -> Self {
        let place = match zone {
            Zone::Utc => Place::Utc,
            Zone::Fixed { name, .. } => Place::Fixed(name),
            Zone::Region(region) => Place::Region(region),
        };
        Self { seconds, nanoseconds, offset: zone.lookup(seconds).offset, place }
    }

    pub fn utc(seconds: i64, nanoseconds: u32) -> Self {
        Self { seconds, nanoseconds, offset: 0, place: Place::Utc }
    }

    /// Where it is shown.
    pub fn zone(&self) -> Zone {
        match self.place {
            Place::Utc => Zone::Utc,
            Place::Fixed(name) => Zone::Fixed { offset: Seconds::new(self.offset), name },
            Place::Region(region) => Zone::Region(region),
        }
    }

    /// The same instant somewhere else.
    #[must_use]
    pub(crate) fn shown_in(&self, zone: Zone) -> Self {
        Self::new(self.seconds, self.nanoseconds, zone)
    }

    /// So many nanoseconds later.
    #[must_use]
    pub(crate) fn plus(&self, nanoseconds: i128) -> Self {
        let sum = i128::from(self.nanoseconds) + nanoseconds;
        let carry = i64::try_from(sum.div_euclid(1_000_000_000)).unwrap_or(0);
        let rest = u32::try_from(sum.rem_euclid(1_000_000_000)).unwrap_or(0);
        Self::new(self.seconds.saturating_add(carry), rest, self.zone())
    }

    /// Nanoseconds since 1970.
    pub(crate) fn nanos(&self) -> i128 {
        i128::from(self.seconds) * 1_000_000_000 + i128::from(self.nanoseconds)
    }

    /// So many parts of a second since 1970. What does not fit wraps, as it does in Go.
    pub(crate) fn unix(&self, per_second: i64) -> i64 {
        let rest = i64::from(self.nanoseconds) / (1_000_000_000 / per_second);
        self.seconds.wrapping_mul(per_second).wrapping_add(rest)
    }

    /// The abbreviation of the zone; empty when there is none.
    pub(crate) fn abbreviation(&self) -> Name {
        match self.place {
            Place::Fixed(name) => name,
            _ => Name::new(self.zone().lookup(self.seconds).name),
        }
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = Civil::of(self);
        let (sign, year) = (if at.year < 0 { "-" } else { "" }, at.year.unsigned_abs());
        write!(
            f,
            "{sign}{year:04}-{:02}-{:02}T{:02}:{:02}:{:02}",
            at.month, at.day, at.hour, at.minute, at.second
        )?;
        if self.nanoseconds > 0 {
            let digits = format!("{:09}", self.nanoseconds);
            write!(f, ".{}", digits.trim_end_matches('0'))?;
        }
        if self.offset == 0 {
            return f.write_str("Z");
        }
        // Whole minutes decide about the sign, as in Go: half a minute west is still east.
        let minutes = self.offset / 60;
        let sign = if minutes < 0 { '-' } else { '+' };
        let minutes = minutes.unsigned_abs();
        write!(f, "{sign}{:02}:{:02}", minutes / 60, minutes % 60)
    }
}

#[cfg(test)]
mod tests {
    use super::{Timestamp, Zone};

    #[test]
    fn a_timestamp_is_written_as_rfc_3339() {
        let at = |seconds, nanoseconds, offset| {
            Timestamp::new(seconds, nanoseconds, Zone::fixed("", offset)).to_string()
        };
        assert_eq!(at(0, 0, 0), "1970-01-01T00:00:00Z");
        assert_eq!(at(1_597_405_826, 371_000_000, 0), "2020-08-14T11:50:26.371Z");
        assert_eq!(at(951_782_400, 0, -18_000), "2000-02-28T19:00:00-05:00");
        assert_eq!(at(-1, 1, 0), "1969-12-31T23:59:59.000000001Z");
    }

    #[test]
    fn a_timestamp_is_no_larger_than_text() {
        assert_eq!(size_of::<Timestamp>(), 24);
    }
}
