//! What a test gives its messages to: processors of a configuration, or a mapping of a file.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use forebay_lifecycle::Threads;
use forebay_pipeline_config::spec::Kind;
use forebay_pipeline_config::{ConfigFile, Problem, TestTarget, UnitTest, Variables, excerpt};
use forebay_pipeline_engine::{Identity, Section};
use forebay_pipeline_message::{Batch, Processed};
use forebay_plugins_api::{
    Components, Environment, Form, Mapping, MappingText, OpenError, PipelineName, Rights, Setup,
};

use crate::message::plain;

/// Opens what tests need.
pub(crate) struct Opener<'a> {
    pub(crate) components: &'a Arc<dyn Components>,
    pub(crate) threads: &'a Threads,
    /// Of the process.
    pub(crate) variables: &'a dyn Variables,
    /// In place of them.
    pub(crate) environment: Environment,
    /// Files with caches and processor resources.
    pub(crate) resources: &'a [PathBuf],
    /// The configuration that is tested.
    pub(crate) config: &'a Path,
}

/// What messages are given to.
pub(crate) enum Subject {
    Processors(Section),
    Mapping(Box<dyn Mapping>),
}

/// The language of a mapping's file that does not say another by its extension.
const DEFAULT_LANGUAGE: &str = "bloblang";

/// Variables of a test, before those of the process.
struct Both<'a>(&'a Environment, &'a dyn Variables);

impl Variables for Both<'_> {
    fn get(&self, name: &str) -> Option<String> {
        self.0.get(name).map(ToOwned::to_owned).or_else(|| self.1.get(name))
    }
}

impl Opener<'_> {
    /// The folder that files are named from.
    pub(crate) fn folder(&self) -> &Path {
        self.config.parent().unwrap_or(Path::new(""))
    }

    /// Opens what a test is of, with the variables of the test.
    ///
    /// # Errors
    /// Why that is not possible, for people.
    pub(crate) async fn subject(&self, test: &UnitTest) -> Result<Subject, String> {
        match &test.target {
            TestTarget::Mapping(path) => {
                let mapping = self.mapping_file(path, &test.environment).await;
                mapping
                    .map(Subject::Mapping)
                    .map_err(|error| format!("failed to initialise Bloblang mapping '{path}': {error}"))
            }
            TestTarget::Processors(target) => {
                let section = self.section(target, test).await;
                section
                    .map(Subject::Processors)
                    .map_err(|error| format!("failed to initialise processors '{target}': {error}"))
            }
        }
    }

    /// Opens a mapping that sees the variables of the process.
    ///
    /// # Errors
    /// As [`Components::open_mapping`].
    pub(crate) async fn mapping(&self, language: &str, source: &str) -> Result<Box<dyn Mapping>, OpenError> {
        let text = MappingText::new(language, source, Form::Mapping);
        self.open(text, self.environment.clone()).await
    }

    async fn open(
        &self,
        text: MappingText<'_>,
        environment: Environment,
    ) -> Result<Box<dyn Mapping>, OpenError> {
        let unknown = || OpenError::Unknown { kind: "mapping", name: text.language.to_owned() };
        let name = text.language.parse().map_err(|_| unknown())?;
        let setup = Setup { environment, ..Setup::new(pipeline(self.config), "tests", name) };
        self.components.open_mapping(text, &setup).await
    }

    async fn mapping_file(
        &self,
        path: &str,
        variables: &BTreeMap<String, String>,
    ) -> Result<Box<dyn Mapping>, String> {
        let path = self.folder().join(path);
        let source = std::fs::read_to_string(&path)
            .map_err(|error| format!("open {}: {}", path.display(), plain(&error)))?;
        let extension = path.extension().unwrap_or_default().to_string_lossy();
        let is_language = self.components.catalog().get(Kind::Mapping, &extension).is_some();
        let language = if is_language { &*extension } else { DEFAULT_LANGUAGE };
        let text = MappingText { file: Some(&path), ..MappingText::new(language, &source, Form::Mapping) };
        let opened = self.open(text, self.environment.with(variables)).await;
        opened.map_err(|error| match error {
            OpenError::Problem(problem) if problem.line > 0 => {
                let place = Problem {
                    path: path.display().to_string(),
                    line: problem.line as usize,
                    column: problem.column as usize,
                    message: problem.message,
                    severity: forebay_pipeline_config::Severity::Fatal,
                };
                place.to_string()
            }
            other => other.to_string(),
        })
    }

    async fn section(&self, target: &str, test: &UnitTest) -> Result<Section, String> {
        let (file, target) = file_and_place(self.config, target)?;
        let environment = self.environment.with(&test.environment);
        let variables = Both(&environment, self.variables);
        let read = |path: &Path| {
            let shown = path.display().to_string();
            match std::fs::read_to_string(path) {
                Ok(text) => Ok((shown, text)),
                Err(error) => {
                    Err(format!("failed to parse config file '{shown}': open {shown}: {}", plain(&error)))
                }
            }
        };
        let (path, text) = read(&file)?;
        let resources: Vec<_> = self.resources.iter().map(|path| read(path)).collect::<Result<_, _>>()?;
        let resources: Vec<_> = resources.iter().map(|(path, text)| ConfigFile { path, text }).collect();
        let catalog = self.components.catalog();
        let config = ConfigFile { path: &path, text: &text };
        let taken = excerpt(config, &resources, &variables, &catalog, target, &test.mocks)
            .map_err(|error| error.to_string())?;
        let identity = Identity {
            virtual_cluster: None,
            name: pipeline(&file),
            file: path,
            rights: Rights::Starter,
            environment,
        };
        let opened = Section::open(&identity, &taken, self.components, self.threads).await;
        opened.map_err(|problems| problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
    }
}

