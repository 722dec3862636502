//! A program to run, and how a person would run it.

use std::ffi::OsStr;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};

use anyhow::{Context, Error, Result, anyhow, bail};

/// A program with its arguments, folder and environment.
#[derive(Debug, Clone)]
pub(crate) struct Command {
    program: String,
    arguments: Vec<String>,
    folder: Option<PathBuf>,
    environment: Vec<(String, String)>,
    removed: Vec<String>,
    keeps_stdin: bool,
}

impl Command {
    pub(crate) fn new(program: impl Into<String>) -> Self {
        Self {
            program: program.into(),
            arguments: Vec::new(),
            folder: None,
            environment: Vec::new(),
            removed: Vec::new(),
            keeps_stdin: false,
        }
    }

    /// Cargo, in the environment in which a person would call it: what `cargo run` told this program
    /// about its own package would make some build scripts run again.
    pub(crate) fn cargo() -> Self {
        let mut command = Self::new("cargo");
        let own = |name: &String| {
            name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_") || name == "CARGO"
        };
        command.removed = std::env::vars().map(|(name, _)| name).filter(own).collect();
        command
    }

    pub(crate) fn arg(mut self, argument: impl Into<String>) -> Self {
        self.arguments.push(argument.into());
        self
    }

    pub(crate) fn args<S: Into<String>>(mut self, arguments: impl IntoIterator<Item = S>) -> Self {
        self.arguments.extend(arguments.into_iter().map(Into::into));
        self
    }

    pub(crate) fn folder(mut self, folder: &Path) -> Self {
        self.folder = Some(folder.to_owned());
        self
    }

    pub(crate) fn env(mut self, name: &str, value: impl Into<String>) -> Self {
        self.environment.push((name.to_owned(), value.into()));
        self
    }

    pub(crate) fn env_remove(mut self, name: &str) -> Self {
        self.removed.push(name.to_owned());
        self
    }

    /// Lets the program read what is typed; others get nothing to read.
    pub(crate) fn keep_stdin(mut self) -> Self {
        self.keeps_stdin = true;
        self
    }

    /// Runs it to its end, with our output as its output.
    ///
    /// # Errors
    /// When it can't be started or fails; the error says how to run it by hand.
    pub(crate) fn run(&self) -> Result<()> {
        let mut process = self.process();
        if !self.keeps_stdin {
            process.stdin(Stdio::null());
        }
        let status = process.status().map_err(|error| self.not_started(&error))?;
        if !status.success() {
            bail!(self.advice(&format!("failed ({status})")));
        }
        Ok(())
    }

    /// What it prints, when it succeeds.
    ///
    /// # Errors
    /// As [`Command::run`]; the error holds what it wrote to stderr.
    pub(crate) fn read(&self) -> Result<String> {
        let Output { status, stdout, stderr } = self
            .process()
            .stdin(Stdio::null())
            .output()
            .with_context(|| self.advice("could not be started"))?;
        if !status.success() {
            let said = String::from_utf8_lossy(&stderr);
            bail!("{}\n{}", said.trim(), self.advice(&format!("failed ({status})")));
        }
        String::from_utf8(stdout).with_context(|| self.advice("printed something that is not text"))
    }

    fn process(&self) -> std::process::Command {
        let mut process = std::process::Command::new(&self.program);
        process.args(&self.arguments);
        for name in &self.removed {
            process.env_remove(name);
        }
        process.envs(self.environment.iter().map(|(name, value)| (name, value)));
        if let Some(folder) = &self.folder {
            process.current_dir(folder);
        }
        process
    }

    fn not_started(&self, error: &io::Error) -> Error {
        anyhow!(self.advice(&format!("could not be started ({error})")))
    }

    fn advice(&self, happened: &str) -> String {
        format!("`{}` {happened}; run it by hand:\n    {self}", self.program)
    }
}

/// As a line for a shell.
impl fmt::Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(folder) = &self.folder {
            write!(f, "cd {} && ", quoted(&folder.display().to_string()))?;
        }
        for (name, value) in &self.environment {
            write!(f, "{name}={} ", quoted(value))?;
        }
        write!(f, "{}", quoted(&self.program))?;
        for argument in &self.arguments {
            write!(f, " {}", quoted(argument))?;
        }
        Ok(())
    }
}

/// Whether a program of this name is in the path.
pub(crate) fn is_installed(program: impl AsRef<OsStr>) -> bool {
    let Some(path) = std::env::var_os("PATH") else { return false };
    std::env::split_paths(&path).any(|folder| folder.join(program.as_ref()).is_file())
}

fn quoted(word: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./=+:,@%".contains(&byte);
    if !word.is_empty() && word.bytes().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_by_hand_is_what_a_shell_would_run() {
        let command = Command::new("printf")
            .args(["%s-%s", "it's", ""])
            .env("FLAGS", "-C target-feature=+simd128")
            .folder(Path::new("/tmp"));
        assert_eq!(
            command.to_string(),
            r"cd /tmp && FLAGS='-C target-feature=+simd128' printf %s-%s 'it'\''s' ''"
        );
        let by_shell = Command::new("sh").args(["-c", &command.to_string()]).read().unwrap();
        assert_eq!(by_shell, "it's-");
    }

    #[test]
    fn a_failure_says_what_to_run_by_hand() {
        let error = Command::new("false").arg("--loudly").run().unwrap_err().to_string();
        assert!(error.contains("run it by hand:\n    false --loudly"), "{error}");
        let error = Command::new("no-such-program-here").run().unwrap_err().to_string();
        assert!(error.contains("could not be started"), "{error}");
    }
}
