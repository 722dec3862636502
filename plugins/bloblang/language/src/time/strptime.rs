//! `strptime` with the directives of the library that Bento uses (timefmt-go).

use super::civil::{Parts, add_date};
use super::zone::Zone;
use super::{DAYS, MONTHS, civil::Civil, short};
use crate::value::{Timestamp, quoted};

mod offset;

/// The day that weeks of a year are counted by.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Weeks {
    Sunday,
    Monday,
    Iso,
}

/// The source, and what was read of it so far.
struct Reader<'s> {
    source: &'s str,
    at: usize,
    year: i64,
    century: Option<i64>,
    month: i64,
    /// 0 while no day was read.
    day: i64,
    day_of_year: i64,
    week: i64,
    weeks: Option<Weeks>,
    /// From 1, which is Sunday; 0 while none was read.
    weekday: i64,
    hour: i64,
    minute: i64,
    second: i64,
    nanosecond: u32,
    after_noon: bool,
    iso_year: bool,
    zone: Zone,
    zone_named: bool,
    zone_offset: bool,
}

type Done = Result<(), String>;

/// The time that `source` shows in the way of `format`.
pub fn parse(source: &str, format: &str) -> Result<Timestamp, String> {
    let mut reader = Reader {
        source,
        at: 0,
        year: 1900,
        century: None,
        month: 1,
        day: 0,
        day_of_year: 0,
        week: 0,
        weeks: None,
        weekday: 0,
        hour: 0,
        minute: 0,
        second: 0,
        nanosecond: 0,
        after_noon: false,
        iso_year: false,
        zone: Zone::Utc,
        zone_named: false,
        zone_offset: false,
    };
    reader
        .read(format.as_bytes())
        .and_then(|()| reader.finish())
        .map_err(|reason| format!("failed to parse {} with {}: {reason}", quoted(source), quoted(format)))
}

