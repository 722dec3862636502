//! The default plugins, compiled ahead of time by `cargo xtask` and made part of the program.

include!(concat!(env!("OUT_DIR"), "/embedded.rs"));
