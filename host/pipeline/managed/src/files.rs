//! The files of a folder that are pipelines, each named by its file.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

/// What the names of files with tests end in.
const TESTS: [&str; 2] = ["_bento_test", "_forebay_test"];
const EXTENSIONS: [&str; 2] = ["yaml", "yml"];

/// The file of each pipeline in a folder, without the folders in it. Where two files have the same name but for the
/// extension, the first one by the alphabet counts.
///
/// # Errors
/// When the folder can't be read.
pub(crate) fn find(folder: &Path) -> io::Result<BTreeMap<String, PathBuf>> {
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        paths.push(entry?.path());
    }
    paths.sort();
    let mut found = BTreeMap::new();
    for path in paths {
        // A link counts as what it leads to: mounted configurations are links.
        if let Some(name) = name(&path)
            && path.is_file()
        {
            found.entry(name).or_insert(path);
        }
    }
    Ok(found)
}

fn name(path: &Path) -> Option<String> {
    let extension = path.extension()?.to_str()?;
    let name = path.file_stem()?.to_str()?;
    let is_one = EXTENSIONS.contains(&extension)
        && !name.starts_with('.')
        && !TESTS.iter().any(|tests| name.ends_with(tests));
    is_one.then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pipeline_is_named_by_its_file() {
        let names = ["/d/a.yaml", "b.yml", "c.d.yaml", "e", "f.json", ".g.yaml", "h_bento_test.yaml"];
        let found: Vec<_> = names.iter().filter_map(|path| name(Path::new(path))).collect();
        assert_eq!(found, ["a", "b", "c.d"]);
    }
}
