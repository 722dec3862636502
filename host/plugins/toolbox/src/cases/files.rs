use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::{Context, Result};
use serde_json::Value as Json;

use super::case::Case;
use crate::support::write_file;

/// What stands for the folder of a case in its configuration.
const VARIABLE: &str = "${DIR}";

/// A folder for the files of all cases, which is removed with what is in it.
pub(super) struct Folder(PathBuf);

impl Folder {
    pub(super) fn new() -> Result<Self> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("forebay-plugin-test-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&path).with_context(|| format!("create {}", path.display()))?;
        Ok(Self(path))
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    /// The folder of one case, empty but for the files that it wants to find.
    pub(super) fn of_case(&self, case: &Case) -> Result<PathBuf> {
        let own = self.0.join(format!("line-{}", case.at.line));
        std::fs::create_dir_all(&own).with_context(|| format!("create {}", own.display()))?;
        for (name, content) in &case.files {
            write_file(&own.join(name), content.as_bytes())?;
        }
        Ok(own)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // Whoever cleans up the temporary files will find it.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A configuration with the folder of its case in it.
pub(super) fn with_folder(config: &Json, folder: &Path) -> Json {
    match config {
        Json::String(text) => Json::String(text.replace(VARIABLE, &folder.display().to_string())),
        Json::Array(items) => Json::Array(items.iter().map(|item| with_folder(item, folder)).collect()),
        Json::Object(members) => Json::Object(
            members.iter().map(|(name, value)| (name.clone(), with_folder(value, folder))).collect(),
        ),
        other => other.clone(),
    }
}
