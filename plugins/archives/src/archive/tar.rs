//! Tar as POSIX has it: names that a header has no room for come in an extended header before it.

use forebay_sdk::Error;
use tar::{EntryType, Header};

use super::members::Members;

const BLOCK: usize = 512;
/// How long the two parts of a name are in a header.
const NAME: usize = 100;
const PREFIX: usize = 155;
/// What a file takes beside its content and twice its name: two headers, and the rests of three blocks.
const BESIDE: usize = 5 * BLOCK;

pub(super) fn write(members: &Members<'_>, now: u64, out: &mut Vec<u8>) -> Result<(), Error> {
    files(members, now, out)?;
    end(out);
    Ok(())
}

/// Two empty blocks are the end.
pub(super) fn end(out: &mut Vec<u8>) {
    out.resize(out.len() + 2 * BLOCK, 0);
}

/// The files without the end.
pub(super) fn files(members: &Members<'_>, now: u64, out: &mut Vec<u8>) -> Result<(), Error> {
    let names: usize = members.iter().map(|member| 2 * member.name.len()).sum();
    out.reserve(members.size(BESIDE + names / members.len().max(1))?);
    for member in members.iter() {
        let name = member.name.as_ref();
        if name.ends_with('/') {
            return Err(cannot("filename may not have trailing slash"));
        }
        if name.contains('\0') {
            let quoted = name.replace('\0', "\\x00");
            return Err(cannot(&format!("invalid PAX record: \"path = {quoted}\"")));
        }
        let ascii: Vec<u8> = name.bytes().filter(u8::is_ascii).collect();
        let (prefix, rest) = match split(name) {
            Some(parts) => parts,
            None => {
                extended(name, &ascii, out)?;
                ("", "")
            }
        };
        let rest = if rest.is_empty() { &ascii } else { rest.as_bytes() };
        header(prefix.as_bytes(), rest, EntryType::Regular, member.bytes.len(), Some(now), out)?;
        padded(member.bytes, out);
    }
    Ok(())
}

fn cannot(why: &str) -> Error {
    Error::new(format!("archive/tar: cannot encode header: {why}"))
}

/// A name as the two parts that fit a header.
fn split(name: &str) -> Option<(&str, &str)> {
    if !name.is_ascii() {
        return None;
    }
    if name.len() <= NAME {
        return Some(("", name));
    }
    let (start, _) = name.split_at_checked(PREFIX + 1).unwrap_or((name, ""));
    let at = start.rfind('/').filter(|at| *at > 0)?;
    let rest = name.get(at + 1..)?;
    (!rest.is_empty() && rest.len() <= NAME).then_some((name.get(..at)?, rest))
}

/// A header that says the whole name of the file behind it.
fn extended(name: &str, ascii: &[u8], out: &mut Vec<u8>) -> Result<(), Error> {
    let record = record("path", name);
    let file = ascii.rsplit(|byte| *byte == b'/').next().unwrap_or_default();
    let own = [b"PaxHeaders.0/", file].concat();
    header(b"", &own, EntryType::XHeader, record.len(), None, out)?;
    padded(record.as_bytes(), out);
    Ok(())
}

/// A record, before which its own length stands.
fn record(key: &str, value: &str) -> String {
    let rest = key.len() + value.len() + " =\n".len();
    let mut length = rest;
    // The length grows by its own digits, at most once by one more.
    while rest + length.to_string().len() != length {
        length = rest + length.to_string().len();
    }
    format!("{length} {key}={value}\n")
}

fn header(
    prefix: &[u8],
    name: &[u8],
    kind: EntryType,
    size: usize,
    time: Option<u64>,
    out: &mut Vec<u8>,
) -> Result<(), Error> {
    let mut header = Header::new_ustar();
    header.set_entry_type(kind);
    header.set_size(u64::try_from(size)?);
    header.set_mode(if time.is_some() { 0o666 } else { 0 });
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(time.unwrap_or_default());
    header.set_device_major(0)?;
    header.set_device_minor(0)?;
    if let Some(fields) = header.as_ustar_mut() {
        fields.name.iter_mut().zip(name).for_each(|(slot, byte)| *slot = *byte);
        fields.prefix.iter_mut().zip(prefix).for_each(|(slot, byte)| *slot = *byte);
    }
    header.set_cksum();
    out.extend_from_slice(header.as_bytes());
    Ok(())
}

fn padded(content: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(content);
    out.resize(out.len() + content.len().next_multiple_of(BLOCK) - content.len(), 0);
}

#[cfg(test)]
mod tests {
    use super::{record, split};

    #[test]
    fn a_record_counts_its_own_length() {
        assert_eq!(record("path", "a"), "9 path=a\n");
        assert_eq!(record("path", ""), "8 path=\n");
        for length in 0..1100 {
            let record = record("path", &"x".repeat(length));
            assert_eq!(record.split(' ').next(), Some(record.len().to_string().as_str()));
        }
    }

    #[test]
    fn a_long_name_is_split_at_a_slash() {
        let (folder, file) = ("d".repeat(90), "f".repeat(90));
        assert_eq!(split("a/b"), Some(("", "a/b")));
        assert_eq!(split(&format!("{folder}/{file}")), Some((folder.as_str(), file.as_str())));
        assert_eq!(split(&format!("{folder}/{file}{file}")), None);
        assert_eq!(split(&folder.repeat(2)), None);
        assert_eq!(split("\u{e9}"), None);
    }
}
