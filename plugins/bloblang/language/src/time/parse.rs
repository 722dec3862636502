//! Reading a time by one of Go's layouts.

use std::fmt::Write as _;

use super::civil::{Parts, days_in, is_leap};
use super::layout::{Element, OffsetForm, next};
use super::zone::Zone;
use super::{DAYS, MONTHS, short};
use crate::value::Timestamp;

mod fields;

use fields::{digit_at, name_of_zone, nanoseconds, number, number3, skip};

/// RFC 3339 with a fraction: what a timestamp in text is unless somebody says otherwise.
pub(crate) const RFC3339: &str = "2006-01-02T15:04:05.999999999Z07:00";

/// Why one element could not be read.
enum Bad {
    Value,
    Range(&'static str),
}

type Read<'t, T> = Result<(T, &'t str), Bad>;

/// What was read so far.
#[derive(Default)]
struct Reading {
    year: i64,
    month: Option<i64>,
    day: Option<i64>,
    day_of_year: Option<i64>,
    hour: i64,
    minute: i64,
    second: i64,
    nanosecond: u32,
    after_noon: Option<bool>,
    utc: bool,
    offset: Option<i32>,
    zone: String,
}

/// The time that `value` shows in the way of `layout`.
pub(crate) fn parse(layout: &str, value: &str) -> Result<Timestamp, String> {
    let mut reading = Reading::default();
    let (mut layout_rest, mut rest) = (layout, value);
    loop {
        let (prefix, found, suffix) = next(layout_rest);
        rest = match skip(rest, prefix) {
            Ok(rest) => rest,
            Err(rest) => return Err(mismatch(value, layout, rest, prefix)),
        };
        let Some((element, shown)) = found else {
            if rest.is_empty() {
                break;
            }
            return Err(refused(value, &format!("extra text: {}", quote(rest))));
        };
        layout_rest = suffix;
        match reading.element(element, rest, layout_rest) {
            Ok(after) => rest = after,
            Err(Bad::Value) => return Err(mismatch(value, layout, rest, shown)),
            Err(Bad::Range(what)) => return Err(refused(value, &format!("{what} out of range"))),
        }
    }
    reading.finish().map_err(|reason| refused(value, reason))
}

/// A text in quotes, as Go's `time` package shows it: what is not ASCII byte by byte.
pub(crate) fn quote(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for byte in text.bytes() {
        match byte {
            b'"' | b'\\' => {
                out.push('\\');
                out.push(char::from(byte));
            }
            0x20..0x80 => out.push(char::from(byte)),
            other => {
                let _ = write!(out, "\\x{other:02x}");
            }
        }
    }
    out.push('"');
    out
}

fn mismatch(value: &str, layout: &str, rest: &str, element: &str) -> String {
    let (value, layout, rest, element) = (quote(value), quote(layout), quote(rest), quote(element));
    format!("parsing time {value} as {layout}: cannot parse {rest} as {element}")
}

fn refused(value: &str, reason: &str) -> String {
    format!("parsing time {}: {reason}", quote(value))
}

