//! Cron expressions: five fields, or six with seconds in front.

use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan, Zoned};

/// Far enough for a February 29th after a year 2100.
const MOST_YEARS: i16 = 9;

/// The times that an expression names.
#[derive(Debug)]
pub(crate) struct Cron {
    seconds: Field,
    minutes: Field,
    hours: Field,
    days: Field,
    months: Field,
    weekdays: Field,
    zone: TimeZone,
}

/// The values that a field allows.
#[derive(Debug, Clone, Copy)]
struct Field {
    /// Bit n stands for the value n.
    values: u64,
    /// Whether it was written `*` or `?`.
    any: bool,
}

impl Cron {
    /// Reads an expression, after its zone.
    pub(crate) fn parse(text: &str, zone: TimeZone) -> Result<Self, String> {
        let text = match text {
            "@yearly" | "@annually" => "0 0 1 1 *",
            "@monthly" => "0 0 1 * *",
            "@weekly" => "0 0 * * 0",
            "@daily" | "@midnight" => "0 0 * * *",
            "@hourly" => "0 * * * *",
            _ => text,
        };
        let fields: Vec<&str> = text.split_whitespace().collect();
        let (seconds, fields) = match fields.len() {
            5 => ("0", &fields[..]),
            6 => (fields[0], &fields[1..]),
            count => return Err(format!("expected 5 or 6 fields, got {count}")),
        };
        let mut weekdays = Field::parse(fields[4], 0, 7, &WEEKDAYS)?;
        // 7 is another name of Sunday.
        weekdays.values = (weekdays.values | weekdays.values >> 7) & 0x7f;
        Ok(Self {
            seconds: Field::parse(seconds, 0, 59, &[])?,
            minutes: Field::parse(fields[0], 0, 59, &[])?,
            hours: Field::parse(fields[1], 0, 23, &[])?,
            days: Field::parse(fields[2], 1, 31, &[])?,
            months: Field::parse(fields[3], 1, 12, &MONTHS)?,
            weekdays,
            zone,
        })
    }

    /// The first time after this one; absent when there is none in the coming years.
    pub(crate) fn next(&self, after: Timestamp) -> Option<Timestamp> {
        let mut time = Timestamp::from_second(after.as_second()).ok()?.checked_add(1.second()).ok()?;
        let last_year = time.to_zoned(self.zone.clone()).year() + MOST_YEARS;
        loop {
            let local = time.to_zoned(self.zone.clone());
            if local.year() > last_year {
                return None;
            }
            time = match self.later(&local) {
                Some(later) => later?,
                None => return Some(time),
            };
        }
    }

    /// Where to look next, if this time does not match: the start of the next unit of the first field
    /// that differs. Steps are taken in real time, so that clock changes need no care.
    fn later(&self, local: &Zoned) -> Option<Option<Timestamp>> {
        let rest_of_minute = 60 - i64::from(local.second());
        let ahead = |seconds: i64| local.timestamp().checked_add(seconds.seconds()).ok();
        if !self.months.allows(local.month()) {
            let next = local.date().first_of_month().checked_add(1.month());
            return Some(
                next.and_then(|date| date.to_zoned(self.zone.clone())).ok().map(|time| time.timestamp()),
            );
        }
        if !self.day_matches(local) {
            let next = local.date().tomorrow().and_then(|date| date.to_zoned(self.zone.clone()));
            return Some(next.ok().map(|time| time.timestamp()));
        }
        if !self.hours.allows(local.hour()) {
            return Some(ahead(rest_of_minute + 60 * (59 - i64::from(local.minute()))));
        }
        if !self.minutes.allows(local.minute()) {
            return Some(ahead(rest_of_minute));
        }
        if !self.seconds.allows(local.second()) {
            return Some(ahead(1));
        }
        None
    }

    /// Where both kinds of days are restricted, either is enough.
    fn day_matches(&self, local: &Zoned) -> bool {
        let day = self.days.allows(local.day());
        let weekday = self.weekdays.allows(local.weekday().to_sunday_zero_offset());
        if self.days.any || self.weekdays.any { day && weekday } else { day || weekday }
    }
}

