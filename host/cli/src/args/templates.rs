//! The flags about templates.

use clap::{Args, Subcommand};

use super::Plugins;

/// Where templates come from.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct Templates {
    /// Take the components that these templates state too: files, patterns, or folders with all that is in them.
    #[arg(short = 't', long = "templates", value_name = "FILE")]
    pub(crate) templates: Vec<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum TemplateCommand {
    /// Checks templates and runs their tests.
    Lint {
        /// The templates' YAML files, patterns, or folders with all that is in them (DIR/...).
        files: Vec<String>,
        #[command(flatten)]
        plugins: Plugins,
    },
}

impl Templates {
    /// Adds what stands before the command.
    pub(super) fn follow(&mut self, Self { templates }: Self) {
        self.templates.splice(..0, templates);
    }
}
