//! `strftime` with the directives, flags and widths of the library that Bento uses (timefmt-go).

use super::civil::Civil;
use super::format::name;
use super::strptime::compound;
use super::{DAYS, MONTHS, short};
use crate::value::Timestamp;

/// The widest padding that can be asked for.
const WIDEST: usize = 1024;

/// What a number or name is filled up with.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Padding {
    /// Nobody said: zeros for numbers, spaces for names.
    Usual,
    Zeros,
    Spaces,
    None,
}

/// The flags between `%` and the directive.
#[derive(Clone, Copy)]
struct Flags {
    padding: Padding,
    width: usize,
    upper: bool,
    swap: bool,
    colons: usize,
}

const PLAIN: Flags = Flags { padding: Padding::Usual, width: 0, upper: false, swap: false, colons: 0 };

struct Writer<'t> {
    at: &'t Timestamp,
    civil: Civil,
    out: Vec<u8>,
}

/// The time as `format` shows it.
pub fn format(at: &Timestamp, format: &str) -> Vec<u8> {
    let mut writer = Writer { at, civil: Civil::of(at), out: Vec::with_capacity(64) };
    let bytes = format.as_bytes();
    let mut next = 0;
    while let Some(byte) = bytes.get(next) {
        next += 1;
        if *byte == b'%' {
            next = writer.directive(bytes, next);
        } else {
            writer.out.push(*byte);
        }
    }
    writer.out
}

