use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use anyhow::Context as _;
use forebay_kafka_broker::GroupSettings;
use forebay_lifecycle::{Spawner, chance};
use forebay_model::Timestamp;
use forebay_node::{CleaningSettings, Node, NodeSettings, Stores};
use forebay_storage_log::{CleanerSettings, CompactorSettings};
use forebay_storage_metadata::{Clock, MetadataStore, WallClock};
use forebay_storage_metadata_sqlite::{Location, SqliteMetadataStore};
use forebay_storage_objects::Objects;

use crate::hook::Hook;
use crate::hooked::{Hooked, HookedMetadata};

/// What outlives agents: a bucket and a metadata store. Any number of agents may stand on it.
#[derive(Debug, Clone)]
pub struct Ground {
    pub objects: Arc<dyn Objects>,
    pub metadata: Arc<dyn MetadataStore>,
}

/// The clock of the machine, and so much more or less. Clones are the same clock.
#[derive(Debug, Clone, Default)]
pub struct JumpingClock(Arc<AtomicI64>);

impl JumpingClock {
    /// From now on it is so many milliseconds ahead, or behind.
    pub fn jump_to(&self, ahead: i64) {
        self.0.store(ahead, Ordering::SeqCst);
    }
}

impl Clock for JumpingClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(WallClock.now().millis().saturating_add(self.0.load(Ordering::SeqCst)))
    }
}

impl Ground {
    /// In memory, with nobody else on it.
    ///
    /// # Errors
    /// When the system refuses a thread.
    pub fn in_memory(clock: Arc<dyn Clock>) -> anyhow::Result<Self> {
        let bucket = format!("mem://load-{:032x}", chance::bits());
        Self::open(&bucket, &Location::Memory, clock)
    }

    /// In files, as an agent with `file://` and `sqlite://` has them.
    ///
    /// # Errors
    /// When they can't be made.
    pub fn in_folder(folder: &Path, clock: Arc<dyn Clock>) -> anyhow::Result<Self> {
        let folder = folder.canonicalize().context("the folder for the stores")?;
        let bucket = format!("file://{}", folder.join("bucket").display());
        Self::open(&bucket, &Location::File(folder.join("metadata.db")), clock)
    }

    /// A bucket in a folder, and metadata elsewhere.
    ///
    /// # Errors
    /// When the bucket can't be made.
    pub fn over(folder: &Path, metadata: Arc<dyn MetadataStore>) -> anyhow::Result<Self> {
        let folder = folder.canonicalize().context("the folder for the bucket")?;
        let objects =
            forebay_storage_objects::open(&format!("file://{}", folder.join("bucket").display()), [])?;
        Ok(Self { objects, metadata })
    }

    fn open(bucket: &str, location: &Location, clock: Arc<dyn Clock>) -> anyhow::Result<Self> {
        let objects = forebay_storage_objects::open(bucket, [])?;
        let metadata = Arc::new(SqliteMetadataStore::open_with_clock(location, clock)?);
        Ok(Self { objects, metadata })
    }

    /// Starts an agent, whose steps come to `hook`.
    ///
    /// # Errors
    /// When it does not start.
    pub async fn start(
        &self,
        hook: Arc<dyn Hook>,
        settings: NodeSettings,
        spawner: Spawner,
    ) -> anyhow::Result<Node> {
        let objects = Arc::new(Hooked::new(Arc::clone(&self.objects), Arc::clone(&hook)));
        let metadata = Arc::new(HookedMetadata::new(Arc::clone(&self.metadata), hook));
        let stores = Stores::of(objects, metadata, Arc::default())?;
        Ok(Node::start(settings, stores, spawner).await?)
    }
}

/// An agent on loopback that flushes as soon as it may and has its jobs at work all the time: objects that are not
/// committed are deleted when they are older than `orphan_grace`, and segments are put together as soon as there are some.
#[must_use]
pub fn settings(orphan_grace: Duration) -> NodeSettings {
    let often = Duration::from_millis(150);
    let cleaner = CleanerSettings { unused_grace: often, orphan_grace, ..CleanerSettings::default() };
    let cleaning = CleaningSettings {
        trim_every: often,
        clean_every: often,
        orphans_every: often,
        compact_every: often,
        // Whoever takes over goes on at once.
        lease: Duration::from_millis(900),
        cleaner,
        compactor: eager(),
        ..CleaningSettings::default()
    };
    let all = NodeSettings::loopback();
    // Members of groups are soon missed.
    let groups = GroupSettings {
        min_session_timeout_ms: 500,
        consumer_session_timeout: Duration::from_millis(900),
        consumer_heartbeat_interval: often,
        ..all.groups
    };
    NodeSettings { http: None, cleaning: Some(cleaning), groups, ..all }
}

fn eager() -> CompactorSettings {
    let mut settings = CompactorSettings { age: Duration::ZERO, ..CompactorSettings::default() };
    for level in [&mut settings.ingested, &mut settings.first] {
        level.least_segments = 4;
        level.patience = Duration::from_millis(500);
    }
    settings
}
