//! Standard output and standard error of a guest: lines in the log of its pipeline.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use tokio::io::AsyncWrite;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamResult};

use crate::scope::Scope;

/// Collects what a guest prints, and logs it line by line.
#[derive(Debug, Clone)]
pub(crate) struct Printed {
    scope: Arc<Scope>,
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    line: Vec<u8>,
    last: String,
    allocation_failed: bool,
}

/// A longer line is cut into several.
const LONGEST_LINE: usize = 4 << 10;
/// What Rust and Go say when there is no more memory.
const ALLOCATION_FAILED: [&str; 2] = ["memory allocation of", "out of memory"];
/// What Rust's standard library adds to the reason of its end, and what nobody can follow here.
const ADVICE: &str = "note: run with `RUST_BACKTRACE";
/// How much a guest may print at once.
const PERMIT: usize = 64 << 10;

impl Printed {
    pub(crate) fn new(scope: Arc<Scope>) -> Self {
        Self { scope, state: Arc::default() }
    }

    /// The last line that was printed: after a panic, the SDKs' hooks say there why.
    pub(crate) fn last_line(&self) -> String {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.line.is_empty() {
            state.last.clone()
        } else {
            String::from_utf8_lossy(&state.line).into_owned()
        }
    }

    /// Whether the guest's own language has said that an allocation failed, which ends it.
    pub(crate) fn allocation_failed(&self) -> bool {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).allocation_failed
    }

    pub(crate) fn print(&self, bytes: &[u8]) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        for byte in bytes {
            if *byte != b'\n' {
                state.line.push(*byte);
            }
            if *byte == b'\n' || state.line.len() >= LONGEST_LINE {
                let line = String::from_utf8_lossy(&std::mem::take(&mut state.line)).into_owned();
                state.allocation_failed |= ALLOCATION_FAILED.iter().any(|said| line.contains(said));
                if !line.is_empty() && !line.starts_with(ADVICE) {
                    self.scope.log(tracing::Level::WARN, &line, &[]);
                    state.last = line;
                }
            }
        }
    }
}

impl IsTerminal for Printed {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for Printed {
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(tokio::io::sink())
    }

    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.clone())
    }
}

#[async_trait::async_trait]
impl Pollable for Printed {
    async fn ready(&mut self) {}
}

impl OutputStream for Printed {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.print(&bytes);
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(PERMIT)
    }
}
