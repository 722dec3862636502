//! The rate limits of a pipeline, which all of its components share. They are components of the host.

mod local;
mod metered;

use std::collections::HashMap;
use std::sync::Arc;

use forebay_metrics::Metrics;
use forebay_pipeline_config::spec::{ComponentSpec, FieldSpec, Kind};
use forebay_pipeline_config::{ComponentConfig, Label, Problem};
use forebay_plugins_api::{OpenError, RateLimit, RateLimits};
use serde_json::Value as Json;

use crate::check;
use crate::run::Identity;
use crate::spec::specification;
use crate::structure::problem;
use metered::Metered;

/// A rate limit of the host: what it is called, what there is to know of it, and how it is opened with its settings.
pub(crate) struct Own {
    name: &'static str,
    pub(crate) spec: fn() -> ComponentSpec,
    open: fn(&Json) -> Result<Arc<dyn RateLimit>, OpenError>,
}

pub(crate) const ALL: &[Own] = &[local::OWN];

/// Opens the rate limits of a pipeline. What can't be opened is added to `problems`.
pub(crate) fn open(
    identity: &Identity,
    configs: &[ComponentConfig],
    metrics: &Metrics,
    problems: &mut Vec<Problem>,
) -> RateLimits {
    let mut limits: HashMap<Label, Arc<dyn RateLimit>> = HashMap::new();
    for config in configs {
        let Some(label) = &config.label else { continue };
        let opened = if limits.contains_key(label) {
            let message = format!("label `{label}` is that of another rate limit already");
            Err(problem("", &message))
        } else {
            open_one(config)
        };
        match opened {
            Ok(limit) => {
                let metered = Metered::new(limit, metrics, config);
                limits.insert(label.clone(), Arc::new(metered));
            }
            Err(error) => problems.extend(check::problems(&identity.file, config, "", &error)),
        }
    }
    RateLimits::new(limits)
}

fn open_one(config: &ComponentConfig) -> Result<Arc<dyn RateLimit>, OpenError> {
    match ALL.iter().find(|own| own.name == config.name.as_str()) {
        Some(own) => (own.open)(&config.config),
        None => Err(OpenError::Unknown { kind: "rate limit", name: config.name.to_string() }),
    }
}

/// The specification of a rate limit. `summary` ends with a full stop.
fn spec(name: &str, summary: &str, config: FieldSpec) -> ComponentSpec {
    specification(Kind::RateLimit, name, summary, config)
}
