//! The standard error of a process: lines in the log of the pipeline.

use std::sync::Arc;
use std::time::{Duration, Instant};

use forebay_lifecycle::clock;
use tokio::io::AsyncReadExt as _;
use tokio::process::ChildStderr;

use super::Ended;
use crate::scope::Scope;

/// A longer line is cut into several.
const LONGEST_LINE: usize = 4 << 10;
/// More lines than this in a second are counted and not logged.
const LINES: u32 = 100;
const SECOND: Duration = Duration::from_secs(1);
/// How long what a process has left behind may keep its standard error open after its end.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// Logs what a process writes to its standard error, until its end and for a moment after it.
pub(super) async fn log(mut source: ChildStderr, program: String, scope: Arc<Scope>, mut ended: Ended) {
    let mut lines = Lines { scope, program, line: Vec::new(), since: clock::now(), logged: 0, left_out: 0 };
    let over = async move {
        // Nobody tells any more when the thread ends.
        let _ = ended.wait_for(Option::is_some).await;
        tokio::time::sleep(LAST_WORDS).await;
    };
    tokio::select! {
        biased;
        () = lines.read(&mut source) => {}
        () = over => {}
    }
    lines.end();
}

struct Lines {
    scope: Arc<Scope>,
    program: String,
    line: Vec<u8>,
    /// When the second began that lines are counted in.
    since: Instant,
    logged: u32,
    left_out: u64,
}

impl Lines {
    async fn read(&mut self, source: &mut ChildStderr) {
        let mut buffer = [0; 4 << 10];
        while let Ok(length @ 1..) = source.read(&mut buffer).await {
            for byte in &buffer[..length] {
                if *byte != b'\n' {
                    self.line.push(*byte);
                }
                if *byte == b'\n' || self.line.len() >= LONGEST_LINE {
                    self.flush();
                }
            }
        }
    }

    fn flush(&mut self) {
        if self.since.elapsed() >= SECOND {
            self.next_second();
        }
        let line = std::mem::take(&mut self.line);
        if self.logged == LINES {
            self.left_out += 1;
        } else if !line.is_empty() {
            self.logged += 1;
            self.write(&String::from_utf8_lossy(&line));
        }
    }

    fn next_second(&mut self) {
        (self.since, self.logged) = (clock::now(), 0);
        let left_out = std::mem::take(&mut self.left_out);
        if left_out > 0 {
            self.write(&format!("{left_out} more lines were left out"));
        }
    }

    fn end(&mut self) {
        if !self.line.is_empty() {
            self.flush();
        }
        self.next_second();
    }

    fn write(&self, line: &str) {
        self.scope.log(tracing::Level::WARN, line, &[("process".to_owned(), self.program.clone())]);
    }
}
