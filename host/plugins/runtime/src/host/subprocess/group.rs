//! What must be asked of the operating system directly: process groups, and what a child inherits.

use std::io;
use std::sync::{Mutex, PoisonError};

use tokio::process::Command;

/// The process group of a child, which is its leader.
#[derive(Debug)]
pub(super) struct Group {
    id: libc::pid_t,
    /// Whether the leader was waited for. Its number may be somebody else's from then on.
    ended: Mutex<bool>,
}

impl Group {
    pub(super) fn of(leader: u32) -> io::Result<Self> {
        let id = libc::pid_t::try_from(leader).map_err(io::Error::other)?;
        Ok(Self { id, ended: Mutex::new(false) })
    }

    /// Kills all of it, unless it has ended.
    pub(super) fn kill(&self) {
        let ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner);
        if !*ended {
            kill_group(self.id);
        }
    }

    /// Kills what a leader that was waited for just now has left behind: as long as that is there, the
    /// number of the group is not given to another.
    pub(super) fn end(&self) {
        let mut ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner);
        if !std::mem::replace(&mut *ended, true) {
            kill_group(self.id);
        }
    }
}

/// Makes the child a leader of its own group that inherits no file but its standard streams, and that
/// ends with the thread that starts it.
pub(super) fn isolate(command: &mut Command) {
    command.process_group(0);
    // SAFETY: between fork and exec only system calls are made, and nothing is allocated.
    #[expect(unsafe_code, reason = "what a child inherits can be set nowhere else")]
    unsafe {
        command.pre_exec(|| {
            libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL);
            close_when_it_runs();
            Ok(())
        });
    }
}

/// Marks every file but the standard streams to be closed by the program that is about to run. Files
/// of this process are marked already, but those that it was started with may not be.
fn close_when_it_runs() {
    const FIRST: libc::c_uint = 3;
    // SAFETY: both calls change flags of this process's own files only.
    #[expect(unsafe_code, reason = "the standard library has no such call")]
    unsafe {
        let all = libc::syscall(libc::SYS_close_range, FIRST, libc::c_uint::MAX, libc::CLOSE_RANGE_CLOEXEC);
        if all == 0 {
            return;
        }
        // Linux before 5.11.
        for file in 3..libc::sysconf(libc::_SC_OPEN_MAX).clamp(256, 65_536) {
            #[expect(clippy::cast_possible_truncation, reason = "at most 65,536")]
            libc::fcntl(file as libc::c_int, libc::F_SETFD, libc::FD_CLOEXEC);
        }
    }
}

fn kill_group(id: libc::pid_t) {
    // SAFETY: it sends a signal, to a group that this process has made. That it is gone is fine.
    #[expect(unsafe_code, reason = "the standard library can kill one process only")]
    unsafe {
        libc::kill(-id, libc::SIGKILL);
    }
}