impl Reader<'_> {
    fn read(&mut self, format: &[u8]) -> Done {
        let mut next = 0;
        while let Some(byte) = format.get(next) {
            next += 1;
            if *byte != b'%' {
                self.literal(*byte)?;
                continue;
            }
            let directive = *format.get(next).ok_or("stray \"%\"")?;
            next += 1;
            if directive == b':' {
                next = self.colons(format, next)?;
            } else if let Some(parts) = compound(directive) {
                for part in parts {
                    if part.is_ascii_alphabetic() { self.directive(*part)? } else { self.literal(*part)? }
                }
            } else {
                self.directive(directive)?;
            }
        }
        match self.source.get(self.at..) {
            Some("") => Ok(()),
            rest => Err(format!("unparsed string {}", quoted(rest.unwrap_or_default()))),
        }
    }

    fn directive(&mut self, directive: u8) -> Done {
        match directive {
            b'Y' | b'G' => self.year = self.number(4, 0, 9999, directive)?,
            b'y' => {
                let year = self.number(2, 0, 99, directive)?;
                self.year = if year < 69 { year + 2000 } else { year + 1900 };
            }
            b'g' => self.year = self.number(2, 0, 99, directive)? + 2000,
            b'C' => self.century = Some(self.number(2, 0, 99, directive)?),
            b'm' => self.month = self.number(2, 1, 12, directive)?,
            b'B' => self.month = self.name(&MONTHS, false, directive)?,
            b'b' | b'h' => self.month = self.name(&MONTHS, true, directive)?,
            b'A' => self.weekday = self.name(&DAYS, false, directive)?,
            b'a' => self.weekday = self.name(&DAYS, true, directive)?,
            b'w' => self.weekday = self.number(1, 0, 6, directive)? + 1,
            b'u' => self.weekday = self.number(1, 1, 7, directive)? % 7 + 1,
            b'V' => self.week(Weeks::Iso, 1, directive)?,
            b'U' => self.week(Weeks::Sunday, 0, directive)?,
            b'W' => self.week(Weeks::Monday, 0, directive)?,
            b'e' => self.day = self.spaced(1, 31, directive)?,
            b'd' => self.day = self.number(2, 1, 31, directive)?,
            b'j' => self.day_of_year = self.number(3, 1, 366, directive)?,
            b'k' => self.hour = self.spaced(0, 23, directive)?,
            b'H' => self.hour = self.number(2, 0, 23, directive)?,
            b'l' => self.hour = self.spaced(1, 12, directive)? % 12,
            b'I' => self.hour = self.number(2, 1, 12, directive)? % 12,
            b'P' | b'p' => self.after_noon = self.name(&["AM", "PM"], false, directive)? == 2,
            b'M' => self.minute = self.number(2, 0, 59, directive)?,
            b'S' => self.second = self.number(2, 0, 60, directive)?,
            b's' => self.unix()?,
            b'f' => self.fraction()?,
            b'Z' => self.zone_name()?,
            b'z' => self.offset(0)?,
            b't' | b'n' => self.space(directive)?,
            b'%' => self.literal(b'%')?,
            other => return Err(format!("unexpected format \"%{}\"", char::from(other))),
        }
        self.iso_year |= matches!(directive, b'G' | b'g');
        Ok(())
    }

    /// The offset whose colons start before `next`; returns where it ends in the format.
    fn colons(&mut self, format: &[u8], next: usize) -> Result<usize, String> {
        for colons in 1..=2 {
            match format.get(next + colons - 1) {
                Some(b'z') => return self.offset(colons).map(|()| next + colons),
                Some(b':') if colons < 2 => {}
                _ => return Err(format!("expected 'z' after \"%{}\"", ":".repeat(colons))),
            }
        }
        Ok(next)
    }

    fn peek(&self) -> Option<u8> {
        self.source.as_bytes().get(self.at).copied()
    }

    fn literal(&mut self, byte: u8) -> Done {
        if self.peek() != Some(byte) {
            let shown = quoted(&char::from(byte).to_string());
            let shown = shown.get(1..shown.len() - 1).unwrap_or_default();
            return Err(match byte {
                b'\'' => "expected '\\''".to_owned(),
                b'"' => "expected '\"'".to_owned(),
                _ => format!("expected '{shown}'"),
            });
        }
        self.at += 1;
        Ok(())
    }

    /// Up to `size` digits.
    fn number(&mut self, size: usize, least: i64, most: i64, directive: u8) -> Result<i64, String> {
        let mut value: i64 = 0;
        let mut length = 0;
        while let Some(digit) = self.peek().filter(|byte| byte.is_ascii_digit() && length < size) {
            value = value * 10 + i64::from(digit - b'0');
            length += 1;
            self.at += 1;
        }
        if length == 0 || value < least || value > most {
            return Err(unreadable(directive));
        }
        Ok(value)
    }

    /// Two digits, of which the first may be a space.
    fn spaced(&mut self, least: i64, most: i64, directive: u8) -> Result<i64, String> {
        self.at += usize::from(self.peek() == Some(b' '));
        self.number(2, least, most, directive)
    }

    /// A name of a list, whatever its case, as its place counted from 1.
    fn name(&mut self, names: &[&str], cut: bool, directive: u8) -> Result<i64, String> {
        let rest = self.source.as_bytes().get(self.at..).unwrap_or_default();
        for (number, name) in (1..).zip(names) {
            let name = if cut { short(name) } else { name };
            if rest.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name.as_bytes())) {
                self.at += name.len();
                return Ok(number);
            }
        }
        Err(unreadable(directive))
    }

    fn week(&mut self, weeks: Weeks, least: i64, directive: u8) -> Done {
        self.week = self.number(2, least, 53, directive)?;
        self.weeks = Some(weeks);
        if self.weekday == 0 {
            self.weekday = if weeks == Weeks::Sunday { 1 } else { 2 };
        }
        Ok(())
    }

    fn unix(&mut self) -> Done {
        let civil = Civil::new(self.number(10, 0, i64::MAX, b's')?, 0);
        (self.year, self.month, self.day) = (civil.year, civil.month, civil.day);
        (self.hour, self.minute, self.second) = (civil.hour, civil.minute, civil.second);
        Ok(())
    }

    fn fraction(&mut self) -> Done {
        let start = self.at;
        let mut microseconds = self.number(6, 0, 999_999, b'f')?;
        for _ in self.at - start..6 {
            microseconds *= 10;
        }
        self.nanosecond = u32::try_from(microseconds * 1_000).unwrap_or(0);
        Ok(())
    }

    fn space(&mut self, directive: u8) -> Done {
        let start = self.at;
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | 0x0b | 0x0c | b'\r')) {
            self.at += 1;
        }
        if self.at == start {
            return Err(format!("expected a space for \"%{}\"", char::from(directive)));
        }
        Ok(())
    }

    fn finish(mut self) -> Result<Timestamp, String> {
        if self.after_noon {
            self.hour += 12;
        }
        if let Some(century) = self.century {
            self.year = century * 100 + self.year % 100;
        }
        let mut parts = Parts {
            year: self.year,
            month: self.month,
            day: self.day.max(1),
            hour: self.hour,
            minute: self.minute,
            second: self.second,
            nanosecond: self.nanosecond,
        };
        if self.day > 0 {
            return Ok(parts.at(self.zone));
        }
        if self.day_of_year > 0 {
            if self.iso_year {
                return Err("use \"%Y\" to parse non-ISO year for \"%j\"".to_owned());
            }
            (parts.month, parts.day) = (1, self.day_of_year);
            return Ok(parts.at(self.zone));
        }
        let Some(weeks) = self.weeks else { return Ok(parts.at(self.zone)) };
        match (weeks, self.iso_year) {
            (Weeks::Iso, false) => return Err("use \"%G\" to parse ISO year for \"%V\"".to_owned()),
            (Weeks::Sunday | Weeks::Monday, true) => {
                return Err("use \"%Y\" to parse non-ISO year for \"%U\" or \"%W\"".to_owned());
            }
            _ => {}
        }
        // Weeks are counted from the day of the week that decides which one is the first.
        let before = match weeks {
            Weeks::Sunday => 0,
            Weeks::Monday => 1,
            Weeks::Iso => 4,
        };
        let week = self.week + i64::from(weeks != Weeks::Sunday && self.weekday == 1);
        (parts.month, parts.day) = (1, -before);
        let start = parts.at(self.zone);
        Ok(add_date(&start, 0, 0, week * 7 - Civil::of(&start).weekday + self.weekday - 1))
    }
}

