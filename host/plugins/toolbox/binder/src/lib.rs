//! What the toolchains of C and Go lack: bindings of a world of WIT, and components of core modules.
//!
//! It is a plugin of the toolbox, not of pipelines: the libraries that do this want other features of crates that
//! the WebAssembly compiler uses too, and the program is to have them without compiling that twice. As a guest it
//! can do no harm either: what it gets is all it sees.
//!
//! A batch is one request. Every message is a file, whose metadata `path` is its name; so is every result.
//! - `bind_c`, `bind_go`: from `NAME.wit` and `deps/PACKAGE/NAME.wit` to the files of the bindings of the only world.
//! - `compose`: from `module.wasm`, with the same WIT where the module does not carry its world already, to
//!   `component.wasm`. What the module imports of WASI preview 1 is stubbed out.

mod adapter;
mod bind;
mod compose;
mod files;
mod wit;

use bind::{BindC, BindGo};
use compose::Compose;

forebay_sdk::plugin! {
    name: "binder",
    summary: "Bindings of WIT, and components of core modules.",
    processors: [BindC, BindGo, Compose],
}
