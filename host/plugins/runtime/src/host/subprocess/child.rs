//! One process.

use std::io;
use std::os::unix::process::ExitStatusExt as _;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;

use forebay_lifecycle::Here;
use tokio::io::AsyncWriteExt as _;
use tokio::process::{Child, ChildStdin, Command};
use tokio::sync::watch;

use super::Ended;
use super::errors;
use super::group::{Group, isolate};
use super::output::Output;
use crate::bindings::forebay::subprocess::subprocess::{Command as Wanted, Exit, ProcessError};
use crate::grants::{Access, Program};
use crate::limits::{Limit, ProcessLimits};
use crate::scope::Scope;

/// A process that a guest has started. It ends, with its group, when this is dropped.
#[derive(Debug)]
#[expect(unreachable_pub, reason = "the generated bindings name it")]
pub struct HostProcess {
    group: Arc<Group>,
    ended: Ended,
    pub(super) input: Option<ChildStdin>,
    pub(super) output: Option<Output>,
    /// One for every process of the instance.
    _counted: Arc<()>,
}

impl HostProcess {
    /// Starts a program. `counter` is shared by the processes of an instance.
    pub(super) fn spawn(
        wanted: Wanted,
        scope: &Arc<Scope>,
        limits: &ProcessLimits,
        counter: &Arc<()>,
    ) -> Result<Self, ProcessError> {
        // One is the instance's own, and stands for this one.
        let count = Arc::strong_count(counter);
        scope.account.metrics.used(Limit::Processes, count);
        if count > limits.count {
            scope.account.metrics.struck(Limit::Processes);
            let most = limits.count;
            return Err(ProcessError::Other(format!("{most} processes run already, as many as may")));
        }
        let (program, mut command) = prepare(&wanted, scope)?;
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        isolate(&mut command);
        let failed = |error: &io::Error| named(&program, error);
        let mut child = command.spawn().map_err(|error| failed(&error))?;
        let group = child.id().ok_or_else(|| io::Error::other("it has no number"));
        let group = Arc::new(group.and_then(Group::of).map_err(|error| failed(&error))?);
        let (input, output, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let (exit, ended) = watch::channel(None);
        if let Some(stderr) = stderr {
            let program = program.name.display().to_string();
            Here::spawn_detached(errors::log(stderr, program, Arc::clone(scope), ended.clone()));
        }
        Here::spawn_detached(see_off(child, Arc::clone(&group), exit));
        let output = output.map(|output| Output::new(output, limits.output));
        Ok(Self { group, ended, input, output, _counted: Arc::clone(counter) })
    }

    /// Writes to its standard input; `taken` says how much of it the process has, also when this is
    /// dropped under way.
    pub(super) async fn write(&mut self, bytes: &[u8], taken: &mut usize) -> Result<(), String> {
        let input = self.input.as_mut().ok_or("the input of the process is closed")?;
        while *taken < bytes.len() {
            match input.write(&bytes[*taken..]).await {
                Ok(0) => return Err("the process reads no more".to_owned()),
                Ok(length) => *taken += length,
                Err(error) => return Err(format!("write to the process: {error}")),
            }
        }
        Ok(())
    }

    /// Waits for its end.
    pub(super) async fn wait(&mut self) -> Exit {
        match self.ended.wait_for(Option::is_some).await.map(|exit| *exit) {
            Ok(Some(exit)) => exit,
            // The task that waits for it is gone, and killed it on its way.
            Ok(None) | Err(_) => Exit::Signal(libc::SIGKILL),
        }
    }

    pub(super) fn kill(&self) {
        self.group.kill();
    }
}

impl Drop for HostProcess {
    fn drop(&mut self) {
        self.group.kill();
    }
}

/// Waits for the end of a process, so that nothing is left of it, and ends what it has left behind.
async fn see_off(mut child: Child, group: Arc<Group>, exit: watch::Sender<Option<Exit>>) {
    let status = child.wait().await;
    group.end();
    exit.send_replace(Some(status.map_or(Exit::Signal(libc::SIGKILL), how)));
}

fn how(status: ExitStatus) -> Exit {
    match (status.code(), status.signal()) {
        (Some(code), _) => Exit::Code(code),
        (None, signal) => Exit::Signal(signal.unwrap_or(libc::SIGKILL)),
    }
}

/// The command, when all that it needs is allowed.
fn prepare(wanted: &Wanted, scope: &Scope) -> Result<(Program, Command), ProcessError> {
    let Wanted { program, arguments, environment, folder } = wanted;
    let texts = arguments.iter().chain(environment.iter().flat_map(|(name, value)| [name, value]));
    if texts.chain([program]).any(|text| text.contains('\0')) {
        return Err(ProcessError::Other(
            "a command, its arguments and its environment hold no NUL".to_owned(),
        ));
    }
    let allowed = &scope.allowed;
    let path = allowed.search_path();
    let program = match allowed.command(program, arguments) {
        Ok(Some(program)) => program,
        Ok(None) => return Err(ProcessError::NotFound(format!("there is no program `{program}`"))),
        Err(missing) => return Err(ProcessError::Denied(missing)),
    };
    let mut command = Command::new(&program.path);
    command.arg0(&program.name).args(arguments).env_clear().env("PATH", path);
    for (name, value) in environment {
        if name.is_empty() || name.contains('=') {
            return Err(ProcessError::Other(format!("`{name}` is not the name of a variable")));
        }
        allowed.child_variable(name).map_err(ProcessError::Denied)?;
        command.env(name, value);
    }
    match folder {
        Some(folder) => {
            let folder = allowed.file(&PathBuf::from(folder), Access::Read).map_err(ProcessError::Denied)?;
            if !folder.is_dir() {
                return Err(ProcessError::NotFound(format!("there is no folder {}", folder.display())));
            }
            command.current_dir(folder);
        }
        None => drop(command.current_dir("/")),
    }
    Ok((program, command))
}

fn named(program: &Program, error: &io::Error) -> ProcessError {
    let text = format!("run {}: {error}", program.name.display());
    match error.kind() {
        io::ErrorKind::NotFound => ProcessError::NotFound(text),
        io::ErrorKind::PermissionDenied => ProcessError::Denied(text),
        _ => ProcessError::Other(text),
    }
}
