//! Periods of ISO 8601 such as `P3Y6M4DT12H30M5S`, as the library that Bento uses (rickb777/period) takes them: weeks may
//! stand beside other parts, every part may have a sign, and only the last one a fraction.

use super::civil::add_date;
use crate::value::Timestamp;

/// A decimal number: digits, and how many of them are behind the point.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Decimal {
    digits: i64,
    scale: u32,
}

/// The designators in the order of the parts.
const DESIGNATORS: [char; 7] = ['Y', 'M', 'W', 'D', 'H', 'M', 'S'];
/// The index of the first part after `T`.
const CLOCK: usize = 4;

const DAYS_PER_YEAR_E9: i64 = 365_242_500_000;
const DAYS_PER_MONTH_E9: i64 = 365_242_500 / 12 * 1_000;
const SECONDS_PER_DAY: i64 = 86_400;

/// A period of time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Period {
    parts: [Decimal; 7],
    negative: bool,
}

/// Reads a period.
pub(crate) fn parse(text: &str) -> Result<Period, String> {
    let blank = "cannot parse a blank string as a period";
    if text.is_empty() {
        return Err(blank.to_owned());
    }
    let negative = text.starts_with('-');
    let mut rest = text.strip_prefix(['-', '+']).unwrap_or(text);
    match rest {
        "P0Y" | "P0M" | "P0W" | "P0D" | "PT0H" | "PT0M" | "PT0S" => return Ok(Period::default()),
        "" => return Err(blank.to_owned()),
        _ => {}
    }
    let fail = |reason: &str| format!("{text}: {reason}");
    rest = rest.strip_prefix('P').ok_or_else(|| fail("expected 'P' period mark at the start"))?;
    let mut period = Period { negative, ..Period::default() };
    let mut seen = [false; 7];
    let mut clock = false;
    // The designator of the part with a fraction.
    let mut fraction = None;
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix('T') {
            if clock {
                return Err(fail("'T' designator cannot occur more than once"));
            }
            clock = true;
            rest = after;
            continue;
        }
        let (number, part, after) = field(rest, clock).map_err(|reason| fail(&reason))?;
        let designator = DESIGNATORS.get(part).copied().unwrap_or('?');
        if let Some(previous) = fraction
            && number.digits != 0
        {
            let reason = format!("'{previous}' & '{designator}' only the last field can have a fraction");
            return Err(fail(&reason));
        }
        if clock != (part >= CLOCK) {
            return Err(fail(&format!("'{designator}' designator cannot occur here")));
        }
        let (Some(slot), Some(seen)) = (period.parts.get_mut(part), seen.get_mut(part)) else { break };
        if std::mem::replace(seen, true) {
            return Err(fail(&format!("'{designator}' designator cannot occur more than once")));
        }
        *slot = number;
        if number.scale > 0 {
            fraction = Some(designator);
        }
        rest = after;
    }
    if !seen.contains(&true) {
        return Err(fail("expected 'Y', 'M', 'W', 'D', 'H', 'M', or 'S' designator"));
    }
    Ok(period.with_sign_in_front())
}

/// A number and its designator: the number, the index of its part, and the rest.
fn field(text: &str, clock: bool) -> Result<(Decimal, usize, &str), String> {
    let is_number =
        |(at, c): (usize, char)| (at == 0 && c == '-') || matches!(c, '.' | ',') || c.is_ascii_digit();
    let Some((end, designator)) = text.char_indices().find(|at| !is_number(*at)) else {
        return Err("missing designator at the end".to_owned());
    };
    // The library looks at one byte.
    let shown = char::from(text.as_bytes().get(end).copied().unwrap_or_default());
    if end == 0 {
        return Err(format!("expected a number but found '{shown}'"));
    }
    let number = decimal(text.get(..end).unwrap_or_default());
    let number = number.ok_or_else(|| "number invalid or out of range".to_owned())?;
    let part = match designator {
        'Y' => 0,
        'M' if clock => 5,
        'M' => 1,
        'W' => 2,
        'D' => 3,
        'H' => 4,
        'S' => 6,
        _ => return Err(format!("expected a designator Y, M, W, D, H, or S not '{shown}'")),
    };
    Ok((number, part, text.get(end + designator.len_utf8()..).unwrap_or_default()))
}

/// A number of up to 19 digits with a point or comma.
fn decimal(text: &str) -> Option<Decimal> {
    let (negative, text) = match text.strip_prefix('-') {
        Some(text) => (true, text),
        None => (false, text),
    };
    let text = text.replace(',', ".");
    let (whole, behind) = text.split_once('.').unwrap_or((&text, ""));
    if behind.contains('.') || whole.is_empty() && behind.is_empty() {
        return None;
    }
    let digits: i64 = format!("{whole}{behind}").parse().ok()?;
    let scale = u32::try_from(behind.len()).ok().filter(|scale| *scale <= 19)?;
    Some(Decimal { digits: if negative { -digits } else { digits }, scale })
}