impl Field {
    fn parse(text: &str, least: u32, most: u32, names: &[&str]) -> Result<Self, String> {
        let mut field = Self { values: 0, any: false };
        for part in text.split(',') {
            let wrong = || format!("{part:?} is not a value from {least} to {most}");
            let value = |text: &str| {
                let named = names.iter().zip(least..).find(|(name, _)| name.eq_ignore_ascii_case(text));
                let value = named.map(|(_, value)| value).or_else(|| text.parse().ok());
                value.filter(|value| (least..=most).contains(value)).ok_or_else(wrong)
            };
            let (range, step) = match part.split_once('/') {
                Some((range, step)) => {
                    (range, Some(step.parse::<u32>().ok().filter(|step| *step > 0).ok_or_else(wrong)?))
                }
                None => (part, None),
            };
            let (start, end) = match range.split_once('-') {
                _ if range == "*" || range == "?" => {
                    field.any |= step.unwrap_or(1) == 1;
                    (least, most)
                }
                Some((start, end)) => (value(start)?, value(end)?),
                // `5/15` goes on to the end.
                None if step.is_some() => (value(range)?, most),
                None => (value(range)?, value(range)?),
            };
            if start > end {
                return Err(wrong());
            }
            for value in (start..=end).step_by(step.unwrap_or(1) as usize) {
                field.values |= 1 << value;
            }
        }
        Ok(field)
    }

    fn allows(self, value: i8) -> bool {
        self.values >> value & 1 == 1
    }
}

const MONTHS: [&str; 12] =
    ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const WEEKDAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use jiff::tz::TimeZone;

    use super::Cron;

    fn next(text: &str, zone: &str, after: &str) -> String {
        let zone = TimeZone::get(zone).expect("the zone is known");
        let cron = Cron::parse(text, zone).expect("the expression is right");
        let after: Timestamp = after.parse().expect("a time");
        cron.next(after).map_or("never".to_owned(), |time| time.to_string())
    }

    #[test]
    fn the_next_time_is_the_first_that_all_fields_allow() {
        let utc = |text, after| next(text, "UTC", after);
        assert_eq!(utc("* * * * *", "2024-01-01T00:00:30Z"), "2024-01-01T00:01:00Z");
        assert_eq!(utc("*/10 * * * * *", "2024-01-01T00:00:30Z"), "2024-01-01T00:00:40Z");
        assert_eq!(utc("5/20 3 * * *", "2024-01-01T03:25:00Z"), "2024-01-01T03:45:00Z");
        assert_eq!(utc("0 0 29 feb *", "2024-03-01T00:00:00Z"), "2028-02-29T00:00:00Z");
        assert_eq!(utc("0 12 * * mon-fri", "2024-01-05T12:00:00Z"), "2024-01-08T12:00:00Z");
        assert_eq!(utc("0 0 * * 7", "2024-01-01T00:00:00Z"), "2024-01-07T00:00:00Z");
        assert_eq!(utc("@hourly", "2024-12-31T23:00:00Z"), "2025-01-01T00:00:00Z");
        assert_eq!(utc("0 0 31 2 *", "2024-01-01T00:00:00Z"), "never");
    }

    #[test]
    fn days_of_the_month_and_of_the_week_add_up() {
        assert_eq!(next("0 0 13 * fri", "UTC", "2024-01-01T00:00:00Z"), "2024-01-05T00:00:00Z");
        assert_eq!(next("0 0 13 * fri", "UTC", "2024-01-12T00:00:00Z"), "2024-01-13T00:00:00Z");
    }

    #[test]
    fn a_zone_shifts_the_times_also_over_clock_changes() {
        let berlin = |text, after| next(text, "Europe/Berlin", after);
        assert_eq!(berlin("0 9 * * *", "2024-01-01T12:00:00Z"), "2024-01-02T08:00:00Z");
        assert_eq!(berlin("0 9 * * *", "2024-07-01T12:00:00Z"), "2024-07-02T07:00:00Z");
        // 02:30 comes twice on this day, and not at all on the other.
        assert_eq!(berlin("30 2 * * *", "2024-10-27T00:30:00Z"), "2024-10-27T01:30:00Z");
        assert_eq!(berlin("30 2 * * *", "2024-03-31T00:00:00Z"), "2024-04-01T00:30:00Z");
    }

    #[test]
    fn a_field_that_is_wrong_is_named() {
        let parse = |text| Cron::parse(text, TimeZone::UTC).expect_err("refused");
        assert_eq!(parse("* * *"), "expected 5 or 6 fields, got 3");
        assert_eq!(parse("61 * * * *"), "\"61\" is not a value from 0 to 59");
        assert_eq!(parse("*/0 * * * *"), "\"*/0\" is not a value from 0 to 59");
        assert_eq!(parse("5-1 * * * *"), "\"5-1\" is not a value from 0 to 59");
        assert_eq!(parse("* * * foo *"), "\"foo\" is not a value from 1 to 12");
    }
}