fn unreadable(directive: u8) -> String {
    format!("cannot parse \"%{}\"", char::from(directive))
}

/// The directives, and the characters between them, that one directive stands for.
pub(super) fn compound(directive: u8) -> Option<&'static [u8]> {
    Some(match directive {
        b'c' => b"a b e H:M:S Y",
        b'+' => b"a b e H:M:S Z Y",
        b'v' => b"e-b-Y",
        b'r' => b"I:M:S p",
        b'F' => b"Y-m-d",
        b'D' | b'x' => b"m/d/y",
        b'T' | b'X' => b"H:M:S",
        b'R' => b"H:M",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::parse;

    fn read(source: &str, format: &str) -> String {
        parse(source, format).map_or_else(|error| error, |at| at.to_string())
    }

    #[test]
    fn directives_are_read() {
        let cases = [
            ("2020-Aug-14 11:50:26.371", "%Y-%b-%d %H:%M:%S.%f", "2020-08-14T11:50:26.371Z"),
            ("Fri Aug 14 01:02:03 2020", "%c", "2020-08-14T01:02:03Z"),
            ("69/68", "%y/%C", "6869-01-01T00:00:00Z"),
            ("1597405826", "%s", "2020-08-14T11:50:26Z"),
            ("2020 227", "%Y %j", "2020-08-14T00:00:00Z"),
            ("2020-W33-5", "%G-W%V-%u", "2020-08-14T00:00:00Z"),
            ("2020 32 0", "%Y %U %w", "2020-08-09T00:00:00Z"),
            ("12 AM +0230", "%I %p %z", "1900-01-01T00:00:00+02:30"),
            ("1:02 -01:30:15 CEST", "%H:%M %::z %Z", "1900-01-01T01:02:00-01:30"),
            (
                "100%\t x",
                "100%%%n%tx",
                "failed to parse \"100%\\t x\" with \"100%%%n%tx\": expected a space for \"%t\"",
            ),
        ];
        for (source, format, expected) in cases {
            assert_eq!(read(source, format), expected, "{source} {format}");
        }
    }

    #[test]
    fn what_is_wrong_is_told() {
        let cases = [
            ("2020", "%Y%", "stray \"%\""),
            ("2020", "%Q", "unexpected format \"%Q\""),
            ("20x", "%Y", "unparsed string \"x\""),
            ("13", "%m", "cannot parse \"%m\""),
            ("13", "x", "expected 'x'"),
            ("+01", "%:z", "expected ':' for \"%:z\""),
            ("+01", "%:x", "expected 'z' after \"%:\""),
            ("33", "%V", "use \"%G\" to parse ISO year for \"%V\""),
        ];
        for (source, format, expected) in cases {
            assert_eq!(
                read(source, format),
                format!("failed to parse {source:?} with {format:?}: {expected}")
            );
        }
    }
}
