//! The files of a zip, by its directory.

use forebay_compression::Algorithm;
use forebay_sdk::Error;

use super::parts::Parts;

mod directory;

use directory::{File, directory, word};

const LOCAL: [u8; 4] = *b"PK\x03\x04";
/// Where a file's own header has the lengths of its name and of what is extra; what is between is in the directory too.
const LENGTHS: usize = 26;
const STORED: u16 = 0;
const DEFLATED: u16 = 8;
/// That sizes and checksum come behind the content.
const DESCRIBED: u16 = 1 << 3;

/// A part for every file, also for folders, which are empty.
pub(super) fn read(parts: &mut Parts<'_, '_>) -> Result<(), Error> {
    let bytes = parts.source();
    for file in directory(bytes)? {
        let file = file?;
        let name = ("archive_filename", file.name);
        let content = content(bytes, &file)?;
        if file.name.ends_with(b"/") {
            if file.size != 0 {
                return Err(malformed());
            }
            parts.add_named(name, &[])?;
            continue;
        }
        let left = parts.left();
        if file.size > left {
            return Err(Error::new(format!("the content is longer than {left} bytes")));
        }
        parts.write_named(name, |out| unpack(&file, content, left, out))?;
    }
    Ok(())
}

/// What is stored of a file; less where the archive ends too early.
fn content<'b>(bytes: &'b [u8], file: &File<'_>) -> Result<&'b [u8], Error> {
    let header = bytes.get(file.offset..).ok_or_else(truncated)?;
    if header.len() < LENGTHS + 4 {
        return Err(truncated());
    }
    if !header.starts_with(&LOCAL) {
        return Err(malformed());
    }
    let beside = usize::from(word(header, LENGTHS)) + usize::from(word(header, LENGTHS + 2));
    let content = header.get(LENGTHS + 4 + beside..).unwrap_or_default();
    Ok(content.get(..file.compressed).unwrap_or(content))
}

fn unpack(file: &File<'_>, content: &[u8], left: usize, out: &mut Vec<u8>) -> Result<(), Error> {
    let start = out.len();
    match file.method {
        STORED if content.len() > left => {
            return Err(Error::new(format!("the content is longer than {left} bytes")));
        }
        STORED => out.extend_from_slice(content),
        DEFLATED => Algorithm::Flate.decompress_onto(content, left, out).map_err(Error::new)?,
        _ => return Err(Error::new("zip: unsupported compression algorithm")),
    }
    let made = out.get(start..).unwrap_or_default();
    if made.len() > file.size {
        return Err(malformed());
    }
    if made.len() < file.size {
        return Err(truncated());
    }
    let is_known = file.checksum != 0 || file.flags & DESCRIBED != 0;
    if is_known && crc32fast::hash(made) != file.checksum {
        return Err(Error::new("zip: checksum error"));
    }
    Ok(())
}

fn truncated() -> Error {
    Error::new("unexpected EOF")
}

fn malformed() -> Error {
    Error::new("zip: not a valid zip file")
}

#[cfg(test)]
mod tests {
    use super::directory;
    use crate::unarchive::tests::archived;

    #[test]
    fn a_zip_of_very_many_files_is_read() {
        let archive = archived("zip", "", &vec!["x"; 65_536]);
        let files = directory(&archive).expect("an end").map(|file| file.map(|file| file.size));
        let sizes: Vec<usize> = files.collect::<Result<_, _>>().expect("entries");
        assert_eq!(sizes, [1; 65_536]);
    }
}
