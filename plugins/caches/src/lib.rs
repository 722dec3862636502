//! Caches: values in the memory of the plugin (`memory`, `lru`, `ttlru`), in files (`file`), or nowhere (`noop`).

mod file;
mod lru;
mod memory;
mod noop;
mod ttlru;

use crate::file::File;
use crate::lru::Lru;
use crate::memory::Memory;
use crate::noop::Noop;
use crate::ttlru::Ttlru;

forebay_sdk::plugin! {
    name: "caches",
    summary: "Keeps values in memory or in files.",
    caches: [File, Lru, Memory, Noop, Ttlru],
}
