use std::time::Duration;

use forebay_sdk::files::{self, FileError};
use forebay_sdk::{Cache, Config, Context, Error, Operation, Problem, waits};

/// The longest value that is read: it has to fit into the memory of the plugin, more than once.
const LONGEST: usize = 64 << 20;
/// How long to wait before looking again whether a file is written.
const PAUSE: Duration = Duration::from_millis(1);

/// Keeps each value in a file of its own, whose path in a folder is the key. Nothing ever expires.
///
/// A file is replaced as a whole: who reads it sees the old or the new value. Keys may have folders in them, which
/// are made where they are missing, but may not lead out of the folder. To delete a key that is not there is an
/// error. Of processes that share a folder, several may be told that they added the same key.
#[derive(Config)]
pub(crate) struct FileConfig {
    /// The folder. The plugin needs a grant for it, unless it comes with the host.
    directory: String,
}

pub(crate) struct File {
    directory: String,
}

impl Cache for File {
    const NAME: &'static str = "file";

    type Config = FileConfig;

    fn open(FileConfig { directory }: FileConfig, _: &Context) -> Result<Self, Problem> {
        Ok(Self { directory })
    }

    fn get(&mut self, key: &str) -> Result<Option<Vec<u8>>, Error> {
        match files::open(&self.path(key)?) {
            Ok(mut file) => Ok(Some(file.read_to_end(LONGEST)?)),
            Err(FileError::NotFound(_)) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    fn set(&mut self, key: &str, value: Vec<u8>, _: Option<Duration>) -> Result<(), Error> {
        finish(&files::replace(&self.path(key)?, &value)?)
    }

    fn add(&mut self, key: &str, value: Vec<u8>, expiry: Option<Duration>) -> Result<bool, Error> {
        match files::open(&self.path(key)?) {
            Ok(_) => Ok(false),
            Err(FileError::NotFound(_)) => self.set(key, value, expiry).map(|()| true),
            Err(error) => Err(error.into()),
        }
    }

    fn delete(&mut self, key: &str) -> Result<(), Error> {
        Ok(files::remove(&self.path(key)?)?)
    }
}

impl File {
    /// The path of the file for a key. As in Bento `..` goes back over what stands before it in the key, and a `/`
    /// at the beginning means nothing.
    fn path(&self, key: &str) -> Result<String, Error> {
        let mut names = Vec::new();
        for name in key.split('/') {
            match name {
                "" | "." => {}
                ".." if names.pop().is_none() => {
                    return Err(Error::new(format!("the key {key:?} leads out of the folder of the cache")));
                }
                ".." => {}
                name => names.push(name),
            }
        }
        if names.is_empty() {
            return Err(Error::new(format!("the key {key:?} is no name of a file")));
        }
        let inside = names.join("/");
        Ok(match self.directory.as_str() {
            "" => inside,
            directory if directory.ends_with('/') => format!("{directory}{inside}"),
            directory => format!("{directory}/{inside}"),
        })
    }
}

/// Waits for the end of an operation.
fn finish(operation: &Operation) -> Result<(), Error> {
    loop {
        if let Some(outcome) = operation.outcome() {
            return outcome;
        }
        // Nothing else wakes a cache.
        let _ = waits::wait(Some(PAUSE));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(directory: &str, key: &str) -> Result<String, String> {
        let cache = File { directory: directory.to_owned() };
        cache.path(key).map_err(Error::into_message)
    }

    #[test]
    fn keys_are_paths_in_the_folder() {
        for (directory, key, expected) in [
            ("/srv/kept", "a", "/srv/kept/a"),
            ("kept/", "a.json", "kept/a.json"),
            ("", "a", "a"),
            ("/", "a", "/a"),
            (".", "users//./7", "./users/7"),
            ("/srv", "/etc/passwd", "/srv/etc/passwd"),
            ("/srv", "a/../b", "/srv/b"),
            ("/srv", "...", "/srv/..."),
        ] {
            assert_eq!(path(directory, key).as_deref(), Ok(expected));
        }
    }

    #[test]
    fn keys_do_not_leave_the_folder() {
        for key in ["..", "../a", "a/../../b", "/../a", "a/../.././a/b"] {
            let expected = format!("the key {key:?} leads out of the folder of the cache");
            assert_eq!(path("/srv", key), Err(expected));
        }
        for key in ["", "/", ".", "a/.."] {
            assert_eq!(path("/srv", key), Err(format!("the key {key:?} is no name of a file")));
        }
    }
}
