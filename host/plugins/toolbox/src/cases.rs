//! `forebay plugin test`: runs the cases of `tests.yaml`, which stands beside a plugin's source.
//!
//! Every case opens one component, hands it what the case says, and compares what comes out. Files that a case
//! needs or expects lie in a folder of its own, which replaces `${DIR}` in its configuration; it is all that is
//! granted. See `sdk/TESTS.md` for the form.

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use forebay_plugins_runtime::{Grants, Limits};

use crate::diff::diff;
use crate::host::{self, Host, Loaded};
use crate::manifest::Manifest;

mod case;
mod files;
mod message;
mod outcome;
mod pattern;
mod reader;
mod runs;

pub(crate) use runs::process;

use case::Case;
use files::Folder;
use outcome::Outcome;

/// The file beside a plugin's source.
pub(crate) const FILE: &str = "tests.yaml";
/// Runs the cases of the plugin in a folder, or those with `only` in their name; whether all passed.
///
/// # Errors
/// When there are no cases, they are not well-formed (every fault with its place), or the plugin was not built.
pub async fn test(folder: &Path, only: Option<&str>, host: &Host<'_>, out: &mut dyn Write) -> Result<bool> {
    if !host::is_source(folder) {
        bail!("{} is no folder of a plugin: it has no {}", folder.display(), crate::manifest::FILE);
    }
    let manifest = Manifest::read(folder)?;
    let path = folder.join(FILE);
    let text = std::fs::read_to_string(&path).with_context(|| format!("read {}", path.display()))?;
    let room = Folder::new()?;
    let loaded = load(folder, host, &room, host.limits.clone()).await?;
    let cases = Case::read_all(&path.display().to_string(), &text, &loaded)?;
    let wanted: Vec<&Case> =
        cases.iter().filter(|case| only.is_none_or(|only| case.name.contains(only))).collect();
    if wanted.is_empty() {
        bail!(
            "{} has no case{}",
            path.display(),
            only.map_or(String::new(), |only| format!(" with `{only}` in its name"))
        );
    }
    let mut failed = 0;
    for case in &wanted {
        let difference = match &case.limits {
            Some(limits) => match load(folder, host, &room, host.limits.with(limits)).await {
                Ok(limited) => run(case, &limited, &room).await?,
                // Not even started within its limits.
                Err(error) => compare(case, &Outcome::failed(&error), room.path()),
            },
            None => run(case, &loaded, &room).await?,
        };
        match difference {
            None => writeln!(out, "ok    {}", case.name)?,
            Some(difference) => {
                failed += 1;
                writeln!(
                    out,
                    "FAIL  {}  {}({},{})",
                    case.name,
                    path.display(),
                    case.at.line,
                    case.at.column
                )?;
                for line in difference {
                    writeln!(out, "      {line}")?;
                }
            }
        }
    }
    writeln!(out, "{}: {} passed, {failed} failed", manifest.name, wanted.len() - failed)?;
    Ok(failed == 0)
}

async fn load(folder: &Path, host: &Host<'_>, room: &Folder, limits: Limits) -> Result<Loaded> {
    let file = host::read(folder)?;
    let name = Manifest::read(folder)?.name;
    // JSON is YAML.
    let grants = serde_json::json!({"grants": [
        {"plugin": name.as_str(), "files": [{"path": room.path(), "access": "write"}]}
    ]});
    let grants = Grants::parse(&grants.to_string()).context("make the grants of the tests")?;
    let limited = Host { embedded: host.embedded, grants, limits, cache: host.cache.clone() };
    limited.load(file).await
}

/// Runs one case; how the outcome differs, where it does.
async fn run(case: &Case, loaded: &Loaded, room: &Folder) -> Result<Option<Vec<String>>> {
    let own: PathBuf = room.of_case(case)?;
    let outcome = runs::run(case, loaded, &own).await;
    Ok(compare(case, &outcome, &own))
}

fn compare(case: &Case, outcome: &Outcome, folder: &Path) -> Option<Vec<String>> {
    let (expected, actual) = outcome::lines(case, outcome, folder);
    (expected != actual).then(|| diff(&expected, &actual))
}
