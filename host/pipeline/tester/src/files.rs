//! From the paths of a command line to the files with tests.
//!
//! Bento's rules: a path that ends in `...` is a folder with all that is in it, others may be patterns. A test is for
//! the file that it stands beside: those of `foo.yaml` are in `foo_bento_test.yaml` (or `foo_forebay_test.yaml`) if
//! there is such a file, otherwise in `foo.yaml` itself. Either of the two may be named.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use crate::message::plain;

/// What the names of files with tests end in, without their extension.
const SUFFIXES: [&str; 2] = ["_bento_test", "_forebay_test"];
/// The ends of names that are looked at in folders.
const IN_FOLDERS: [&str; 2] = ["yaml", "yml"];

/// A configuration, and the files in which its tests may be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) config: PathBuf,
    pub(crate) definitions: Vec<PathBuf>,
}

/// Paths that can't be followed.
#[derive(Debug, thiserror::Error)]
pub enum SuperPathError {
    #[error("{pattern}: {problem}")]
    Pattern { pattern: String, problem: glob::PatternError },
    #[error("open {}: {}", path.display(), plain(problem))]
    Folder { path: PathBuf, problem: std::io::Error },
    #[error("unable to access target config file '{}': stat {}: {}", path.display(), path.display(), plain(problem))]
    Config { path: PathBuf, problem: std::io::Error },
}

/// The configurations that paths name, sorted.
pub(crate) fn targets(paths: &[String]) -> Result<Vec<Target>, SuperPathError> {
    let mut files = Vec::new();
    for path in paths {
        match path.strip_suffix("...") {
            Some(folder) => walk(Path::new(folder_of(folder)), &mut files)?,
            None if Path::new(path).is_dir() => walk(Path::new(path), &mut files)?,
            None => files.extend(globs([path.as_str()])?),
        }
    }
    let mut targets = BTreeMap::new();
    for file in files {
        let config = clean(&config_of(&file));
        if let Err(problem) = std::fs::metadata(&config) {
            return Err(SuperPathError::Config { path: config, problem });
        }
        let definitions = definitions_of(&config);
        targets.insert(config.clone(), Target { config, definitions });
    }
    Ok(targets.into_values().collect())
}

/// The files that patterns name; a path that is no pattern names itself. `**` stands for any folders.
///
/// # Errors
/// When something is no pattern.
pub fn globs<'p>(patterns: impl IntoIterator<Item = &'p str>) -> Result<Vec<PathBuf>, SuperPathError> {
    let mut found = Vec::new();
    for pattern in patterns {
        if !pattern.contains(['*', '?', '[']) {
            found.push(PathBuf::from(pattern));
            continue;
        }
        let matches = glob::glob(pattern)
            .map_err(|problem| SuperPathError::Pattern { pattern: pattern.to_owned(), problem })?;
        // A folder that can't be read has nothing that matches.
        found.extend(matches.filter_map(Result::ok).filter(|path| path.is_file()));
    }
    Ok(found)
}

/// The files that paths name: those of a folder with all that is in it for `DIR/...`, otherwise as [`globs`].
///
/// # Errors
/// When something is no pattern, or a folder can't be read.
pub fn paths(paths: &[String]) -> Result<Vec<PathBuf>, SuperPathError> {
    let mut found = Vec::new();
    for path in paths {
        match path.strip_suffix("...") {
            Some(folder) => walk(Path::new(folder_of(folder)), &mut found)?,
            None => found.extend(globs([path.as_str()])?),
        }
    }
    Ok(found)
}

/// What stands before `...`.
fn folder_of(text: &str) -> &str {
    match text.strip_suffix('/') {
        Some("") => "/",
        Some(folder) => folder,
        None if text.is_empty() => ".",
        None => text,
    }
}

/// All files of a folder that may be configurations, in order.
fn walk(folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), SuperPathError> {
    let failed = |problem| SuperPathError::Folder { path: folder.to_owned(), problem };
    let entries = std::fs::read_dir(folder).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let mut entries = entries.map_err(failed)?;
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        let path = entry.path();
        // Links to folders are not followed, which may lead round in circles.
        let is_folder = entry.file_type().map_err(failed)?.is_dir();
        let name = entry.file_name();
        if is_folder {
            walk(&path, files)?;
        } else if IN_FOLDERS.iter().any(|end| name.to_string_lossy().ends_with(end)) {
            files.push(path);
        }
    }
    Ok(())
}

/// The configuration that a file is, or is the tests of.
fn config_of(file: &Path) -> PathBuf {
    let Some(stem) = file.file_stem().and_then(|stem| stem.to_str()) else { return file.to_owned() };
    match SUFFIXES.iter().find_map(|suffix| stem.strip_suffix(suffix)) {
        Some(stem) => file.with_file_name(with_extension(stem, file)),
        None => file.to_owned(),
    }
}

