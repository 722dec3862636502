//! `file://`: a folder. Every put syncs the file and the folder that its name stands in.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use object_store::local::LocalFileSystem;
use url::Url;

use super::{OpenError, shown};
use crate::backend::{Backend, make_durably};
use crate::objects::Objects;

pub(super) fn open(url: &Url) -> Result<Arc<dyn Objects>, OpenError> {
    let folder = url.to_file_path().map_err(|()| OpenError::NoBucket(url.to_string()))?;
    let failed = |source| OpenError::Folder { folder: folder.display().to_string(), source };
    make_all(&folder).map_err(failed)?;
    let root = folder.canonicalize().map_err(failed)?;
    let store = LocalFileSystem::new_with_prefix(&root)
        .map_err(|source| OpenError::Store { url: shown(url), source })?
        .with_fsync(true);
    Ok(Arc::new(Backend::of_folder(Arc::new(store), root, shown(url))))
}

/// Makes a folder and those above it that are missing. The folder itself is synced even when it is there: who made
/// it may not have lived to do so.
fn make_all(folder: &Path) -> std::io::Result<()> {
    let mut missing: Vec<PathBuf> = vec![folder.to_owned()];
    while let Some(parent) = missing.last().and_then(|folder| folder.parent()).map(Path::to_owned) {
        if parent.is_dir() {
            break;
        }
        missing.push(parent);
    }
    missing.iter().rev().try_for_each(|folder| make_durably(folder))
}
