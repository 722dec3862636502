//! `forebay plugin`: what authors of plugins work with. The work is done in `forebay-plugins-toolbox`.

use std::io::{stderr, stdin, stdout};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context as _;
use forebay_plugins_runtime::Limits;
use forebay_plugins_toolbox as toolbox;

use crate::args::{self, Plugin};
use crate::embedded::EMBEDDED;
use crate::plugin_registry;
use crate::plugins::{default_cache, grants};

pub(crate) async fn plugin(command: Plugin) -> anyhow::Result<ExitCode> {
    let mut out = stdout().lock();
    let host = |host: args::PluginHost| {
        let args::PluginHost { plugin_grants, plugin_cache } = host;
        let grants = grants(plugin_grants.as_deref())?;
        let cache = plugin_cache.or_else(default_cache);
        anyhow::Ok(toolbox::Host { embedded: EMBEDDED, grants, limits: Limits::default(), cache })
    };
    let is_well = match command {
        Plugin::New { name, kind, lang, dir } => {
            let kind = kind.into();
            toolbox::create(toolbox::New { name, kind, language: lang.parse()?, folder: dir }, &mut out)?;
            true
        }
        Plugin::Build { dir, host: flags } => {
            toolbox::build(&dir, &host(flags)?, &mut out).await?;
            true
        }
        Plugin::Test { dir, only, plugin_cache } => {
            let flags = args::PluginHost { plugin_grants: None, plugin_cache };
            toolbox::test(&dir, only.as_deref(), &host(flags)?, &mut out).await?
        }
        Plugin::Inspect { path, host: flags } => {
            toolbox::inspect(&path, &host(flags)?, &mut out).await?;
            true
        }
        Plugin::Bench { path, processor, config, content, seconds, host: flags } => {
            let content =
                content.map(|file| std::fs::read(&file).with_context(|| format!("read {}", file.display())));
            let time = Duration::try_from_secs_f64(seconds).context("--seconds")?;
            let bench = toolbox::Bench { path, processor, config, content: content.transpose()?, time };
            toolbox::bench(bench, &host(flags)?, &mut out).await?;
            true
        }
        Plugin::Run { path, input: args::Lines::Lines, batch, processor, config, host: flags } => {
            let run = toolbox::Run { path, processor, config, batch };
            toolbox::run(run, &host(flags)?, stdin().lock(), &mut out, &mut stderr()).await?
        }
        Plugin::Push(push) => return plugin_registry::push(push).await,
        Plugin::Pull(pull) => return plugin_registry::pull(pull).await,
    };
    Ok(if is_well { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

impl From<args::Kind> for forebay_pipeline_config::spec::Kind {
    fn from(kind: args::Kind) -> Self {
        match kind {
            args::Kind::Input => Self::Input,
            args::Kind::Processor => Self::Processor,
            args::Kind::Output => Self::Output,
            args::Kind::Mapping => Self::Mapping,
            args::Kind::Scanner => Self::Scanner,
            args::Kind::Cache => Self::Cache,
        }
    }
}
