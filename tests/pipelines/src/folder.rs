use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use crate::Forebay;

/// A folder for one test, which is removed with what is in it.
#[derive(Debug)]
pub struct Folder(PathBuf);

impl Folder {
    /// An empty folder.
    ///
    /// # Panics
    /// When it can't be made.
    #[must_use]
    pub fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("forebay-pipelines-{}-{number}", std::process::id()));
        // Left by a dead process that had the same id.
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).expect("the folder for temporary files can be written to");
        Self(path)
    }

    #[must_use]
    pub fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// Writes a file, and the folders above it.
    ///
    /// # Panics
    /// When that fails.
    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        let path = self.path(name);
        let parent = path.parent().unwrap_or(Path::new("/"));
        std::fs::create_dir_all(parent).expect("a folder below a new folder can be made");
        std::fs::write(path, content).expect("a file in a new folder can be written");
    }

    /// What a file holds.
    ///
    /// # Panics
    /// When it can't be read, or is no text.
    #[must_use]
    pub fn read(&self, name: &str) -> String {
        let text = std::fs::read_to_string(self.path(name));
        assert!(text.is_ok(), "{name}: {text:?}");
        text.unwrap_or_default()
    }

    /// How long a file is; nothing where there is none.
    #[must_use]
    pub fn length(&self, name: &str) -> u64 {
        std::fs::metadata(self.path(name)).map_or(0, |found| found.len())
    }

    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.path(name).exists()
    }

    /// `forebay run` with a pipeline of this text.
    #[must_use]
    pub fn run(&self, pipeline: &str) -> Forebay {
        self.write("pipeline.yaml", pipeline);
        self.forebay(&["run", "pipeline.yaml"])
    }

    /// `forebay lint` with a pipeline of this text.
    #[must_use]
    pub fn lint(&self, pipeline: &str) -> Forebay {
        self.write("pipeline.yaml", pipeline);
        self.forebay(&["lint", "pipeline.yaml"])
    }

    /// The program, started in this folder.
    #[must_use]
    pub fn forebay(&self, args: &[&str]) -> Forebay {
        Forebay::new(&self.0, args)
    }
}

impl Default for Folder {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // Whoever cleans up the temporary files will find it.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
