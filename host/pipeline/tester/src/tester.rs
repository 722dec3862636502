//! All tests of all files.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use forebay_lifecycle::Threads;
use forebay_pipeline_config::{
    Condition, Examined, Forgiving, LintOptions, Problem, Severity, TestFile, UnitTest, Variables, examine,
    read_tests,
};
use forebay_pipeline_engine::check_mappings;
use forebay_plugins_api::{Components, Environment, Form, MappingText, OpenError};

use crate::case::{self, Failure};
use crate::condition::{LANGUAGE, Surroundings};
use crate::files::{Target, targets};
use crate::message::plain;
use crate::paint::Paint;
use crate::report::{self, Failed};
use crate::subject::Opener;

/// What tests are run with.
#[derive(Clone)]
pub struct Tester<'a> {
    pub components: &'a Arc<dyn Components>,
    /// For the caches of tests.
    pub threads: &'a Threads,
    /// Those of the process, as configurations may see them.
    pub variables: &'a dyn Variables,
    /// In place of them.
    pub environment: Environment,
    /// Files with resources for all tests.
    pub resources: Vec<PathBuf>,
    pub paint: Paint,
}

/// A configuration and its tests.
struct Tested {
    config: PathBuf,
    tests: Vec<UnitTest>,
}

impl Tester<'_> {
    /// Runs the tests that paths name: files, patterns, and folders (`dir/...`). Says on `out` how they went and on
    /// `err` what could not be run. Whether there were tests, and all went well.
    ///
    /// # Errors
    /// When nothing can be written.
    pub async fn run(&self, paths: &[String], out: &mut dyn Write, err: &mut dyn Write) -> io::Result<bool> {
        let tested = match self.find(paths, err).await? {
            Ok(tested) => tested,
            Err(why) => {
                writeln!(err, "Failed to obtain test targets: {why}")?;
                return Ok(false);
            }
        };
        if tested.is_empty() {
            writeln!(out, "{}", self.paint.yellow("No tests were found"))?;
            return Ok(false);
        }
        let mut failed = Vec::new();
        let mut all_ran = true;
        for Tested { config, tests } in tested {
            let shown = config.display().to_string();
            let lints = match self.lint(&config).await {
                Ok(lints) => lints,
                Err(why) => {
                    writeln!(err, "Failed to execute test target '{shown}': {why}")?;
                    all_ran = false;
                    continue;
                }
            };
            let mut failures = Vec::new();
            let mut ran = true;
            for (index, test) in tests.iter().enumerate() {
                match self.test(&config, test).await {
                    Ok(found) => failures.extend(found),
                    Err(why) => {
                        writeln!(
                            err,
                            "Failed to execute test target '{shown}': test case {index} failed: {why}"
                        )?;
                        ran = false;
                    }
                }
            }
            all_ran &= ran;
            let is_well = lints.is_empty() && failures.is_empty();
            report::line(out, &shown, is_well && ran, self.paint)?;
            if !is_well {
                failed.push(Failed { config, lints, failures });
            }
        }
        if !failed.is_empty() {
            report::failures(out, &failed)?;
        }
        Ok(all_ran && failed.is_empty())
    }

    /// The configurations that have tests. Fields of tests that mean nothing are told on `err`, as they are easily
    /// meant to be a condition; those in a configuration are lints of it.
    async fn find(&self, paths: &[String], err: &mut dyn Write) -> io::Result<Result<Vec<Tested>, String>> {
        let targets = match targets(paths) {
            Ok(targets) => targets,
            Err(error) => return Ok(Err(error.to_string())),
        };
        let mut tested = Vec::new();
        for Target { config, definitions } in targets {
            let mut tests = Vec::new();
            for definition in definitions {
                let path = definition.display().to_string();
                let text = match std::fs::read_to_string(&definition) {
                    Ok(text) => text,
                    Err(error) => {
                        let why = plain(&error);
                        return Ok(Err(format!("failed to read test definition from '{path}': {why}")));
                    }
                };
                let TestFile { tests: found, mut problems } = read_tests(&path, &text);
                problems.extend(self.check_conditions(&path, &found).await);
                if let Some(fatal) = problems.iter().find(|problem| problem.severity == Severity::Fatal) {
                    return Ok(Err(format!("failed to parse test definition from '{path}': {fatal}")));
                }
                for problem in problems.iter().filter(|_| definition != config) {
                    writeln!(err, "{problem}")?;
                }
                tests.extend(found);
            }
            if !tests.is_empty() {
                tested.push(Tested { config, tests });
            }
        }
        Ok(Ok(tested))
    }

    /// The mappings of conditions that don't compile.
    async fn check_conditions(&self, path: &str, tests: &[UnitTest]) -> Vec<Problem> {
        let mut problems = Vec::new();
        let all = tests.iter().flat_map(|test| test.output_batches.iter().flatten().flatten());
        for condition in all {
            let Condition::Bloblang(mapping) = condition else { continue };
            let text = MappingText::new(LANGUAGE, &mapping.text, Form::Mapping);
            let Err(error) = self.components.check_mapping(text).await else { continue };
            let (line, column) = match &error {
                OpenError::Problem(problem) => (problem.line.max(1), problem.column.max(1)),
                _ => (1, 1),
            };
            let at = mapping.position_of(line as usize, column as usize);
            problems.push(Problem {
                path: path.to_owned(),
                line: at.line,
                column: at.column,
                message: format!("bloblang: {error}"),
                severity: Severity::Fatal,
            });
        }
        problems
    }

    /// What lint says of a configuration; it may lack input and output. Variables are those of tests, and not looked
    /// at.
    async fn lint(&self, config: &Path) -> Result<Vec<Problem>, String> {
        let path = config.display().to_string();
        let text =
            std::fs::read_to_string(config).map_err(|error| format!("open {path}: {}", plain(&error)))?;
        let options = LintOptions { allow_parts: true, ..LintOptions::default() };
        let variables = Forgiving(self.variables);
        let catalog = self.components.catalog();
        let Examined { components, mut problems, .. } = examine(&path, &text, &variables, &catalog, options);
        problems.extend(check_mappings(&path, &components, self.components.as_ref()).await);
        problems.sort_by_key(|problem| (problem.line, problem.column));
        Ok(problems)
    }

    async fn test(&self, config: &Path, test: &UnitTest) -> Result<Vec<Failure>, String> {
        let opener = Opener {
            components: self.components,
            threads: self.threads,
            variables: self.variables,
            environment: self.environment.clone(),
            resources: &self.resources,
            config,
        };
        let surroundings = Surroundings { opener: &opener, folder: opener.folder(), paint: self.paint };
        case::run(test, &surroundings).await
    }
}

impl std::fmt::Debug for Tester<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tester").field("resources", &self.resources).finish_non_exhaustive()
    }
}
