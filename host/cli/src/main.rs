//! `forebay`: runs, checks and lists pipelines of WebAssembly components.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command line talks to its user")]

mod agent;
mod args;
mod blobl;
mod configuration;
mod create;
mod demo;
mod echo;
mod embedded;
mod env_files;
mod kcmd;
mod lint;
mod list;
mod log;
mod metadata;
mod operations;
mod paint;
mod pipelines;
mod playground;
mod plugin;
mod plugin_registry;
mod plugins;
mod run;
mod sandbox;
mod security;
mod signals;
mod status;
mod streams;
mod templates;
mod test;
mod variables;

use std::process::ExitCode;

use anyhow::Context as _;
use args::Command;

fn main() -> ExitCode {
    end_when_nobody_reads();
    let result = match args::parse() {
        Command::Run(run) => block_on(run::run(*run)),
        Command::Streams(flags) => block_on(streams::streams(*flags)),
        // It has threads of its own.
        Command::Agent(flags) => agent::agent(*flags),
        Command::Playground(flags) => playground::playground(*flags),
        Command::Demo(flags) => demo::demo(*flags),
        Command::Pipelines(flags) => block_on(pipelines::pipelines(flags)),
        Command::Kcmd(flags) => block_on(kcmd::kcmd(*flags)),
        Command::Credentials(command) => block_on(security::credentials(*command)),
        Command::Acls(command) => block_on(security::acls(*command)),
        Command::Metadata(command) => metadata::metadata(command),
        Command::Lint(lint) => block_on(lint::lint(lint)),
        Command::Test(flags) => block_on(test::test(flags)),
        Command::Blobl(flags) => block_on(blobl::blobl(flags)),
        Command::Echo(flags) => block_on(echo::echo(flags)),
        Command::Create(flags) => block_on(create::create(flags)),
        Command::Template(command) => block_on(templates::template(command)),
        Command::List(list) => block_on(list::list(list)),
        Command::Plugin(command) => block_on(plugin::plugin(command)),
    };
    result.unwrap_or_else(|error| {
        eprintln!("forebay: {error:#}");
        ExitCode::FAILURE
    })
}

/// Has the process end without a word when what it prints is read by nobody any more, as behind `head`.
fn end_when_nobody_reads() {
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        let said = panic.payload_as_str().unwrap_or_default();
        if said.starts_with("failed printing to stdout") && said.contains(BROKEN_PIPE) {
            std::process::exit(READ_BY_NOBODY.into());
        }
        usual(panic);
    }));
}

/// How the standard library names the error.
const BROKEN_PIPE: &str = "Broken pipe";
/// As shells tell of a process that the signal for it has ended.
const READ_BY_NOBODY: u8 = 128 + 13;

/// Runs a command on this thread.
fn block_on(command: impl Future<Output = anyhow::Result<ExitCode>>) -> anyhow::Result<ExitCode> {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().context("start a runtime")?;
    let result = runtime.block_on(Box::pin(command));
    runtime.shutdown_background();
    result
}
