//! Watching the files of a configuration while its pipeline runs.
//!
//! Files are looked at again and again. One has changed when it is not as it was, is the same at two looks, and holds
//! something else than when its content was last looked at.

use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

/// The files, as they were at the last look.
#[derive(Debug, Default)]
pub struct FileWatch {
    files: BTreeMap<PathBuf, Watched>,
}

#[derive(Debug, PartialEq, Eq)]
struct Watched {
    mark: Option<Mark>,
    /// Whether its content was looked at since the mark has changed.
    is_settled: bool,
    /// What it held when it was at rest for the last time.
    content: Option<Vec<u8>>,
}

/// By what a change of a file is told; none for one that is not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Mark {
    length: u64,
    inode: u64,
    modified: (i64, i64),
    /// When anything was changed, such as who may read it.
    changed: (i64, i64),
}

impl FileWatch {
    /// Takes files as they are now.
    #[must_use]
    pub fn new(paths: &[PathBuf]) -> Self {
        let now = |path: &PathBuf| {
            let watched = Watched { mark: mark(path), is_settled: true, content: std::fs::read(path).ok() };
            (path.clone(), watched)
        };
        Self { files: paths.iter().map(now).collect() }
    }

    /// Looks once at the files that there are to be; whether any has changed, is new or is gone.
    pub fn look(&mut self, paths: &[PathBuf]) -> bool {
        let mut has_changed = false;
        let before = self.files.len();
        self.files.retain(|path, _| paths.contains(path));
        has_changed |= self.files.len() != before;
        for path in paths {
            let watched = self.files.entry(path.clone()).or_insert(Watched {
                mark: None,
                is_settled: false,
                content: None,
            });
            let mark = mark(path);
            if watched.mark != mark {
                (watched.mark, watched.is_settled) = (mark, false);
                continue;
            }
            if std::mem::replace(&mut watched.is_settled, true) {
                continue;
            }
            let content = std::fs::read(path).ok();
            if self::mark(path) != mark {
                // It is being written; the next look finds another mark.
                watched.is_settled = false;
                continue;
            }
            has_changed |= watched.content != content;
            watched.content = content;
        }
        has_changed
    }

    /// What a file holds, as it was seen at rest; none in it where it can't be read. `None` where it is not at rest
    /// since the last look, or not looked at.
    #[must_use]
    pub fn content(&self, path: &Path) -> Option<Option<&[u8]>> {
        let watched = self.files.get(path).filter(|watched| watched.is_settled)?;
        Some(watched.content.as_deref())
    }
}

fn mark(path: &Path) -> Option<Mark> {
    let found = std::fs::metadata(path).ok()?;
    Some(Mark {
        length: found.len(),
        inode: found.ino(),
        modified: (found.mtime(), found.mtime_nsec()),
        changed: (found.ctime(), found.ctime_nsec()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Self {
            let folder = std::env::temp_dir().join(format!("forebay-watch-{}-{name}", std::process::id()));
            std::fs::create_dir_all(&folder).unwrap();
            Self(folder)
        }

        fn write(&self, name: &str, text: &str) -> PathBuf {
            let path = self.0.join(name);
            std::fs::write(&path, text).unwrap();
            path
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn a_change_is_seen_once_when_it_has_come_to_rest() {
        let folder = Folder::new("rest");
        let paths = [folder.write("a", "1")];
        let mut watch = FileWatch::new(&paths);
        assert!(!watch.look(&paths));
        folder.write("a", "22");
        assert!(!watch.look(&paths), "it may still be written to");
        folder.write("a", "333");
        assert!(!watch.look(&paths));
        assert!(watch.look(&paths));
        assert!(!watch.look(&paths));
    }

    #[test]
    fn what_a_file_holds_is_told_as_it_was_seen_at_rest() {
        let folder = Folder::new("content");
        let paths = [folder.write("a", "1")];
        let path = paths[0].as_path();
        let mut watch = FileWatch::default();
        assert_eq!(watch.content(path), None);
        assert!(!watch.look(&paths));
        assert_eq!(watch.content(path), None);
        assert!(watch.look(&paths));
        folder.write("a", "22");
        assert_eq!(watch.content(path), Some(Some(&b"1"[..])), "it was not looked at since");
        watch.look(&paths);
        assert_eq!(watch.content(path), None);
        watch.look(&paths);
        assert_eq!(watch.content(path), Some(Some(&b"22"[..])));
        std::fs::remove_file(path).unwrap();
        assert_eq!([watch.look(&paths), watch.look(&paths)], [false, true]);
        assert_eq!(watch.content(path), Some(None));
    }

    #[test]
    fn what_changes_who_may_read_a_file_has_it_read_anew() {
        let folder = Folder::new("rights");
        let paths = [folder.write("a", "1")];
        let before = mark(&paths[0]);
        let mut watch = FileWatch::new(&paths);
        let rights = std::fs::metadata(&paths[0]).unwrap().permissions();
        // Times may be coarse.
        while mark(&paths[0]) == before {
            std::fs::set_permissions(&paths[0], rights.clone()).unwrap();
        }
        watch.look(&paths);
        assert_eq!(watch.content(&paths[0]), None);
        assert!(!watch.look(&paths), "it holds the same");
    }

    #[test]
    fn the_same_content_is_no_change() {
        let folder = Folder::new("same");
        let paths = [folder.write("a", "1")];
        let mut watch = FileWatch::new(&paths);
        // Another file, by its inode, with the same content.
        std::fs::rename(folder.write("b", "1"), &paths[0]).unwrap();
        assert_eq!([watch.look(&paths), watch.look(&paths)], [false, false]);
    }

    #[test]
    fn files_come_and_go() {
        let folder = Folder::new("come");
        let (first, second) = (folder.write("a", "1"), folder.write("b", "2"));
        let both = [first.clone(), second];
        let mut watch = FileWatch::new(&both[..1]);
        assert_eq!([watch.look(&both), watch.look(&both), watch.look(&both)], [false, true, false]);
        assert!(watch.look(&both[..1]), "one is not asked for any more");
        std::fs::remove_file(&first).unwrap();
        assert_eq!([watch.look(&both[..1]), watch.look(&both[..1])], [false, true]);
    }
}
