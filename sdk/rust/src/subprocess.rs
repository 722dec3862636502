//! Programs of the machine, as processes of their own. What is granted is commands; natively, in
//! tests, none are.

use std::fmt;
use std::time::Duration;

use crate::Error;
use crate::bindings::capabilities::forebay::subprocess::subprocess as wit;
use crate::streams::{ByteStream, Chunk};
use crate::waits::Woken;

/// A program to run.
#[derive(Debug, Clone)]
#[must_use]
pub struct Command(wit::Command);

/// Why a program was not started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProcessError {
    NotFound(String),
    /// The grant that is missing, or the operating system's refusal.
    Denied(String),
    Other(String),
}

/// How a process has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    Code(i32),
    /// Killed by the signal with this number.
    Signal(i32),
}

/// What waiting for the end of a process gave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Waited {
    Exited(Exit),
    /// It still runs.
    Woken(Woken),
}

/// A process. It is killed, with its process group, when this is dropped.
///
/// Calls that wait do so for a time, or else as long as the instance may: only an input's `read`
/// and a scanner's `next` may wait without bound, and are woken there when a shutdown is pending.
pub struct Process(wit::Process);

impl Command {
    /// A program: an absolute path, or a name that the host looks up.
    pub fn new(program: impl Into<String>) -> Self {
        Self(wit::Command {
            program: program.into(),
            arguments: Vec::new(),
            environment: Vec::new(),
            folder: None,
        })
    }

    pub fn arg(mut self, argument: impl Into<String>) -> Self {
        self.0.arguments.push(argument.into());
        self
    }

    pub fn args<S: Into<String>>(mut self, arguments: impl IntoIterator<Item = S>) -> Self {
        self.0.arguments.extend(arguments.into_iter().map(Into::into));
        self
    }

    /// Gives it a variable; it has no others but a `PATH`.
    pub fn env(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.0.environment.push((name.into(), value.into()));
        self
    }

    /// Sets its working folder, which is `/` otherwise.
    pub fn folder(mut self, folder: impl Into<String>) -> Self {
        self.0.folder = Some(folder.into());
        self
    }

    /// Starts it.
    ///
    /// # Errors
    /// When it may not be run, or can't.
    pub fn spawn(self) -> Result<Process, ProcessError> {
        if cfg!(target_arch = "wasm32") {
            return Ok(Process(wit::Process::spawn(&self.0)?));
        }
        Err(ProcessError::Denied("there are no processes in native tests".to_owned()))
    }
}

impl Process {
    /// Writes to its standard input. Waits until it has taken all bytes; how many it took: fewer
    /// when the time was over.
    ///
    /// # Errors
    /// When it reads no more.
    pub fn write(&self, bytes: &[u8], time: Option<Duration>) -> Result<usize, Error> {
        self.0.write(bytes, time.map(nanoseconds)).map(|taken| taken as usize).map_err(Error::new)
    }

    /// Closes its standard input: it reads its end.
    pub fn close_input(&self) {
        self.0.close_input();
    }

    /// The next bytes of its standard output, at least one and at most `most`.
    #[must_use]
    pub fn read(&self, most: u32, time: Option<Duration>) -> Chunk {
        self.0.read(most, time.map(nanoseconds)).into()
    }

    /// The next line of its standard output, without its line break. One of more than `most`
    /// bytes fails, and so does all that follows.
    #[must_use]
    pub fn read_line(&self, most: u32, time: Option<Duration>) -> Chunk {
        self.0.read_line(most, time.map(nanoseconds)).into()
    }

    /// Its standard output as a stream.
    ///
    /// # Errors
    /// When that was taken before.
    pub fn output(&self) -> Result<ByteStream, Error> {
        self.0.output().map(ByteStream::from).map_err(Error::new)
    }

    /// Waits for its end.
    #[must_use]
    pub fn wait(&self, time: Option<Duration>) -> Waited {
        match self.0.wait(time.map(nanoseconds)) {
            wit::Waited::Exited(wit::Exit::Code(code)) => Waited::Exited(Exit::Code(code)),
            wit::Waited::Exited(wit::Exit::Signal(signal)) => Waited::Exited(Exit::Signal(signal)),
            wit::Waited::Woken(woken) => Waited::Woken(woken),
        }
    }

    /// Kills it and its process group.
    pub fn kill(&self) {
        self.0.kill();
    }
}

fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

impl fmt::Debug for Process {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Process").finish_non_exhaustive()
    }
}

impl fmt::Display for ProcessError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFound(message) | Self::Denied(message) | Self::Other(message) => f.write_str(message),
        }
    }
}

impl std::error::Error for ProcessError {}

impl From<wit::ProcessError> for ProcessError {
    fn from(error: wit::ProcessError) -> Self {
        match error {
            wit::ProcessError::NotFound(message) => Self::NotFound(message),
            wit::ProcessError::Denied(message) => Self::Denied(message),
            wit::ProcessError::Other(message) => Self::Other(message),
        }
    }
}
