//! The texts of a configuration, from where the flags say.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use forebay_pipeline_config::{AgentCluster, ConfigFile, Document, Examined, Files, LintOptions, Variables};
use forebay_pipeline_engine::{MetricNames, check_mappings};
use forebay_pipeline_tester::globs;
use forebay_plugins_api::Components;

use crate::args::Sources;

/// Variables that may hold a configuration.
const VARIABLES: [&str; 2] = ["FOREBAY_CONFIG", "BENTO_CONFIG"];
/// The address of an agent for Kafka's clients.
const AGENT: &str = "FOREBAY_AGENT";
const ZONE: &str = "WARPSTREAM_AVAILABILITY_ZONE";
/// Where a configuration is looked for when none is named.
const USUAL: [&str; 3] = ["/forebay.yaml", "/etc/forebay/config.yaml", "/etc/forebay.yaml"];

/// Where the main text of a configuration is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Main {
    File(PathBuf),
    /// In a variable of this name.
    Variable(&'static str),
    /// Nowhere: it is the standard input and the standard output, unless the command line sets them.
    Nowhere,
}

/// A configuration as it is written.
#[derive(Debug)]
pub(crate) struct Texts {
    main: Named,
    resources: Vec<Named>,
    settings: Vec<String>,
}

#[derive(Debug)]
struct Named {
    path: String,
    text: String,
}

impl Main {
    /// Where it is by the flags, the variables and the files that there are. A file as argument comes first.
    pub(crate) fn find(argument: Option<&Path>, sources: &Sources) -> Self {
        let named = argument.or(sources.config.as_deref()).filter(|path| *path != Path::new(""));
        if let Some(path) = named {
            return Self::File(path.to_owned());
        }
        if let Some(path) = USUAL.into_iter().map(Path::new).find(|path| path.exists()) {
            return Self::File(path.to_owned());
        }
        let is_set = |name: &&'static str| std::env::var(name).is_ok_and(|text| !text.is_empty());
        VARIABLES.into_iter().find(is_set).map_or(Self::Nowhere, Self::Variable)
    }

    /// The name of the pipeline that is in it.
    pub(crate) fn stem(&self) -> String {
        match self {
            Self::File(path) => path.file_stem().unwrap_or_default().to_string_lossy().into_owned(),
            Self::Variable(name) => (*name).to_owned(),
            Self::Nowhere => "stdin".to_owned(),
        }
    }

    fn text(&self) -> anyhow::Result<Named> {
        Ok(match self {
            Self::File(path) => read(path)?,
            Self::Variable(name) => {
                let text = std::env::var(name).with_context(|| format!("read the variable {name}"))?;
                Named { path: (*name).to_owned(), text }
            }
            Self::Nowhere => Named { path: "(no file)".to_owned(), text: "{}\n".to_owned() },
        })
    }
}

impl Texts {
    /// Reads all that the flags name.
    pub(crate) fn read(main: &Main, sources: &Sources) -> anyhow::Result<Self> {
        let resources = resource_files(sources)?;
        let main = main.text()?;
        let resources = resources.iter().map(|path| read(path)).collect::<anyhow::Result<_>>()?;
        Ok(Self { main, resources, settings: sources.settings.clone() })
    }

    /// A configuration in one file.
    pub(crate) fn of_file(path: &Path) -> anyhow::Result<Self> {
        Ok(Self { main: read(path)?, resources: Vec::new(), settings: Vec::new() })
    }

    /// The name of the main text in messages.
    pub(crate) fn path(&self) -> &str {
        &self.main.path
    }

    /// Whether a file of resources has this name.
    pub(crate) fn is_resource(&self, path: &str) -> bool {
        self.resources.iter().any(|resource| resource.path == path)
    }

    pub(crate) fn text(&self) -> &str {
        &self.main.text
    }

    pub(crate) fn document(&self, variables: &dyn Variables) -> Document {
        let resources: Vec<_> = self.resources.iter().map(Named::as_file).collect();
        let Self { main, settings, .. } = self;
        let files = Files { main: main.as_file(), resources: &resources, settings };
        Document::read(&files, variables).towards(agent_cluster(|name| std::env::var(name).ok()))
    }
}

impl Named {
    fn as_file(&self) -> ConfigFile<'_> {
        ConfigFile { path: &self.path, text: &self.text }
    }
}

/// Where `kafka_franz_warpstream` goes in a process that is no agent: to the one that the environment names, by agents
/// of this zone.
fn agent_cluster(variable: impl Fn(&str) -> Option<String>) -> AgentCluster {
    let named = |name: &str| variable(name).filter(|value| !value.is_empty());
    let client_id = named(ZONE).map(|zone| format!("forebay,ws_az={zone}"));
    match named(AGENT) {
        Some(address) => AgentCluster { address, client_id, ..AgentCluster::default() },
        None => AgentCluster::default(),
    }
}

/// The files with resources that there are now.
pub(crate) fn resource_files(sources: &Sources) -> anyhow::Result<Vec<PathBuf>> {
    globs(sources.resources.iter().map(String::as_str)).context("--resources")
}

/// Everything that is wrong with a configuration, mappings included.
pub(crate) async fn examine(
    document: &Document,
    path: &str,
    components: &dyn Components,
    options: LintOptions,
) -> Examined {
    let mut examined = document.examine(&components.catalog(), options);
    examined.problems.extend(check_mappings(path, &examined.components, components).await);
    if let Some(mapping) = examined.config.as_ref().and_then(|config| config.metrics.mapping.as_ref()) {
        examined.problems.extend(MetricNames::check(path, mapping, components).await);
    }
    document.sort(&mut examined.problems);
    examined
}

fn read(path: &Path) -> anyhow::Result<Named> {
    let name = path.display().to_string();
    let text = std::fs::read_to_string(path).with_context(|| format!("read {name}"))?;
    Ok(Named { path: name, text })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_names_the_agent_and_the_zone() {
        let cluster = |variables: &[(&str, &str)]| {
            agent_cluster(|name| {
                variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
            })
        };
        assert_eq!(cluster(&[(AGENT, ""), (ZONE, "a")]), AgentCluster::default());
        let AgentCluster { address, consumer_group, client_id } =
            cluster(&[(AGENT, "host:9092"), (ZONE, "a")]);
        assert_eq!((address.as_str(), consumer_group), ("host:9092", None));
        assert_eq!(client_id.as_deref(), Some("forebay,ws_az=a"));
    }
}