impl Writer<'_> {
    /// Writes the directive whose flags start at `start`, which is after the percent sign; returns where it ends.
    fn directive(&mut self, format: &[u8], start: usize) -> usize {
        let mut flags = PLAIN;
        let mut at = start;
        if start == format.len() {
            self.out.push(b'%');
            return at;
        }
        while let Some(byte) = format.get(at) {
            match byte {
                b'-' => flags.padding = Padding::None,
                b'_' => flags.padding = Padding::Spaces,
                b'^' => flags.upper = true,
                b'#' => flags.swap = true,
                b'0' => flags.padding = Padding::Zeros,
                b'1'..=b'9' => {
                    at = read_width(format, at, &mut flags);
                    continue;
                }
                b':' => {
                    let colons = format.iter().skip(at).take_while(|byte| **byte == b':').count();
                    if colons <= 3 && format.get(at + colons) == Some(&b'z') {
                        flags.colons = colons;
                        self.zone(b'z', flags);
                        return at + colons + 1;
                    }
                    // Too many colons take the directive with them, were it one.
                    let end = at + colons + usize::from(colons > 3 && format.get(at + colons) == Some(&b'z'));
                    self.verbatim(format.get(..end).unwrap_or_default(), flags.width, flags.padding);
                    return end;
                }
                directive => {
                    let known = self.simple(*directive, flags) || self.compound(*directive, flags);
                    if !known {
                        let before = format.get(..at).unwrap_or_default();
                        self.verbatim(before, flags.width.saturating_sub(1), flags.padding);
                        self.out.push(*directive);
                    }
                    return at + 1;
                }
            }
            at += 1;
        }
        // The format ends before the directive.
        self.verbatim(format, flags.width, flags.padding);
        at
    }

    /// Directives that stand for others, which take over the case only.
    fn compound(&mut self, directive: u8, flags: Flags) -> bool {
        let Some(parts) = compound(directive) else { return false };
        let swap = flags.swap && !matches!(directive, b'c' | b'+' | b'v' | b'r');
        for part in parts {
            if !self.simple(*part, Flags { upper: flags.upper, swap, ..PLAIN }) {
                self.out.push(*part);
            }
        }
        true
    }

    fn simple(&mut self, directive: u8, flags: Flags) -> bool {
        let civil = self.civil;
        let spaced = match flags.padding {
            Padding::Usual => Flags { padding: Padding::Spaces, ..flags },
            _ => flags,
        };
        let wide = |flags: Flags, least: usize| Flags { width: flags.width.max(least), ..flags };
        let or = |width: usize| Flags { width: if flags.width == 0 { width } else { flags.width }, ..flags };
        let (iso_year, iso_week) = civil.iso_week();
        match directive {
            b'Y' => self.number(civil.year, or(4)),
            b'y' => self.number((civil.year % 100).abs(), wide(flags, 2)),
            b'C' => self.century(wide(flags, 2)),
            b'g' => self.number((iso_year % 100).abs(), wide(flags, 2)),
            b'G' => self.number(iso_year, or(4)),
            b'm' => self.number(civil.month, wide(flags, 2)),
            b'B' => self.text(name(&MONTHS, civil.month - 1), flags),
            b'b' | b'h' => self.text(short(name(&MONTHS, civil.month - 1)), flags),
            b'A' => self.text(name(&DAYS, civil.weekday), flags),
            b'a' => self.text(short(name(&DAYS, civil.weekday)), flags),
            b'w' => self.number(civil.weekday, flags),
            b'u' => self.number(if civil.weekday == 0 { 7 } else { civil.weekday }, flags),
            b'V' => self.number(iso_week, wide(flags, 2)),
            b'U' => self.number((civil.day_of_year + 6 - civil.weekday) / 7, wide(flags, 2)),
            b'W' => self.number((civil.day_of_year + 6 - (civil.weekday + 6) % 7) / 7, wide(flags, 2)),
            b'e' => self.number(civil.day, wide(spaced, 2)),
            b'd' => self.number(civil.day, wide(flags, 2)),
            b'j' => self.number(civil.day_of_year, wide(flags, 3)),
            b'k' => self.number(civil.hour, wide(spaced, 2)),
            b'H' => self.number(civil.hour, wide(flags, 2)),
            b'l' => self.number(civil.hour12(), wide(spaced, 2)),
            b'I' => self.number(civil.hour12(), wide(flags, 2)),
            b'P' => self.half(Flags { swap: !flags.upper && !flags.swap, ..flags }),
            b'p' => self.half(flags),
            b'M' => self.number(civil.minute, wide(flags, 2)),
            b'S' => self.number(civil.second, wide(flags, 2)),
            b's' => self.number(self.at.seconds, spaced),
            b'f' => self.number(i64::from(self.at.nanoseconds / 1_000), or(6)),
            b'Z' | b'z' => self.zone(directive, flags),
            b't' => self.text("\t", Flags { upper: false, swap: false, ..flags }),
            b'n' => self.text("\n", Flags { upper: false, swap: false, ..flags }),
            b'%' => self.text("%", Flags { upper: false, swap: false, ..flags }),
            _ => return false,
        }
        true
    }

    fn half(&mut self, flags: Flags) {
        self.text(if self.civil.hour < 12 { "AM" } else { "PM" }, flags);
    }

    /// The years -99 to -1 are in the century -0.
    fn century(&mut self, flags: Flags) {
        let century = self.civil.year / 100;
        let negative_zero = self.civil.year < 0 && century == 0;
        self.number(if negative_zero { -1 } else { century }, flags);
        if negative_zero && let Some(last) = self.out.last_mut() {
            *last = b'0';
        }
    }

    /// A number in its width; zeros go between the sign and the digits, spaces before the sign.
    fn number(&mut self, value: i64, flags: Flags) {
        let text = value.to_string();
        let missing = match flags.padding {
            Padding::None => 0,
            _ => flags.width.saturating_sub(text.len()),
        };
        if flags.padding == Padding::Spaces {
            self.out.extend(std::iter::repeat_n(b' ', missing));
            self.out.extend_from_slice(text.as_bytes());
            return;
        }
        let digits = text.strip_prefix('-').unwrap_or(&text);
        if digits.len() < text.len() {
            self.out.push(b'-');
        }
        self.out.extend(std::iter::repeat_n(b'0', missing));
        self.out.extend_from_slice(digits.as_bytes());
    }

    fn text(&mut self, text: &str, flags: Flags) {
        let missing = match flags.padding {
            Padding::None => 0,
            _ => flags.width.saturating_sub(text.len()),
        };
        let filler = if flags.padding == Padding::Zeros { b'0' } else { b' ' };
        self.out.extend(std::iter::repeat_n(filler, missing));
        let all_upper = text.as_bytes().get(1).is_some_and(|byte| *byte < b'a');
        if flags.swap && all_upper {
            self.out.extend(text.bytes().map(|byte| byte | 0x20));
        } else if flags.swap || flags.upper {
            self.out.extend(text.bytes().map(|byte| byte & 0x5f));
        } else {
            self.out.extend_from_slice(text.as_bytes());
        }
    }

    fn zone(&mut self, directive: u8, flags: Flags) {
        let name = self.at.abbreviation();
        if directive == b'Z' && !name.as_str().is_empty() {
            self.text(name.as_str(), flags);
            return;
        }
        let offset = i64::from(self.at.offset);
        let sign = if offset < 0 { '-' } else { '+' };
        let offset = offset.abs();
        let (hours, minutes, seconds) = (offset / 3_600, offset / 60 % 60, offset % 60);
        let mut tail = String::new();
        if flags.colons <= 2 || offset % 3_600 != 0 {
            let colon = if flags.colons == 0 { "" } else { ":" };
            tail = format!("{colon}{minutes:02}");
            if flags.colons == 2 || flags.colons == 3 && seconds != 0 {
                tail.push_str(&format!(":{seconds:02}"));
            }
        }
        // One digit of hours is filled up like the whole: `+09`, ` +9` or `+9`.
        let one = hours < 10;
        let (padded, short) = (format!("{hours:02}{tail}"), format!("{hours}{tail}"));
        let text = match flags.padding {
            Padding::Usual | Padding::Zeros => {
                let missing = flags.width.saturating_sub(padded.len() + 1);
                format!("{sign}{}{padded}", "0".repeat(missing))
            }
            Padding::Spaces => {
                let missing = flags.width.saturating_sub(short.len() + 1).max(usize::from(one));
                format!("{}{sign}{short}", " ".repeat(missing))
            }
            Padding::None => format!("{sign}{short}"),
        };
        self.out.extend_from_slice(text.as_bytes());
    }

    /// What is no directive, from the last percent sign on.
    fn verbatim(&mut self, text: &[u8], width: usize, padding: Padding) {
        let Some(start) = text.iter().rposition(|byte| *byte == b'%') else { return };
        let text = text.get(start..).unwrap_or_default();
        let missing = if padding == Padding::None { 0 } else { width.saturating_sub(text.len()) };
        let filler = if padding == Padding::Zeros { b'0' } else { b' ' };
        self.out.extend(std::iter::repeat_n(filler, missing));
        self.out.extend_from_slice(text);
    }
}