fn definitions_of(config: &Path) -> Vec<PathBuf> {
    let stem = config.file_stem().unwrap_or_default().to_string_lossy();
    let beside = SUFFIXES
        .iter()
        .map(|suffix| config.with_file_name(with_extension(&format!("{stem}{suffix}"), config)));
    let beside: Vec<PathBuf> = beside.filter(|path| path.exists()).collect();
    if !beside.is_empty() {
        return beside;
    }
    let is_yaml = config.extension().is_some_and(|extension| IN_FOLDERS.iter().any(|end| extension == *end));
    if is_yaml && config.is_file() { vec![config.to_owned()] } else { Vec::new() }
}

fn with_extension(stem: &str, like: &Path) -> String {
    match like.extension() {
        Some(extension) => format!("{stem}.{}", extension.to_string_lossy()),
        None => stem.to_owned(),
    }
}

/// A path without `.` in it.
fn clean(path: &Path) -> PathBuf {
    path.components().filter(|part| *part != Component::CurDir).collect()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// A folder with empty files, which is removed with what is in it.
    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str, files: &[&str]) -> Self {
            let folder = std::env::temp_dir().join(format!("forebay-tester-{}-{name}", std::process::id()));
            for file in files {
                let path = folder.join(file);
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, "").unwrap();
            }
            Self(folder)
        }

        fn targets(&self, path: &str) -> Result<Vec<(String, Vec<String>)>, String> {
            let targets =
                targets(&[format!("{}/{path}", self.0.display())]).map_err(|error| error.to_string())?;
            let short = |path: &PathBuf| path.strip_prefix(&self.0).unwrap().display().to_string();
            Ok(targets
                .iter()
                .map(|target| (short(&target.config), target.definitions.iter().map(short).collect()))
                .collect())
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    fn pair(config: &str, definition: &str) -> (String, Vec<String>) {
        (config.to_owned(), vec![definition.to_owned()])
    }

    #[test]
    fn a_configuration_and_its_tests_name_each_other() {
        let folder = Folder::new("pairs", &["a.yaml", "a_bento_test.yaml", "b.json", "b_forebay_test.json"]);
        for path in ["a.yaml", "a_bento_test.yaml", "./a*.yaml"] {
            assert_eq!(folder.targets(path), Ok(vec![pair("a.yaml", "a_bento_test.yaml")]), "{path}");
        }
        assert_eq!(folder.targets("b.json"), Ok(vec![pair("b.json", "b_forebay_test.json")]));
    }

    #[test]
    fn folders_are_walked_and_other_files_passed_over() {
        let folder = Folder::new("walk", &["x/b.yml", "x/y/a.yaml", "x/y/m.blobl", "c.yaml"]);
        let all = vec![pair("x/b.yml", "x/b.yml"), pair("x/y/a.yaml", "x/y/a.yaml")];
        assert_eq!(folder.targets("x/..."), Ok(all.clone()));
        assert_eq!(folder.targets("x"), Ok(all));
        assert_eq!(folder.targets("x/**/*.yaml"), Ok(vec![pair("x/y/a.yaml", "x/y/a.yaml")]));
    }

    #[test]
    fn paths_are_folders_patterns_or_files() {
        let folder = Folder::new("paths", &["x/b.yml", "x/y/a.yaml", "x/n.md", "c.yaml"]);
        let of = |path: &str| {
            let found = paths(&[format!("{}/{path}", folder.0.display())]).unwrap();
            let short = |path: PathBuf| path.strip_prefix(&folder.0).unwrap().display().to_string();
            found.into_iter().map(short).collect::<Vec<_>>()
        };
        assert_eq!(of("x/..."), ["x/b.yml", "x/y/a.yaml"]);
        assert_eq!(of("x/*"), ["x/b.yml", "x/n.md"]);
        assert_eq!(of("missing.yaml"), ["missing.yaml"]);
    }

    #[test]
    fn what_is_named_must_be_there() {
        let folder = Folder::new("missing", &["a_bento_test.yaml"]);
        assert!(
            folder.targets("a_bento_test.yaml").unwrap_err().ends_with("a.yaml: no such file or directory")
        );
        assert_eq!(folder.targets("*.yml"), Ok(Vec::new()));
        assert!(folder.targets("nowhere/...").is_err());
    }

    #[test]
    fn three_dots_stand_behind_a_folder() {
        assert_eq!(["", "./", "a/b/", "/"].map(folder_of), [".", ".", "a/b", "/"]);
    }
}