impl Reading {
    /// Reads one element from the start of `text` and returns the rest; `layout` is what follows it in the layout.
    fn element<'t>(&mut self, element: Element, text: &'t str, layout: &str) -> Result<&'t str, Bad> {
        let rest = match element {
            Element::Year => {
                let (two, rest) = split(text, 2)?;
                let year = signed(two)?;
                self.year = if year >= 69 { year + 1900 } else { year + 2000 };
                rest
            }
            Element::LongYear => {
                let (four, rest) = split(text, 4)?;
                self.year = digit_at(text, 0).and_then(|_| signed(four).ok()).ok_or(Bad::Value)?;
                rest
            }
            Element::Month => name(&MONTHS, text, true, &mut self.month)?,
            Element::LongMonth => name(&MONTHS, text, false, &mut self.month)?,
            Element::Weekday => name(&DAYS, text, true, &mut None)?,
            Element::LongWeekday => name(&DAYS, text, false, &mut None)?,
            Element::NumMonth | Element::ZeroMonth => {
                let (month, rest) = number(text, element == Element::ZeroMonth)?;
                self.month = Some(within(month, 1, 12, "month")?);
                rest
            }
            Element::Day | Element::UnderDay | Element::ZeroDay => {
                let under = element == Element::UnderDay;
                let text = if under { text.strip_prefix(' ').unwrap_or(text) } else { text };
                let (day, rest) = number(text, element == Element::ZeroDay)?;
                self.day = Some(day);
                rest
            }
            Element::UnderYearDay | Element::ZeroYearDay => {
                let mut text = text;
                for _ in 0..2 {
                    if element == Element::UnderYearDay {
                        text = text.strip_prefix(' ').unwrap_or(text);
                    }
                }
                let (day, rest) = number3(text, element == Element::ZeroYearDay)?;
                self.day_of_year = Some(day);
                rest
            }
            Element::Fraction { digits, trimmed, .. } => self.fraction(text, digits, trimmed)?,
            Element::UpperPm => self.half(text, ["AM", "PM"])?,
            Element::LowerPm => self.half(text, ["am", "pm"])?,
            Element::Offset(form) => self.offset(text, form)?,
            Element::ZoneName => self.zone_name(text)?,
            _ => self.clock(element, text, layout)?,
        };
        Ok(rest)
    }

    fn clock<'t>(&mut self, element: Element, text: &'t str, layout: &str) -> Result<&'t str, Bad> {
        let fixed = matches!(element, Element::ZeroHour12 | Element::ZeroMinute | Element::ZeroSecond);
        let (value, rest) = number(text, fixed)?;
        match element {
            Element::Hour => self.hour = within(value, 0, 23, "hour")?,
            Element::Hour12 | Element::ZeroHour12 => self.hour = within(value, 0, 12, "hour")?,
            Element::Minute | Element::ZeroMinute => self.minute = within(value, 0, 59, "minute")?,
            _ => {
                self.second = within(value, 0, 59, "second")?;
                return Ok(self.unannounced_fraction(rest, layout));
            }
        }
        Ok(rest)
    }

    /// A fraction after the seconds is read even if the layout has none.
    fn unannounced_fraction<'t>(&mut self, text: &'t str, layout: &str) -> &'t str {
        if !text.starts_with(['.', ',']) || digit_at(text, 1).is_none() {
            return text;
        }
        if matches!(next(layout).1, Some((Element::Fraction { .. }, _))) {
            return text;
        }
        let (nanosecond, rest) = nanoseconds(text);
        self.nanosecond = nanosecond;
        rest
    }

    fn fraction<'t>(&mut self, text: &'t str, digits: usize, trimmed: bool) -> Result<&'t str, Bad> {
        if trimmed {
            if !text.starts_with(['.', ',']) || digit_at(text, 1).is_none() {
                return Ok(text);
            }
            let (nanosecond, rest) = nanoseconds(text);
            self.nanosecond = nanosecond;
            return Ok(rest);
        }
        let (shown, rest) = split(text, digits + 1)?;
        if !shown.starts_with(['.', ',']) {
            return Err(Bad::Value);
        }
        let shown = shown.get(..10).unwrap_or(shown);
        let number = signed(shown.get(1..).unwrap_or_default())?;
        let number = u32::try_from(number).map_err(|_| Bad::Range("fractional second"))?;
        let scale = u32::try_from(10_usize.saturating_sub(shown.len())).unwrap_or(0);
        self.nanosecond = number.saturating_mul(10_u32.saturating_pow(scale));
        Ok(rest)
    }

    fn half<'t>(&mut self, text: &'t str, [morning, evening]: [&str; 2]) -> Result<&'t str, Bad> {
        let (half, rest) = split(text, 2)?;
        self.after_noon = match half {
            half if half == morning => Some(false),
            half if half == evening => Some(true),
            _ => return Err(Bad::Value),
        };
        Ok(rest)
    }

    fn offset<'t>(&mut self, text: &'t str, form: OffsetForm) -> Result<&'t str, Bad> {
        if form.zulu
            && let Some(rest) = text.strip_prefix('Z')
        {
            self.utc = true;
            return Ok(rest);
        }
        let parts = 1 + usize::from(form.minutes) + usize::from(form.seconds);
        let width = if form.colons { 3 } else { 2 };
        let (shown, rest) = split(text, 1 + width * parts - usize::from(form.colons))?;
        let mut values = [0; 3];
        for (part, value) in values.iter_mut().enumerate().take(parts) {
            let at = 1 + part * width;
            if form.colons && part > 0 && shown.as_bytes().get(at - 1) != Some(&b':') {
                return Err(Bad::Value);
            }
            *value = number(shown.get(at..at + 2).ok_or(Bad::Value)?, true)?.0;
        }
        let [hours, minutes, seconds] = values;
        // Whole days, hours and minutes are let through: some people write them.
        within(hours, 0, 24, "time zone offset hour")?;
        within(minutes, 0, 60, "time zone offset minute")?;
        within(seconds, 0, 60, "time zone offset second")?;
        let offset = i32::try_from((hours * 60 + minutes) * 60 + seconds).map_err(|_| Bad::Value)?;
        self.offset = match shown.as_bytes().first() {
            Some(b'+') => Some(offset),
            Some(b'-') => Some(-offset),
            _ => return Err(Bad::Value),
        };
        Ok(rest)
    }

    fn zone_name<'t>(&mut self, text: &'t str) -> Result<&'t str, Bad> {
        if let Some(rest) = text.strip_prefix("UTC") {
            self.utc = true;
            return Ok(rest);
        }
        let length = name_of_zone(text).ok_or(Bad::Value)?;
        let (name, rest) = split(text, length)?;
        name.clone_into(&mut self.zone);
        Ok(rest)
    }

    fn finish(mut self) -> Result<Timestamp, &'static str> {
        match self.after_noon {
            Some(true) if self.hour < 12 => self.hour += 12,
            Some(false) if self.hour == 12 => self.hour = 0,
            _ => {}
        }
        if let Some(day_of_year) = self.day_of_year {
            self.set_day_of_year(day_of_year)?;
        }
        let (month, day) = (self.month.unwrap_or(1), self.day.unwrap_or(1));
        if day < 1 || day > days_in(self.year, month) {
            return Err("day out of range");
        }
        let parts = Parts {
            year: self.year,
            month,
            day,
            hour: self.hour,
            minute: self.minute,
            second: self.second,
            nanosecond: self.nanosecond,
        };
        Ok(match self.offset {
            _ if self.utc => parts.at(Zone::Utc),
            // An offset that the local zone has is shown as the local zone; here that is UTC.
            Some(0) if self.zone.is_empty() => parts.at(Zone::Utc),
            Some(offset) => parts.at(Zone::fixed(&self.zone, offset)),
            None if self.zone.is_empty() => parts.at(Zone::Utc),
            None => self.at_unknown_zone(parts),
        })
    }

    /// A zone of which only the name is known has no offset, unless it is `GMT` with hours.
    fn at_unknown_zone(&self, parts: Parts) -> Timestamp {
        let hours: i32 = self.zone.strip_prefix("GMT").and_then(|hours| hours.parse().ok()).unwrap_or(0);
        // The time is taken as one of UTC; the offset only shows.
        let utc = parts.at(Zone::Utc);
        utc.shown_in(Zone::fixed(&self.zone, hours.saturating_mul(3_600)))
    }

    fn set_day_of_year(&mut self, day_of_year: i64) -> Result<(), &'static str> {
        let length = if is_leap(self.year) { 366 } else { 365 };
        if day_of_year < 1 || day_of_year > length {
            return Err("day-of-year out of range");
        }
        let (mut month, mut day) = (1, day_of_year);
        while day > days_in(self.year, month) {
            day -= days_in(self.year, month);
            month += 1;
        }
        if self.month.is_some_and(|seen| seen != month) {
            return Err("day-of-year does not match month");
        }
        if self.day.is_some_and(|seen| seen != day) {
            return Err("day-of-year does not match day");
        }
        (self.month, self.day) = (Some(month), Some(day));
        Ok(())
    }
}

fn split(text: &str, at: usize) -> Result<(&str, &str), Bad> {
    text.split_at_checked(at).ok_or(Bad::Value)
}

fn signed(text: &str) -> Result<i64, Bad> {
    text.parse().map_err(|_| Bad::Value)
}

fn within(value: i64, least: i64, most: i64, what: &'static str) -> Result<i64, Bad> {
    if (least..=most).contains(&value) { Ok(value) } else { Err(Bad::Range(what)) }
}

/// A name of a list, whatever its case; the place, counted from 1, is noted.
fn name<'t>(names: &[&str], text: &'t str, cut: bool, found: &mut Option<i64>) -> Result<&'t str, Bad> {
    for (number, name) in (1..).zip(names) {
        let name = if cut { short(name) } else { name };
        if let Some((start, rest)) = text.split_at_checked(name.len())
            && start.eq_ignore_ascii_case(name)
        {
            *found = Some(number);
            return Ok(rest);
        }
    }
    Err(Bad::Value)
}

#[cfg(test)]
mod tests;
