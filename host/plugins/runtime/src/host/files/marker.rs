//! How torn writes are found: beside a file that is appended to lies a marker which says what is
//! being written to it.
//!
//! Before bytes `start..end` are written, the marker is set to that range. A process that dies
//! under way leaves a file whose length lies inside the range: those bytes were ours and nobody was
//! told that they are written, so whoever opens the file next cuts them off. Any other length means
//! that the write was complete, or that somebody else has changed the file since, and nothing is cut.
//! The marker names the file by device, inode and time of birth, so that it says nothing of another
//! file that has taken its name, and holds the first bytes of the write, so that it says nothing of
//! a file that was written anew in its place. It is removed when the file is closed.

use std::fs::{File, Metadata, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use super::parent;

/// Six little-endian numbers: the magic, device, inode, birth in nanoseconds, start, end; then the
/// first bytes of the write, and zeros where there are fewer.
const LENGTH: usize = NUMBERS + HEAD;
const NUMBERS: usize = 48;
pub(super) const HEAD: usize = 64;
const MAGIC: u64 = u64::from_le_bytes(*b"FBWRITE1");
const SUFFIX: &str = ".forebay-";

/// What is being written to a file.
#[derive(Debug)]
pub(super) struct Marker {
    path: PathBuf,
    target: PathBuf,
    file: File,
    identity: [u64; 3],
}

impl Marker {
    /// Takes the marker of a file; cuts off what a dead process left half written.
    ///
    /// `None` where there can't be one: another process is writing to the same file, or the folder
    /// does not let us create it. Torn writes are then not found, and nothing is cut.
    pub(super) fn take(path: &Path, target: &File) -> io::Result<Option<Self>> {
        let found = target.metadata()?;
        let marker = beside(path, "write");
        let Ok(file) = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&marker)
        else {
            return Ok(None);
        };
        if file.try_lock().is_err() {
            return Ok(None);
        }
        let identity = identity(&found);
        if let Some((start, end, head)) = read(&file, &identity)
            && start < found.len()
            && found.len() < end
            && begins_with(
                path,
                start,
                &head[..HEAD.min(usize::try_from(found.len() - start).unwrap_or(HEAD))],
            )
        {
            target.set_len(start)?;
            target.sync_data()?;
            let cut = found.len() - start;
            tracing::info!(path = %path.display(), cut, "cut off a write that an earlier process did not finish");
        }
        Ok(Some(Self { path: marker, target: path.to_path_buf(), file, identity }))
    }

    /// Says that so many bytes are about to be written, which begin with `write`, or are those.
    pub(super) fn set(&self, start: u64, length: u64, write: &[u8]) -> io::Result<()> {
        let end = start.saturating_add(length);
        let [device, inode, birth] = self.identity;
        let mut bytes = [0; LENGTH];
        for (slot, number) in bytes.chunks_exact_mut(8).zip([MAGIC, device, inode, birth, start, end]) {
            slot.copy_from_slice(&number.to_le_bytes());
        }
        let head = write.len().min(HEAD);
        bytes[NUMBERS..NUMBERS + head].copy_from_slice(&write[..head]);
        self.file.write_all_at(&bytes, 0)
    }
}

impl Marker {
    /// Cuts off what was written of `bytes` from `start` on, if nothing else lies behind it.
    pub(super) fn take_back(&self, target: &File, start: u64, bytes: &[u8]) {
        let length = target.metadata().map_or(0, |found| found.len());
        let written = usize::try_from(length.saturating_sub(start)).unwrap_or(usize::MAX);
        let ours = bytes.get(..written).is_some_and(|ours| begins_with(&self.target, start, ours));
        if written > 0 && ours {
            self.cut(target, start);
        }
    }

    /// The same for so many bytes of which only the first are still known.
    pub(super) fn take_back_copy(&self, target: &File, start: u64, most: u64, head: &[u8]) {
        let length = target.metadata().map_or(0, |found| found.len());
        let written = length.saturating_sub(start);
        let known = usize::try_from(written).unwrap_or(usize::MAX).min(head.len());
        if written > 0 && written <= most && begins_with(&self.target, start, &head[..known]) {
            self.cut(target, start);
        }
    }

    fn cut(&self, target: &File, start: u64) {
        if target.set_len(start).is_err() {
            tracing::error!(file = %self.target.display(), "a write that failed half-way can't be taken back");
        }
    }
}

impl Drop for Marker {
    fn drop(&mut self) {
        // One that stays says that a complete write was complete.
        let _ = std::fs::remove_file(&self.path);
    }
}

/// The hidden file of ours that lies beside another.
pub(super) fn beside(path: &Path, role: &str) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    parent(path).join(format!(".{name}{SUFFIX}{role}"))
}

