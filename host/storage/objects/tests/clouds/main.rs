//! The behaviours of a store on servers that speak as the clouds do, which `cargo xtask setup languages` installs:
//! moto for S3, and for Google's XML API, which is the same but for headers of its own; azurite for Azure. Without one
//! its tests say so and do nothing.

mod azblob;
mod gs;
mod queue;
mod s3;
mod server;
mod stale;
