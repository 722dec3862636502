//! The rule at the end of a compiled zone, in the form of the `TZ` variable: it holds after the last change listed.

use super::Found;
use crate::time::civil::{Civil, days_of, is_leap};

const DAY: i64 = 86_400;

/// A day of the year on which clocks change, and the second of that day.
#[derive(Clone, Copy)]
struct Change {
    day: Day,
    time: i64,
}

#[derive(Clone, Copy)]
enum Day {
    /// From 1, never counting February 29th.
    Julian(i64),
    /// From 0, counting it.
    Plain(i64),
    /// The nth (5 is the last) such weekday of a month.
    Month { month: i64, week: i64, weekday: i64 },
}

/// What the rule says about an instant after `last`, the last change listed.
pub(super) fn lookup(rule: &'static str, last: i64, seconds: i64) -> Option<Found> {
    let (standard, rest) = name(rule)?;
    let (standard_offset, rest) = offset(rest)?;
    let standard_offset = -standard_offset;
    let fixed = Found { offset: narrow(standard_offset), name: standard, start: last, end: i64::MAX };
    if rest.is_empty() || rest.starts_with(',') {
        return Some(fixed);
    }
    let (summer, rest) = name(rest)?;
    let (summer_offset, rest) = if rest.is_empty() || rest.starts_with(',') {
        (standard_offset + 3_600, rest)
    } else {
        offset(rest).map(|(offset, rest)| (-offset, rest))?
    };
    let rest = if rest.is_empty() { ",M3.2.0,M11.1.0" } else { rest };
    let (begin, rest) = change(rest.strip_prefix(',')?)?;
    let (end, _) = change(rest.strip_prefix(',')?)?;

    // The year, and the seconds since it began, by the clock in standard time without an offset, as Go counts them.
    let civil = Civil::new(seconds, 0);
    let year_start = days_of(civil.year, 1, 1).checked_mul(DAY)?;
    let second_of_year = seconds - year_start;
    let mut begins = begin.second(civil.year) - standard_offset;
    let mut ends = end.second(civil.year) - summer_offset;
    let (mut outside, mut inside) = ((standard_offset, standard), (summer_offset, summer));
    if ends < begins {
        (begins, ends) = (ends, begins);
        (outside, inside) = (inside, outside);
    }
    let year_length = if is_leap(civil.year) { 366 * DAY } else { 365 * DAY };
    let ((offset, name), from, to) = if second_of_year < begins {
        (outside, 0, begins)
    } else if second_of_year >= ends {
        (outside, ends, year_length)
    } else {
        (inside, begins, ends)
    };
    let start = year_start.checked_add(from)?;
    Some(Found { offset: narrow(offset), name, start, end: year_start.checked_add(to)? })
}

fn narrow(offset: i64) -> i32 {
    i32::try_from(offset).unwrap_or(0)
}

/// A name, plain or in angle brackets.
fn name(text: &'static str) -> Option<(&'static str, &'static str)> {
    if let Some(rest) = text.strip_prefix('<') {
        return rest.split_once('>');
    }
    let end = text.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(text.len());
    (end >= 3).then(|| text.split_at_checked(end))?
}

/// Hours, minutes and seconds with a sign.
fn offset(text: &'static str) -> Option<(i64, &'static str)> {
    let (sign, text) = match text.as_bytes().first()? {
        b'-' => (-1, text.get(1..)?),
        b'+' => (1, text.get(1..)?),
        _ => (1, text),
    };
    let (hours, mut rest) = number(text)?;
    let mut total = hours * 3_600;
    for unit in [60, 1] {
        let Some(more) = rest.strip_prefix(':') else { break };
        let (value, after) = number(more)?;
        total += value * unit;
        rest = after;
    }
    Some((sign * total, rest))
}

fn number(text: &'static str) -> Option<(i64, &'static str)> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (digits, rest) = text.split_at_checked(end)?;
    let value: i64 = digits.parse().ok()?;
    (value < 10_000).then_some((value, rest))
}

fn change(text: &'static str) -> Option<(Change, &'static str)> {
    let (day, rest) = if let Some(text) = text.strip_prefix('J') {
        let (day, rest) = number(text)?;
        (Day::Julian(day), rest)
    } else if let Some(text) = text.strip_prefix('M') {
        let (month, rest) = number(text)?;
        let (week, rest) = number(rest.strip_prefix('.')?)?;
        let (weekday, rest) = number(rest.strip_prefix('.')?)?;
        (Day::Month { month: month.clamp(1, 12), week: week.clamp(1, 5), weekday: weekday % 7 }, rest)
    } else {
        let (day, rest) = number(text)?;
        (Day::Plain(day), rest)
    };
    let (time, rest) = match rest.strip_prefix('/') {
        Some(rest) => offset(rest)?,
        None => (7_200, rest),
    };
    Some((Change { day, time }, rest))
}

impl Change {
    /// The second of the year, by the clock.
    fn second(self, year: i64) -> i64 {
        let day = match self.day {
            Day::Julian(day) if is_leap(year) && day >= 60 => day,
            Day::Julian(day) => day - 1,
            Day::Plain(day) => day,
            Day::Month { month, week, weekday } => {
                let first = days_of(year, month, 1);
                let first_weekday = (first.rem_euclid(7) + 4) % 7;
                let mut day = (weekday - first_weekday).rem_euclid(7) + (week - 1) * 7;
                while day >= crate::time::civil::days_in(year, month) {
                    day -= 7;
                }
                first - days_of(year, 1, 1) + day
            }
        };
        day * DAY + self.time
    }
}
