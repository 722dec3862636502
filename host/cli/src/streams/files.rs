//! Pipelines in files, each under the id that its path gives.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use forebay_pipeline_tester::globs;

/// What the names of files with tests end in.
const TESTS: [&str; 2] = ["_bento_test", "_forebay_test"];

/// The file of each id among files, patterns and folders.
///
/// # Errors
/// A path is not there, or two files have the same id.
pub(super) fn find(paths: &[String]) -> anyhow::Result<BTreeMap<String, PathBuf>> {
    let mut found = BTreeMap::new();
    for path in globs(paths.iter().map(String::as_str)).context("paths of pipelines")? {
        if path.is_dir() {
            walk(&path, &path, &mut found)?;
        } else {
            fs::metadata(&path).with_context(|| format!("look at {}", path.display()))?;
            let name = path.file_name().map(PathBuf::from).unwrap_or_default();
            add(&mut found, id(&name), path)?;
        }
    }
    Ok(found)
}

fn walk(folder: &Path, top: &Path, found: &mut BTreeMap<String, PathBuf>) -> anyhow::Result<()> {
    let read = || format!("read the folder {}", folder.display());
    let mut entries: Vec<_> =
        fs::read_dir(folder).with_context(read)?.collect::<Result<_, _>>().with_context(read)?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let (path, kind) = (entry.path(), entry.file_type().with_context(read)?);
        if kind.is_dir() {
            walk(&path, top, found)?;
        } else if path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml") {
            let id = id(path.strip_prefix(top).unwrap_or(&path));
            if !TESTS.iter().any(|tests| id.ends_with(tests)) {
                add(found, id, path)?;
            }
        }
    }
    Ok(())
}

fn add(found: &mut BTreeMap<String, PathBuf>, id: String, path: PathBuf) -> anyhow::Result<()> {
    anyhow::ensure!(!id.is_empty(), "the name of {} gives no id for its pipeline", path.display());
    if let Some(other) = found.get(&id) {
        anyhow::bail!("{} and {} both have the id {id}: rename one", other.display(), path.display());
    }
    found.insert(id, path);
    Ok(())
}

/// What a path in a folder is as an id: without its extension, with `_` between its parts.
fn id(path: &Path) -> String {
    let text = path.to_string_lossy();
    let text = text.trim_matches('/');
    let stem = text.strip_suffix(".yaml").unwrap_or(text);
    stem.strip_suffix(".yml").unwrap_or(stem).replace('/', "_")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_id_is_the_path_without_its_extension() {
        let ids = ["a.yaml", "b/c.yml", "b/d.yaml", "e"].map(|path| id(Path::new(path)));
        assert_eq!(ids, ["a", "b_c", "b_d", "e"]);
    }
}
