//! Text with verbs, `%v` and its kin, filled in as Go's `fmt.Sprintf` does it. Nothing is an error: what does not fit
//! shows in the result.

mod numbers;
mod values;

use crate::value::Value;

/// Characters that a width or precision may ask for; Go refuses more.
const WIDEST: usize = 1_000_000;
/// The same, as numbers of arguments come.
const WIDEST_NUMBER: i64 = 1_000_000;

/// How one value is to be shown.
#[derive(Clone, Copy, Debug, Default)]
struct Verb {
    plus: bool,
    minus: bool,
    sharp: bool,
    space: bool,
    zero: bool,
    /// Values as they stand in source code.
    verbose: bool,
    width: Option<usize>,
    precision: Option<usize>,
    letter: char,
}

struct Printer<'f> {
    rest: &'f str,
    arguments: &'f [&'f Value],
    next: usize,
    /// An argument was chosen by its number, so that not all of them need to be used.
    reordered: bool,
    good_index: bool,
    out: Vec<u8>,
}

/// Fills in `arguments`. `None` when the result would be longer than `limit`.
pub(crate) fn format(template: &str, arguments: &[&Value], limit: usize) -> Option<Vec<u8>> {
    let mut printer =
        Printer { rest: template, arguments, next: 0, reordered: false, good_index: true, out: Vec::new() };
    while let Some(at) = printer.rest.find('%') {
        let (text, verb) = printer.rest.split_at_checked(at).unwrap_or((printer.rest, ""));
        printer.out.extend_from_slice(text.as_bytes());
        printer.rest = verb.get(1..).unwrap_or_default();
        printer.verb();
        if printer.out.len() > limit {
            return None;
        }
    }
    printer.out.extend_from_slice(printer.rest.as_bytes());
    printer.extra();
    (printer.out.len() <= limit).then_some(printer.out)
}

impl Printer<'_> {
    fn peek(&self) -> Option<char> {
        self.rest.chars().next()
    }

    fn skip(&mut self, length: usize) {
        self.rest = self.rest.get(length..).unwrap_or_default();
    }

    fn verb(&mut self) {
        let mut verb = Verb::default();
        self.good_index = true;
        let mut indexed = false;
        self.flags(&mut verb);
        indexed |= self.index();
        if self.peek() == Some('*') {
            self.skip(1);
            match self.count() {
                Some(width) if width.unsigned_abs() <= WIDEST_NUMBER.unsigned_abs() => {
                    verb.width = usize::try_from(width.unsigned_abs()).ok();
                    if width < 0 {
                        verb.minus = true;
                        verb.zero = false;
                    }
                }
                _ => self.out.extend_from_slice(b"%!(BADWIDTH)"),
            }
            indexed = false;
        } else {
            verb.width = self.number();
            if verb.width.is_some() && indexed {
                self.good_index = false;
            }
        }
        if self.peek() == Some('.') {
            self.skip(1);
            if indexed {
                self.good_index = false;
            }
            indexed = self.index();
            if self.peek() == Some('*') {
                self.skip(1);
                match self.count() {
                    Some(precision) if (0..=WIDEST_NUMBER).contains(&precision) => {
                        verb.precision = usize::try_from(precision).ok();
                    }
                    Some(precision) if (-WIDEST_NUMBER..0).contains(&precision) => {}
                    _ => self.out.extend_from_slice(b"%!(BADPREC)"),
                }
                indexed = false;
            } else {
                verb.precision = Some(self.number().unwrap_or(0));
            }
        }
        if !indexed {
            self.index();
        }
        let Some(letter) = self.peek() else {
            self.out.extend_from_slice(b"%!(NOVERB)");
            return;
        };
        self.skip(letter.len_utf8());
        verb.letter = letter;
        if letter == 'v' {
            verb.verbose = std::mem::take(&mut verb.sharp);
            verb.plus = false;
        }
        if letter == '%' {
            self.out.push(b'%');
        } else if !self.good_index {
            self.complain(letter, "(BADINDEX)");
        } else if let Some(value) = self.arguments.get(self.next) {
            self.next += 1;
            values::print(value, verb, &mut self.out);
        } else {
            self.complain(letter, "(MISSING)");
        }
    }

    fn complain(&mut self, letter: char, what: &str) {
        self.out.extend_from_slice(b"%!");
        self.out.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes());
        self.out.extend_from_slice(what.as_bytes());
    }

    fn flags(&mut self, verb: &mut Verb) {
        while let Some(flag) = self.peek() {
            match flag {
                '#' => verb.sharp = true,
                '0' => verb.zero = true,
                '+' => verb.plus = true,
                '-' => verb.minus = true,
                ' ' => verb.space = true,
                _ => return,
            }
            self.skip(1);
        }
    }

    /// Reads a number; `None` when there is none, or it is too large.
    fn number(&mut self) -> Option<usize> {
        let length = self.rest.bytes().take_while(u8::is_ascii_digit).count();
        let number = self.rest.get(..length)?.parse().ok().filter(|number| *number <= WIDEST);
        // Go gives up on numbers that are too large, without reading over them.
        if number.is_some() {
            self.skip(length);
        }
        number
    }

    /// Reads `[3]`, which chooses the next argument; false when there is nothing of that kind.
    fn index(&mut self) -> bool {
        if self.peek() != Some('[') {
            return false;
        }
        self.reordered = true;
        let Some(end) = self.rest.find(']') else {
            self.skip(1);
            self.good_index = false;
            return false;
        };
        let number: Option<usize> = self.rest.get(1..end).and_then(|digits| digits.parse().ok());
        self.skip(end + 1);
        match number {
            Some(number) if number >= 1 && number <= self.arguments.len() => {
                self.next = number - 1;
                true
            }
            _ => {
                self.good_index = false;
                number.is_some()
            }
        }
    }

    /// The next argument as a width or precision.
    fn count(&mut self) -> Option<i64> {
        let argument = *self.arguments.get(self.next)?;
        self.next += 1;
        match argument {
            Value::Int(value) => Some(*value),
            Value::Uint(value) => i64::try_from(*value).ok(),
            _ => None,
        }
    }

    /// Shows the arguments that nothing asked for.
    fn extra(&mut self) {
        if self.reordered || self.next >= self.arguments.len() {
            return;
        }
        self.out.extend_from_slice(b"%!(EXTRA ");
        for (index, value) in self.arguments.iter().skip(self.next).enumerate() {
            if index > 0 {
                self.out.extend_from_slice(b", ");
            }
            values::typed(value, Verb::default(), &mut self.out);
        }
        self.out.push(b')');
    }
}

impl Verb {
    /// Appends text made wide enough.
    fn pad(self, text: &[u8], out: &mut Vec<u8>) {
        let Some(width) = self.width else {
            out.extend_from_slice(text);
            return;
        };
        let characters: usize =
            text.utf8_chunks().map(|chunk| chunk.valid().chars().count() + chunk.invalid().len()).sum();
        let missing = width.saturating_sub(characters);
        if self.minus {
            out.extend_from_slice(text);
            out.extend(std::iter::repeat_n(b' ', missing));
        } else {
            out.extend(std::iter::repeat_n(if self.zero { b'0' } else { b' ' }, missing));
            out.extend_from_slice(text);
        }
    }
}
