//! Zip, with the time as MS-DOS and as Unix have it. Files that deflate does not make shorter are stored.
//!
//! Own code, because the crate `zip` knows files by their names alone: messages of the same path would be one.

use forebay_compression::Algorithm;
use forebay_sdk::Error;

use super::members::{Member, Members};
use crate::budget::BYTES;

const LOCAL: [u8; 4] = *b"PK\x03\x04";
const CENTRAL: [u8; 4] = *b"PK\x01\x02";
const END: [u8; 4] = *b"PK\x05\x06";
const END_64: [u8; 4] = *b"PK\x06\x06";
const LOCATOR_64: [u8; 4] = *b"PK\x06\x07";

const STORED: u16 = 0;
const DEFLATED: u16 = 8;
/// The version that has all of it.
const VERSION: u16 = 20;
/// The same, of a Unix system.
const MADE_BY: u16 = 3 << 8 | VERSION;
const VERSION_64: u16 = 45;
/// That a name is in UTF-8.
const UTF8: u16 = 1 << 11;
/// A file that all may read and write, and a folder likewise.
const FILE: u32 = 0o100_666 << 16;
/// What a file takes beside its content and its names: both headers, and what deflate may add.
const BESIDE: usize = 30 + 46 + 2 * 9 + 16;

/// What both headers of a file say of it.
struct Entry<'a> {
    name: &'a str,
    method: u16,
    checksum: u32,
    compressed: u32,
    size: u32,
    /// Where its header is.
    offset: u32,
}

pub(super) fn write(members: &Members<'_>, now: u64, out: &mut Vec<u8>) -> Result<(), Error> {
    let mut directory = Directory::new(now);
    directory.files(members, out)?;
    directory.end(out)
}

/// What is known of the files that were written.
pub(super) struct Directory {
    time: Times,
    headers: Vec<u8>,
    files: usize,
    /// Bytes before the next file.
    offset: usize,
}

impl Directory {
    pub(super) fn new(now: u64) -> Self {
        Self { time: times(now), headers: Vec::new(), files: 0, offset: 0 }
    }

    /// Writes files. After an error it is of no more use.
    pub(super) fn files(&mut self, members: &Members<'_>, out: &mut Vec<u8>) -> Result<(), Error> {
        let names: usize = members.iter().map(|member| 2 * member.name.len()).sum();
        members.size(BESIDE + names / members.len().max(1))?;
        let start = out.len();
        for member in members.iter() {
            let offset = u32::try_from(self.offset + out.len() - start)?;
            file(&member, &self.time, offset, out, &mut self.headers)?;
        }
        self.offset += out.len() - start;
        self.files += members.len();
        if self.headers.len() > BYTES {
            return Err(Error::new(format!(
                "the directory of a zip is larger than the limit of {BYTES} bytes"
            )));
        }
        Ok(())
    }

    /// Writes what is behind all files.
    pub(super) fn end(self, out: &mut Vec<u8>) -> Result<(), Error> {
        let offset = u32::try_from(self.offset)?;
        out.extend_from_slice(&self.headers);
        end(self.files, u32::try_from(self.headers.len())?, offset, out);
        Ok(())
    }
}

fn file(
    member: &Member<'_>,
    time: &Times,
    offset: u32,
    out: &mut Vec<u8>,
    headers: &mut Vec<u8>,
) -> Result<(), Error> {
    let name = member.name.as_ref();
    if u16::try_from(name.len()).is_err() {
        return Err(Error::new("zip: FileHeader.Name too long"));
    }
    if name.ends_with('/') && !member.bytes.is_empty() {
        return Err(Error::new("zip: write to directory"));
    }
    let deflated = Algorithm::Flate.compress(member.bytes, -1).map_err(Error::new)?;
    let (method, content) = if deflated.len() < member.bytes.len() {
        (DEFLATED, deflated.as_slice())
    } else {
        (STORED, member.bytes)
    };
    let entry = Entry {
        name,
        method,
        checksum: crc32fast::hash(member.bytes),
        compressed: u32::try_from(content.len())?,
        size: u32::try_from(member.bytes.len())?,
        offset,
    };
    entry.local(time, out)?;
    out.extend_from_slice(content);
    entry.central(time, headers)
}

/// The time in MS-DOS's two words, and the extra field that has it in Unix's seconds.
struct Times {
    dos: [u8; 4],
    extra: [u8; 9],
}

