//! Files that are read at any place.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::sync::Arc;

use crate::account::StreamPermit;

/// The most that one read returns, whatever was asked for.
const MOST: u32 = 16 << 20;

/// A file that a guest reads at any place.
#[derive(Debug)]
#[expect(unreachable_pub, reason = "the generated bindings name it")]
pub struct HostReader {
    pub(super) places: Places,
    _permit: StreamPermit,
}

/// The places of a file.
#[derive(Debug, Clone)]
pub(super) struct Places {
    file: Arc<File>,
    /// Bytes, when it was opened.
    pub size: u64,
}

impl HostReader {
    pub(super) fn new(places: Places, permit: StreamPermit) -> Self {
        Self { places, _permit: permit }
    }
}

impl Places {
    pub(super) fn new(file: File) -> io::Result<Self> {
        let size = file.metadata()?.len();
        Ok(Self { file: Arc::new(file), size })
    }

    /// Up to `length` bytes, and up to [`MOST`]. Fewer where the file ends, now or when it was opened.
    pub(super) fn read(&self, offset: u64, length: u32) -> io::Result<Vec<u8>> {
        let left = usize::try_from(self.size.saturating_sub(offset)).unwrap_or(usize::MAX);
        let mut bytes = vec![0; left.min(length.min(MOST) as usize)];
        let mut filled = 0;
        while let Some(rest) = bytes.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            match self.file.read_at(rest, offset.saturating_add(filled as u64)) {
                Ok(0) => break,
                Ok(read) => filled += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        bytes.truncate(filled);
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_place_is_read_as_far_as_it_goes() {
        let path = std::env::temp_dir().join(format!("forebay-random-{}", std::process::id()));
        std::fs::write(&path, "0123456789").unwrap();
        let file = File::options().read(true).write(true).open(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        let places = Places::new(file.try_clone().unwrap()).unwrap();
        assert_eq!(places.size, 10);
        for (offset, length, expected) in
            [(0, 4, &b"0123"[..]), (8, 4, b"89"), (10, 1, b""), (u64::MAX, 9, b""), (3, u32::MAX, b"3456789")]
        {
            assert_eq!(places.read(offset, length).unwrap(), expected);
        }
        file.set_len(5).unwrap();
        assert_eq!(places.read(3, 9).unwrap(), b"34", "it has become shorter meanwhile");
    }
}
