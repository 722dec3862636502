use std::path::PathBuf;
use std::sync::Arc;

use forebay_metrics::Metrics;
use forebay_plugins_runtime::{FolderWatch, Grants, PluginFile, Plugins, Reload, Settings};
use tokio::sync::Mutex;

use crate::{Folder, World, workspace};

/// Plugins in a folder, which change.
#[derive(Debug)]
pub struct Reloading {
    pub world: World,
    folder: Folder,
    watch: Mutex<FolderWatch>,
}

impl Reloading {
    /// Loads these files, and grants plugins of these names to write below `writable`.
    ///
    /// # Panics
    /// When one can't be loaded.
    pub async fn of(files: &[(&str, &[u8])], plugins: &[&str], writable: &str) -> Self {
        let folder = Folder::new();
        for (name, bytes) in files {
            std::fs::write(folder.file(name), bytes).expect("a file in a new folder can be written");
        }
        let grant = |plugin: &&str| serde_json::json!({"plugin": plugin, "files": [{"path": writable, "access": "write"}]});
        // What changes does without the rest, in every build.
        let nothing = ["versions", "pending", "kinds", "waiter"]
            .map(|plugin| serde_json::json!({"plugin": plugin, "files": [], "variables": []}));
        let grants: Vec<_> = plugins.iter().map(grant).chain(nothing).collect();
        let grants = Grants::parse(&serde_json::json!({ "grants": grants }).to_string());
        let settings = Settings {
            grants: grants.expect("the grants are well-formed"),
            cache: Some(workspace().join("target/guests-compiled")),
            ..Settings::default()
        };
        let metrics = Arc::new(Metrics::default());
        let (files, unreadable) = PluginFile::read_folder(folder.path()).expect("the folder can be read");
        let loaded = Plugins::load(&[], &files, settings, Arc::clone(&metrics)).await;
        let (plugins, errors) = loaded.expect("the engine starts");
        assert!(errors.is_empty() && unreadable.is_empty(), "{errors:?} {unreadable:?}");
        let watch = Mutex::new(plugins.watch(folder.path().to_owned()));
        let this = Self { world: World { plugins, metrics }, folder, watch };
        assert_eq!(this.look().await, [], "what was loaded is not loaded again");
        this
    }

    /// Puts a file into the folder, and has it looked at until it is at rest.
    ///
    /// # Panics
    /// When it can't be written.
    pub async fn put(&self, name: &str, bytes: &[u8]) -> Vec<Reload> {
        // Under another name first, as a deployment would; so it has an inode of its own too.
        let temporary = self.folder.file("new");
        std::fs::write(&temporary, bytes).expect("a file can be written");
        std::fs::rename(&temporary, self.path(name)).expect("a file can be renamed");
        self.look().await
    }

    /// Removes a file, and has the folder looked at until that is certain.
    ///
    /// # Panics
    /// When it can't be removed.
    pub async fn remove(&self, name: &str) -> Vec<Reload> {
        std::fs::remove_file(self.path(name)).expect("the file is there");
        self.look().await
    }

    /// Looks at the folder twice.
    pub async fn look(&self) -> Vec<Reload> {
        let mut outcomes = self.look_once().await;
        outcomes.extend(self.look_once().await);
        outcomes
    }

    /// Looks at the folder once.
    pub async fn look_once(&self) -> Vec<Reload> {
        self.watch.lock().await.look().await
    }

    /// The path of a file in the folder.
    #[must_use]
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// How many components went over to a newer build, or did not.
    #[must_use]
    pub fn swaps(&self, kind: &str, outcome: &str) -> u64 {
        let value = self.world.metric("plugin_swaps_total", &[("kind", kind), ("outcome", outcome)]);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a small counter")]
        let count = value.unwrap_or_default() as u64;
        count
    }

    /// How many changes of files came to this.
    #[must_use]
    pub fn reloads(&self, outcome: Reload) -> u64 {
        let value = self.world.metric("plugin_reloads_total", &[("outcome", outcome.label())]);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a small counter")]
        let count = value.unwrap_or_default() as u64;
        count
    }
}
