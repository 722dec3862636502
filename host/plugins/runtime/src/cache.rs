//! Compiled code on disk, by digest of the component and compatibility of the engine.
//!
//! Loading compiled code runs it: the folder must belong to whoever runs the process, and is made so.

use std::hash::{Hash, Hasher};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};
use wasmtime::Engine;
use wasmtime::component::Component;

use crate::engine::compatibility;
use crate::plugin::Digest;

/// A folder of compiled code.
#[derive(Debug, Clone)]
pub struct CodeCache {
    folder: PathBuf,
}

impl CodeCache {
    /// A cache in this folder, which is created when something is to be kept.
    #[must_use]
    pub fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// The compiled component: from the cache, or else compiled now and kept.
    pub(crate) fn compile(
        &self,
        engine: &Engine,
        digest: &Digest,
        bytes: &[u8],
    ) -> wasmtime::Result<Component> {
        let file = self.folder.join(format!("{}-{:016x}.cwasm", digest.as_str(), compatibility(engine)));
        if self.is_ours() && file.exists() {
            match load(engine, &file) {
                Ok(component) => return Ok(component),
                Err(error) => {
                    tracing::warn!(file = %file.display(), %error, "compiled code is unusable, compiling anew");
                }
            }
        }
        let component = Component::new(engine, bytes)?;
        match component.serialize() {
            Ok(code) => {
                if let Err(error) = self.keep(&file, &code) {
                    tracing::warn!(file = %file.display(), %error, "compiled code can't be kept for the next start");
                }
            }
            Err(error) => tracing::warn!(%error, "compiled code can't be kept for the next start"),
        }
        Ok(component)
    }

    /// Notes for the next start that a default plugin needs epoch checks.
    pub(crate) fn distrust(&self, digest: &Digest) {
        let noted = self.create().and_then(|()| std::fs::write(self.note_of(digest), []));
        if let Err(error) = noted {
            tracing::warn!(%error, "that a default plugin needs epoch checks can't be noted for the next start");
        }
    }

    /// Whether that was noted.
    pub(crate) fn distrusts(&self, digest: &Digest) -> bool {
        self.note_of(digest).exists()
    }

    fn note_of(&self, digest: &Digest) -> PathBuf {
        self.folder.join(format!("{}.needs-epochs", digest.as_str()))
    }

    fn create(&self) -> io::Result<()> {
        use std::os::unix::fs::DirBuilderExt;
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&self.folder)
    }

    /// Whether nobody else can have written to the folder.
    fn is_ours(&self) -> bool {
        use std::os::unix::fs::{MetadataExt, PermissionsExt};
        let Ok(found) = std::fs::metadata(&self.folder) else { return false };
        // A process owns its own entry there; no library is needed to ask who it runs as.
        let own = std::fs::metadata("/proc/self").map(|process| process.uid());
        own.is_ok_and(|own| own == found.uid()) && found.permissions().mode() & 0o022 == 0
    }

    /// Writes under another name first, so that two processes can keep the same code at once.
    fn keep(&self, file: &Path, code: &[u8]) -> io::Result<()> {
        self.create()?;
        if !self.is_ours() {
            return Err(io::Error::other("the folder belongs to somebody else or others can write to it"));
        }
        let mut unique = std::hash::DefaultHasher::new();
        (std::process::id(), std::thread::current().id()).hash(&mut unique);
        let temporary = file.with_extension(format!("{:x}.tmp", unique.finish()));
        let mut kept = std::fs::File::create(&temporary)?;
        kept.write_all(code)?;
        kept.write_all(&Sha256::digest(code))?;
        kept.sync_data()?;
        std::fs::rename(&temporary, file)
    }
}

/// The number of bytes of the checksum that follows the code.
const CHECKSUM: usize = 32;

/// Loads what [`CodeCache::keep`] has written.
fn load(engine: &Engine, file: &Path) -> wasmtime::Result<Component> {
    let bytes = std::fs::read(file)?;
    let (code, checksum) = bytes
        .split_at_checked(bytes.len().saturating_sub(CHECKSUM))
        .filter(|(code, checksum)| Sha256::digest(code)[..] == **checksum)
        .ok_or_else(|| wasmtime::Error::msg("its checksum does not match"))?;
    debug_assert_eq!(checksum.len(), CHECKSUM);
    // SAFETY: these are the bytes that `keep` wrote, in a folder that only this user can write to, as
    // the checksum shows, and wasmtime checks that they are of this version and these settings.
    #[expect(unsafe_code, reason = "loading our own compiled code")]
    unsafe {
        Component::deserialize(engine, code)
    }
}
