use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use crate::binary;
use crate::running::{Finished, Running};

/// The program with its arguments, before it runs.
///
/// Of the environment of the tests it sees nothing but `PATH`, and it has no HTTP server unless a test asks for one. What it prints goes to files, so that it never waits
/// for the test to read.
#[derive(Debug)]
pub struct Forebay {
    command: Command,
    folder: PathBuf,
}

impl Forebay {
    pub(crate) fn new(folder: &Path, args: &[&str]) -> Self {
        let mut command = Command::new(binary::forebay());
        command.env_clear().envs(std::env::var_os("PATH").map(|path| ("PATH", path)));
        command.env("XDG_CACHE_HOME", folder.join(".cache"));
        // Tests run side by side, and there is one port 4195.
        command.env("FOREBAY_HTTP_ADDRESS", "off");
        command.current_dir(folder).args(args).stdin(Stdio::null());
        Self { command, folder: folder.to_path_buf() }
    }

    #[must_use]
    pub fn args(mut self, args: &[&str]) -> Self {
        self.command.args(args);
        self
    }

    #[must_use]
    pub fn variable(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }

    /// Gives it a standard input with this content.
    ///
    /// # Panics
    /// When that can't be written to a file.
    #[must_use]
    pub fn input(mut self, content: impl AsRef<[u8]>) -> Self {
        let path = self.unused("stdin");
        std::fs::write(&path, content).expect("a file in a new folder can be written");
        self.command.stdin(File::open(path).expect("a file can be read that was just written"));
        self
    }

    /// Gives it a standard input that the test writes to while it runs.
    #[must_use]
    pub fn piped(mut self) -> Self {
        self.command.stdin(Stdio::piped());
        self
    }

    /// Starts it.
    ///
    /// # Panics
    /// When it can't be started.
    #[must_use]
    pub fn start(mut self) -> Running {
        let (stdout, stderr) = (self.unused("stdout"), self.unused("stderr"));
        let create = |path: &Path| File::create(path).expect("a file in a new folder can be written");
        let child = self.command.stdout(create(&stdout)).stderr(create(&stderr)).spawn();
        Running::new(child.expect("the program is there and can be started"), stdout, stderr)
    }

    /// Runs it to its end.
    #[must_use]
    pub fn finish(self) -> Finished {
        self.start().finish()
    }

    /// Runs it to its end, while nobody reads its standard output; its exit code, and what it says on standard error.
    ///
    /// # Panics
    /// When it can't be started.
    #[must_use]
    pub fn unread(mut self) -> (Option<i32>, String) {
        let (reader, writer) = std::io::pipe().expect("a pipe can be made");
        drop(reader);
        let ended = self.command.stdout(writer).output().expect("the program is there and can be started");
        (ended.status.code(), String::from_utf8_lossy(&ended.stderr).into_owned())
    }

    /// A name in a hidden folder, where no pattern of a test finds it.
    fn unused(&self, role: &str) -> PathBuf {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let folder = self.folder.join(".streams");
        std::fs::create_dir_all(&folder).expect("a folder below a new folder can be made");
        folder.join(format!("{role}-{}", NEXT.fetch_add(1, Ordering::Relaxed)))
    }
}
