//! The exports of a plugin, one module for every kind: what `plugin!` generates calls these, and
//! these call the component that is open. One instance serves one component.

#[cfg(target_arch = "wasm32")]
mod slot;

#[cfg(target_arch = "wasm32")]
pub mod caches;
#[cfg(target_arch = "wasm32")]
pub mod incremental;
#[cfg(target_arch = "wasm32")]
pub mod inputs;
#[cfg(target_arch = "wasm32")]
pub mod mappings;
#[cfg(target_arch = "wasm32")]
pub mod outputs;
#[cfg(target_arch = "wasm32")]
pub mod panics;
#[cfg(target_arch = "wasm32")]
pub mod processors;
#[cfg(target_arch = "wasm32")]
pub mod scanners;
#[cfg(target_arch = "wasm32")]
pub mod streaming_outputs;
