//! Days and times of the proleptic Gregorian calendar, as RFC 3339 writes them.
//!
//! Formats of files count them from 1 January 1970, in a [`Unit`]. Nothing here knows of time zones but as offsets in a
//! text, and no clock is read.
//!
//! ```
//! use forebay_calendar::{Unit, instant, write_instant};
//!
//! let millis = instant("2026-11-22T03:04:05.678+01:00", Unit::Millis).ok_or("no time")?;
//! let mut out = Vec::new();
//! write_instant(millis, Unit::Millis, &mut out);
//! assert_eq!(out, b"2026-11-22T02:04:05.678Z");
//! # Ok::<(), &str>(())
//! ```

const DAY: i64 = 86_400;

/// What times are counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    Millis,
    Micros,
    Nanos,
}

impl Unit {
    #[must_use]
    pub fn per_second(self) -> i64 {
        match self {
            Self::Millis => 1_000,
            Self::Micros => 1_000_000,
            Self::Nanos => 1_000_000_000,
        }
    }
}

/// The days from 1 January 1970 to the one of a text that begins with `2006-01-02`.
#[must_use]
pub fn days(text: &str) -> Option<i64> {
    let (year, month, day) = (number(text, 0, 4)?, number(text, 5, 2)?, number(text, 8, 2)?);
    let dashes = text.get(4..5) == Some("-") && text.get(7..8) == Some("-");
    let valid = dashes && (1..=12).contains(&month) && (1..=month_days(year, month)).contains(&day);
    valid.then(|| days_from_civil(year, month, day))
}

/// The time of day of a text `15:04:05.999999999`, in nanoseconds.
#[must_use]
pub fn time_of_day(text: &str) -> Option<i64> {
    let (hour, minute, second) = (number(text, 0, 2)?, number(text, 3, 2)?, number(text, 6, 2)?);
    let colons = text.get(2..3) == Some(":") && text.get(5..6) == Some(":");
    if !colons || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let nanoseconds = match text.get(8..)? {
        "" => 0,
        rest => {
            let digits = rest.strip_prefix('.').filter(|digits| !digits.is_empty())?;
            if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
                return None;
            }
            format!("{digits:0<9}").get(..9)?.parse().ok()?
        }
    };
    Some(((hour * 60 + minute) * 60 + second) * 1_000_000_000 + nanoseconds)
}

/// The instant of a text such as `2006-01-02T15:04:05.999Z` or with an offset, in a unit since 1970. What is finer than
/// the unit is cut off.
#[must_use]
pub fn instant(text: &str, unit: Unit) -> Option<i64> {
    let day = days(text)?;
    let rest = text.get(10..)?.strip_prefix(['T', 't', ' '])?;
    let zone = rest.find(['Z', 'z', '+', '-'])?;
    let (time, zone) = rest.split_at(zone);
    let offset = match zone {
        "Z" | "z" => 0,
        zone => {
            let (hours, minutes) = (number(zone, 1, 2)?, number(zone, 4, 2)?);
            if zone.len() != 6 || zone.get(3..4) != Some(":") || hours > 23 || minutes > 59 {
                return None;
            }
            (hours * 60 + minutes) * 60 * if zone.starts_with('-') { -1 } else { 1 }
        }
    };
    let nanoseconds = time_of_day(time)?;
    let seconds = day * DAY + nanoseconds / 1_000_000_000 - offset;
    let fraction = nanoseconds % 1_000_000_000 / (1_000_000_000 / unit.per_second());
    seconds.checked_mul(unit.per_second())?.checked_add(fraction)
}

/// Appends the day so many days after 1 January 1970.
pub fn write_day(days: i64, out: &mut Vec<u8>) {
    let (year, month, day) = civil_from_days(days);
    out.extend_from_slice(format!("{year:04}-{month:02}-{day:02}").as_bytes());
}

/// Appends a time of day with as many digits of a fraction as it needs.
pub fn write_time(value: i64, unit: Unit, out: &mut Vec<u8>) {
    let seconds = value.div_euclid(unit.per_second());
    let nanoseconds = value.rem_euclid(unit.per_second()) * (1_000_000_000 / unit.per_second());
    let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    out.extend_from_slice(format!("{hour:02}:{minute:02}:{second:02}").as_bytes());
    if nanoseconds > 0 {
        let fraction = format!("{nanoseconds:09}");
        out.push(b'.');
        out.extend_from_slice(fraction.trim_end_matches('0').as_bytes());
    }
}

/// Appends an instant.
pub fn write_instant(value: i64, unit: Unit, out: &mut Vec<u8>) {
    let day = unit.per_second() * DAY;
    write_day(value.div_euclid(day), out);
    out.push(b'T');
    write_time(value.rem_euclid(day), unit, out);
    out.push(b'Z');
}

fn number(text: &str, from: usize, digits: usize) -> Option<i64> {
    let digits = text.get(from..from + digits)?;
    if digits.bytes().all(|byte| byte.is_ascii_digit()) { digits.parse().ok() } else { None }
}

fn month_days(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Years are counted from March, so that a leap day is the last of its year; 400 of them have 146,097 days.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let (era, day_of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (era * 400 + year_of_era + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn days_are_counted_from_1970() {
        for (text, expected) in [
            ("1970-01-01", Some(0)),
            ("1969-12-31", Some(-1)),
            ("2000-02-29", Some(11_016)),
            ("1900-02-29", None),
            ("2026-13-01", None),
            ("2026-1-01", None),
            ("0001-01-01", Some(-719_162)),
        ] {
            assert_eq!(days(text), expected, "{text}");
        }
    }

    #[test]
    fn instants_have_offsets_and_fractions() {
        for (text, expected) in [
            ("1970-01-01T00:00:00Z", Some(0)),
            ("1970-01-01T01:00:00.5+01:00", Some(500)),
            ("1969-12-31T23:59:59.9999Z", Some(-1)),
            ("2026-11-22T03:04:05.678-05:30", Some(1_795_336_445_678)),
            ("2026-11-22T03:04:05", None),
            ("2026-11-22T25:04:05Z", None),
            ("2026-11-22 03:04:05.", None),
        ] {
            assert_eq!(instant(text, Unit::Millis), expected, "{text}");
        }
        // Past what 64 bits of nanoseconds hold.
        assert_eq!(instant("9999-01-01T00:00:00Z", Unit::Nanos), None);
    }

    proptest! {
        #[test]
        fn what_is_written_reads_the_same(value in -60_000_000_000_000_i64..250_000_000_000_000) {
            let mut out = Vec::new();
            write_instant(value, Unit::Millis, &mut out);
            prop_assert_eq!(instant(&String::from_utf8(out).expect("text"), Unit::Millis), Some(value));
        }
    }
}
