//! The field `codec`, by which inputs were told how to cut streams before there were scanners.

use forebay_pipeline_config::ComponentConfig;
use serde_json::{Value, json};

/// The scanner that does what codecs say; it refuses what is none, with a pointer to its field `codec`.
pub(crate) const NAME: &str = "codec";

/// The settings of that scanner where a deprecated `codec` is set, which wins over `scanner`.
pub(crate) fn settings(config: &ComponentConfig) -> Option<Value> {
    let codec = config.config.get("codec")?.as_str().filter(|codec| !codec.is_empty())?;
    let max_buffer = config.config.get("max_buffer").and_then(Value::as_u64).unwrap_or(1_000_000);
    Some(json!({"codec": codec, "max_buffer": max_buffer}))
}
