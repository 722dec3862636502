//! The cache `memory`: values in the memory of the plugin.

mod cache;
mod values;

use cache::Memory;

forebay_sdk::plugin! {
    name: "memory-cache",
    summary: "Keeps values in memory.",
    caches: [Memory],
}
