//! An agent: everything that `forebay agent` consists of, wired together in one process.
//!
//! - [`NodeSettings`] is what an agent is told, as data; [`Machine`] is what limits follow from.
//! - [`Stores`] are opened by URL, or put together from parts by a test that wants faults in them.
//! - [`Node::start`] takes the ports and begins to serve, [`Node::stop`] drains: nothing more is accepted, what is under
//!   way is answered, what is buffered is flushed, and only then everything is closed.
//!
//! What this is not: a command line (`host/cli`), or a place where anything is decided about records.
//!
//! ```
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use forebay_lifecycle::Workers;
//! use forebay_node::{Node, NodeSettings, Stores};
//!
//! let workers = Workers::start("agent", 1)?;
//! workers.block_on(async {
//!     let node = Node::start(NodeSettings::loopback(), Stores::in_memory()?, workers.spawner()).await?;
//!     assert!(node.kafka_address().is_some());
//!     node.stop(std::time::Duration::from_secs(10)).await;
//!     Ok(())
//! })
//! # }
//! ```

mod cleaning;
mod group_gauges;
mod group_lags;
mod heartbeats;
mod http;
mod machine;
mod metadata;
mod node;
mod pipelines;
mod settings;
mod stores;
mod zone;

pub use cleaning::CleaningSettings;
pub use group_lags::GroupMetrics;
pub use machine::Machine;
pub use metadata::{MetadataError, MetadataMigrated, migrate_metadata};
pub use node::{Node, StartError, Stopped};
pub use pipelines::PipelineAccess;
pub use settings::NodeSettings;
pub use stores::{Stores, StoresError};
pub use zone::{Kubernetes, MetadataServices, ZoneSource};