impl Decimal {
    /// The number times `factor`, which loses a digit for each one behind the point.
    fn times(self, factor: i64) -> i64 {
        let factor = (0..self.scale).fold(factor, |factor, _| factor / 10);
        self.digits.wrapping_mul(factor)
    }

    /// The number without a fraction.
    fn whole(self) -> i64 {
        self.times(1)
    }
}

impl Period {
    /// The first part that is not zero becomes positive; the sign of the period takes over.
    fn with_sign_in_front(mut self) -> Self {
        if self.parts.iter().find(|part| part.digits != 0).is_some_and(|part| part.digits < 0) {
            self.negative = !self.negative;
            for part in &mut self.parts {
                part.digits = part.digits.wrapping_neg();
            }
        }
        self
    }

    /// The same period backwards.
    #[must_use]
    pub(crate) fn negated(self) -> Self {
        Self { negative: !self.negative, ..self }
    }

    fn clock(&self) -> i64 {
        let [.., hours, minutes, seconds] = self.parts;
        hours
            .times(3_600_000_000_000)
            .wrapping_add(minutes.times(60_000_000_000))
            .wrapping_add(seconds.times(1_000_000_000))
    }

    fn sign(&self) -> i64 {
        if self.negative { -1 } else { 1 }
    }

    /// About so many nanoseconds: years have 365.2425 days, and months a twelfth of that.
    pub(crate) fn nanoseconds(&self) -> i64 {
        let [years, months, weeks, days, ..] = self.parts;
        let days_e9 = days
            .times(1_000_000_000)
            .wrapping_add(weeks.times(7_000_000_000))
            .wrapping_add(months.times(DAYS_PER_MONTH_E9))
            .wrapping_add(years.times(DAYS_PER_YEAR_E9));
        days_e9.wrapping_mul(SECONDS_PER_DAY).wrapping_add(self.clock()).wrapping_mul(self.sign())
    }

    /// The time a period later. Whole days, months and years are those of the calendar.
    pub(crate) fn after(&self, at: &Timestamp) -> Timestamp {
        let [years, months, weeks, days, ..] = self.parts;
        let calendar = [years, months, weeks, days];
        let empty = calendar.iter().all(|part| *part == Decimal::default());
        if empty || calendar.iter().any(|part| part.scale > 0) {
            return at.plus(i128::from(self.nanoseconds()));
        }
        let sign = self.sign();
        let [years, months, weeks, days] = calendar.map(|part| part.whole().wrapping_mul(sign));
        let moved = add_date(at, years, months, weeks.wrapping_mul(7).wrapping_add(days));
        moved.plus(i128::from(self.clock().wrapping_mul(sign)))
    }
}

#[cfg(test)]
mod tests {
    use super::parse;
    use crate::value::Timestamp;

    #[test]
    fn periods_are_read() {
        let cases = [
            ("P3Y6M4DT12H30M5S", 110_839_937_000_000_000),
            ("PT2.5S", 2_500_000_000),
            ("PT2,5S", 2_500_000_000),
            ("-P1W", -604_800_000_000_000),
            ("P-1D", -86_400_000_000_000),
            ("P0D", 0),
            ("P1YT-1S", 31_556_951_000_000_000),
        ];
        for (text, expected) in cases {
            assert_eq!(parse(text).map(|period| period.nanoseconds()), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_is_wrong_with_a_period_is_told() {
        let cases = [
            ("", "cannot parse a blank string as a period"),
            ("1D", "1D: expected 'P' period mark at the start"),
            ("P", "P: expected 'Y', 'M', 'W', 'D', 'H', 'M', or 'S' designator"),
            ("P1", "P1: missing designator at the end"),
            ("PxD", "PxD: expected a number but found 'x'"),
            ("P1H", "P1H: 'H' designator cannot occur here"),
            ("PT1D", "PT1D: 'D' designator cannot occur here"),
            ("P1D1D", "P1D1D: 'D' designator cannot occur more than once"),
            ("P1.5Y1D", "P1.5Y1D: 'Y' & 'D' only the last field can have a fraction"),
            ("P1X", "P1X: expected a designator Y, M, W, D, H, or S not 'X'"),
        ];
        for (text, expected) in cases {
            assert_eq!(parse(text), Err(expected.to_owned()), "{text}");
        }
    }

    #[test]
    fn months_are_those_of_the_calendar() {
        let at = Timestamp::utc(1_580_428_800, 0);
        let later = |text: &str| parse(text).expect("valid").after(&at).to_string();
        assert_eq!(later("P1M"), "2020-03-02T00:00:00Z");
        assert_eq!(later("-P1M"), "2019-12-31T00:00:00Z");
        assert_eq!(later("P0.5M"), "2020-02-15T05:14:33Z");
    }
}
