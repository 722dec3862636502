//! What puts leave in a folder when their process is killed: `object_store` writes a file whose name is that of the
//! object, `#` and a number, and renames it when it is whole and synced. Its lists don't show such files, so nobody else
//! would ever remove them.

use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// A put has written something to its file within so long, or will never go on.
const UNTOUCHED: Duration = Duration::from_hours(24);

/// Removes those under a folder to which nobody has written for a day. Returns how many there were. A folder that is not
/// there has none.
///
/// # Errors
/// When a folder can't be read. What was removed before is gone.
pub(crate) async fn remove(folder: &Path, now: SystemTime) -> io::Result<usize> {
    let mut removed = 0;
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let mut entries = match tokio::fs::read_dir(&folder).await {
            Ok(entries) => entries,
            // Somebody else has removed it.
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(error),
        };
        while let Some(entry) = entries.next_entry().await? {
            // Of a link, the link itself.
            let kind = entry.file_type().await?;
            if kind.is_dir() {
                folders.push(entry.path());
            } else if kind.is_file() && is_leftover(&entry.path()) {
                removed += usize::from(remove_if_old(&entry.path(), now).await?);
            }
        }
    }
    Ok(removed)
}

async fn remove_if_old(file: &PathBuf, now: SystemTime) -> io::Result<bool> {
    let removed = async {
        let modified = tokio::fs::metadata(file).await?.modified()?;
        if now.duration_since(modified).unwrap_or_default() < UNTOUCHED {
            return Ok(false);
        }
        tokio::fs::remove_file(file).await.map(|()| true)
    };
    match removed.await {
        // It was renamed after all, or another agent has removed it.
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        done => done,
    }
}

/// No object has such a name: a folder refuses those that end so.
fn is_leftover(file: &Path) -> bool {
    let name = file.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    name.rsplit_once('#').is_some_and(|(object, number)| {
        !object.is_empty() && !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
    })
}

#[cfg(test)]
mod tests {
    use forebay_lifecycle::{chance, clock};

    use super::*;
    use crate::{Payload, open};

    #[tokio::test]
    async fn what_killed_puts_left_goes_after_a_day() {
        let folder = std::env::temp_dir().join(format!("forebay-leftovers-{:032x}", chance::bits()));
        let objects = open(&format!("file://{}", folder.display()), []).unwrap();
        objects.put(&"a/b/c".parse().unwrap(), Payload::from_static(b"object")).await.unwrap();
        let old = clock::wall() - Duration::from_hours(25);
        for (name, modified) in [
            ("a/b/c#1", old),
            ("a/b/d#23", old),
            ("a/b/e#1", clock::wall()),
            ("a/b/note#x", old),
            ("other#1", old),
        ] {
            std::fs::write(folder.join(name), b"part").unwrap();
            let file = std::fs::File::options().write(true).open(folder.join(name)).unwrap();
            file.set_modified(modified).unwrap();
        }
        let is_there = |name: &str| folder.join(name).exists();
        assert_eq!(objects.remove_leftovers(&"a".parse().unwrap()).await.unwrap(), 2);
        assert_eq!(objects.remove_leftovers(&"not/there".parse().unwrap()).await.unwrap(), 0);
        let left = ["a/b/c", "a/b/c#1", "a/b/d#23", "a/b/e#1", "a/b/note#x", "other#1"].map(is_there);
        assert_eq!(left, [true, false, false, true, true, true]);
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
