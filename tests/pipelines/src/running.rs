use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus};

use crate::until;

/// The program while it runs. Killed when dropped.
#[derive(Debug)]
pub struct Running {
    child: Child,
    ended: Option<ExitStatus>,
    stdout: PathBuf,
    stderr: PathBuf,
}

/// What the program has left.
#[derive(Debug)]
pub struct Finished {
    /// Absent after a signal that it did not handle.
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Running {
    pub(crate) fn new(child: Child, stdout: PathBuf, stderr: PathBuf) -> Self {
        Self { child, ended: None, stdout, stderr }
    }

    /// What it has written to its standard error so far.
    #[must_use]
    pub fn log(&self) -> String {
        read(&self.stderr)
    }

    /// What it has written to its standard output so far.
    #[must_use]
    pub fn printed(&self) -> String {
        read(&self.stdout)
    }

    /// Whether it has ended.
    ///
    /// # Panics
    /// When the system can't tell.
    pub fn has_ended(&mut self) -> bool {
        if self.ended.is_none() {
            self.ended = self.child.try_wait().expect("a child can be waited for");
        }
        self.ended.is_some()
    }

    /// Bytes that it has in memory; none when it has ended.
    #[must_use]
    pub fn resident(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kibibytes = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok());
        kibibytes.map_or(0, |kibibytes| kibibytes << 10)
    }

    /// Waits until something is so. It fails when the program ends before.
    ///
    /// # Panics
    /// When it waits in vain.
    pub fn until(&mut self, what: &str, mut is_so: impl FnMut(&Self) -> bool) {
        let mut is_met = false;
        until(what, || {
            let ended = self.has_ended();
            is_met = is_so(self);
            is_met || ended
        });
        assert!(is_met, "it ended before {what}; it said:\n{}", self.log());
    }

    /// Waits until the log holds a text.
    pub fn until_log_has(&mut self, text: &str) {
        self.until(&format!("the log has `{text}`"), |running| running.log().contains(text));
    }

    /// Writes to its standard input, which must be `piped`.
    ///
    /// # Panics
    /// When it is not, or nobody reads it.
    pub fn write(&mut self, text: &str) {
        let stdin = self.child.stdin.as_mut().expect("its standard input is a pipe");
        stdin.write_all(text.as_bytes()).expect("the program reads its standard input");
    }

    /// Ends its standard input.
    pub fn close_input(&mut self) {
        self.child.stdin = None;
    }

    /// Sends it a signal, if it has not ended yet.
    ///
    /// # Panics
    /// When there is no `kill`.
    pub fn signal(&mut self, name: &str) {
        // A process that was waited for has given its id back.
        if !self.has_ended() {
            let mut kill = Command::new("kill");
            let sent = kill.args(["-s", name, &self.child.id().to_string()]).status();
            assert!(sent.is_ok_and(|status| status.success()), "the signal {name} can't be sent");
        }
    }

    /// Ends it with SIGKILL; whether it was still running.
    ///
    /// # Panics
    /// When that fails.
    pub fn kill(&mut self) -> bool {
        if self.has_ended() {
            return false;
        }
        self.child.kill().expect("a child can be killed");
        let status = self.child.wait().expect("a child can be waited for");
        self.ended = Some(status);
        status.code().is_none()
    }

    /// Waits for its end.
    #[must_use]
    pub fn finish(mut self) -> Finished {
        let mut ended = None;
        self.close_input();
        self.until("it ends", |running| {
            ended = running.ended;
            ended.is_some()
        });
        Finished { code: ended.and_then(|status| status.code()), stdout: self.printed(), stderr: self.log() }
    }
}

impl Finished {
    /// Checks that it ended well.
    ///
    /// # Panics
    /// When it did not.
    #[must_use]
    pub fn well(self) -> Self {
        assert_eq!(self.code, Some(0), "{self:?}");
        self
    }

    /// The lines that it has printed.
    #[must_use]
    pub fn lines(&self) -> Vec<&str> {
        self.stdout.lines().collect()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if self.ended.is_none() {
            // It may have ended just now.
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

fn read(path: &PathBuf) -> String {
    let bytes = std::fs::read(path).unwrap_or_default();
    String::from_utf8_lossy(&bytes).into_owned()
}