/// Reads the digits of a width from `at` on; returns where they end.
fn read_width(format: &[u8], at: usize, flags: &mut Flags) -> usize {
    let mut at = at;
    flags.width = 0;
    while let Some(digit) = format.get(at).filter(|byte| byte.is_ascii_digit()) {
        flags.width = (flags.width * 10 + usize::from(digit - b'0')).min(WIDEST);
        at += 1;
    }
    // A width brings back the padding that a minus took.
    if flags.padding == Padding::None {
        flags.padding = Padding::Spaces;
    }
    at
}

#[cfg(test)]
mod tests {
    use super::format;
    use crate::time::Zone;
    use crate::value::Timestamp;

    #[test]
    fn directives_flags_and_widths_are_written() {
        let zone = Zone::load("America/New_York").expect("known");
        let at = Timestamp::new(1_597_405_826, 371_000_000, zone);
        let cases = [
            ("%Y-%b-%d %H:%M:%S.%f", "2020-Aug-14 07:50:26.371000"),
            (
                "%c|%+|%v|%r|%F|%D|%T|%R",
                "Fri Aug 14 07:50:26 2020|Fri Aug 14 07:50:26 EDT 2020|14-Aug-2020|07:50:26 AM|2020-08-14|08/14/20|07:50:26|07:50",
            ),
            (
                "%A %^a %#B %#p %P %u %w %j %U %W %V %G %g %C",
                "Friday FRI AUGUST am am 5 5 227 32 32 33 2020 20 20",
            ),
            ("%-m|%_m|%5m|%-5m|%05B|%10B|%-10d", "8| 8|00008|    8|August|    August|        14"),
            (
                "%z %:z %::z %:::z %Z %_z %-z %10z %_10z",
                "-0400 -04:00 -04:00:00 -04 EDT  -400 -400 -000000400       -400",
            ),
            ("%k|%l|%e|%I|%s|%t%n%%|%Q|%", " 7| 7|14|07|1597405826|\t\n%|%Q|%"),
        ];
        for (directives, expected) in cases {
            assert_eq!(String::from_utf8_lossy(&format(&at, directives)), expected, "{directives}");
        }
    }
}