impl Subject {
    /// What comes of batches, and why some were lost, if some were.
    pub(crate) async fn process(&mut self, batches: Vec<Batch>) -> (Vec<Batch>, Option<String>) {
        match self {
            Self::Processors(section) => section.process(batches).await,
            Self::Mapping(mapping) => {
                let mut results = Vec::with_capacity(batches.len());
                for batch in batches {
                    match mapping.apply(batch).await {
                        Ok(Processed { batch, .. }) if batch.is_empty() => {}
                        Ok(Processed { batch, .. }) => results.push(batch),
                        Err(lost) => return (results, Some(lost)),
                    }
                }
                (results, None)
            }
        }
    }

    pub(crate) async fn close(self) {
        if let Self::Processors(section) = self {
            section.close().await;
        }
    }
}

/// A pipeline is named for its file.
fn pipeline(file: &Path) -> PipelineName {
    PipelineName::new(&file.file_stem().unwrap_or_default().to_string_lossy())
}

/// The file that a target is in, and the label or pointer in it: `other.yaml#/pipeline/processors`.
fn file_and_place<'t>(config: &Path, target: &'t str) -> Result<(PathBuf, &'t str), String> {
    let (before, place) = match target.split_once('#') {
        Some((before, place)) if !place.is_empty() => (before, Some(place)),
        Some((before, _)) => (before, None),
        None => (target, None),
    };
    let path = match before.split_once(':') {
        Some(("file", path)) => path.strip_prefix("//").unwrap_or(path),
        Some((scheme, _)) if scheme.bytes().all(|byte| byte.is_ascii_alphanumeric()) => {
            return Err(format!("target processors '{target}' contains non-path scheme value"));
        }
        _ => before,
    };
    match place {
        Some(place) if path.is_empty() => Ok((config.to_owned(), place)),
        Some(place) => {
            Ok((config.parent().unwrap_or(Path::new("")).join(path.trim_start_matches('/')), place))
        }
        None if path.is_empty() => Err(format!(
            "failed to target processors '{target}': reference URI must contain a path or fragment"
        )),
        None => Ok((config.to_owned(), path)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_may_name_another_file() {
        let place = |target| {
            let (file, place) = file_and_place(Path::new("dir/c.yaml"), target)?;
            Ok::<_, String>(format!("{} {place}", file.display()))
        };
        assert_eq!(place("/pipeline/processors").unwrap(), "dir/c.yaml /pipeline/processors");
        assert_eq!(place("label").unwrap(), "dir/c.yaml label");
        assert_eq!(place("../o.yaml#/a/b").unwrap(), "dir/../o.yaml /a/b");
        assert_eq!(place("#label").unwrap(), "dir/c.yaml label");
        assert!(place("http://x/y#/a").unwrap_err().contains("non-path scheme"));
        assert!(place("").unwrap_err().contains("must contain a path"));
    }
}
