//! Keeps the linker of `wasm32-wasip2` from making a component of the module.

fn main() {
    let is = |name: &str, value: &str| std::env::var(name).is_ok_and(|found| found == value);
    if is("CARGO_CFG_TARGET_OS", "wasi") && is("CARGO_CFG_TARGET_ENV", "p2") {
        println!("cargo::rustc-cdylib-link-arg=--skip-wit-component");
    }
    println!("cargo::rerun-if-changed=build.rs");
}
