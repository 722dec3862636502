//! `cargo xtask`: sets a machine up, builds the plugins and the program with them inside, and runs it,
//! its tests and its benches.
//!
//! Every step says what it does, is skipped when it is done, and fails with the command to run by hand.
//! Nothing here depends on a package of ours, so that it is there before any of them compiles.
#![expect(clippy::print_stdout, reason = "a program for developers: what it prints is what it is for")]

use std::process::ExitCode;

use anyhow::{Result, bail};

mod bench;
mod command;
mod embed;
mod interop;
mod playground;
mod plugins;
mod setup;
mod soak;
mod steps;
mod suite;
mod workspace;

use crate::steps::Steps;
use crate::workspace::Workspace;

const HELP: &str = "\
The commands of whoever works on Forebay. Each does first what it needs of those above it.

    cargo xtask setup           install what is missing: Debian packages, the WebAssembly target,
                                what plugins in other languages are built with
    cargo xtask plugins         build the default plugins to target/plugins
    cargo xtask build           compile them ahead of time, and build target/release/forebay with them inside
    cargo xtask playground      build it, and run an agent with example pipelines, all in memory
    cargo xtask test            run every test of the workspace
    cargo xtask interop         install Kafka clients in Java and Go, and test with them
    cargo xtask bench [NAME [OPTIONS]]
                                run the benches, or those called NAME, with options of their own
    cargo xtask soak [MINUTES]  load agents and pipelines while things go wrong, an hour for each kind of fault, or
                                MINUTES

FOREBAY_WASM_TARGET=unknown builds plugins without the target wasm32-wasip2, with a std compiled from its
source, as it is done by itself where that target can't be had.
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match command(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("\nxtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn command(arguments: &[&str]) -> Result<()> {
    let mut steps = Steps::default();
    match arguments {
        [] | ["help" | "-h" | "--help"] => print!("{HELP}"),
        ["setup"] => {
            let workspace = Workspace::open()?;
            setup::set_up(&mut steps, &workspace)?;
            setup::languages::install(&mut steps, &workspace)?;
        }
        ["plugins"] => drop(plugins::build_all(&mut steps, &Workspace::open()?)?),
        ["build"] => embed::build(&mut steps, &Workspace::open()?)?,
        ["playground"] => playground::run(&mut steps, &Workspace::open()?)?,
        ["test"] => suite::run(&mut steps, &Workspace::open()?)?,
        ["interop"] => interop::run(&mut steps, &Workspace::open()?)?,
        ["bench"] => bench::run(&mut steps, &Workspace::open()?, None, &[])?,
        ["bench", name, options @ ..] => {
            bench::run(&mut steps, &Workspace::open()?, Some(name), options)?;
        }
        ["soak"] => soak::run(&mut steps, &Workspace::open()?, "60")?,
        ["soak", minutes] => soak::run(&mut steps, &Workspace::open()?, minutes)?,
        unknown => bail!("there is no command `{}`\n\n{HELP}", unknown.join(" ")),
    }
    Ok(())
}
