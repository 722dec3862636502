//! The calendar: instants to dates and back, with Go's rules for values out of range.

use super::zone::Zone;
use crate::value::Timestamp;

/// Days from 0000-03-01 to 1970-01-01 in the proleptic Gregorian calendar.
const EPOCH_DAYS: i64 = 719_468;
const DAYS_OF_400_YEARS: i64 = 146_097;
const DAY: i64 = 86_400;
/// The first second that Go has a date for. What is before it comes out at the other end of time, as it does there.
const FIRST: i128 = -9_223_371_966_579_724_800;

/// A date and a time of day at some place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Civil {
    pub year: i64,
    /// From 1.
    pub month: i64,
    /// From 1.
    pub day: i64,
    pub hour: i64,
    pub minute: i64,
    pub second: i64,
    /// From 0, which is Sunday.
    pub weekday: i64,
    /// From 1.
    pub day_of_year: i64,
}

/// Year, month and day of a number of days since 1970. Years start in March here, so that the leap day is last.
fn date_of(days: i64) -> (i64, i64, i64) {
    let days = days.saturating_add(EPOCH_DAYS);
    let era = days.div_euclid(DAYS_OF_400_YEARS);
    let day_of_era = days.rem_euclid(DAYS_OF_400_YEARS);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let (month, carry) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    (year_of_era + era * 400 + carry, month, day)
}

/// Days since 1970 of a date whose month is from 1 to 12; the day may be anything.
pub(crate) fn days_of(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year.saturating_sub(1) } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let month = (month + 9) % 12;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + (153 * month + 2) / 5;
    era.saturating_mul(DAYS_OF_400_YEARS)
        .saturating_add(day_of_era - EPOCH_DAYS)
        .saturating_add(day.saturating_sub(1))
}

pub(crate) fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

/// How many days a month has.
pub(crate) fn days_in(year: i64, month: i64) -> i64 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

impl Civil {
    /// The date and time of day at `offset` seconds east of Greenwich.
    pub fn new(seconds: i64, offset: i32) -> Self {
        let mut local = i128::from(seconds) + i128::from(offset);
        if local < FIRST {
            local += 1 << 64;
        }
        let days = i64::try_from(local.div_euclid(i128::from(DAY))).unwrap_or(0);
        let (year, month, day) = date_of(days);
        let second = i64::try_from(local.rem_euclid(i128::from(DAY))).unwrap_or(0);
        Self {
            year,
            month,
            day,
            hour: second / 3_600,
            minute: second / 60 % 60,
            second: second % 60,
            weekday: (days.rem_euclid(7) + 4) % 7,
            day_of_year: days - days_of(year, 1, 1) + 1,
        }
    }

    pub fn of(at: &Timestamp) -> Self {
        Self::new(at.seconds, at.offset)
    }

    /// The hour on a clock of twelve.
    pub(crate) fn hour12(&self) -> i64 {
        if self.hour % 12 == 0 { 12 } else { self.hour % 12 }
    }

    /// Year and number of the week by ISO 8601: weeks start on Monday, the first has the year's first Thursday.
    pub(crate) fn iso_week(&self) -> (i64, i64) {
        // The Thursday of this week decides for the whole week.
        let monday_based = (self.weekday + 6) % 7;
        let thursday = days_of(self.year, self.month, self.day).saturating_add(3 - monday_based);
        let (year, _, _) = date_of(thursday);
        (year, (thursday - days_of(year, 1, 1)) / 7 + 1)
    }
}

/// What `Date` of Go's package takes: every part may be out of its range and then carries over.
#[derive(Clone, Copy, Debug)]
pub struct Parts {
    pub year: i64,
    pub month: i64,
    pub day: i64,
    pub hour: i64,
    pub minute: i64,
    pub second: i64,
    pub nanosecond: u32,
}

impl Parts {
    /// The instant at which clocks of `zone` show this. Times that do not exist, or exist twice, are settled as Go
    /// does it: with the offset that holds at the clock's time read as UTC, if that still holds then, otherwise with the other one.
    pub fn at(self, zone: Zone) -> Timestamp {
        let months = self.month.saturating_sub(1);
        let year = self.year.saturating_add(months.div_euclid(12));
        let days = days_of(year, months.rem_euclid(12) + 1, self.day);
        let time = self
            .hour
            .saturating_mul(3_600)
            .saturating_add(self.minute.saturating_mul(60))
            .saturating_add(self.second);
        let unix = days.saturating_mul(DAY).saturating_add(time);
        let found = zone.lookup(unix);
        let mut offset = found.offset;
        if offset != 0 {
            let utc = unix.saturating_sub(i64::from(offset));
            if utc < found.start || utc >= found.end {
                offset = zone.lookup(utc).offset;
            }
        }
        Timestamp::new(unix.saturating_sub(i64::from(offset)), self.nanosecond, zone)
    }
}

/// The same time of day so many years, months and days later.
pub(crate) fn add_date(at: &Timestamp, years: i64, months: i64, days: i64) -> Timestamp {
    let civil = Civil::of(at);
    Parts {
        year: civil.year.saturating_add(years),
        month: civil.month.saturating_add(months),
        day: civil.day.saturating_add(days),
        hour: civil.hour,
        minute: civil.minute,
        second: civil.second,
        nanosecond: at.nanoseconds,
    }
    .at(at.zone())
}

#[cfg(test)]
mod tests {
    use super::{Civil, Parts, days_of};
    use crate::time::Zone;

    #[test]
    fn dates_and_days_are_inverse() {
        for days in (-800_000..800_000).step_by(13) {
            let civil = Civil::new(days * 86_400, 0);
            assert_eq!(days_of(civil.year, civil.month, civil.day), days);
        }
    }

    #[test]
    fn weeks_follow_iso_8601() {
        let week = |year, month, day| Civil::new(days_of(year, month, day) * 86_400, 0).iso_week();
        assert_eq!(week(2021, 1, 3), (2020, 53));
        assert_eq!(week(2021, 1, 4), (2021, 1));
        assert_eq!(week(2018, 12, 31), (2019, 1));
    }

    #[test]
    fn parts_out_of_range_carry_over() {
        let parts = Parts { year: 2020, month: 14, day: 30, hour: 25, minute: 61, second: -1, nanosecond: 0 };
        assert_eq!(parts.at(Zone::Utc).to_string(), "2021-03-03T02:00:59Z");
    }

    #[test]
    fn a_time_that_clocks_skip_falls_before_the_gap_or_after_it_as_in_go() {
        let zone = Zone::load("America/New_York").expect("known");
        let parts = Parts { year: 2021, month: 3, day: 14, hour: 2, minute: 30, second: 0, nanosecond: 0 };
        assert_eq!(parts.at(zone).to_string(), "2021-03-14T01:30:00-05:00");
    }
}
