//! This crate is the way of plugins to OCI registries and back.
//!
//! A plugin is pushed as the artifact that the WebAssembly tools agreed on: a manifest whose config is
//! `application/vnd.wasm.config.v0+json` and whose one layer is the file, `application/wasm`. So `wkg`, `oras`
//! and others read what [`Client::push`] writes, and [`Client::pull`] reads what they write. The digest of the
//! layer is the digest of the file, by which pipelines pin plugins.
//!
//! What a registry sends is checked before anybody sees it: every blob and manifest against its digest, and
//! sizes against what the manifest said and against [`MOST_BYTES`].
//!
//! It does not store, lock or load plugins, and runs no credential helpers.
//!
//! ```
//! use forebay_plugins_registry::Reference;
//!
//! let reference: Reference = "ghcr.io/acme/shout:1.2".parse()?;
//! assert_eq!((reference.registry(), reference.repository()), ("ghcr.io", "acme/shout"));
//! # Ok::<(), forebay_plugins_registry::BadReference>(())
//! ```

mod artifact;
mod auth;
mod challenge;
mod client;
mod connection;
mod credentials;
mod error;
mod reference;
mod transfer;

pub use artifact::Described;
pub use client::{Client, MOST_BYTES};
pub use credentials::{Credentials, CredentialsError};
pub use error::RegistryError;
pub use reference::{BadReference, Reference};
pub use transfer::{Pulled, Pushed};
