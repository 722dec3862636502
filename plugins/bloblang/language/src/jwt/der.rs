//! DER, the binary form of keys, as far as keys go. Mistakes are worded as Go words them.

/// A sequence of elements.
#[derive(Clone, Copy, Debug)]
pub(super) struct Der<'b> {
    bytes: &'b [u8],
    at: usize,
}

/// One element; `whole` is it with its header.
#[derive(Clone, Copy, Debug)]
pub(super) struct Element<'b> {
    pub(super) tag: u8,
    pub(super) content: &'b [u8],
    pub(super) whole: &'b [u8],
}

pub(super) const INTEGER: u8 = 0x02;
pub(super) const BITS: u8 = 0x03;
pub(super) const OCTETS: u8 = 0x04;
pub(super) const OBJECT: u8 = 0x06;
pub(super) const SEQUENCE: u8 = 0x30;

/// What Go says of a field that has no settings.
const SETTINGS: &str = "{optional:false explicit:false application:false private:false defaultValue:<nil> tag:<nil> \
                        stringType:0 timeType:0 set:false omitEmpty:false}";

impl<'b> Der<'b> {
    pub(super) fn new(bytes: &'b [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    pub(super) fn rest(&self) -> &'b [u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }

    /// The next element, whatever it is.
    pub(super) fn next(&mut self) -> Result<Element<'b>, String> {
        let rest = self.rest();
        let [tag, first, tail @ ..] = rest else {
            return Err(syntax(if rest.is_empty() {
                "sequence truncated"
            } else {
                "truncated tag or length"
            }));
        };
        if tag & 0x1f == 0x1f {
            return Err(syntax("long tags are not supported"));
        }
        let (length, header) = match first {
            0..=0x7f => (usize::from(*first), 2),
            0x80 => return Err(syntax("indefinite length found (not DER)")),
            _ => {
                let count = usize::from(first & 0x7f);
                let digits = tail.get(..count).ok_or_else(|| syntax("truncated tag or length"))?;
                if count > 4 {
                    return Err(structure("length too large"));
                }
                let length = digits.iter().fold(0_usize, |length, digit| length << 8 | usize::from(*digit));
                if length < 0x80 || digits.first() == Some(&0) {
                    return Err(structure("superfluous leading zeros in length"));
                }
                (length, 2 + count)
            }
        };
        let whole = rest.get(..header + length).ok_or_else(|| syntax("data truncated"))?;
        self.at += header + length;
        Ok(Element { tag: *tag, content: whole.get(header..).unwrap_or_default(), whole })
    }

    /// The next element, which must have a tag; `kind` is what Go calls the type of the field.
    pub(super) fn expect(&mut self, tag: u8, kind: &str) -> Result<&'b [u8], String> {
        let element = self.next()?;
        if element.tag == tag {
            return Ok(element.content);
        }
        let after = self.at - element.content.len();
        Err(structure(&format!(
            "tags don't match ({} vs {{class:{} tag:{} length:{} isCompound:{}}}) {SETTINGS} {kind} @{after}",
            tag & 0x1f,
            element.tag >> 6,
            element.tag & 0x1f,
            element.content.len(),
            element.tag & 0x20 != 0
        )))
    }

    pub(super) fn sequence(&mut self, kind: &str) -> Result<Self, String> {
        self.expect(SEQUENCE, kind).map(Der::new)
    }

    /// An integer that fits 64 bits.
    pub(super) fn small(&mut self) -> Result<i64, String> {
        let digits = self.expect(INTEGER, "int")?;
        check_integer(digits)?;
        if digits.len() > 8 {
            return Err(structure("integer too large"));
        }
        let start = if digits.first().is_some_and(|digit| digit & 0x80 != 0) { -1 } else { 0 };
        Ok(digits.iter().fold(start, |value, digit| value << 8 | i64::from(*digit)))
    }

    /// An integer of any size, most significant byte first; `None` when it is not positive.
    pub(super) fn big(&mut self) -> Result<Option<&'b [u8]>, String> {
        let digits = self.expect(INTEGER, "")?;
        check_integer(digits)?;
        let start = digits.iter().position(|digit| *digit != 0).unwrap_or(digits.len());
        let magnitude = digits.get(start..).unwrap_or_default();
        let positive = digits.first().is_some_and(|digit| digit & 0x80 == 0) && !magnitude.is_empty();
        Ok(positive.then_some(magnitude))
    }

    /// The bytes of a string of bits.
    pub(super) fn bits(&mut self, kind: &str) -> Result<&'b [u8], String> {
        match self.expect(BITS, kind)? {
            [0, bytes @ ..] => Ok(bytes),
            _ => Err(syntax("invalid padding bits in BIT STRING")),
        }
    }
}

fn check_integer(digits: &[u8]) -> Result<(), String> {
    match digits {
        [] => Err(structure("empty integer")),
        [0, next, ..] if next & 0x80 == 0 => Err(structure("integer not minimally-encoded")),
        [0xff, next, ..] if next & 0x80 != 0 => Err(structure("integer not minimally-encoded")),
        _ => Ok(()),
    }
}

fn syntax(what: &str) -> String {
    format!("asn1: syntax error: {what}")
}

pub(super) fn structure(what: &str) -> String {
    format!("asn1: structure error: {what}")
}
