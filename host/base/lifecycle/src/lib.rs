//! What every long-running part shares: time, chance, threads that run tasks, stopping, and pauses between tries.
//!
//! This is the one crate that reads the clock and spawns tasks, so that a search finds every place.

mod backoff;
pub mod chance;
pub mod clock;
mod here;
mod priority;
mod tasks;
mod threads;
mod workers;

pub use backoff::Backoff;
pub use here::Here;
pub use priority::Priority;
pub use tasks::Tasks;
pub use threads::{Spawner, TaskFailed, Threads};
pub use tokio_util::sync::CancellationToken as Shutdown;
pub use workers::Workers;
