//! Programs of a toolchain: whether they are there, and running them.

use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use anyhow::{Context, Result, bail};

/// The path of a program, if `PATH` has it.
pub(crate) fn find(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(name)).find(|file| file.is_file())
}

/// The path of a program that a build needs.
///
/// # Errors
/// When it is missing; says how to get it.
pub(crate) fn need(name: &str, how: impl Display) -> Result<PathBuf> {
    find(name).with_context(|| format!("`{name}` is not in PATH: {how}"))
}

/// A program in a folder, which reads nothing.
pub(crate) fn command(program: &Path, folder: &Path) -> Command {
    let mut command = Command::new(program);
    command.current_dir(folder).stdin(Stdio::null());
    command
}

/// Runs a program and gives what it prints; what it says on its standard error goes to ours.
///
/// # Errors
/// When it can't be started or fails; the error has the line to run by hand.
pub(crate) fn read(mut command: Command) -> Result<String> {
    let started = command.stderr(Stdio::inherit()).output();
    let Output { status, stdout, .. } = started.with_context(|| format!("start {}", line(&command)))?;
    let printed = String::from_utf8_lossy(&stdout).into_owned();
    if !status.success() {
        let said = if printed.trim().is_empty() { String::new() } else { format!("{}\n", printed.trim()) };
        bail!("{said}failed ({status}): {}", line(&command));
    }
    Ok(printed)
}

/// Runs a program quietly: what it says is shown when it fails.
///
/// # Errors
/// As [`read`].
pub(crate) fn quietly(mut command: Command) -> Result<String> {
    let Output { status, stdout, stderr } =
        command.output().with_context(|| format!("start {}", line(&command)))?;
    let printed = String::from_utf8_lossy(&stdout).into_owned();
    if !status.success() {
        let said = String::from_utf8_lossy(&stderr);
        bail!("{}{}\nfailed ({status}): {}", printed, said.trim(), line(&command));
    }
    Ok(printed)
}

/// A command as a person would type it.
fn line(command: &Command) -> String {
    let folder = command.get_current_dir().map(|folder| format!("cd {} && ", folder.display()));
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    let words: Vec<String> = words.map(|word| quoted(&word.to_string_lossy())).collect();
    folder.unwrap_or_default() + &words.join(" ")
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
    fn a_failure_shows_what_was_said_and_the_line_to_run_by_hand() {
        let mut command = command(Path::new("sh"), Path::new("/"));
        command.args(["-c", "echo told; echo warned >&2; exit 3"]);
        let error = quietly(command).unwrap_err().to_string();
        assert!(
            error.starts_with("told\nwarned\nfailed (exit status: 3): cd / && sh -c 'echo told;"),
            "{error}"
        );
    }

    #[test]
    fn a_program_that_is_missing_is_named_with_the_way_to_get_it() {
        let error = need("no-such-program", "install it").unwrap_err().to_string();
        assert_eq!(error, "`no-such-program` is not in PATH: install it");
    }
}
