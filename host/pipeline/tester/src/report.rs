//! What people read of the tests of all files.

use std::io::{self, Write};
use std::path::PathBuf;

use forebay_pipeline_config::Problem;

use crate::case::Failure;
use crate::paint::Paint;

/// A file whose tests failed.
#[derive(Debug)]
pub(crate) struct Failed {
    pub(crate) config: PathBuf,
    pub(crate) lints: Vec<Problem>,
    pub(crate) failures: Vec<Failure>,
}

/// Says how one file went.
pub(crate) fn line(out: &mut dyn Write, config: &str, is_well: bool, paint: Paint) -> io::Result<()> {
    let outcome = if is_well { paint.green("succeeded") } else { paint.red("failed") };
    writeln!(out, "Test '{config}' {outcome}")
}

/// Says what failed.
pub(crate) fn failures(out: &mut dyn Write, failed: &[Failed]) -> io::Result<()> {
    writeln!(out, "\nFailures:\n")?;
    for (index, Failed { config, lints, failures }) in failed.iter().enumerate() {
        if index > 0 {
            writeln!(out)?;
        }
        writeln!(out, "--- {} ---\n", config.display())?;
        for Problem { line, column, message, .. } in lints {
            writeln!(out, "Lint: ({line},{column}) {message}")?;
        }
        if !lints.is_empty() && !failures.is_empty() {
            writeln!(out)?;
        }
        let mut previous: Option<(&str, usize)> = None;
        for Failure { name, line, reason } in failures {
            let this = (name.as_str(), *line);
            if previous != Some(this) {
                if previous.is_some() {
                    writeln!(out)?;
                }
                writeln!(out, "{name} [line {line}]:")?;
                previous = Some(this);
            }
            writeln!(out, "{reason}")?;
        }
    }
    Ok(())
}
