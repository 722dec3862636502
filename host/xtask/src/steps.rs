//! What is being done, line by line, and how long each part took.

use std::time::{Duration, Instant};

use anyhow::Result;

use crate::command::Command;

/// The steps of one run of this program.
#[derive(Debug, Default)]
pub(crate) struct Steps {
    times: Vec<(String, Duration)>,
}

impl Steps {
    /// Says what is done, runs the command, and keeps its time.
    ///
    /// # Errors
    /// Those of [`Command::run`].
    pub(crate) fn run(&mut self, what: &str, command: &Command) -> Result<()> {
        self.time(what, || command.run())
    }

    /// Says what is done, does it, and keeps its time.
    ///
    /// # Errors
    /// Those of `work`.
    pub(crate) fn time<T>(&mut self, what: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
        println!("==> {what}");
        let start = now();
        let result = work();
        let mark = if result.is_ok() { "" } else { " (failed)" };
        self.times.push((format!("{what}{mark}"), start.elapsed()));
        result
    }

    /// Says that a step has nothing to do.
    pub(crate) fn done(&self, what: &str) {
        println!("--> done already: {what}");
    }

    /// Says something that a person needs to know.
    pub(crate) fn note(&self, note: &str) {
        println!("--> {note}");
    }

    pub(crate) fn print_times(&self) {
        println!("\nHow long it took:");
        for (what, time) in &self.times {
            println!("{:8.1} s  {what}", time.as_secs_f64());
        }
        let total: Duration = self.times.iter().map(|(_, time)| *time).sum();
        println!("{:8.1} s  together", total.as_secs_f64());
    }
}

#[expect(clippy::disallowed_methods, reason = "a program for developers, which depends on nothing of ours")]
fn now() -> Instant {
    Instant::now()
}
