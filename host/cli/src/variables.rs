//! Variables of the environment, as configurations may see them.

use forebay_pipeline_config::Variables;

/// The environment of the process, without the keys of the process itself.
pub(crate) struct ProcessVariables;

impl Variables for ProcessVariables {
    fn get(&self, name: &str) -> Option<String> {
        if forebay_plugins_runtime::is_own_key(name) { None } else { std::env::var(name).ok() }
    }
}
