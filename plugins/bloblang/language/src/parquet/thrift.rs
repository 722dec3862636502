//! Thrift's compact protocol, as far as Parquet's metadata needs it.

/// How deep what is skipped may nest.
const DEPTH: u8 = 32;

/// Types of fields and of elements. Booleans of fields are their own types.
const STOP: u8 = 0;
const TRUE: u8 = 1;
const FALSE: u8 = 2;
const I8: u8 = 3;
const DOUBLE: u8 = 7;
const BINARY: u8 = 8;
const LIST: u8 = 9;
const SET: u8 = 10;
const MAP: u8 = 11;
const STRUCT: u8 = 12;

/// A type on the wire, which a reader of a value checks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Kind(u8);

/// Reads from the front of bytes.
#[derive(Debug)]
pub(super) struct Thrift<'b> {
    rest: &'b [u8],
}

impl<'b> Thrift<'b> {
    pub(super) fn new(bytes: &'b [u8]) -> Self {
        Self { rest: bytes }
    }

    /// What has not been read.
    pub(super) fn rest(&self) -> &'b [u8] {
        self.rest
    }

    /// Reads a struct: `field` is called with the number and the type of each field, and reads it or skips it.
    pub(super) fn fields(
        &mut self,
        mut field: impl FnMut(&mut Self, i16, Kind) -> Result<(), String>,
    ) -> Result<(), String> {
        let mut number = 0_i16;
        loop {
            let header = self.byte()?;
            if header & 15 == STOP {
                return Ok(());
            }
            number = match header >> 4 {
                0 => i16::try_from(self.zigzag()?)
                    .map_err(|_| "the number of a field is too large".to_owned())?,
                step => number.saturating_add(i16::from(step)),
            };
            field(self, number, Kind(header & 15))?;
        }
    }

    /// Reads the struct that a field or an element is.
    pub(super) fn structure(
        &mut self,
        kind: Kind,
        field: impl FnMut(&mut Self, i16, Kind) -> Result<(), String>,
    ) -> Result<(), String> {
        expect(kind, kind.0 == STRUCT)?;
        self.fields(field)
    }

    /// Reads a list. Every element takes a byte at least, so a wrong length ends soon.
    pub(super) fn list(
        &mut self,
        kind: Kind,
        mut element: impl FnMut(&mut Self, Kind) -> Result<(), String>,
    ) -> Result<(), String> {
        expect(kind, kind.0 == LIST)?;
        let (length, inner) = self.list_header()?;
        for _ in 0..length {
            element(self, inner)?;
        }
        Ok(())
    }

    pub(super) fn boolean(&mut self, kind: Kind) -> Result<bool, String> {
        expect(kind, matches!(kind.0, TRUE | FALSE))?;
        Ok(kind.0 == TRUE)
    }

    /// An integer of any width.
    pub(super) fn integer(&mut self, kind: Kind) -> Result<i64, String> {
        if kind.0 == I8 {
            return Ok(i64::from(self.byte()?.cast_signed()));
        }
        expect(kind, matches!(kind.0, 4..=6))?;
        self.zigzag()
    }

    /// An integer of 32 bits.
    pub(super) fn int32(&mut self, kind: Kind) -> Result<i32, String> {
        let integer = self.integer(kind)?;
        i32::try_from(integer).map_err(|_| format!("integer {integer} is out of range"))
    }

    pub(super) fn binary(&mut self, kind: Kind) -> Result<&'b [u8], String> {
        expect(kind, kind.0 == BINARY)?;
        let length = self.length()?;
        self.take(length)
    }

    /// Reads over a field.
    pub(super) fn skip(&mut self, kind: Kind) -> Result<(), String> {
        match kind.0 {
            TRUE | FALSE => Ok(()),
            other => self.skip_value(other, 0),
        }
    }

    fn skip_value(&mut self, kind: u8, depth: u8) -> Result<(), String> {
        if depth >= DEPTH {
            return Err(format!("values nest more than {DEPTH} levels deep"));
        }
        match kind {
            TRUE | FALSE | I8 => self.byte().map(|_| ()),
            4..=6 => self.varint().map(|_| ()),
            DOUBLE => self.take(8).map(|_| ()),
            BINARY => {
                let length = self.length()?;
                self.take(length).map(|_| ())
            }
            LIST | SET => {
                let (length, inner) = self.list_header()?;
                for _ in 0..length {
                    self.skip_value(inner.0, depth + 1)?;
                }
                Ok(())
            }
            MAP => {
                let length = self.length()?;
                let kinds = if length == 0 { 0 } else { self.byte()? };
                for _ in 0..length {
                    self.skip_value(kinds >> 4, depth + 1)?;
                    self.skip_value(kinds & 15, depth + 1)?;
                }
                Ok(())
            }
            STRUCT => self.fields(|reader, _, kind| match kind.0 {
                TRUE | FALSE => Ok(()),
                other => reader.skip_value(other, depth + 1),
            }),
            other => Err(format!("there is no type {other}")),
        }
    }

    fn list_header(&mut self) -> Result<(usize, Kind), String> {
        let header = self.byte()?;
        let length = match header >> 4 {
            15 => self.length()?,
            short => usize::from(short),
        };
        Ok((length, Kind(header & 15)))
    }

    fn length(&mut self) -> Result<usize, String> {
        usize::try_from(self.varint()?).map_err(|_| "a length is too large".to_owned())
    }

    fn zigzag(&mut self) -> Result<i64, String> {
        self.varint().map(zigzag)
    }

    fn varint(&mut self) -> Result<u64, String> {
        varint(&mut self.rest)
    }

    fn byte(&mut self) -> Result<u8, String> {
        let (byte, rest) = self.rest.split_first().ok_or_else(ends)?;
        self.rest = rest;
        Ok(*byte)
    }

    fn take(&mut self, length: usize) -> Result<&'b [u8], String> {
        let (taken, rest) = self.rest.split_at_checked(length).ok_or_else(ends)?;
        self.rest = rest;
        Ok(taken)
    }
}

fn expect(kind: Kind, right: bool) -> Result<(), String> {
    if right { Ok(()) } else { Err(format!("a field is of the wrong type {}", kind.0)) }
}

/// The text for what ends too early.
pub(super) fn ends() -> String {
    "unexpected EOF".to_owned()
}

/// Takes an integer off that is written in groups of seven bits, the lowest first.
pub(super) fn varint(rest: &mut &[u8]) -> Result<u64, String> {
    let mut value = 0_u64;
    for shift in (0..64).step_by(7) {
        let (byte, after) = rest.split_first().ok_or_else(ends)?;
        *rest = after;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Ok(value);
        }
    }
    Err("an integer is too long".to_owned())
}

/// The number whose sign is its lowest bit.
pub(super) fn zigzag(value: u64) -> i64 {
    (value >> 1).cast_signed() ^ -(value & 1).cast_signed()
}
