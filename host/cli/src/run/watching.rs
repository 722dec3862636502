//! The configuration while its pipeline runs: read again when a file of it has changed.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use forebay_pipeline_config::{LintOptions, PipelineConfig, Severity};
use forebay_pipeline_managed::FileWatch;
use forebay_plugins_api::{Components, Environment};

use crate::args::Sources;
use crate::configuration::{self, Main, Texts};
use crate::variables::ProcessVariables;

/// Time between two looks at the files.
const PAUSE: Duration = Duration::from_millis(500);

/// Reads and checks configurations.
#[derive(Clone, Copy)]
pub(super) struct Checker<'a> {
    pub(super) components: &'a Arc<dyn Components>,
    pub(super) environment: &'a Environment,
    /// Whether to go on in spite of faults.
    pub(super) chilled: bool,
}

/// The files of a configuration, which are looked at again and again.
pub(super) struct Watching {
    main: Main,
    sources: Sources,
    files: FileWatch,
}

impl Checker<'_> {
    /// The pipeline of a configuration. What is wrong with it is printed; there is none where it must not be run.
    pub(super) async fn read(&self, texts: &Texts) -> Option<PipelineConfig> {
        let variables = ProcessVariables(self.environment.clone());
        let document = texts.document(&variables);
        let components = self.components.as_ref();
        let examined =
            configuration::examine(&document, texts.path(), components, LintOptions::default()).await;
        for problem in &examined.problems {
            eprintln!("{problem}");
        }
        if examined.problems.iter().any(|problem| problem.severity == Severity::Fatal) {
            return None;
        }
        if !examined.problems.is_empty() && !self.chilled {
            eprintln!("forebay: not started because of the faults above; --chilled starts all the same");
            return None;
        }
        examined.config
    }
}

impl Watching {
    /// Takes the files as they are now.
    pub(super) fn new(main: Main, sources: Sources) -> Self {
        let mut watching = Self { main, sources, files: FileWatch::default() };
        watching.files = FileWatch::new(&watching.paths());
        watching
    }

    /// Waits until files have changed and are right; their pipeline. What is wrong with them is reported once for each
    /// change.
    ///
    /// # Cancel safety
    /// Safe while it waits; a change whose check is dropped is forgotten.
    pub(super) async fn next(&mut self, checker: Checker<'_>) -> PipelineConfig {
        loop {
            tokio::time::sleep(PAUSE).await;
            let paths = self.paths();
            if !self.files.look(&paths) {
                continue;
            }
            match Texts::read(&self.main, &self.sources) {
                Ok(texts) => {
                    if let Some(config) = checker.read(&texts).await {
                        return config;
                    }
                    tracing::error!(
                        file = texts.path(),
                        "the changed configuration is refused, the old one goes on"
                    );
                }
                Err(error) => {
                    let error = format!("{error:#}");
                    tracing::error!(error, "the configuration can't be read any more, the old one goes on");
                }
            }
        }
    }

    /// The files that there are to be now: patterns may name more than before.
    fn paths(&self) -> Vec<PathBuf> {
        let mut paths = match &self.main {
            Main::File(path) => vec![path.clone()],
            Main::Variable(_) | Main::Nowhere => Vec::new(),
        };
        // What was no pattern at the start ended the process.
        paths.extend(configuration::resource_files(&self.sources).unwrap_or_default());
        paths
    }
}