impl Entry<'_> {
    fn local(&self, times: &Times, out: &mut Vec<u8>) -> Result<(), Error> {
        out.extend(LOCAL);
        self.shared(times, out)?;
        out.extend_from_slice(self.name.as_bytes());
        out.extend(times.extra);
        Ok(())
    }

    fn central(&self, times: &Times, out: &mut Vec<u8>) -> Result<(), Error> {
        out.extend(CENTRAL);
        out.extend(MADE_BY.to_le_bytes());
        self.shared(times, out)?;
        // No comment, the first disk, no internal attributes.
        out.extend([0; 6]);
        out.extend(FILE.to_le_bytes());
        out.extend(self.offset.to_le_bytes());
        out.extend_from_slice(self.name.as_bytes());
        out.extend(times.extra);
        Ok(())
    }

    /// What is the same in both headers.
    fn shared(&self, times: &Times, out: &mut Vec<u8>) -> Result<(), Error> {
        let flags = if self.name.is_ascii() { 0 } else { UTF8 };
        for number in [VERSION, flags, self.method] {
            out.extend(number.to_le_bytes());
        }
        out.extend(times.dos);
        for number in [self.checksum, self.compressed, self.size] {
            out.extend(number.to_le_bytes());
        }
        for length in [self.name.len(), times.extra.len()] {
            out.extend(u16::try_from(length)?.to_le_bytes());
        }
        Ok(())
    }
}

/// The end of the directory; before it stands a longer one where its numbers are too small.
fn end(files: usize, size: u32, offset: u32, out: &mut Vec<u8>) {
    let count = u16::try_from(files).ok().filter(|count| *count < u16::MAX);
    if count.is_none() {
        let wide = |number: u32| u64::from(number).to_le_bytes();
        out.extend(END_64);
        out.extend(44_u64.to_le_bytes());
        out.extend([VERSION_64, VERSION_64].map(u16::to_le_bytes).concat());
        out.extend([0; 8]);
        let files = u64::try_from(files).unwrap_or(u64::MAX).to_le_bytes();
        out.extend([files, files, wide(size), wide(offset)].concat());
        out.extend(LOCATOR_64);
        out.extend([0; 4]);
        out.extend((u64::from(offset) + u64::from(size)).to_le_bytes());
        out.extend(1_u32.to_le_bytes());
    }
    let count = count.unwrap_or(u16::MAX).to_le_bytes();
    out.extend(END);
    out.extend([0; 4]);
    out.extend([count, count].concat());
    out.extend([size, offset].map(u32::to_le_bytes).concat());
    out.extend([0; 2]);
}

fn times(now: u64) -> Times {
    let [a, b, c, d, ..] = now.to_le_bytes();
    let extra = [0x55, 0x54, 5, 0, 1, a, b, c, d];
    let (year, month, day) = date(now / 86_400);
    let seconds = now % 86_400;
    let clock = ((seconds / 3600) << 11) | ((seconds / 60 % 60) << 5) | (seconds % 60 / 2);
    // The years of MS-DOS are these.
    let dos = if (1980..2108).contains(&year) {
        ((((year - 1980) << 9) | (month << 5) | day) << 16) | clock
    } else {
        0
    };
    Times { dos: u32::try_from(dos).unwrap_or_default().to_le_bytes(), extra }
}

/// Year, month and day of a day since 1970-01-01.
fn date(days: u64) -> (u64, u64, u64) {
    // Years that begin in March have their odd day at the end, and 400 of them 146,097 days.
    let days = days + 719_468;
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let (month, later) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    (era * 400 + year + later, month, day)
}

#[cfg(test)]
mod tests {
    use super::{date, times};

    #[test]
    fn days_are_dates() {
        for (days, expected) in [
            (0, (1970, 1, 1)),
            (58, (1970, 2, 28)),
            (59, (1970, 3, 1)),
            (11_016, (2000, 2, 29)),
            (11_017, (2000, 3, 1)),
            (20_778, (2026, 11, 21)),
            (47_540, (2100, 2, 28)),
            (47_541, (2100, 3, 1)),
        ] {
            assert_eq!(date(days), expected);
        }
    }

    #[test]
    fn a_time_is_that_of_ms_dos_too() {
        // 2026-11-21T20:14:34Z.
        let times = times(1_795_292_074);
        assert_eq!(u32::from_le_bytes(times.dos), (46 << 9 | 11 << 5 | 21) << 16 | 20 << 11 | 14 << 5 | 17);
        assert_eq!(super::times(0).dos, [0; 4]);
    }
}
