//! Writing a time by one of Go's layouts.

use std::fmt::Write as _;

use super::civil::Civil;
use super::layout::{Element, OffsetForm, next};
use super::{DAYS, MONTHS, short};
use crate::value::Timestamp;

/// The time as `layout` shows it.
pub(crate) fn format(at: &Timestamp, layout: &str) -> String {
    let civil = Civil::of(at);
    let mut out = String::with_capacity(layout.len() + 10);
    let mut rest = layout;
    while !rest.is_empty() {
        let (prefix, found, suffix) = next(rest);
        out.push_str(prefix);
        let Some((element, _)) = found else { break };
        write_element(at, &civil, element, &mut out);
        rest = suffix;
    }
    out
}

/// A number with a sign in front of its padding.
pub(super) fn padded(value: i64, width: usize, out: &mut String) {
    let sign = if value < 0 { "-" } else { "" };
    let _ = write!(out, "{sign}{:0width$}", value.unsigned_abs());
}

/// The name at a place, counted from 0.
pub(super) fn name(names: &'static [&'static str], at: i64) -> &'static str {
    usize::try_from(at).ok().and_then(|at| names.get(at)).copied().unwrap_or_default()
}

fn write_element(at: &Timestamp, civil: &Civil, element: Element, out: &mut String) {
    let month = name(&MONTHS, civil.month - 1);
    let weekday = name(&DAYS, civil.weekday);
    match element {
        Element::LongYear => padded(civil.year, 4, out),
        Element::Year => padded((civil.year % 100).abs(), 2, out),
        Element::LongMonth => out.push_str(month),
        Element::Month => out.push_str(short(month)),
        Element::NumMonth => padded(civil.month, 0, out),
        Element::ZeroMonth => padded(civil.month, 2, out),
        Element::LongWeekday => out.push_str(weekday),
        Element::Weekday => out.push_str(short(weekday)),
        Element::Day => padded(civil.day, 0, out),
        Element::UnderDay => {
            let _ = write!(out, "{:2}", civil.day);
        }
        Element::ZeroDay => padded(civil.day, 2, out),
        Element::UnderYearDay => {
            let _ = write!(out, "{:3}", civil.day_of_year);
        }
        Element::ZeroYearDay => padded(civil.day_of_year, 3, out),
        Element::Hour => padded(civil.hour, 2, out),
        Element::Hour12 => padded(civil.hour12(), 0, out),
        Element::ZeroHour12 => padded(civil.hour12(), 2, out),
        Element::Minute => padded(civil.minute, 0, out),
        Element::ZeroMinute => padded(civil.minute, 2, out),
        Element::Second => padded(civil.second, 0, out),
        Element::ZeroSecond => padded(civil.second, 2, out),
        Element::UpperPm => out.push_str(if civil.hour >= 12 { "PM" } else { "AM" }),
        Element::LowerPm => out.push_str(if civil.hour >= 12 { "pm" } else { "am" }),
        Element::ZoneName => match at.abbreviation().as_str() {
            "" => {
                let form = OffsetForm { zulu: false, colons: false, minutes: true, seconds: false };
                offset(at.offset, form, out);
            }
            name => out.push_str(name),
        },
        Element::Offset(form) => offset(at.offset, form, out),
        Element::Fraction { digits, comma, trimmed } => fraction(at.nanoseconds, digits, comma, trimmed, out),
    }
}

fn offset(offset: i32, form: OffsetForm, out: &mut String) {
    if form.zulu && offset == 0 {
        out.push('Z');
        return;
    }
    // Whole minutes decide about the sign, as in Go.
    let minutes = i64::from(offset / 60);
    out.push(if minutes < 0 { '-' } else { '+' });
    padded(minutes.abs() / 60, 2, out);
    if form.minutes {
        if form.colons {
            out.push(':');
        }
        padded(minutes.abs() % 60, 2, out);
    }
    if form.seconds {
        if form.colons {
            out.push(':');
        }
        let seconds = if minutes < 0 { -offset } else { offset };
        padded(i64::from(seconds % 60), 2, out);
    }
}

fn fraction(nanoseconds: u32, digits: usize, comma: bool, trimmed: bool, out: &mut String) {
    if trimmed && nanoseconds == 0 {
        return;
    }
    let all = format!("{nanoseconds:09}");
    let shown = all.get(..digits.min(9)).unwrap_or(&all);
    let shown = if trimmed { shown.trim_end_matches('0') } else { shown };
    if trimmed && shown.is_empty() {
        return;
    }
    out.push(if comma { ',' } else { '.' });
    out.push_str(shown);
}

#[cfg(test)]
mod tests {
    use super::format;
    use crate::time::Zone;
    use crate::value::Timestamp;

    #[test]
    fn layouts_show_what_go_shows() {
        let at = Timestamp::utc(1_597_405_826, 371_000_000);
        let there = at.shown_in(Zone::load("America/New_York").expect("known"));
        let cases = [
            ("2006-01-02T15:04:05.999999999Z07:00", "2020-08-14T11:50:26.371Z"),
            ("Monday, January _2 __2 3:4:5 pm", "Friday, August 14 227 11:50:26 am"),
            ("Mon Jan 2 06 03 PM .000 ,000000 .99", "Fri Aug 14 20 11 AM .371 ,371000 .37"),
            ("Janet Monet _2006 002 .0001", "Janet Monet _2020 227 .0008"),
            ("MST -07 -0700 -07:00 -070000 -07:00:00", "UTC +00 +0000 +00:00 +000000 +00:00:00"),
            ("Z07 Z0700 Z07:00 Z070000 Z07:00:00", "Z Z Z Z Z"),
        ];
        for (layout, expected) in cases {
            assert_eq!(format(&at, layout), expected);
        }
        assert_eq!(format(&there, "MST Z07 -07:00:00"), "EDT -04 -04:00:00");
    }
}
