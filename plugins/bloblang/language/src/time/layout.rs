//! Go's layouts: a text that shows how the reference time, Monday January 2nd 2006 at 15:04:05 in MST, would look.

/// One element of a layout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Element {
    LongMonth,
    Month,
    NumMonth,
    ZeroMonth,
    LongWeekday,
    Weekday,
    Day,
    UnderDay,
    ZeroDay,
    UnderYearDay,
    ZeroYearDay,
    Hour,
    Hour12,
    ZeroHour12,
    Minute,
    ZeroMinute,
    Second,
    ZeroSecond,
    LongYear,
    Year,
    UpperPm,
    LowerPm,
    ZoneName,
    Offset(OffsetForm),
    /// So many digits of the fraction, after a point or comma.
    Fraction {
        digits: usize,
        comma: bool,
        trimmed: bool,
    },
}

/// How an offset from UTC is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct OffsetForm {
    /// `Z` stands for no offset.
    pub(crate) zulu: bool,
    pub(crate) colons: bool,
    pub(crate) minutes: bool,
    pub(crate) seconds: bool,
}

const OFFSETS: [(&str, OffsetForm); 5] = [
    ("070000", OffsetForm { zulu: false, colons: false, minutes: true, seconds: true }),
    ("07:00:00", OffsetForm { zulu: false, colons: true, minutes: true, seconds: true }),
    ("0700", OffsetForm { zulu: false, colons: false, minutes: true, seconds: false }),
    ("07:00", OffsetForm { zulu: false, colons: true, minutes: true, seconds: false }),
    ("07", OffsetForm { zulu: false, colons: false, minutes: false, seconds: false }),
];

/// A layout up to its first element, that element with its length in bytes, and what follows.
pub(crate) fn next(layout: &str) -> (&str, Option<(Element, &str)>, &str) {
    for at in 0..layout.len() {
        let Some(rest) = layout.get(at..) else { continue };
        if let Some((skipped, length, element)) = element(rest) {
            let (start, end) = (at + skipped, at + skipped + length);
            let prefix = layout.get(..start).unwrap_or_default();
            let shown = layout.get(start..end).unwrap_or_default();
            return (prefix, Some((element, shown)), layout.get(end..).unwrap_or_default());
        }
    }
    (layout, None, "")
}

/// The element that `text` starts with: bytes before it that stand for themselves, its length, and itself.
fn element(text: &str) -> Option<(usize, usize, Element)> {
    let found = |element, length| Some((0, length, element));
    let starts = |prefix: &str| text.starts_with(prefix);
    match text.as_bytes().first()? {
        b'J' if starts("January") => found(Element::LongMonth, 7),
        b'J' if starts("Jan") && !lower_at(text, 3) => found(Element::Month, 3),
        b'M' if starts("Monday") => found(Element::LongWeekday, 6),
        b'M' if starts("Mon") && !lower_at(text, 3) => found(Element::Weekday, 3),
        b'M' if starts("MST") => found(Element::ZoneName, 3),
        b'0' => zero(text),
        b'1' if starts("15") => found(Element::Hour, 2),
        b'1' => found(Element::NumMonth, 1),
        b'2' if starts("2006") => found(Element::LongYear, 4),
        b'2' => found(Element::Day, 1),
        // The underscore before a year stands for itself.
        b'_' if starts("_2006") => Some((1, 4, Element::LongYear)),
        b'_' if starts("_2") => found(Element::UnderDay, 2),
        b'_' if starts("__2") => found(Element::UnderYearDay, 3),
        b'3' => found(Element::Hour12, 1),
        b'4' => found(Element::Minute, 1),
        b'5' => found(Element::Second, 1),
        b'P' if starts("PM") => found(Element::UpperPm, 2),
        b'p' if starts("pm") => found(Element::LowerPm, 2),
        sign @ (b'-' | b'Z') => {
            let (form, offset) =
                OFFSETS.iter().find(|(form, _)| text.get(1..).is_some_and(|t| t.starts_with(form)))?;
            found(Element::Offset(OffsetForm { zulu: *sign == b'Z', ..*offset }), form.len() + 1)
        }
        b'.' | b',' => fraction(text),
        _ => None,
    }
}

fn lower_at(text: &str, at: usize) -> bool {
    text.as_bytes().get(at).is_some_and(u8::is_ascii_lowercase)
}

fn zero(text: &str) -> Option<(usize, usize, Element)> {
    let element = match text.as_bytes().get(1)? {
        b'1' => Element::ZeroMonth,
        b'2' => Element::ZeroDay,
        b'3' => Element::ZeroHour12,
        b'4' => Element::ZeroMinute,
        b'5' => Element::ZeroSecond,
        b'6' => Element::Year,
        _ => return text.starts_with("002").then_some((0, 3, Element::ZeroYearDay)),
    };
    Some((0, 2, element))
}

/// A point or comma and zeros, or nines, and then no other digit.
fn fraction(text: &str) -> Option<(usize, usize, Element)> {
    let bytes = text.as_bytes();
    let digit = *bytes.get(1).filter(|digit| matches!(digit, b'0' | b'9'))?;
    let digits = bytes.iter().skip(1).take_while(|byte| **byte == digit).count();
    if bytes.get(digits + 1).is_some_and(u8::is_ascii_digit) {
        return None;
    }
    let element =
        Element::Fraction { digits: digits.min(0xfff), comma: text.starts_with(','), trimmed: digit == b'9' };
    Some((0, digits + 1, element))
}
