//! What `LocalFileSystem` does not do for a folder.

use std::collections::HashSet;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use forebay_lifecycle::chance;

use crate::name::ObjectName;
use crate::payload::Payload;

/// The folders of a local store whose entries are known to be durable. `LocalFileSystem` syncs those that it creates
/// itself. Of two puts at once one creates the folder and the other finds it, and returns before the first one has
/// synced it. So folders are made here, one caller after the other, before anything is put into them.
///
/// Parts are written into a file beside the object to be, under a name that lists leave out: the object's, `#` and
/// digits, as those of `LocalFileSystem` itself.
pub(super) struct Folder {
    root: PathBuf,
    durable: Mutex<HashSet<PathBuf>>,
}

impl Folder {
    pub(super) fn new(root: PathBuf) -> Self {
        Self { root, durable: Mutex::default() }
    }

    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// Makes the folders that an object lies in.
    pub(super) fn make_for(&self, name: &ObjectName) -> io::Result<()> {
        let mut folder = self.root.clone();
        let mut parts = name.as_str().split('/').peekable();
        while let Some(part) = parts.next() {
            if parts.peek().is_none() {
                break;
            }
            folder.push(part);
            let mut durable = self.durable.lock().unwrap_or_else(PoisonError::into_inner);
            if !durable.contains(&folder) {
                make_durably(&folder)?;
                durable.insert(folder.clone());
            }
        }
        Ok(())
    }

    /// Begins a file of parts.
    pub(super) fn begin(&self, name: &ObjectName) -> io::Result<String> {
        self.make_for(name)?;
        let id = chance::bits().to_string();
        File::create_new(self.of_parts(name, &id))?;
        Ok(id)
    }

    /// Where the parts of an object are written.
    pub(super) fn of_parts(&self, name: &ObjectName, id: &str) -> PathBuf {
        self.root.join(format!("{name}#{id}"))
    }

    /// Where an object is.
    pub(super) fn of_object(&self, name: &ObjectName) -> PathBuf {
        self.root.join(name.as_str())
    }
}

/// Writes a part.
pub(super) fn write_part(file: &Path, mut offset: u64, payload: &Payload) -> io::Result<()> {
    let file = File::options().write(true).open(file)?;
    for piece in payload.pieces() {
        file.write_all_at(piece, offset)?;
        offset += piece.len() as u64;
    }
    Ok(())
}

/// Makes the parts, which have so many bytes, the object.
pub(super) fn complete(parts: &Path, object: &Path, length: u64) -> io::Result<()> {
    let file = File::options().write(true).open(parts)?;
    // A part that was given up may have been longer than the one in its place.
    file.set_len(length)?;
    file.sync_all()?;
    std::fs::rename(parts, object)?;
    object.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
}

/// Makes one folder, if it is missing, and its entry in the folder above durable.
pub(crate) fn make_durably(folder: &Path) -> io::Result<()> {
    match std::fs::create_dir(folder) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    match folder.parent() {
        Some(parent) => File::open(parent)?.sync_all(),
        None => Ok(()),
    }
}

pub(super) fn io_error(error: io::Error) -> object_store::Error {
    object_store::Error::Generic { store: "folder", source: Box::new(error) }
}
