//! What `cargo xtask` does with the bytes of plugins and examples; it is the only caller.
//!
//! It is a program of its own because it needs the WebAssembly compiler, which `xtask` must not wait for.
#![expect(clippy::print_stdout, reason = "a program for developers: what it prints is what it is for")]

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};

mod example;
mod precompile;

const HELP: &str = "\
Prepares what is built into forebay. Called by cargo xtask.

    forebay-packaging precompile FOLDER                 compile every NAME.wasm there, and ask it for NAME.described
    forebay-packaging generate-example FILE [--bytes N] write N bytes of example events (104857600 by default)
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match command(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("forebay-packaging: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn command(arguments: &[&str]) -> Result<()> {
    match arguments {
        ["precompile", folder] => precompile::folder(Path::new(folder)),
        ["generate-example", file] => example::write(Path::new(file), example::BYTES),
        ["generate-example", file, "--bytes", bytes] => {
            let bytes = bytes.parse().with_context(|| format!("`{bytes}` is not a number of bytes"))?;
            example::write(Path::new(file), bytes)
        }
        [] | ["help" | "-h" | "--help"] => {
            print!("{HELP}");
            Ok(())
        }
        unknown => bail!("there is no command `{}`\n\n{HELP}", unknown.join(" ")),
    }
}
