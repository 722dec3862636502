//! Numbers with all the flags.

use super::Verb;
use crate::text::quoting;

pub(super) fn is_integer_verb(verb: Verb) -> bool {
    matches!(verb.letter, 'v' | 'd' | 'b' | 'o' | 'O' | 'x' | 'X' | 'c' | 'q' | 'U')
}

/// Appends an integer; `unsigned` ones are hexadecimal in the most verbose form.
pub(super) fn integer(number: i128, unsigned: bool, verb: Verb, out: &mut Vec<u8>) {
    let letter = match verb.letter {
        'v' if verb.verbose && unsigned => {
            return integer(number, true, Verb { letter: 'x', sharp: true, ..verb }, out);
        }
        'v' => 'd',
        letter => letter,
    };
    match letter {
        'c' => return verb.pad(character(number).encode_utf8(&mut [0; 4]).as_bytes(), out),
        'q' => {
            let mut quoted = vec![b'\''];
            quoting::push(character(number), '\'', verb.plus, &mut quoted);
            quoted.push(b'\'');
            return verb.pad(&quoted, out);
        }
        'U' => return unicode(number, verb, out),
        _ => {}
    }
    let size = number.unsigned_abs();
    let mut digits = match letter {
        'b' => format!("{size:b}"),
        'o' | 'O' => format!("{size:o}"),
        'x' => format!("{size:x}"),
        'X' => format!("{size:X}"),
        _ => size.to_string(),
    };
    if verb.precision == Some(0) && number == 0 {
        return Verb { zero: false, ..verb }.pad(b"", out);
    }
    let sign = match (number < 0, verb.plus, verb.space) {
        (true, _, _) => "-",
        (_, true, _) => "+",
        (_, _, true) => " ",
        _ => "",
    };
    let least = match (verb.precision, verb.width) {
        (Some(precision), _) => precision,
        // Zeros fill the width, of which the sign takes its part.
        (None, Some(width)) if verb.zero && !verb.minus => width.saturating_sub(sign.len()),
        _ => 0,
    };
    if digits.len() < least {
        digits = format!("{}{digits}", "0".repeat(least - digits.len()));
    }
    let prefix = match (letter, verb.sharp) {
        ('O', _) => "0o",
        ('b', true) => "0b",
        ('o', true) if !digits.starts_with('0') => "0",
        ('x', true) => "0x",
        ('X', true) => "0X",
        _ => "",
    };
    Verb { zero: false, ..verb }.pad(format!("{sign}{prefix}{digits}").as_bytes(), out);
}

fn character(number: i128) -> char {
    u32::try_from(number).ok().and_then(char::from_u32).unwrap_or(char::REPLACEMENT_CHARACTER)
}

fn unicode(number: i128, verb: Verb, out: &mut Vec<u8>) {
    let size =
        u64::try_from(number).unwrap_or_else(|_| i64::try_from(number).map_or(u64::MAX, i64::cast_unsigned));
    let least = verb.precision.unwrap_or(4).max(4);
    let mut shown = format!("U+{size:0least$X}");
    if verb.sharp {
        let character = u32::try_from(size).ok().and_then(char::from_u32);
        if let Some(character) = character.filter(|character| quoting::is_printable(*character)) {
            shown.push_str(&format!(" '{character}'"));
        }
    }
    Verb { zero: false, ..verb }.pad(shown.as_bytes(), out);
}

/// Appends a float.
pub(super) fn float(number: f64, verb: Verb, out: &mut Vec<u8>) {
    let (letter, precision) = match verb.letter {
        'v' => ('g', verb.precision),
        'F' => ('f', verb.precision.or(Some(6))),
        'e' | 'E' | 'f' => (verb.letter, verb.precision.or(Some(6))),
        letter => (letter, verb.precision),
    };
    let negative = number.is_sign_negative() && !number.is_nan();
    let mut digits = if number.is_nan() {
        "NaN".to_owned()
    } else if number.is_infinite() {
        "Inf".to_owned()
    } else {
        finite(number.abs(), letter, precision, verb)
    };
    if letter.is_ascii_uppercase() {
        digits = digits.to_ascii_uppercase();
        if !number.is_finite() {
            digits = if number.is_nan() { "NaN".to_owned() } else { "Inf".to_owned() };
        }
    }
    let plus = verb.plus || (number.is_infinite() && !negative && verb.letter == 'v');
    let sign = match (negative, plus, verb.space) {
        (true, _, _) => "-",
        (_, true, _) => "+",
        (_, _, true) if !plus => " ",
        _ => "",
    };
    let fill = verb.zero && !verb.minus && number.is_finite();
    if fill && let Some(width) = verb.width {
        let missing = width.saturating_sub(sign.len() + digits.len());
        let filled = format!("{sign}{}{digits}", "0".repeat(missing));
        out.extend_from_slice(filled.as_bytes());
        return;
    }
    Verb { zero: false, ..verb }.pad(format!("{sign}{digits}").as_bytes(), out);
}

