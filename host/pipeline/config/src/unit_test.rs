//! Unit tests of configurations, as Bento writes them: a list `tests`, in the configuration or in a file beside it.

mod read;
mod schema;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value as Json;

use crate::component::TextField;
use crate::excerpt::Mock;
use crate::lint::{Examiner, Problem, Severity};
use crate::position::Position;
use crate::source::Source;
use crate::yaml::{self, Node};

pub(crate) use schema::schema;

/// One test: messages, what they are given to, and what is expected to come out.
#[derive(Clone, Debug, PartialEq)]
pub struct UnitTest {
    pub name: String,
    /// Where it begins in its file.
    pub line: usize,
    /// Variables that are set while it runs.
    pub environment: BTreeMap<String, String>,
    pub target: TestTarget,
    pub mocks: Vec<Mock>,
    pub input_batches: Vec<Vec<TestMessage>>,
    /// The conditions for every message of every batch.
    pub output_batches: Vec<Vec<Vec<Condition>>>,
}

/// What a test gives its messages to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TestTarget {
    /// A label or a JSON pointer, maybe behind the path of a file and `#`.
    Processors(String),
    /// The path of a file that is one mapping.
    Mapping(String),
}

/// A message that a test begins with.
#[derive(Clone, Debug, PartialEq)]
pub struct TestMessage {
    pub content: TestContent,
    pub metadata: Vec<(String, Json)>,
}

/// The content of a message.
#[derive(Clone, Debug, PartialEq)]
pub enum TestContent {
    Text(String),
    Json(Json),
    File(String),
}

/// What a message that comes out must be.
#[derive(Clone, Debug, PartialEq)]
pub enum Condition {
    /// A mapping that must give `true`.
    Bloblang(ConditionMapping),
    ContentEquals(String),
    /// A regular expression.
    ContentMatches(String),
    MetadataEquals(Vec<(String, Json)>),
    FileEquals(String),
    FileJsonEquals(String),
    FileJsonContains(String),
    /// A string is the text of a document.
    JsonEquals(Json),
    JsonContains(Json),
}

/// The mapping of a condition, and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct ConditionMapping {
    pub text: String,
    field: TextField,
    file: Arc<Source>,
}

impl ConditionMapping {
    /// Where in the file a place of the mapping is, both counted from one.
    pub fn position_of(&self, line: usize, column: usize) -> Position {
        self.field.locate(&self.file, Position { line, column })
    }
}

/// The tests in a file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TestFile {
    /// In the order of the file; without those that can't be read.
    pub tests: Vec<UnitTest>,
    /// What is wrong with them. Lints are fields that mean nothing.
    pub problems: Vec<Problem>,
}

impl Condition {
    /// The field that states it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Bloblang(_) => "bloblang",
            Self::ContentEquals(_) => "content_equals",
            Self::ContentMatches(_) => "content_matches",
            Self::MetadataEquals(_) => "metadata_equals",
            Self::FileEquals(_) => "file_equals",
            Self::FileJsonEquals(_) => "file_json_equals",
            Self::FileJsonContains(_) => "file_json_contains",
            Self::JsonEquals(_) => "json_equals",
            Self::JsonContains(_) => "json_contains",
        }
    }
}

/// Reads the tests of a file as it is written: variables in it are those of the configuration, not of the tests.
pub fn read_tests(path: &str, text: &str) -> TestFile {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let source = Arc::new(Source::new(text.to_owned(), text.to_owned(), Vec::new()));
    let parsed = yaml::parse_text(source.expanded());
    let tests = parsed.root.as_ref().and_then(|root| root.get("tests"));
    // A file that is no test is nobody's business here, unless it can't be told.
    let is_blank = text.lines().all(|line| line.trim().is_empty() || line.trim().starts_with('#'));
    if is_blank || (parsed.root.is_some() && tests.is_none()) {
        return TestFile::default();
    }
    let problem = |at: Position, message: String, severity: Severity| Problem {
        path: path.to_owned(),
        line: at.line,
        column: at.column,
        message,
        severity,
    };
    let errors = parsed.errors.iter();
    let mut problems: Vec<Problem> =
        errors.map(|error| problem(error.position, error.message.clone(), Severity::Fatal)).collect();
    let mut reader = read::Reader::new(source);
    let tests = tests.map(|tests| reader.tests(tests)).unwrap_or_default();
    problems
        .extend(reader.findings.into_iter().map(|found| problem(found.at, found.message, found.severity)));
    TestFile { tests, problems }
}

/// Leaves what is wrong with the tests in a configuration with the examiner. They don't keep it from running.
pub(crate) fn examine(examiner: &mut Examiner<'_>, tests: &Node) {
    let mut reader = read::Reader::new(Arc::clone(&examiner.source));
    let _ = reader.tests(tests);
    for found in reader.findings {
        examiner.lint(found.at, found.message);
    }
}

#[cfg(test)]
mod tests;
