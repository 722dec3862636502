//! The folder of `-streamsDir`: what came over HTTP, so that it is there again after a restart.
//!
//! A pipeline is `ID.yaml`, a resource `resources/TYPE/LABEL.yaml`, with what may not stand in a name as `%XX`. A file
//! is written under another name, synced and renamed, so that it is there as a whole or not at all.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

const EXTENSION: &str = ".yaml";
/// What is being written; left by a crash, it is overwritten or in nobody's way.
const UNFINISHED: &str = ".unfinished";
const RESOURCES: &str = "resources";
/// What a file system takes for a name, with room for the extensions.
const LONGEST_NAME: usize = 230;

/// Pipelines and resources in a folder.
#[derive(Debug)]
pub(super) struct Store {
    folder: PathBuf,
}

impl Store {
    /// The folder, which is made where it is not there.
    ///
    /// # Errors
    /// It can't be made.
    pub(super) fn open(folder: &Path) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        Ok(Self { folder: folder.to_owned() })
    }

    /// The texts of all pipelines, by their ids.
    ///
    /// # Errors
    /// A file can't be read.
    pub(super) fn streams(&self) -> io::Result<BTreeMap<String, String>> {
        read_all(&self.folder)
    }

    /// The texts of all resources of a type, by their labels.
    ///
    /// # Errors
    /// As [`Store::streams`].
    pub(super) fn resources(&self, kind: &str) -> io::Result<BTreeMap<String, String>> {
        let folder = self.folder.join(RESOURCES).join(kind);
        if folder.is_dir() { read_all(&folder) } else { Ok(BTreeMap::new()) }
    }

    /// Keeps a pipeline, in place of another one with this id.
    ///
    /// # Errors
    /// It is not kept.
    pub(super) fn keep_stream(&self, id: &str, text: &str) -> io::Result<()> {
        write(&self.folder, id, text)
    }

    /// Keeps a resource, in place of another one with this label.
    ///
    /// # Errors
    /// It is not kept.
    pub(super) fn keep_resource(&self, kind: &str, label: &str, text: &str) -> io::Result<()> {
        let folder = self.folder.join(RESOURCES).join(kind);
        fs::create_dir_all(&folder)?;
        write(&folder, label, text)
    }

    /// Forgets a pipeline, where it is kept.
    ///
    /// # Errors
    /// It may still be there.
    pub(super) fn forget_stream(&self, id: &str) -> io::Result<()> {
        match fs::remove_file(self.folder.join(name(id)? + EXTENSION)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Ok(()) => sync(&self.folder),
            Err(error) => Err(error),
        }
    }
}

fn read_all(folder: &Path) -> io::Result<BTreeMap<String, String>> {
    let mut texts = BTreeMap::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        let Some(stem) = name.to_str().and_then(|name| name.strip_suffix(EXTENSION)) else { continue };
        if entry.file_type()?.is_file() {
            texts.insert(decoded(stem), fs::read_to_string(entry.path())?);
        }
    }
    Ok(texts)
}

fn write(folder: &Path, id: &str, text: &str) -> io::Result<()> {
    let name = name(id)?;
    let unfinished = folder.join(format!("{name}{UNFINISHED}"));
    // What it holds may be secret: values of variables that a request was filled with.
    let mut file =
        OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&unfinished)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&unfinished, folder.join(name + EXTENSION))?;
    sync(folder)
}

fn sync(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// An id as the name of a file. A point at its begin would hide it, or be another folder.
fn name(id: &str) -> io::Result<String> {
    let mut name = String::with_capacity(id.len());
    for (index, byte) in id.bytes().enumerate() {
        let is_plain = byte.is_ascii_alphanumeric() || b"-_".contains(&byte) || (byte == b'.' && index > 0);
        if is_plain { name.push(char::from(byte)) } else { name.push_str(&format!("%{byte:02X}")) }
    }
    if name.is_empty() || name.len() > LONGEST_NAME {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "the id is empty or too long for the name of a file",
        ));
    }
    Ok(name)
}

fn decoded(name: &str) -> String {
    let mut bytes = Vec::with_capacity(name.len());
    let mut rest = name.as_bytes();
    while let [first, behind @ ..] = rest {
        let digits = behind.get(..2).filter(|_| *first == b'%').and_then(|two| str::from_utf8(two).ok());
        let escaped = digits.and_then(|two| u8::from_str_radix(two, 16).ok());
        bytes.push(escaped.unwrap_or(*first));
        rest = if escaped.is_some() { &behind[2..] } else { behind };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_there_again_until_it_is_forgotten() {
        let folder = std::env::temp_dir().join(format!("forebay-streams-{}", std::process::id()));
        let store = Store::open(&folder).unwrap();
        for id in ["a", "..", "a/b%2F", ".hidden", "\u{e4}.yaml"] {
            store.keep_stream(id, "old").unwrap();
            store.keep_stream(id, id).unwrap();
        }
        store.keep_resource("cache", "c", "memory: {}").unwrap();
        let kept = Store::open(&folder).unwrap().streams().unwrap();
        assert!(kept.len() == 5 && kept.iter().all(|(id, text)| id == text), "{kept:?}");
        assert_eq!(store.resources("cache").unwrap().len() + store.resources("input").unwrap().len(), 1);
        for id in ["a", "a", "..", "unknown"] {
            store.forget_stream(id).unwrap();
        }
        assert_eq!(store.streams().unwrap().len(), 3);
        assert!(store.keep_stream(&"x".repeat(500), "").is_err() && store.keep_stream("", "").is_err());
        fs::remove_dir_all(&folder).unwrap();
    }
}
