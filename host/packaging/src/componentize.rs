//! Components of core modules that were compiled for a target whose linker doesn't make them.
//!
//! The module carries its world in a custom section, where wit-bindgen put it.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use wit_component::ComponentEncoder;

pub(crate) fn file(module: &Path, component: &Path) -> Result<()> {
    let bytes = fs::read(module).with_context(|| format!("read {}", module.display()))?;
    let encoded = encode(&bytes).with_context(|| format!("make a component of {}", module.display()))?;
    fs::write(component, encoded).with_context(|| format!("write {}", component.display()))
}

fn encode(module: &[u8]) -> Result<Vec<u8>> {
    ComponentEncoder::default().validate(true).module(module)?.encode()
}
