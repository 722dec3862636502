use std::fs::File;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use crate::installed;

/// A client, and the program that tries its features.
#[derive(Debug, Clone)]
pub struct Client {
    /// As the matrix calls it.
    pub name: &'static str,
    program: PathBuf,
    args: Vec<String>,
    variables: Vec<(&'static str, String)>,
}

/// How a feature went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    Works,
    /// The client does not have it, for this reason.
    Absent(String),
    Fails(String),
}

/// A feature that was tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tried {
    pub feature: String,
    pub outcome: Outcome,
}

impl Client {
    #[must_use]
    pub fn new(name: &'static str, program: impl Into<PathBuf>) -> Self {
        Self { name, program: program.into(), args: Vec::new(), variables: Vec::new() }
    }

    /// A script in Python, with the clients for Python.
    #[must_use]
    pub fn python(name: &'static str, script: &str) -> Self {
        let python = installed("kafka/bin/python");
        Self::new(name, python).arg(crate::scripts(script).display().to_string())
    }

    #[must_use]
    pub fn arg(mut self, arg: impl Into<String>) -> Self {
        self.args.push(arg.into());
        self
    }

    #[must_use]
    pub fn variable(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.variables.push((name, value.into()));
        self
    }

    /// Begins to try features, all or those of these names.
    ///
    /// # Panics
    /// When the program is not there.
    #[must_use]
    pub fn start(&self, bootstrap: &str, only: &[&str]) -> Run {
        let folder = std::env::temp_dir();
        let file = |what: &str| folder.join(format!("forebay-{}-{}.{what}", self.name, std::process::id()));
        let (told, log) = (file("told"), file("log"));
        let create = |path: &PathBuf| File::create(path).expect("the folder for temporary files takes files");
        // Python would leave what it compiled beside the scripts.
        let started = Command::new(&self.program)
            .args(&self.args)
            .arg(bootstrap)
            .args(only)
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(create(&told))
            .stderr(create(&log))
            .spawn();
        let program = self.program.display();
        let process = started.map_err(|error| format!("{program}: {error}; run `cargo xtask setup`"));
        Run { name: self.name, process: process.expect("the client is installed"), told, log }
    }
}

/// A client that is at it.
#[derive(Debug)]
pub struct Run {
    name: &'static str,
    process: Child,
    told: PathBuf,
    log: PathBuf,
}

impl Run {
    /// Waits for the end, and says how each feature went, in the order in which they were tried.
    ///
    /// # Panics
    /// When the client ends with an error, or says something else than outcomes.
    #[must_use]
    pub fn finish(mut self) -> Vec<Tried> {
        let status = self.process.wait().expect("a started process can be waited for");
        let read = |path: &PathBuf| std::fs::read_to_string(path).expect("what a client says is text");
        let (told, log) = (read(&self.told), read(&self.log));
        let tried: Option<Vec<_>> = told.lines().map(tried).collect();
        let well = status.success() && tried.as_ref().is_some_and(|tried| !tried.is_empty());
        assert!(well, "{} ended with {status}:\n{told}\n{log}", self.name);
        let tried = tried.unwrap_or_default();
        let failed: Vec<_> =
            tried.iter().filter(|tried| matches!(tried.outcome, Outcome::Fails(_))).collect();
        assert!(failed.is_empty(), "{}: {failed:#?}\n{log}", self.name);
        tried
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        for file in [&self.told, &self.log] {
            let _ = std::fs::remove_file(file);
        }
    }
}

/// Reads a line: the feature, the outcome and a remark, with tabs between them.
fn tried(line: &str) -> Option<Tried> {
    let mut parts = line.splitn(3, '\t');
    let (feature, outcome) = (parts.next()?.to_owned(), parts.next()?);
    let remark = parts.next().unwrap_or_default().to_owned();
    let outcome = match outcome {
        "yes" => Outcome::Works,
        "absent" => Outcome::Absent(remark),
        "no" => Outcome::Fails(remark),
        _ => return None,
    };
    Some(Tried { feature, outcome })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_a_feature_and_how_it_went() {
        let outcome = |line| tried(line).map(|tried| tried.outcome);
        assert_eq!(outcome("seek\tyes\t"), Some(Outcome::Works));
        assert_eq!(outcome("seek\tabsent\tno way"), Some(Outcome::Absent("no way".to_owned())));
        assert_eq!(outcome("seek\tno\ta\tb"), Some(Outcome::Fails("a\tb".to_owned())));
        assert_eq!(outcome("Traceback"), None);
    }
}
