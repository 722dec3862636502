use std::path::{Path, PathBuf};

use forebay_lifecycle::chance;

/// A folder that is removed with everything in it when this is dropped. It lies where Cargo builds, since what is for a
/// while may lie in memory elsewhere.
#[derive(Debug)]
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new() -> anyhow::Result<Self> {
        let path =
            Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("bench-kafka-{:016x}", chance::number()));
        std::fs::create_dir_all(&path)?;
        Ok(Self(path.canonicalize()?))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // Nothing can be done about what can't be removed.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
