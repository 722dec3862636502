use std::time::Duration;

use forebay_sdk::streams::Chunk;
use forebay_sdk::subprocess::{Command, Exit, Process, Waited};
use forebay_sdk::waits::Woken;
use forebay_sdk::{Batch, Config, Context, Error, Event, Input, Problem, Processing, Processor, Settlement};

use crate::words::{answer_each, unknown};

/// Runs programs and does with them what its messages say. `run` starts one, in the place of the one
/// before; all else is done with that.
#[derive(Config)]
pub(crate) struct RunnerConfig {
    /// The working folder of all programs.
    folder: Option<String>,
    /// A variable that all are given, as `NAME=VALUE`.
    variable: Option<String>,
}

pub(crate) struct Runner {
    config: RunnerConfig,
    process: Option<Process>,
    /// What is only started.
    others: Vec<Process>,
}

impl Processor for Runner {
    const NAME: &'static str = "runner";
    type Config = RunnerConfig;

    fn open(config: RunnerConfig, _: &Context) -> Result<Self, Problem> {
        Ok(Self { config, process: None, others: Vec::new() })
    }

    #[expect(clippy::panic, reason = "what this guest is for")]
    fn process(&mut self, batch: Batch) -> Result<Processing, Error> {
        Ok(answer_each(&batch, |words| match words {
            ["run", program, arguments @ ..] => {
                // The last argument is all that is left of the line, as shells want it.
                let split = arguments.iter().position(|word| *word == "--");
                let (first, last) = split
                    .map_or((arguments, None), |at| (&arguments[..at], Some(arguments[at + 1..].join(" "))));
                let command = Command::new(*program).args(first.iter().copied()).args(last);
                self.process = None;
                self.process = Some(self.decorate(command).spawn()?);
                Ok("running".to_owned())
            }
            ["more", program, arguments @ ..] => {
                self.others.push(Command::new(*program).args(arguments.iter().copied()).spawn()?);
                Ok(self.others.len().to_string())
            }
            ["panic"] => panic!("panicked on purpose"),
            ["loop"] => loop {
                std::hint::black_box(());
            },
            other => self.with_process(other),
        }))
    }
}

impl Runner {
    fn decorate(&self, command: Command) -> Command {
        let command = match &self.config.folder {
            Some(folder) => command.folder(folder),
            None => command,
        };
        match self.config.variable.as_ref().and_then(|variable| variable.split_once('=')) {
            Some((name, value)) => command.env(name, value),
            None => command,
        }
    }

    fn with_process(&mut self, words: &[&str]) -> Result<String, Error> {
        let process = self.process.as_ref().ok_or_else(|| Error::new("nothing was run"))?;
        match words {
            ["write", text] => Ok(process.write(format!("{text}\n").as_bytes(), None)?.to_string()),
            ["flood", bytes] => {
                let bytes = vec![b'x'; bytes.parse()?];
                Ok(process.write(&bytes, Some(Duration::from_millis(300)))?.to_string())
            }
            ["close"] => {
                process.close_input();
                Ok("closed".to_owned())
            }
            ["line"] => shown(process.read_line(1000, None)),
            ["line", milliseconds] => {
                shown(process.read_line(1000, Some(Duration::from_millis(milliseconds.parse()?))))
            }
            ["read", most] => shown(process.read(most.parse()?, None)),
            ["count"] => count(process),
            ["stream"] => shown(process.output()?.read(1000)),
            ["wait"] => Ok(how(process.wait(None))),
            ["wait", milliseconds] => {
                Ok(how(process.wait(Some(Duration::from_millis(milliseconds.parse()?)))))
            }
            ["kill"] => {
                process.kill();
                Ok("killed".to_owned())
            }
            ["drop"] => {
                self.process = None;
                Ok("dropped".to_owned())
            }
            other => Err(unknown(other)),
        }
    }
}

/// How many bytes there are up to the end.
fn count(process: &Process) -> Result<String, Error> {
    let mut bytes = 0;
    loop {
        match process.read(1 << 20, None) {
            Chunk::Bytes(more) => bytes += more.len(),
            Chunk::Ended => return Ok(bytes.to_string()),
            other => return shown(other),
        }
    }
}

fn shown(chunk: Chunk) -> Result<String, Error> {
    match chunk {
        Chunk::Bytes(bytes) => Ok(format!("<{}>", String::from_utf8_lossy(&bytes))),
        Chunk::Ended => Ok("ended".to_owned()),
        Chunk::Woken(woken) => Ok(woken_by(woken).to_owned()),
        Chunk::Failed(error) => Err(error),
    }
}

fn how(waited: Waited) -> String {
    match waited {
        Waited::Exited(Exit::Code(code)) => format!("code {code}"),
        Waited::Exited(Exit::Signal(signal)) => format!("signal {signal}"),
        Waited::Woken(woken) => woken_by(woken).to_owned(),
    }
}

fn woken_by(woken: Woken) -> &'static str {
    if woken.contains(Woken::SHUTDOWN) { "shutdown" } else { "deadline" }
}

/// An input of the lines that a program writes.
#[derive(Config)]
pub(crate) struct TailConfig {
    program: String,
    arguments: Vec<String>,
}

pub(crate) struct Tail {
    config: TailConfig,
    process: Option<Process>,
    tokens: u64,
}

impl Input for Tail {
    const NAME: &'static str = "tail";
    type Config = TailConfig;

    fn open(config: TailConfig, _: &Context) -> Result<Self, Problem> {
        Ok(Self { config, process: None, tokens: 0 })
    }

    fn connect(&mut self) -> Result<(), Error> {
        let command =
            Command::new(&self.config.program).args(self.config.arguments.iter().map(String::as_str));
        self.process = Some(command.spawn()?);
        Ok(())
    }

    fn read(&mut self, _: Vec<Settlement>) -> Result<Event, Error> {
        let process = self.process.as_ref().ok_or_else(|| Error::new("it is not connected"))?;
        match process.read_line(1000, None) {
            Chunk::Bytes(line) => {
                self.tokens += 1;
                Ok(Event::Batch { token: self.tokens, batch: Batch::from_payloads([line]) })
            }
            Chunk::Ended => Ok(Event::Ended),
            Chunk::Woken(_) => Ok(Event::Idle),
            Chunk::Failed(error) => Err(error),
        }
    }
}
