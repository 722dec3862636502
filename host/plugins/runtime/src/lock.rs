//! `plugins.lock` in a plugin folder: which builds its files must be.
//!
//! ```yaml
//! plugins:
//!   - name: shout                                        # the file shout.wasm
//!     reference: ghcr.io/acme/shout:1.2@sha256:12ab...   # where it was pulled from
//!     digest: sha256:34cd...                             # of the file
//! ```
//! A file that the lock names is loaded only when its digest is right, and when it describes itself by that
//! name. No other file may describe itself by it: what a plugin may do is granted by name. Other files are
//! not concerned.

use std::io::Write as _;
use std::path::Path;

use forebay_pipeline_config::spec::PluginName;
use serde::{Deserialize, Serialize};

use crate::load::LoadProblem;
use crate::plugin::Digest;

/// The name of the file.
pub const LOCK_FILE: &str = "plugins.lock";

/// Which builds the files of a folder must be.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PluginLock {
    plugins: Vec<Locked>,
}

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Locked {
    /// The name of the plugin, and of its file without `.wasm`.
    pub name: PluginName,
    /// Where it was pulled from, with the digest of the manifest.
    pub reference: String,
    /// Of the file.
    pub digest: String,
}

impl PluginLock {
    /// The lock of a folder; an empty one where there is none.
    ///
    /// # Errors
    /// When the file is there and is not of the form above.
    pub fn read(folder: &Path) -> Result<Self, LoadProblem> {
        match std::fs::read_to_string(folder.join(LOCK_FILE)) {
            Ok(text) => serde_yaml::from_str(&text).map_err(|error| LoadProblem::Lock(error.to_string())),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(LoadProblem::Lock(error.to_string())),
        }
    }

    #[must_use]
    pub fn plugins(&self) -> &[Locked] {
        &self.plugins
    }

    /// Puts an entry in the place of that with its name.
    pub fn set(&mut self, entry: Locked) {
        self.plugins.retain(|other| other.name != entry.name);
        self.plugins.push(entry);
        self.plugins.sort_by(|left, right| left.name.cmp(&right.name));
    }

    /// Writes the lock of a folder, as a whole.
    ///
    /// # Errors
    /// When the folder can't be written to.
    pub fn write(&self, folder: &Path) -> std::io::Result<()> {
        let text = serde_yaml::to_string(self).map_err(std::io::Error::other)?;
        let temporary = folder.join(format!(".{LOCK_FILE}.{}", std::process::id()));
        let mut file = std::fs::File::create(&temporary)?;
        file.write_all(text.as_bytes())?;
        file.sync_data()?;
        std::fs::rename(temporary, folder.join(LOCK_FILE))
    }

    /// Whether a file is the build that it must be, as far as that can be told by its name.
    ///
    /// # Errors
    /// When it is another one.
    pub(crate) fn check(&self, file: &Path, found: &Digest) -> Result<(), LoadProblem> {
        let name = file.file_stem().unwrap_or_default().to_string_lossy();
        match self.plugins.iter().find(|locked| locked.name.as_str() == name) {
            Some(locked) if locked.digest != found.to_string() => {
                Err(LoadProblem::NotLocked { expected: locked.digest.clone(), found: found.clone() })
            }
            Some(_) | None => Ok(()),
        }
    }

    /// Whether a file may hold the plugin that it says it is: a name that the lock has belongs to one
    /// file, and that file to the name.
    ///
    /// # Errors
    /// When it says that it is another one.
    pub(crate) fn check_name(
        &self,
        file: &Path,
        found: &Digest,
        says: &PluginName,
    ) -> Result<(), LoadProblem> {
        self.check(file, found)?;
        let name = file.file_stem().unwrap_or_default().to_string_lossy();
        let is_locked = |name: &str| self.plugins.iter().any(|locked| locked.name.as_str() == name);
        if says.as_str() == name || !(is_locked(&name) || is_locked(says.as_str())) {
            return Ok(());
        }
        Err(LoadProblem::LockedName { says: says.clone(), belongs: is_locked(says.as_str()) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn locked(name: &str, bytes: &[u8]) -> Locked {
        let digest = Digest::of(bytes).to_string();
        Locked { name: name.parse().unwrap(), reference: format!("r.example/{name}:1"), digest }
    }

    #[test]
    fn an_entry_takes_the_place_of_the_one_before() {
        let mut lock = PluginLock::default();
        for entry in [locked("b", b"1"), locked("a", b"1"), locked("b", b"2")] {
            lock.set(entry);
        }
        assert_eq!(lock.plugins(), [locked("a", b"1"), locked("b", b"2")]);
        let read: PluginLock = serde_yaml::from_str(&serde_yaml::to_string(&lock).unwrap()).unwrap();
        assert_eq!(read, lock);
    }

    #[test]
    fn only_what_the_lock_names_is_checked() {
        let mut lock = PluginLock::default();
        lock.set(locked("a", b"1"));
        assert!(lock.check(Path::new("x/a.wasm"), &Digest::of(b"1")).is_ok());
        assert!(lock.check(Path::new("x/b.wasm"), &Digest::of(b"2")).is_ok());
        let error = lock.check(Path::new("x/a.wasm"), &Digest::of(b"2")).unwrap_err().to_string();
        assert!(error.contains(&Digest::of(b"1").to_string()), "{error}");
        assert!(error.contains(&Digest::of(b"2").to_string()), "{error}");
    }

    #[test]
    fn a_name_in_the_lock_belongs_to_its_file_and_the_file_to_the_name() {
        let mut lock = PluginLock::default();
        lock.set(locked("shout", b"1"));
        let check = |file: &str, bytes: &[u8], says: &str| {
            let checked = lock.check_name(Path::new(file), &Digest::of(bytes), &says.parse().unwrap());
            checked.map_err(|problem| problem.to_string())
        };
        assert_eq!(check("x/shout.wasm", b"1", "shout"), Ok(()));
        assert_eq!(check("x/aa.wasm", b"2", "whisper"), Ok(()));
        let error = check("x/aa.wasm", b"2", "shout").unwrap_err();
        assert!(error.contains("`shout`") && error.contains("shout.wasm"), "{error}");
        // Not even the same build: the lock says which file it is.
        assert!(check("x/aa.wasm", b"1", "shout").is_err());
        assert!(check("x/shout.wasm", b"2", "shout").is_err());
        let error = check("x/shout.wasm", b"1", "bloblang").unwrap_err();
        assert!(error.contains("`bloblang`"), "{error}");
    }

    #[test]
    fn a_name_that_leads_out_of_the_folder_is_no_name() {
        for name in ["../../x", "/x", "", "a.b", "A"] {
            let text = format!("plugins: [{{name: '{name}', reference: r.example/x:1, digest: 'sha256:0'}}]");
            let error = serde_yaml::from_str::<PluginLock>(&text).unwrap_err().to_string();
            assert!(error.contains("cannot be the name of a plugin"), "{error}");
        }
    }
}
