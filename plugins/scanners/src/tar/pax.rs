use std::collections::BTreeMap;

use super::header::Header;

/// What describes an entry beyond its header: names and values.
#[derive(Default)]
pub(super) struct Pax(BTreeMap<Vec<u8>, Vec<u8>>);

const SPARSE_MAP: &[u8] = b"GNU.sparse.map";

impl Pax {
    /// `None` where a record is not as it should be.
    pub(super) fn parse(content: &[u8]) -> Option<Self> {
        let mut records = BTreeMap::new();
        // The oldest form of sparse files repeats two names in turn.
        let mut map: Vec<&[u8]> = Vec::new();
        let mut rest = content;
        while !rest.is_empty() {
            let (key, value);
            (key, value, rest) = record(rest)?;
            let wanted: &[u8] =
                if map.len().is_multiple_of(2) { b"GNU.sparse.offset" } else { b"GNU.sparse.numbytes" };
            match key {
                b"GNU.sparse.offset" | b"GNU.sparse.numbytes" => {
                    if key != wanted || value.contains(&b',') {
                        return None;
                    }
                    map.push(value);
                }
                _ => {
                    records.insert(key.to_vec(), value.to_vec());
                }
            }
        }
        if !map.is_empty() {
            records.insert(SPARSE_MAP.to_vec(), map.join(&b','));
        }
        Some(Self(records))
    }

    /// Changes a header by what is said of its entry; `None` where a value is none.
    pub(super) fn merge(&self, header: &mut Header) -> Option<()> {
        for (key, value) in self.0.iter().filter(|(_, value)| !value.is_empty()) {
            match key.as_slice() {
                b"path" => header.name.clone_from(value),
                b"size" => header.size = integer(value)?,
                b"uid" | b"gid" => {
                    integer(value)?;
                }
                b"atime" | b"mtime" | b"ctime" => time(value)?,
                _ => {}
            }
        }
        Some(())
    }

    /// A value; empty where there is none.
    fn value(&self, key: &str) -> &[u8] {
        self.0.get(key.as_bytes()).map(Vec::as_slice).unwrap_or_default()
    }

    /// In which form this says that the entry is a sparse file.
    pub(super) fn sparse_form(&self) -> Option<SparseForm> {
        match (self.value("GNU.sparse.major"), self.value("GNU.sparse.minor")) {
            (b"0", b"0" | b"1") => Some(SparseForm::InDescription),
            (b"1", b"0") => Some(SparseForm::InContent),
            (b"", b"") if !self.value("GNU.sparse.map").is_empty() => Some(SparseForm::InDescription),
            _ => None,
        }
    }

    pub(super) fn sparse_name(&self) -> Option<&[u8]> {
        Some(self.value("GNU.sparse.name")).filter(|name| !name.is_empty())
    }

    /// The whole size of a sparse file, where it is said.
    pub(super) fn sparse_size(&self) -> Option<&[u8]> {
        let sizes = [self.value("GNU.sparse.size"), self.value("GNU.sparse.realsize")];
        sizes.into_iter().find(|size| !size.is_empty())
    }

    /// The numbers of the map: starts and lengths in turn.
    pub(super) fn sparse_map(&self) -> Option<Vec<i64>> {
        let count = usize::try_from(integer(self.value("GNU.sparse.numblocks"))?).ok()?;
        let map = self.value("GNU.sparse.map");
        let numbers: Vec<&[u8]> =
            if map.is_empty() { Vec::new() } else { map.split(|byte| *byte == b',').collect() };
        if Some(numbers.len()) != count.checked_mul(2) {
            return None;
        }
        numbers.into_iter().map(integer).collect()
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SparseForm {
    InDescription,
    InContent,
}

/// The first record, `LENGTH KEY=VALUE` and a line feed, and what follows it.
fn record(rest: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let space = rest.iter().position(|byte| *byte == b' ')?;
    let length = usize::try_from(integer(rest.get(..space)?)?).ok().filter(|length| *length >= 5)?;
    let (record, after) = rest.split_at_checked(length)?;
    let record = record.get(space + 1..)?.strip_suffix(b"\n")?;
    let equals = record.iter().position(|byte| *byte == b'=')?;
    let (key, value) = (record.get(..equals)?, record.get(equals + 1..)?);
    let checked = if matches!(key, b"path" | b"linkpath" | b"uname" | b"gname") { value } else { key };
    (!key.is_empty() && !checked.contains(&0)).then_some((key, value, after))
}

pub(super) fn integer(text: &[u8]) -> Option<i64> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

/// Seconds, with or without a fraction.
fn time(text: &[u8]) -> Option<()> {
    let mut parts = text.splitn(2, |byte| *byte == b'.');
    integer(parts.next()?)?;
    parts.next().is_none_or(|fraction| fraction.iter().all(u8::is_ascii_digit)).then_some(())
}