fn finite(number: f64, letter: char, precision: Option<usize>, verb: Verb) -> String {
    match letter.to_ascii_lowercase() {
        'f' => match precision {
            Some(precision) => format!("{number:.precision$}"),
            None => format!("{number}"),
        },
        'e' => exponent(number, precision),
        'x' => hexadecimal(number, precision),
        'b' => {
            let bits = number.to_bits();
            let (fraction, raw) = (bits & ((1 << 52) - 1), bits >> 52);
            let (mantissa, power) = if raw == 0 { (fraction, 1) } else { (fraction | 1 << 52, raw) };
            format!("{mantissa}p{:+}", i64::try_from(power).unwrap_or(0) - 1075)
        }
        _ => general(number, precision, verb),
    }
}

/// One digit, a point and the others, with an exponent of at least two digits.
fn exponent(number: f64, precision: Option<usize>) -> String {
    let text = match precision {
        Some(precision) => format!("{number:.precision$e}"),
        None => format!("{number:e}"),
    };
    let (mantissa, power) = text.split_once('e').unwrap_or((&text, "0"));
    let power: i32 = power.parse().unwrap_or(0);
    format!("{mantissa}e{}{:02}", if power < 0 { '-' } else { '+' }, power.unsigned_abs())
}

/// The shorter of both forms.
fn general(number: f64, precision: Option<usize>, verb: Verb) -> String {
    let digits = match precision {
        Some(precision) => Some(precision.max(1)),
        None if verb.sharp => Some(6),
        None => None,
    };
    let scientific = match digits {
        Some(digits) => format!("{number:.*e}", digits - 1),
        None => format!("{number:e}"),
    };
    let power: i32 = scientific.split_once('e').and_then(|(_, power)| power.parse().ok()).unwrap_or(0);
    let from = match digits {
        Some(digits) => i32::try_from(digits).unwrap_or(i32::MAX),
        None => 6,
    };
    let text = if power < -4 || power >= from {
        exponent(number, digits.map(|digits| digits - 1))
    } else {
        match digits {
            Some(digits) => {
                let places = i64::try_from(digits).unwrap_or(i64::MAX) - 1 - i64::from(power);
                format!("{number:.*}", usize::try_from(places).unwrap_or(0))
            }
            None => format!("{number}"),
        }
    };
    if digits.is_some() && !verb.sharp { without_zeros(&text) } else { text }
}

/// Without the zeros at the end of the fraction.
fn without_zeros(text: &str) -> String {
    let (mantissa, power) = text.find('e').map_or((text, ""), |at| text.split_at(at));
    if !mantissa.contains('.') {
        return text.to_owned();
    }
    format!("{}{power}", mantissa.trim_end_matches('0').trim_end_matches('.'))
}

fn hexadecimal(number: f64, precision: Option<usize>) -> String {
    if number == 0.0 {
        let zeros = "0".repeat(precision.unwrap_or(0));
        return if zeros.is_empty() { "0x0p+00".to_owned() } else { format!("0x0.{zeros}p+00") };
    }
    let bits = number.to_bits();
    let (mut fraction, raw) = (bits & ((1 << 52) - 1), bits >> 52);
    let mut power = i64::try_from(raw).unwrap_or(0) - 1023;
    if raw == 0 {
        // Numbers close to zero are brought into the same form.
        let shift = fraction.leading_zeros() - 11;
        fraction = (fraction << shift) & ((1 << 52) - 1);
        power = -1022 - i64::from(shift);
    }
    let mut lead = 1;
    let mut digits = format!("{fraction:013x}");
    match precision {
        None => digits = digits.trim_end_matches('0').to_owned(),
        Some(places) if places < 13 => {
            let drop = 4 * (13 - u32::try_from(places).unwrap_or(0));
            let whole = (1_u64 << 52) | fraction;
            let half = 1_u64 << (drop - 1);
            let mut kept = whole >> drop;
            let left = whole & ((1 << drop) - 1);
            if left > half || (left == half && kept & 1 == 1) {
                kept += 1;
            }
            let unit = 1_u64 << (4 * places);
            if kept >= unit << 1 {
                kept >>= 1;
                power += 1;
            }
            lead = kept / unit;
            digits = if places == 0 { String::new() } else { format!("{:0places$x}", kept % unit) };
        }
        Some(places) => digits.push_str(&"0".repeat(places - 13)),
    }
    let point = if digits.is_empty() { "" } else { "." };
    format!("0x{lead}{point}{digits}p{}{:02}", if power < 0 { '-' } else { '+' }, power.unsigned_abs())
}
