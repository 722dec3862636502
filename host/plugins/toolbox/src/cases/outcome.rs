//! What came of a case beside what was to come, as lines that can be compared.

use std::collections::BTreeMap;
use std::path::Path;

use super::case::{Case, Step};
use super::message::Got;
use super::pattern::Pattern;

/// What came of a case.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    pub(super) messages: Vec<Got>,
    /// Indexes, over all batches, of what no result comes from.
    pub(super) dropped: Vec<u32>,
    pub(super) failed: BTreeMap<u32, String>,
    /// What each call of a cache gave.
    pub(super) steps: Vec<String>,
    /// Why it went no further.
    pub(super) error: Option<String>,
}

impl Outcome {
    /// Of a case that did not start.
    pub(super) fn failed(error: &anyhow::Error) -> Self {
        Self { error: Some(format!("{error:#}")), ..Self::default() }
    }
}

/// The lines of what was to come and of what came; they are equal when the case passes.
pub(super) fn lines(case: &Case, outcome: &Outcome, folder: &Path) -> (Vec<String>, Vec<String>) {
    let (mut expected, mut actual) = (Vec::new(), Vec::new());
    let wanted = &case.expected;
    if wanted.error.is_some() || outcome.error.is_some() {
        expected.extend(wanted.error.iter().map(|error| format!("error: {}", error.as_str())));
        actual.extend(
            outcome.error.iter().map(|error| format!("error: {}", shown(wanted.error.as_ref(), error))),
        );
    }
    messages(case, outcome, &mut expected, &mut actual);
    if let Some(dropped) = &wanted.dropped {
        expected.push(format!("dropped: {dropped:?}"));
        actual.push(format!("dropped: {:?}", outcome.dropped));
    }
    expected.extend(wanted.failed.iter().map(|(index, why)| format!("failed {index}: {}", why.as_str())));
    let failed = outcome.failed.iter();
    actual.extend(
        failed.map(|(index, why)| format!("failed {index}: {}", shown(wanted.failed.get(index), why))),
    );
    // An error that is expected ends the case where it comes.
    let steps = if wanted.error.is_some() { outcome.steps.len() } else { case.steps.len() };
    expected.extend(case.steps.iter().take(steps).map(step));
    actual.extend(outcome.steps.iter().cloned());
    for (name, content) in &wanted.written {
        expected.extend(file(name, Some(content)));
        let found = std::fs::read(folder.join(name)).ok();
        actual.extend(file(name, found.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).as_deref()));
    }
    (expected, actual)
}

fn messages(case: &Case, outcome: &Outcome, expected: &mut Vec<String>, actual: &mut Vec<String>) {
    let Some(wanted) = &case.expected.output else {
        // What is flagged is a failure even where nothing is said about the output.
        for (index, message) in outcome.messages.iter().enumerate() {
            actual.extend(message.error.iter().map(|error| format!("message {index}: error: {error}")));
        }
        return;
    };
    for (index, message) in wanted.iter().enumerate() {
        expected.push(format!("message {index}"));
        expected.extend(message.lines().into_iter().map(|line| format!("  {line}")));
    }
    for (index, message) in outcome.messages.iter().enumerate() {
        actual.push(format!("message {index}"));
        actual.extend(message.lines(wanted.get(index)).into_iter().map(|line| format!("  {line}")));
    }
}

/// A text as it came, or as the pattern that it matches.
fn shown<'t>(pattern: Option<&'t Pattern>, text: &'t str) -> &'t str {
    pattern.filter(|pattern| pattern.matches(text)).map_or(text, Pattern::as_str)
}

fn file(name: &str, content: Option<&str>) -> Vec<String> {
    let Some(content) = content else { return vec![format!("file {name}: not there")] };
    let lines = content.split_inclusive('\n').map(|line| format!("  {}", line.escape_debug()));
    std::iter::once(format!("file {name}")).chain(lines).collect()
}

fn step(step: &Step) -> String {
    match step {
        Step::Get { key, value } => got(key, value.as_deref()),
        Step::Set { key, .. } => format!("set {key}"),
        Step::Add { key, added, .. } => was_added(key, *added),
        Step::Delete { key } => format!("delete {key}"),
    }
}

pub(super) fn got(key: &str, value: Option<&str>) -> String {
    format!("get {key}: {}", value.map_or("nothing".to_owned(), |value| format!("{value:?}")))
}

pub(super) fn was_added(key: &str, added: bool) -> String {
    format!("add {key}: {}", if added { "added" } else { "there already" })
}
