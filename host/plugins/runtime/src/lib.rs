//! Runs plugins: loads WebAssembly components, links the capabilities, and makes instances of them
//! that implement the traits of `forebay-plugins-api`.
//!
//! - [`Plugins`] holds every loaded plugin, tells what they provide, and opens components.
//! - [`FolderWatch`] replaces plugins while components of them work.
//! - An instance is one store with one component in it. It is used by one task at a time; a trap, a
//!   limit, a broken contract or a dropped call loses it, and the next call opens a fresh one.
//! - Each capability is one file in `host/`, each kind of component one file in `components/`.
//!
//! Not here: what batches are put together of, retries, routing (the engine's), and the plugins.

mod account;
mod bento;
mod bindings;
mod cache;
mod components;
mod engine;
mod grants;
mod guest;
mod held;
mod host;
mod instance;
mod labels;
mod limits;
mod load;
mod lock;
mod meter;
mod plugin;
mod plugins;
mod reload;
mod scope;
mod secrets;
mod serving;
mod stdio;
mod watchdog;

pub use cache::CodeCache;
pub use engine::{Interruption, PrecompileError, TICK, precompile};
pub use grants::{Access, Grants, GrantsError, Need, is_own_key};
pub use host::http::{HttpSettings, Proxies, Resolve};
pub use host::kafka::Clusters;
pub use limits::{Limits, ProcessLimits, StateLimits};
pub use load::{LoadError, LoadProblem, PluginFile};
pub use lock::{LOCK_FILE, Locked, PluginLock};
pub use plugin::{Digest, Embedded, Import, PluginInfo};
pub use plugins::{Plugins, Settings, StartError};
pub use reload::{FolderWatch, Reload};
pub use watchdog::Watchdog;

/// Waits until every file that was appended to is closed and its marker removed, for no longer than
/// `limit`. Call it when the pipelines have ended, before the process does.
pub fn wait_until_files_are_closed(limit: std::time::Duration) {
    host::files::writers::wait_until_closed(limit);
}
