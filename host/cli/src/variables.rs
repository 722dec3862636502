//! Variables of the environment, as configurations may see them.

use forebay_pipeline_config::Variables;
use forebay_plugins_api::Environment;

/// The environment of the process, without the keys of the process itself, and before it what files add.
#[derive(Default)]
pub(crate) struct ProcessVariables(pub(crate) Environment);

impl Variables for ProcessVariables {
    fn get(&self, name: &str) -> Option<String> {
        if let Some(value) = self.0.get(name) {
            return Some(value.to_owned());
        }
        if forebay_plugins_runtime::is_own_key(name) { None } else { std::env::var(name).ok() }
    }
}