/// Whether a file is one of ours, which no pattern finds.
pub(super) fn is_marker(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.starts_with('.') && [".forebay-write", ".forebay-new-"].iter().any(|role| name.contains(role))
}

fn identity(found: &Metadata) -> [u64; 3] {
    let birth = found.created().ok().and_then(|birth| birth.duration_since(UNIX_EPOCH).ok());
    let birth = birth.and_then(|birth| u64::try_from(birth.as_nanos()).ok()).unwrap_or(0);
    [found.dev(), found.ino(), birth]
}

/// Whether the bytes of a file from `start` on begin with these.
fn begins_with(path: &Path, start: u64, head: &[u8]) -> bool {
    let mut bytes = vec![0; head.len()];
    File::open(path).and_then(|file| file.read_exact_at(&mut bytes, start)).is_ok() && bytes == head
}

fn read(file: &File, identity: &[u64; 3]) -> Option<(u64, u64, [u8; HEAD])> {
    let mut bytes = [0; LENGTH];
    file.read_exact_at(&mut bytes, 0).ok()?;
    let mut head = [0; HEAD];
    head.copy_from_slice(&bytes[NUMBERS..]);
    let mut numbers = bytes[..NUMBERS].chunks_exact(8).map(|number| {
        let mut eight = [0; 8];
        eight.copy_from_slice(number);
        u64::from_le_bytes(eight)
    });
    let known = numbers.next()? == MAGIC && identity.iter().all(|part| numbers.next() == Some(*part));
    let (start, end) = (numbers.next()?, numbers.next()?);
    known.then_some((start, end, head))
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("forebay-marker-{name}-{}", std::process::id()));
            std::fs::create_dir_all(&path).unwrap();
            Self(path)
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }

    fn append(path: &Path) -> File {
        OpenOptions::new().create(true).append(true).open(path).unwrap()
    }

    /// Leaves the marker behind, as a killed process does.
    fn die_while_writing(path: &Path, write: &str) {
        let file = append(path);
        let marker = Marker::take(path, &file).unwrap().unwrap();
        marker.set(file.metadata().unwrap().len(), write.len() as u64, write.as_bytes()).unwrap();
        marker.file.unlock().unwrap();
        std::mem::forget(marker);
    }

    #[test]
    fn a_torn_write_of_ours_is_cut_off() {
        let folder = Folder::new("torn");
        let path = folder.0.join("out");
        std::fs::write(&path, "one\n").unwrap();
        die_while_writing(&path, "two\n");
        std::fs::write(&path, "one\ntw").unwrap();
        let _marker = Marker::take(&path, &append(&path)).unwrap().unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "one\n");
    }

    #[test]
    fn a_complete_write_stays() {
        let folder = Folder::new("complete");
        let path = folder.0.join("out");
        std::fs::write(&path, "one\n").unwrap();
        die_while_writing(&path, "two\n");
        std::fs::write(&path, "one\ntwo\n").unwrap();
        let _marker = Marker::take(&path, &append(&path)).unwrap().unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "one\ntwo\n");
    }

    #[test]
    fn a_file_without_a_marker_is_never_cut() {
        let folder = Folder::new("users");
        let path = folder.0.join("out");
        std::fs::write(&path, "half a li").unwrap();
        let _marker = Marker::take(&path, &append(&path)).unwrap().unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "half a li");
    }

    #[test]
    fn another_file_of_the_same_name_is_never_cut() {
        let folder = Folder::new("other");
        let path = folder.0.join("out");
        std::fs::write(&path, "one\n").unwrap();
        die_while_writing(&path, "somebody else's, and more");
        std::fs::write(folder.0.join("new"), "one\nsomebody else's").unwrap();
        std::fs::rename(folder.0.join("new"), &path).unwrap();
        let _marker = Marker::take(&path, &append(&path)).unwrap().unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "one\nsomebody else's");
    }

    #[test]
    fn a_file_that_was_written_anew_is_never_cut() {
        let folder = Folder::new("anew");
        let path = folder.0.join("out");
        std::fs::write(&path, "one\n").unwrap();
        die_while_writing(&path, "two and many more lines\n");
        // The same inode, and a length inside the range.
        std::fs::write(&path, "one\nthe user's").unwrap();
        let _marker = Marker::take(&path, &append(&path)).unwrap().unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "one\nthe user's");
    }

    #[test]
    fn a_second_writer_gets_no_marker() {
        let folder = Folder::new("second");
        let path = folder.0.join("out");
        let file = append(&path);
        let _first = Marker::take(&path, &file).unwrap().unwrap();
        assert!(Marker::take(&path, &append(&path)).unwrap().is_none());
    }
}
