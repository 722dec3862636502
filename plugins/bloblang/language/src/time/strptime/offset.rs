//! `%z` with and without colons, and `%Z`.

use super::{Done, Reader, quoted};
use crate::time::zone::Zone;

/// How the directive with so many colons is called.
fn title(colons: usize) -> String {
    format!("\"%{}z\"", ":".repeat(colons))
}

impl Reader<'_> {
    /// A name of a zone. One that comes after an offset only names that.
    pub(super) fn zone_name(&mut self) -> Done {
        let rest = self.source.get(self.at..).unwrap_or_default();
        let length = rest.bytes().take_while(u8::is_ascii_uppercase).count();
        let name = rest.get(..length).unwrap_or_default();
        let zone = crate::time::parse::parse("MST", name)
            .map_err(|_| format!("cannot parse {} with \"%Z\"", quoted(name)))?
            .zone();
        self.at += length;
        self.zone = if self.zone_offset { Zone::fixed(name, self.zone.lookup(0).offset) } else { zone };
        self.zone_named = true;
        Ok(())
    }

    /// An offset from UTC. Minutes and seconds may be left out, unless colons ask for them.
    pub(super) fn offset(&mut self, colons: usize) -> Done {
        let unreadable = || format!("cannot parse {}", title(colons));
        let sign = match self.peek() {
            Some(b'-') => -1,
            Some(b'+') => 1,
            Some(b'Z') => {
                self.at += 1;
                self.zone = Zone::Utc;
                return Ok(());
            }
            _ => return Err(unreadable()),
        };
        self.at += 1;
        let hours = self.two_digits(23).ok_or_else(unreadable)?;
        let mut open = colons > 1;
        if self.peek() == Some(b':') {
            self.at += 1;
            open |= colons == 0;
        } else if colons > 0 {
            return Err(format!("expected ':' for {}", title(colons)));
        }
        let (mut minutes, mut seconds) = (0, 0);
        match self.two_digits(59) {
            None if colons > 0 || open => return Err(unreadable()),
            None => {}
            Some(found) => {
                minutes = found;
                if open {
                    seconds = self.offset_seconds(colons)?;
                }
            }
        }
        let name = if self.zone_named { self.zone.lookup(0).name } else { "" };
        let named = match self.zone {
            Zone::Fixed { name, .. } if self.zone_named => Zone::Fixed {
                offset: crate::time::zone::Seconds::new(sign * ((hours * 60 + minutes) * 60 + seconds)),
                name,
            },
            _ => Zone::fixed(name, sign * ((hours * 60 + minutes) * 60 + seconds)),
        };
        self.zone = named;
        self.zone_offset = true;
        Ok(())
    }

    fn offset_seconds(&mut self, colons: usize) -> Result<i32, String> {
        if self.peek() != Some(b':') {
            return if colons == 2 { Err(format!("expected ':' for {}", title(colons))) } else { Ok(0) };
        }
        let before = self.at;
        self.at += 1;
        match self.two_digits(59) {
            Some(seconds) => Ok(seconds),
            None if colons == 2 => Err(format!("cannot parse {}", title(colons))),
            None => {
                self.at = before;
                Ok(0)
            }
        }
    }

    /// Exactly two digits; without them the place stays where it was.
    fn two_digits(&mut self, most: i32) -> Option<i32> {
        let bytes = self.source.as_bytes().get(self.at..self.at + 2)?;
        let [tens, ones] = bytes else { return None };
        if !tens.is_ascii_digit() || !ones.is_ascii_digit() {
            return None;
        }
        let value = i32::from(tens - b'0') * 10 + i32::from(ones - b'0');
        if value > most {
            return None;
        }
        self.at += 2;
        Some(value)
    }
}
