//! Makes a component of a core module: `forebay-packaging-componentize MODULE COMPONENT`.
//!
//! Called by `cargo xtask` where the target `wasm32-wasip2`, whose linker makes components, can't be had.
//! The module carries its world in a custom section, where wit-bindgen put it. This is a program of its
//! own because it shares crates with the WebAssembly compiler but wants other features of them: in one
//! program with it, that compiler would be compiled twice.

use std::fs;

use anyhow::{Context, Result, bail};
use wit_component::ComponentEncoder;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [module, component] = arguments.as_slice() else {
        bail!("usage: forebay-packaging-componentize MODULE COMPONENT");
    };
    let bytes = fs::read(module).with_context(|| format!("read {module}"))?;
    let encoded = encode(&bytes).with_context(|| format!("make a component of {module}"))?;
    fs::write(component, encoded).with_context(|| format!("write {component}"))
}

fn encode(module: &[u8]) -> Result<Vec<u8>> {
    ComponentEncoder::default().validate(true).module(module)?.encode()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_empty_module_becomes_the_empty_component() {
        let encoded = encode(b"\0asm\x01\0\0\0").unwrap();
        assert!(encoded.starts_with(b"\0asm\x0d\0\x01\0"), "{encoded:?}");
    }

    #[test]
    fn what_is_no_module_is_refused() {
        assert!(encode(b"root:x:0:0").is_err());
    }
}
