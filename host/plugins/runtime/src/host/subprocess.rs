//! Programs of the machine, as processes of their own.
//!
//! Life of a process: `spawn` starts it as the leader of a process group, with three tasks on the
//! thread of its instance: one waits for its end, one reads its output ahead, one logs its standard
//! error. The handle kills the group when it is dropped, and all tasks come to an end by that.

mod child;
mod errors;
mod group;
mod output;

use std::future::Future;
use std::time::Duration;

use forebay_pipeline_config::spec::Kind;
use forebay_plugins_api::{ByteStream as _, Woken};
use tokio::sync::watch;
use wasmtime::component::Resource;

#[expect(unreachable_pub, reason = "the generated bindings name it")]
pub use child::HostProcess;

use crate::bindings::forebay::plugin::streams::Chunk;
use crate::bindings::forebay::subprocess::subprocess::{
    Command, Exit, Host, HostProcess as HostProcessMethods, ProcessError, Waited,
};
use crate::guest::Guest;
use crate::host::streams::HostStream;
use crate::meter::LongWait;

/// How a process has ended, once it has.
type Ended = watch::Receiver<Option<Exit>>;

/// The most that one read returns, whatever was asked for.
const MOST: u32 = 16 << 20;

impl Host for Guest {}

impl HostProcessMethods for Guest {
    fn spawn(&mut self, command: Command) -> wasmtime::Result<Result<Resource<HostProcess>, ProcessError>> {
        self.host_call()?;
        match HostProcess::spawn(command, &self.scope, &self.limits.processes, &self.processes) {
            Ok(process) => Ok(Ok(self.push(process)?)),
            Err(error) => Ok(Err(error)),
        }
    }

    async fn write(
        &mut self,
        process: Resource<HostProcess>,
        bytes: Vec<u8>,
        nanoseconds: Option<u64>,
    ) -> wasmtime::Result<Result<u32, String>> {
        self.host_call()?;
        let limit = self.wait_limit(nanoseconds);
        let process = self.table.get_mut(&process)?;
        let mut taken = 0;
        let result = limit.bound(process.write(&bytes, &mut taken)).await;
        Ok(match result {
            Ok(Err(reason)) => Err(reason),
            Ok(Ok(())) | Err(_) => Ok(u32::try_from(taken).unwrap_or(u32::MAX)),
        })
    }

    fn close_input(&mut self, process: Resource<HostProcess>) -> wasmtime::Result<()> {
        self.table.get_mut(&process)?.input = None;
        Ok(())
    }

    async fn read(
        &mut self,
        process: Resource<HostProcess>,
        most: u32,
        nanoseconds: Option<u64>,
    ) -> wasmtime::Result<Chunk> {
        self.host_call()?;
        let limit = self.wait_limit(nanoseconds);
        let Some(output) = &mut self.table.get_mut(&process)?.output else { return Ok(Chunk::Ended) };
        Ok(match limit.bound(output.read(most.clamp(1, MOST) as usize)).await {
            Ok(Ok(bytes)) if bytes.is_empty() => Chunk::Ended,
            Ok(Ok(bytes)) => Chunk::Bytes(bytes.into()),
            Ok(Err(reason)) => Chunk::Failed(reason),
            Err(woken) => Chunk::Woken(woken.into()),
        })
    }

    async fn read_line(
        &mut self,
        process: Resource<HostProcess>,
        most: u32,
        nanoseconds: Option<u64>,
    ) -> wasmtime::Result<Chunk> {
        self.host_call()?;
        let limit = self.wait_limit(nanoseconds);
        let Some(output) = &mut self.table.get_mut(&process)?.output else { return Ok(Chunk::Ended) };
        Ok(match limit.bound(output.read_line(most.clamp(1, MOST) as usize)).await {
            Ok(Ok(Some(line))) => Chunk::Bytes(line),
            Ok(Ok(None)) => Chunk::Ended,
            Ok(Err(reason)) => Chunk::Failed(reason),
            Err(woken) => Chunk::Woken(woken.into()),
        })
    }

    fn output(
        &mut self,
        process: Resource<HostProcess>,
    ) -> wasmtime::Result<Result<Resource<HostStream>, String>> {
        match self.table.get_mut(&process)?.output.take() {
            Some(output) => Ok(Ok(self.push(HostStream(Box::new(output)))?)),
            None => Ok(Err("the output of the process was taken before".to_owned())),
        }
    }

    async fn wait(
        &mut self,
        process: Resource<HostProcess>,
        nanoseconds: Option<u64>,
    ) -> wasmtime::Result<Waited> {
        self.host_call()?;
        let limit = self.wait_limit(nanoseconds);
        let process = self.table.get_mut(&process)?;
        Ok(match limit.bound(process.wait()).await {
            Ok(exit) => Waited::Exited(exit),
            Err(woken) => Waited::Woken(woken.into()),
        })
    }

    fn kill(&mut self, process: Resource<HostProcess>) -> wasmtime::Result<()> {
        self.table.get(&process)?.kill();
        Ok(())
    }

    fn drop(&mut self, process: Resource<HostProcess>) -> wasmtime::Result<()> {
        self.table.delete(process)?;
        Ok(())
    }
}

/// What ends a wait.
struct WaitLimit {
    deadline: Option<Duration>,
    /// There where a call may wait without bound.
    shutdown: Option<std::sync::Arc<forebay_plugins_api::Wakes>>,
    /// As long as it lasts, time does not count where waiting is what a call is for.
    waiting: LongWait,
}

impl Guest {
    fn wait_limit(&self, nanoseconds: Option<u64>) -> WaitLimit {
        // What other components have begun is to be finished also while the pipeline stops.
        let unbounded = matches!(self.scope.kind, Some(Kind::Input | Kind::Scanner));
        WaitLimit {
            deadline: nanoseconds.map(Duration::from_nanos),
            shutdown: unbounded.then(|| std::sync::Arc::clone(&self.wakes)),
            waiting: self.meter.long_wait(),
        }
    }
}

impl WaitLimit {
    /// Waits for `work`, or says what came before its end.
    async fn bound<T>(self, work: impl Future<Output = T>) -> Result<T, Woken> {
        let Self { deadline, shutdown, waiting: _waiting } = self;
        let over = async {
            match deadline {
                Some(deadline) => tokio::time::sleep(deadline).await,
                None => std::future::pending().await,
            }
        };
        let stopped = async {
            match &shutdown {
                Some(wakes) => wakes.wait_for_shutdown().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            result = work => Ok(result),
            () = stopped => Err(Woken { shutdown: true, ..Woken::default() }),
            () = over => Err(Woken { deadline: true, ..Woken::default() }),
        }
    }
}
