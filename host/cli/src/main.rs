//! `forebay`: runs, checks and lists pipelines of WebAssembly components.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command line talks to its user")]

mod agent;
mod args;
mod blobl;
mod configuration;
mod create;
mod echo;
mod embedded;
mod env_files;
mod kcmd;
mod lint;
mod list;
mod log;
mod operations;
mod paint;
mod plugin;
mod plugin_registry;
mod plugins;
mod run;
mod signals;
mod status;
mod test;
mod variables;
mod watch;

use std::process::ExitCode;

use args::Command;

fn main() -> ExitCode {
    let command = args::parse();
    if let Command::Agent(flags) = command {
        // It has threads of its own.
        return agent::agent(*flags).unwrap_or_else(failed);
    }
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("forebay: start a runtime: {error}");
            return ExitCode::FAILURE;
        }
    };
    let result = runtime.block_on(async {
        match command {
            Command::Run(run) => Box::pin(run::run(*run)).await,
            Command::Agent(flags) => agent::agent(*flags),
            Command::Kcmd(flags) => Box::pin(kcmd::kcmd(flags)).await,
            Command::Lint(lint) => lint::lint(lint).await,
            Command::Test(flags) => test::test(flags).await,
            Command::Blobl(flags) => blobl::blobl(flags).await,
            Command::Echo(flags) => echo::echo(flags).await,
            Command::Create(flags) => create::create(flags).await,
            Command::List(list) => list::list(list).await,
            Command::Plugin(command) => plugin::plugin(command).await,
        }
    });
    runtime.shutdown_background();
    result.unwrap_or_else(failed)
}

fn failed(error: anyhow::Error) -> ExitCode {
    eprintln!("forebay: {error:#}");
    ExitCode::FAILURE
}
